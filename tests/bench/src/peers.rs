//! The same requests as they would be implemented with other tools, in tests/bench/peers, on the same Runtime API.

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use crate::functions::{FUNCTIONS, environment, event};
use crate::process::Launch;
use crate::{Result, totp};

/// A peer that answers the request of one of our functions.
pub(crate) struct Peer {
    pub(crate) function: &'static str,
    pub(crate) made_with: &'static str,
    pub(crate) launch: Launch,
}

/// The peers that `tests/bench/peers/install` has installed in `directory`.
pub(crate) fn installed(directory: &Path, workspace: &Path) -> Result<Vec<Peer>> {
    let mut peers = Vec::new();
    let (python, node) = (directory.join("python"), directory.join("node"));
    let candidates: [(&str, Vec<OsString>, &[&str]); 4] = [
        ("default Rust", vec![directory.join("rust-default/release/rust-default").into()], &["get-settings"]),
        ("Go", vec![directory.join("go/settings").into()], &["get-settings"]),
        ("Node", vec![node_program(), node.join("handler.mjs").into()], &["get-settings", "qr-code", "verify"]),
        (
            "Python",
            vec![python.join("bin/python").into(), python.join("handler.py").into()],
            &["get-settings", "qr-code", "verify"],
        ),
    ];
    for (made_with, command, requests) in candidates {
        if !command.iter().all(|part| Path::new(part).exists()) {
            eprintln!("{made_with} is left out: it is not installed");
            continue;
        }
        for function in FUNCTIONS.iter().filter(|function| requests.contains(&function.name)) {
            let mut command = command.clone();
            command.push(function.name.into());
            let launch = Launch {
                command,
                environment: environment(),
                item: item(),
                event: event(workspace, function.name)?,
                status: function.status,
            };
            peers.push(Peer { function: function.name, made_with, launch });
        }
    }
    if peers.is_empty() { Err("no peer is installed; run tests/bench/peers/install".into()) } else { Ok(peers) }
}

/// The stored item for the peers. Nothing in it is sealed, which saves them work.
fn item() -> Value {
    json!({
        "pk": {"S": "USER#42"},
        "method": {"S": "google"},
        "secret": {"S": totp::SECRET},
        "enrolment": {"S": "0123456789abcdef0123456789abcdef"},
        "verified": {"BOOL": false},
    })
}

fn node_program() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|directory| directory.join("node"));
    candidates.find(|program| program.is_file()).unwrap_or_else(|| "node".into()).into()
}
