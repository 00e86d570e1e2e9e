//! All the results of a run, as they are written to JSON and read back as a baseline.

use serde::{Deserialize, Serialize};

use crate::binaries::Size;
use crate::freeze::AfterFreeze;
use crate::instructions::Instructions;
use crate::load::Load;
use crate::measure::{Calls, Times};

/// The result of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) functions: Vec<Measured>,
    #[serde(default)]
    pub(crate) peers: Vec<Measured>,
    #[serde(default)]
    pub(crate) load: Vec<Load>,
}

/// One function or peer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// The function's name; a peer has the name of the function whose request it answers.
    pub(crate) name: String,
    /// What it is made with.
    pub(crate) made_with: String,
    pub(crate) size: Option<Size>,
    pub(crate) calls: Calls,
    pub(crate) times: Option<Times>,
    pub(crate) instructions: Option<Instructions>,
    #[serde(default)]
    pub(crate) after_freeze: Option<AfterFreeze>,
}

impl Report {
    /// Our function `name`.
    pub(crate) fn function(&self, name: &str) -> Option<&Measured> {
        self.functions.iter().find(|function| function.name == name)
    }
}

/// A short description of this machine.
pub(crate) fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{model}, {cores} cores")
}
