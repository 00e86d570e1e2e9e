//! `PATCH /api/two-factor`: replaces the caller's settings.

use lambda_runtime::Error as RuntimeError;
use serde_json::Value;
use two_factor::authenticator::code::Code;
use two_factor::authenticator::{Authenticator, StepUp, totp};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::{Error, FieldError};
use two_factor::http::settings_fields::{phone, secret};
use two_factor::http::{AuditEvent, Fields, Request, Response, serve};
use two_factor::phone::countries::Countries;
use two_factor::store::{Effect, NewSettings, Replaced, Store};
use two_factor::time::UnixTime;
use two_factor::verification::{self, AcceptedCode, Try};

const METHOD: &str = "#/method";
const NEW_KEY: &str = "#/new_key";

struct App {
    store: Store,
    countries: Countries,
    /// Whether replacing verified settings requires a current code.
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
            let accepted = replace_verified(app, &request, &fields, settings).await?;
            Ok(response.with_recovery_codes_left(accepted.recovery_codes_left()))
        }
    }
}

/// Replaces verified settings, if `key` is a current code. The write that replaces them also uses up the code.
async fn replace_verified(
    app: &App,
    request: &Request,
    fields: &Fields,
    settings: NewSettings,
) -> Result<AcceptedCode, Error> {
    let code = verification::key(fields)?.ok_or(Error::StepUpRequired)?;
    let tried = Try { user: &request.caller, code: &code, now: request.now };
    match verification::accept(&app.store, tried, &Effect::Replace(settings)).await {
        // Two-factor was disabled after the first write was refused: the code was for settings that are gone.
        Err(Error::Disabled) => Err(Error::SettingsChanged),
        outcome => outcome,
    }
}

/// The settings that the fields ask for, or all errors in them.
fn requested(fields: &Fields, countries: &Countries, now: UnixTime) -> Result<NewSettings, Error> {
    let settings = of_method(fields, countries);
    match (settings, new_key(fields)) {
        (Ok(settings), Ok(None)) => Ok(settings),
        // A code of the new app verifies it at once, so there is no unverified moment for somebody with only the token
        // to use.
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

fn error(pointer: &'static str, detail: &'static str) -> FieldError {
    FieldError { pointer, detail: detail.into() }
}
