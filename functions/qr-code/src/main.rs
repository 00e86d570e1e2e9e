//! `GET /api/two-factor/qr`: the caller's secret as a QR code for an authenticator app.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::{Authenticator, SecretVisibility};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{Request, Response, serve};
use two_factor::qr::symbol::Symbol;
use two_factor::qr::{key_uri, png};
use two_factor::store::Store;

/// Claims that may say what the user calls the account; the first that is present is shown in the app.
const ACCOUNT_CLAIMS: [&str; 4] = ["email", "preferred_username", "username", "cognito:username"];

#[derive(Serialize)]
struct Qr {
    qr_image: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, issuer) = (config::service("qr-code")?, config::issuer()?);
    let visibility = config::secret_visibility()?;
    let store = Store::from_env(Aws::from_env()?.dynamodb().await?)?;
    serve(service, |request| qr_code(&store, &issuer, visibility, request)).await
}

async fn qr_code(
    store: &Store,
    issuer: &str,
    visibility: SecretVisibility,
    request: Request,
) -> Result<Response, Error> {
    let user = store.user(&request.caller).await?;
    let enrolment = user.enrolment.ok_or(Error::NotAuthenticatorApp)?;
    let Authenticator::App(secret) = &enrolment.authenticator else { return Err(Error::NotAuthenticatorApp) };
    if !visibility.shows(&enrolment) {
        return Err(Error::SecretHidden);
    }
    let account = key_uri::account(ACCOUNT_CLAIMS.iter().filter_map(|name| request.claim(name)), &request.caller.id);
    let uri = key_uri::uri(issuer, &account, secret);
    let symbol = Symbol::encode(&uri).map_err(|_| Error::Internal("the URI does not fit into a QR code".into()))?;
    let qr_image = png::data_url(&symbol).map_err(|_| Error::Internal("the picture could not be made".into()))?;
    Response::data(&Qr { qr_image })
}
