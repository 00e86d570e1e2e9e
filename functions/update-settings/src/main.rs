//! `PATCH /api/two-factor`: replaces the caller's settings.

use std::borrow::Cow;

use lambda_runtime::Error as RuntimeError;
use serde_json::{Number, Value};
use two_factor::authenticator::code::Code;
use two_factor::authenticator::secret::Secret;
use two_factor::authenticator::{Authenticator, StepUp, totp};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::{Error, FieldError};
use two_factor::http::{AuditEvent, Fields, Request, Response, serve};
use two_factor::phone::countries::Countries;
use two_factor::phone::{InvalidPhoneNumber, National, PhoneNumber, Prefix};
use two_factor::store::{Effect, NewSettings, Replaced, Store};
use two_factor::time::UnixTime;
use two_factor::verification::{self, AcceptedCode, Try};

const METHOD: &str = "#/method";
const SECRET_KEY: &str = "#/secret_key";
const PHONE_PREFIX: &str = "#/phone_prefix";
const PHONE: &str = "#/phone";
const NEW_KEY: &str = "#/new_key";

const NOT_AN_INTEGER: &str = "must be an integer, or a string of digits";

struct App {
    store: Store,
    countries: Countries,
    /// What may be replaced without a current code.
    step_up: StepUp,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let (service, countries) = (config::service("update-settings")?, config::sms_countries()?);
    let store = Store::from_env(Aws::from_env()?.dynamodb().await?)?;
    let app = App { store, countries, step_up: config::step_up()? };
    serve(service, |request| update_settings(&app, request)).await
}

async fn update_settings(app: &App, request: Request) -> Result<Response, Error> {
    let fields = request.fields()?;
    let settings = requested(&fields, &app.countries, request.now)?;
    let event = if settings == NewSettings::Disable { AuditEvent::Disabled } else { AuditEvent::Enrolled };
    let response = Response::no_content().with_audit_event(event);
    match app.store.replace(&request.caller, &settings, app.step_up, request.now).await? {
        Replaced::Done => Ok(response),
        Replaced::CodeUsed => Err(Error::InvalidCode),
        Replaced::TooManyChanges { seconds } => Err(Error::TooManyChanges(seconds)),
        Replaced::StepUpRequired => {
            Ok(response.with_accepted_code(replace_verified(app, &request, &fields, settings).await?))
        }
    }
}

/// Replaces verified settings, for a current code in `key`. The code is used up in the write that replaces them.
async fn replace_verified(
    app: &App,
    request: &Request,
    fields: &Fields,
    settings: NewSettings,
) -> Result<AcceptedCode, Error> {
    let code = verification::key(fields)?.ok_or(Error::StepUpRequired)?;
    let tried = Try { user: &request.caller, code: &code, now: request.now };
    match verification::accept(&app.store, tried, &Effect::Replace(settings)).await {
        // Disabled since the first write was refused: no longer what the code was for.
        Err(Error::Disabled) => Err(Error::SettingsChanged),
        outcome => outcome,
    }
}

/// What the fields ask for; or all that is wrong with them.
fn requested(fields: &Fields, countries: &Countries, now: UnixTime) -> Result<NewSettings, Error> {
    let settings = of_method(fields, countries);
    match (settings, new_key(fields)) {
        (Ok(settings), Ok(None)) => Ok(settings),
        // A code of the new app verifies it at once: no moment in which somebody with the token alone could.
        (Ok(NewSettings::Enrol(Authenticator::App(secret))), Ok(Some(code))) => {
            let step = totp::matching_step(&secret, &code, now).ok_or(Error::InvalidCode)?;
            Ok(NewSettings::EnrolVerified(secret, step))
        }
        (Ok(_), Ok(Some(_))) => {
            Err(Error::InvalidFields(vec![error(NEW_KEY, "must be absent unless the method is google")]))
        }
        (settings, new_key) => {
            Err(Error::InvalidFields(settings.err().into_iter().flatten().chain(new_key.err()).collect()))
        }
    }
}

fn new_key(fields: &Fields) -> Result<Option<Code>, FieldError> {
    match fields.get("new_key") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let code = value.as_str().and_then(Code::parse);
            code.map(Some).ok_or_else(|| error(NEW_KEY, "must be a string of six digits"))
        }
    }
}

