//! Errors as problem documents (RFC 9457).

use std::borrow::Cow;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::HeaderValue;
use lambda_http::http::header::RETRY_AFTER;
use serde::Serialize;

use super::gateway;
use super::problem_types::{self as types, ProblemType};
use crate::error::{Error, FieldError};
use crate::sms::limits;

/// Seconds after which to retry after a fault.
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

/// The only place where an error becomes HTTP.
pub(super) fn problem_type(error: &Error) -> &'static ProblemType {
    match error {
        Error::MalformedBody(_) => &types::MALFORMED_BODY,
        Error::BodyTooLarge => &types::BODY_TOO_LARGE,
        Error::CallerNotIdentified => &types::CALLER_NOT_IDENTIFIED,
        Error::MayNotEdit => &types::EDIT_PERMISSION_REQUIRED,
        Error::MayNotView => &types::READ_PERMISSION_REQUIRED,
        Error::StepUpRequired => &types::STEP_UP_REQUIRED,
        Error::InvalidFields(_) => &types::INVALID_FIELDS,
        Error::InvalidCode => &types::INVALID_CODE,
        Error::NotAuthenticatorApp => &types::NOT_AN_AUTHENTICATOR_APP,
        Error::SecretHidden => &types::SECRET_HIDDEN,
        Error::NotSms => &types::NOT_SMS,
        Error::CountryNotServed => &types::COUNTRY_NOT_SERVED,
        Error::NotVerified => &types::NOT_VERIFIED,
        Error::Disabled => &types::TWO_FACTOR_DISABLED,
        Error::SettingsChanged => &types::SETTINGS_CHANGED,
        Error::TooManyAttempts(_) => &types::TOO_MANY_ATTEMPTS,
        Error::TooManySends(_) => &types::TOO_MANY_SENDS,
        Error::TooManyChanges(_) => &types::TOO_MANY_CHANGES,
        Error::NumberRefused(_) => &types::NUMBER_REFUSED,
        Error::SmsBudgetSpent(_) => &types::SMS_BUDGET_SPENT,
        Error::Unavailable(_) => &types::UNAVAILABLE,
        Error::SmsOutcomeUnknown(_) => &types::SMS_OUTCOME_UNKNOWN,
        Error::Internal(_) => &types::INTERNAL,
    }
}

/// Seconds after which a retry is worthwhile.
fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::TooManyAttempts(seconds)
        | Error::TooManySends(seconds)
        | Error::TooManyChanges(seconds)
        | Error::SmsBudgetSpent(seconds) => Some(*seconds),
        Error::Unavailable(_) => Some(FAULT_RETRY_AFTER),
        // The send counts, so another one is refused until then.
        Error::SmsOutcomeUnknown(_) => Some(limits::SPACING),
        _ => None,
    }
}

/// The type's detail, with the fault of the body or the number of seconds filled in.
fn detail(error: &Error) -> Cow<'static, str> {
    let text = problem_type(error).detail;
    match (error, retry_after(error)) {
        (Error::MalformedBody(why), _) => text.replace("{why}", why).into(),
        (_, Some(seconds)) => text.replace("{seconds}", &seconds.to_string()).into(),
        _ => text.into(),
    }
}

pub(super) fn response(error: &Error, request_id: &str) -> ApiGatewayV2httpResponse {
    let ProblemType { name, status, title, .. } = problem_type(error);
    let document = Document {
        type_: format!("/problems/{name}"),
        title,
        status: status.as_u16(),
        detail: detail(error),
        request_id,
        errors: match error {
            Error::InvalidFields(errors) => Some(errors),
            _ => None,
        },
    };
    let body = serde_json::to_string(&document).unwrap_or_default();
    let mut response = gateway::response(*status, "application/problem+json", Some(body));
    if let Some(seconds) = retry_after(error) {
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
            (Error::MayNotView, 403),
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
            (Error::TooManyChanges(60), 429),
            (Error::NumberRefused("inside".into()), 409),
            (Error::SmsBudgetSpent(60), 503),
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
            assert!(!body["detail"].as_str().unwrap().contains('{'), "{body}");
            assert!(names.insert(body["type"].as_str().unwrap().to_owned()), "{body}");
        }
    }

    #[test]
    fn an_sms_of_unknown_outcome_is_unavailable_until_another_may_be_sent() {
        let response = response(&Error::SmsOutcomeUnknown("inside".into()), "request-1");
        let body = body(&response);
        assert_eq!((&body["type"], &body["status"]), (&"/problems/unavailable".into(), &503.into()));
        assert_eq!(response.headers[RETRY_AFTER], limits::SPACING.to_string());
        assert!(
            body["detail"].as_str().unwrap().ends_with(&format!("can be sent in {} s.", limits::SPACING)),
            "{body}"
        );
    }

    #[test]
    fn what_is_wrong_with_a_body_is_said() {
        let body = body(&response(&Error::MalformedBody("is empty"), "r"));
        assert_eq!(body["detail"], "The request body is empty. Send a JSON object.");
    }

    /// The names in the table, as the source writes them.
    fn names() -> Vec<&'static str> {
        let lines = include_str!("problem_types.rs").lines();
        lines.filter_map(|line| line.trim().strip_prefix("name: \"")?.strip_suffix("\",")).collect()
    }

    #[test]
    fn every_problem_has_a_section_in_the_docs_that_their_table_links_and_no_section_is_of_none() {
        let docs = include_str!("../../../docs/problems.md");
        let mut sections: Vec<_> =
            docs.lines().filter_map(|line| line.strip_prefix("## `/problems/")?.strip_suffix('`')).collect();
        let mut names = names();
        assert_eq!(names.len(), 22, "{names:?}");
        for name in &names {
            assert!(docs.contains(&format!("| [`/problems/{name}`](#problems{name}) | ")), "{name}");
        }
        names.sort_unstable();
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
