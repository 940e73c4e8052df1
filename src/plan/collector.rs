//! Findings about pod templates, collected by several threads.

use crate::extract::SourceId;
use crate::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// The findings about some pod templates.
#[derive(Default)]
pub(super) struct PlanFindings {
    pub(super) findings: Vec<Finding>,
    /// The readers of each clash, which are not stamped.
    pub(super) clashes: BTreeMap<(SourceId, SourceId), BTreeSet<String>>,
    /// For each value that is not a string and that a stamped workload reads (source and entry):
    /// the finding about its first reader.
    pub(super) flawed: BTreeMap<(SourceId, usize), Finding>,
}

impl PlanFindings {
    /// Adds the findings about the next templates.
    pub(super) fn add(&mut self, next: Self) {
        self.findings.extend(next.findings);
        for (clash, readers) in next.clashes {
            self.clashes.entry(clash).or_default().extend(readers);
        }
        for (at, finding) in next.flawed {
            self.flawed.entry(at).or_insert(finding);
        }
    }
}
