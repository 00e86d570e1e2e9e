//! Trying a code: the attempt is counted, the code is compared and, if right, accepted once together with its effect.
//! After a fault the attempt is given back.

use serde_json::Value;

use crate::authenticator::code::Code;
use crate::authenticator::recovery_code::RecoveryCode;
use crate::error::{Error, FieldError};
use crate::http::Fields;
use crate::identity::user::User;
use crate::store::{Accepted, Attempt, Effect, RecoveryCodeUse, Store};
use crate::time::UnixTime;

/// A code as a user types it; its form tells which kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypedCode {
    /// Six digits, from the app or an SMS.
    OneTime(Code),
    /// A recovery code, used instead.
    Recovery(RecoveryCode),
}

impl TypedCode {
    /// Reads either form.
    pub fn parse(text: &str) -> Option<Self> {
        Code::parse(text).map(Self::OneTime).or_else(|| RecoveryCode::parse(text).map(Self::Recovery))
    }
}

/// The code in a body's member `key`; `None` if it is absent or null.
///
/// # Errors
/// It is present but is not a code.
pub fn key(fields: &Fields) -> Result<Option<TypedCode>, Error> {
    match fields.get("key") {
        None | Some(Value::Null) => Ok(None),
        Some(key) => match key.as_str().and_then(TypedCode::parse) {
            Some(code) => Ok(Some(code)),
            None => Err(Error::InvalidFields(vec![FieldError::not_a_code()])),
        },
    }
}

/// An attempt: who tries which code, and when.
#[derive(Debug, Clone, Copy)]
pub struct Try<'a> {
    /// The user whose code it should be.
    pub user: &'a User,
    /// The code.
    pub code: &'a TypedCode,
    /// The time of the attempt.
    pub now: UnixTime,
}

/// A code that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedCode {
    /// From the app or an SMS.
    OneTime,
    /// A recovery code.
    Recovery {
        /// How many are left.
        left: usize,
    },
}

impl AcceptedCode {
    /// How many recovery codes are left, if one was used.
    pub fn recovery_codes_left(self) -> Option<usize> {
        match self {
            Self::OneTime => None,
            Self::Recovery { left } => Some(left),
        }
    }
}

/// Accepts the code and applies `effect`.
///
/// # Errors
/// Two-factor is disabled, too many wrong codes came before, the code is wrong, expired or used, the settings are
/// not verified or were changed too often for the effect, or DynamoDB cannot be reached, in which case the attempt is
/// given back.
pub async fn accept(store: &Store, tried: Try<'_>, effect: &Effect) -> Result<AcceptedCode, Error> {
    match tried.code {
        TypedCode::OneTime(code) => accept_one_time(store, tried, code, effect).await.map(|()| AcceptedCode::OneTime),
        TypedCode::Recovery(code) => match store.use_recovery_code(tried.user, code, effect, tried.now).await? {
            RecoveryCodeUse::Accepted { left } => Ok(AcceptedCode::Recovery { left }),
            RecoveryCodeUse::Refused => Err(Error::InvalidCode),
            RecoveryCodeUse::Disabled => Err(Error::Disabled),
            RecoveryCodeUse::TooManyChanges { seconds } => Err(Error::TooManyChanges(seconds)),
        },
    }
}

async fn accept_one_time(store: &Store, tried: Try<'_>, code: &Code, effect: &Effect) -> Result<(), Error> {
    let reserved = match store.reserve_attempt(tried.user, tried.now).await? {
        Attempt::Reserved(reserved) => reserved,
        Attempt::Wait { seconds } => return Err(Error::TooManyAttempts(seconds)),
        Attempt::Disabled => return Err(Error::Disabled),
    };
    if matches!(effect, Effect::RecoveryCodes(_)) && !reserved.enrolment.verified {
        store.release_attempt(tried.user, &reserved).await?;
        return Err(Error::NotVerified);
    }
    match store.accept(tried.user, code, &reserved, effect, tried.now).await {
        Ok(Accepted::Yes) => Ok(()),
        Ok(Accepted::No) => {
            // The code is wrong whether or not this write succeeds; the next attempt makes up for a lost one.
            let _told = store.locked(tried.user, &reserved, tried.now).await;
            Err(Error::InvalidCode)
        }
        // A DynamoDB fault after a right code must not cost an attempt.
        Err(fault) => match store.release_attempt(tried.user, &reserved).await {
            Ok(()) => Err(fault.into()),
            Err(error) => Err(fault.and_not_released("attempt", &error).into()),
        },
    }
}
