//! Finds the source of each reference of a workload.

pub mod index;

use crate::config::options::Options;
use crate::extract::{Maker, Manifests, Object, ObjectId, Origin, Reference, SourceId};
use crate::k8s::fillers::{Published, published};
use crate::k8s::kustomize_names::renames;
use crate::k8s::providers::Target;
use crate::resolve::index::{Index, Indexed, IndexedId, exact, namespace};
use crate::scope::{Membership, UnitId};
use crate::text::{FileId, Place};
use std::collections::BTreeSet;

/// The result for one reference.
pub enum Resolution<'a> {
    /// This source.
    Found(&'a Indexed),
    /// A source whose copies in two files differ.
    Clash(&'a Indexed),
    /// These sources match, and none of them is chosen.
    Ambiguous(Vec<SourceId>),
    /// This source, which a controller in the cluster fills.
    Filled(&'a Indexed),
    /// No source of the unit: the source is external.
    External,
}

/// The program that creates a source in the cluster that no manifest holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// A program, because of an object: the file, and the number of the [`Maker`] in it.
    Object(FileId, usize),
    /// A program, in every namespace.
    Everywhere(&'static Published),
}

impl MadeBy {
    /// The object because of which the source is created, if any.
    pub fn maker(self, manifests: &Manifests) -> Option<&Maker> {
        match self {
            Self::Object(file, number) => manifests[file].makers.get(number),
            Self::Everywhere(_) => None,
        }
    }

    /// The name of the program in messages.
    pub fn program(self, manifests: &Manifests) -> &'static str {
        match self {
            Self::Everywhere(row) => row.by,
            Self::Object(..) => self.maker(manifests).map_or("", |maker| maker.row.by),
        }
    }

    /// The place of the name in the object, if there is one.
    pub fn place(self, manifests: &Manifests) -> Option<Place> {
        let Self::Object(file, _) = self else { return None };
        self.maker(manifests).map(|maker| Place { file, span: maker.at })
    }
}

/// Finds the source that a name means, in a unit and for an object of the unit.
pub struct Resolver<'a> {
    manifests: &'a Manifests,
    index: &'a Index,
    options: &'a Options,
    /// The objects to whose names kustomize will append a hash, in addition to those with the
    /// annotation.
    hashed: &'a BTreeSet<ObjectId>,
    is_inside_kustomize: bool,
}

/// An object with a name of a source, as kustomize sees it.
pub struct ReferringObject<'a> {
    /// The namespace in its metadata.
    pub namespace: Option<&'a str>,
    /// Whether it is cluster-wide, so that it may refer to any namespace.
    pub is_cluster_wide: bool,
    /// The annotations of kustomize about it.
    pub origin: Option<&'a Origin>,
    /// Whether it may refer to sources that exist only in files below a kustomization, which no pod
    /// reads.
    pub sees_raw: bool,
}

/// Whether two namespaces may be the same: a missing namespace may be any.
pub fn may_be_one(one: Option<&str>, other: Option<&str>) -> bool {
    one.is_none() || other.is_none() || one == other
}

impl<'a> Resolver<'a> {
    /// A resolver for the sources of an index.
    pub fn new(
        manifests: &'a Manifests,
        index: &'a Index,
        hashed: &'a BTreeSet<ObjectId>,
        options: &'a Options,
    ) -> Self {
        let mut resolver = Self { manifests, index, options, hashed, is_inside_kustomize: false };
        resolver.is_inside_kustomize = index.is_inside_kustomize(|at| resolver.is_hashed(at));
        resolver
    }

