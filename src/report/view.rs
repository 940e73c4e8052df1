//! The input of every format: one run, and the settings of the report.

use super::diff;
use super::locator::Locator;
use crate::extract::{Object, ObjectId};
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use crate::text::input::Found;
use crate::text::{Place, Position};
use std::collections::BTreeSet;
use std::ops::Range;

/// The verb of the run, as reports for programs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// No verb: manifests are read and printed.
    Filter,
    /// `write`
    Write,
    /// `check`
    Check,
    /// `strip`, in place
    Strip,
    /// `explain`
    Explain,
    /// `migrate`
    Migrate,
    /// `graph`
    Graph,
}

impl Verb {
    /// The word of the reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Write => "write",
            Self::Check => "check",
            Self::Strip => "strip",
            Self::Explain => "explain",
            Self::Migrate => "migrate",
            Self::Graph => "graph",
        }
    }
}

/// One run, and the settings of the report.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The result of the run.
    pub outcome: &'a Outcome,
    /// The verb of the run.
    pub verb: Verb,
    /// The lowest severity that reports for people show; a document for programs holds every finding.
    pub least: Severity,
    /// Whether the report shows the changes as diffs.
    pub show_diffs: bool,
    /// Whether long lists are shown completely.
    pub show_all: bool,
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Whether to write links (OSC 8), which most terminals show.
    pub links: bool,
    /// The number of threads that may write the report; the report does not depend on it.
    pub jobs: usize,
}

/// A run, and the workloads and objects of Flux that are explained.
pub struct ExplainView<'a> {
    /// The run.
    pub view: View<'a>,
    /// The objects with the workloads.
    pub workloads: &'a BTreeSet<ObjectId>,
    /// The positions of the objects of Flux in [`crate::plan::Plan::taken`].
    pub taken: &'a BTreeSet<usize>,
}

impl<'a> View<'a> {
    /// The findings for people: the most serious come last, where they are not scrolled away; otherwise in
    /// the order of the input.
    pub fn shown(&self) -> impl Iterator<Item = &'a Finding> + use<'a> {
        let (least, findings) = (self.least, self.outcome.findings.as_slice());
        let severities = Severity::ALL.into_iter().rev().filter(move |&severity| severity >= least);
        severities.flat_map(move |severity| {
            findings.iter().filter(move |finding| finding.severity == severity)
        })
    }

    /// Every finding, in the order of the input.
    pub fn findings(&self) -> &'a [Finding] {
        &self.outcome.findings
    }

    /// The diffs of the changed files, if the user asked for them; no line of a Secret is in them.
    pub fn diffs(&self) -> impl Iterator<Item = String> + use<'a> {
        let changes = if self.show_diffs { self.outcome.changes.as_slice() } else { &[] };
        let outcome = self.outcome;
        changes.iter().map(move |change| diff::unified(outcome, change))
    }

    /// Counts lines and columns. It caches its counts, so one report needs one.
    pub fn locator(&self) -> Locator<'a> {
        Locator::new(self.outcome)
    }
}

/// A place as file, line and column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot<'a> {
    /// The name of the file.
    pub file: &'a str,
    /// The line and the column.
    pub position: Position,
}

impl std::fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.position.line, self.position.column)
    }
}

/// A finding with its places as file, line and column.
pub struct Located<'a> {
    /// The finding.
    pub finding: &'a Finding,
    /// Its file.
    pub file: Option<&'a str>,
    /// Its place in the file, if the file has a text.
    pub spot: Option<Spot<'a>>,
    /// Whether the text is the standard input, so that there is no such file.
    pub is_stream: bool,
    /// Other places that the message refers to, each with a few words.
    pub related: Vec<(Spot<'a>, &'a str)>,
}

impl<'a> Locator<'a> {
    /// The place as file, line and column.
    pub fn spot(&self, place: Place) -> Spot<'a> {
        Spot { file: self.name(place), position: self.position(place) }
    }

    /// The file and the line of a place, `web.yaml:4`.
    pub fn line(&self, place: Place) -> String {
        format!("{}:{}", self.name(place), self.position(place).line)
    }

    /// The finding with its places as file, line and column.
    pub fn locate(&self, finding: &'a Finding) -> Located<'a> {
        let spot = finding.place.map(|place| self.spot(place));
        let found = |place: Place| self.outcome.manifests[place.file].input.found;
        let related = finding.related.iter();
        Located {
            finding,
            file: spot.map(|spot| spot.file).or(finding.file.as_deref()),
            spot,
            is_stream: finding.place.is_some_and(|place| found(place) == Found::Stream),
            related: related.map(|(place, label)| (self.spot(*place), label.as_str())).collect(),
        }
    }

    /// The line of a finding and the part of it that the finding is about, if it may be shown.
    pub fn quote_of(&self, finding: &Finding) -> Option<(String, Range<usize>)> {
        finding.place.filter(|_| finding.quotable).and_then(|place| self.quote(place))
    }

    /// The object whose text contains the place of a finding.
    pub fn object_at(&self, finding: &Finding) -> Option<&'a Object> {
        finding.place.and_then(|place| self.outcome.manifests.object_at(place))
    }
}
