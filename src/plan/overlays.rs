//! Decides about workloads that several units apply: a workload is stamped only if all its units
//! need the same stamp.

use super::{DecidedTemplate, Decision, PlannedForeign, Planner, Reason, findings};
use crate::extract::{Keys, Manifests, Object, Reference, Template, TemplateId};
use crate::finding::divergence::{Cause, Divergence};
use crate::finding::{Code, Finding};
use crate::scope::{Membership, Unit};
use crate::text::Place;
use std::collections::BTreeSet;

/// Whether a template would get a stamp, or may get one when it is applied, so that a finding says
/// why it is not stamped.
pub(super) fn matters(manifests: &Manifests, template: &Template, why: &Divergence) -> bool {
    if template.not_stamped.is_some() || template.ignored.is_some() {
        return false;
    }
    why.may_add_reads() || template.references.iter().map(|at| &manifests[at]).any(Reference::reads)
}

/// The reason why a list item that a kustomization includes is not stamped.
pub(super) fn raw_material(object: &Object) -> Divergence {
    let below = object.raw_material_of().unwrap_or("a kustomization");
    Divergence::of(Cause::RawMaterial(below.to_owned()))
}

impl Planner<'_> {
    /// Decides for every unit that applies the file.
    ///
    /// # Errors
    /// A [`Divergence`], if the units need different stamps or what they apply is not known.
    pub(super) fn in_all(
        &mut self,
        memberships: &[Membership],
        at: TemplateId,
    ) -> Result<DecidedTemplate, Divergence> {
        if let [only] = memberships
            && !self.units.get(only.unit).built
        {
            return Ok(self.template(only, at));
        }
        let mut first: Option<(&Unit, DecidedTemplate)> = None;
        let mut said: BTreeSet<(Code, Option<Place>, String)> = BTreeSet::new();
        let mut findings: Vec<Finding> = Vec::new();
        let earlier = std::mem::take(&mut self.said);
        let mut wrong = None;
        for membership in memberships {
            let unit = self.units.get(membership.unit);
            let decided = self.template(membership, at);
            self.about_variables(unit, at, &decided);
            for finding in std::mem::take(&mut self.said.findings) {
                if said.insert((finding.code, finding.place, finding.message.clone())) {
                    findings.push(finding);
                }
            }
            wrong = self.doubt(membership, at, &decided);
            if wrong.is_some() {
                break;
            }
            match &mut first {
                None => first = Some((unit, decided)),
                Some((one, same)) if same.decision != decided.decision && !unit.built => {
                    self.said = earlier;
                    let finding =
                        findings::several_units(self.manifests.workload(at), &one.name, &unit.name);
                    self.say(finding);
                    return Ok(Decision::Refused.into());
                }
                Some((one, same)) if same.decision != decided.decision => {
                    let (one, two) = (one.name.clone(), unit.name.clone());
                    wrong = Some(Divergence::of(Cause::DifferentStamps(one, two)));
                    break;
                }
                // It is unknown which of the values is right, so the marks do not change.
                Some((_, same)) if same.foreign != decided.foreign => {
                    same.foreign = PlannedForeign::default();
                }
                Some(_) => {}
            }
        }
        let mut said = std::mem::replace(&mut self.said, earlier);
        match (wrong, first) {
            (None, Some((_, decided))) => {
                said.findings = findings;
                self.said.add(said);
                Ok(decided)
            }
            (why, _) => Err(why.unwrap_or_else(|| Divergence::of(Cause::OnlyRead))),
        }
    }

    /// Reports values that a template reads and that a controller changes in an unknown way.
    fn about_variables(&mut self, unit: &Unit, at: TemplateId, decided: &DecidedTemplate) {
        let DecidedTemplate { decision, reasons, added, .. } = decided;
        if unit.substitutions.is_empty()
            || !matches!(decision, Decision::Stamp { .. } | Decision::None { .. })
        {
            return;
        }
        let manifests = self.manifests;
        let mut seen = BTreeSet::new();
        for reason in reasons.iter().chain(added.iter().map(|added| &added.reason)) {
            let Some(source) = reason.source().filter(|source| seen.insert(*source)) else {
                continue;
            };
            let source = &manifests[source];
            let is_read = |key: &Option<String>| match (key, reason) {
                (Some(key), Reason::Counted(counted)) => {
                    counted.entries.iter().any(|&entry| source.entries[entry].key == *key)
                }
                (Some(_), Reason::ContentNamed(_)) | (None, _) => true,
                _ => false,
            };
            let substitutions = unit.substitutions.get(&source.object).into_iter().flatten();
            for substitution in substitutions.filter(|own| is_read(&own.key)) {
                let workload = manifests.workload(at);
                self.say(findings::substituted(workload, source, substitution));
            }
        }
    }

    /// The reason why a template may need another stamp in a unit than in the file.
    fn doubt(
        &self,
        membership: &Membership,
        at: TemplateId,
        decided: &DecidedTemplate,
    ) -> Option<Divergence> {
        let unit = self.units.get(membership.unit);
        if !unit.built {
            return None;
        }
        let why = self.doubt_in(unit, membership, at, decided);
        let why = why.or_else(|| self.patched(unit, at))?;
        Some(why.in_build_of(&unit.name, unit.named_in.map(|file| self.manifests.name(file))))
    }

    /// The reason why a template may need another stamp in a unit than in the file, without regard
    /// to the stamps file of the unit.
    pub(super) fn doubt_in(
        &self,
        unit: &Unit,
        membership: &Membership,
        at: TemplateId,
        decided: &DecidedTemplate,
    ) -> Option<Divergence> {
        let DecidedTemplate { decision, reasons, added, .. } = decided;
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        if let Some(why) = unit.changed.get(&template.object)
            && !(why.only_changes_the_object()
                && self.reads_nothing_here(unit, membership, at, decision))
        {
            return Some(why.clone());
        }
        let references = template.references.iter().zip(reasons).map(|(id, reason)| {
            let reference = &manifests[id];
            (reference, self.renames.name(id, reference), reason)
        });
        let added = added
            .iter()
            .map(|added| (&added.reference, added.reference.name.as_str(), &added.reason));
        for (reference, name, reason) in references.chain(added) {
            if matches!(reason, Reason::ReadsNothing) {
                continue;
            }
            let target = reference.site.target;
            let candidates = self.resolver.candidates(membership, target, name).iter();
            let sources = candidates.map(|candidate| &manifests[candidate.copy]);
            if let Some(why) = sources.clone().find_map(|source| unit.changed.get(&source.object)) {
                return Some(why.clone());
            }
            let keys = sources.into_iter().find_map(|source| {
                let keys = unit.changed_keys.get(&source.object)?;
                keys.iter().find(|(key, _)| source.whole || may_read(&reference.keys, key))
            });
            if let Some((_, why)) = keys {
                return Some(why.clone());
            }
            if matches!(reason, Reason::Clash(..) | Reason::Ambiguous(_)) {
                let (unit, name) = (unit.name.clone(), name.to_owned());
                return Some(Divergence::of(Cause::SeveralSources(unit, target, name)));
            }
            // The reference may mean a source that is not in the input.
            if let Some(open) = &unit.open
                && !self.resolver.is_exact(membership, object, target, name)
            {
                return Some(open.clone());
            }
        }
        None
    }

    /// Whether a workload has no stamp and needs none, whatever changes its object: no source of
    /// the unit has a name that it reads, except sources that are filled in the cluster.
    fn reads_nothing_here(
        &self,
        unit: &Unit,
        membership: &Membership,
        at: TemplateId,
        decision: &Decision,
    ) -> bool {
        let is_unstamped = matches!(
            decision,
            Decision::Unverifiable { present: false } | Decision::None { left_over: false }
        );
        let references = self.manifests[at].references.iter();
        is_unstamped
            && unit.open.is_none()
            && references.map(|id| (id, &self.manifests[id])).all(|(id, reference)| {
                let name = self.renames.name(id, reference);
                let mut candidates =
                    self.resolver.candidates(membership, reference.site.target, name).iter();
                candidates.all(|candidate| candidate.filled_in_cluster)
            })
    }
}

/// Whether a reference that reads these keys reads this key, or would read it if the source had it.
fn may_read(keys: &Keys, key: &str) -> bool {
    match keys {
        Keys::None => false,
        Keys::All | Keys::Env => true,
        Keys::One(one) => one == key,
        Keys::Listed(listed) => listed.iter().any(|one| one == key),
        Keys::Under(parts) => {
            parts.iter().any(|part| part.first().is_none_or(|first| first == key))
        }
    }
}
