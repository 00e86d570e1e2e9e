//! Trying a code: counted, compared, accepted once with whatever it brings about, and given back after a fault.

use crate::authenticator::Authenticator;
use crate::challenge::Binding;
use crate::code::Code;
use crate::error::Error;
use crate::sealing::Keyring;
use crate::store::{Attempt, Effect, Reserved, Store, StoreError};
use crate::totp;
use crate::user::User;

/// Who tries which code, and when.
#[derive(Debug, Clone, Copy)]
pub struct Try<'a> {
    /// The user whose authenticator it should be from.
    pub user: &'a User,
    /// The code.
    pub code: Code,
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
        Ok(false) => Err(Error::InvalidCode),
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
    let enrolment = &reserved.enrolment;
    match &enrolment.authenticator {
        Authenticator::App(secret) => match totp::matching_step(secret, &code, now) {
            Some(step) => store.accept_step(user, reserved, (secret, step), effect, keys).await,
            None => Ok(false),
        },
        Authenticator::Sms(number) => match &reserved.challenge {
            Some(challenge) if (Binding { user, enrolment, number }).accepts(challenge, &code, keys, now) => {
                store.accept_challenge(user, reserved, challenge, effect, keys).await
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
