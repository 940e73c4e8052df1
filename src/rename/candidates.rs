//! The sources that could be renamed, and the groups that share one name.

use crate::config::options::{Goal, Mode, Options, SuffixHash};
use crate::digest::name_hash::is_suffixed;
use crate::extract::{
    File, Manifests, MentionId, Naming, Object, ObjectId, Reference, Source, SourceId,
};
use crate::finding::naming::{CannotFollow, KeepsName};
use crate::k8s::providers::Target;
use crate::resolve::index::{Index, Indexed, IndexedId, fitting};
use crate::resolve::{ReferringObject, Resolver};
use crate::scope::{Placement, UnitId, Units};
use crate::text::FileId;
use std::collections::{BTreeMap, BTreeSet};

/// The maximum length of a name in bytes (`IsDNS1123Subdomain`).
pub(super) const MAX_NAME: usize = 253;

/// A source that could be renamed.
pub(super) struct Candidate {
    pub(super) at: SourceId,
    pub(super) current: String,
    /// The name without a suffix.
    pub(super) base: String,
    /// The new name, unless a reason blocks it.
    pub(super) new: String,
    /// Whether the run asks for a name after its content.
    pub(super) wanted: bool,
    pub(super) blocker: Option<Blocker>,
    /// The mention that is its own name.
    pub(super) definition: Option<MentionId>,
    /// Whether kustomize appends the suffix at the end of the build that runs this program.
    pub(super) inside: bool,
}

impl Candidate {
    /// Its name after the run.
    pub(super) fn final_name(&self) -> &str {
        match self.blocker {
            None if self.wanted => &self.new,
            _ => &self.current,
        }
    }

    pub(super) fn moves(&self) -> bool {
        self.final_name() != self.current
    }
}

/// The reason why a source keeps its name. A number refers to a mention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Blocker {
    /// It gets no name after its content, independent of its referrers.
    Kind(KeepsName),
    /// kustomize gives it a suffix already.
    Hashed,
    /// kustomize would not rewrite its name in this mention.
    NotRewritten(MentionId),
    /// This text contains its name, and could not be read.
    Unread(FileId),
    /// It is in a file below a kustomization.
    Raw,
    /// Its name does not begin with the base name in its marker.
    WrongBase,
    /// The new name is too long.
    TooLong,
    /// This other source has the new name, or gets it.
    Clash(SourceId),
    /// This copy of it, in another file, keeps its name.
    Copy(SourceId),
    /// Its marker cannot be written, for this reason.
    Marker(String),
    /// This mention may name it, but its field is not known.
    Unknown(MentionId),
    /// This mention, in another apply unit, may name it.
    Elsewhere(MentionId),
    /// This mention cannot be changed, for this reason.
    Fixed(MentionId, CannotFollow),
    /// This mention may mean several sources.
    Ambiguous(MentionId),
    /// The API server refuses another name in this mention.
    Immutable(MentionId),
}

/// One source of the index: the copies that share unit, kind, namespace and name.
pub(super) struct NameGroup<'a> {
    pub(super) unit: UnitId,
    pub(super) target: Target,
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
    /// The copy that counts.
    pub(super) copy: SourceId,
    /// Positions among the items.
    pub(super) items: Vec<usize>,
    /// A source with this name that is not a candidate.
    pub(super) foreign: Option<SourceId>,
}

/// The groups of one name, by their namespaces, so that a lookup does not go through all namespaces.
#[derive(Default)]
pub(super) struct BySpace<'a>(BTreeMap<Option<&'a str>, Vec<usize>>);

impl<'a> BySpace<'a> {
    pub(super) fn add(&mut self, namespace: Option<&'a str>, group: usize) {
        self.0.entry(namespace).or_default().push(group);
    }

    /// The groups of all namespaces, in the order of the input.
    fn all(&self) -> Vec<usize> {
        let mut all: Vec<usize> = self.0.values().flatten().copied().collect();
        all.sort_unstable();
        all
    }

    fn of(&self, namespace: Option<&str>) -> Vec<usize> {
        self.0.get(&namespace).cloned().unwrap_or_default()
    }

    /// The groups whose namespace [fits](fitting) the namespace `own`.
    fn fitting(&self, own: Option<&str>) -> Vec<usize> {
        fitting(own, |space| self.of(space), || self.all())
    }

    /// The groups that may be in the namespace `own`; a group without a namespace may be in any.
    pub(super) fn maybe(&self, own: Option<&str>) -> Vec<usize> {
        if own.is_none() {
            return self.all();
        }
        let mut found = [self.of(own), self.of(None)].concat();
        found.sort_unstable();
        found
    }
}

/// All candidates for another name, and the groups that share a name.
pub(super) struct Candidates<'a> {
    pub(super) all: Vec<Candidate>,
    /// By unit, kind, name and namespace.
    pub(super) groups: Vec<NameGroup<'a>>,
    /// The position among the groups of each source of the index.
    positions: Vec<usize>,
    /// The groups by their names.
    by_name: BTreeMap<&'a str, BySpace<'a>>,
    /// The groups by each name without a suffix.
    by_base: BTreeMap<(UnitId, Target, String), BySpace<'a>>,
    /// Whether a kustomize build runs this program.
    pub(super) inside: bool,
    /// Groups with a foreign source ([`NameGroup::foreign`]) that a workload reads.
    pub(super) foreign_reads: BTreeSet<usize>,
}

