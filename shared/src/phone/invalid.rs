//! What is wrong with a phone number, as the user should read it: each sentence goes on from the name of the field.

/// Which half of a number is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhoneNumber {
    /// The prefix.
    #[error(transparent)]
    Prefix(#[from] InvalidPrefix),
    /// The number behind it.
    #[error(transparent)]
    Number(#[from] InvalidNumber),
}

/// What is wrong with a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPrefix {
    /// Something else than digits, spaces and hyphens.
    #[error("must be the digits of a country code such as 45, without + or 00")]
    NotDigits,
    /// Nobody has it.
    #[error("is not the code of a country")]
    Unknown,
    /// It is a satellite's or an international network's: libphonenumber's region 001.
    #[error("is the code of an international network, which codes are not sent to")]
    NoCountry,
    /// Its one country is not served.
    #[error("is the code of a country that codes are not sent to")]
    NotServed,
}

/// What is wrong with the number behind a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidNumber {
    /// Something else than digits, spaces and hyphens.
    #[error("must be the digits of a phone number without its country code; spaces and hyphens may part them")]
    NotDigits,
    /// It has fewer digits than every number behind this prefix.
    #[error("is too short for a phone number with this prefix")]
    TooShort,
    /// It has more.
    #[error("is too long for a phone number with this prefix")]
    TooLong,
    /// Nobody has it.
    #[error("is not a phone number that this prefix has")]
    Unknown,
    /// It is a landline.
    #[error("is a landline, which gets no SMS: it must be a mobile number")]
    Landline,
    /// It is of another kind that gets no SMS: toll-free, premium, a pager.
    #[error("is not a mobile number, so it gets no SMS")]
    NotMobile,
    /// Its prefix is shared by several countries, and it is in one that is not served.
    #[error("is in a country that codes are not sent to")]
    NotServed,
}
