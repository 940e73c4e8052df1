//! What became of the workloads that leave a controller.

use super::Outcome;
use crate::compat::migration::{AnnotationChange, Fate, MigrationBlocker, SourceName};
use crate::extract::Object;
use crate::plan::{Decision, State};
use std::collections::BTreeSet;

/// What became of all objects that say something to the controller.
pub struct Migration<'a> {
    /// The controller, as people write its name.
    pub from: &'static str,
    /// The objects, in the order of the input.
    pub rows: Vec<MigrationRow<'a>>,
    /// How many workloads are without the controller from now on.
    pub leave: usize,
    /// How many keep it for some of their sources.
    pub keep: usize,
    /// How many are left alone.
    pub left_alone: usize,
    /// How many sources stay with the controller, each counted once.
    pub outside: usize,
    /// How many workloads roll, once each, when this is applied.
    pub rolls: usize,
}

/// What became of one object.
pub struct MigrationRow<'a> {
    /// The workload, or the source.
    pub object: &'a Object,
    /// What became of it.
    pub result: MigrationResult<'a>,
    /// The annotations that change.
    pub changes: &'a [AnnotationChange],
}

/// What became of an object.
pub enum MigrationResult<'a> {
    /// A workload that says nothing to the controller any more.
    Without(ReadsLeft<'a>),
    /// A workload that keeps the controller for what is outside.
    Keeps(ReadsLeft<'a>),
    /// A workload that the controller left alone, and so shall we.
    Ignored,
    /// A workload that is as it was.
    LeftAlone(&'a MigrationBlocker),
    /// A source that nobody rolls for.
    Source,
}

/// Who takes care of what a workload reads.
pub struct ReadsLeft<'a> {
    /// What the stamp covers.
    pub inside: &'a BTreeSet<SourceName>,
    /// What stays with the controller.
    pub outside: &'a BTreeSet<SourceName>,
}

impl Outcome {
    /// What became of the workloads that leave a controller, if the user asked for that.
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

    /// Whether an object was refused, for the reason in a finding.
    fn is_refused(&self, object: &Object) -> bool {
        let id = object.id.to_string();
        self.findings.iter().any(|finding| {
            finding.refuses
                && finding.object.as_deref() == Some(&id)
                && finding.place.is_none_or(|place| place.file == object.place.file)
        })
    }
}
