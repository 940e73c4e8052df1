//! Single lines about a run for people.

use super::{count, plain};
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use crate::plan::{Decision, Planned, State};
use crate::text::FileId;
use crate::text::input::Skipped;

/// `2 errors, 1 note`, or `clean`.
pub fn counts(findings: &[Finding]) -> String {
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(|severity| {
            let n = findings.iter().filter(|f| f.severity == severity).count();
            (n > 0).then(|| count(n, severity.name()))
        })
        .collect();
    if parts.is_empty() { "clean".to_owned() } else { parts.join(", ") }
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
        // The name of a Secret is a digest of its content from now on.
        match id.kind.as_str() {
            "Secret" => parts.push(format!("renamed {id}")),
            _ => parts.push(format!("renamed {id} to {}", renamed.to)),
        }
    }
    if parts.is_empty() {
        parts.push("names brought up to date".to_owned());
    }
    let line = format!("{}: {}", manifests.name(file), parts.join(", "));
    plain(&line).into_owned()
}

/// `12 files read, 3 walked past (2 templates, 1 kustomization)`.
pub fn read(outcome: &Outcome) -> String {
    let Skipped { templates, ytt, kustomizations, binary, unreadable, without_objects, .. } =
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
    let files = outcome.manifests.all_files().iter();
    let named = files.filter(|file| file.input.is_named()).count();
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
