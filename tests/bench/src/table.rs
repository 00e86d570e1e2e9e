//! Tables that read well on a terminal and are also Markdown, and the tables of a report.

use crate::measure::Calls;
use crate::report::{Measured, Report};

/// A table; the first column is text, the others are numbers.
pub(crate) fn render(headers: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headers.get(column).map(|header| header.chars().count())).max().unwrap_or(0).max(3)
    };
    let line = |cells: &[String]| {
        let cells = cells.iter().enumerate().map(|(column, cell)| {
            let fill = " ".repeat(width(column).saturating_sub(cell.chars().count()));
            if column == 0 { format!(" {cell}{fill} |") } else { format!(" {fill}{cell} |") }
        });
        format!("|{}\n", cells.collect::<String>())
    };
    let rule = (0..headers.len()).map(|column| match column {
        0 => "-".repeat(width(0)),
        _ => format!("{}:", "-".repeat(width(column) - 1)),
    });
    let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
    let head = line(&headers) + &line(&rule.collect::<Vec<_>>());
    rows.iter().fold(head, |table, row| table + &line(row))
}

/// Everything in `report`.
pub(crate) fn of(report: &Report) -> String {
    let mut text = format!("{}\n\n{}\n{}", report.machine, sizes(report), times(&report.functions));
    if report.functions.iter().any(|function| function.after_freeze.is_some()) {
        text += &format!("\n{}", after_freeze(report));
    }
    if report.functions.iter().any(|function| function.instructions.is_some()) {
        text += &format!("\n{}", instructions(report));
    }
    if !report.peers.is_empty() {
        text += &format!("\n{}\n{}", times(&report.peers), ratios(report));
    }
    if !report.load.is_empty() {
        text += &format!("\n{}", crate::load::table(&report.load));
    }
    text
}

fn sizes(report: &Report) -> String {
    let rows = report.functions.iter().map(|function| {
        let size = |bytes: Option<u64>| bytes.map_or("–".to_owned(), |bytes| format!("{:.2}", bytes as f64 / 1e6));
        let Calls { init, first, warm } = &function.calls;
        vec![
            function.name.clone(),
            size(function.size.map(|size| size.binary)),
            size(function.size.map(|size| size.zip)),
            init.len().to_string(),
            first.len().to_string(),
            warm.len().to_string(),
            if warm.is_empty() { "–".to_owned() } else { warm.join(", ") },
        ]
    });
    let headers = ["function", "binary MB", "zip MB", "connections opened", "calls: first", "warm", "calls"];
    render(&headers, &rows.collect::<Vec<_>>())
}

fn times(measured: &[Measured]) -> String {
    let rows = measured.iter().filter_map(|one| {
        let times = one.times.as_ref()?;
        let name = if one.made_with == "Rust" { one.name.clone() } else { format!("{}, {}", one.name, one.made_with) };
        let (ms, us) = (|us: f64| format!("{:.2}", us / 1e3), |us: f64| format!("{us:.0}"));
        Some(vec![
            name,
            ms(times.ready),
            ms(times.ready_cpu),
            ms(times.first),
            ms(times.first_cpu),
            us(times.warm_p50),
            us(times.warm_p99),
            us(times.warm_cpu),
            format!("{:.1}", times.peak_memory as f64 / f64::from(1 << 20)),
        ])
    });
    let headers =
        ["function", "ready ms", "CPU ms", "first request ms", "CPU ms", "warm p50 µs", "p99 µs", "CPU µs", "peak MiB"];
    render(&headers, &rows.collect::<Vec<_>>())
}

/// The time of the request after a freeze, beside a warm one.
fn after_freeze(report: &Report) -> String {
    let rows = report.functions.iter().filter_map(|function| {
        let (frozen, times) = (function.after_freeze?, function.times.as_ref()?);
        let all = [times.warm_p50, times.warm_cpu, frozen.kept, frozen.kept_cpu, frozen.lost, frozen.lost_cpu];
        Some([function.name.clone()].into_iter().chain(all.map(|us| format!("{us:.0}"))).collect())
    });
    let headers =
        ["after a freeze", "warm p50 µs", "CPU µs", "connections kept µs", "CPU µs", "connections lost µs", "CPU µs"];
    render(&headers, &rows.collect::<Vec<_>>())
}

fn instructions(report: &Report) -> String {
    let rows = report.functions.iter().filter_map(|function| {
        let counted = function.instructions?;
        let all = [counted.init, counted.priming, counted.first, counted.warm];
        Some([function.name.clone()].into_iter().chain(all.map(|n| format!("{:.3}", n as f64 / 1e6))).collect())
    });
    let headers = ["million instructions", "init", "opening connections", "first request", "warm request"];
    render(&headers, &rows.collect::<Vec<_>>())
}

/// How many times as much each peer needs as our function.
fn ratios(report: &Report) -> String {
    let rows = report.peers.iter().filter_map(|peer| {
        let (theirs, ours) = (peer.times.as_ref()?, report.function(&peer.name)?.times.as_ref()?);
        let ratio = |theirs: f64, ours: f64| format!("{:.1} ×", theirs / ours);
        Some(vec![
            format!("{}, {} ÷ ours", peer.name, peer.made_with),
            ratio(theirs.ready + theirs.first, ours.ready + ours.first),
            ratio(theirs.cold_cpu(), ours.cold_cpu()),
            ratio(theirs.warm_p50, ours.warm_p50),
            ratio(theirs.warm_cpu, ours.warm_cpu),
            ratio(theirs.peak_memory as f64, ours.peak_memory as f64),
        ])
    });
    let headers = ["request", "cold", "cold CPU", "warm", "warm CPU", "memory"];
    render(&headers, &rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_markdown_with_its_columns_in_line() {
        let table = render(&["µ", "n"], &[vec!["abcd".into(), "1".into()], vec!["é".into(), "1000".into()]]);
        assert_eq!(table, "| µ    |    n |\n| ---- | ---: |\n| abcd |    1 |\n| é    | 1000 |\n");
    }
}