/// The sources that could be renamed, without regard to their referrers.
pub(super) fn candidates(
    manifests: &Manifests,
    units: &Units,
    options: &Options,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (at, source) in manifests.sources() {
        let owner = manifests.owner(at);
        let file = owner.place.file;
        let Some(mut item) = item(at, source, options).filter(|_| !units.is_patch(file)) else {
            continue;
        };
        let inside = owner.origin.as_ref().is_some_and(|o| o.inside);
        item.inside = inside && options.goal != Goal::Strip;
        item.blocker = own_blocker(&manifests[file], owner, source, &item, options);
        let is_raw = owner.raw_material_of().is_some();
        if is_raw || matches!(units.placement(file), Placement::Unknown(_)) {
            item.blocker = Some(Blocker::Raw);
        }
        found.push(item);
    }
    found
}

/// The objects of the candidates: inside a build, kustomize may append a hash to their names.
pub(super) fn objects(manifests: &Manifests, candidates: &[Candidate]) -> BTreeSet<ObjectId> {
    candidates.iter().map(|item| manifests[item.at].object).collect()
}

impl<'a> Candidates<'a> {
    /// Groups the candidates as the index does.
    pub(super) fn of(candidates: Vec<Candidate>, index: &'a Index, units: &Units) -> Self {
        let numbers = candidates.iter().enumerate().map(|(number, item)| (item.at, number));
        let numbers: BTreeMap<SourceId, usize> = numbers.collect();
        let every = index.every();
        let mut items = Self {
            inside: candidates.iter().any(|item| item.inside),
            all: candidates,
            groups: Vec::with_capacity(every.len()),
            positions: vec![0; every.len()],
            by_name: BTreeMap::new(),
            by_base: BTreeMap::new(),
            foreign_reads: BTreeSet::new(),
        };
        for (position, identity) in every.into_iter().enumerate() {
            items.positions[identity.at.index()] = position;
            let mut group = NameGroup {
                unit: identity.unit,
                target: identity.target,
                namespace: identity.indexed.namespace.as_deref(),
                name: identity.name,
                copy: identity.indexed.copy,
                items: Vec::new(),
                foreign: None,
            };
            for at in index.all_copies(identity.indexed) {
                match numbers.get(at) {
                    Some(&item) => group.items.push(item),
                    None => group.foreign = Some(*at),
                }
            }
            if units.all[group.unit.0 as usize].built {
                for &item in &group.items {
                    items.all[item].blocker = Some(Blocker::Raw);
                }
            }
            let bases = group.items.iter().map(|&item| items.all[item].base.as_str());
            let bases: BTreeSet<&str> = bases.filter(|base| *base != group.name).collect();
            for base in bases {
                let key = (group.unit, group.target, base.to_owned());
                items.by_base.entry(key).or_default().add(group.namespace, position);
            }
            items.by_name.entry(group.name).or_default().add(group.namespace, position);
            items.groups.push(group);
        }
        items
    }

    /// The position of a source of the index among the groups.
    pub(super) fn position(&self, at: IndexedId) -> usize {
        self.positions[at.index()]
    }

    /// The groups to which a name can refer in a unit: those whose namespace [fits](fitting). A name
    /// without a suffix refers to a source with a suffix of rollstamp only if no source has exactly this
    /// name.
    pub(super) fn meant(
        &self,
        resolver: &Resolver<'_>,
        unit: UnitId,
        target: Target,
        name: &str,
        own: Option<&str>,
        anywhere: bool,
    ) -> Vec<usize> {
        let base = || self.by_base.get(&(unit, target, name.to_owned()));
        let position = |(at, _): (IndexedId, &Indexed)| self.position(at);
        let named: Vec<usize> = match anywhere {
            true => resolver.with_raw(unit, target, name).map(position).collect(),
            false => {
                let fitting = resolver.fitting(unit, target, name, own).into_iter();
                fitting.map(position).collect()
            }
        };
        match (named.is_empty(), anywhere) {
            (false, _) => named,
            (true, true) => base().map_or_else(Vec::new, BySpace::all),
            (true, false) => base().map_or_else(Vec::new, |base| base.fitting(own)),
        }
    }

    /// The groups that a reference of a workload may read, in the present or new namespace of the workload;
    /// inside a build, the groups that kustomize would find, or the one with exactly this name.
    pub(super) fn read_by(
        &self,
        resolver: &Resolver<'_>,
        unit: UnitId,
        workload: &Object,
        own: Option<&str>,
        reference: &Reference,
    ) -> Vec<usize> {
        let (target, name) = (reference.site.target, &reference.name);
        if !self.inside {
            return self.meant(resolver, unit, target, name, own, false);
        }
        let referrer = ReferringObject { sees_raw: true, ..ReferringObject::of(workload) };
        let found = resolver.by_old_name(unit, &[target], name, &referrer);
        match found.is_empty() {
            true => self.meant(resolver, unit, target, name, referrer.namespace, false),
            false => found.into_iter().map(|(at, _)| self.position(at)).collect(),
        }
    }

