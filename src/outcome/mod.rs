//! The result of one run.

mod coverage;
pub mod generations;
pub mod migration;
mod since;

pub use coverage::{Built, Coverage};

use crate::edit::FileChange;
use crate::extract::{Manifests, Object};
use crate::finding::Finding;
use crate::plan::Plan;
use crate::rename::Renames;
use crate::scope::Units;
use crate::text::input::Skipped;
use crate::text::{FileId, Place, Texts};
use std::collections::BTreeMap;

/// The result of one run: every verb and every format is a view of it.
pub struct Outcome {
    /// The facts of all texts.
    pub manifests: Manifests,
    /// The texts that are in memory: of files that change, and those that a report quotes.
    pub texts: Texts,
    /// The apply units.
    pub units: Units,
    /// The decisions for each workload.
    pub plan: Plan,
    /// The sources that are renamed, and the meaning of references afterwards; the edits are in
    /// `changes`.
    pub renames: Renames,
    /// The edits, by file.
    pub changes: Vec<FileChange>,
    /// The findings, in the order of the input.
    pub findings: Vec<Finding>,
    /// The number of findings that the configuration or comments silence.
    pub silenced: usize,
    /// Skipped files below a folder, by reason.
    pub skipped: Skipped,
    /// The counts of the builds, if a builder ran.
    pub built: Option<Built>,
    /// For places in the output of builds: the place in the source files, which reports show
    /// instead.
    pub written: BTreeMap<Place, Place>,
}

impl Outcome {
    /// Adds findings and sorts all by the order of the input, so that the output does not depend on
    /// the order of the work.
    pub fn add(&mut self, findings: Vec<Finding>) {
        if !findings.is_empty() {
            self.findings.extend(findings);
            crate::finding::sort(&mut self.findings);
        }
    }

    /// Merges findings with one cause.
    pub fn group(&mut self) {
        crate::finding::group(&mut self.findings);
    }

    /// Whether the input has no Kubernetes object.
    pub fn is_empty(&self) -> bool {
        let mut files = self.manifests.files();
        files.all(|file| {
            let of = &self.manifests[file];
            of.object_count == 0 || !of.input.is_named() || self.units.is_patch(file)
        })
    }

    /// Whether a source in a file is renamed.
    pub fn renames_in(&self, file: FileId) -> bool {
        let mut renames = self.renames.sources.iter();
        renames.any(|renamed| self.manifests.owner(renamed.at).place.file == file)
    }

    /// The findings for which an object was refused.
    pub fn refusals<'a>(&'a self, object: &Object) -> impl Iterator<Item = &'a Finding> + use<'a> {
        let (id, file) = (object.id.to_string(), object.place.file);
        self.findings.iter().filter(move |finding| {
            finding.refuses
                && finding.object.as_deref() == Some(&id)
                && finding.place.is_none_or(|place| place.file == file)
        })
    }

    /// Whether something was refused.
    pub fn refused(&self) -> bool {
        self.findings.iter().any(|f| f.refuses)
    }
}
