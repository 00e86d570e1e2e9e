//! A one-time code of six digits, as a user types it and as an SMS carries it.

use std::fmt;

use crate::random::{self, NoRandomness};
use crate::text::is_blank;

/// Digits of a code (RFC 4226 §5.3: at least six).
pub const DIGITS: usize = 6;

/// Number of possible codes.
const CODES: u32 = 1_000_000;

/// Exactly six ASCII digits. Its `Debug` form shows none of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code([u8; DIGITS]);

impl Code {
    /// Reads six ASCII digits and ignores spaces of any kind, since apps show a code as `913 471`. Every spelling is
    /// the same code, so a code that was used in one spelling is used in all.
    pub fn parse(text: &str) -> Option<Self> {
        let mut digits = [b'0'; DIGITS];
        let mut places = digits.iter_mut();
        for character in text.chars().filter(|c| !is_blank(*c)) {
            *places.next()? = u8::try_from(character).ok().filter(u8::is_ascii_digit)?;
        }
        places.next().is_none().then_some(Self(digits))
    }

    /// A new code; each of the million is equally likely.
    ///
    /// # Errors
    /// The operating system cannot supply random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        loop {
            if let Some(code) = Self::from_random(u32::from_be_bytes(random::bytes()?)) {
                return Ok(code);
            }
        }
    }

    /// The code for a random number. `None` for the numbers above the last whole million: they would make some codes
    /// likelier than others, so another number must be drawn.
    fn from_random(drawn: u32) -> Option<Self> {
        const FAIR: u32 = u32::MAX - u32::MAX % CODES;
        (drawn < FAIR).then(|| Self::from_number(drawn % CODES))
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
            "12 345",
            "123-456",
            "123456\0",
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
    fn spaces_of_any_kind_do_not_matter() {
        for text in ["913 471", " 913471\n", "913\u{a0}471", "91 34 71", "\u{200b}913\u{202f}471\u{feff}"] {
            assert_eq!(Code::parse(text), Code::parse("913471"), "{text:?}");
        }
    }

    #[test]
    fn a_random_number_is_the_code_of_its_last_six_digits() {
        for (drawn, code) in
            [(0, "000000"), (42, "000042"), (999_999, "999999"), (1_000_000, "000000"), (4_293_999_999, "999999")]
        {
            assert_eq!(Code::from_random(drawn), Code::parse(code), "{drawn}");
        }
    }

    #[test]
    fn every_code_stands_for_as_many_random_numbers_as_any_other() {
        // Every whole million from 0 on contains each code once; the numbers above the last one give no code.
        let whole = u32::MAX / CODES * CODES;
        assert_eq!(Code::from_random(whole - 1), Code::parse("999999"));
        for drawn in [whole, whole + 1, whole + 500_000, u32::MAX] {
            assert_eq!(Code::from_random(drawn), None, "{drawn}");
        }
    }

    #[test]
    fn generated_codes_spread_over_the_range() {
        let codes: std::collections::HashSet<String> =
            (0..200).map(|_| Code::generate().unwrap().as_str().to_owned()).collect();
        assert!(codes.len() > 190);
        assert!(codes.iter().all(|code| code.len() == DIGITS && Code::parse(code).is_some()));
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
