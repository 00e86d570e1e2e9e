//! Builds the release binaries of the functions and measures their size.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Result;
use crate::functions::FUNCTIONS;

/// Bytes of a binary, and of the archive it is uploaded in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) binary: u64,
    pub(crate) zip: u64,
}

/// Builds all functions and nothing else, as a deployment does: in a build of the whole workspace their dependencies
/// would also have the features that the tools need.
pub(crate) fn build(workspace: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(workspace).args(["build", "--release", "--message-format=json-render-diagnostics"]);
    for function in &FUNCTIONS {
        command.args(["-p", function.name]);
    }
    forget_own_package(&mut command);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err("the functions could not be built; Cargo says why above".into());
    }
    let messages = output.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
    Ok(messages.filter_map(|message| executable(&message)).collect())
}

/// Removes the variables that Cargo sets for the program it runs. To build scripts they would look like a changed
/// environment, and the scripts would run again each time.
pub(crate) fn forget_own_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_package = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];
        if of_package.iter().any(|prefix| text.starts_with(prefix)) || text == "CARGO_PRIMARY_PACKAGE" {
            command.env_remove(&name);
        }
    }
}

fn executable(message: &Value) -> Option<(String, PathBuf)> {
    let path = message.get("executable")?.as_str()?;
    Some((message.get("target")?.get("name")?.as_str()?.to_owned(), path.into()))
}

/// Measures the size of a binary.
pub(crate) fn size(binary: &Path) -> Result<Size> {
    let bytes = std::fs::read(binary).map_err(|e| format!("{}: {e}", binary.display()))?;
    let deflated = miniz_oxide::deflate::compress_to_vec(&bytes, 6);
    // The archive's own records: a local header, a directory entry, the end record, and the name `bootstrap` twice.
    let records = 30 + 46 + 22 + 2 * "bootstrap".len();
    Ok(Size { binary: bytes.len() as u64, zip: (deflated.len() + records) as u64 })
}
