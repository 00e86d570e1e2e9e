//! Trying a code: counted, compared, accepted once with whatever it brings about, and given back after a fault.

use serde_json::Value;

use crate::authenticator::Authenticator;
use crate::authenticator::challenge::Binding;
use crate::authenticator::code::Code;
use crate::authenticator::recovery_code::RecoveryCode;
use crate::authenticator::totp;
use crate::error::{Error, FieldError};
use crate::identity::user::User;
use crate::sealing::Keyring;
use crate::store::{Acceptance, Attempt, Effect, Reserved, Store, StoreError};

/// A code as a user types it, told apart by its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypedCode {
    /// Six digits, from the app or an SMS.
    OneTime(Code),
    /// A recovery code, in place of them.
    Recovery(RecoveryCode),
}

impl TypedCode {
    /// Reads either form.
    pub fn parse(text: &str) -> Option<Self> {
        Code::parse(text).map(Self::OneTime).or_else(|| RecoveryCode::parse(text).map(Self::Recovery))
    }
}

/// The current code that step-up asks for, from a body's member `key`.
///
/// # Errors
/// It is not there, or is no code.
pub fn step_up_code(key: Option<&Value>) -> Result<TypedCode, Error> {
    match key {
        None | Some(Value::Null) => Err(Error::StepUpRequired),
        Some(key) => {
            key.as_str().and_then(TypedCode::parse).ok_or_else(|| Error::InvalidFields(vec![FieldError::not_a_code()]))
        }
    }
}

/// Who tries which code, and when.
#[derive(Debug, Clone, Copy)]
pub struct Try<'a> {
    /// The user whose authenticator it should be from.
    pub user: &'a User,
    /// The code.
    pub code: &'a TypedCode,
    /// Seconds since 1970.
    pub now: u64,
}

/// Accepts the code, which brings about `effect`.
///
/// # Errors
/// Two-factor is disabled, too many wrong codes came before, the code is wrong, expired or used, or DynamoDB cannot be
/// reached: then the attempt is not counted.
pub async fn accept(store: &Store, keys: &Keyring, tried: Try<'_>, effect: &Effect) -> Result<(), Error> {
    let reserved = match store.reserve_attempt(tried.user, keys, tried.now).await? {
        Attempt::Reserved(reserved) => reserved,
        Attempt::Wait { seconds } => return Err(Error::TooManyAttempts(seconds)),
        Attempt::Disabled => return Err(Error::Disabled),
    };
    match compare_and_accept(store, keys, tried, &reserved, effect).await {
        Ok(true) => Ok(()),
        Ok(false) => {
            // The code is wrong whether or not this comes through; the next attempt makes up for it.
            let _told = store.locked(tried.user, &reserved, tried.now).await;
            Err(Error::InvalidCode)
        }
        Err(fault) => Err(give_back(store, tried.user, &reserved, fault).await),
    }
}

/// Whether the code was right and nobody had used it before.
async fn compare_and_accept(
    store: &Store,
    keys: &Keyring,
    Try { user, code, now }: Try<'_>,
    reserved: &Reserved,
    effect: &Effect,
) -> Result<bool, StoreError> {
    let acceptance = Acceptance { user, reserved, effect, now };
    let enrolment = &reserved.enrolment;
    match (code, &enrolment.authenticator) {
        (TypedCode::Recovery(code), _) => match code.among(&reserved.recovery_codes, user, keys)? {
            Some(hash) => store.accept_recovery_code(acceptance, hash, keys).await,
            None => Ok(false),
        },
        (TypedCode::OneTime(code), Authenticator::App(secret)) => match totp::matching_step(secret, code, now) {
            Some(step) => store.accept_step(acceptance, (secret, step), keys).await,
            None => Ok(false),
        },
        (TypedCode::OneTime(code), Authenticator::Sms(number)) => match &reserved.challenge {
            Some(challenge) if (Binding { user, enrolment, number }).accepts(challenge, code, keys, now) => {
                store.accept_challenge(acceptance, challenge, keys).await
            }
            _ => Ok(false),
        },
    }
}

/// A fault of DynamoDB's after a right code costs no attempt.
async fn give_back(store: &Store, user: &User, reserved: &Reserved, fault: StoreError) -> Error {
    match store.release_attempt(user, reserved).await {
        Ok(()) => fault.into(),
        Err(error) => Error::Unavailable(format!("{fault}; attempt not given back: {error}").into()),
    }
}
