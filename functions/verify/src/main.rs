//! `POST /api/two-factor/verify`: accepts a code from the caller's app or SMS, or a recovery code, once.

use lambda_runtime::Error as RuntimeError;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::{Error, FieldError};
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::store::{Effect, Store};
use two_factor::verification::{self, AcceptedCode, Try};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("verify")?;
    let store = Store::from_env(Aws::from_env()?.dynamodb().await?)?;
    serve(service, |request| verify(&store, request)).await
}

async fn verify(store: &Store, request: Request) -> Result<Response, Error> {
    let code = verification::key(&request.fields()?)?;
    let code = code.ok_or_else(|| Error::InvalidFields(vec![FieldError::not_a_code()]))?;
    let tried = Try { user: &request.caller, code: &code, now: request.now };
    let accepted = verification::accept(store, tried, &Effect::Verify).await?;
    let event = match accepted {
        AcceptedCode::OneTime => AuditEvent::Verified,
        AcceptedCode::Recovery { .. } => AuditEvent::RecoveryCodeUsed,
    };
    Ok(Response::no_content().with_recovery_codes_left(accepted.recovery_codes_left()).with_audit_event(event))
}
