//! Writes single lines about a run for people.

use super::{count, plain};
use crate::compat::migration::Fate;
use crate::extract::File;
use crate::finding::{Code, Finding, Severity};
use crate::outcome::{Built, Coverage, Outcome};
use crate::plan::{Decision, Planned, State};
use crate::text::FileId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// `2 errors, 1 note`, or `clean`; notes that are not shown are counted too.
pub fn counts(findings: &[Finding], least: Severity) -> String {
    let count_of = |severity| findings.iter().filter(|f| f.severity == severity).count();
    let is_clean = count_of(Severity::Error) + count_of(Severity::Warning) == 0;
    let mut parts: Vec<String> = Vec::new();
    if is_clean {
        parts.push("clean".to_owned());
    }
    for severity in Severity::ALL {
        let n = count_of(severity);
        if n > 0 {
            let hidden = if severity < least { " not shown" } else { "" };
            parts.push(count(n, severity.name()) + hidden);
        }
    }
    parts.join(", ")
}

/// The reason why there is nothing to do, and what to do instead.
pub fn nothing(outcome: &Outcome, is_stream: bool, verb: &str) -> String {
    let why = match &outcome.skipped {
        _ if is_stream => {
            "the standard input holds no Kubernetes object; see whether the command before the pipe failed"
        }
        skipped if skipped.templates > 0 => {
            "only templates of charts are here; render them: `helm template CHART | rollstamp`"
        }
        skipped if skipped.kustomizations > 0 => {
            "no Kubernetes object is here; build it: `kustomize build DIR | rollstamp`"
        }
        _ => &format!("no Kubernetes object is here; {}", read(outcome)),
    };
    format!("nothing to {verb}: {why}")
}

/// The counts of workloads, the objects that were not checked, and the files that were read. `written` says
/// whether the changes were written.
pub fn coverage(outcome: &Outcome, coverage: &Coverage, written: bool) -> String {
    let mut text = match coverage.reading {
        0 => "no workload reads configuration".to_owned(),
        1 => "1 workload reads configuration: ".to_owned(),
        n => format!("{n} workloads read configuration: "),
    };
    let changing = if written { "stamped now" } else { "not right" };
    let (count, list) = rows(coverage, changing);
    debug_assert_eq!(count, coverage.reading, "every workload counts once");
    text.push_str(&list.join(", "));
    if let Some(built) = &coverage.built {
        text.push_str(&format!("; {}", builds(built)));
    }
    let mut seen: Vec<String> =
        coverage.not_looked_into.iter().map(|(kind, &n)| super::count(n, kind.noun())).collect();
    if coverage.charts > 0 {
        seen.push(super::count(coverage.charts, "chart"));
    }
    if !seen.is_empty() {
        text.push_str(&format!("; not looked into: {}", seen.join(", ")));
    }
    if coverage.silenced > 0 {
        text.push_str(&format!("; {} silenced", super::count(coverage.silenced, "finding")));
    }
    text.push_str(&format!("; {}", read(outcome)));
    let ignored = outcome.skipped.ignored;
    if ignored > 0 {
        let verb = if ignored == 1 { "is" } else { "are" };
        text.push_str(&format!(", {ignored} {verb} left out by .gitignore"));
    }
    text
}

/// `2 overlays built: 6 stamps right, 1 not right`.
fn builds(built: &Built) -> String {
    let mut text = format!("{} built", count(built.overlays, "overlay"));
    if built.failed > 0 {
        text.push_str(&format!(", {} not, because the build failed", built.failed));
    }
    if built.unchanged > 0 {
        text.push_str(&format!(", {} not, because nothing in them changed", built.unchanged));
    }
    text.push_str(&format!(": {} right", count(built.right, "stamp")));
    if built.wrong > 0 {
        text.push_str(&format!(", {} not right", built.wrong));
    }
    text
}

/// The number of workloads, and the number with each result.
fn rows(coverage: &Coverage, changing: &str) -> (usize, Vec<String>) {
    let left_alone: usize = coverage.left_alone.values().sum();
    let causes: Vec<String> =
        coverage.left_alone.iter().map(|(class, n)| format!("{n} {}", class.text())).collect();
    // If a stamp could not be written or an overlay could not be built, not everything is right.
    let all_right = coverage.built.as_ref().is_none_or(|b| b.wrong == 0 && b.failed == 0);
    let of_builds = match all_right {
        // In an overlay that holds none of the sources of a workload, a missing stamp is right.
        true => "right in each overlay",
        false => "left to their overlays, of which not all are right",
    };
    let rows = [
        (coverage.right, "right".to_owned()),
        (coverage.changing, changing.to_owned()),
        (coverage.not_written, "not right in files that were not named".to_owned()),
        (coverage.failed, "not right in files that could not be written".to_owned()),
        (left_alone, format!("left alone ({})", causes.join(", "))),
        (coverage.decided_by_builds, of_builds.to_owned()),
        (coverage.unverified, "stamped in each overlay, unverified without --build".to_owned()),
        (coverage.refused, "refused".to_owned()),
        (coverage.no_stamp, "need no stamp".to_owned()),
        (coverage.external_only, "external only".to_owned()),
        (coverage.ignored, "ignored".to_owned()),
        (coverage.not_stamped, "of kinds without stamps".to_owned()),
    ];
    let sum = rows.iter().map(|(n, _)| n).sum();
    let list = rows.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
    (sum, list.collect())
}

