//! The event that an HTTP API passes to a function for a request: payload format version 2.0.
//!
//! It is written member by member, as AWS documents it, and not with the types that the functions parse it with. So a
//! mistake in those types shows up here, and not only on AWS.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::{HeaderMap, Method, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::routes::decode;
use crate::template::ACCOUNT_ID;

/// The ID of the local API.
pub(crate) const API_ID: &str = "local";

/// A request on its way to a function.
pub(crate) struct Request<'r> {
    pub(crate) method: &'r Method,
    pub(crate) uri: &'r Uri,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r [u8],
    pub(crate) client: SocketAddr,
    pub(crate) received: OffsetDateTime,
    pub(crate) request_id: &'r str,
    pub(crate) trace_id: &'r str,
    /// The route's method and path, such as `GET /api/users/{ID}`.
    pub(crate) route_key: &'r str,
    pub(crate) path_parameters: BTreeMap<String, String>,
    /// The caller's claims, on a route with an authoriser.
    pub(crate) claims: Option<BTreeMap<String, String>>,
}

/// Headers of the connection to the gateway, which are not part of the request.
const HOP_BY_HOP: [header::HeaderName; 6] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Builds the event for a request.
pub(crate) fn event(request: Request<'_>) -> Value {
    let path = decode(request.uri.path());
    let query = request.uri.query().unwrap_or_default();
    let headers = headers(&request);
    let host = headers.get("host").cloned().unwrap_or_default();
    let text = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let (body, is_base64) = body(request.body, headers.get("content-type").map(String::as_str));
    let mut event = json!({
        "version": "2.0",
        "routeKey": request.route_key,
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": API_ID,
            "domainName": host,
            "domainPrefix": host.split(['.', ':']).next(),
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client.ip().to_string(),
                "userAgent": text("user-agent"),
            },
            "requestId": request.request_id,
            "routeKey": request.route_key,
            "stage": "$default",
            "time": common_log_time(request.received),
            "timeEpoch": i64::try_from(request.received.unix_timestamp_nanos() / 1_000_000).unwrap_or_default(),
        },
        "isBase64Encoded": is_base64,
        "headers": headers,
    });
    let mut set = |place: &str, name: &str, value: Value| {
        if let Some(Value::Object(object)) = event.pointer_mut(place) {
            object.insert(name.to_owned(), value);
        }
    };
    // Parts that the request does not have are absent from the event, not null.
    let cookies = cookies(request.headers);
    if !cookies.is_empty() {
        set("", "cookies", cookies.into());
    }
    if !query.is_empty() {
        set("", "queryStringParameters", json!(query_parameters(query)));
    }
    if !request.path_parameters.is_empty() {
        set("", "pathParameters", json!(request.path_parameters));
    }
    if !request.body.is_empty() {
        set("", "body", body.into());
    }
    if let Some(claims) = request.claims {
        set("/requestContext", "authorizer", json!({"jwt": {"claims": claims, "scopes": null}}));
    }
    event
}

/// Lower-case names, duplicates joined by commas, no cookies, and the headers that the gateway itself sets.
fn headers(request: &Request<'_>) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.headers {
        if HOP_BY_HOP.contains(name) || name == header::COOKIE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = headers.entry(name.as_str().to_owned());
        joined.and_modify(|joined| *joined = format!("{joined},{value}")).or_insert_with(|| value.into_owned());
    }
    let client = request.client.ip().to_string();
    let forwarded = headers.entry("x-forwarded-for".to_owned());
    forwarded.and_modify(|before| *before = format!("{before}, {client}")).or_insert(client);
    // The client's own value never reaches a function: it could claim that the request came over TLS.
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    let port = headers.get("host").and_then(|host| host.rsplit_once(':')).map_or("80", |(_, port)| port).to_owned();
    headers.insert("x-forwarded-port".to_owned(), port);
    headers.insert("x-amzn-trace-id".to_owned(), request.trace_id.to_owned());
    headers.insert("content-length".to_owned(), request.body.len().to_string());
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let each = all.flat_map(|line| line.split(';')).map(str::trim).filter(|cookie| !cookie.is_empty());
    each.map(str::to_owned).collect()
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let joined = parameters.entry(name.into_owned());
        joined.and_modify(|joined| *joined = format!("{joined},{value}")).or_insert_with(|| value.into_owned());
    }
    parameters
}

/// The body, and whether it is in base64. It is text only if it is UTF-8 and API Gateway passes its type on as text.
fn body(bytes: &[u8], content_type: Option<&str>) -> (String, bool) {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    let is_text = media_type.starts_with("text/")
        || matches!(media_type.as_str(), "application/json" | "application/xml" | "application/javascript");
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text || bytes.is_empty() => (text.to_owned(), false),
        _ => (STANDARD.encode(bytes), true),
    }
}

/// `12/Mar/2020:19:03:58 +0000`.
fn common_log_time(time: OffsetDateTime) -> String {
    let month = time.month().to_string();
    let month = month.get(..3).unwrap_or_default();
    let (day, year, hour, minute, second) = (time.day(), time.year(), time.hour(), time.minute(), time.second());
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

#[cfg(test)]
mod tests;
