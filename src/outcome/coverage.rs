//! Counts what a run checked and with which result, so that the reader knows the meaning of
//! `clean`.

use super::Outcome;
use crate::extract::Reference;
use crate::finding::divergence::DivergenceClass;
use crate::k8s::indirect::Indirect;
use crate::plan::{Decision, Listing, Planned, State};
use crate::text::FileId;
use crate::text::Place;
use std::collections::{BTreeMap, BTreeSet};

/// The counts of the builds of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// The files whose workloads the builds decide.
    pub files: BTreeSet<FileId>,
    /// The overlays that were built, in this run or, from the same bytes, in an earlier one.
    pub overlays: usize,
    /// The overlays that were not built, because none of their files changed since the named
    /// revision.
    pub unchanged: usize,
    /// The overlays whose build failed.
    pub failed: usize,
    /// The workloads of all overlays with the right stamp.
    pub right: usize,
    /// The workloads of all overlays whose stamp is missing or stale.
    pub wrong: usize,
}

/// The counts of a run. Every pod template that reads configuration counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files with Kubernetes objects.
    pub manifests: usize,
    /// Kubernetes objects of any kind.
    pub objects: usize,
    /// Workloads that read configuration, or may read some after a change by an overlay.
    pub reading: usize,
    /// The workloads whose stamp is right.
    pub right: usize,
    /// The workloads whose stamp this run adds, changes or removes, or would have to.
    pub changing: usize,
    /// The workloads that need such a change, in files that could not be written.
    pub not_written: usize,
    /// The workloads that need such a change, in files that were not named and are therefore not
    /// written.
    pub failed: usize,
    /// The workloads that need no stamp, because names change with the content, or because all
    /// their sources are ignored.
    pub no_stamp: usize,
    /// The workloads of kinds that are never stamped, such as Jobs.
    pub not_stamped: usize,
    /// The workloads that are not stamped because they may be applied otherwise than written, by
    /// cause.
    pub left_alone: BTreeMap<DivergenceClass, usize>,
    /// The workloads that every overlay stamps in its stamps file, if only a build shows whether
    /// the stamps are right.
    pub unverified: usize,
    /// The workloads for which every overlay decides, and that were checked in the builds.
    pub decided_by_builds: usize,
    /// The counts of the builds, if a builder ran.
    pub built: Option<Built>,
    /// The workloads without any source in their apply unit.
    pub external_only: usize,
    /// The workloads that are not stamped because of an error.
    pub refused: usize,
    /// The workloads that a control annotation or the configuration ignores.
    pub ignored: usize,
    /// Objects whose controllers create or change other objects in the cluster: their effect is not
    /// checked.
    pub not_looked_into: BTreeMap<Indirect, usize>,
    /// Charts that were skipped, because their templates are not manifests.
    pub charts: usize,
    /// Findings that the configuration or a comment silences.
    pub silenced: usize,
}

impl Coverage {
    /// Removes the objects that apply a folder which was checked. A release whose pods a row of the
    /// configuration describes stays: what the chart does with its other values is not known.
    fn looked_into(&mut self, outcome: &Outcome) {
        let applied = outcome.units.all.iter().filter_map(|unit| unit.applied_by);
        let applied: BTreeSet<(Indirect, Place)> = applied
            .filter(|(_, place)| outcome.manifests[place.file].input.is_looked_at())
            .collect();
        for (kind, _) in applied {
            if let Some(count) = self.not_looked_into.get_mut(&kind) {
                *count = count.saturating_sub(1);
            }
        }
        self.not_looked_into.retain(|_, count| *count > 0);
    }
}

impl Outcome {
    /// The counts of the run.
    pub fn coverage(&self) -> Coverage {
        let mut sum = Coverage {
            charts: self.skipped.charts,
            silenced: self.silenced,
            built: self.built.clone(),
            ..Coverage::default()
        };
        for file in self.manifests.files() {
            let of = &self.manifests[file];
            if !of.input.is_looked_at() || self.units.is_patch(file) {
                continue;
            }
            sum.objects += of.object_count;
            sum.manifests += usize::from(of.object_count > 0);
            for object in &of.indirect {
                *sum.not_looked_into.entry(object.does).or_default() += 1;
            }
        }
        sum.looked_into(self);
        for planned in &self.plan.workloads {
            self.count(planned, &mut sum);
        }
        sum
    }

    /// The same counts after the run wrote these files: workloads in other files were not stamped.
    pub fn coverage_after(&self, written: &BTreeSet<FileId>) -> Coverage {
        let mut sum = self.coverage();
        let file = |planned: &&Planned| self.manifests[planned.object].place.file;
        let all = self.plan.workloads.iter().filter(|planned| self.is_changing(planned));
        sum.failed = all.filter(|planned| !written.contains(&file(planned))).count();
        sum.changing -= sum.failed;
        sum
    }

    /// Whether the stamp of a workload is added, changed or removed, in a named file.
    fn is_changing(&self, planned: &Planned) -> bool {
        let is_named = self.manifests[self.manifests[planned.object].place.file].input.is_named();
        let changes = match planned.decision {
            Decision::Stamp { state, .. } => state != State::Current,
            Decision::None { left_over } => left_over,
            _ => false,
        };
        changes && is_named
    }

    fn count(&self, planned: &Planned, sum: &mut Coverage) {
        let reads = self.manifests.references_of(planned.template).iter().any(Reference::reads);
        let counter = match &planned.decision {
            Decision::Stamp { state: State::Current, .. } => &mut sum.right,
            Decision::Stamp { .. } | Decision::None { left_over: true } => {
                match self.is_changing(planned) {
                    true => &mut sum.changing,
                    false => &mut sum.not_written,
                }
            }
            Decision::LeftAlone(why)
                if self.is_built(planned) && (reads || why.may_add_reads()) =>
            {
                &mut sum.decided_by_builds
            }
            Decision::LeftAlone(_) if planned.listed.is_some() => match planned.listed {
                Some(Listing::Right) => &mut sum.right,
                Some(Listing::Stale(_)) => &mut sum.changing,
                _ => &mut sum.unverified,
            },
            Decision::LeftAlone(why) if reads || why.may_add_reads() => {
                sum.left_alone.entry(why.cause.class()).or_default()
            }
            _ if !reads => return,
            Decision::LeftAlone(_) => return,
            Decision::None { left_over: false } => &mut sum.no_stamp,
            Decision::Unverifiable { .. } => &mut sum.external_only,
            Decision::Refused => &mut sum.refused,
            Decision::Ignored => &mut sum.ignored,
            Decision::NotStamped => &mut sum.not_stamped,
        };
        *counter += 1;
        sum.reading += 1;
    }

    /// Whether a workload was checked in the builds.
    fn is_built(&self, planned: &Planned) -> bool {
        let file = self.manifests[planned.object].place.file;
        self.built.as_ref().is_some_and(|built| built.files.contains(&file))
    }
}
