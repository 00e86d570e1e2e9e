//! `GET /api/two-factor/secret`: a new secret for an authenticator app. Stores nothing.

use lambda_http::Error as RuntimeError;
use serde::Serialize;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{Answer, Call, serve};
use two_factor::secret::Secret;

#[derive(Serialize)]
struct NewSecret<'a> {
    secret_key: &'a str,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    serve(config::service("generate-secret")?, generate_secret).await
}

async fn generate_secret(_: Call) -> Result<Answer, Error> {
    let secret = Secret::generate()?;
    Answer::data(&NewSecret { secret_key: &secret.to_base32() })
}
