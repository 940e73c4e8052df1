//! The outcome for programs. The structs here are the format; nothing else is serialised.

use super::{Locator, diff};
use crate::finding::Finding;
use crate::k8s::providers::Target;
use crate::outcome::Outcome;
use crate::plan::{Decision, State};
use crate::resolve::index::{object, source};
use crate::text::Place;
use crate::yaml::insert::Slot;
use serde::Serialize;

/// The version of the format: it grows when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    schema_version: u32,
    verb: &'a str,
    workloads: Vec<WorkloadRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    renames: Vec<RenameRow<'a>>,
    files: Vec<FileRow<'a>>,
    findings: Vec<FindingRow<'a>>,
    skipped: SkippedRow,
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
    templates: usize,
    ytt: usize,
    kustomizations: usize,
    binary: usize,
    unreadable: usize,
    without_objects: usize,
}

/// The whole outcome as one JSON object and a newline.
pub fn report(outcome: &Outcome, findings: &[Finding], verb: &str, with_diff: bool) -> String {
    let locator = Locator::new(outcome);
    let report = Report {
        schema_version: SCHEMA_VERSION,
        verb,
        workloads: workloads(outcome, &locator),
        renames: outcome
            .renames
            .iter()
            .map(|renamed| RenameRow {
                object: object(&outcome.facts, renamed.at.object).id.to_string(),
                file: &outcome.inputs[renamed.at.object.file].file.name,
                from: &renamed.from,
                to: match source(&outcome.facts, renamed.at).target {
                    Target::ConfigMap => Some(&renamed.to),
                    Target::Secret => None,
                },
            })
            .collect(),
        files: outcome
            .changes
            .iter()
            .map(|change| FileRow {
                path: &outcome.inputs[change.file].file.name,
                diff: with_diff.then(|| diff::unified(outcome, change)),
            })
            .collect(),
        findings: findings.iter().map(|f| finding_row(f, &locator)).collect(),
        skipped: SkippedRow {
            templates: outcome.skipped.templates,
            ytt: outcome.skipped.ytt,
            kustomizations: outcome.skipped.kustomizations,
            binary: outcome.skipped.binary,
            unreadable: outcome.skipped.unreadable,
            without_objects: outcome.skipped.without_objects,
        },
    };
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn workloads(outcome: &Outcome, locator: &Locator<'_>) -> Vec<WorkloadRow> {
    let row = |planned: &crate::plan::Planned| {
        let object = object(&outcome.facts, planned.object);
        let (state, stamp) = state(&planned.decision);
        let present = match &object.templates[planned.template].slot {
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

/// A finding as a row of a report.
pub(super) fn finding_row<'a>(finding: &'a Finding, locator: &Locator<'a>) -> FindingRow<'a> {
    let position = finding.place.map(|place| locator.position(place));
    let name = |place: Place| locator.name(place);
    FindingRow {
        code: finding.code.name(),
        severity: finding.severity.name(),
        message: &finding.message,
        object: finding.object.as_deref(),
        file: finding.place.map(name).or(finding.file.as_deref()),
        line: position.map(|p| p.line),
        column: position.map(|p| p.column),
        related: finding
            .related
            .iter()
            .map(|(place, message)| {
                let position = locator.position(*place);
                RelatedRow {
                    message,
                    file: name(*place),
                    line: position.line,
                    column: position.column,
                }
            })
            .collect(),
        help: finding.help.as_deref(),
    }
}
