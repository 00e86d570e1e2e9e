//! The countries that SMS may be sent to. The list keeps codes from being sent to expensive numbers abroad (toll
//! fraud).

/// ISO 3166-1 alpha-2 codes, or every country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Countries {
    /// `*`
    All,
    /// Only these, in upper case.
    Only(Vec<String>),
}

/// The text is not a list of countries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be * or ISO 3166-1 codes such as DK,SE")]
pub struct InvalidCountries;

impl Countries {
    /// Reads `*` or `DK,SE,…`.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str) -> Result<Self, InvalidCountries> {
        if text.trim() == "*" {
            return Ok(Self::All);
        }
        let codes: Vec<String> = text.split(',').map(|code| code.trim().to_owned()).collect();
        match codes.iter().find(|code| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase())) {
            None => Ok(Self::Only(codes)),
            Some(_) => Err(InvalidCountries),
        }
    }

    /// Whether SMS may be sent to the country with this code.
    pub fn allow(&self, code: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(codes) => codes.iter().any(|allowed| allowed == code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_allows_its_members_and_a_star_allows_all() {
        assert!(Countries::parse("*").unwrap().allow("CI"));
        let nordic = Countries::parse("DK, SE").unwrap();
        assert!(nordic.allow("DK") && nordic.allow("SE") && !nordic.allow("NO"));
    }

    #[test]
    fn what_is_not_a_list_of_codes_is_refused() {
        for text in ["", "dk", "DNK", "DK,", "DK;SE", "D1"] {
            assert_eq!(Countries::parse(text), Err(InvalidCountries), "{text}");
        }
    }
}
