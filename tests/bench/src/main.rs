//! Measures what the functions cost: each release binary runs against a Runtime API and AWS endpoints in this program.
//!
//! 1. `binaries` builds them and measures their size; `functions` knows the request to each.
//! 2. `process` starts one; `runtime_api` gives it work and records times, `aws` answers its calls over `tls`.
//! 3. `measure` repeats this for the functions and the `peers`, `freeze` with a freeze, `instructions` under valgrind.
//! 4. `report` is the result: shown as `table`s and `svg`, compared with a `baseline`, checked against the `budget`.
//!
//! `load` is separate: it puts the whole local stack under load. Linux only, because of `/proc`.

mod aws;
mod baseline;
mod binaries;
mod budget;
mod cpu;
mod freeze;
mod functions;
mod http1;
mod instructions;
mod load;
mod measure;
mod options;
mod peers;
mod process;
mod progress;
mod report;
mod runtime_api;
mod server;
mod svg;
mod table;
mod tls;
mod totp;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use functions::{FUNCTIONS, Function, Items};
use options::Options;
use peers::Peer;
use process::Launch;
use progress::Progress;
use report::{Measured, Report};
use tls::Tls;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the options ask for. `false` if the budget was to be checked and a value is over it.
fn run() -> Result<bool> {
    let Some(options) = Options::read(lexopt::Parser::from_env())? else {
        print!("{}", options::HELP);
        return Ok(true);
    };
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("no workspace")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let scratch = target.join("bench");
    std::fs::create_dir_all(&scratch)?;

    let mut report = measured(&options, workspace, &scratch)?;
    if options.load {
        report.load = load::drive(workspace, &scratch)?;
    }
    let json = serde_json::to_string_pretty(&report)? + "\n";
    for path in [Some(scratch.join("last.json")), options.json.clone()].into_iter().flatten() {
        std::fs::write(&path, &json).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let budget = workspace.join("tests/bench/budget.json");
    if options.write_budget {
        budget::Budget::write(&report, &budget)?;
    }
    if options.check {
        let (table, over) = budget::Budget::read(&budget)?.check(&report);
        println!("{table}");
        over.iter().for_each(|sentence| eprintln!("over budget: {sentence}"));
        return Ok(over.is_empty());
    }
    println!("{}", table::of(&report));
    if let Some(path) = &options.baseline {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        println!("{}", baseline::comparison(&serde_json::from_str(&text)?, &report));
    }
    if let Some(path) = &options.svg {
        std::fs::write(path, svg::of(&report)).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(true)
}

/// Measures the functions, and the peers if requested.
fn measured(options: &Options, workspace: &Path, scratch: &Path) -> Result<Report> {
    let valgrind = instructions::valgrind();
    if valgrind.is_none() && (options.check || options.write_budget) {
        return Err("valgrind is needed to count instructions, and is not installed".into());
    }
    let binaries: BTreeMap<String, PathBuf> = match &options.binaries {
        Some(directory) => FUNCTIONS.iter().map(|f| (f.name.to_owned(), directory.join(f.name))).collect(),
        None => binaries::build(workspace)?,
    };
    let binary = |name: &str| binaries.get(name).ok_or_else(|| format!("Cargo has built no {name}"));
    let tls = Tls::new(scratch)?;
    let items = Items::written_by(binary("update-settings")?, workspace, &tls, scratch)?;
    let wanted = |function: &&Function| options.only.is_empty() || options.only.iter().any(|n| n == function.name);
    let functions: Vec<&Function> = FUNCTIONS.iter().filter(wanted).collect();
    let launches = functions
        .iter()
        .map(|function| functions::launch(function, binary(function.name)?, workspace, &items))
        .collect::<Result<Vec<Launch>>>()?;
    let peers = if options.peers { peers::installed(&scratch.join("peers"), workspace)? } else { Vec::new() };
    let peers: Vec<&Peer> = peers.iter().filter(|peer| functions.iter().any(|f| f.name == peer.function)).collect();

    let (rounds, requests) = if options.check { (1, 1) } else { (options.rounds, options.requests) };
    let all: Vec<&Launch> = launches.iter().chain(peers.iter().map(|peer| &peer.launch)).collect();
    let counted = if valgrind.is_some() { launches.len() * instructions::STEPS } else { 0 };
    let mut progress = Progress::new(rounds * all.len() + counted);
    progress.label("times");
    let outcomes = measure::interleaved(&all, rounds, requests, (&tls, scratch), &mut || progress.step())?;

    let names = functions.iter().map(|f| (f.name, "Rust")).chain(peers.iter().map(|p| (p.function, p.made_with)));
    let mut measured = Vec::new();
    for ((name, made_with), outcomes) in names.zip(&outcomes) {
        measured.push(Measured {
            name: name.to_owned(),
            made_with: made_with.to_owned(),
            size: None,
            calls: outcomes.first().and_then(measure::calls).unwrap_or_default(),
            times: if options.check { None } else { measure::times(outcomes) },
            instructions: None,
            after_freeze: None,
        });
    }
    let peers = measured.split_off(launches.len());
    if !options.check {
        progress.label("freezes");
        for (function, frozen) in measured.iter_mut().zip(freeze::after_freeze(&launches, &tls, scratch)?) {
            function.after_freeze = Some(frozen);
        }
    }
    for (function, launch) in measured.iter_mut().zip(&launches) {
        function.size = Some(binaries::size(binary(&function.name)?)?);
        if let Some(valgrind) = &valgrind {
            progress.label(&format!("instructions of {}", function.name));
            let mut step = || progress.step();
            function.instructions = Some(instructions::count(launch, valgrind, &tls, scratch, &mut step)?);
        }
    }
    Ok(Report { machine: report::machine(), functions: measured, peers, load: Vec::new() })
}
