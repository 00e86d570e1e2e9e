//! What is wrong with a phone number, worded for the user. The name of the field comes before each sentence.

/// Which half of a number is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhoneNumber {
    /// The prefix.
    #[error(transparent)]
    Prefix(#[from] InvalidPrefix),
    /// The number after the prefix.
    #[error(transparent)]
    Number(#[from] InvalidNumber),
}

/// What is wrong with a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrefix {
    /// Something other than digits, spaces and hyphens.
    #[error("must be the digits of a country code such as 45, without + or 00")]
    NotDigits,
    /// No country has it.
    #[error("is not the code of a country")]
    Unknown,
    /// It belongs to a satellite or international network: libphonenumber's region 001.
    #[error("is the code of an international network, which codes are not sent to")]
    NoCountry,
    /// It has only one country, which is not served.
    #[error("is the code of a country that codes are not sent to")]
    NotServed,
}

/// What is wrong with the number after a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNumber {
    /// Something other than digits, spaces and hyphens.
    #[error("must be the digits of a phone number without its country code; spaces and hyphens may part them")]
    NotDigits,
    /// It has fewer digits than any number with this prefix.
    #[error("is too short for a phone number with this prefix")]
    TooShort,
    /// It has more digits than any number with this prefix.
    #[error("is too long for a phone number with this prefix")]
    TooLong,
    /// There is no such number with this prefix.
    #[error("is not a phone number that this prefix has")]
    Unknown,
    /// It is a landline.
    #[error("is a landline, which gets no SMS: it must be a mobile number")]
    Landline,
    /// It is of another kind that cannot receive SMS: toll-free, premium, pager.
    #[error("is not a mobile number, so it gets no SMS")]
    NotMobile,
    /// Its prefix is shared by several countries, and the number is in one that is not served.
    #[error("is in a country that codes are not sent to")]
    NotServed,
}
