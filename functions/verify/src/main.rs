//! `POST /api/two-factor/verify`: accepts a code from the caller's app or SMS, once.

use lambda_http::Error as RuntimeError;
use two_factor::authenticator::Authenticator;
use two_factor::aws::Aws;
use two_factor::challenge::Binding;
use two_factor::code::Code;
use two_factor::http::{Answer, Call, Error, Event, FieldError, serve};
use two_factor::sealing::Keyring;
use two_factor::store::{Attempt, Reserved, Store, StoreError};
use two_factor::{config, totp};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, keys) = (config::service("verify")?, config::sealing_keys()?);
    let store = Store::new(Aws::from_env()?.dynamodb().await?, config::table_name()?);
    serve(service, |call| verify(&store, &keys, call)).await
}

async fn verify(store: &Store, keys: &Keyring, call: Call) -> Result<Answer, Error> {
    let code = call.fields()?.text("key").and_then(Code::parse).ok_or_else(not_a_code)?;
    let reserved = match store.reserve_attempt(&call.caller, keys, call.now).await? {
        Attempt::Reserved(reserved) => reserved,
        Attempt::Wait { seconds } => return Err(Error::TooManyAttempts(seconds)),
        Attempt::Disabled => return Err(Error::Disabled),
    };
    match accept(store, keys, &call, &reserved, &code).await {
        Ok(true) => Ok(Answer::no_content().with_event(Event::Verified)),
        Ok(false) => Err(Error::InvalidCode),
        Err(error) => Err(give_back(store, &call, &reserved, error).await),
    }
}

/// Whether the code was right and nobody had used it before.
async fn accept(
    store: &Store,
    keys: &Keyring,
    call: &Call,
    reserved: &Reserved,
    code: &Code,
) -> Result<bool, StoreError> {
    let enrolment = &reserved.enrolment;
    match &enrolment.authenticator {
        Authenticator::App(secret) => match totp::matching_step(secret, code, call.now) {
            Some(step) => store.accept_step(&call.caller, reserved, secret, step, keys).await,
            None => Ok(false),
        },
        Authenticator::Sms(number) => match &reserved.challenge {
            Some(challenge)
                if Binding { user: &call.caller, enrolment, number }.accepts(challenge, code, keys, call.now) =>
            {
                store.accept_challenge(&call.caller, reserved, challenge).await
            }
            _ => Ok(false),
        },
    }
}

/// A fault of DynamoDB's after a right code costs no attempt.
async fn give_back(store: &Store, call: &Call, reserved: &Reserved, fault: StoreError) -> Error {
    match store.release_attempt(&call.caller, reserved).await {
        Ok(()) => fault.into(),
        Err(error) => Error::Unavailable(format!("{fault}; attempt not given back: {error}").into()),
    }
}

fn not_a_code() -> Error {
    Error::InvalidFields(vec![FieldError {
        pointer: "#/key",
        detail: "must be a string of exactly six digits, 0 to 9".into(),
    }])
}
