//! Instructions, counted by valgrind: the same on every machine, whatever else it does.
//!
//! Stopping a process midway would add to the count. So the cost of each part is how much more a run with that part
//! costs than one without it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::process::Launch;
use crate::tls::Tls;

/// Runs of each kind, of which the median is used: no two TLS handshakes cost quite the same.
const RUNS: usize = 3;

/// Warm requests in the shorter of two runs; the longer one has twice as many.
const WARM: usize = 40;

/// How often a failed run is retried.
const RETRIES: usize = 6;

/// Runs per function.
pub(crate) const STEPS: usize = 3 * RUNS + 2;

/// Instructions of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Instructions {
    /// From the start until it asks for work, without opening connections.
    pub(crate) init: u64,
    /// Opening the connections in init.
    pub(crate) priming: u64,
    /// The first request.
    pub(crate) first: u64,
    /// A later request.
    pub(crate) warm: u64,
}

/// Where valgrind is, if it is installed.
pub(crate) fn valgrind() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join("valgrind")).find(|program| program.is_file())
}

/// Counts the instructions of a function; calls `step` after each run.
pub(crate) fn count(
    launch: &Launch,
    valgrind: &Path,
    tls: &Tls,
    scratch: &Path,
    step: &mut dyn FnMut(),
) -> Result<Instructions> {
    let mut run = |launch: &Launch, requests| {
        let counted = one_run(launch, valgrind, tls, requests, scratch);
        step();
        counted
    };
    let unprimed = without_priming(launch);
    let init = median(|| run(&unprimed, 0))?;
    let ready = median(|| run(launch, 0))?;
    let one = median(|| run(launch, 1))?;
    let (short, long) = (run(launch, 1 + WARM)?, run(launch, 1 + 2 * WARM)?);
    Ok(Instructions {
        init,
        priming: ready.saturating_sub(init),
        first: one.saturating_sub(ready),
        warm: long.saturating_sub(short) / WARM as u64,
    })
}

/// The same function with endpoint URLs that are incomplete, so that it cannot begin to open a connection, and without
/// the root certificate, which only the stubs need.
fn without_priming(launch: &Launch) -> Launch {
    let mut launch = launch.clone();
    for (name, value) in [
        ("AWS_ENDPOINT_URL_DYNAMODB", "https://"),
        ("AWS_ENDPOINT_URL_SNS", "https://"),
        ("SSL_CERT_FILE", "/dev/null"),
    ] {
        launch.environment.push((name.to_owned(), value.to_owned()));
    }
    launch
}

fn median(mut run: impl FnMut() -> Result<u64>) -> Result<u64> {
    let mut counts = (0..RUNS).map(|_| run()).collect::<Result<Vec<u64>>>()?;
    counts.sort_unstable();
    counts.get(RUNS / 2).copied().ok_or_else(|| "no run".into())
}

fn one_run(launch: &Launch, valgrind: &Path, tls: &Tls, requests: usize, scratch: &Path) -> Result<u64> {
    let output = scratch.join("callgrind.out");
    let mut under = launch.clone();
    let mut option = OsString::from("--callgrind-out-file=");
    option.push(&output);
    under.command.splice(0..0, [valgrind.into(), "--tool=callgrind".into(), "--log-fd=-1".into(), option]);
    // The functions' time limits are meant for a process at normal speed; under valgrind on a busy machine one may
    // expire.
    let mut outcome = under.run(tls, requests, scratch);
    for _ in 0..RETRIES {
        if outcome.is_err() {
            outcome = under.run(tls, requests, scratch);
        }
    }
    outcome?;
    let text = std::fs::read_to_string(&output).map_err(|e| format!("{}: {e}", output.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")));
    total.and_then(|total| total.trim().parse().ok()).ok_or_else(|| "valgrind has counted nothing".into())
}
