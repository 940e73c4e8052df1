//! A history of impacts: a table, JSON, and a small chart.

use super::words::duration;
use crate::impact::history::{CommitStep, History, WorkloadHistory};
use crate::report::json::{SCHEMA_VERSION, document};
use crate::report::{count, plain};
use serde::Serialize;
use std::io::{self, Write};

/// The number of workloads in the table.
const FEW: usize = 20;

/// Writes the table for people.
///
/// # Errors
/// When `out` cannot be written to.
pub(in crate::report) fn text(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let sum = |of: fn(&CommitStep) -> usize| history.steps.iter().map(of).sum::<usize>();
    let pods: u64 = history.steps.iter().map(|step| step.pods).sum();
    let (rolls, needless, stale) = (sum(|s| s.rolls), sum(|s| s.needless), sum(|s| s.stale));
    let restarts = match rolls + needless {
        0 => "no workload was restarted".to_owned(),
        n => format!("{} of workloads, {needless} of them for nothing", count(n, "restart")),
    };
    write!(
        out,
        "{}: {restarts}; {}; stale {stale}",
        count(history.steps.len(), "commit"),
        count(usize::try_from(pods).unwrap_or(usize::MAX), "pod")
    )?;
    match sum(|s| s.unknown) {
        0 => {}
        1 => write!(out, "; one change is left to overlays, which are not built")?,
        n => write!(out, "; {n} changes are left to overlays, which are not built")?,
    }
    match history.steps.iter().filter(|step| step.not_compared > 0).count() {
        0 => writeln!(out)?,
        1 => writeln!(out, "; 1 commit is not compared completely, because of errors")?,
        n => writeln!(out, "; {n} commits are not compared completely, because of errors")?,
    }
    if history.workloads.is_empty() {
        return Ok(());
    }
    let shown = &history.workloads[..history.workloads.len().min(FEW)];
    let called = |workload: &WorkloadHistory| {
        let mut all = history.workloads.iter();
        let has_namesake =
            all.any(|other| other.name == workload.name && other.unit != workload.unit);
        let unit = if workload.unit.is_empty() { "." } else { workload.unit.as_str() };
        let place = if has_namesake { format!(" in {unit}") } else { String::new() };
        plain(&format!("{}{place}", workload.name)).into_owned()
    };
    let widest = shown.iter().map(|workload| called(workload).chars().count()).max();
    let widest = widest.unwrap_or(0);
    writeln!(out, "\n{:widest$}  restarts  for nothing  stale", "workload")?;
    for workload in shown {
        let times = match workload.stale {
            1 => "once".to_owned(),
            n => format!("{n} times"),
        };
        let stale = match (workload.stale, workload.stale_since) {
            (0, _) => String::new(),
            (_, None) => format!("{times}, {}", days(workload.stale_seconds)),
            (_, Some(_)) => format!("{times}, {}, and still", days(workload.stale_seconds)),
        };
        let row = format!(
            "{:widest$}  {:>8}  {:>11}  {stale}",
            called(workload),
            workload.restarts,
            workload.needless
        );
        writeln!(out, "{}", row.trim_end())?;
    }
    if history.workloads.len() > FEW {
        writeln!(out, "and {} more", history.workloads.len() - FEW)?;
    }
    Ok(())
}

/// `3d`, or less than a day in hours and minutes.
fn days(seconds: i64) -> String {
    let seconds = u64::try_from(seconds).unwrap_or(0);
    match seconds / 86_400 {
        0 if seconds == 0 => "0s".to_owned(),
        0 => duration(seconds),
        days => format!("{days}d"),
    }
}

#[derive(Serialize)]
struct HistoryReport<'a> {
    schema_version: u32,
    verb: &'static str,
    commits: Vec<CommitRow<'a>>,
    workloads: Vec<HistoryWorkload<'a>>,
}

#[derive(Serialize)]
struct CommitRow<'a> {
    id: &'a str,
    time: i64,
    subject: &'a str,
    rolls: usize,
    needless: usize,
    stale: usize,
    pods: u64,
    unknown: usize,
    #[serde(skip_serializing_if = "super::json::is_zero")]
    not_compared: usize,
}

