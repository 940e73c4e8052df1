//! Merges findings with one cause into one finding, which describes the problem once and lists the
//! objects.

use super::{Code, Finding, Severity};
use std::collections::BTreeMap;

/// The common parts of findings that are merged.
type SharedParts = (Code, Severity, bool, String, Option<String>);

/// Merges the findings that [share](Finding::shared) a cause. The merged finding has the place of
/// the first one, and the other places as related places. The order stays.
pub fn group(findings: &mut Vec<Finding>) {
    let mut firsts: BTreeMap<SharedParts, usize> = BTreeMap::new();
    let mut kept: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings.drain(..) {
        let Some(shared) = &finding.shared else {
            kept.push(finding);
            continue;
        };
        let (severity, help) = (finding.severity, finding.help.clone());
        let key = (finding.code, severity, finding.refuses, shared.clone(), help);
        match firsts.get(&key) {
            Some(&first) => kept[first].take_in(finding),
            None => {
                firsts.insert(key, kept.len());
                kept.push(finding);
            }
        }
    }
    for finding in kept.iter_mut().filter(|finding| !finding.others.is_empty()) {
        finding.say_several();
    }
    *findings = kept;
}

impl Finding {
    /// Adds a finding with the same cause. One object may have it at several places.
    fn take_in(&mut self, other: Self) {
        let Some(object) = other.object else { return };
        if self.object.as_ref() == Some(&object) || self.others.contains(&object) {
            return;
        }
        self.related.extend(other.place.map(|place| (place, format!("and {object}"))));
        self.others.push(object);
    }

    fn say_several(&mut self) {
        let (Some(first), Some(shared)) = (&self.object, &self.shared) else { return };
        self.message = match self.others.as_slice() {
            [second] => format!("{first} and {second} {shared}"),
            others => format!("{first} and {} others {shared}", others.len()),
        };
    }
}
