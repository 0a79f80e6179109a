//! How long one report takes, both bundles in turns, so that a busy machine slows both.

use std::time::Instant;

use anyhow::{Context, Result};
use saring_domain::report::Report;
use saring_screen::{Screener, current_day};
use serde_json::{Value, json};

use super::settings::Settings;
use super::verdict::Check;

const MS_PER_SECOND: f64 = 1e3;

pub(super) fn latency(
    current: &mut Screener,
    new: &mut Screener,
    rows: &[Value],
    settings: &Settings,
) -> Result<Check> {
    let today = current_day().context("the system's clock gives no date")?;
    // Evenly from all rows, so that every length is among them.
    let step = (rows.len() / settings.latency.rows).max(1);
    let texts = rows.iter().step_by(step).take(settings.latency.rows);
    let reports = texts
        .map(|row| Ok(Report::from_json(json!({ "id": "latency", "text": row["text"] }).to_string().as_bytes())?))
        .collect::<Result<Vec<Report>>>()?;
    let mut taken = [Vec::new(), Vec::new()];
    for _ in 0..settings.latency.rounds {
        for report in &reports {
            for (screener, times) in [&mut *current, &mut *new].into_iter().zip(&mut taken) {
                let start = Instant::now();
                screener.screen(&[report], today);
                times.push(start.elapsed().as_secs_f64() * MS_PER_SECOND);
            }
        }
    }
    let [current, new] = taken.map(median);
    let bound = current * settings.latency.ratio_max;
    let note = Some(format!("median milliseconds, ratio {:.2}", new / current));
    Ok(Check::plain("latency", reports.len(), [Some(current), Some(new), Some(bound)], new <= bound, note))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
