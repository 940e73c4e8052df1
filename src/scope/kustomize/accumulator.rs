//! What a kustomization holds at some point of its build.

use crate::extract::{Facts, Object, Source};
use crate::finding::divergence::{Cause, Divergence};
use std::collections::BTreeMap;

/// What a kustomization holds at some point of its build.
#[derive(Clone, Default)]
pub(super) struct Gathered {
    pub(super) items: Vec<Item>,
    /// Why there may be more objects, or other names.
    pub(super) open: Option<Divergence>,
}

/// A file, or a generated source, on its way through a build.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) file: usize,
    /// The object that was made for a generated source.
    pub(super) made: Option<usize>,
    pub(super) namespace: Option<String>,
    /// Why nothing of it can be relied on.
    pub(super) changed: Option<Divergence>,
    /// Why single objects of it cannot be relied on.
    pub(super) objects: BTreeMap<usize, Divergence>,
}

impl Item {
    /// The objects that it stands for, with their positions in their file.
    pub(super) fn objects_in<'f>(
        &self,
        facts: &'f [Facts],
    ) -> impl Iterator<Item = (usize, &'f Object)> + use<'f> {
        let made = self.made;
        let all = facts[self.file].objects.iter().enumerate();
        all.filter(move |(at, _)| made.is_none_or(|made| made == *at))
    }
}

impl Gathered {
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
            let same = |other: &Item| (other.file, other.made) == (item.file, item.made);
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
    }

    /// Takes out the one generated source that another generator means, if nothing else has its
    /// name.
    pub(super) fn take_made(&mut self, wanted: &Source, facts: &[Facts]) -> Option<Item> {
        let same = |source: &Source| source.target == wanted.target && source.name == wanted.name;
        let mut at = None;
        for (i, item) in self.items.iter().enumerate() {
            let mut objects = item.objects_in(facts);
            if objects.any(|(_, object)| object.sources.iter().any(same)) {
                if at.is_some() || item.made.is_none() {
                    return None;
                }
                at = Some(i);
            }
        }
        at.map(|i| self.items.remove(i))
    }

    /// Marks every source of a name.
    pub(super) fn touch_named(
        &mut self,
        wanted: &Source,
        facts: &[Facts],
        why: impl Fn() -> Divergence,
    ) {
        let same = |source: &Source| source.target == wanted.target && source.name == wanted.name;
        for item in &mut self.items {
            for (at, object) in item.objects_in(facts) {
                if object.sources.iter().any(same) {
                    item.objects.entry(at).or_insert_with(&why);
                }
            }
        }
    }
}
