//! `GET /api/two-factor/secret`: a new secret for an authenticator app. Stores nothing.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::secret::Secret;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{Request, Response, serve};
use two_factor::random;

#[derive(Serialize)]
struct NewSecret<'a> {
    secret_key: &'a str,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    serve(config::service("generate-secret")?, generate_secret).await
}

async fn generate_secret(_: Request) -> Result<Response, Error> {
    let secret = Secret::from_random(random::bytes()?);
    Response::data(&NewSecret { secret_key: &secret.to_base32() })
}
