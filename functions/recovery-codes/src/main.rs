//! `POST /api/two-factor/recovery-codes`: a new set of recovery codes for the caller's verified settings, shown only
//! once. The previous set becomes void. The caller must prove to have more than a token: by a code accepted in the
//! last ten minutes, or by a current code as `key` in the body, which is optional.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::recovery_code;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::store::{Effect, NewCodes, Store};
use two_factor::verification::{self, Try};

#[derive(Serialize)]
struct RecoveryCodes<'a> {
    recovery_codes: Vec<&'a str>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("recovery-codes")?;
    let store = Store::from_env(Aws::from_env()?.dynamodb().await?)?;
    serve(service, |request| recovery_codes(&store, request)).await
}

async fn recovery_codes(store: &Store, request: Request) -> Result<Response, Error> {
    let code = request.optional_fields()?.map(|fields| verification::key(&fields)).transpose()?.flatten();
    let codes = recovery_code::generate_set()?;
    match code {
        None => match store.new_recovery_codes(&request.caller, &codes, request.now).await? {
            NewCodes::Stored => {}
            NewCodes::CodeRequired => return Err(Error::StepUpRequired),
            NewCodes::NotVerified => return Err(Error::NotVerified),
            NewCodes::Disabled => return Err(Error::Disabled),
        },
        Some(code) => {
            let tried = Try { user: &request.caller, code: &code, now: request.now };
            verification::accept(store, tried, &Effect::RecoveryCodes(codes.clone())).await?;
        }
    }
    let texts: Vec<_> = codes.iter().map(recovery_code::RecoveryCode::to_text).collect();
    let answer = Response::data(&RecoveryCodes { recovery_codes: texts.iter().map(|text| text.as_str()).collect() })?;
    Ok(answer.with_audit_event(AuditEvent::RecoveryCodesCreated))
}
