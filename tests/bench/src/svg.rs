//! A picture of a report: what a cold start costs, for our functions beside the peers.

use std::fmt::Write as _;

use crate::report::{Measured, Report};

const WIDTH: usize = 720;
const ROW: usize = 22;
/// The space between one function with its peers and the next.
const GAP: usize = 10;
const LEFT: usize = 190;
const RIGHT: usize = 90;
const TOP: usize = 48;

/// Bars of the processor time from the start to the end of the first request. The colours can be told apart on a light
/// and on a dark page.
pub(crate) fn of(report: &Report) -> String {
    let bars = bars(report);
    let gaps = bars.iter().skip(1).filter(|(_, _, ours)| *ours && !report.peers.is_empty()).count();
    let height = TOP + bars.len() * ROW + gaps * GAP + 14;
    let longest = bars.iter().map(|(_, ms, _)| *ms).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>Processor time of a cold start</title>\n\
         <style>text {{ fill: #1f2328 }} .ours {{ fill: #1a7f37 }} .peer {{ fill: #8c959f }}\n\
         @media (prefers-color-scheme: dark) {{ text {{ fill: #e6edf3 }} .ours {{ fill: #3fb950 }} }}</style>\n\
         <text x=\"8\" y=\"22\" font-size=\"15\" font-weight=\"600\">Processor time of a cold start: from the start of \
         the process to its first answer, ms</text>\n"
    );
    let mut y = TOP - ROW;
    for (row, (label, ms, ours)) in bars.iter().enumerate() {
        y += ROW + if row > 0 && *ours && !report.peers.is_empty() { GAP } else { 0 };
        let length = ((WIDTH - LEFT - RIGHT) as f64 * ms / longest).max(1.5);
        let class = if *ours { "ours" } else { "peer" };
        let (baseline, text_x, label_x) = (y + 13, LEFT as f64 + length + 6.0, LEFT - 8);
        let _ = writeln!(
            svg,
            "<text x=\"{label_x}\" y=\"{baseline}\" text-anchor=\"end\">{label}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{y}\" width=\"{length:.1}\" height=\"16\" rx=\"2\"/>\
             <text x=\"{text_x:.1}\" y=\"{baseline}\">{ms:.1}</text>"
        );
    }
    svg + "</svg>\n"
}

/// Label, milliseconds, and whether it is ours. If there are peers, only the functions that have one, each above its
/// peers.
fn bars(report: &Report) -> Vec<(String, f64, bool)> {
    let bar = |measured: &Measured| {
        let ours = measured.made_with == "Rust";
        let label = if ours { measured.name.clone() } else { measured.made_with.clone() };
        measured.times.as_ref().map(|times| (label, times.cold_cpu() / 1e3, ours))
    };
    let mut bars = Vec::new();
    for function in &report.functions {
        let peers: Vec<&Measured> = report.peers.iter().filter(|peer| peer.name == function.name).collect();
        if report.peers.is_empty() || !peers.is_empty() {
            bars.extend([function].into_iter().chain(peers).filter_map(bar));
        }
    }
    bars
}