    /// The sources of a unit that have this kind and name, in any namespace.
    pub fn candidates(&self, membership: &Membership, target: Target, name: &str) -> &'a [Indexed] {
        self.index.get(membership.unit, target, name)
    }

    /// All sources of a unit that are of this kind, in the order of their names.
    pub fn all(
        &self,
        membership: &Membership,
        target: Target,
    ) -> impl Iterator<Item = &'a Indexed> {
        self.index.all(membership.unit, target)
    }

    /// Whether a source is in the namespace of a workload, as far as both namespaces are known.
    pub fn is_near(&self, membership: &Membership, workload: &Object, indexed: &Indexed) -> bool {
        may_be_one(self.own_namespace(membership, workload), indexed.namespace.as_deref())
    }

    /// The source of a name outside of the pod spec: in the given namespace, or in that of the
    /// workload.
    pub fn named(
        &self,
        membership: &Membership,
        workload: &Object,
        target: Target,
        namespace: Option<&str>,
        name: &str,
    ) -> Resolution<'a> {
        match namespace {
            Some(other) if self.own_namespace(membership, workload) != namespace => {
                let found = exact(self.candidates(membership, target, name), Some(other));
                found.map_or(Resolution::External, settled)
            }
            _ => self.by_name(
                membership.unit,
                self.own_namespace(membership, workload),
                target,
                name,
            ),
        }
    }

    /// The program that creates a source in the cluster, if nothing in the unit has the name.
    pub fn made(
        &self,
        membership: &Membership,
        workload: &Object,
        target: Target,
        name: &str,
    ) -> Option<MadeBy> {
        let own = self.own_namespace(membership, workload);
        let mut found = self.index.made(membership.unit, target, name).iter();
        let found = found.find(|made| may_be_one(own, made.namespace.as_deref()));
        let object = found.map(|made| MadeBy::Object(made.file, made.number));
        object.or_else(|| published(target, name).map(MadeBy::Everywhere))
    }

    /// The copies of a source that define its content.
    pub fn copies(&self, indexed: &Indexed) -> &'a [SourceId] {
        self.index.copies(indexed)
    }

    /// The namespace in which a workload looks first.
    fn own_namespace<'b>(
        &'b self,
        membership: &'b Membership,
        workload: &'b Object,
    ) -> Option<&'b str> {
        if let Some(said) = &workload.pods_namespace {
            return Some(said);
        }
        let own = workload.id.namespace.as_deref();
        namespace(membership.namespace.as_deref().or(own), self.options)
    }

    /// Whether the source has exactly the namespace of the workload, so that no other, unseen
    /// source could be meant instead.
    pub fn is_exact(
        &self,
        membership: &Membership,
        workload: &Object,
        target: Target,
        name: &str,
    ) -> bool {
        let candidates = self.candidates(membership, target, name);
        exact(candidates, self.own_namespace(membership, workload)).is_some()
    }

    /// Resolves one reference with this name inside its unit. Inside a kustomize build, in which
    /// names are not final, the result is the source whose name kustomize will write there;
    /// otherwise the source with that name.
    pub fn resolve(
        &self,
        membership: &Membership,
        workload: &Object,
        reference: &Reference,
        name: &str,
    ) -> Resolution<'a> {
        let target = reference.site.target;
        let by_name = || {
            self.by_name(membership.unit, self.own_namespace(membership, workload), target, name)
        };
        if !self.is_inside_kustomize {
            return by_name();
        }
        let field = reference.spot.list;
        let is_renamed = renames(&workload.id, &reference.site, field);
        let named = match by_name() {
            // The name of the source will change, and kustomize does not rewrite this reference.
            Resolution::Found(found) if self.is_hashed(found.copy) => Resolution::External,
            named => named,
        };
        let referrer = ReferringObject::of(workload);
        let old = self.by_old_name(membership.unit, &[target], name, &referrer);
        let old: Vec<&Indexed> = old.into_iter().map(|(_, indexed)| indexed).collect();
        match (is_renamed, named, old.as_slice()) {
            (_, named, []) => named,
            (true, _, [only]) | (false, Resolution::External, [only]) => settled(only),
            // The user may have configured more places for kustomize, which a plugin cannot see.
            (false, Resolution::Found(found), [only]) if found.copy == only.copy => settled(found),
            (_, named, several) => {
                let mut fitting: Vec<SourceId> = several.iter().map(|c| c.copy).collect();
                if let (false, Resolution::Found(found)) = (is_renamed, named) {
                    fitting.push(found.copy);
                }
                Resolution::Ambiguous(fitting)
            }
        }
    }

    /// Whether kustomize will append a hash to the name of a source.
    fn is_hashed(&self, source: SourceId) -> bool {
        let origin = self.manifests.owner(source).origin.as_ref();
        origin.is_some_and(|origin| {
            origin.hashed || self.hashed.contains(&self.manifests[source].object)
        })
    }

    /// The sources whose name kustomize would write into a place with this name, as one of these kinds:
    /// sources that had the name and are in the namespace of the referrer, then those with the same
    /// prefixes and suffixes (api/filters/nameref/nameref.go, v5.8.1). Several sources if kustomize itself
    /// would fail.
    pub fn by_old_name(
        &self,
        unit: UnitId,
        targets: &[Target],
        name: &str,
        referrer: &ReferringObject<'_>,
    ) -> Vec<(IndexedId, &'a Indexed)> {
        let owner = |indexed: &Indexed| self.manifests.owner(indexed.copy);
        let of = |&target: &Target| {
            self.index.by_old_name(unit, target, name, |source| self.is_hashed(source))
        };
        let mut found: Vec<(IndexedId, &Indexed)> = targets.iter().flat_map(of).collect();
        let own = effective(referrer.namespace);
        if !referrer.sees_raw {
            found.retain(|(_, indexed)| owner(indexed).raw_material_of().is_none());
        }
        let is_near = |indexed| effective(owner(indexed).id.namespace.as_deref()) == own;
        found.retain(|(_, indexed)| referrer.is_cluster_wide || is_near(indexed));
        for empty_fits in [true, false] {
            if found.len() > 1 {
                found.retain(|(_, indexed)| {
                    Origin::fit(owner(indexed).origin.as_deref(), referrer.origin, empty_fits)
                });
            }
        }
        found
    }

    /// The sources of a unit that have this kind and name, in any namespace, including files below
    /// a kustomization.
    pub fn with_raw(
        &self,
        unit: UnitId,
        target: Target,
        name: &str,
    ) -> impl Iterator<Item = (IndexedId, &'a Indexed)> + Clone {
        self.index.with_raw(unit, target, name)
    }

    /// Of these sources, those that [fit](index::fitting) a namespace.
    pub fn fitting(
        &self,
        unit: UnitId,
        target: Target,
        name: &str,
        own: Option<&str>,
    ) -> Vec<(IndexedId, &'a Indexed)> {
        self.index.fitting(unit, target, name, own)
    }

    /// The source of a name in an object of a unit that is not a workload; `own` is the namespace in which
    /// the unit applies the object.
    pub fn meant(
        &self,
        unit: UnitId,
        own: Option<&str>,
        target: Target,
        name: &str,
    ) -> Resolution<'a> {
        self.by_name(unit, namespace(own, self.options), target, name)
    }

    /// The source that [fits](index::fitting) a namespace, if there is exactly one.
    fn by_name(
        &self,
        unit: UnitId,
        own: Option<&str>,
        target: Target,
        name: &str,
    ) -> Resolution<'a> {
        let candidates = self.index.get(unit, target, name);
        let of = |space: Option<&str>| exact(candidates, space).into_iter().collect();
        match index::fitting(own, of, || candidates.iter().collect()).as_slice() {
            [] => Resolution::External,
            [only] => settled(only),
            several => Resolution::Ambiguous(several.iter().map(|c| c.copy).collect()),
        }
    }
}

impl<'a> ReferringObject<'a> {
    /// A workload.
    pub fn of(workload: &'a Object) -> Self {
        Self {
            namespace: workload.namespace_of_pods(),
            is_cluster_wide: false,
            origin: workload.origin.as_deref(),
            sees_raw: false,
        }
    }
}

/// The namespace that kustomize assumes for an object.
pub fn effective(namespace: Option<&str>) -> &str {
    namespace.unwrap_or("default")
}

fn settled(found: &Indexed) -> Resolution<'_> {
    if found.filled_in_cluster {
        Resolution::Filled(found)
    } else if found.clash.is_some() {
        Resolution::Clash(found)
    } else {
        Resolution::Found(found)
    }
}
