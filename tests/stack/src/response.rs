//! Turns a function's answer into an HTTP response, as an HTTP API does: payload format version 2.0.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The response, or `None` if API Gateway could not interpret the answer.
pub(crate) fn response(answer: &[u8]) -> Option<Response> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    match &answer {
        Value::Object(object) if object.contains_key("statusCode") => explicit(object),
        // Without a status code the whole answer is the body.
        Value::String(text) => json_response(text.clone()),
        other => json_response(other.to_string()),
    }
}

fn json_response(body: String) -> Option<Response> {
    let json = HeaderValue::from_static("application/json");
    Response::builder().header(header::CONTENT_TYPE, json).body(Body::from(body)).ok()
}

fn explicit(answer: &Map<String, Value>) -> Option<Response> {
    let status = match answer.get("statusCode")? {
        Value::String(text) => text.parse().ok()?,
        number => u16::try_from(number.as_u64()?).ok()?,
    };
    // A 1xx response would not complete the request.
    let status = StatusCode::from_u16(status).ok().filter(|status| !status.is_informational())?;
    let body = match answer.get("body") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if answer.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(_) => return None,
    };
    let mut response = Response::builder().status(status);
    let headers = response.headers_mut()?;
    for (name, value) in answer.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        // The gateway frames the body itself.
        if name != header::CONTENT_LENGTH && name != header::TRANSFER_ENCODING && name != header::CONNECTION {
            headers.insert(name, HeaderValue::from_str(&value).ok()?);
        }
    }
    for cookie in answer.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        headers.append(header::SET_COOKIE, HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    if !body.is_empty() && !headers.contains_key(header::CONTENT_TYPE) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
    }
    response.body(Body::from(body)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn parts(answer: &str) -> Option<(u16, Vec<(String, String)>, String)> {
        let response = response(answer.as_bytes())?;
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Some((status, headers, String::from_utf8(body.to_vec()).unwrap()))
    }

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[tokio::test]
    async fn status_headers_cookies_and_body_become_the_response() {
        let answer = r#"{"statusCode":201,"headers":{"X-A":"1","x-n":2},"cookies":["a=1","b=2"],"body":"hi"}"#;
        let (status, headers, body) = parts(answer).await.unwrap();
        assert_eq!((status, body.as_str()), (201, "hi"));
        for expected in [
            header("x-a", "1"),
            header("x-n", "2"),
            header("set-cookie", "a=1"),
            header("set-cookie", "b=2"),
            header("content-type", "text/plain;charset=UTF-8"),
        ] {
            assert!(headers.contains(&expected), "{expected:?} in {headers:?}");
        }
    }

    #[tokio::test]
    async fn a_base64_body_is_decoded() {
        let (_, _, body) = parts(r#"{"statusCode":200,"body":"aGk=","isBase64Encoded":true}"#).await.unwrap();
        assert_eq!(body, "hi");
    }

    #[tokio::test]
    async fn an_answer_without_a_status_is_a_200_with_the_answer_as_its_body() {
        let (status, headers, body) = parts(r#"{"a":1}"#).await.unwrap();
        assert_eq!((status, body.as_str()), (200, r#"{"a":1}"#));
        assert!(headers.contains(&header("content-type", "application/json")));
    }

    #[tokio::test]
    async fn an_answer_that_is_not_one_gives_no_response() {
        for answer in ["", "{", r#"{"statusCode":"x"}"#, r#"{"statusCode":100}"#, r#"{"statusCode":200,"body":{}}"#] {
            assert!(parts(answer).await.is_none(), "{answer}");
        }
        assert!(parts(r#"{"statusCode":200,"body":"?","isBase64Encoded":true}"#).await.is_none());
        assert!(parts(r#"{"statusCode":200,"headers":{"a b":"1"}}"#).await.is_none());
    }
}
