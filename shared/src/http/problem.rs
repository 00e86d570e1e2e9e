//! Errors as problem documents (RFC 9457). The `type`s are names that clients compare: they never change.

use std::borrow::Cow;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::header::RETRY_AFTER;
use lambda_http::http::{HeaderValue, StatusCode};
use serde::Serialize;

use super::gateway;
use crate::error::{Error, FieldError};
use crate::sms::limits;

/// Seconds after which a fault is worth another try.
const FAULT_RETRY_AFTER: u64 = 2;

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    type_: String,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [FieldError]>,
}

pub(super) struct Problem {
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    title: &'static str,
    detail: Cow<'static, str>,
    retry_after: Option<u64>,
}

/// The one place where an error becomes HTTP.
pub(super) fn problem(error: &Error) -> Problem {
    let (name, status, title, detail): (_, _, _, Cow<'static, str>) = match error {
        Error::MalformedBody(why) => {
            ("malformed-body", StatusCode::BAD_REQUEST, "The body cannot be read", (*why).into())
        }
        Error::BodyTooLarge => (
            "body-too-large",
            StatusCode::PAYLOAD_TOO_LARGE,
            "The body is too large",
            "The body has more than 4096 bytes. Send only the fields that the request takes.".into(),
        ),
        Error::CallerNotIdentified => (
            "caller-not-identified",
            StatusCode::FORBIDDEN,
            "The token names no user",
            "The token was accepted, but its claim that names the user, or the tenant, is missing or has the wrong \
             form. Get a token that has it: another try with this one ends the same."
                .into(),
        ),
        Error::MayNotEdit => (
            "edit-permission-required",
            StatusCode::FORBIDDEN,
            "No permission to edit this user",
            "Resetting this user takes the permission users:edit, or users:edit: with the user's ID. Ask somebody who \
             has it, or get a token that carries it."
                .into(),
        ),
        Error::StepUpRequired => (
            "step-up-required",
            StatusCode::FORBIDDEN,
            "A current code is required",
            "These settings are verified, so this takes a current code: send it as key in the body of \
             PATCH /api/two-factor (which can also disable them) or of POST /api/two-factor/recovery-codes."
                .into(),
        ),
        Error::InvalidFields(_) => (
            "invalid-fields",
            StatusCode::UNPROCESSABLE_ENTITY,
            "Fields are missing or wrong",
            "Nothing was done. `errors` names each field and says what is wrong with it: correct them all, then send \
             the request again."
                .into(),
        ),
        Error::InvalidCode => (
            "invalid-code",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The code is not right",
            "The code is wrong, has expired or was used before. Take the one that the app shows now, or the one in the \
             newest SMS; each works once."
                .into(),
        ),
        Error::NotAuthenticatorApp => (
            "not-an-authenticator-app",
            StatusCode::CONFLICT,
            "No authenticator app is set",
            "There is a QR code only while the method is google. Set it with PATCH /api/two-factor and a secret from \
             GET /api/two-factor/secret."
                .into(),
        ),
        Error::SecretHidden => (
            "secret-hidden",
            StatusCode::CONFLICT,
            "The secret is no longer shown",
            "The authenticator app was verified; from then on its secret is not shown. To enrol another app, set a new \
             secret with PATCH /api/two-factor."
                .into(),
        ),
        Error::NotSms => (
            "not-sms",
            StatusCode::CONFLICT,
            "No phone number is set",
            "A code is sent only while the method is sms. Set it and a phone number with PATCH /api/two-factor; an \
             authenticator app needs no message."
                .into(),
        ),
        Error::CountryNotServed => (
            "country-not-served",
            StatusCode::CONFLICT,
            "No SMS to this country",
            "Codes are no longer sent to the country of this number. Set another number or an authenticator app with \
             PATCH /api/two-factor."
                .into(),
        ),
        Error::NotVerified => (
            "not-verified",
            StatusCode::CONFLICT,
            "The settings are not verified",
            "Recovery codes are for verified settings. Send a code to POST /api/two-factor/verify first, then ask for \
             them again."
                .into(),
        ),
        Error::Disabled => (
            "two-factor-disabled",
            StatusCode::CONFLICT,
            "Two-factor authentication is disabled",
            "No method is set, so no code can be verified. Set a method with PATCH /api/two-factor first.".into(),
        ),
        Error::SettingsChanged => (
            "settings-changed",
            StatusCode::CONFLICT,
            "The settings have just changed",
            "The settings were replaced while this request was on its way, and it changed nothing. Read them, and send \
             it again if it still applies."
                .into(),
        ),
        Error::TooManyAttempts(seconds) => (
            "too-many-attempts",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong codes",
            format!(
                "Too many codes in a row were wrong: for now none is looked at, not even a right one. The next can be \
                 tried in {seconds} s."
            )
            .into(),
        ),
        Error::TooManySends(seconds) => (
            "too-many-sends",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many codes sent",
            format!(
                "As many codes were sent as may be for now. The newest is good for 10 minutes, once; the next can be \
                 sent in {seconds} s."
            )
            .into(),
        ),
        Error::Unavailable(_) => (
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available just now",
            "A service that this one needs does not answer. Try again after the seconds that Retry-After says.".into(),
        ),
        Error::SmsOutcomeUnknown(_) => (
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available just now",
            format!(
                "Whether the SMS went out is not known. If it arrives, its code is good; if not, another can be sent \
                 after {} s.",
                limits::SPACING
            )
            .into(),
        ),
        Error::Internal(_) => (
            "internal",
            StatusCode::INTERNAL_SERVER_ERROR,
            "An error of this service",
            "This is a fault of the service, not of the request, and another try may end the same. Give whoever runs \
             the service the request_id."
                .into(),
        ),
    };
    let retry_after = match error {
        Error::TooManyAttempts(seconds) | Error::TooManySends(seconds) => Some(*seconds),
        Error::Unavailable(_) => Some(FAULT_RETRY_AFTER),
        // The send counts, so another one is refused until then.
        Error::SmsOutcomeUnknown(_) => Some(limits::SPACING),
        _ => None,
    };
    Problem { name, status, title, detail, retry_after }
}

