//! The pages for a browser: the console at `/`, the API reference and the problem types.
//!
//! Everything they need is in this binary. Their policy allows a browser to load nothing from elsewhere and to run no
//! other scripts. Like the helpers they use, they are served under loopback names only.

mod html;
mod markdown;
mod problems;
mod swagger_ui;

use axum::Router;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde_json::Value;

use crate::error::StartError;
use crate::gateway;
use crate::local::only_from_here;
use crate::openapi;

/// What a browser may load and run for these pages (Content Security Policy Level 3).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const YAML: &str = "application/yaml; charset=utf-8";

/// The name, media type and text of each file that the pages load.
const ASSETS: [(&str, &str, &str); 13] = [
    ("style.css", STYLE, include_str!("assets/style.css")),
    ("console.js", SCRIPT, include_str!("assets/console.js")),
    ("api.js", SCRIPT, include_str!("assets/api.js")),
    ("dom.js", SCRIPT, include_str!("assets/dom.js")),
    ("events.js", SCRIPT, include_str!("assets/events.js")),
    ("phone.js", SCRIPT, include_str!("assets/phone.js")),
    ("reference.js", SCRIPT, include_str!("assets/reference.js")),
    ("requests.js", SCRIPT, include_str!("assets/requests.js")),
    ("session.js", SCRIPT, include_str!("assets/session.js")),
    ("stack.js", SCRIPT, include_str!("assets/stack.js")),
    ("totp.js", SCRIPT, include_str!("assets/totp.js")),
    ("users.js", SCRIPT, include_str!("assets/users.js")),
    ("waits.js", SCRIPT, include_str!("assets/waits.js")),
];

/// The routes of all pages.
///
/// # Errors
/// If `openapi.yaml` is not valid YAML, or Swagger UI lacks a file.
pub(crate) fn router() -> Result<Router, StartError> {
    let document: Value = openapi::openapi()?;
    let mut router = page(Router::new(), "/", HTML, include_str!("assets/console.html").to_owned());
    router = page(router, "/reference", HTML, swagger_ui::page());
    router = page(router, "/openapi.yaml", YAML, openapi::TEXT.to_owned());
    for (name, media_type, text) in ASSETS {
        router = page(router, &format!("/local/pages/{name}"), media_type, text.to_owned());
    }
    for name in swagger_ui::FILES {
        let media_type = if name.ends_with(".css") { STYLE } else { SCRIPT };
        router = page(router, &format!("/local/pages/{name}"), media_type, swagger_ui::file(name)?);
    }
    for (path, text) in problems::pages(&document) {
        router = page(router, &path, HTML, text);
    }
    // Another method on a page's path is a request to the gateway, which has no such route.
    Ok(router.method_not_allowed_fallback(async || gateway::not_found()).layer(from_fn(only_from_here)))
}

fn page(router: Router, path: &str, media_type: &'static str, text: String) -> Router {
    router.route(path, get(async move || answer(media_type, text)))
}

fn answer(media_type: &'static str, text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}
