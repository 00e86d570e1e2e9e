//! A one-time code of six digits, as a user types it and as an SMS carries it.

use std::fmt;

use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};

/// Digits of a code (RFC 4226 §5.3: at least six).
pub const DIGITS: usize = 6;

/// Exactly six ASCII digits. Its `Debug` form shows none of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code([u8; DIGITS]);

impl Code {
    /// Reads exactly six ASCII digits: no spaces, no other script's digits, so that a used code has one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; DIGITS] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// A fresh code, every one of the million equally likely.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn generate() -> Result<Self, Unspecified> {
        const CODES: u32 = 1_000_000;
        // The top of the range that CODES does not divide would make its remainders likelier; draw again there.
        const FAIR: u32 = u32::MAX - u32::MAX % CODES;
        let random = SystemRandom::new();
        let mut bytes = [0; 4];
        loop {
            random.fill(&mut bytes)?;
            let drawn = u32::from_be_bytes(bytes);
            if drawn < FAIR {
                return Ok(Self::from_number(drawn % CODES));
            }
        }
    }

    /// The six digits as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    fn from_number(mut number: u32) -> Self {
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        Self(digits)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_six_ascii_digits_are_a_code() {
        assert_eq!(Code::parse("012345").unwrap().as_str(), "012345");
        for text in [
            "",
            "12345",
            "1234567",
            " 12345",
            "123456 ",
            "12 345",
            "12345a",
            "+12345",
            "１２３４５６",
            "١٢٣٤٥٦",
            "-12345",
            "1e4567",
        ] {
            assert_eq!(Code::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_keep_their_leading_zeros() {
        assert_eq!(Code::from_number(42).as_str(), "000042");
        assert_eq!(Code::from_number(999_999).as_str(), "999999");
    }

    #[test]
    fn generated_codes_spread_over_the_range() {
        let codes: std::collections::HashSet<String> =
            (0..200).map(|_| Code::generate().unwrap().as_str().to_owned()).collect();
        assert!(codes.len() > 190);
        assert!(codes.iter().all(|code| Code::parse(code).is_some()));
    }

    #[test]
    fn the_debug_form_shows_no_digit() {
        assert_eq!(format!("{:?}", Code::parse("123456").unwrap()), "Code(…)");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = Code::parse(&text);
        }
    }
}