fn of_method(fields: &Fields, countries: &Countries) -> Result<NewSettings, Vec<FieldError>> {
    match fields.get("method") {
        Some(Value::Null) => Ok(NewSettings::Disable),
        Some(Value::String(method)) if method.is_empty() => Ok(NewSettings::Disable),
        Some(Value::String(method)) if method == "google" => {
            secret(fields).map(Authenticator::App).map(NewSettings::Enrol)
        }
        Some(Value::String(method)) if method == "sms" => {
            phone(fields, countries).map(Authenticator::Sms).map(NewSettings::Enrol)
        }
        None => Err(vec![error(METHOD, "is required: \"google\", \"sms\", or \"\" to disable two-factor")]),
        Some(_) => Err(vec![error(METHOD, "must be \"google\", \"sms\", or \"\" to disable two-factor")]),
    }
}

fn secret(fields: &Fields) -> Result<Secret, Vec<FieldError>> {
    let detail = match fields.get("secret_key") {
        None | Some(Value::Null) => "is required when the method is google".to_owned(),
        Some(Value::String(text)) => match Secret::parse(text) {
            Ok(secret) => return Ok(secret),
            Err(invalid) => invalid.to_string(),
        },
        Some(_) => "must be a string of base32 characters".to_owned(),
    };
    Err(vec![error(SECRET_KEY, detail)])
}

fn phone(fields: &Fields, countries: &Countries) -> Result<PhoneNumber, Vec<FieldError>> {
    match (prefix(fields.get("phone_prefix")), national(fields.get("phone"))) {
        (Ok(prefix), Ok(national)) => PhoneNumber::of(&prefix, &national, countries).map_err(|invalid| match invalid {
            InvalidPhoneNumber::Prefix(why) => vec![error(PHONE_PREFIX, why.to_string())],
            InvalidPhoneNumber::Number(why) => vec![error(PHONE, why.to_string())],
        }),
        (prefix, national) => Err([prefix.err(), national.err()].into_iter().flatten().collect()),
    }
}

fn prefix(value: Option<&Value>) -> Result<Prefix, FieldError> {
    let read = match typed(value, PHONE_PREFIX)? {
        Typed::Integer(number) => Prefix::parse(&number.to_string()),
        Typed::Text(text) => Prefix::parse(text),
    };
    read.map_err(|why| error(PHONE_PREFIX, why.to_string()))
}

fn national(value: Option<&Value>) -> Result<National, FieldError> {
    let read = match typed(value, PHONE)? {
        Typed::Integer(number) => National::from_integer(number),
        Typed::Text(text) => National::parse(text),
    };
    read.map_err(|why| error(PHONE, why.to_string()))
}

/// Half of a phone number: a string has the zeros that it begins with, an integer has lost them.
enum Typed<'a> {
    Integer(u64),
    Text(&'a str),
}

fn typed<'a>(value: Option<&'a Value>, pointer: &'static str) -> Result<Typed<'a>, FieldError> {
    match value {
        None | Some(Value::Null) => Err(error(pointer, "is required when the method is sms")),
        Some(Value::String(text)) => Ok(Typed::Text(text)),
        Some(Value::Number(number)) => whole(number).map(Typed::Integer).ok_or_else(|| error(pointer, NOT_AN_INTEGER)),
        Some(_) => Err(error(pointer, NOT_AN_INTEGER)),
    }
}

/// The number, if it is an integer by JSON Schema (Validation §6.1.1: `45`, `45.0` and `4.5e1`), and not under zero.
fn whole(number: &Number) -> Option<u64> {
    // Up to here, every integer is a float of its own (IEEE 754); longer ones are no phone numbers.
    const EXACT: std::ops::RangeInclusive<f64> = 0.0..=9_007_199_254_740_991.0;
    let whole = |float: &f64| EXACT.contains(float) && float.fract() == 0.0;
    number.as_u64().or_else(|| number.as_f64().filter(whole).map(|float| float as u64))
}

fn error(pointer: &'static str, detail: impl Into<Cow<'static, str>>) -> FieldError {
    FieldError { pointer, detail: detail.into() }
}
