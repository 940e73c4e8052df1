//! What one run found out. Every verb and every format is a view of it.

pub mod generations;

use crate::edit::FileChange;
use crate::extract::Facts;
use crate::finding::Finding;
use crate::plan::Plan;
use crate::rename::Renamed;
use crate::text::input::{Input, Skipped};

/// What a run found out: every verb and every format is a view of it.
pub struct Outcome {
    /// The texts.
    pub inputs: Vec<Input>,
    /// What they say.
    pub facts: Vec<Facts>,
    /// What happens to each workload.
    pub plan: Plan,
    /// The sources that get another name.
    pub renames: Vec<Renamed>,
    /// The edits, by file.
    pub changes: Vec<FileChange>,
    /// What is wrong or worth saying, in the order of the input.
    pub findings: Vec<Finding>,
    /// Files below a folder that are no manifests, by reason.
    pub skipped: Skipped,
}

impl Outcome {
    /// Adds findings, in the order of the input, so that the order of work never shows.
    pub fn add(&mut self, findings: Vec<Finding>) {
        if !findings.is_empty() {
            self.findings.extend(findings);
            crate::finding::sort(&mut self.findings);
        }
    }

    /// Whether something was refused.
    pub fn refused(&self) -> bool {
        self.findings.iter().any(|f| f.refuses)
    }
}
