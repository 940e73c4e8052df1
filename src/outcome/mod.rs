//! What one run found out. Every verb and every format is a view of it.

mod coverage;
pub mod generations;
pub mod migration;
mod since;

pub use coverage::{Built, Coverage};

use crate::edit::FileChange;
use crate::extract::Manifests;
use crate::finding::Finding;
use crate::plan::Plan;
use crate::rename::Renames;
use crate::scope::Units;
use crate::text::input::Skipped;
use crate::text::{FileId, Place, Texts};
use std::collections::BTreeMap;

/// What a run found out: every verb and every format is a view of it.
pub struct Outcome {
    /// Everything that the texts say.
    pub manifests: Manifests,
    /// The texts that are in memory: of files that change, and those that a report quotes.
    pub texts: Texts,
    /// What is applied together.
    pub units: Units,
    /// What happens to each workload.
    pub plan: Plan,
    /// Which sources get another name, and what names mean then; its edits are in the changes.
    pub renames: Renames,
    /// The edits, by file.
    pub changes: Vec<FileChange>,
    /// What is wrong or worth saying, in the order of the input.
    pub findings: Vec<Finding>,
    /// How many findings the configuration or comments leave unsaid.
    pub silenced: usize,
    /// Files below a folder that are no manifests, by reason.
    pub skipped: Skipped,
    /// What the overlays build, if a builder ran.
    pub built: Option<Built>,
    /// Of places in what overlays build, where that is written: reports name these places instead.
    pub written: BTreeMap<Place, Place>,
}

impl Outcome {
    /// Adds findings, in the order of the input, so that the order of work never shows.
    pub fn add(&mut self, findings: Vec<Finding>) {
        if !findings.is_empty() {
            self.findings.extend(findings);
            crate::finding::sort(&mut self.findings);
        }
    }

    /// Makes one finding of those with one cause.
    pub fn group(&mut self) {
        crate::finding::group(&mut self.findings);
    }

    /// Whether there is no Kubernetes object in all that was named.
    pub fn is_empty(&self) -> bool {
        let mut files = self.manifests.files();
        files.all(|file| {
            let of = &self.manifests[file];
            of.object_count == 0 || !of.input.is_named() || self.units.is_patch(file)
        })
    }

    /// Whether a source in a file gets another name.
    pub fn renames_in(&self, file: FileId) -> bool {
        let mut renames = self.renames.sources.iter();
        renames.any(|renamed| self.manifests.owner(renamed.at).place.file == file)
    }

    /// Whether something was refused.
    pub fn refused(&self) -> bool {
        self.findings.iter().any(|f| f.refuses)
    }
}
