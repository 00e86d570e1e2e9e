//! The budget: the size, calls and instructions allowed for a function. All of them are the same on every machine, so
//! nothing here fails because a machine is slow or busy.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::instructions::Instructions;
use crate::measure::Calls;
use crate::report::{Measured, Report};
use crate::table::render;

/// tests/bench/budget.json.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Budget {
    margin_percent: Margin,
    functions: BTreeMap<String, Allowed>,
}

/// How far above its budget a value may be, in percent: compilers, C libraries and processors differ a little.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Margin {
    bytes: u64,
    instructions: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Allowed {
    bytes: u64,
    instructions: Instructions,
    calls: Calls,
}

impl Budget {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok(serde_json::from_str(&text).map_err(|e| format!("{}: {e}", path.display()))?)
    }

    /// Makes the values of `report` the budget; functions that were not measured keep theirs.
    pub(crate) fn write(report: &Report, path: &Path) -> Result<()> {
        let mut budget = Self::read(path)
            .unwrap_or(Self { margin_percent: Margin { bytes: 2, instructions: 5 }, functions: BTreeMap::new() });
        for function in &report.functions {
            if let (Some(size), Some(instructions)) = (function.size, function.instructions) {
                let allowed = Allowed { bytes: size.binary, instructions, calls: function.calls.clone() };
                budget.functions.insert(function.name.clone(), allowed);
            }
        }
        Ok(std::fs::write(path, serde_json::to_string_pretty(&budget)? + "\n")?)
    }

    /// A table of what was measured and allowed, and a list of what is over the budget.
    pub(crate) fn check(&self, report: &Report) -> (String, Vec<String>) {
        let (mut rows, mut over) = (Vec::new(), Vec::new());
        for function in &report.functions {
            let Some(allowed) = self.functions.get(&function.name) else {
                over.push(format!("{} has no budget", function.name));
                continue;
            };
            if function.calls != allowed.calls {
                over.push(format!("{} calls {:?}, not {:?}", function.name, function.calls, allowed.calls));
            }
            for (what, value, budget, margin) in self.values(function, allowed) {
                let limit = budget + budget * margin / 100;
                let Some(value) = value else {
                    over.push(format!("{}: {what} could not be measured", function.name));
                    continue;
                };
                if value > limit {
                    over.push(format!("{}: {what} {value} is over {limit}", function.name));
                }
                let percent = (value as f64 / budget as f64 - 1.0) * 100.0;
                let percent = if budget == 0 { "–".to_owned() } else { format!("{percent:+.1} %") };
                let name = format!("{}: {what}", function.name);
                rows.push(vec![name, value.to_string(), budget.to_string(), limit.to_string(), percent]);
            }
        }
        (render(&["what", "now", "budget", "limit", "of budget"], &rows), over)
    }

    fn values(&self, function: &Measured, allowed: &Allowed) -> [(&'static str, Option<u64>, u64, u64); 5] {
        let (now, budget) = (function.instructions, allowed.instructions);
        let Margin { bytes, instructions } = self.margin_percent;
        [
            ("bytes", function.size.map(|size| size.binary), allowed.bytes, bytes),
            ("init", now.map(|now| now.init), budget.init, instructions),
            // The cost of opening also depends on the numbers in the certificates, and is small without connections.
            ("opening", now.map(|now| now.priming), budget.priming.max(50_000), instructions),
            ("first", now.map(|now| now.first), budget.first, instructions),
            ("warm", now.map(|now| now.warm), budget.warm, instructions),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binaries::Size;

    fn measured(bytes: u64, warm: u64, call: &str) -> Report {
        let calls = Calls { init: Vec::new(), first: vec![call.to_owned()], warm: vec![call.to_owned()] };
        let instructions = Some(Instructions { init: 1000, priming: 0, first: 1000, warm });
        let function = Measured {
            name: "reset".to_owned(),
            made_with: "Rust".to_owned(),
            size: Some(Size { binary: bytes, zip: 1 }),
            calls,
            times: None,
            instructions,
            after_freeze: None,
        };
        Report { machine: String::new(), functions: vec![function], peers: Vec::new(), load: Vec::new() }
    }

    #[test]
    fn what_is_over_its_margin_or_calls_otherwise_is_named() {
        let directory = std::env::temp_dir().join(format!("bench-budget-{}", std::process::id()));
        Budget::write(&measured(1000, 1000, "GetItem"), &directory).unwrap();
        let budget = Budget::read(&directory).unwrap();
        std::fs::remove_file(directory).unwrap();
        assert!(budget.check(&measured(1020, 1050, "GetItem")).1.is_empty());
        let over = budget.check(&measured(1021, 1051, "PutItem")).1;
        assert_eq!(over.len(), 3, "{over:?}");
    }
}