    /// The groups of all units that may have this name in this namespace.
    pub(super) fn anywhere(&self, name: &str, own: Option<&str>) -> impl Iterator<Item = usize> {
        let named = self.by_name.get(name);
        named.map_or_else(Vec::new, |named| named.maybe(own)).into_iter()
    }

    /// Blocks all sources whose name, with or without a suffix, occurs in a text that could not be read.
    pub(super) fn block_unread(&mut self, unread: &BTreeMap<String, FileId>) {
        for item in self.all.iter_mut().filter(|item| item.blocker.is_none()) {
            let said = unread.get(&item.current).or_else(|| unread.get(&item.base));
            item.blocker = said.map(|&file| Blocker::Unread(file));
        }
    }

    /// Blocks the items of a group that are not blocked yet. Returns whether an item was newly
    /// blocked.
    pub(super) fn block(&mut self, group: usize, blocker: &Blocker) -> bool {
        let mut any = false;
        for item in self.groups[group].items.clone() {
            if self.all[item].blocker.is_none() {
                self.all[item].blocker = Some(blocker.clone());
                any = true;
            }
        }
        any
    }

    /// The name of a group after the run, if all its items have the same.
    pub(super) fn final_name(&self, group: usize) -> Option<&str> {
        let group = &self.groups[group];
        if group.foreign.is_some() {
            return Some(group.name);
        }
        let mut names = group.items.iter().map(|&item| self.all[item].final_name());
        let first = names.next()?;
        names.all(|name| name == first).then_some(first)
    }
}

fn item(at: SourceId, source: &Source, options: &Options) -> Option<Candidate> {
    let naming: &Naming = source.naming.as_deref()?;
    let fits = |base: &&String| is_suffixed(&source.name, base);
    let marked = naming.base.as_ref().filter(fits);
    let strips = options.goal == Goal::Strip;
    if !strips && naming.mode.unwrap_or(options.mode) != Mode::Suffix {
        return None;
    }
    let base = match marked {
        Some(base) => base.clone(),
        None if strips => return None,
        None => source.name.to_string(),
    };
    let new = match &naming.suffix {
        _ if strips => base.clone(),
        Ok(suffix) => format!("{base}-{suffix}"),
        Err(_) => source.name.to_string(),
    };
    Some(Candidate {
        at,
        current: source.name.to_string(),
        base,
        new,
        wanted: strips || options.naming.all_sources || marked.is_some(),
        blocker: None,
        definition: None,
        inside: false,
    })
}

/// The reason that blocks a source independent of its referrers.
fn own_blocker(
    file: &File,
    owner: &Object,
    source: &Source,
    item: &Candidate,
    options: &Options,
) -> Option<Blocker> {
    let naming = source.naming.as_deref()?;
    let why = if file.encrypted {
        KeepsName::Encrypted
    } else if !file.input.is_named() {
        KeepsName::OnlyRead
    } else if options.goal == Goal::Strip {
        return match &naming.marker {
            Ok(crate::yaml::insert::Slot::Present(present)) => {
                let refusal = present.removal.as_ref().err();
                refusal.map(|refusal| Blocker::Marker(refusal.message.clone()))
            }
            Ok(_) => None,
            Err(refusal) => Some(Blocker::Marker(refusal.message.clone())),
        };
    } else if source.ignored.is_some() {
        KeepsName::Ignored
    } else if source.entries.iter().any(|e| e.ignored.is_some()) {
        KeepsName::IgnoredKeys
    } else if owner.origin.as_ref().is_some_and(|origin| origin.hashed) {
        return Some(Blocker::Hashed);
    } else if owner.origin.is_some() && !item.inside {
        KeepsName::InsideBuild
    } else if item.inside && naming.base.is_some() {
        KeepsName::RenamedBefore
    } else if item.inside && options.naming.hash != SuffixHash::Kustomize {
        KeepsName::KubectlSuffix
    } else if owner.hook {
        KeepsName::Hook
    } else if naming.is_suffixed {
        KeepsName::HasSuffix
    } else if !is_name(&source.name) {
        KeepsName::Placeholder
    } else if source.malformed.is_some() || source.entries.iter().any(|e| e.flaw.is_some()) {
        KeepsName::RefusedContent
    } else if let Err(why) = naming.suffix {
        KeepsName::NoSuffix(why)
    } else if naming.base.is_some() && item.base == item.current {
        return Some(Blocker::WrongBase);
    } else if item.new.len() > MAX_NAME {
        return Some(Blocker::TooLong);
    } else {
        return match &naming.marker {
            Err(refusal) => Some(Blocker::Marker(refusal.message.clone())),
            Ok(_) => None,
        };
    };
    Some(Blocker::Kind(why))
}

/// Whether a text is a valid name of an object.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
}
