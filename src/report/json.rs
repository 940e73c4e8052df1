//! The outcome for programs: `docs/report.schema.json` describes it. The structs here are the format;
//! nothing else is serialised.

use super::locator::Locator;
use super::{Chosen, Format, Located, Spot, Subject, View, diff, explain, impact, migration};
use crate::impact::history::History;
use crate::k8s::providers::Target;
use crate::outcome::{Coverage, Outcome};
use crate::plan::{Decision, State};
use crate::yaml::insert::Slot;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The version of the format: it grows when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

/// One JSON object.
pub struct Json;

impl Format for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "For programs"
    }

    fn subjects(&self) -> &'static [Subject] {
        &[Subject::Outcome, Subject::Explanation, Subject::Impact, Subject::History]
    }

    fn is_document(&self) -> bool {
        true
    }

    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        document(&report(view), out)
    }

    fn explain(&self, view: &View<'_>, chosen: &Chosen, out: &mut dyn Write) -> io::Result<()> {
        document(&explain::json::report(view, chosen), out)
    }

    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        impact::json::write(view, out)
    }

    fn history(&self, history: &History, out: &mut dyn Write) -> io::Result<()> {
        impact::history::json(history, out)
    }
}

/// Writes a JSON object over several lines, and a newline.
fn document(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    verb: &'a str,
    workloads: Vec<WorkloadRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    renames: Vec<RenameRow<'a>>,
    files: Vec<FileRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    coverage: CoverageRow,
    skipped: SkippedRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    migration: Option<migration::Report<'a>>,
}

/// Whether a number says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What overlays build, and the workloads of shared files about which that decides.
#[derive(Serialize)]
struct BuildsRow {
    workloads: usize,
    overlays: usize,
    unchanged: usize,
    right: usize,
    wrong: usize,
}

/// What the workloads come to that read configuration.
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
struct WorkloadRow {
    object: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    name: String,
    file: String,
    line: usize,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    present: Option<String>,
}

#[derive(Serialize)]
struct RenameRow<'a> {
    object: String,
    file: &'a str,
    from: &'a str,
    /// Of a Secret, nothing: it is a digest of its content.
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
    /// The other objects that it is about.
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
    file: &'a str,
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct SkippedRow {
    charts: usize,
    templates: usize,
    ytt: usize,
    kustomizations: usize,
    binary: usize,
    unreadable: usize,
    without_objects: usize,
}

fn report<'a>(view: &View<'a>) -> Report<'a> {
    let outcome = view.outcome;
    let locator = view.locator();
    Report {
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
        skipped: SkippedRow {
            charts: outcome.skipped.charts,
            templates: outcome.skipped.templates,
            ytt: outcome.skipped.ytt,
            kustomizations: outcome.skipped.kustomizations,
            binary: outcome.skipped.binary,
            unreadable: outcome.skipped.unreadable,
            without_objects: outcome.skipped.without_objects,
        },
        migration: outcome.migration().map(|all| migration::report(&all, &locator)),
    }
}

fn coverage(coverage: &Coverage) -> CoverageRow {
    CoverageRow {
        workloads: coverage.reading,
        right: coverage.right,
        changing: coverage.changing,
        not_written: coverage.not_written,
        left_alone: coverage.left_alone.iter().map(|(class, &n)| (class.name(), n)).collect(),
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

fn workloads(outcome: &Outcome, locator: &Locator<'_>) -> Vec<WorkloadRow> {
    let row = |planned: &crate::plan::Planned| {
        let object = &outcome.manifests[planned.object];
        let (state, stamp) = state(&planned.decision);
        let present = match &outcome.manifests[planned.template].slot {
            Some(Ok(Slot::Present(present))) => present.value.clone(),
            _ => None,
        };
        let place = object.place_of_name();
        WorkloadRow {
            object: object.id.to_string(),
            kind: object.id.kind.to_string(),
            namespace: object.id.namespace.as_ref().map(ToString::to_string),
            name: object.id.name.to_string(),
            file: locator.name(place).to_owned(),
            line: locator.position(place).line,
            state,
            stamp: stamp.map(str::to_owned),
            present,
        }
    };
    outcome.plan.workloads.iter().map(row).collect()
}

/// The word for a decision, and the stamp that must be there.
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
        related: related
            .map(|(Spot { file, position }, message)| RelatedRow {
                message,
                file,
                line: position.line,
                column: position.column,
            })
            .collect(),
        help: finding.help.as_deref(),
        url: finding.code.address(),
    }
}
