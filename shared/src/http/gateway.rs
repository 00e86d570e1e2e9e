//! Requests and responses in the format of an HTTP API, payload format version 2.0: the types of `aws_lambda_events`.
//!
//! Amazon API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".

use lambda_http::Body;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_json::Value;

use crate::identity::Claims;

/// A request's event. It has no `Debug` form, because its body holds secrets and codes.
///
/// Headers and authoriser are read separately. `aws_lambda_events` accepts only claims that are strings, and only
/// headers of visible ASCII. It refuses the whole event for a claim such as `"admin": true` or a header such as
/// `X-Name: é`, and the caller gets status 500. API Gateway is known to have sent both booleans and numbers
/// (<https://github.com/aws/aws-lambda-go/issues/294>).
#[derive(Clone)]
pub(crate) struct Event {
    /// The event without its headers and its authoriser.
    pub(super) request: ApiGatewayV2httpRequest,
    /// The claims that are strings, numbers or booleans, as text.
    pub(super) claims: Claims,
    /// The only header that is used.
    pub(super) content_type: Option<String>,
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut event = Value::deserialize(deserializer)?;
        let content_type = content_type(take(&mut event, "/headers"));
        let claims = claims(take(&mut event, "/requestContext/authorizer"));
        let request = serde_json::from_value(event).map_err(D::Error::custom)?;
        Ok(Self { request, claims, content_type })
    }
}

/// Takes the value at `pointer`, and leaves null in its place.
fn take(value: &mut Value, pointer: &str) -> Value {
    value.pointer_mut(pointer).map(Value::take).unwrap_or_default()
}

fn content_type(headers: Value) -> Option<String> {
    let Value::Object(headers) = headers else { return None };
    let mut values = headers.into_iter().filter(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE.as_str()));
    values.find_map(|(_, value)| text(value))
}

fn claims(mut authorizer: Value) -> Claims {
    match take(&mut authorizer, "/jwt/claims") {
        Value::Object(claims) => claims.into_iter().filter_map(|(name, claim)| Some((name, text(claim)?))).collect(),
        _ => Claims::new(),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A response. No cache may store it: it holds secrets, or says who has which.
pub(super) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: Option<String>,
) -> ApiGatewayV2httpResponse {
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = status.as_u16().into();
    response.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(body) = body {
        response.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response.body = Some(Body::Text(body));
    }
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(headers: Value, authorizer: Value) -> Event {
        let event = json!({
            "version": "2.0",
            "headers": headers,
            "requestContext": {"http": {"method": "GET"}, "authorizer": authorizer},
        });
        serde_json::from_str(&event.to_string()).unwrap()
    }

    fn claims(claims: Value) -> Claims {
        read(json!({}), json!({"jwt": {"claims": claims, "scopes": null}})).claims
    }

    #[test]
    fn a_claim_that_is_no_string_is_read_as_text_or_skipped() {
        let of_every_kind = json!({
            "sub": 42, "email_verified": true, "float": 1.5, "negative": -1, "text": "é\u{0}", "empty": "",
            "null": null, "array": ["a", 1], "object": {"a": "b"},
        });
        let expected = [
            ("email_verified", "true"),
            ("empty", ""),
            ("float", "1.5"),
            ("negative", "-1"),
            ("sub", "42"),
            ("text", "é\u{0}"),
        ];
        assert_eq!(claims(of_every_kind), expected.map(|(name, text)| (name.to_owned(), text.to_owned())).into());
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_no_claim() {
        for none in [json!(null), json!([]), json!("sub"), json!(1)] {
            assert!(claims(none.clone()).is_empty(), "{none}");
            assert!(read(json!({}), none.clone()).claims.is_empty(), "{none}");
            assert!(read(json!({}), json!({"jwt": none})).claims.is_empty());
        }
        assert!(read(json!({}), json!({"lambda": {"a": 1}})).claims.is_empty());
    }

    #[test]
    fn no_header_fails_the_request() {
        let long = "a".repeat(100_000);
        for (name, value) in [
            ("x-name", json!("é")),
            ("x-name", json!("a\u{0}b")),
            ("x-näme", json!("a")),
            ("", json!("a")),
            ("x name", json!("a")),
            ("x-long", json!(long)),
            (&long, json!("a")),
            ("x-name", json!(["a", "b"])),
            ("x-name", json!(null)),
            ("x-name", json!(1)),
            ("x-name", json!({"a": "b"})),
        ] {
            let event = read(json!({"content-type": "text/plain", name: value}), json!(null));
            assert_eq!(event.content_type.as_deref(), Some("text/plain"), "{name:.20}: {value:.20}");
        }
        let many = (0..50_000).map(|n| (format!("x-{n}"), json!("a"))).collect();
        assert_eq!(read(Value::Object(many), json!(null)).content_type, None);
        assert_eq!(read(json!(null), json!(null)).content_type, None);
    }

    #[test]
    fn the_content_type_is_found_under_its_name_in_any_case() {
        for name in ["content-type", "Content-Type", "CONTENT-TYPE"] {
            let headers = json!({"a": "1", name: "text/plain", "content-types": "b", "": "c"});
            assert_eq!(read(headers, json!(null)).content_type.as_deref(), Some("text/plain"));
        }
    }

    #[test]
    fn a_response_is_of_payload_format_2() {
        let full = response(StatusCode::OK, "application/json", Some("{}".to_owned()));
        let full = serde_json::to_value(full).unwrap();
        assert_eq!(
            (&full["statusCode"], &full["body"], &full["isBase64Encoded"]),
            (&json!(200), &json!("{}"), &json!(false))
        );
        assert_eq!(full["headers"], json!({"cache-control": "no-store", "content-type": "application/json"}));
        let empty = serde_json::to_value(response(StatusCode::NO_CONTENT, "application/json", None)).unwrap();
        assert_eq!((&empty["statusCode"], empty.get("body")), (&json!(204), None));
        assert_eq!(empty["headers"], json!({"cache-control": "no-store"}));
    }
}
