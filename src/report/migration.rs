//! The report of `migrate`: one line for each object that changes or does not, and the counts.

use super::rows::ObjectRow;
use super::{Spot, count};
use crate::compat::migration::{AnnotationOwner, MigrationBlocker, SourceName};
use crate::outcome::Outcome;
use crate::outcome::migration::{Migration, MigrationResult, MigrationRow, ReadsLeft};
use crate::report::locator::Locator;
use serde::Serialize;

/// The lines of a run, the last one with the counts.
pub fn lines(outcome: &Outcome) -> Vec<String> {
    let Some(all) = outcome.migration() else { return Vec::new() };
    let name = all.from;
    let line = |row: &MigrationRow<'_>| {
        let said = match &row.result {
            MigrationResult::LeftAlone(why) => format!("left alone: {}", reason(why)),
            MigrationResult::Source => {
                "`rollstamp.dev/ignore` says what Reloader's annotation says".to_owned()
            }
            MigrationResult::Ignored => format!("ignored, as {name} leaves it alone"),
            MigrationResult::Without(reads) => stamped(reads),
            MigrationResult::Keeps(reads) => {
                format!("{}; {name} keeps {}", stamped(reads), names(reads.outside))
            }
        };
        let file = outcome.manifests.name(row.object.place.file);
        format!("{file}: {}: {said}", row.object.id)
    };
    let mut lines: Vec<String> = all.rows.iter().map(line).collect();
    let mut parts = vec![format!("{} without {name} from now on", all.leave)];
    if all.keep > 0 {
        parts.push(format!("{} keep it for {}", all.keep, count(all.outside, "outside source")));
    }
    if all.left_alone > 0 {
        parts.push(format!("{} left alone", all.left_alone));
    }
    let workloads = count(all.leave + all.keep + all.left_alone, "workload");
    let rolls = match all.rolls {
        0 => "no pods roll".to_owned(),
        1 => "the pods of 1 roll once".to_owned(),
        more => format!("the pods of {more} roll once"),
    };
    lines.push(format!("{workloads}: {}; {rolls} when this is applied", parts.join(", ")));
    lines
}

fn stamped(reads: &ReadsLeft<'_>) -> String {
    match reads.inside.is_empty() {
        true => "no stamp".to_owned(),
        false => format!("stamped for {}", names(reads.inside)),
    }
}

/// The part of the report for programs: `docs/report.schema.json` describes it.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    from: String,
    objects: Vec<MigrationObject<'a>>,
    leave: usize,
    keep: usize,
    left_alone: usize,
    outside_sources: usize,
    rolls: usize,
}

#[derive(Serialize)]
struct MigrationObject<'a> {
    #[serde(flatten)]
    id: ObjectRow<'a>,
    file: &'a str,
    line: usize,
    becomes: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stamped_for: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<String>,
    annotations: Vec<AnnotationRow<'a>>,
}

#[derive(Serialize)]
struct AnnotationRow<'a> {
    on: &'static str,
    key: &'a str,
    /// Null if it is removed.
    value: Option<&'a str>,
}

pub(super) fn report<'a>(all: &Migration<'a>, locator: &Locator<'a>) -> Report<'a> {
    Report {
        from: all.from.to_ascii_lowercase(),
        objects: all.rows.iter().map(|row| object_row(row, locator)).collect(),
        leave: all.leave,
        keep: all.keep,
        left_alone: all.left_alone,
        outside_sources: all.outside,
        rolls: all.rolls,
    }
}

fn object_row<'a>(row: &MigrationRow<'a>, locator: &Locator<'a>) -> MigrationObject<'a> {
    let Spot { file, position } = locator.spot(row.object.place_of_name());
    let (becomes, why, reads) = match &row.result {
        MigrationResult::Without(reads) => ("without", None, Some(reads)),
        MigrationResult::Keeps(reads) => ("keeps", None, Some(reads)),
        MigrationResult::Ignored => ("ignored", None, None),
        MigrationResult::LeftAlone(why) => ("left-alone", Some(*why), None),
        MigrationResult::Source => ("source", None, None),
    };
    let annotations = row.changes.iter().map(|change| AnnotationRow {
        on: match change.on {
            AnnotationOwner::Workload => "object",
            AnnotationOwner::Template => "pod-template",
        },
        key: &change.key,
        value: change.value.as_deref(),
    });
    MigrationObject {
        id: (&row.object.id).into(),
        file,
        line: position.line,
        becomes,
        reason: why.map(code),
        because: why.map(reason),
        stamped_for: reads.map_or_else(Vec::new, |reads| reads.inside.iter().map(name).collect()),
        kept: reads.map_or_else(Vec::new, |reads| reads.outside.iter().map(name).collect()),
        annotations: annotations.collect(),
    }
}

fn names<'a>(sources: impl IntoIterator<Item = &'a SourceName>) -> String {
    sources.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

fn name(source: &SourceName) -> String {
    match &source.namespace {
        Some(namespace) => format!("{} {namespace}/{}", source.target.name(), source.name),
        None => format!("{} {}", source.target.name(), source.name),
    }
}

/// The word for a reason, for programs.
fn code(why: &MigrationBlocker) -> &'static str {
    match why {
        MigrationBlocker::Restarted => "restarted",
        MigrationBlocker::NotStamped => "not-stamped",
        MigrationBlocker::Elsewhere => "elsewhere",
        MigrationBlocker::Refused => "refused",
        MigrationBlocker::Pattern(_) => "pattern",
        MigrationBlocker::OneName(_) => "one-name",
        MigrationBlocker::Outside(_) => "outside",
    }
}

fn reason(why: &MigrationBlocker) -> String {
    match why {
        MigrationBlocker::Restarted => "Reloader restarts its pods without a new pod template, and a stamp would start a rollout in steps".to_owned(),
        MigrationBlocker::NotStamped => "a stamp does not roll its pods".to_owned(),
        MigrationBlocker::Elsewhere => "a kustomization decides what is applied, or it has several pod templates".to_owned(),
        MigrationBlocker::Refused => "it cannot be stamped, see the finding".to_owned(),
        MigrationBlocker::Pattern(entry) => format!("the entry `{entry}` is a pattern, which may match other sources in the cluster"),
        MigrationBlocker::OneName(name) => format!("a ConfigMap and a Secret are called `{name}`, and only one of them counts"),
        MigrationBlocker::Outside(sources) => format!("Wave cannot be told to keep only {}", names(sources)),
    }
}
