//! The objects of a kustomization during its build.

use crate::extract::{Manifests, ObjectId, Source};
use crate::finding::divergence::{Cause, Divergence};
use crate::scope::UnknownSubstitution;
use crate::text::FileId;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The objects of a kustomization at one point of its build.
#[derive(Clone, Default)]
pub(super) struct Accumulator {
    pub(super) items: Vec<Resource>,
    /// The reason why there may be more objects, or other names.
    pub(super) open: Option<Divergence>,
    /// The sources in which a controller replaces variables without a known value.
    pub(super) substitutions: BTreeMap<ObjectId, Vec<UnknownSubstitution>>,
}

/// A file, or a generated source, during a build.
#[derive(Clone)]
pub(super) struct Resource {
    pub(super) file: FileId,
    /// The object that stands for a generated source.
    pub(super) made: Option<ObjectId>,
    pub(super) namespace: Option<String>,
    /// The reason why all of it may be changed.
    pub(super) changed: Option<Divergence>,
    /// The reasons why single objects in it may be changed.
    pub(super) objects: BTreeMap<ObjectId, Divergence>,
    /// The reasons why single keys of sources in it may be changed.
    pub(super) keys: BTreeMap<ObjectId, BTreeMap<SmolStr, Divergence>>,
}

impl Resource {
    /// A file without changes, or the object that stands for a generated source.
    pub(super) fn new(file: FileId, made: Option<ObjectId>) -> Self {
        Self {
            file,
            made,
            namespace: None,
            changed: None,
            objects: BTreeMap::new(),
            keys: BTreeMap::new(),
        }
    }

    /// The objects that it stands for.
    pub(super) fn objects_in(
        &self,
        manifests: &Manifests,
    ) -> impl Iterator<Item = ObjectId> + use<> {
        let of_file = self.made.is_none().then(|| manifests[self.file].objects.iter());
        self.made.into_iter().chain(of_file.into_iter().flatten())
    }
}

impl Accumulator {
    pub(super) fn change_all(&mut self, why: &Divergence, open: bool) {
        for item in &mut self.items {
            item.changed.get_or_insert_with(|| why.clone());
        }
        if open {
            self.open.get_or_insert_with(|| why.clone());
        }
    }

    pub(super) fn append(&mut self, base: Self) {
        for item in base.items {
            let same = |other: &Resource| (other.file, other.made) == (item.file, item.made);
            match self.items.iter_mut().find(|other| same(other)) {
                None => self.items.push(item),
                Some(other) => {
                    other.changed.get_or_insert_with(|| Divergence::of(Cause::IncludedTwoWays));
                }
            }
        }
        if let Some(why) = base.open {
            self.open.get_or_insert(why);
        }
        for (at, substitutions) in base.substitutions {
            self.substitutions.entry(at).or_insert(substitutions);
        }
    }

    /// Removes and returns the only generated source that another generator refers to, if nothing
    /// else has its name. `provides` lists the objects of an item with their sources.
    pub(super) fn take_made<'a>(
        &mut self,
        wanted: &Source,
        provides: impl Fn(&Resource) -> Vec<(ObjectId, &'a [Source])>,
    ) -> Option<Resource> {
        let mut at = None;
        for (i, item) in self.items.iter().enumerate() {
            if provides(item).iter().any(|(_, sources)| has_name_of(sources, wanted)) {
                if at.is_some() || item.made.is_none() {
                    return None;
                }
                at = Some(i);
            }
        }
        at.map(|i| self.items.remove(i))
    }

    /// Marks every source with a name as changed.
    pub(super) fn touch_named<'a>(
        &mut self,
        wanted: &Source,
        provides: impl Fn(&Resource) -> Vec<(ObjectId, &'a [Source])>,
        why: &Divergence,
    ) {
        for item in &mut self.items {
            for (at, sources) in provides(item) {
                if has_name_of(sources, wanted) {
                    item.objects.entry(at).or_insert_with(|| why.clone());
                }
            }
        }
    }
}

fn has_name_of(sources: &[Source], wanted: &Source) -> bool {
    sources.iter().any(|source| source.target == wanted.target && source.name == wanted.name)
}
