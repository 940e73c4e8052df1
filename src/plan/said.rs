//! What there is to say about pod templates, gathered by several threads.

use crate::extract::SourceId;
use crate::finding::Finding;
use std::collections::{BTreeMap, BTreeSet};

/// What there is to say about some pod templates.
#[derive(Default)]
pub(super) struct PlanFindings {
    pub(super) findings: Vec<Finding>,
    /// Of each clash, the readers that are left alone.
    pub(super) clashes: BTreeMap<(SourceId, SourceId), BTreeSet<String>>,
    /// Of each value that a stamped workload reads and that is no string, source and entry, what is
    /// said about its first reader.
    pub(super) flawed: BTreeMap<(SourceId, usize), Finding>,
}

impl PlanFindings {
    /// Adds what there is to say about the next ones.
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
