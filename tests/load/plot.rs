//! What a report costs by the size of the table, as a picture.

use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const EDGE: f64 = 50.0;
const COLOURS: [&str; 2] = ["#1d4ed8", "#b45309"];
const NAMES: [&str; 2] = ["all processes", "the functions"];

/// Cases on a logarithmic axis, milliseconds from 0: of all processes, and of the functions among them.
pub(crate) fn svg(costs: &[(u64, [f64; 2])]) -> String {
    let decade = |cases: u64| (cases.max(1) as f64).log10();
    let (first, last) = (decade(costs[0].0), decade(costs[costs.len() - 1].0));
    let top = costs.iter().map(|(_, cost)| cost[0]).fold(0.0, f64::max) * 1.2;
    let x = |cases: u64| EDGE + (decade(cases) - first) / (last - first).max(1e-9) * (WIDTH - 2.0 * EDGE);
    let y = |cost: f64| HEIGHT - EDGE - cost / top * (HEIGHT - 2.0 * EDGE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <path d=\"M{EDGE} {EDGE}V{0}H{1}\" fill=\"none\" stroke=\"#888\"/>\n\
         <text x=\"{EDGE}\" y=\"30\">ms of processor for a report, by cases in the table</text>\n",
        HEIGHT - EDGE,
        WIDTH - EDGE
    );
    for (series, (colour, name)) in COLOURS.into_iter().zip(NAMES).enumerate() {
        let points: Vec<String> =
            costs.iter().map(|(n, cost)| format!("{:.1},{:.1}", x(*n), y(cost[series]))).collect();
        let line = points.join(" ");
        writeln!(svg, "<polyline points=\"{line}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>").unwrap();
        for (cases, cost) in costs {
            let (x, y, cost) = (x(*cases), y(cost[series]), cost[series]);
            writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>").unwrap();
            writeln!(svg, "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{cost:.1}</text>", y - 10.0).unwrap();
        }
        let under = y(costs[0].1[series]) + 20.0;
        writeln!(svg, "<text x=\"{:.1}\" y=\"{under:.1}\" fill=\"{colour}\">{name}</text>", EDGE + 8.0).unwrap();
    }
    for (cases, _) in costs {
        let under = HEIGHT - EDGE + 18.0;
        writeln!(svg, "<text x=\"{:.1}\" y=\"{under}\" text-anchor=\"middle\">{cases}</text>", x(*cases)).unwrap();
    }
    svg.push_str("</svg>\n");
    svg
}
