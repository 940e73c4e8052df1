//! The results of a migration.

use super::Outcome;
use crate::compat::migration::{AnnotationChange, Fate, MigrationBlocker, SourceName};
use crate::extract::Object;
use crate::plan::{Decision, State};
use std::collections::BTreeSet;

/// The results for all objects with annotations of the controller.
pub struct Migration<'a> {
    /// The name of the controller.
    pub from: &'static str,
    /// The objects, in the order of the input.
    pub rows: Vec<MigrationRow<'a>>,
    /// The number of workloads that no longer use the controller.
    pub leave: usize,
    /// The number of workloads that keep the controller for some of their sources.
    pub keep: usize,
    /// The number of workloads that are not changed.
    pub left_alone: usize,
    /// The number of sources that stay with the controller, each counted once.
    pub outside: usize,
    /// The number of workloads that roll once when this is applied.
    pub rolls: usize,
}

/// The result for one object.
pub struct MigrationRow<'a> {
    /// The workload, or the source.
    pub object: &'a Object,
    /// The result.
    pub result: MigrationResult<'a>,
    /// The annotations that change.
    pub changes: &'a [AnnotationChange],
}

/// The result for an object.
pub enum MigrationResult<'a> {
    /// A workload without annotations of the controller.
    Without(ReadsLeft<'a>),
    /// A workload that keeps the controller for sources outside of the repository.
    Keeps(ReadsLeft<'a>),
    /// A workload that the controller ignores, and so does rollstamp.
    Ignored,
    /// A workload that is not changed.
    LeftAlone(&'a MigrationBlocker),
    /// A source for which no workload rolls.
    Source,
}

/// The sources of a workload, by the program that rolls its pods for them.
pub struct ReadsLeft<'a> {
    /// The sources that the stamp covers.
    pub inside: &'a BTreeSet<SourceName>,
    /// The sources that stay with the controller.
    pub outside: &'a BTreeSet<SourceName>,
}

impl Outcome {
    /// The results of a migration; `None` if the user did not ask for one.
    pub fn migration(&self) -> Option<Migration<'_>> {
        let from = self.plan.leaves?;
        let manifests = &self.manifests;
        let mut sum = Migration {
            from,
            rows: Vec::new(),
            leave: 0,
            keep: 0,
            left_alone: 0,
            outside: 0,
            rolls: 0,
        };
        let mut outside: BTreeSet<(Option<&str>, &SourceName)> = BTreeSet::new();
        for moved in &self.plan.moves {
            let object = &manifests[moved.object];
            let (result, changes): (MigrationResult<'_>, &[AnnotationChange]) = match &moved.fate {
                Fate::Untouched => continue,
                Fate::Moves(_) if self.is_refused(object) => {
                    (MigrationResult::LeftAlone(&MigrationBlocker::Refused), &[])
                }
                Fate::LeftAlone(why) => (MigrationResult::LeftAlone(why), &[]),
                Fate::Moves(of) if moved.template.is_none() => {
                    (MigrationResult::Source, &of.changes)
                }
                Fate::Moves(of) if of.ignored => (MigrationResult::Ignored, &of.changes),
                Fate::Moves(of) => {
                    let namespace = object.id.namespace.as_deref();
                    outside.extend(of.outside.iter().map(|source| (namespace, source)));
                    let reads = ReadsLeft { inside: &of.inside, outside: &of.outside };
                    let result = match of.outside.is_empty() {
                        true => MigrationResult::Without(reads),
                        false => MigrationResult::Keeps(reads),
                    };
                    (result, &of.changes)
                }
            };
            match result {
                MigrationResult::Without(_) | MigrationResult::Ignored => sum.leave += 1,
                MigrationResult::Keeps(_) => sum.keep += 1,
                MigrationResult::LeftAlone(_) => sum.left_alone += 1,
                MigrationResult::Source => {}
            }
            sum.rows.push(MigrationRow { object, result, changes });
        }
        sum.outside = outside.len();
        let rolls = self.plan.workloads.iter().filter(|planned| {
            matches!(planned.decision, Decision::Stamp { state: State::Missing | State::Stale, .. })
                && !self.is_refused(&manifests[planned.object])
        });
        sum.rolls = rolls.count();
        Some(sum)
    }

    fn is_refused(&self, object: &Object) -> bool {
        self.refusals(object).next().is_some()
    }
}
