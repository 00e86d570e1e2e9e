//! The command line.

use std::path::PathBuf;

use crate::Result;

pub(crate) const HELP: &str = "\
Measures what the functions cost: size, cold start, requests, memory, calls to AWS, instructions.

Usage: cargo run --release -p bench -- [OPTIONS]

  --rounds N          processes of each function, interleaved (default 15)
  --requests N        warm requests of each process (default 50)
  --peers             measure Python, Node and default Rust beside them; tests/bench/peers/install first
  --load              drive the local stack with 1, 8 and 32 users too, ten seconds each
  --baseline FILE     compare with an earlier run's JSON
  --json FILE         write the result there too (it is always in target/bench/last.json)
  --svg FILE          draw a picture of it
  --check             only size, calls to AWS and instructions, held against tests/bench/budget.json
  --write-budget      make this run's values the budget
  --binaries DIR      measure these binaries instead of building them
  --only NAME         measure only this function; may be given more than once
  --help              show this

Instructions are counted by valgrind, and left out where it is not installed.
";

/// What to do.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) requests: usize,
    pub(crate) peers: bool,
    pub(crate) load: bool,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) svg: Option<PathBuf>,
    pub(crate) check: bool,
    pub(crate) write_budget: bool,
    pub(crate) binaries: Option<PathBuf>,
    pub(crate) only: Vec<String>,
}

impl Options {
    /// Reads the command line; `None` means that the help is to be shown.
    pub(crate) fn read(mut arguments: lexopt::Parser) -> Result<Option<Self>> {
        use lexopt::prelude::*;

        let mut options = Self {
            rounds: 15,
            requests: 50,
            peers: false,
            load: false,
            baseline: None,
            json: None,
            svg: None,
            check: false,
            write_budget: false,
            binaries: None,
            only: Vec::new(),
        };
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("rounds") => options.rounds = number(arguments.value()?.parse()?)?,
                Long("requests") => options.requests = number(arguments.value()?.parse()?)?,
                Long("peers") => options.peers = true,
                Long("load") => options.load = true,
                Long("baseline") => options.baseline = Some(arguments.value()?.into()),
                Long("json") => options.json = Some(arguments.value()?.into()),
                Long("svg") => options.svg = Some(arguments.value()?.into()),
                Long("check") => options.check = true,
                Long("write-budget") => options.write_budget = true,
                Long("binaries") => options.binaries = Some(arguments.value()?.into()),
                Long("only") => options.only.push(arguments.value()?.string()?),
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }
}

fn number(number: usize) -> Result<usize> {
    if number == 0 { Err("0 runs measure nothing".into()) } else { Ok(number) }
}
