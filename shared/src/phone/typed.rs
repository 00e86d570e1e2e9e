//! The two halves of a number, as typed.

use std::fmt;

use rlibphonenumber::enums::Region;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber};

use super::invalid::{InvalidNumber, InvalidPrefix};
use crate::text::is_separator;

/// Maximum digits in a country code, and in a whole number (ITU-T E.164 §6).
const MAX_CODE_DIGITS: usize = 3;
const MAX_DIGITS: usize = 15;

/// Maximum digits in a country code followed by an area code.
const MAX_PREFIX_DIGITS: usize = 7;

/// Maximum zeros that a country's mobile numbers begin with and an integer loses (Tajikistan: `000…`).
const MAX_LOST_ZEROS: usize = 3;

/// What a number begins with: a country code, or a country code followed by the area code of one country, as in country
/// pickers (`1242`, the Bahamas).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    code: i32,
    area: Option<Area>,
}

/// An area code that only one country's numbers begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Area {
    digits: String,
    country: Region,
}

impl Prefix {
    /// Reads digits, ignoring spaces and hyphens.
    ///
    /// # Errors
    /// The text is not digits, or is not a country's code.
    pub fn parse(text: &str) -> Result<Self, InvalidPrefix> {
        let digits = digits(text).ok_or(InvalidPrefix::NotDigits)?;
        if digits.len() > MAX_PREFIX_DIGITS {
            return Err(InvalidPrefix::Unknown);
        }
        // No code is the beginning of another (ITU-T E.164), and none begins with a zero.
        let (code, rest, country) = (1..=MAX_CODE_DIGITS)
            .filter_map(|length| digits.split_at_checked(length))
            .filter(|(code, _)| !code.starts_with('0'))
            .find_map(|(code, rest)| {
                let code = code.parse().ok()?;
                Some((code, rest, PHONE_NUMBER_UTIL.get_region_for_country_code(code)?))
            })
            .ok_or(InvalidPrefix::Unknown)?;
        match (country, rest) {
            (Region::World, _) => Err(InvalidPrefix::NoCountry),
            (_, "") => Ok(Self { code, area: None }),
            (_, area) => Area::of(code, area).map(|area| Self { code, area: Some(area) }).ok_or(InvalidPrefix::Unknown),
        }
    }

    /// The country code.
    pub(super) fn code(&self) -> i32 {
        self.code
    }

    /// Whether a number in `country` can have this prefix.
    pub(super) fn may_be_in(&self, country: Region) -> bool {
        self.area.as_ref().is_none_or(|area| area.country == country)
    }

    /// Whether only the number after it tells which country it is in.
    pub(super) fn has_several_countries(&self) -> bool {
        self.area.is_none() && is_shared(self.code)
    }

    /// What may follow the country code if this was typed after the prefix. With an area code, the digits either need
    /// it in front or have it already. Without one, an integer may have lost leading zeros.
    pub(super) fn readings(&self, national: &National) -> Vec<String> {
        let typed = &national.digits;
        match &self.area {
            Some(area) => vec![format!("{}{typed}", area.digits), typed.clone()],
            None => {
                let zeros = if national.is_integer { MAX_LOST_ZEROS } else { 0 };
                (0..=zeros).map(|zeros| format!("{}{typed}", "0".repeat(zeros))).collect()
            }
        }
    }
}

impl Area {
    /// Where countries share a code, libphonenumber knows what each country's numbers begin with, and finds the country
    /// from that.
    fn of(code: i32, digits: &str) -> Option<Self> {
        if digits.starts_with('0') || !is_shared(code) {
            return None;
        }
        let beginning =
            PhoneNumber { country_code: code, national_number: digits.parse().ok()?, ..PhoneNumber::default() };
        let country = beginning.get_region_code()?;
        Some(Self { digits: digits.to_owned(), country })
    }
}

/// What was typed after the prefix.
#[derive(Clone, PartialEq, Eq)]
pub struct National {
    digits: String,
    /// An integer has no leading zeros, even if the number has.
    is_integer: bool,
}

impl National {
    /// Reads digits, ignoring spaces and hyphens.
    ///
    /// # Errors
    /// The text is not digits, or there are too many.
    pub fn parse(text: &str) -> Result<Self, InvalidNumber> {
        Self::of(digits(text).ok_or(InvalidNumber::NotDigits)?, false)
    }

    /// Takes the digits of an integer.
    ///
    /// # Errors
    /// It has too many digits.
    pub fn from_integer(number: u64) -> Result<Self, InvalidNumber> {
        Self::of(number.to_string(), true)
    }

    fn of(digits: String, is_integer: bool) -> Result<Self, InvalidNumber> {
        if digits.len() > MAX_DIGITS { Err(InvalidNumber::TooLong) } else { Ok(Self { digits, is_integer }) }
    }
}

impl fmt::Debug for National {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("National(…)")
    }
}

/// Whether several countries share this code.
fn is_shared(code: i32) -> bool {
    PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(code).is_some_and(|countries| countries.len() > 1)
}

/// The digits of `text` without separators; `None` if there are no digits or there is anything else.
fn digits(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| !is_separator(*c)).collect();
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}
