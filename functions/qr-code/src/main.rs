//! `GET /api/two-factor/qr`: the caller's secret as a QR code for an authenticator app.

use lambda_http::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::{Authenticator, SecretVisibility};
use two_factor::aws::Aws;
use two_factor::error::Error;
use two_factor::http::{Answer, Call, serve};
use two_factor::sealing::Keyring;
use two_factor::store::Store;
use two_factor::symbol::Symbol;
use two_factor::{config, picture, provisioning};

/// Claims that may say what the user calls the account; the first that is present is shown in the app.
const ACCOUNT_CLAIMS: [&str; 4] = ["email", "preferred_username", "username", "cognito:username"];

#[derive(Serialize)]
struct Qr {
    qr_image: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, keys, issuer) = (config::service("qr-code")?, config::sealing_keys()?, config::issuer()?);
    let visibility = config::secret_visibility()?;
    let store = Store::new(Aws::from_env()?.dynamodb().await?, config::table_name()?);
    serve(service, |call| qr_code(&store, &keys, &issuer, visibility, call)).await
}

async fn qr_code(
    store: &Store,
    keys: &Keyring,
    issuer: &str,
    visibility: SecretVisibility,
    call: Call,
) -> Result<Answer, Error> {
    let user = store.user(&call.caller, keys).await?;
    let enrolment = user.enrolment.ok_or(Error::NotAuthenticatorApp)?;
    let Authenticator::App(secret) = &enrolment.authenticator else { return Err(Error::NotAuthenticatorApp) };
    if !visibility.shows(&enrolment) {
        return Err(Error::SecretHidden);
    }
    let account = provisioning::account(ACCOUNT_CLAIMS.iter().filter_map(|name| call.claim(name)), &call.caller.id);
    let uri = provisioning::uri(issuer, &account, secret);
    let symbol = Symbol::encode(&uri).map_err(|_| Error::Internal("the URI does not fit into a QR code".into()))?;
    let qr_image = picture::data_url(&symbol).map_err(|_| Error::Internal("the picture could not be made".into()))?;
    Answer::data(&Qr { qr_image })
}
