//! Random bytes from the operating system.

use ring::rand::{SecureRandom, SystemRandom};

/// The operating system cannot supply random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes")]
pub struct NoRandomness;

/// `N` unpredictable bytes from the operating system's generator.
///
/// # Errors
/// The operating system cannot supply random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_draws_are_the_same() {
        assert_ne!(bytes::<16>(), bytes::<16>());
        assert_ne!(bytes::<16>(), Ok([0; 16]));
    }
}
