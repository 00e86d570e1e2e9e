//! Builds the functions' binaries with Cargo and locates the executables.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::error::StartError;
use crate::process::Group;

/// The path of each binary's executable, by binary name.
pub(crate) type Executables = BTreeMap<String, PathBuf>;

/// The fields needed from the messages of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds the binaries in the profile of this program. Cargo's progress goes to standard error.
pub(crate) async fn build(workspace: &Path, binaries: &BTreeSet<String>) -> Result<Executables, StartError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(&cargo);
    // With `--workspace` the dependencies have the same features as in the build that made this program, whether by
    // `cargo run` or `cargo test`. With `-p` for each package they would all be built a second time.
    command.current_dir(workspace).args(["build", "--workspace", "--message-format=json-render-diagnostics"]);
    for binary in binaries {
        command.args(["--bin", binary]);
    }
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_of_this_package(name)) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let failed = |e| StartError::new(format!("the functions could not be built: {e}"));
    let mut group =
        Group::spawn(&mut command).map_err(|e| StartError::new(format!("{} can't be run: {e}", cargo.display())))?;
    let mut messages = Vec::new();
    if let Some(mut pipe) = group.child().stdout.take() {
        pipe.read_to_end(&mut messages).await.map_err(failed)?;
    }
    if !group.child().wait().await.map_err(failed)?.success() {
        return Err(StartError::new("the functions could not be built; Cargo says why above"));
    }
    let mut executables = Executables::new();
    for line in messages.split(|byte| *byte == b'\n') {
        let Ok(message) = serde_json::from_slice::<Message>(line) else { continue };
        if let (Some(executable), Some(target)) = (message.executable, message.target)
            && message.reason == "compiler-artifact"
        {
            executables.insert(target.name, executable);
        }
    }
    match binaries.iter().find(|binary| !executables.contains_key(*binary)) {
        Some(missing) => Err(StartError::new(format!("Cargo built no binary {missing}, which template.yaml names"))),
        None => Ok(executables),
    }
}

/// Whether Cargo sets this variable for the program it runs. Passed on to the build, such a variable would look like a
/// changed environment to build scripts, which would then run again every time.
fn is_of_this_package(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || matches!(
            name,
            "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "CARGO_TARGET_TMPDIR" | "OUT_DIR"
        )
        || name.starts_with("CARGO_BIN_EXE_")
}
