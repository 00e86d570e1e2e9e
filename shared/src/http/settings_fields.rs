//! The fields of settings, as `PATCH` and an import take them. All errors are reported at once.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::authenticator::secret::Secret;
use crate::error::FieldError;
use crate::http::Fields;
use crate::phone::countries::Countries;
use crate::phone::{InvalidPhoneNumber, National, PhoneNumber, Prefix};

const SECRET_KEY: &str = "#/secret_key";
const PHONE_PREFIX: &str = "#/phone_prefix";
const PHONE: &str = "#/phone";

const NOT_AN_INTEGER: &str = "must be an integer, or a string of digits";

/// The secret in `secret_key`.
///
/// # Errors
/// It is missing, or is not the base32 text of a secret.
pub fn secret(fields: &Fields) -> Result<Secret, Vec<FieldError>> {
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

/// The number in `phone_prefix` and `phone`.
///
/// # Errors
/// One of them is missing, or together they are not a number that receives SMS in `countries`.
pub fn phone(fields: &Fields, countries: &Countries) -> Result<PhoneNumber, Vec<FieldError>> {
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

/// Half of a phone number. A string keeps its leading zeros; an integer has lost them.
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

/// The number, if it is an integer as JSON Schema defines it (Validation §6.1.1: `45`, `45.0` and `4.5e1`) and not
/// negative.
fn whole(number: &Number) -> Option<u64> {
    // Up to here, a float represents every integer exactly (IEEE 754); larger numbers are not phone numbers.
    const EXACT: std::ops::RangeInclusive<f64> = 0.0..=9_007_199_254_740_991.0;
    let whole = |float: &f64| EXACT.contains(float) && float.fract() == 0.0;
    number.as_u64().or_else(|| number.as_f64().filter(whole).map(|float| float as u64))
}

fn error(pointer: &'static str, detail: impl Into<Cow<'static, str>>) -> FieldError {
    FieldError { pointer, detail: detail.into() }
}
