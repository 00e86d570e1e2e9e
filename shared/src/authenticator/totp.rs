//! Time-based one-time passwords: SHA-1, six digits, steps of 30 s, one step of skew on each side (RFC 6238). These are
//! the Key URI format's defaults, and the only values that all common authenticator apps follow.

use totp_rs::{Algorithm, Builder, Totp};

use crate::authenticator::code::{Code, DIGITS};
use crate::authenticator::secret::Secret;
use crate::sealing::KeyedHash;
use crate::time::UnixTime;

/// Seconds in a time step (RFC 6238 §5.2).
pub const STEP_SECONDS: u64 = 30;

/// Steps accepted before and after the current one, to allow for clocks that differ and people who type slowly.
pub const SKEW_STEPS: u16 = 1;

/// The last accepted time step. It belongs to the secret it was accepted with: enrolling the same secret again does not
/// make a used code valid, and a new secret starts afresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastStep {
    /// Steps of 30 s since 1970.
    pub step: u64,
    /// Keyed hash of user and secret.
    pub secret_hash: KeyedHash,
}

/// The time step that this code belongs to, if it is one of the three around `now`.
///
/// This does not check whether the step has been used: [`crate::store::Store::accept`] does so in its write.
pub fn matching_step(secret: &Secret, code: &Code, now: UnixTime) -> Option<u64> {
    totp(secret).check(code.as_str(), now.seconds())
}

/// The code for the time step at `now`: what the user's app shows.
pub fn code_at(secret: &Secret, now: UnixTime) -> String {
    totp(secret).generate(now.seconds()).to_string()
}

// "Noncompliant" only waives the 128-bit minimum of RFC 4226: the API's own sample has 80 bits. `Secret` sets the
// bounds.
fn totp(secret: &Secret) -> Totp {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(DIGITS as u8)
        .with_skew(SKEW_STEPS)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret.as_bytes())
        .build_noncompliant()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RFC_SECRET: &[u8] = b"12345678901234567890";

    fn rfc_secret() -> Secret {
        Secret::from_bytes(RFC_SECRET.to_vec()).unwrap()
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn code(text: &str) -> Code {
        Code::parse(text).unwrap()
    }

    #[test]
    fn the_vectors_of_rfc_6238_appendix_b_hold_in_their_last_six_digits() {
        for (now, eight_digits) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(code_at(&rfc_secret(), at(now)), eight_digits[2..], "{now}");
            assert_eq!(matching_step(&rfc_secret(), &code(&eight_digits[2..]), at(now)), Some(now / 30));
        }
    }

    #[test]
    fn the_vectors_of_rfc_4226_appendix_d_hold_for_each_counter() {
        let values =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (counter, value) in values.iter().enumerate() {
            assert_eq!(code_at(&rfc_secret(), at(counter as u64 * 30)), *value);
        }
    }

    #[test]
    fn a_code_is_good_from_one_step_before_to_one_step_after_and_no_longer() {
        let step = 1_000_000;
        let code = code(&code_at(&rfc_secret(), at(step * 30)));
        assert_eq!(matching_step(&rfc_secret(), &code, at((step - 1) * 30 - 1)), None);
        assert_eq!(matching_step(&rfc_secret(), &code, at((step - 1) * 30)), Some(step));
        assert_eq!(matching_step(&rfc_secret(), &code, at((step + 2) * 30 - 1)), Some(step));
        assert_eq!(matching_step(&rfc_secret(), &code, at((step + 2) * 30)), None);
    }

    #[test]
    fn the_first_seconds_of_1970_do_not_underflow() {
        assert_eq!(matching_step(&rfc_secret(), &code("755224"), at(0)), Some(0));
    }

    proptest! {
        #[test]
        fn a_generated_code_matches_its_own_step(
            bytes in proptest::collection::vec(any::<u8>(), 10..=64), now in 0_u64..100_000_000_000
        ) {
            let secret = Secret::from_bytes(bytes).unwrap();
            let step = matching_step(&secret, &code(&code_at(&secret, at(now))), at(now)).unwrap();
            prop_assert!(step.abs_diff(now / STEP_SECONDS) <= 1);
        }
    }
}
