//! Reports of a run for people and programs, one file for each format. A format computes nothing: it writes
//! the content of its [`View`], and no line that can hold a value of a Secret.

pub mod concise;
pub mod diff;
mod explain;
mod format;
pub mod github;
pub mod impact;
pub mod json;
pub mod junit;
pub mod krm;
pub mod locator;
pub mod migration;
mod phrase;
mod plain;
mod rows;
pub mod sarif;
pub mod summary;
pub mod text;
mod view;

pub use format::{Format, FormatRow, Subject};
pub use phrase::count;
pub use plain::plain;
pub use view::{ExplainView, Located, Spot, Verb, View};

use crate::outcome::Outcome;
use crate::text::FileId;
use std::collections::BTreeSet;

/// The formats that `--output` offers, the default first. A new format is one row here and one file.
pub const FORMATS: &[FormatRow] = &[
    FormatRow {
        name: "text",
        about: "For people",
        subjects: &[
            Subject::Outcome,
            Subject::Explanation,
            Subject::Impact,
            Subject::Graph,
            Subject::History,
        ],
        is_document: false,
        format: &text::Text,
    },
    FormatRow {
        name: "concise",
        about: "A line for each finding: place, severity, code, message",
        subjects: &[Subject::Outcome, Subject::Explanation],
        is_document: false,
        format: &concise::Concise,
    },
    FormatRow {
        name: "json",
        about: "For programs",
        subjects: &[Subject::Outcome, Subject::Explanation, Subject::Impact, Subject::History],
        is_document: true,
        format: &json::Json,
    },
    FormatRow {
        name: "github",
        about: "Workflow commands, which GitHub Actions shows beside the lines of a pull request",
        subjects: &[Subject::Outcome, Subject::Explanation, Subject::Impact],
        is_document: false,
        format: &github::Github,
    },
    FormatRow {
        name: "markdown",
        about: "One comment of a pull request",
        subjects: &[Subject::Impact],
        is_document: false,
        format: &impact::markdown::Markdown,
    },
    FormatRow {
        name: "mermaid",
        about: "A Mermaid flowchart of what changed and who reads it",
        subjects: &[Subject::Impact, Subject::Graph],
        is_document: false,
        format: &impact::mermaid::Mermaid,
    },
    FormatRow {
        name: "dot",
        about: "The same for Graphviz",
        subjects: &[Subject::Impact, Subject::Graph],
        is_document: false,
        format: &impact::dot::Dot,
    },
    FormatRow {
        name: "svg",
        about: "The same as a picture",
        subjects: &[Subject::Impact, Subject::Graph, Subject::History],
        is_document: false,
        format: &impact::svg::Svg,
    },
    FormatRow {
        name: "sarif",
        about: "SARIF 2.1.0, for code scanning",
        subjects: &[Subject::Outcome, Subject::Impact],
        is_document: true,
        format: &sarif::Sarif,
    },
    FormatRow {
        name: "junit",
        about: "JUnit XML, for systems without annotations",
        subjects: &[Subject::Outcome, Subject::Impact],
        is_document: true,
        format: &junit::Junit,
    },
];

/// The formats that can report a subject, in the order of the table.
pub fn formats(subject: Subject) -> impl Iterator<Item = &'static FormatRow> {
    FORMATS.iter().filter(move |row| row.subjects.contains(&subject))
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
    use crate::impact::graph::Graph;
    use crate::impact::history::History;
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
        let krm = FormatRow {
            name: "krm",
            about: "",
            subjects: &[Subject::Outcome],
            is_document: false,
            format: &krm::Results,
        };
        for format in FORMATS.iter().chain([&krm]) {
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
                let is_listed = format.subjects.contains(&subject);
                assert_eq!(done.is_ok(), is_listed, "{} {subject:?}", format.name);
            }
        }
    }
}
