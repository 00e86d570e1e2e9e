//! A request and a response as an HTTP API writes them: payload format version 2.0, of which only what is used here is
//! read. Reading every header into a map, as `aws_lambda_events` does, took a sixth of a warm request's instructions.
//!
//! Amazon API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs".

use std::fmt;

use lambda_http::http::StatusCode;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::identity::Claims;

/// A request's event. It has no `Debug` form: its body holds secrets and codes.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    #[serde(default)]
    pub(super) headers: Option<Headers>,
    #[serde(default)]
    pub(super) path_parameters: Option<PathParameters>,
    pub(super) request_context: Context,
    #[serde(default)]
    pub(super) body: Option<String>,
    #[serde(default)]
    pub(super) is_base64_encoded: bool,
}

/// The parameters of this API's paths.
#[derive(Clone, Deserialize)]
pub(super) struct PathParameters {
    #[serde(default, rename = "ID")]
    pub(super) id: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Context {
    #[serde(default)]
    pub(super) request_id: Option<String>,
    #[serde(default)]
    pub(super) authorizer: Option<Authorizer>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Authorizer {
    #[serde(default)]
    pub(super) jwt: Option<Jwt>,
}

#[derive(Clone, Deserialize)]
pub(super) struct Jwt {
    #[serde(default)]
    pub(super) claims: Option<Claims>,
}

/// The one header that is looked at.
#[derive(Clone, Default)]
pub(super) struct Headers {
    pub(super) content_type: Option<String>,
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeadersVisitor)
    }
}

struct HeadersVisitor;

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Headers, M::Error> {
        let mut headers = Headers::default();
        while let Some(IsContentType(wanted)) = map.next_key()? {
            if wanted {
                // RFC 9110 §5.5: what is beyond visible ASCII is opaque, and no content type.
                let value: String = map.next_value()?;
                headers.content_type =
                    Some(value).filter(|v| v.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b)));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(headers)
    }
}

/// Whether a header's name is `content-type`, in any case.
struct IsContentType(bool);

impl<'de> Deserialize<'de> for IsContentType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = IsContentType;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<IsContentType, E> {
        Ok(IsContentType(name.eq_ignore_ascii_case("content-type")))
    }
}

/// A response. None of them may be kept by a cache: they hold secrets, or say who has which.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EventResponse {
    pub(super) status_code: u16,
    pub(super) headers: ResponseHeaders,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ResponseHeaders {
    cache_control: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'static str>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<String>,
}

impl EventResponse {
    pub(super) fn new(status: StatusCode, content_type: &'static str, body: Option<String>) -> Self {
        let content_type = body.is_some().then_some(content_type);
        let headers = ResponseHeaders { cache_control: "no-store", content_type, retry_after: None };
        Self { status_code: status.as_u16(), headers, body }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(event: serde_json::Value) -> Event {
        serde_json::from_value(event).unwrap()
    }

    fn content_type(headers: &str) -> Option<String> {
        let event = format!(r#"{{"headers": {headers}, "requestContext": {{}}}}"#);
        serde_json::from_str::<Event>(&event).unwrap().headers.unwrap().content_type
    }

    #[test]
    fn what_is_missing_or_null_is_nothing() {
        for event in [
            json!({"requestContext": {}}),
            json!({
                "headers": null, "pathParameters": null, "body": null,
                "requestContext": {"requestId": null, "authorizer": {"jwt": {"claims": null}}},
            }),
            json!({"pathParameters": {"other": "1"}, "requestContext": {"authorizer": {"lambda": {"a": 1}}}}),
        ] {
            let request = read(event);
            assert!(request.headers.is_none() && request.body.is_none() && !request.is_base64_encoded);
            assert!(request.path_parameters.and_then(|p| p.id).is_none());
            let jwt = request.request_context.authorizer.and_then(|a| a.jwt);
            assert!(jwt.and_then(|jwt| jwt.claims).is_none());
        }
    }

    #[test]
    fn the_content_type_is_found_under_its_name_in_any_case() {
        for name in ["content-type", "Content-Type", "CONTENT-TYPE", "content\\u002dtype"] {
            let headers = format!(r#"{{"a": "1", "{name}": "text/plain", "content-types": "b", "": "c"}}"#);
            assert_eq!(content_type(&headers).as_deref(), Some("text/plain"));
        }
        assert_eq!(content_type(r#"{"content-type": "a", "Content-Type": "b"}"#).as_deref(), Some("b"));
        assert_eq!(content_type(r#"{"accept": "text/plain", "x": ["1", "2"]}"#), None);
    }

    #[test]
    fn a_content_type_that_is_not_visible_ascii_is_none() {
        for value in ["é", "a\\nb", "\\u0000", "text/plain\\u007f"] {
            assert_eq!(content_type(&format!(r#"{{"content-type": "{value}"}}"#)), None, "{value}");
        }
    }

    #[test]
    fn a_response_is_of_payload_format_2() {
        let mut response = EventResponse::new(StatusCode::OK, "application/json", Some("{}".to_owned()));
        response.headers.retry_after = Some("30".to_owned());
        let headers = json!({"cache-control": "no-store", "content-type": "application/json", "retry-after": "30"});
        assert_eq!(
            serde_json::to_value(response).unwrap(),
            json!({"statusCode": 200, "headers": headers, "body": "{}"})
        );
        let empty = EventResponse::new(StatusCode::NO_CONTENT, "application/json", None);
        let expected = json!({"statusCode": 204, "headers": {"cache-control": "no-store"}});
        assert_eq!(serde_json::to_value(empty).unwrap(), expected);
    }
}
