//! The API's description.

use serde_json::Value;

use crate::error::StartError;
use crate::template::yaml;

/// The text of `openapi.yaml`.
pub(crate) const TEXT: &str = include_str!("../../../openapi.yaml");

/// `openapi.yaml` as JSON.
///
/// # Errors
/// If it is not valid YAML.
pub fn openapi() -> Result<Value, StartError> {
    yaml::parse(TEXT)
}
