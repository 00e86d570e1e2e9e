//! Endpoints that only the local stack has: the identity provider's and the helpers under `/local/`.
//!
//! Any web page in the developer's browser can reach this port too, and must not be able to mint itself a token. So the
//! helpers refuse a request whose `Host` is not a loopback name (a page may point its own domain name at 127.0.0.1) and
//! one that comes from a page of another machine. A page that this machine serves on another port, such as a front end
//! under development, is allowed, and CORS lets it read the response.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::events::Events;
use crate::identity::Identity;
use crate::jwt::Claims;
use crate::lambda::{Function, InvokeError, PAYLOAD_LIMIT};
use crate::sns::Sns;

/// The trace ID of an invocation that does not come from an API request.
pub(crate) const NO_TRACE: &str = "Root=1-00000000-000000000000000000000000";

/// What a client of the local stack may need to know, as returned by `GET /local/info`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Info {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` of its tokens.
    pub audience: String,
    /// The URL of its DynamoDB API.
    pub dynamodb_endpoint: String,
    /// The URL of its SNS API.
    pub sns_endpoint: String,
    /// The name of its table.
    pub table_name: String,
}

/// What the endpoints work with.
pub(crate) struct Local {
    pub(crate) identity: Identity,
    pub(crate) sns: Arc<Sns>,
    /// `None` with an external engine, whose stream is not read, or if the template has no pipe.
    pub(crate) events: Option<Events>,
    /// By binary name.
    pub(crate) functions: BTreeMap<String, Arc<Function>>,
    pub(crate) info: Info,
}

/// The routes of the identity provider and the helpers.
pub(crate) fn router(local: Arc<Local>) -> Router {
    let helpers = Router::new()
        .route("/local/token", post(token))
        .route("/local/messages", get(messages))
        .route("/local/events", get(events))
        .route("/local/info", get(info))
        // Pages served from another port are refused too: none needs it.
        .route(
            "/local/invoke/{binary}",
            post(invoke).layer(DefaultBodyLimit::max(PAYLOAD_LIMIT)).layer(from_fn(only_from_here)),
        )
        .layer(from_fn(only_from_this_machine));
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/jwks.json", get(key_set))
        .merge(helpers)
        .with_state(local)
}

async fn discovery(State(local): State<Arc<Local>>) -> Response {
    json_response(&local.identity.discovery())
}

async fn key_set(State(local): State<Arc<Local>>) -> Response {
    json_response(&local.identity.key_set())
}

async fn messages(State(local): State<Arc<Local>>) -> Response {
    json_response(&json!(local.sns.messages()))
}

async fn events(State(local): State<Arc<Local>>) -> Response {
    let read = move || local.events.as_ref().map(Events::arrived);
    match tokio::task::spawn_blocking(read).await {
        Ok(Some(Ok(events))) => json_response(&json!(events)),
        Ok(None) => refuse(StatusCode::NOT_FOUND, "Only the embedded DynamoDB's stream can be read"),
        Ok(Some(Err(why))) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &why),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "The stream could not be read"),
    }
}

async fn info(State(local): State<Arc<Local>>) -> Response {
    json_response(&json!(local.info))
}

/// Invokes a function with the body as its event, as an operator does on AWS, and returns the function's answer.
async fn invoke(State(local): State<Arc<Local>>, Path(binary): Path<String>, event: Bytes) -> Response {
    let Some(function) = local.functions.get(&binary).cloned() else {
        return refuse(StatusCode::NOT_FOUND, "There is no such function");
    };
    if serde_json::from_slice::<Value>(&event).is_err() {
        return refuse(StatusCode::BAD_REQUEST, "The body must be JSON: the function's event");
    }
    // In a separate task: as on AWS, a function that has started continues when its client disconnects.
    let invocation = tokio::spawn(async move { function.invoke(event, NO_TRACE).await });
    let parsed = |answer: &[u8]| serde_json::from_slice(answer).unwrap_or_default();
    match invocation.await.unwrap_or(Err(InvokeError::Function)) {
        Ok(answer) => json_response(&parsed(&answer)),
        Err(InvokeError::Reported(error)) => {
            (StatusCode::BAD_GATEWAY, json_response(&parsed(error.as_bytes()))).into_response()
        }
        Err(InvokeError::Function) => refuse(StatusCode::BAD_GATEWAY, "The function crashed or took too long"),
        Err(InvokeError::Throttled) => refuse(StatusCode::TOO_MANY_REQUESTS, "There are too many requests at once"),
        Err(InvokeError::TooLarge) => refuse(StatusCode::PAYLOAD_TOO_LARGE, "The event is over 6 MB"),
    }
}

