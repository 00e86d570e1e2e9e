//! Time, processor time, memory and calls, over many processes. The functions take turns, so that whatever else the
//! machine does affects them all alike.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::process::{Launch, Outcome};
use crate::tls::Tls;

/// The measurements of one function: medians over its processes, and percentiles over all its warm requests. Times are
/// in microseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// From the start until it asks for work.
    pub(crate) ready: f64,
    pub(crate) ready_cpu: f64,
    pub(crate) first: f64,
    pub(crate) first_cpu: f64,
    pub(crate) warm_p50: f64,
    pub(crate) warm_p99: f64,
    pub(crate) warm_cpu: f64,
    /// Bytes.
    pub(crate) peak_memory: u64,
}

impl Times {
    /// Processor time of a cold start: until it asks for work, and the first request.
    pub(crate) fn cold_cpu(&self) -> f64 {
        self.ready_cpu + self.first_cpu
    }
}

/// The calls to AWS, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Calls {
    pub(crate) init: Vec<String>,
    pub(crate) first: Vec<String>,
    pub(crate) warm: Vec<String>,
}

/// Runs all `launches` in turn, `rounds` times, and returns the outcomes of each; calls `step` after each process.
pub(crate) fn interleaved(
    launches: &[&Launch],
    rounds: usize,
    requests: usize,
    (tls, scratch): (&Tls, &Path),
    step: &mut dyn FnMut(),
) -> Result<Vec<Vec<Outcome>>> {
    let mut outcomes: Vec<Vec<Outcome>> = launches.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (launch, outcomes) in launches.iter().zip(&mut outcomes) {
            outcomes.push(launch.run(tls, 1 + requests, scratch)?);
            step();
        }
    }
    Ok(outcomes)
}

/// The measurements over a function's processes.
pub(crate) fn times(outcomes: &[Outcome]) -> Option<Times> {
    let each = |value: &dyn Fn(&Outcome) -> Option<f64>| median(outcomes.iter().filter_map(value).collect());
    let mut warm: Vec<f64> =
        outcomes.iter().flat_map(|o| o.notes.answered.iter().skip(1)).map(|a| us(a.took)).collect();
    warm.sort_unstable_by(f64::total_cmp);
    Some(Times {
        ready: each(&|o| Some(us(o.notes.asked.first()?.at - o.started)))?,
        ready_cpu: each(&|o| Some(us(o.notes.asked.first()?.cpu)))?,
        first: each(&|o| Some(us(o.notes.answered.first()?.took)))?,
        first_cpu: each(&|o| Some(us(o.notes.asked.get(1)?.cpu - o.notes.asked.first()?.cpu)))?,
        warm_p50: percentile(&warm, 50)?,
        warm_p99: percentile(&warm, 99)?,
        warm_cpu: each(&|o| {
            let used = o.notes.asked.last()?.cpu - o.notes.asked.get(1)?.cpu;
            Some(us(used) / (o.notes.answered.len() - 1) as f64)
        })?,
        peak_memory: each(&|o| Some(o.peak_memory as f64))? as u64,
    })
}

/// The calls of a process that has answered at least two requests.
pub(crate) fn calls(outcome: &Outcome) -> Option<Calls> {
    let asked = |n: usize| outcome.notes.asked.get(n).map(|asked| asked.calls);
    let part = |from, to| outcome.calls.get(from..to).map(<[String]>::to_vec);
    let (init, first, warm) = (asked(0)?, asked(1)?, asked(2)?);
    Some(Calls { init: part(0, init)?, first: part(init, first)?, warm: part(first, warm)? })
}

/// The value below which `percent` of the sorted values lie.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().checked_sub(1)?)).copied()
}

pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    percentile(&values, 50)
}

pub(crate) fn us(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&values, 50), percentile(&values, 99)), (Some(51.0), Some(100.0)));
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
    }
}
