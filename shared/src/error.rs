//! Everything that can go wrong with a request. `http/problem.rs` turns it into HTTP, in one `match`.

use std::borrow::Cow;

use serde::Serialize;

use crate::random::NoRandomness;

/// Why a request failed. The texts are for the log only, except the field errors and the text of a malformed body.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The body cannot be read. The text completes a sentence that begins "The request body".
    #[error("the body {0}")]
    MalformedBody(&'static str),
    /// The body is over 4 KiB.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The token does not name a user with an ID of the configured form.
    #[error("the token does not identify a user")]
    CallerNotIdentified,
    /// The caller may not edit the user in the path, whether or not that user exists.
    #[error("the caller may not edit this user")]
    MayNotEdit,
    /// The caller may not see the user in the path, whether or not that user exists.
    #[error("the caller may not see this user")]
    MayNotView,
    /// The request must include a current code.
    #[error("a current code is required")]
    StepUpRequired,
    /// All the fields that are missing or wrong.
    #[error("invalid fields")]
    InvalidFields(Vec<FieldError>),
    /// The code is wrong, stale or used.
    #[error("invalid code")]
    InvalidCode,
    /// The user has no authenticator app enrolled.
    #[error("the method is not google")]
    NotAuthenticatorApp,
    /// The secret has been verified and is no longer shown.
    #[error("the secret is no longer shown")]
    SecretHidden,
    /// The user has no phone enrolled.
    #[error("the method is not sms")]
    NotSms,
    /// SMS are no longer sent to the country of the enrolled phone.
    #[error("the country is not served")]
    CountryNotServed,
    /// The settings are not verified.
    #[error("the settings are not verified")]
    NotVerified,
    /// The user has two-factor disabled.
    #[error("two-factor is disabled")]
    Disabled,
    /// The settings were replaced while the request was being handled.
    #[error("the settings have changed")]
    SettingsChanged,
    /// Too many wrong codes; seconds until the next attempt.
    #[error("too many wrong codes: wait {0} s")]
    TooManyAttempts(u64),
    /// Too many SMS; seconds until the next send.
    #[error("too many sends: wait {0} s")]
    TooManySends(u64),
    /// Too many changes of the settings; seconds until the next.
    #[error("too many changes: wait {0} s")]
    TooManyChanges(u64),
    /// SNS will not send to the enrolled number, now or later. The text is for the log.
    #[error("the number is refused: {0}")]
    NumberRefused(Cow<'static, str>),
    /// The stack has used up its SMS budget for this hour; seconds until the next hour.
    #[error("the hour's budget of SMS is spent: wait {0} s")]
    SmsBudgetSpent(u64),
    /// DynamoDB or SNS is temporarily unavailable.
    #[error("a dependency is not responding: {0}")]
    Unavailable(Cow<'static, str>),
    /// The request to SNS was sent but its outcome is unknown: the SMS may be on its way.
    #[error("the SMS may have been sent: {0}")]
    SmsOutcomeUnknown(Cow<'static, str>),
    /// A bug or a wrong setting.
    #[error("internal error: {0}")]
    Internal(Cow<'static, str>),
}

impl Error {
    /// Details for the log that the caller must not see.
    pub(crate) fn inside(&self) -> Option<&str> {
        match self {
            Self::Unavailable(text)
            | Self::SmsOutcomeUnknown(text)
            | Self::NumberRefused(text)
            | Self::Internal(text) => Some(text),
            _ => None,
        }
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        Self::Internal(error.to_string().into())
    }
}

/// One field that is missing or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON pointer to the field (RFC 6901), as a URI fragment: `#/phone`.
    pub pointer: &'static str,
    /// What is wrong with it, for a person.
    pub detail: Cow<'static, str>,
}

impl FieldError {
    /// `key` does not have the form of a code.
    pub fn not_a_code() -> Self {
        Self { pointer: "#/key", detail: "must be a string of six digits, or a recovery code".into() }
    }
}
