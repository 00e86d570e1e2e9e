//! `POST /api/two-factor/recovery-codes`: a new set of recovery codes for the caller's verified settings, shown this once.
//! The set before is void. The body is looked at with step-up alone, for `key`, a current code.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::StepUp;
use two_factor::authenticator::recovery_code;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::store::{Effect, NewCodes, Store};
use two_factor::verification::{self, Try, TypedCode};

struct App {
    store: Store,
    /// Whoever may not replace verified settings without a code may not get around it by new recovery codes either.
    step_up: StepUp,
}

#[derive(Serialize)]
struct RecoveryCodes<'a> {
    recovery_codes: Vec<&'a str>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, step_up) = (config::service("recovery-codes")?, config::step_up()?);
    let app = App { store: Store::from_env(Aws::from_env()?.dynamodb().await?)?, step_up };
    serve(service, |request| recovery_codes(&app, request)).await
}

async fn recovery_codes(app: &App, request: Request) -> Result<Response, Error> {
    let code = match app.step_up {
        StepUp::None => None,
        StepUp::Code => Some(step_up_code(&request)?),
    };
    let codes = recovery_code::generate_set()?;
    match code {
        None => match app.store.new_recovery_codes(&request.caller, &codes, request.now).await? {
            NewCodes::Stored => {}
            NewCodes::NotVerified => return Err(Error::NotVerified),
            NewCodes::Disabled => return Err(Error::Disabled),
        },
        Some(code) => {
            let tried = Try { user: &request.caller, code: &code, now: request.now };
            verification::accept(&app.store, tried, &Effect::RecoveryCodes(codes.clone())).await?;
        }
    }
    let texts: Vec<_> = codes.iter().map(recovery_code::RecoveryCode::to_text).collect();
    let answer = Response::data(&RecoveryCodes { recovery_codes: texts.iter().map(|text| text.as_str()).collect() })?;
    Ok(answer.with_audit_event(AuditEvent::RecoveryCodesCreated))
}

fn step_up_code(request: &Request) -> Result<TypedCode, Error> {
    let fields = request.fields().map_err(|_| Error::StepUpRequired)?;
    verification::key(&fields)?.ok_or(Error::StepUpRequired)
}
