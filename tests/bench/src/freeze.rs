//! The request after a freeze. Between two requests Lambda stops the process for seconds or hours, and a connection may
//! be lost by the time it resumes.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::measure::{median, us};
use crate::process::{Launch, Outcome};
use crate::tls::Tls;

/// Longer than a function trusts an idle connection.
const SILENCE: Duration = Duration::from_secs(7);

/// Requests before the freeze.
const WARM: usize = 5;

/// Processes per kind of freeze.
const ROUNDS: usize = 5;

/// How a process is frozen before its last request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freeze {
    pub(crate) silence: Duration,
    /// Whether AWS closes the connections meanwhile.
    pub(crate) is_lost: bool,
}

/// The median time of the request after a freeze in microseconds, with connections kept and lost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct AfterFreeze {
    pub(crate) kept: f64,
    pub(crate) kept_cpu: f64,
    pub(crate) lost: f64,
    pub(crate) lost_cpu: f64,
}

/// Measures the request after a freeze for all `launches`. The processes of one launch are frozen at the same time and
/// resume one after the other.
pub(crate) fn after_freeze(launches: &[Launch], tls: &Tls, scratch: &Path) -> Result<Vec<AfterFreeze>> {
    launches
        .iter()
        .enumerate()
        .map(|(n, launch)| {
            std::thread::scope(|scope| {
                let runs: Vec<_> = (0..2 * ROUNDS)
                    .map(|round| {
                        let freeze = Freeze { silence: SILENCE, is_lost: round % 2 == 1 };
                        let scratch = scratch.join(format!("freeze-{n}-{round}"));
                        scope.spawn(move || {
                            std::fs::create_dir_all(&scratch)?;
                            launch.run_frozen(tls, 1 + WARM, freeze, &scratch)
                        })
                    })
                    .collect();
                let outcomes: Result<Vec<Outcome>> =
                    runs.into_iter().map(|run| run.join().unwrap_or_else(|_| Err("a run panicked".into()))).collect();
                medians(&outcomes?).ok_or_else(|| "no run".into())
            })
        })
        .collect()
}

fn medians(outcomes: &[Outcome]) -> Option<AfterFreeze> {
    let of = |is_lost: bool, value: &dyn Fn(&Outcome) -> Option<f64>| {
        median(outcomes.iter().skip(usize::from(is_lost)).step_by(2).filter_map(value).collect())
    };
    let took = |outcome: &Outcome| Some(us(outcome.notes.answered.last()?.took));
    let cpu = |outcome: &Outcome| {
        let asked = &outcome.notes.asked;
        Some(us(asked.last()?.cpu - asked.get(asked.len().checked_sub(2)?)?.cpu))
    };
    Some(AfterFreeze {
        kept: of(false, &took)?,
        kept_cpu: of(false, &cpu)?,
        lost: of(true, &took)?,
        lost_cpu: of(true, &cpu)?,
    })
}

/// The turn to resume, so that no process disturbs another's request.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