pub(super) fn response(error: &Error, request_id: &str) -> ApiGatewayV2httpResponse {
    let Problem { name, status, title, detail, retry_after } = problem(error);
    let document = Document {
        type_: format!("/problems/{name}"),
        title,
        status: status.as_u16(),
        detail,
        request_id,
        errors: match error {
            Error::InvalidFields(errors) => Some(errors),
            _ => None,
        },
    };
    let body = serde_json::to_string(&document).unwrap_or_default();
    let mut response = gateway::response(status, "application/problem+json", Some(body));
    if let Some(seconds) = retry_after {
        response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &ApiGatewayV2httpResponse) -> serde_json::Value {
        serde_json::from_slice(response.body.as_ref().unwrap()).unwrap()
    }

    #[test]
    fn every_error_has_its_status_and_a_name_of_its_own() {
        let errors = [
            (Error::MalformedBody("why"), 400),
            (Error::BodyTooLarge, 413),
            (Error::CallerNotIdentified, 403),
            (Error::MayNotEdit, 403),
            (Error::StepUpRequired, 403),
            (Error::InvalidFields(vec![]), 422),
            (Error::InvalidCode, 422),
            (Error::NotAuthenticatorApp, 409),
            (Error::SecretHidden, 409),
            (Error::NotSms, 409),
            (Error::CountryNotServed, 409),
            (Error::NotVerified, 409),
            (Error::Disabled, 409),
            (Error::SettingsChanged, 409),
            (Error::TooManyAttempts(60), 429),
            (Error::TooManySends(30), 429),
            (Error::Unavailable("inside".into()), 503),
            (Error::Internal("inside".into()), 500),
        ];
        let mut names = std::collections::HashSet::new();
        for (error, status) in errors {
            let response = response(&error, "request-1");
            assert_eq!(response.status_code, i64::from(status));
            assert_eq!(response.headers.contains_key(RETRY_AFTER), status == 429 || status == 503, "{error:?}");
            let body: serde_json::Value = body(&response);
            assert_eq!((&body["status"], &body["request_id"]), (&i64::from(status).into(), &"request-1".into()));
            assert!(!body.to_string().contains("inside"), "{body}");
            assert!(names.insert(body["type"].as_str().unwrap().to_owned()), "{body}");
        }
    }

    /// The names in this file's `match`, as they are written there.
    fn names() -> Vec<&'static str> {
        let (program, _) = include_str!("problem.rs").split_once("#[cfg(test)]").unwrap();
        program
            .split("StatusCode::")
            .filter_map(|text| text.trim_end().strip_suffix("\",")?.rsplit('"').next())
            .collect()
    }

    #[test]
    fn every_problem_has_a_section_in_the_docs_that_their_table_links_and_no_section_is_of_none() {
        let docs = include_str!("../../../docs/problems.md");
        let mut sections: Vec<_> =
            docs.lines().filter_map(|line| line.strip_prefix("## `/problems/")?.strip_suffix('`')).collect();
        let mut names = names();
        assert!(names.len() > 17, "{names:?}");
        for name in &names {
            assert!(docs.contains(&format!("| [`/problems/{name}`](#problems{name}) | ")), "{name}");
        }
        names.sort_unstable();
        names.dedup();
        sections.sort_unstable();
        assert_eq!(sections, names);
    }

    #[test]
    fn field_errors_are_listed_in_the_document() {
        let error = Error::InvalidFields(vec![FieldError { pointer: "#/phone", detail: "is missing".into() }]);
        let body: serde_json::Value = body(&response(&error, "r"));
        assert_eq!(body["errors"], serde_json::json!([{"pointer": "#/phone", "detail": "is missing"}]));
        assert_eq!(body["type"], "/problems/invalid-fields");
    }
}
