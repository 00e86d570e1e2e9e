//! `PATCH /api/two-factor`: replaces the caller's settings.

use std::borrow::Cow;

use lambda_http::Error as RuntimeError;
use serde_json::Value;
use two_factor::authenticator::Authenticator;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::countries::Countries;
use two_factor::http::{Answer, Call, Error, Event, FieldError, Fields, serve};
use two_factor::phone::{InvalidPhoneNumber, PhoneNumber};
use two_factor::sealing::Keyring;
use two_factor::secret::{InvalidSecret, Secret};
use two_factor::store::{ResetBy, Store};

const METHOD: &str = "#/method";
const SECRET_KEY: &str = "#/secret_key";
const PHONE_PREFIX: &str = "#/phone_prefix";
const PHONE: &str = "#/phone";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, keys, countries) =
        (config::service("update-settings")?, config::sealing_keys()?, config::sms_countries()?);
    let store = Store::new(Aws::from_env()?.dynamodb().await?, config::table_name()?);
    serve(service, |call| update_settings(&store, &keys, &countries, call)).await
}

async fn update_settings(store: &Store, keys: &Keyring, countries: &Countries, call: Call) -> Result<Answer, Error> {
    match requested(&call.fields()?, countries).map_err(Error::InvalidFields)? {
        Some(authenticator) => {
            store.enrol(&call.caller, &authenticator, keys).await?;
            Ok(Answer::no_content().with_event(Event::Enrolled))
        }
        None => {
            store.disable(&call.caller, ResetBy::Self_, call.now).await?;
            Ok(Answer::no_content().with_event(Event::Disabled))
        }
    }
}

/// The authenticator that the fields describe, `None` to disable; or all that is wrong with them.
fn requested(fields: &Fields, countries: &Countries) -> Result<Option<Authenticator>, Vec<FieldError>> {
    match fields.get("method") {
        Some(Value::Null) => Ok(None),
        Some(Value::String(method)) if method.is_empty() => Ok(None),
        Some(Value::String(method)) if method == "google" => secret(fields).map(Authenticator::App).map(Some),
        Some(Value::String(method)) if method == "sms" => phone(fields, countries).map(Authenticator::Sms).map(Some),
        None => Err(vec![error(METHOD, "is required: \"google\", \"sms\", or \"\" to disable two-factor")]),
        Some(_) => Err(vec![error(METHOD, "must be \"google\", \"sms\", or \"\" to disable two-factor")]),
    }
}

fn secret(fields: &Fields) -> Result<Secret, Vec<FieldError>> {
    let detail = match fields.get("secret_key") {
        None | Some(Value::Null) => "is required for the method google",
        Some(Value::String(text)) => match Secret::parse(text) {
            Ok(secret) => return Ok(secret),
            Err(InvalidSecret::NotBase32) => "must be base32: the letters A to Z and the digits 2 to 7",
            Err(InvalidSecret::Length) => "must have 80 to 512 bits: 16 to 103 base32 characters",
        },
        Some(_) => "must be a string of base32 characters",
    };
    Err(vec![error(SECRET_KEY, detail)])
}

fn phone(fields: &Fields, countries: &Countries) -> Result<PhoneNumber, Vec<FieldError>> {
    match (digits(fields, "phone_prefix", PHONE_PREFIX), digits(fields, "phone", PHONE)) {
        (Ok(country_code), Ok(national)) => {
            PhoneNumber::parse(&country_code, &national, countries).map_err(|invalid| match invalid {
                InvalidPhoneNumber::CountryCode(detail) => vec![error(PHONE_PREFIX, detail)],
                InvalidPhoneNumber::National(detail) => vec![error(PHONE, detail)],
            })
        }
        (country_code, national) => Err([country_code.err(), national.err()].into_iter().flatten().collect()),
    }
}

/// The digits of an integer, or of a string of them.
fn digits<'a>(fields: &'a Fields, name: &str, pointer: &'static str) -> Result<Cow<'a, str>, FieldError> {
    match fields.get(name) {
        None | Some(Value::Null) => Err(error(pointer, "is required for the method sms")),
        Some(Value::Number(number)) if number.is_u64() => Ok(number.to_string().into()),
        Some(Value::String(text)) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => Ok(text.into()),
        Some(_) => Err(error(pointer, "must be an integer, or a string of digits")),
    }
}

fn error(pointer: &'static str, detail: &'static str) -> FieldError {
    FieldError { pointer, detail: detail.into() }
}
