//! CORS in an HTTP API: the gateway itself answers preflights and adds the headers.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::template::Cors;

/// The response to a preflight request, or `None` if the request is not a preflight.
pub(crate) fn preflight(cors: &Cors, method: &Method, headers: &HeaderMap) -> Option<Response> {
    let is_preflight = *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight || !headers.contains_key(header::ORIGIN) {
        return None;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(origin) = allowed_origin(cors, headers) {
        let headers = response.headers_mut();
        set_origin(cors, headers, origin);
        set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, cors.allow_methods.join(","));
        set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, cors.allow_headers.join(","));
        set(headers, header::ACCESS_CONTROL_MAX_AGE, cors.max_age.clone().unwrap_or_default());
    }
    Some(response)
}

/// Replaces the CORS headers of a response. The function's own are always removed; the gateway's are added only for an
/// allowed origin.
pub(crate) fn add_headers(cors: &Cors, request: &HeaderMap, response: &mut Response) {
    let headers = response.headers_mut();
    for name in [
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        headers.remove(name);
    }
    if let Some(origin) = allowed_origin(cors, request) {
        set_origin(cors, headers, origin);
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.join(","));
    }
}

fn allowed_origin(cors: &Cors, headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    cors.allow_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

fn set_origin(cors: &Cors, headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    if cors.allow_credentials {
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Some(value) = HeaderValue::try_from(value).ok().filter(|value| !value.is_empty()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: vec!["https://a.example".to_owned()],
            allow_methods: vec!["GET".to_owned(), "PATCH".to_owned()],
            allow_headers: vec!["authorization".to_owned()],
            expose_headers: vec!["retry-after".to_owned()],
            allow_credentials: false,
            max_age: Some("600".to_owned()),
        }
    }

    fn request(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::try_from(origin).unwrap());
        headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PATCH"));
        headers
    }

    #[test]
    fn a_preflight_from_an_allowed_origin_is_told_what_it_may_do() {
        let response = preflight(&cors(), &Method::OPTIONS, &request("https://a.example")).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("access-control-allow-origin"), Some("https://a.example"));
        assert_eq!(header("access-control-allow-methods"), Some("GET,PATCH"));
        assert_eq!(header("access-control-allow-headers"), Some("authorization"));
        assert_eq!(header("access-control-max-age"), Some("600"));
    }

    #[test]
    fn a_preflight_from_another_origin_gets_no_permission() {
        let response = preflight(&cors(), &Method::OPTIONS, &request("https://b.example")).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        assert!(response.headers().is_empty());
    }

    #[test]
    fn options_without_the_preflight_headers_is_an_ordinary_request() {
        assert!(preflight(&cors(), &Method::OPTIONS, &HeaderMap::new()).is_none());
        assert!(preflight(&cors(), &Method::PATCH, &request("https://a.example")).is_none());
    }

    #[test]
    fn a_functions_own_cors_headers_are_replaced() {
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("null"));
        add_headers(&cors(), &request("https://a.example"), &mut response);
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(response.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS], "retry-after");
    }

    #[test]
    fn any_origin_is_answered_with_a_star() {
        let mut any = cors();
        any.allow_origins = vec!["*".to_owned()];
        let response = preflight(&any, &Method::OPTIONS, &request("https://b.example")).unwrap();
        assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }
}
