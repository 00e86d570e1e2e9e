//! Phone numbers that can get an SMS, by libphonenumber's metadata.

pub mod countries;

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberType};
use zeroize::Zeroizing;

use self::countries::Countries;

/// Most digits of a country code, and of a whole number (ITU-T E.164 §6).
const MAX_COUNTRY_CODE_DIGITS: usize = 3;
const MAX_DIGITS: usize = 15;

/// A valid number. Its `Debug` form shows none of its digits.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber {
    country_code: String,
    national: String,
    country: String,
}

/// Which half of a number is wrong, and why, as the user should read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidPhoneNumber {
    /// The country code.
    CountryCode(&'static str),
    /// The number within the country.
    National(&'static str),
}

impl PhoneNumber {
    /// Reads a country code and a number within it, both digits. A trunk zero (UK `07911…`) is dropped; a leading zero
    /// that belongs to the number (Ivory Coast `0701234567`) stays, and is put back where an integer lost it.
    ///
    /// # Errors
    /// Which half is wrong: not digits, no such country code, no such number, one that gets no SMS, or in a country
    /// that is not among `countries`.
    pub fn parse(country_code: &str, national: &str, countries: &Countries) -> Result<Self, InvalidPhoneNumber> {
        use InvalidPhoneNumber::{CountryCode, National};

        let is_country_code = (1..=MAX_COUNTRY_CODE_DIGITS).contains(&country_code.len())
            && country_code.bytes().all(|b| b.is_ascii_digit())
            && country_code.parse().is_ok_and(|code| PHONE_NUMBER_UTIL.get_region_for_country_code(code).is_some())
            && !country_code.starts_with('0');
        if !is_country_code {
            return Err(CountryCode("must be the digits of a country code such as 45"));
        }
        if !(1..=MAX_DIGITS).contains(&national.len()) || !national.bytes().all(|b| b.is_ascii_digit()) {
            return Err(National("must be the digits of a phone number without its country code"));
        }
        let number = find(country_code, national)
            .or_else(|| find(country_code, &format!("0{national}")))
            .ok_or(National("is not a phone number of this country"))?;
        if !matches!(number.kind, PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile) {
            return Err(National("cannot get an SMS: it must be a mobile number"));
        }
        if !countries.allow(&number.phone.country) {
            return Err(CountryCode("is a country that codes are not sent to"));
        }
        Ok(number.phone)
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

    /// The number as the network takes it, `+4520123456` (ITU-T E.164).
    pub fn e164(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("+{}{}", self.country_code, self.national))
    }

    /// `45 20123456 DK`: what is sealed into the table.
    pub(crate) fn to_stored(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{} {} {}", self.country_code, self.national, self.country))
    }

    /// Reads back what [`PhoneNumber::to_stored`] wrote, without asking the metadata again: it may have moved on since.
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

struct Found {
    phone: PhoneNumber,
    kind: PhoneNumberType,
}

fn find(country_code: &str, national: &str) -> Option<Found> {
    let number = PHONE_NUMBER_UTIL.parse(format!("+{country_code}{national}"), None).ok()?;
    // A number is valid if it is of some kind.
    let kind = number.get_type();
    if kind == PhoneNumberType::Unknown || number.country_code.to_string() != country_code {
        return None;
    }
    let phone = PhoneNumber {
        country_code: country_code.to_owned(),
        national: number.get_national_significant_number(),
        country: number.get_region_code()?.to_string(),
    };
    Some(Found { phone, kind })
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.country)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(country_code: &str, national: &str) -> Result<PhoneNumber, InvalidPhoneNumber> {
        PhoneNumber::parse(country_code, national, &Countries::All)
    }

    #[test]
    fn numbers_of_many_countries_are_read_to_their_canonical_form() {
        for (code, typed, national, country) in [
            ("45", "20123456", "20123456", "DK"),
            ("1", "2015550123", "2015550123", "US"),
            ("44", "7912345678", "7912345678", "GB"),
            ("44", "07912345678", "7912345678", "GB"),
            ("44", "07911123456", "7911123456", "GG"),
            ("225", "0701234567", "0701234567", "CI"),
            ("225", "701234567", "0701234567", "CI"),
            ("39", "3123456789", "3123456789", "IT"),
            ("46", "701234567", "701234567", "SE"),
            ("49", "015123456789", "15123456789", "DE"),
        ] {
            let number = parse(code, typed).unwrap_or_else(|error| panic!("+{code} {typed}: {error:?}"));
            assert_eq!((number.country_code(), number.national(), number.country()), (code, national, country));
            assert_eq!(*number.e164(), format!("+{code}{national}"));
        }
    }

    #[test]
    fn an_unknown_country_code_is_told_of_the_country_code() {
        for code in ["", "0", "045", "999", "+45", "4 5", "1234", "٤٥"] {
            assert!(matches!(parse(code, "20123456"), Err(InvalidPhoneNumber::CountryCode(_))), "{code}");
        }
    }

    #[test]
    fn a_number_that_cannot_be_is_told_of_the_number() {
        for national in
            ["", "1", "00000000", "2012345", "201234567890123456", "20 12 34 56", "+4520123456", "２０１２３４５６"]
        {
            assert!(matches!(parse("45", national), Err(InvalidPhoneNumber::National(_))), "{national}");
        }
    }

    #[test]
    fn a_landline_and_a_premium_number_get_no_sms() {
        for (code, national) in [("39", "0612345678"), ("44", "2079460000"), ("45", "90123456"), ("1", "8005550123")] {
            assert!(matches!(parse(code, national), Err(InvalidPhoneNumber::National(_))), "+{code} {national}");
        }
    }

    #[test]
    fn a_country_off_the_list_is_told_of_the_country_code() {
        let only = Countries::parse("SE").unwrap();
        assert!(matches!(PhoneNumber::parse("45", "20123456", &only), Err(InvalidPhoneNumber::CountryCode(_))));
        assert!(PhoneNumber::parse("46", "701234567", &only).is_ok());
    }

    #[test]
    fn a_shared_country_code_is_told_apart_by_the_number() {
        let canada = Countries::parse("CA").unwrap();
        assert!(PhoneNumber::parse("1", "6135550123", &canada).is_ok());
        assert!(PhoneNumber::parse("1", "2015550123", &canada).is_err());
    }

    #[test]
    fn what_is_stored_reads_back_and_anything_else_does_not() {
        let number = parse("225", "0701234567").unwrap();
        assert_eq!(PhoneNumber::from_stored(&number.to_stored()), Some(number));
        for text in ["", "45", "45 20123456", "45 20123456 DK x", "+45 20123456 DK", "45  DK"] {
            assert_eq!(PhoneNumber::from_stored(text), None, "{text}");
        }
    }

    #[test]
    fn the_debug_form_shows_no_digit() {
        assert_eq!(format!("{:?}", parse("45", "20123456").unwrap()), "PhoneNumber(DK)");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_makes_it_panic(code in ".{0,4}|[0-9]{0,4}", national in ".{0,20}|[0-9]{0,20}") {
            let _ = parse(&code, &national);
        }
    }
}
