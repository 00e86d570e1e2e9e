//! Phone numbers that can receive an SMS, according to libphonenumber's metadata.

pub mod countries;
mod invalid;
mod typed;

#[cfg(test)]
mod tests;

use std::fmt;

use rlibphonenumber::enums::Region;
use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumberType, ValidationError};
use zeroize::Zeroizing;

use self::countries::Countries;
pub use self::invalid::{InvalidNumber, InvalidPhoneNumber, InvalidPrefix};
pub use self::typed::{National, Prefix};

/// A valid number. Its `Debug` form shows none of its digits.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    country_code: String,
    national: String,
    country: String,
}

impl PhoneNumber {
    /// The number made of a prefix and what was typed after it.
    ///
    /// A trunk zero (UK `07911…`) is dropped. A zero that belongs to the number (Ivory Coast `0701234567`) stays, and
    /// is restored where an integer lost it.
    ///
    /// # Errors
    /// Which half is wrong: there is no such number, it cannot receive SMS, or its country is not among `countries`.
    pub fn of(prefix: &Prefix, national: &National, countries: &Countries) -> Result<Self, InvalidPhoneNumber> {
        let mut reason = None;
        for digits in prefix.readings(national) {
            match Found::of(prefix, &digits) {
                Ok(found) if found.gets_sms() => return found.served(prefix, countries),
                // That a number exists but cannot receive SMS is a better reason than that digits are not a number.
                Ok(found) => reason = Some(found.why_no_sms()),
                Err(why) => reason = reason.or(Some(why)),
            }
        }
        Err(reason.unwrap_or(InvalidNumber::Unknown).into())
    }

    /// The same, from two texts.
    ///
    /// # Errors
    /// Which half is wrong, and why.
    pub fn parse(prefix: &str, national: &str, countries: &Countries) -> Result<Self, InvalidPhoneNumber> {
        Self::of(&Prefix::parse(prefix)?, &National::parse(national)?, countries)
    }

    /// The country code, digits only.
    pub fn country_code(&self) -> &str {
        &self.country_code
    }

    /// The national significant number, digits only, with the leading zeros that belong to it.
    pub fn national(&self) -> &str {
        &self.national
    }

    /// ISO 3166-1 alpha-2 code of the number's country.
    pub fn country(&self) -> &str {
        &self.country
    }

    /// The number in the network's form, `+4520123456` (ITU-T E.164).
    pub fn e164(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("+{}{}", self.country_code, self.national))
    }

    /// The last two digits, by which its owner recognises it.
    pub(crate) fn last_digits(&self) -> &str {
        self.national.get(self.national.len().saturating_sub(2)..).unwrap_or_default()
    }

    /// `45 20123456 DK`: the text that is sealed and stored in the table.
    pub(crate) fn to_stored(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{} {} {}", self.country_code, self.national, self.country))
    }

    /// Reads back what [`PhoneNumber::to_stored`] wrote, without consulting the metadata, which may have changed since.
    pub(crate) fn from_stored(text: &str) -> Option<Self> {
        let mut parts = text.split(' ').map(str::to_owned);
        let (country_code, national, country) = (parts.next()?, parts.next()?, parts.next()?);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (digits(&country_code) && digits(&national) && parts.next().is_none()).then_some(Self {
            country_code,
            national,
            country,
        })
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.country)
    }
}

/// A valid number of any kind.
struct Found {
    national: String,
    kind: PhoneNumberType,
    country: Region,
}

impl Found {
    /// The number with these digits after the prefix's country code.
    fn of(prefix: &Prefix, digits: &str) -> Result<Self, InvalidNumber> {
        let found = Self::by_metadata(prefix.code(), digits)?;
        if !prefix.may_be_in(found.country) {
            return Err(InvalidNumber::Unknown);
        }
        // Argentine mobile numbers have a 9 before the area code, which nobody there writes. libphonenumber's FAQ
        // ("Argentina") says to restore it where a number is known to be a mobile.
        if let (false, Some(token)) = (found.gets_sms(), PHONE_NUMBER_UTIL.get_country_mobile_token(prefix.code()))
            && let Ok(mobile) = Self::by_metadata(prefix.code(), &format!("{token}{}", found.national))
            && mobile.gets_sms()
        {
            return Ok(mobile);
        }
        Ok(found)
    }

    fn by_metadata(code: i32, digits: &str) -> Result<Self, InvalidNumber> {
        let number = PHONE_NUMBER_UTIL.parse(format!("+{code}{digits}"), None).map_err(|error| match error {
            ParseError::TooShortNsn | ParseError::TooShortAfterIdd => InvalidNumber::TooShort,
            ParseError::TooLongNsn => InvalidNumber::TooLong,
            ParseError::InvalidCountryCode | ParseError::NotANumber(_) => InvalidNumber::Unknown,
        })?;
        match (number.get_type(), number.get_region_code()) {
            // A number is valid if its kind is known.
            (PhoneNumberType::Unknown, _) | (_, None) => Err(match number.is_possible_with_reason() {
                Err(ValidationError::TooShort) | Ok(NumberLengthType::IsPossibleLocalOnly) => InvalidNumber::TooShort,
                Err(ValidationError::TooLong) => InvalidNumber::TooLong,
                _ => InvalidNumber::Unknown,
            }),
            (kind, Some(country)) => Ok(Self { national: number.get_national_significant_number(), kind, country }),
        }
    }

    fn gets_sms(&self) -> bool {
        matches!(self.kind, PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile)
    }

    fn why_no_sms(&self) -> InvalidNumber {
        match self.kind {
            PhoneNumberType::FixedLine => InvalidNumber::Landline,
            _ => InvalidNumber::NotMobile,
        }
    }

    fn served(self, prefix: &Prefix, countries: &Countries) -> Result<PhoneNumber, InvalidPhoneNumber> {
        let country = self.country.to_string();
        match (countries.allow(&country), prefix.has_several_countries()) {
            (true, _) => Ok(PhoneNumber { country_code: prefix.code().to_string(), national: self.national, country }),
            (false, true) => Err(InvalidNumber::NotServed.into()),
            (false, false) => Err(InvalidPrefix::NotServed.into()),
        }
    }
}
