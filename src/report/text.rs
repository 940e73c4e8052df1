//! Findings for people, in the manner of rustc.

use super::{Locator, count};
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use crate::parallel;
use crate::text::input::{Found, Input, Skipped};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

/// The findings of at least this severity, each with its place, its line where that can be shown,
/// and what to do.
pub fn findings(
    outcome: &Outcome,
    findings: &[Finding],
    least: Severity,
    colour: bool,
    jobs: usize,
) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let said: Vec<&Finding> = findings.iter().filter(|f| f.severity >= least).collect();
    let parts: Vec<&[&Finding]> = said.chunks(PART).collect();
    let parts = parallel::map(parts.len(), jobs, |part| {
        let locator = Locator::new(outcome);
        let mut out = String::new();
        for finding in parts[part] {
            out.push_str(&one(finding, &locator, &renderer));
            out.push_str("\n\n");
        }
        out
    });
    parts.concat()
}

/// How many findings a thread takes at a time.
const PART: usize = 512;

fn one(finding: &Finding, locator: &Locator<'_>, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code.name());
    let mut group = Group::with_title(title);
    if let Some(place) = finding.place {
        let quote = if finding.quotable { locator.quote(place) } else { None };
        let position = locator.position(place);
        group = match quote {
            Some((line, range)) => group.element(
                Snippet::source(line)
                    .line_start(position.line)
                    .path(locator.name(place))
                    .annotation(AnnotationKind::Primary.span(range)),
            ),
            None => group.element(
                Origin::path(locator.name(place)).line(position.line).char_column(position.column),
            ),
        };
    } else if let Some(file) = &finding.file {
        group = group.element(Origin::path(file.as_str()));
    }
    let mut notes = Vec::new();
    for (place, label) in &finding.related {
        let position = locator.position(*place);
        notes.push(format!(
            "{label}: {}:{}:{}",
            locator.name(*place),
            position.line,
            position.column
        ));
    }
    for note in &notes {
        group = group.element(Level::NOTE.message(note.as_str()));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    renderer.render(&[group])
}

/// `12 files read, 3 walked past (2 templates, 1 kustomization)`.
pub fn read(outcome: &Outcome) -> String {
    let Skipped { templates, ytt, kustomizations, binary, unreadable, without_objects } =
        outcome.skipped;
    let reasons = [
        (templates, "template"),
        (ytt, "ytt program"),
        (kustomizations, "kustomization"),
        (binary, "binary file"),
        (unreadable, "unreadable file"),
        (without_objects, "file without objects"),
    ];
    let total: usize = reasons.iter().map(|(n, _)| n).sum();
    let is_named = |input: &&Input| input.found != Found::Context;
    let named = outcome.inputs.iter().filter(is_named).count();
    let before_reading = kustomizations + binary;
    let mut text = format!("{} read", count(named + before_reading, "file"));
    if total > 0 {
        let parts: Vec<String> = reasons
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|&(n, noun)| match noun {
                "file without objects" if n > 1 => format!("{n} files without objects"),
                _ => count(n, noun),
            })
            .collect();
        text.push_str(&format!(", {total} walked past ({})", parts.join(", ")));
    }
    text
}
