//! What has changed since an earlier run.

use crate::report::{Measured, Report};
use crate::table::render;

/// The changes in each function's values, in percent.
pub(crate) fn comparison(before: &Report, now: &Report) -> String {
    let rows = now.functions.iter().filter_map(|function| {
        let earlier = before.function(&function.name)?;
        Some([function.name.clone()].into_iter().chain(changes(earlier, function)).collect())
    });
    let headers =
        ["change", "binary", "init Ir", "opening Ir", "first Ir", "warm Ir", "cold CPU", "warm CPU", "memory"];
    render(&headers, &rows.collect::<Vec<_>>())
}

fn changes(before: &Measured, now: &Measured) -> Vec<String> {
    let values = |measured: &Measured| {
        let (size, counted, times) = (measured.size, measured.instructions, measured.times.as_ref());
        [
            size.map(|size| size.binary as f64),
            counted.map(|counted| counted.init as f64),
            counted.map(|counted| counted.priming as f64),
            counted.map(|counted| counted.first as f64),
            counted.map(|counted| counted.warm as f64),
            times.map(crate::measure::Times::cold_cpu),
            times.map(|times| times.warm_cpu),
            times.map(|times| times.peak_memory as f64),
        ]
    };
    let both = values(before).into_iter().zip(values(now));
    both.map(|pair| match pair {
        (Some(before), Some(now)) if before > 0.0 => format!("{:+.1} %", (now / before - 1.0) * 100.0),
        _ => "–".to_owned(),
    })
    .collect()
}
