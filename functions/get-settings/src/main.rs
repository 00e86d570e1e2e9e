//! `GET /api/two-factor`: the caller's settings.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::authenticator::{Authenticator, Enrolment, SecretVisibility};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{Request, Response, serve};
use two_factor::store::Store;

/// The five members of the documented response, in its order.
#[derive(Default, Serialize)]
struct Settings {
    method: Option<&'static str>,
    secret_key: Option<String>,
    phone_prefix: Option<u64>,
    phone: Option<Phone>,
    verified: bool,
}

/// A number, or a string if a number would lose a leading zero.
#[derive(Serialize)]
#[serde(untagged)]
enum Phone {
    Number(u64),
    WithLeadingZero(String),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, visibility) = (config::service("get-settings")?, config::secret_visibility()?);
    let store = Store::from_env(Aws::from_env()?.dynamodb().await?)?;
    serve(service, |request| get_settings(&store, visibility, request)).await
}

async fn get_settings(store: &Store, visibility: SecretVisibility, request: Request) -> Result<Response, Error> {
    let user = store.user(&request.caller).await?;
    Response::data(&user.enrolment.map(|enrolment| Settings::of(enrolment, visibility)).unwrap_or_default())
}

impl Settings {
    fn of(enrolment: Enrolment, visibility: SecretVisibility) -> Self {
        let (verified, shown) = (enrolment.verified, visibility.shows(&enrolment));
        match enrolment.authenticator {
            Authenticator::App(secret) => Self {
                method: Some("google"),
                secret_key: shown.then(|| secret.to_base32().to_string()),
                verified,
                ..Self::default()
            },
            Authenticator::Sms(number) => Self {
                method: Some("sms"),
                phone_prefix: number.country_code().parse().ok(),
                phone: Some(match number.national().parse() {
                    Ok(digits) if !number.national().starts_with('0') => Phone::Number(digits),
                    _ => Phone::WithLeadingZero(number.national().to_owned()),
                }),
                verified,
                ..Self::default()
            },
        }
    }
}