/// The body is read as JSON whatever its content type. An empty body means the default claims.
async fn token(State(local): State<Arc<Local>>, body: Bytes) -> Response {
    let claims = if body.trim_ascii().is_empty() { Ok(Claims::new()) } else { serde_json::from_slice(&body) };
    let Ok(claims) = claims else {
        return refuse(StatusCode::BAD_REQUEST, "The body must be a JSON object of claims");
    };
    let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default();
    match local.identity.mint(claims, now) {
        Some(minted) => json_response(&json!({
            "access_token": minted.token,
            "token_type": "Bearer",
            "expires_in": minted.expires_in,
        })),
        None => refuse(StatusCode::INTERNAL_SERVER_ERROR, "The token could not be signed"),
    }
}

/// Accepts requests to a loopback name that do not come from a page of another origin.
pub(crate) async fn only_from_here(request: Request, next: Next) -> Response {
    if is_from_here(request.headers()) { next.run(request).await } else { refuse_stranger() }
}

/// Accepts requests to a loopback name that do not come from a page of another machine.
async fn only_from_this_machine(request: Request, next: Next) -> Response {
    if !is_from_this_machine(request.headers()) {
        return refuse_stranger();
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = if *request.method() == Method::OPTIONS && origin.is_some() {
        let allowed = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
        ];
        (StatusCode::NO_CONTENT, allowed).into_response()
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn refuse_stranger() -> Response {
    refuse(StatusCode::FORBIDDEN, "Only this machine may ask, under the name 127.0.0.1 or localhost")
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let host = text(headers, header::HOST).unwrap_or_default();
    let own_origin = text(headers, header::ORIGIN).is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    is_loopback(host) && own_origin
}

fn is_from_this_machine(headers: &HeaderMap) -> bool {
    let of_loopback = |origin: &str| origin.split_once("://").is_some_and(|(_, host)| is_loopback(host));
    is_loopback(text(headers, header::HOST).unwrap_or_default())
        && text(headers, header::ORIGIN).is_none_or(of_loopback)
}

/// The value of a header; empty if it is not visible ASCII.
fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "127.0.0.1" | "[::1]") || name.eq_ignore_ascii_case("localhost")
}

fn json_response(value: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")], value.to_string())
        .into_response()
}

fn refuse(status: StatusCode, why: &str) -> Response {
    (status, json_response(&json!({"message": why}))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        }
        headers
    }

    #[test]
    fn pages_and_helpers_answer_under_loopback_names_only() {
        let accepted = |host, origin| {
            let headers = headers(host, origin);
            assert_eq!(is_from_here(&headers), is_from_this_machine(&headers), "{host}");
            is_from_here(&headers)
        };
        for host in ["127.0.0.1:3000", "localhost:3000", "LOCALHOST", "[::1]:3000", "127.0.0.1"] {
            assert!(accepted(host, None), "{host}");
        }
        for host in ["evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example:3000", "", "0.0.0.0:3000"] {
            assert!(!accepted(host, None), "{host}");
        }
        assert!(!is_from_here(&HeaderMap::new()) && !is_from_this_machine(&HeaderMap::new()));
    }

    #[test]
    fn the_pages_are_shown_to_their_own_origin() {
        assert!(is_from_here(&headers("localhost:3000", Some("http://localhost:3000"))));
        for origin in ["https://evil.example", "null", "http://localhost:4000", "https://localhost:3000", ""] {
            assert!(!is_from_here(&headers("localhost:3000", Some(origin))), "{origin}");
        }
    }

    #[test]
    fn the_helpers_answer_pages_of_this_machine_alone() {
        for origin in [
            "http://localhost:3000",
            "http://localhost:5173",
            "https://localhost",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
        ] {
            assert!(is_from_this_machine(&headers("localhost:3000", Some(origin))), "{origin}");
        }
        for origin in
            ["https://evil.example", "null", "http://localhost.evil.example:3000", "http://10.0.0.1", "localhost", ""]
        {
            assert!(!is_from_this_machine(&headers("localhost:3000", Some(origin))), "{origin}");
        }
    }
}
