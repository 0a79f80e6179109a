//! `saring screen`: JSON Lines in, one screening per line out, in order, without a database.

use std::io::{BufRead, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use saring_domain::report::{BODY_BYTES_MAX, Report};
use saring_screen::{Assets, ErrorWire, Screener, ScreeningWire, config::Config, current_day};

/// Lines screened together: enough to sort by length, few enough to answer soon.
const LINES_PER_BATCH: usize = 64;

/// Screens every line. Fails only where the input can't be read or nothing can be screened; a
/// line that is no report gets its error on its place and turns the exit code.
pub(crate) fn run(mut input: impl BufRead, mut output: impl Write, config: &Config) -> Result<ExitCode> {
    let mut screener = Screener::new(Assets::load(config)?)?;
    let today = current_day().context("the system's clock gives no date")?;
    let mut all_reports = true;
    loop {
        let lines = read_lines(&mut input)?;
        if lines.is_empty() {
            output.flush()?;
            return Ok(if all_reports { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let parsed: Vec<Result<Report, ErrorWire>> = lines.iter().map(|line| parse(line)).collect();
        let reports: Vec<&Report> = parsed.iter().filter_map(|p| p.as_ref().ok()).collect();
        let mut results = screener.screen(&reports, today).into_iter();
        for line in parsed {
            match line {
                Ok(report) => {
                    let result = results.next().expect("one screening per report");
                    serde_json::to_writer(&mut output, &ScreeningWire::of(&report.id, result))?;
                }
                Err(error) => {
                    all_reports = false;
                    serde_json::to_writer(&mut output, &error)?;
                }
            }
            output.write_all(b"\n")?;
        }
        output.flush()?;
    }
}

fn parse(line: &[u8]) -> Result<Report, ErrorWire> {
    Report::from_json(line).map_err(|e| ErrorWire { id: Report::id_of(line), error: e.to_string() })
}

/// Up to [`LINES_PER_BATCH`] lines that are not blank, each cut off above the limit of a body.
fn read_lines(input: &mut impl BufRead) -> Result<Vec<Vec<u8>>> {
    let mut lines = Vec::new();
    while lines.len() < LINES_PER_BATCH {
        let Some(line) = read_line(input)? else { break };
        if !line.iter().all(u8::is_ascii_whitespace) {
            lines.push(line);
        }
        // Answer a person at a terminal or a slow pipe at once.
        if !lines.is_empty() && input.fill_buf()?.is_empty() {
            break;
        }
    }
    Ok(lines)
}

/// One line; of a line beyond the limit only so much is kept that parsing can say so.
fn read_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut any = false;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(any.then_some(line));
        }
        any = true;
        let end = buffer.iter().position(|b| *b == b'\n');
        let taken = end.unwrap_or(buffer.len());
        let room = (BODY_BYTES_MAX + 1).saturating_sub(line.len());
        line.extend_from_slice(&buffer[..taken.min(room)]);
        input.consume(end.map_or(taken, |e| e + 1));
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}