#[derive(Serialize)]
struct HistoryWorkload<'a> {
    object: String,
    unit: &'a str,
    restarts: usize,
    needless: usize,
    stale: usize,
    stale_seconds: i64,
    is_stale: bool,
}

/// Writes one JSON object and a newline.
///
/// # Errors
/// When `out` cannot be written to.
pub(in crate::report) fn json(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let commits = history.steps.iter().map(|step| CommitRow {
        id: &step.commit.id,
        time: step.commit.time,
        subject: &step.commit.subject,
        rolls: step.rolls,
        needless: step.needless,
        stale: step.stale,
        pods: step.pods,
        unknown: step.unknown,
        not_compared: step.not_compared,
    });
    let workloads = history.workloads.iter().map(|workload| HistoryWorkload {
        object: workload.name.to_string(),
        unit: &workload.unit,
        restarts: workload.restarts,
        needless: workload.needless,
        stale: workload.stale,
        stale_seconds: workload.stale_seconds,
        is_stale: workload.stale_since.is_some(),
    });
    let report = HistoryReport {
        schema_version: SCHEMA_VERSION,
        verb: "history",
        commits: commits.collect(),
        workloads: workloads.collect(),
    };
    document(&report, out)
}

/// The width and height of the chart, its margin, and the maximum number of columns, in pixels and columns.
const SIZE: (f64, f64) = (720.0, 200.0);
const MARGIN: f64 = 24.0;
const MOST_COLUMNS: usize = 90;

/// Draws the restarts as columns, the oldest commits on the left; if there are many, several commits share
/// a column.
///
/// # Errors
/// When `out` cannot be written to.
pub(in crate::report) fn svg(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let (width, height) = SIZE;
    let a_column = history.steps.len().div_ceil(MOST_COLUMNS).max(1);
    let columns: Vec<[usize; 3]> = history
        .steps
        .chunks(a_column)
        .map(|steps| {
            let sum = |of: fn(&CommitStep) -> usize| steps.iter().map(of).sum::<usize>();
            [sum(|s| s.rolls), sum(|s| s.needless), sum(|s| s.stale)]
        })
        .collect();
    let most = columns.iter().map(|column| column.iter().sum::<usize>()).max().unwrap_or(0).max(1);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">"
    )?;
    writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>")?;
    let room = (width - 2.0 * MARGIN) / columns.len().max(1) as f64;
    let scale = (height - 3.0 * MARGIN) / most as f64;
    let colours = ["rolls", "needless", "stale"].map(super::paint::colours);
    for (i, column) in columns.iter().enumerate() {
        let x = MARGIN + i as f64 * room;
        let mut bottom = height - MARGIN;
        for (n, (fill, line)) in column.iter().zip(colours) {
            if *n == 0 {
                continue;
            }
            let tall = *n as f64 * scale;
            bottom -= tall;
            let wide = (room - 1.0).max(1.0);
            writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{bottom:.1}\" width=\"{wide:.1}\" height=\"{tall:.1}\" fill=\"{fill}\" stroke=\"{line}\"/>"
            )?;
        }
    }
    let base = height - MARGIN;
    let right = width - MARGIN;
    writeln!(out, "<path d=\"M{MARGIN} {base}H{right}\" stroke=\"#8c959f\"/>")?;
    let legend = [("restarts", 0), ("for nothing", 1), ("stale", 2)];
    for (i, (name, colour)) in legend.into_iter().enumerate() {
        let x = MARGIN + i as f64 * 100.0;
        let (fill, line) = colours[colour];
        writeln!(
            out,
            "<rect x=\"{x}\" y=\"8\" width=\"10\" height=\"10\" fill=\"{fill}\" stroke=\"{line}\"/><text x=\"{}\" y=\"17\" fill=\"#57606a\">{name}</text>",
            x + 15.0
        )?;
    }
    writeln!(
        out,
        "<text x=\"{right}\" y=\"17\" text-anchor=\"end\" fill=\"#57606a\">at most {most}; {}</text>",
        count(history.steps.len(), "commit")
    )?;
    writeln!(out, "</svg>")
}
