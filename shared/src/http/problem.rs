//! Errors as problem documents (RFC 9457). The `type`s are names that clients compare: they never change.

use std::borrow::Cow;

use lambda_http::http::StatusCode;
use serde::Serialize;

use super::gateway::Response;
use crate::error::{Error, FieldError};

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
            "A body may have 4096 bytes.".into(),
        ),
        Error::CallerNotIdentified => (
            "caller-not-identified",
            StatusCode::FORBIDDEN,
            "The token names no user",
            "The token is good, but a claim that names the user or the tenant is missing or malformed.".into(),
        ),
        Error::MayNotEdit => (
            "edit-permission-required",
            StatusCode::FORBIDDEN,
            "No permission to edit this user",
            "Resetting this user takes the permission users:edit, or users:edit: with the user's ID.".into(),
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
            "`errors` names each field and says what is wrong with it.".into(),
        ),
        Error::InvalidCode => (
            "invalid-code",
            StatusCode::UNPROCESSABLE_ENTITY,
            "The code is not right",
            "The code is wrong, has expired or was used before. Take a new one.".into(),
        ),
        Error::NotAuthenticatorApp => (
            "not-an-authenticator-app",
            StatusCode::CONFLICT,
            "No authenticator app is set",
            "There is a QR code only while the method is google; set it with PATCH /api/two-factor.".into(),
        ),
        Error::SecretHidden => (
            "secret-hidden",
            StatusCode::CONFLICT,
            "The secret is no longer shown",
            "The authenticator app was verified; from then on its secret is not shown. Set a new one to get a QR code."
                .into(),
        ),
        Error::NotSms => (
            "not-sms",
            StatusCode::CONFLICT,
            "No phone number is set",
            "A code is sent only while the method is sms; set it with PATCH /api/two-factor.".into(),
        ),
        Error::CountryNotServed => (
            "country-not-served",
            StatusCode::CONFLICT,
            "No SMS to this country",
            "Codes are no longer sent to the country of this number; set another one or an authenticator app.".into(),
        ),
        Error::NotVerified => (
            "not-verified",
            StatusCode::CONFLICT,
            "The settings are not verified",
            "Recovery codes are for verified settings; send a code to POST /api/two-factor/verify first.".into(),
        ),
        Error::Disabled => (
            "two-factor-disabled",
            StatusCode::CONFLICT,
            "Two-factor authentication is disabled",
            "There is nothing to verify; set a method with PATCH /api/two-factor.".into(),
        ),
        Error::SettingsChanged => (
            "settings-changed",
            StatusCode::CONFLICT,
            "The settings have just changed",
            "The settings were replaced while this request was on its way. Send it again.".into(),
        ),
        Error::TooManyAttempts(seconds) => (
            "too-many-attempts",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many wrong codes",
            format!("The next code can be tried in {seconds} s.").into(),
        ),
        Error::TooManySends(seconds) => (
            "too-many-sends",
            StatusCode::TOO_MANY_REQUESTS,
            "Too many codes sent",
            format!("The next code can be sent in {seconds} s.").into(),
        ),
        Error::Unavailable(_) | Error::SmsOutcomeUnknown(_) => (
            "unavailable",
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available just now",
            "A service this one needs does not answer. Try again shortly.".into(),
        ),
        Error::Internal(_) => (
            "internal",
            StatusCode::INTERNAL_SERVER_ERROR,
            "An error of this service",
            "This should not happen. The request's ID helps whoever runs the service to find out why it did.".into(),
        ),
    };
    let retry_after = match error {
        Error::TooManyAttempts(seconds) | Error::TooManySends(seconds) => Some(*seconds),
        Error::Unavailable(_) | Error::SmsOutcomeUnknown(_) => Some(FAULT_RETRY_AFTER),
        _ => None,
    };
    Problem { name, status, title, detail, retry_after }
}

pub(super) fn response(error: &Error, request_id: &str) -> Response {
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
    let mut response = Response::new(status, "application/problem+json", Some(body));
    response.headers.retry_after = retry_after.map(|seconds| seconds.to_string());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response) -> serde_json::Value {
        serde_json::from_str(response.body.as_ref().unwrap()).unwrap()
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
            assert_eq!(response.status_code, status);
            assert_eq!(response.headers.retry_after.is_some(), status == 429 || status == 503, "{error:?}");
            let body: serde_json::Value = body(&response);
            assert_eq!((&body["status"], &body["request_id"]), (&status.into(), &"request-1".into()));
            assert!(!body.to_string().contains("inside"), "{body}");
            assert!(names.insert(body["type"].as_str().unwrap().to_owned()), "{body}");
        }
    }

    #[test]
    fn field_errors_are_listed_in_the_document() {
        let error = Error::InvalidFields(vec![FieldError { pointer: "#/phone", detail: "is missing".into() }]);
        let body: serde_json::Value = body(&response(&error, "r"));
        assert_eq!(body["errors"], serde_json::json!([{"pointer": "#/phone", "detail": "is missing"}]));
        assert_eq!(body["type"], "/problems/invalid-fields");
    }
}
