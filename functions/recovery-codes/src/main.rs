//! `POST /api/two-factor/recovery-codes`: a new set of recovery codes for the caller's verified settings, shown this once.
//! The set before is void. The body is looked at with step-up alone, for `key`, a current code.

use lambda_http::Error as RuntimeError;
use serde::Serialize;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{Answer, Call, Event, serve};
use two_factor::recovery;
use two_factor::sealing::Keyring;
use two_factor::store::{Effect, NewCodes, Replace, Store};
use two_factor::verification::{self, Try};

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
    let App { store, keys, replace } = app;
    let code = match replace {
        Replace::Any => None,
        Replace::Unverified => {
            let fields = call.fields().ok();
            Some(verification::step_up_code(fields.as_ref().and_then(|fields| fields.get("key")))?)
        }
    };
    let (codes, hashes) = recovery::generate_set(&call.caller, keys)?;
    match code {
        None => match store.replace_recovery_codes(&call.caller, &hashes, call.now).await? {
            NewCodes::Stored => {}
            NewCodes::NotVerified => return Err(Error::NotVerified),
            NewCodes::Disabled => return Err(Error::Disabled),
        },
        Some(code) => {
            let tried = Try { user: &call.caller, code: &code, now: call.now };
            verification::accept(store, keys, tried, &Effect::RecoveryCodes(hashes)).await?;
        }
    }
    let texts: Vec<_> = codes.iter().map(recovery::RecoveryCode::to_text).collect();
    let answer = Answer::data(&RecoveryCodes { recovery_codes: texts.iter().map(|text| text.as_str()).collect() })?;
    Ok(answer.with_event(Event::RecoveryCodesCreated))
}
