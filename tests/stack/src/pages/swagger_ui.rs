//! The API reference: Swagger UI, which its crate contains in full, for the unchanged `openapi.yaml`.

use std::sync::Arc;

use utoipa_swagger_ui::Config;

use super::html;
use crate::error::StartError;

/// The files of Swagger UI that the page loads.
pub(crate) const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

/// The page. `reference.js` is a module, so it runs after the deferred bundle.
pub(crate) fn page() -> String {
    let main = r#"<link rel="stylesheet" href="/local/pages/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/local/pages/swagger-ui-bundle.js" defer></script>
<script type="module" src="/local/pages/reference.js"></script>"#;
    html::page("Reference", main)
}

/// One of [`FILES`].
///
/// # Errors
/// If the crate no longer has it.
pub(crate) fn file(name: &str) -> Result<String, StartError> {
    let found = utoipa_swagger_ui::serve(name, Arc::new(Config::from("/openapi.yaml"))).ok().flatten();
    let text = found.and_then(|file| String::from_utf8(file.bytes.into_owned()).ok());
    text.ok_or_else(|| StartError::new(format!("Swagger UI has no file {name}")))
}
