//! `POST /api/two-factor/recovery-codes`: a new set of recovery codes for the caller's verified settings, shown this once.
//! The set before is void. The body is looked at with step-up alone, for `key`, a current code.

use lambda_http::Error as RuntimeError;
use serde::Serialize;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::{Error, FieldError};
use two_factor::http::{Answer, Call, Event, serve};
use two_factor::recovery;
use two_factor::sealing::Keyring;
use two_factor::store::{Effect, NewCodes, Replace, Store};
use two_factor::verification::{self, Try, TypedCode};

struct App {
    store: Store,
    keys: Keyring,
    /// Whoever may not replace verified settings without a code may not get around it by new recovery codes either.
    replace: Replace,
}

#[derive(Serialize)]
struct RecoveryCodes<'a> {
    recovery_codes: Vec<&'a str>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, keys, replace) = (config::service("recovery-codes")?, config::sealing_keys()?, config::step_up()?);
    let store = Store::new(Aws::from_env()?.dynamodb().await?, config::table_name()?);
    let app = App { store, keys, replace };
    serve(service, |call| recovery_codes(&app, call)).await
}

async fn recovery_codes(app: &App, call: Call) -> Result<Answer, Error> {
    let (codes, hashes) = recovery::generate_set(&call.caller, &app.keys)?;
    match app.replace {
        Replace::Any => match app.store.replace_recovery_codes(&call.caller, &hashes, call.now).await? {
            NewCodes::Stored => {}
            NewCodes::NotVerified => return Err(Error::NotVerified),
            NewCodes::Disabled => return Err(Error::Disabled),
        },
        Replace::Unverified => step_up(app, &call, hashes).await?,
    }
    let texts: Vec<_> = codes.iter().map(recovery::RecoveryCode::to_text).collect();
    let answer = Answer::data(&RecoveryCodes { recovery_codes: texts.iter().map(|text| text.as_str()).collect() })?;
    Ok(answer.with_event(Event::RecoveryCodesCreated))
}

/// Stores the hashes, for a current code in `key`.
async fn step_up(app: &App, call: &Call, hashes: Vec<String>) -> Result<(), Error> {
    let Some(key) = call.fields().ok().and_then(|fields| fields.get("key").cloned()).filter(|key| !key.is_null())
    else {
        return Err(Error::StepUpRequired);
    };
    let code = key.as_str().and_then(TypedCode::parse);
    let code = code.ok_or_else(|| Error::InvalidFields(vec![FieldError::not_a_code()]))?;
    let tried = Try { user: &call.caller, code: &code, now: call.now };
    verification::accept(&app.store, &app.keys, tried, &Effect::RecoveryCodes(hashes)).await
}