/// A table: the number of findings with each code, and the counts of workloads.
pub fn statistics(outcome: &Outcome, coverage: &Coverage) -> String {
    let mut codes: BTreeMap<(Reverse<Severity>, Code), (usize, usize)> = BTreeMap::new();
    for finding in &outcome.findings {
        let sum = codes.entry((Reverse(finding.severity), finding.code)).or_default();
        sum.0 += 1;
        sum.1 += 1 + finding.others.len();
    }
    let mut lines: Vec<String> = codes
        .into_iter()
        .map(|((severity, code), (findings, objects))| {
            let (severity, code) = (severity.0.name(), code.name());
            match objects == findings {
                true => format!("{findings:>7}  {severity:<8} {code}"),
                false => format!("{findings:>7}  {severity:<8} {code} ({objects} objects)"),
            }
        })
        .collect();
    lines.push(format!("{:>7}  workloads that read configuration", coverage.reading));
    let (_, rows) = rows(coverage, "not right, or stamped now");
    lines.extend(rows.into_iter().map(|row| {
        let (n, what) = row.split_once(' ').unwrap_or((&row, ""));
        format!("{n:>7}  {what}")
    }));
    lines.join("\n")
}

/// `web.yaml: stamped Deployment web, removed the stamp of StatefulSet db`.
pub fn changed(outcome: &Outcome, file: FileId) -> String {
    let mut parts = Vec::new();
    let manifests = &outcome.manifests;
    let is_here = |planned: &&Planned| manifests[planned.object].place.file == file;
    for planned in outcome.plan.workloads.iter().filter(is_here) {
        let id = &manifests[planned.object].id;
        match &planned.decision {
            Decision::Stamp { state: State::Missing, .. } => parts.push(format!("stamped {id}")),
            Decision::Stamp { state: State::Stale, .. } => {
                parts.push(format!("new stamp for {id}"));
            }
            Decision::None { left_over: true } => parts.push(format!("removed the stamp of {id}")),
            _ => {}
        }
    }
    let renames = outcome.renames.sources.iter();
    for renamed in renames.filter(|r| manifests.owner(r.at).place.file == file) {
        let id = &manifests.owner(renamed.at).id;
        // The new name of a Secret contains a digest of its content.
        match id.kind.as_str() {
            "Secret" => parts.push(format!("renamed {id}")),
            _ => parts.push(format!("renamed {id} to {}", renamed.to)),
        }
    }
    for moved in outcome.plan.moves.iter().filter(|m| manifests[m.object].place.file == file) {
        if matches!(&moved.fate, Fate::Moves(of) if !of.changes.is_empty()) {
            parts.push(format!("new annotations for {}", manifests[moved.object].id));
        }
    }
    if parts.is_empty() {
        parts.push("names brought up to date".to_owned());
    }
    let line = format!("{}: {}", manifests.name(file), parts.join(", "));
    plain(&line).into_owned()
}

/// `12 files read, 3 skipped (2 templates, 1 kustomization)`. The read files hold objects.
pub fn read(outcome: &Outcome) -> String {
    let skipped = &outcome.skipped;
    let reasons = [
        (skipped.templates, "template"),
        (skipped.ytt, "ytt program"),
        (skipped.kustomizations, "kustomization"),
        (skipped.binary, "binary file"),
        (skipped.unreadable, "unreadable file"),
        (skipped.without_objects, "file without objects"),
    ];
    let files = outcome.manifests.all_files().iter();
    let holds_objects = |file: &&File| file.input.is_looked_at() && file.object_count > 0;
    let mut text = format!("{} read", count(files.filter(holds_objects).count(), "file"));
    if skipped.total() > 0 {
        let parts: Vec<String> = reasons
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|&(n, noun)| match noun {
                "file without objects" if n > 1 => format!("{n} files without objects"),
                _ => count(n, noun),
            })
            .collect();
        text.push_str(&format!(", {} skipped ({})", skipped.total(), parts.join(", ")));
    }
    text
}
