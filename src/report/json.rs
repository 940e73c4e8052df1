//! Writes the outcome for programs: `docs/report.schema.json` describes it. The structs here define the
//! format; nothing else is serialized.

use super::locator::Locator;
use super::{ExplainView, Format, Located, Spot, View, diff, explain, impact, migration};
use crate::impact::history::History;
use crate::k8s::providers::Target;
use crate::outcome::{Coverage, Outcome};
use crate::plan::{Decision, Planned, State};
use crate::text::input::Skipped;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) use super::rows::{ObjectRow, PlaceRow, document};

/// The version of the format: it increases when a field is removed or its meaning changes.
pub const SCHEMA_VERSION: u32 = 1;

/// One JSON object.
pub struct Json;

impl Format for Json {
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        document(&report(view), out)
    }

    fn explain(&self, view: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
        document(&explain::json::report(view), out)
    }

    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        impact::json::write(view, out)
    }

    fn history(&self, history: &History, out: &mut dyn Write) -> io::Result<()> {
        impact::history::json(history, out)
    }
}

#[derive(Serialize)]
struct OutcomeReport<'a> {
    schema_version: u32,
    verb: &'a str,
    workloads: Vec<OutcomeWorkload<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    renames: Vec<RenameRow<'a>>,
    files: Vec<FileRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    coverage: CoverageRow,
    #[serde(with = "SkippedRow")]
    skipped: Skipped,
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<migration::Report<'a>>,
}

/// Whether a number is 0, so that it is left out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// The counts of the builds, and of the workloads of shared files for which the builds decide.
#[derive(Serialize)]
struct BuildsRow {
    workloads: usize,
    overlays: usize,
    unchanged: usize,
    right: usize,
    wrong: usize,
}

/// The counts of the workloads that read configuration.
#[derive(Serialize)]
struct CoverageRow {
    workloads: usize,
    right: usize,
    changing: usize,
    not_written: usize,
    left_alone: BTreeMap<&'static str, usize>,
    #[serde(skip_serializing_if = "is_zero")]
    unverified: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    builds: Option<BuildsRow>,
    refused: usize,
    no_stamp: usize,
    external_only: usize,
    ignored: usize,
    not_stamped: usize,
    not_looked_into: BTreeMap<&'static str, usize>,
    silenced: usize,
    manifests: usize,
    objects: usize,
}

#[derive(Serialize)]
struct OutcomeWorkload<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    file: &'a str,
    line: usize,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    present: Option<&'a str>,
}

#[derive(Serialize)]
struct RenameRow<'a> {
    object: String,
    file: &'a str,
    from: &'a str,
    /// Absent for a Secret, because the name contains a digest of the content.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// A finding.
#[derive(Serialize)]
pub(super) struct FindingRow<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a str>,
    /// The other objects of the finding.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    others: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    /// The page about the code.
    url: &'static str,
}

#[derive(Serialize)]
struct RelatedRow<'a> {
    message: &'a str,
    #[serde(flatten)]
    at: PlaceRow<'a>,
}

#[derive(Serialize)]
#[serde(remote = "Skipped")]
struct SkippedRow {
    charts: usize,
    templates: usize,
    ytt: usize,
    kustomizations: usize,
    binary: usize,
    unreadable: usize,
    without_objects: usize,
}

fn report<'a>(view: &View<'a>) -> OutcomeReport<'a> {
    let outcome = view.outcome;
    let locator = view.locator();
    OutcomeReport {
        schema_version: SCHEMA_VERSION,
        verb: view.verb.name(),
        workloads: workloads(outcome, &locator),
        renames: outcome
            .renames
            .sources
            .iter()
            .map(|renamed| RenameRow {
                object: outcome.manifests.owner(renamed.at).id.to_string(),
                file: outcome.manifests.name(outcome.manifests.owner(renamed.at).place.file),
                from: &renamed.from,
                to: match outcome.manifests[renamed.at].target {
                    Target::ConfigMap => Some(&renamed.to),
                    Target::Secret => None,
                },
            })
            .collect(),
        files: outcome
            .changes
            .iter()
            .map(|change| FileRow {
                path: outcome.manifests.name(change.file),
                diff: view.show_diffs.then(|| diff::unified(outcome, change)),
            })
            .collect(),
        findings: finding_rows(view, &locator),
        coverage: coverage(&outcome.coverage()),
        skipped: outcome.skipped,
        migration: outcome.migration().map(|all| migration::report(&all, &locator)),
    }
}

fn coverage(coverage: &Coverage) -> CoverageRow {
    CoverageRow {
        workloads: coverage.reading,
        right: coverage.right,
        changing: coverage.changing,
        not_written: coverage.not_written,
        left_alone: coverage.left_alone.iter().map(|(class, &n)| (class.text(), n)).collect(),
        unverified: coverage.unverified,
        builds: coverage.built.as_ref().map(|built| BuildsRow {
            workloads: coverage.decided_by_builds,
            overlays: built.overlays,
            unchanged: built.unchanged,
            right: built.right,
            wrong: built.wrong,
        }),
        refused: coverage.refused,
        no_stamp: coverage.no_stamp,
        external_only: coverage.external_only,
        ignored: coverage.ignored,
        not_stamped: coverage.not_stamped,
        not_looked_into: coverage.not_looked_into.iter().map(|(k, &n)| (k.noun(), n)).collect(),
        silenced: coverage.silenced,
        manifests: coverage.manifests,
        objects: coverage.objects,
    }
}

fn workloads<'a>(outcome: &'a Outcome, locator: &Locator<'a>) -> Vec<OutcomeWorkload<'a>> {
    let row = |planned: &'a Planned| {
        let object = &outcome.manifests[planned.object];
        let (state, stamp) = state(&planned.decision);
        let present = outcome.manifests[planned.template].present();
        let Spot { file, position } = locator.spot(object.place_of_name());
        OutcomeWorkload {
            id: (&object.id).into(),
            file,
            line: position.line,
            state,
            stamp,
            present,
        }
    };
    outcome.plan.workloads.iter().map(row).collect()
}

/// The word for a decision, and the right stamp.
pub(super) fn state(decision: &Decision) -> (&'static str, Option<&str>) {
    match decision {
        Decision::Stamp { value, state } => {
            let state = match state {
                State::Missing => "missing",
                State::Stale => "stale",
                State::Current => "current",
            };
            (state, Some(value))
        }
        Decision::None { left_over: true } => ("left-over", None),
        Decision::None { left_over: false } => ("nothing-read", None),
        Decision::Unverifiable { .. } => ("unverifiable", None),
        Decision::Refused => ("refused", None),
        Decision::Ignored => ("ignored", None),
        Decision::LeftAlone(_) => ("left-alone", None),
        Decision::NotStamped => ("not-stamped", None),
    }
}

/// Every finding of a run as a row.
pub(super) fn finding_rows<'a>(view: &View<'a>, locator: &Locator<'a>) -> Vec<FindingRow<'a>> {
    view.findings().iter().map(|finding| finding_row(locator.locate(finding))).collect()
}

fn finding_row(located: Located<'_>) -> FindingRow<'_> {
    let finding = located.finding;
    let related = located.related.into_iter();
    FindingRow {
        code: finding.code.name(),
        severity: finding.severity.name(),
        message: &finding.message,
        object: finding.object.as_deref(),
        others: &finding.others,
        file: located.file,
        line: located.spot.map(|spot| spot.position.line),
        column: located.spot.map(|spot| spot.position.column),
        related: related.map(|(spot, message)| RelatedRow { message, at: spot.into() }).collect(),
        help: finding.help.as_deref(),
        url: finding.code.address(),
    }
}
