//! What a run looked at, and what became of it: it tells how much stands behind the word `clean`.

use super::Outcome;
use crate::extract::Reference;
use crate::finding::divergence::DivergenceClass;
use crate::k8s::indirect::Indirect;
use crate::plan::{Decision, Listing, Planned, State};
use crate::text::FileId;
use crate::text::Place;
use std::collections::{BTreeMap, BTreeSet};

/// What the overlays of a run build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// The files about which the builds say everything.
    pub files: BTreeSet<FileId>,
    /// The overlays that were built, in this run or from the same bytes in an earlier one.
    pub overlays: usize,
    /// The overlays that were not, because none of their files changed since the revision that was named.
    pub unchanged: usize,
    /// The overlays of which the build failed.
    pub failed: usize,
    /// The workloads of all overlays with the right stamp.
    pub right: usize,
    /// Those whose stamp is missing or stale.
    pub wrong: usize,
}

/// What a run looked at, in numbers. Every pod template that reads configuration counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Files with Kubernetes objects.
    pub manifests: usize,
    /// Kubernetes objects of any kind.
    pub objects: usize,
    /// Workloads that read configuration, or that an overlay may make read some.
    pub reading: usize,
    /// Of these, those whose stamp is right.
    pub right: usize,
    /// Those that get a stamp, another one or none in this run, or that need it.
    pub changing: usize,
    /// Those that need it, in files that were not named, so that they are not written.
    pub not_written: usize,
    /// Those that need it, in files that could not be written.
    pub failed: usize,
    /// Those that need no stamp, because names change with the content, or because everything that they
    /// read is ignored.
    pub no_stamp: usize,
    /// Those of kinds that are never stamped, such as Jobs.
    pub not_stamped: usize,
    /// Those that are left alone, by what makes what is applied differ from the text.
    pub left_alone: BTreeMap<DivergenceClass, usize>,
    /// Those that every overlay stamps by its stamps file, where only a build shows whether the stamps are
    /// right.
    pub unverified: usize,
    /// Those about which every overlay decides, and that were looked at in what the overlays build.
    pub decided_by_builds: usize,
    /// What the overlays build, if a builder ran.
    pub built: Option<Built>,
    /// Those of which nothing that they read is in their apply unit.
    pub external_only: usize,
    /// Those that are left alone because of an error.
    pub refused: usize,
    /// Those that a control annotation or the configuration ignores.
    pub ignored: usize,
    /// Objects that make or change others in the cluster: what they do is not looked into.
    pub not_looked_into: BTreeMap<Indirect, usize>,
    /// Charts that were walked past, because their templates are no manifests.
    pub charts: usize,
    /// Findings that the configuration or a comment silences.
    pub silenced: usize,
}

impl Coverage {
    /// Takes out the objects that apply a folder which was looked into.
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
    /// What the run looked at.
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
            for (&kind, &count) in &of.indirect {
                *sum.not_looked_into.entry(kind).or_default() += count;
            }
        }
        sum.looked_into(self);
        for planned in &self.plan.workloads {
            self.count(planned, &mut sum);
        }
        sum
    }

    /// The same after the run wrote these files: in others, nothing was stamped.
    pub fn coverage_after(&self, written: &BTreeSet<FileId>) -> Coverage {
        let mut sum = self.coverage();
        let file = |planned: &&Planned| self.manifests[planned.object].place.file;
        let all = self.plan.workloads.iter().filter(|planned| self.is_changing(planned));
        sum.failed = all.filter(|planned| !written.contains(&file(planned))).count();
        sum.changing -= sum.failed;
        sum
    }

    /// Whether a workload gets a stamp, another one or none, in a file that was named.
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

    /// Whether a workload was looked at in what overlays build.
    fn is_built(&self, planned: &Planned) -> bool {
        let file = self.manifests[planned.object].place.file;
        self.built.as_ref().is_some_and(|built| built.files.contains(&file))
    }
}
