//! The shared secret of an authenticator app, and the base32 text in which people and QR codes pass it on.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::text::is_separator;

/// Bytes in a new secret: 160 bits, the length that RFC 4226 §4 (R6) recommends and the length of SHA-1's output.
pub const NEW_BYTES: usize = 20;

/// Shortest secret accepted, in bits: 16 base32 characters, as authenticator apps have always shown them.
pub const MIN_BITS: usize = 80;

/// Longest secret accepted, in bits: the block size of SHA-1. HMAC hashes longer keys first (RFC 2104 §2).
pub const MAX_BITS: usize = 512;

/// Bits per base32 character.
const BITS_PER_CHARACTER: usize = 5;

/// A secret of 80 to 512 bits. Its memory is wiped on drop, and its `Debug` form shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

/// Why a text is not a secret, worded for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// A character outside the base32 alphabet (RFC 4648 §6).
    #[error("must be base32: only the letters A to Z and the digits 2 to 7")]
    NotBase32,
    /// Under 80 bits.
    #[error("is too short: a secret has at least 16 base32 characters")]
    TooShort,
    /// Over 512 bits.
    #[error("is too long: a secret has at most 103 base32 characters")]
    TooLong,
    /// A length that base32 never has: 1, 3 or 6 characters over a multiple of 8.
    #[error("has a length that base32 never has: a character is missing, or there is one too many")]
    NotALength,
}

impl Secret {
    /// Reads base32 as people type and copy it: spaces of any kind, hyphens, case and `=` padding do not matter. Bits
    /// left over after the last whole byte are dropped, as in authenticator apps.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, InvalidSecret> {
        let mut typed = Zeroizing::new(String::with_capacity(text.len()));
        typed.extend(text.chars().filter(|c| !is_separator(*c)).map(|c| c.to_ascii_uppercase()));
        let base32 = typed.trim_end_matches('=');
        if !base32.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)) {
            return Err(InvalidSecret::NotBase32);
        }
        check_bits(base32.len() * BITS_PER_CHARACTER / 8 * 8)?;
        let mut lenient = BASE32_NOPAD.specification();
        lenient.check_trailing_bits = false;
        let encoding = lenient.encoding().map_err(|_| InvalidSecret::NotALength)?;
        let bytes = encoding.decode(base32.as_bytes()).map_err(|_| InvalidSecret::NotALength)?;
        Self::from_bytes(bytes)
    }

    /// The secret with these raw bytes.
    ///
    /// # Errors
    /// The length in bits is out of range.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, InvalidSecret> {
        let bytes = Zeroizing::new(bytes);
        check_bits(bytes.len() * 8)?;
        Ok(Self(bytes))
    }

    /// A new secret from these random bytes ([`crate::random::bytes`]).
    pub fn from_random(bytes: [u8; NEW_BYTES]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
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

fn check_bits(bits: usize) -> Result<(), InvalidSecret> {
    match bits {
        ..MIN_BITS => Err(InvalidSecret::TooShort),
        MIN_BITS..=MAX_BITS => Ok(()),
        _ => Err(InvalidSecret::TooLong),
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
        assert_eq!(Secret::parse(""), Err(InvalidSecret::TooShort));
        assert_eq!(Secret::parse(&"A".repeat(15)), Err(InvalidSecret::TooShort));
        assert_eq!(Secret::parse(&"A".repeat(16)).unwrap().as_bytes(), [0; 10]);
        assert_eq!(Secret::parse(&"A".repeat(103)).unwrap().as_bytes(), [0; 64]);
        assert_eq!(Secret::parse(&"A".repeat(104)), Err(InvalidSecret::TooLong));
        assert_eq!(Secret::from_bytes(vec![0; 9]), Err(InvalidSecret::TooShort));
        assert_eq!(Secret::from_bytes(vec![0; 65]), Err(InvalidSecret::TooLong));
    }

    #[test]
    fn a_length_that_base32_never_has_is_refused_as_that() {
        for characters in 16..=103 {
            let parsed = Secret::parse(&"A".repeat(characters));
            match characters % 8 {
                1 | 3 | 6 => assert_eq!(parsed, Err(InvalidSecret::NotALength), "{characters}"),
                _ => assert_eq!(parsed.unwrap().as_bytes().len(), characters * 5 / 8),
            }
        }
    }

    #[test]
    fn a_character_outside_base32_is_refused_whatever_the_length() {
        for text in ["T42NQXFCPWEJMGJ1", "T42NQXFCPWEJMGJ8", "T42NQXF=PWEJMGJY", "T42NQXFCPWEJMGJÅ", "1", "T42NQXFC_"]
        {
            assert_eq!(Secret::parse(text), Err(InvalidSecret::NotBase32), "{text}");
        }
        assert_eq!(Secret::parse(&"0".repeat(104)), Err(InvalidSecret::NotBase32));
    }

    #[test]
    fn what_copying_brings_along_is_forgiven() {
        for text in [
            "T42N\u{a0}QXFC\u{202f}PWEJ\u{2009}MGJY",
            "\u{feff}T42NQXFCPWEJMGJY\u{200b}",
            "T42N\u{2011}QXFC\u{2010}PWEJ-MGJY",
            "T42NQXFC\u{ad}PWEJMGJY",
            "T42N QXFC PWEJ MGJY = =\n",
        ] {
            assert_eq!(*Secret::parse(text).unwrap().to_base32(), "T42NQXFCPWEJMGJY", "{text:?}");
        }
    }

    #[test]
    fn bits_behind_the_last_byte_do_not_count() {
        assert_eq!(*Secret::parse(&format!("{}B", "A".repeat(25))).unwrap().to_base32(), "A".repeat(26));
    }

    #[test]
    fn a_new_secret_is_all_of_its_random_bytes_in_32_characters() {
        let secret = Secret::from_random(*b"12345678901234567890");
        assert_eq!(secret.as_bytes(), b"12345678901234567890");
        assert_eq!(*secret.to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
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
