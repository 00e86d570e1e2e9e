//! The API's description.

use std::path::Path;

use serde_json::Value;

use crate::error::StartError;
use crate::template::yaml;

/// `openapi.yaml` as JSON.
///
/// # Errors
/// If it can't be read.
pub fn openapi() -> Result<Value, StartError> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
    let text = std::fs::read_to_string(&path)
        .map_err(|e| StartError::new(format!("{} can't be read: {e}", path.display())))?;
    yaml::parse(&text)
}
