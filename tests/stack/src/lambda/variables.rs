//! The environment variables that Lambda itself sets.

use std::collections::BTreeMap;
use std::path::Path;

use crate::template::{FunctionSpec, REGION};

/// The variables that Lambda sets for every function on an OS-only runtime (`provided.al2023`). The credentials are
/// fake: real ones never reach a function here.
pub(super) fn reserved_variables(spec: &FunctionSpec, executable: &Path) -> BTreeMap<String, String> {
    let task_root = executable.parent().unwrap_or(executable).display().to_string();
    let memory_mb = spec.memory_mb.to_string();
    let log_group = format!("/aws/lambda/{}", spec.name);
    let variables = [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory_mb),
        ("AWS_LAMBDA_FUNCTION_NAME", &spec.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &log_group),
        ("AWS_REGION", REGION),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_SESSION_TOKEN", "local"),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
        ("LAMBDA_TASK_ROOT", &task_root),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", "bootstrap"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
