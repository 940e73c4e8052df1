//! Checks the stamps files of overlays, as far as this is possible without a build.

use super::{Decision, Planner};
use crate::config::options::Options;
use crate::extract::{Manifests, Object, TemplateId};
use crate::finding::divergence::{Cause, Divergence, Effect};
use crate::finding::{Code, Finding};
use crate::patches::StampPatch;
use crate::scope::{Membership, Unit, Units};
use crate::text::Place;

/// The result of checking the stamps files that name a workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Every file holds the right stamp.
    Right,
    /// This file holds another stamp.
    Stale(String),
    /// Only a build shows whether the stamps are right.
    Unverified,
}

impl Planner<'_> {
    /// The result of checking the stamps files of a workload; `None` unless every overlay that
    /// applies it has a stamps file that names it.
    pub(super) fn listing(&mut self, at: TemplateId) -> Option<Listing> {
        let object = self.manifests.workload(at);
        let memberships = self
            .units
            .memberships(object.place.file)
            .filter(|memberships| !memberships.is_empty())?;
        let mut all = Listing::Right;
        for membership in memberships {
            match self.listing_in(membership, at)? {
                Listing::Right => {}
                stale @ Listing::Stale(_) => return Some(stale),
                Listing::Unverified => all = Listing::Unverified,
            }
        }
        Some(all)
    }

    fn listing_in(&mut self, membership: &Membership, at: TemplateId) -> Option<Listing> {
        let (manifests, units) = (self.manifests, self.units);
        let template = &manifests[at];
        let unit = units.get(membership.unit);
        let file = unit.stamps.as_ref()?;
        let entry = entry(manifests, unit, manifests.workload(at))?;
        // The findings about the workload are reported at the decision, so those of this check are
        // dropped.
        let said = std::mem::take(&mut self.said);
        let decided = self.template(membership, at);
        self.said = said;
        if self.doubt_in(unit, membership, at, &decided).is_some() {
            return Some(Listing::Unverified);
        }
        let Decision::Stamp { value, .. } = &decided.decision else {
            return Some(Listing::Unverified);
        };
        let way = template.annotations();
        let of_template = entry.stamps.iter().find(|s| s.way == way);
        Some(match of_template {
            None => Listing::Unverified,
            Some(stamp) if stamp.value == *value => Listing::Right,
            Some(_) => Listing::Stale(file.name.clone()),
        })
    }

    /// The divergence because of the stamps file of a unit that stamps the workload: the stamp in
    /// the file of the workload is not applied.
    pub(super) fn patched(&self, unit: &Unit, at: TemplateId) -> Option<Divergence> {
        let file = unit.stamps.as_ref()?;
        let id = &self.manifests.workload(at).id;
        entry(self.manifests, unit, self.manifests.workload(at))?;
        let cause = Cause::Kustomization {
            file: self.manifests.name(file.named_by).to_owned(),
            field: Some("transformers".to_owned()),
            effect: Effect::changes(id),
        };
        let place = Some(Place { file: file.named_by, span: file.at });
        Some(Divergence { cause, place, built_by: None })
    }
}

/// Whether an entry may refer to an object: the build may add a prefix and a suffix to its name.
fn may_mean(entry: &StampPatch, object: &Object) -> bool {
    entry.group == object.id.group
        && entry.kind == object.id.kind
        && entry.name.contains(object.id.name.as_str())
}

/// The entry for a workload in the stamps file of a unit. If the names of several workloads are
/// part of the name in an entry, the entry refers to the workload with the longest name.
fn entry<'a>(manifests: &Manifests, unit: &'a Unit, object: &Object) -> Option<&'a StampPatch> {
    let entries = &unit.stamps.as_ref()?.entries;
    let is_nearest = |entry: &&StampPatch| {
        let others = unit.objects(manifests).map(|(at, _)| &manifests[at]);
        let mut nearer = others
            .filter(|other| may_mean(entry, other) && other.id.name.len() > object.id.name.len());
        nearer.next().is_none()
    };
    let mut meant = entries.iter().filter(|entry| may_mean(entry, object));
    let exact = meant.clone().find(|entry| entry.name == object.id.name);
    exact.or_else(|| meant.find(is_nearest))
}

/// The findings about stamps files: one that no kustomization names, and one that names a workload
/// which its overlay does not hold.
pub(super) fn findings(manifests: &Manifests, units: &Units, options: &Options) -> Vec<Finding> {
    if options.makes_stamps_files {
        // The check of the builds covers this.
        return Vec::new();
    }
    let unwired = units.unwired.iter().map(|&file| {
        let name = manifests.name(file);
        let message = format!("no kustomization names {name}, so its stamps have no effect");
        Finding::new(Code::UnwiredPatches, message)
            .in_file(name)
            .help("run `rollstamp write --build kustomize` over the overlays, or delete the file")
    });
    let mut findings: Vec<Finding> = unwired.collect();
    for unit in &units.all {
        let Some(file) = unit.stamps.as_ref().filter(|_| unit.open.is_none()) else { continue };
        for entry in &file.entries {
            let mut objects = unit.objects(manifests).map(|(at, _)| &manifests[at]);
            if objects.any(|object| may_mean(entry, object)) {
                continue;
            }
            let message = format!(
                "{} has a stamp for {} {}, which the overlay does not hold",
                file.name, entry.kind, entry.name
            );
            findings.push(
                Finding::new(Code::OrphanPatches, message)
                    .in_file(file.name.clone())
                    .help("run `rollstamp write --build kustomize` over the overlays"),
            );
        }
    }
    findings
}
