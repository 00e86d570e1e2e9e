//! `GET /api/two-factor/qr`: the caller's secret as a QR code for an authenticator app.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::{Authenticator, SecretVisibility};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{Request, Response, serve};
use two_factor::identity::issuer::Issuer;
use two_factor::qr::symbol::Symbol;
use two_factor::qr::{key_uri, png};
use two_factor::store::Store;

struct App {
    store: Store,
    issuer: Issuer,
    /// Claims that may name the user's account; the app shows the first that is not blank.
    account_claims: Vec<String>,
    visibility: SecretVisibility,
}

#[derive(Serialize)]
struct Qr {
    qr_image: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("qr-code")?;
    let app = App {
        issuer: config::issuer()?,
        account_claims: config::account_claims()?,
        visibility: config::secret_visibility()?,
        store: Store::from_env(Aws::from_env()?.dynamodb().await?)?,
    };
    serve(service, |request| qr_code(&app, request)).await
}

async fn qr_code(app: &App, request: Request) -> Result<Response, Error> {
    let user = app.store.user(&request.caller).await?;
    let enrolment = user.enrolment.ok_or(Error::NotAuthenticatorApp)?;
    let Authenticator::App(secret) = &enrolment.authenticator else { return Err(Error::NotAuthenticatorApp) };
    if !app.visibility.shows(&enrolment) {
        return Err(Error::SecretHidden);
    }
    let names = app.account_claims.iter().filter_map(|name| request.claim(name));
    let account = key_uri::account(names, &request.caller.id);
    let issuer = app.issuer.for_caller(|name| request.claim(name));
    let uri = key_uri::uri(&issuer, &account, secret);
    let symbol = Symbol::encode(&uri).map_err(|_| Error::Internal("the URI does not fit into a QR code".into()))?;
    let qr_image = png::data_url(&symbol).map_err(|_| Error::Internal("the picture could not be made".into()))?;
    Response::data(&Qr { qr_image })
}
