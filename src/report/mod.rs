//! Reports of a run for people and programs, one file for each format. A format computes nothing: it writes
//! the content of its [`View`], and no line that can hold a value of a Secret.

pub mod concise;
pub mod diff;
mod explain;
pub mod github;
pub mod impact;
pub mod json;
pub mod junit;
pub mod krm;
pub mod locator;
pub mod migration;
mod plain;
pub mod sarif;
pub mod summary;
pub mod text;
mod view;

pub use plain::plain;
pub use view::{ExplainView, Located, Spot, Verb, View};

use crate::impact::graph::{self, Graph};
use crate::impact::history::History;
use crate::outcome::Outcome;
use crate::text::FileId;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// The formats that `--output` offers, the default first. A new format is one row here and one file.
pub const FORMATS: &[&dyn Format] = &[
    &text::Text,
    &concise::Concise,
    &json::Json,
    &github::Github,
    &impact::markdown::Markdown,
    &impact::mermaid::Mermaid,
    &impact::dot::Dot,
    &impact::svg::Svg,
    &sarif::Sarif,
    &junit::Junit,
];

/// The properties of the format for the command line.
pub struct FormatInfo {
    /// The name of the format for `--output`.
    pub name: &'static str,
    /// The description in the help: a phrase without a full stop.
    pub about: &'static str,
    /// The subjects that it can report. A verb offers only the formats that can report its subject.
    pub subjects: &'static [Subject],
    /// Whether each report is one document for a program. Such a report holds the findings of the run,
    /// whatever its subject is, and no line for people is printed with it.
    pub is_document: bool,
}

/// A format of reports. Every method but [`Format::info`] writes a report about one subject; a format
/// implements those of its [`FormatInfo::subjects`].
pub trait Format: Sync {
    /// The properties of the format for the command line.
    fn info(&self) -> FormatInfo;

    /// Writes the findings of a run, and the diffs if the user asked for them.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        let _ = (view, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes diffs in a way that no text in them acts on the reader (terminal, workflow log).
    ///
    /// # Errors
    /// When `out` cannot be written to.
    fn diffs(
        &self,
        diffs: &mut dyn Iterator<Item = String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        for diff in diffs {
            out.write_all(diff.as_bytes())?;
        }
        Ok(())
    }

    /// Writes the reads of each of these workloads, and their reasons.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn explain(&self, view: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
        let _ = (view, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the keys of all sources with the workloads that read them.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn graph(&self, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
        let _ = (graph, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the effects of many applies on running pods.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn history(&self, history: &History, out: &mut dyn Write) -> io::Result<()> {
        let _ = (history, out);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Writes the effect of an apply on running pods. A format that only draws graphs draws the workloads
    /// that read changed keys.
    ///
    /// # Errors
    /// When `out` cannot be written to, or the format has no such report.
    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.graph(&graph::of_impact(view.impact), out)
    }
}

/// The subject of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One run: its findings and changes.
    Outcome,
    /// The reads of workloads.
    Explanation,
    /// The effect of an apply on running pods.
    Impact,
    /// The keys and the workloads that read them.
    Graph,
    /// The effects of many applies on running pods.
    History,
}

/// The formats that can report a subject, in the order of the table.
pub fn formats(subject: Subject) -> impl Iterator<Item = &'static dyn Format> {
    FORMATS.iter().copied().filter(move |format| format.info().subjects.contains(&subject))
}

/// `1 file`, `2 files`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `a, b, c`, or the first few `and 25 more`.
fn listed(names: &[&str], few: usize) -> String {
    // One name more than `few` is shown, because "and 1 more" would take as much space.
    if names.len() <= few.saturating_add(1) {
        return names.join(", ");
    }
    format!("{} and {} more", names[..few].join(", "), names.len() - few)
}

/// The files whose texts a report quotes or needs for line numbers; a document for programs holds every
/// finding and every workload.
pub fn wanted(outcome: &Outcome, subject: Subject, is_document: bool) -> BTreeSet<FileId> {
    let findings = outcome.findings.iter();
    let places = findings.flat_map(|finding| {
        finding.place.into_iter().chain(finding.related.iter().map(|(place, _)| *place))
    });
    let mut files: BTreeSet<FileId> = places.map(|place| place.file).collect();
    match subject {
        Subject::Explanation => files.extend(explain::wanted(outcome)),
        Subject::Outcome if is_document => {
            let workloads = outcome.plan.workloads.iter();
            files.extend(workloads.map(|w| outcome.manifests[w.object].place.file));
            let moves = outcome.plan.moves.iter();
            files.extend(moves.map(|moved| outcome.manifests[moved.object].place.file));
        }
        Subject::Outcome | Subject::Impact | Subject::Graph | Subject::History => {}
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options::Options;
    use crate::finding::Severity;
    use crate::impact::{Assume, Impact};
    use crate::process::{self, Loaded};
    use std::collections::BTreeMap;

    #[test]
    fn a_format_reports_what_it_lists_and_nothing_else() {
        let options = Options::default();
        let read = process::read(Loaded::default(), &options);
        let wanted = read.wanted(&options);
        let decided = process::decide(read, &wanted, BTreeMap::new(), &options);
        let outcome = process::edit(decided, &BTreeMap::new(), None, &options);
        let view = View {
            outcome: &outcome,
            verb: Verb::Check,
            least: Severity::Note,
            show_diffs: true,
            show_all: true,
            colour: false,
            links: false,
            jobs: 1,
        };
        let explained = ExplainView { view, workloads: &BTreeSet::new(), taken: &BTreeSet::new() };
        let impact = Impact {
            assume: Assume::Written,
            workloads: Vec::new(),
            sources: Vec::new(),
            values_readers: Vec::new(),
            indirect: Vec::new(),
            has_foreign: false,
            not_compared: 0,
        };
        let of_impact = impact::ImpactView {
            impact: &impact,
            before: &outcome,
            after: &outcome,
            title: "",
            only: &[],
            show_all: true,
            colour: false,
            width: 80,
            max_length: 60_000,
        };
        for format in FORMATS.iter().copied().chain([&krm::Results as &dyn Format]) {
            for subject in [
                Subject::Outcome,
                Subject::Explanation,
                Subject::Impact,
                Subject::Graph,
                Subject::History,
            ] {
                let done = match subject {
                    Subject::Outcome => format.outcome(&view, &mut Vec::new()),
                    Subject::Explanation => format.explain(&explained, &mut Vec::new()),
                    Subject::Impact => format.impact(&of_impact, &mut Vec::new()),
                    Subject::Graph => format.graph(&Graph::default(), &mut Vec::new()),
                    Subject::History => format.history(&History::default(), &mut Vec::new()),
                };
                let is_listed = format.info().subjects.contains(&subject);
                assert_eq!(done.is_ok(), is_listed, "{} {subject:?}", format.info().name);
            }
        }
    }
}
