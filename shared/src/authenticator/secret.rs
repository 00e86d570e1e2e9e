//! The shared secret of an authenticator app, and the base32 text people and QR codes carry it in.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

/// Bits of a freshly generated secret: the length that RFC 4226 §4 (R6) recommends, and that of SHA-1's output.
pub const GENERATED_BITS: usize = 160;

/// Shortest secret accepted, in bits: 16 base32 characters, as authenticator apps have always shown them.
pub const MIN_BITS: usize = 80;

/// Longest secret accepted, in bits: the block of SHA-1, past which HMAC hashes the key down (RFC 2104 §2).
pub const MAX_BITS: usize = 512;

/// A secret of 80 to 512 bits. Its memory is wiped on drop, and its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why a text is not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidSecret {
    /// A character or a length that base32 (RFC 4648 §6) does not have.
    NotBase32,
    /// Under 80 or over 512 bits.
    Length,
}

impl Secret {
    /// Reads base32 as people type it: spaces, hyphens, case and `=` padding do not matter. Bits left over behind the
    /// last whole byte are dropped, as authenticator apps do.
    ///
    /// # Errors
    /// The text is not base32, or its length in bits is out of range.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let typed: Zeroizing<String> = Zeroizing::new(
            text.trim_end_matches(|c: char| c == '=' || c.is_ascii_whitespace())
                .chars()
                .filter(|c| !c.is_ascii_whitespace() && *c != '-')
                .map(|c| c.to_ascii_uppercase())
                .collect(),
        );
        let whole_bytes = typed.len() * 5 / 8;
        if typed.is_ascii() && whole_bytes * 8 > MAX_BITS {
            return Err(InvalidSecret::Length);
        }
        let mut lenient = BASE32_NOPAD.specification();
        lenient.check_trailing_bits = false;
        let encoding = lenient.encoding().map_err(|_| InvalidSecret::NotBase32)?;
        let bytes = encoding.decode(typed.as_bytes()).map_err(|_| InvalidSecret::NotBase32)?;
        Self::from_bytes(bytes)
    }

    /// Takes over the raw bytes of a secret.
    ///
    /// # Errors
    /// The length in bits is out of range.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InvalidSecret> {
        let bytes = Zeroizing::new(bytes);
        if (MIN_BITS..=MAX_BITS).contains(&(bytes.len() * 8)) { Ok(Self(bytes)) } else { Err(InvalidSecret::Length) }
    }

    /// 160 fresh bits from the operating system's generator.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn generate() -> Result<Self, ring::error::Unspecified> {
        let mut bytes = vec![0; GENERATED_BITS / 8];
        SystemRandom::new().fill(&mut bytes)?;
        Ok(Self(Zeroizing::new(bytes)))
    }

    /// The raw bytes: the HMAC key.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The canonical text: upper-case base32 without padding.
    pub fn to_base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_documented_sample_is_a_secret_of_80_bits() {
        let secret = Secret::parse("T42NQXFCPWEJMGJY").unwrap();
        assert_eq!(secret.as_bytes().len() * 8, 80);
        assert_eq!(*secret.to_base32(), "T42NQXFCPWEJMGJY");
    }

    #[test]
    fn a_secret_outside_80_to_512_bits_is_refused_for_its_length() {
        assert_eq!(Secret::parse(&"A".repeat(15)), Err(InvalidSecret::Length));
        assert!(Secret::parse(&"A".repeat(103)).is_ok());
        assert_eq!(Secret::parse(&"A".repeat(104)), Err(InvalidSecret::Length));
        assert_eq!(Secret::parse(""), Err(InvalidSecret::Length));
    }

    #[test]
    fn characters_and_lengths_outside_base32_are_refused() {
        for text in ["T42NQXFCPWEJMGJ1", "T42NQXFCPWEJMGJ8", "T42NQXF=PWEJMGJY", "T42NQXFCPWEJMGJÅ", &"A".repeat(17)] {
            assert_eq!(Secret::parse(text), Err(InvalidSecret::NotBase32), "{text}");
        }
    }

    #[test]
    fn bits_behind_the_last_byte_do_not_count() {
        assert_eq!(*Secret::parse(&format!("{}B", "A".repeat(25))).unwrap().to_base32(), "A".repeat(26));
    }

    #[test]
    fn two_generated_secrets_differ_and_have_32_characters() {
        let (a, b) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.to_base32().len(), 32);
    }

    #[test]
    fn the_debug_form_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::parse("T42NQXFCPWEJMGJY").unwrap()), "Secret(…)");
    }

    proptest! {
        #[test]
        fn every_way_to_type_a_secret_reads_as_the_same_secret(
            bytes in proptest::collection::vec(any::<u8>(), 10..=64), group in 1_usize..9, lower: bool, pad: bool
        ) {
            let canonical = BASE32_NOPAD.encode(&bytes);
            let mut typed: String = canonical
                .as_bytes()
                .chunks(group)
                .map(|chunk| String::from_utf8_lossy(chunk).into_owned())
                .collect::<Vec<_>>()
                .join(if lower { " " } else { "-" });
            if lower {
                typed = typed.to_lowercase();
            }
            if pad {
                typed.push_str(&"=".repeat((8 - canonical.len() % 8) % 8));
            }
            let secret = Secret::parse(&typed).unwrap();
            prop_assert_eq!(secret.as_bytes(), &bytes[..]);
            prop_assert_eq!(&*secret.to_base32(), &canonical);
        }

        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = Secret::parse(&text);
        }
    }
}
