//! `POST /api/two-factor/verify`: accepts a code from the caller's app or SMS, or a recovery code, once.

use lambda_http::Error as RuntimeError;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::{Error, FieldError};
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::sealing::Keyring;
use two_factor::store::{Effect, Store};
use two_factor::verification::{self, Try, TypedCode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, keys) = (config::service("verify")?, config::sealing_keys()?);
    let store = Store::new(Aws::from_env()?.dynamodb().await?, config::table_name()?);
    serve(service, |request| verify(&store, &keys, request)).await
}

async fn verify(store: &Store, keys: &Keyring, request: Request) -> Result<Response, Error> {
    let Some(code) = request.fields()?.text("key").and_then(TypedCode::parse) else {
        return Err(Error::InvalidFields(vec![FieldError::not_a_code()]));
    };
    let tried = Try { user: &request.caller, code: &code, now: request.now };
    verification::accept(store, keys, tried, &Effect::Verify).await?;
    Ok(Response::no_content().with_audit_event(match code {
        TypedCode::OneTime(_) => AuditEvent::Verified,
        TypedCode::Recovery(_) => AuditEvent::RecoveryCodeUsed,
    }))
}
