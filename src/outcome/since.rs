//! Selects new findings: those that an earlier state of the same files did not have.

use super::Outcome;
use crate::finding::{Code, Finding};
use crate::plan::Decision;
use std::collections::BTreeMap;
use std::path::Path;

/// The identity of a finding: its text, its object and file, and the stamp that the object needs.
/// So a stamp that was wrong before is a new finding when it must change again.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FindingKey {
    code: Code,
    file: Option<String>,
    object: Option<String>,
    message: String,
    stamp: Option<String>,
}

impl Outcome {
    /// Keeps only the findings that changes since an earlier state can have caused: those that the
    /// earlier state did not have. If a finding occurred several times before, only the additional
    /// ones are kept. A workload whose stamp only a build shows also counts, if `is_touched` says
    /// that a build with its file reads a changed file.
    pub fn keep_new(&mut self, before: &Self, is_touched: impl Fn(&Path) -> bool) {
        let mut known: BTreeMap<FindingKey, usize> = BTreeMap::new();
        let stamps = before.stamps();
        for finding in &before.findings {
            *known.entry(before.key(finding, &stamps)).or_default() += 1;
        }
        let stamps = self.stamps();
        let mut findings = std::mem::take(&mut self.findings);
        findings.retain(|finding| {
            if let Some(left @ 1..) = known.get_mut(&self.key(finding, &stamps)) {
                *left -= 1;
                let file = finding.place.map(|place| &self.manifests[place.file].input);
                let path = file.and_then(|input| input.path.as_deref());
                return finding.code == Code::KustomizeSource && path.is_some_and(&is_touched);
            }
            true
        });
        self.findings = findings;
    }

    /// The stamp that each workload needs, by its file and name.
    fn stamps(&self) -> BTreeMap<(String, String), String> {
        let stamps = self.plan.workloads.iter().filter_map(|planned| {
            let object = &self.manifests[planned.object];
            let file = self.manifests.name(object.place.file).to_owned();
            match &planned.decision {
                Decision::Stamp { value, .. } => {
                    Some(((file, object.id.to_string()), value.clone()))
                }
                _ => None,
            }
        });
        stamps.collect()
    }

    fn key(&self, finding: &Finding, stamps: &BTreeMap<(String, String), String>) -> FindingKey {
        let file = match finding.place {
            Some(place) => Some(self.manifests.name(place.file).to_owned()),
            None => finding.file.clone(),
        };
        let about = file.clone().zip(finding.object.clone());
        FindingKey {
            code: finding.code,
            stamp: about.and_then(|about| stamps.get(&about).cloned()),
            file,
            object: finding.object.clone(),
            message: finding.message.clone(),
        }
    }
}
