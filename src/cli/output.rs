//! What is said to people: findings in the wanted format and colour, counts, diffs.

use super::{Colour, Common, Format, Run};
use crate::finding::{Finding, Severity};
use crate::io::stdout;
use crate::outcome::Outcome;
use crate::report::{self, diff, github, json, text};
use anyhow::Context;

/// `2 errors, 1 note`, or `clean`.
pub(super) fn counts(findings: &[Finding]) -> String {
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| {
            let n = findings.iter().filter(|f| f.severity == severity).count();
            (n > 0).then(|| report::count(n, severity.name()))
        })
        .collect();
    if parts.is_empty() { "clean".to_owned() } else { parts.join(", ") }
}

pub(super) fn say_findings(run: &mut Run, common: &Common, verb: &str) {
    let outcome = &run.outcome;
    let said = match common.output {
        Format::Json => json::report(outcome, &outcome.findings, verb, false),
        Format::Text | Format::Github | Format::Markdown => {
            let least = match (common.quiet, common.verbose) {
                (true, _) => Severity::Error,
                (_, true) => Severity::Note,
                _ => Severity::Warning,
            };
            findings(outcome, least, common, false, run.options.jobs)
        }
    };
    run.talk.say(&said);
}

/// The findings as people see them, by themselves or on GitHub.
pub(super) fn findings(
    outcome: &Outcome,
    least: Severity,
    common: &Common,
    stdout: bool,
    jobs: usize,
) -> String {
    if common.output == Format::Github {
        github::findings(outcome, &outcome.findings, least)
    } else {
        let colour = colour(common, stdout);
        text::findings(outcome, &outcome.findings, least, colour, jobs)
    }
}

pub(super) fn print_diffs(outcome: &Outcome) -> anyhow::Result<()> {
    let diffs: Vec<String> =
        outcome.changes.iter().map(|change| diff::unified(outcome, change)).collect();
    stdout::print(diffs.iter().map(String::as_str)).context("failed to write the standard output")
}

pub(super) fn colour(common: &Common, stdout: bool) -> bool {
    match common.color {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => stdout::takes_colour(stdout),
    }
}
