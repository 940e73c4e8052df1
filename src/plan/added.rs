//! Reads that the pod spec does not show: sources that annotations or the configuration add to a
//! workload.

use super::{Planner, Reason, Sum};
use crate::compat::reloader::Tags;
use crate::compat::selection::Selection;
use crate::compat::wave;
use crate::extract::{
    AddedSource, Grounds, Keys, Object, ReadAnnotations, Reference, SiteLabel, Template, TemplateId,
};
use crate::k8s::added::{AddedBy, site};
use crate::k8s::providers::Target;
use crate::resolve::Resolution;
use crate::resolve::index::Indexed;
use crate::scope::Membership;
use smol_str::SmolStr;
use std::collections::BTreeSet;
use std::rc::Rc;

/// A read that an annotation or the configuration adds.
pub struct AddedRead {
    /// The read, as a reference with all keys at the place of the workload's name.
    pub reference: Reference,
    /// The namespace of the source, if it is given.
    pub namespace: Option<SmolStr>,
    /// The origin of the read.
    pub by: AddedBy,
    /// Its contribution to the stamp.
    pub reason: Reason,
}

impl<'a> Planner<'a> {
    /// The reads that are added to a pod template, without those that it has anyway.
    pub(super) fn added(
        &mut self,
        membership: &Membership,
        at: TemplateId,
        selection: &Selection,
        sum: &mut Sum,
    ) -> Vec<AddedRead> {
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        let wanted = self.wanted(membership, at, selection);
        let mut found = Vec::new();
        for (by, also) in wanted {
            let reference = reference(at, object, by, &also);
            let resolution = self.resolver.named(
                membership,
                object,
                also.target,
                also.namespace.as_deref(),
                &also.name,
            );
            let reason = self.contributes(resolution, &reference, &also.name, &Selection::All, sum);
            if let Some(finding) =
                self.say_reason(object, template, &reference, &also.name, &reason)
            {
                self.say(finding);
            }
            found.push(AddedRead { reference, namespace: also.namespace, by, reason });
        }
        found
    }

    /// The added sources with their origin, each once.
    fn wanted(
        &mut self,
        membership: &Membership,
        at: TemplateId,
        selection: &Selection,
    ) -> Vec<(AddedBy, AddedSource)> {
        let manifests = self.manifests;
        let template = &manifests[at];
        let object = &manifests[template.object];
        let mut wanted: Vec<(AddedBy, AddedSource)> = Vec::new();
        if let Some(said) = &template.said {
            wanted.extend(said.also.iter().map(|also| (AddedBy::Own, also.clone())));
            wanted.extend(self.of_wave(object, said));
        }
        let references = manifests.references_of(at).iter().filter(|reference| reference.reads());
        let named: BTreeSet<(Target, &str)> =
            references.map(|reference| (reference.site.target, reference.name.as_str())).collect();
        let collectors = self.collectors(object, template);
        for target in Target::ALL {
            let has_list =
                selection.selector(target).is_some_and(|own| own.listed().next().is_some());
            let rows: Vec<u64> = collectors
                .iter()
                .filter(|(_, collects)| *collects == target)
                .map(|(row, _)| 1 << row)
                .collect();
            if !has_list && rows.is_empty() {
                continue;
            }
            for indexed in self.in_unit(membership, target).iter() {
                let source = &manifests[indexed.copy];
                if named.contains(&(target, source.name.as_str()))
                    || !self.resolver.is_near(membership, object, indexed)
                {
                    continue;
                }
                let by = if has_list && selection.names(target, &source.name, source.tags) {
                    AddedBy::Reloader
                } else if rows.iter().any(|row| source.collected & row != 0) {
                    AddedBy::Label
                } else {
                    continue;
                };
                let name = source.name.clone();
                wanted
                    .push((by, AddedSource { target, namespace: indexed.namespace.clone(), name }));
            }
            // A listed name that no source of the unit has is outside of the unit.
            for name in self.names_outside(membership, object, target, selection) {
                if !named.contains(&(target, name.as_str())) {
                    wanted.push((
                        AddedBy::Reloader,
                        AddedSource { target, namespace: None, name: name.into() },
                    ));
                }
            }
        }
        let mut seen = BTreeSet::new();
        wanted.retain(|(_, also)| {
            seen.insert((also.target, also.namespace.clone(), also.name.clone()))
        });
        wanted
    }

    /// All sources of a unit that are of this kind.
    fn in_unit(&mut self, membership: &Membership, target: Target) -> Rc<[&'a Indexed]> {
        let resolver = self.resolver;
        let all = self.in_unit.entry((membership.unit, target));
        Rc::clone(all.or_insert_with(|| resolver.all(membership, target).collect()))
    }

    /// The sources that Wave adds, if Wave is followed and manages the workload.
    fn of_wave(&self, object: &Object, said: &ReadAnnotations) -> Vec<(AddedBy, AddedSource)> {
        let workload = &said.carried.workload;
        if !self.options.rules.compat.wave || !wave::is_enabled(&object.id.kind, workload) {
            return Vec::new();
        }
        let extras = wave::extras(workload).filter(|extra| !extra.name.is_empty());
        let also = extras.map(|extra| {
            let namespace = extra.namespace.map(SmolStr::from);
            (
                AddedBy::Wave,
                AddedSource { target: extra.target, namespace, name: extra.name.into() },
            )
        });
        also.collect()
    }

    /// The rows of the configuration that collect sources by label for this workload.
    fn collectors(&self, object: &Object, template: &Template) -> Vec<(usize, Target)> {
        if template.ignored.is_some() {
            return Vec::new();
        }
        let rows = self.options.rules.collectors.iter().enumerate();
        rows.filter(|(_, row)| row.fits(&object.id.group, &object.id.kind, &object.id.name))
            .map(|(number, row)| (number, row.target))
            .collect()
    }

    /// The entries of Reloader's list that are plain names, select a source with this name, and
    /// match no source of the unit.
    fn names_outside(
        &self,
        membership: &Membership,
        object: &Object,
        target: Target,
        selection: &Selection,
    ) -> Vec<String> {
        let Some(selector) = selection.selector(target) else {
            return Vec::new();
        };
        let names = selector.listed().filter_map(crate::compat::migration::plain_name);
        names
            .filter(|name| selection.names(target, name, Tags::default()))
            .filter(|name| {
                let found = self.resolver.named(membership, object, target, None, name);
                matches!(found, Resolution::External)
            })
            .collect()
    }
}

/// A reference that stands in for an added read.
fn reference(template: TemplateId, object: &Object, by: AddedBy, also: &AddedSource) -> Reference {
    Reference {
        template,
        site: site(by, also.target),
        name: also.name.clone(),
        name_span: object.name_span,
        optional: false,
        keys: Keys::All,
        why: Grounds::All,
        spot: SiteLabel::default(),
    }
}
