//! The sources of every apply unit by kind and name, with copies of one identity compared.

use crate::config::options::Options;
use crate::extract::{Manifests, Object, Source, SourceId};
use crate::finding::{Code, Finding};
use crate::k8s::fillers::Reach;
use crate::k8s::providers::Target;
use crate::scope::{Unit, UnitId, Units};
use crate::text::{FileId, offset};
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use twox_hash::XxHash3_64;

/// One source of a unit, after its copies were compared.
pub struct Indexed {
    /// The namespace; `None` is a separate class.
    pub namespace: Option<SmolStr>,
    /// The copy that counts.
    pub copy: SourceId,
    /// A copy in another file with different content, so that it is unknown which one counts.
    pub clash: Option<SourceId>,
    /// The range in `Index::copies` of the copies that define its content.
    copies: (u32, u32),
    /// The range in `Index::copies` of all its copies, in the order of the unit.
    all_copies: (u32, u32),
    /// Whether a controller in the cluster fills it, and no other source of the unit has its identity.
    pub filled_in_cluster: bool,
}

/// The sources of all units.
pub struct Index {
    /// Sorted by the hash of the name, then by the rest of the key.
    groups: Vec<SameName>,
    /// The first group for each prefix of a hash.
    starts: Vec<u32>,
    /// The number of bits of a hash after that prefix.
    shift: u32,
    /// Sorted by group, and in each group by namespace. Sources that exist only in files below a
    /// kustomization come last in their group, because no pod reads them as they are written.
    sources: Vec<Indexed>,
    /// The copies; each source has ranges of this list.
    copies: Vec<SourceId>,
    /// Inside a kustomize build: the names by which kustomize may find sources.
    once: BTreeMap<(UnitId, Target, SmolStr), Vec<Once>>,
    /// The sources that programs in the cluster create.
    made: BTreeMap<(UnitId, Target, SmolStr), Vec<MadeSource>>,
}

/// A source that a program in the cluster creates because of an object.
pub(super) struct MadeSource {
    /// The file of that object.
    pub(super) file: FileId,
    /// Its number among the [`Maker`]s of the file.
    pub(super) number: usize,
    /// The namespace of the source; `None` if it may be any.
    pub(super) namespace: Option<SmolStr>,
}

/// A source that kustomize may find by an earlier name.
struct Once {
    /// The name that it has now.
    name: SmolStr,
    /// The source.
    source: SourceId,
    /// Whether this holds only if kustomize will append a hash to its name.
    if_hashed: bool,
    /// Whether it is in a file below a kustomization.
    is_raw: bool,
}

/// The sources of one unit, kind and name.
struct SameName {
    hash: u64,
    unit: UnitId,
    target: Target,
    name: SmolStr,
    first: u32,
    /// The end of the sources that a pod may read.
    end: u32,
    /// The end of all sources.
    last: u32,
}

/// The position of a source in an index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexedId(u32);

impl IndexedId {
    /// The position, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl SameName {
    fn key(&self) -> (u64, UnitId, Target, &str) {
        (self.hash, self.unit, self.target, &self.name)
    }
}

impl Index {
    /// The sources of a unit with this kind and name that a pod may read, in any namespace.
    pub fn get(&self, unit: UnitId, target: Target, name: &str) -> &[Indexed] {
        let group = self.group(unit, target, name);
        group.map_or(&[], |group| &self.sources[group.first as usize..group.end as usize])
    }

    /// The same, including sources that exist only in files below a kustomization.
    pub(super) fn with_raw(
        &self,
        unit: UnitId,
        target: Target,
        name: &str,
    ) -> impl Iterator<Item = (IndexedId, &Indexed)> + Clone {
        let group = self.group(unit, target, name);
        let places = group.map_or(0..0, |group| group.first..group.last);
        places.map(|at| (IndexedId(at), &self.sources[at as usize]))
    }

    /// Of these sources, those that [fit](fitting) a namespace.
    pub(super) fn fitting(
        &self,
        unit: UnitId,
        target: Target,
        name: &str,
        own: Option<&str>,
    ) -> Vec<(IndexedId, &Indexed)> {
        let Some(group) = self.group(unit, target, name) else { return Vec::new() };
        let (read, raw) = (group.first..group.end, group.end..group.last);
        let of = |space: Option<&str>| -> Vec<(IndexedId, &Indexed)> {
            let found = [&read, &raw].into_iter().filter_map(|places| {
                let sources = &self.sources[places.start as usize..places.end as usize];
                let at = position(sources, space)?;
                Some((IndexedId(places.start + offset(at)), &sources[at]))
            });
            found.collect()
        };
        fitting(own, of, || self.with_raw(unit, target, name).collect())
    }

    /// All sources of all units, including files below a kustomization, by unit, kind, name and namespace.
    pub fn every(&self) -> Vec<IndexedSource<'_>> {
        let mut all = Vec::with_capacity(self.sources.len());
        for group in &self.groups {
            for at in group.first..group.last {
                let indexed = &self.sources[at as usize];
                all.push(IndexedSource {
                    at: IndexedId(at),
                    unit: group.unit,
                    target: group.target,
                    name: &group.name,
                    indexed,
                });
            }
        }
        all.sort_by(|one, other| one.key().cmp(&other.key()));
        all
    }

    /// The copies of a source, in the order of its unit.
    pub fn all_copies(&self, indexed: &Indexed) -> &[SourceId] {
        &self.copies[indexed.all_copies.0 as usize..indexed.all_copies.1 as usize]
    }

    fn group(&self, unit: UnitId, target: Target, name: &str) -> Option<&SameName> {
        let key = (XxHash3_64::oneshot(name.as_bytes()), unit, target, name);
        let start = (key.0 >> self.shift) as usize;
        let near = self.starts[start] as usize..self.starts[start + 1] as usize;
        let near = &self.groups[near];
        let found = near.binary_search_by(|group| group.key().cmp(&key)).ok()?;
        Some(&near[found])
    }

    /// The sources of a unit that are of this kind, by name and namespace.
    pub(super) fn all(&self, unit: UnitId, target: Target) -> impl Iterator<Item = &Indexed> {
        let mut groups: Vec<&SameName> = self.groups.iter().collect();
        groups.retain(|group| group.unit == unit && group.target == target);
        groups.sort_by(|one, other| one.name.cmp(&other.name));
        let sources = |group: &SameName| &self.sources[group.first as usize..group.end as usize];
        groups.into_iter().flat_map(sources)
    }

    /// The copies of a source that define its content.
    pub fn copies(&self, indexed: &Indexed) -> &[SourceId] {
        &self.copies[indexed.copies.0 as usize..indexed.copies.1 as usize]
    }

    /// The sources of a unit that kustomize may find by an earlier name of this kind: ConfigMaps
    /// and Secrets that had the name, and those that will lose it to a hash, for which `hashed` is
    /// true. Files below a kustomization are included.
    pub(super) fn by_old_name(
        &self,
        unit: UnitId,
        target: Target,
        name: &str,
        hashed: impl Fn(SourceId) -> bool,
    ) -> Vec<(IndexedId, &Indexed)> {
        let Some(found) = self.once.get(&(unit, target, name.into())) else { return Vec::new() };
        let now = |once: &Once| {
            let mut known = self.with_raw(unit, target, &once.name);
            known.find(|(_, indexed)| indexed.copy == once.source)
        };
        let found = found.iter().filter(|once| !once.if_hashed || hashed(once.source));
        found.filter_map(now).collect()
    }

    /// The sources with this kind and name that programs in the cluster create because of objects
    /// of a unit.
    pub(super) fn made(&self, unit: UnitId, target: Target, name: &str) -> &[MadeSource] {
        if self.made.is_empty() {
            return &[];
        }
        self.made.get(&(unit, target, name.into())).map_or(&[], Vec::as_slice)
    }

    /// Whether names may still be those from before a kustomize build changed them.
    pub(super) fn is_inside_kustomize(&self, hashed: impl Fn(SourceId) -> bool) -> bool {
        let mut all = self.once.values().flatten().filter(|once| !once.is_raw);
        all.any(|once| !once.if_hashed || hashed(once.source))
    }
}

/// The rule for a name in the namespace `own`: the candidates in exactly this namespace; if there are none,
/// those without a namespace; for a name without a namespace, those in any namespace, because Helm omits the
/// namespace of its release. `of` returns the candidates in one namespace, `all` those in any.
pub fn fitting<T>(
    own: Option<&str>,
    of: impl Fn(Option<&str>) -> Vec<T>,
    all: impl FnOnce() -> Vec<T>,
) -> Vec<T> {
    let exact = of(own);
    match own {
        _ if !exact.is_empty() => exact,
        None => all(),
        Some(_) => of(None),
    }
}

/// The source in the namespace `own` among the candidates of one unit, kind and name, which are sorted by
/// their namespaces. Each namespace occurs at most once.
pub(super) fn exact<'a>(candidates: &'a [Indexed], own: Option<&str>) -> Option<&'a Indexed> {
    position(candidates, own).map(|at| &candidates[at])
}

fn position(candidates: &[Indexed], own: Option<&str>) -> Option<usize> {
    candidates.binary_search_by(|indexed| indexed.namespace.as_deref().cmp(&own)).ok()
}

/// A source of an index, with its identity.
pub struct IndexedSource<'a> {
    /// Its position in the index.
    pub at: IndexedId,
    /// The apply unit that has it.
    pub unit: UnitId,
    /// The kind by which references name it.
    pub target: Target,
    /// Its name.
    pub name: &'a SmolStr,
    /// The source.
    pub indexed: &'a Indexed,
}

impl IndexedSource<'_> {
    fn key(&self) -> (UnitId, Target, &str, Option<&str>) {
        (self.unit, self.target, self.name, self.indexed.namespace.as_deref())
    }
}

/// The given namespace, or that of `--namespace`.
pub fn namespace<'a>(own: Option<&'a str>, options: &'a Options) -> Option<&'a str> {
    own.or(options.namespace.as_deref())
}

/// Indexes the sources. Within one text, the last copy counts as a whole, as `kubectl` applies it,
/// but a Helm hook never has priority over an object that is not a hook. In different files, copies
/// must be equal.
pub fn build(manifests: &Manifests, units: &Units, options: &Options) -> (Index, Vec<Finding>) {
    let mut copies: Vec<Copy<'_>> = Vec::new();
    let mut once: BTreeMap<(UnitId, Target, SmolStr), Vec<Once>> = BTreeMap::new();
    let mut made = BTreeMap::new();
    for (number, unit) in units.all.iter().enumerate() {
        let unit_id = UnitId(offset(number));
        add_made(manifests, unit, unit_id, options, &mut made);
        for (object, namespace_of_unit) in unit.objects(manifests) {
            let is_raw = manifests[object].raw_material_of().is_some();
            for (at, source) in manifests.sources_of(object) {
                let own = namespace_of_unit.or(source.namespace.as_deref());
                for (old, if_hashed) in old_names(&manifests[object], source) {
                    let name = source.name.clone();
                    let known = once.entry((unit_id, source.target, old.into())).or_default();
                    known.push(Once { name, source: at, if_hashed, is_raw });
                }
                copies.push(Copy {
                    hash: XxHash3_64::oneshot(source.name.as_bytes()),
                    unit: unit_id,
                    target: source.target,
                    name: &source.name,
                    namespace: namespace(own, options),
                    at,
                    is_raw,
                });
            }
        }
    }
    // The stable sort keeps the copies of one identity in the order of their unit.
    copies.sort_by(|one, other| one.key().cmp(&other.key()));
    let mut findings = Vec::new();
    let mut said = BTreeSet::new();
    let mut groups: Vec<SameName> = Vec::with_capacity(copies.len());
    let mut sources: Vec<Indexed> = Vec::with_capacity(copies.len());
    let mut all: Vec<SourceId> = Vec::with_capacity(copies.len());
    for same_name in copies.chunk_by(|one, other| one.key().0 == other.key().0) {
        let first = offset(sources.len());
        let identities = same_name.chunk_by(|one, other| one.key() == other.key());
        let (read, raw): (Vec<_>, Vec<_>) = identities.partition(|same| !is_raw_material(same));
        for &same in &read {
            sources.push(indexed(manifests, same, &mut all, &mut findings, &mut said));
        }
        let end = offset(sources.len());
        for &same in &raw {
            let place = all_of(same, &mut all);
            sources.push(Indexed {
                namespace: same[0].namespace.map(SmolStr::from),
                copy: same[0].at,
                clash: None,
                copies: place,
                all_copies: place,
                filled_in_cluster: false,
            });
        }
        let one = &same_name[0];
        let (hash, unit, target, name) = (one.hash, one.unit, one.target, one.name.clone());
        groups.push(SameName { hash, unit, target, name, first, end, last: offset(sources.len()) });
    }
    for group in &groups {
        let same_name = &sources[group.first as usize..group.end as usize];
        findings.extend(maybe_shadowed(manifests, same_name, &mut said));
    }
    let bits = groups.len().max(1).ilog2().max(1);
    let shift = u64::BITS - bits;
    let mut starts = vec![0; (1 << bits) + 1];
    for group in &groups {
        starts[(group.hash >> shift) as usize + 1] += 1;
    }
    for beginning in 1..starts.len() {
        starts[beginning] += starts[beginning - 1];
    }
    let index = Index { groups, starts, shift, sources, copies: all, once, made };
    (index, findings)
}

/// Adds the sources that programs in the cluster create because of the objects of a unit.
fn add_made(
    manifests: &Manifests,
    unit: &Unit,
    id: UnitId,
    options: &Options,
    made: &mut BTreeMap<(UnitId, Target, SmolStr), Vec<MadeSource>>,
) {
    for member in unit.sees.iter().filter(|member| member.object.is_none()) {
        for (number, maker) in manifests[member.file].makers.iter().enumerate() {
            let own = member.namespace.as_deref().or(maker.id.namespace.as_deref());
            let namespace = match maker.reach {
                Reach::Own => namespace(own, options).map(SmolStr::from),
                Reach::Any => None,
            };
            let of_name = made.entry((id, maker.target, maker.name.clone())).or_default();
            of_name.push(MadeSource { file: member.file, number, namespace });
        }
    }
}

/// A source of a unit.
struct Copy<'a> {
    hash: u64,
    unit: UnitId,
    target: Target,
    name: &'a SmolStr,
    namespace: Option<&'a str>,
    at: SourceId,
    is_raw: bool,
}

impl Copy<'_> {
    /// The common identity of copies: unit, kind, name and namespace.
    fn key(&self) -> ((u64, UnitId, Target, &str), Option<&str>) {
        let name = (self.hash, self.unit, self.target, self.name.as_str());
        (name, self.namespace)
    }
}

fn is_raw_material(copies: &[Copy<'_>]) -> bool {
    copies.iter().all(|copy| copy.is_raw)
}

/// Appends the copies of one identity to all copies, and returns their range.
fn all_of(same: &[Copy<'_>], all: &mut Vec<SourceId>) -> (u32, u32) {
    let start = offset(all.len());
    all.extend(same.iter().map(|copy| copy.at));
    (start, offset(all.len()))
}

/// Compares the copies of one identity, and appends them to all copies.
fn indexed(
    manifests: &Manifests,
    same: &[Copy<'_>],
    all: &mut Vec<SourceId>,
    findings: &mut Vec<Finding>,
    said: &mut BTreeSet<(SourceId, SourceId)>,
) -> Indexed {
    let all_copies = all_of(same, all);
    let is_read = |copy: &&Copy<'_>| !copy.is_raw;
    let counting = |copy: &&Copy<'_>| is_read(copy) && !manifests[copy.at].filled_in_cluster;
    let copies = match same.iter().all(|copy| counting(&copy)) {
        true => all_copies,
        false => {
            let start = offset(all.len());
            all.extend(same.iter().filter(counting).map(|copy| copy.at));
            (start, offset(all.len()))
        }
    };
    let read: Vec<SourceId> = same.iter().filter(is_read).map(|copy| copy.at).collect();
    let (copy, clash) = settle(manifests, &read, findings, said);
    Indexed {
        namespace: same[0].namespace.map(SmolStr::from),
        copy,
        clash,
        copies,
        all_copies,
        filled_in_cluster: manifests[copy].filled_in_cluster,
    }
}

/// The earlier names by which kustomize still finds a source, and whether it does so only if it
/// will append a hash to the name. kustomize finds only ConfigMaps and Secrets in this way,
/// whatever other objects provide one.
fn old_names<'a>(object: &'a Object, source: &'a Source) -> BTreeMap<&'a str, bool> {
    let is_core = object.id.group.is_empty() && object.id.kind == source.target.name();
    let Some(origin) = object.origin.as_ref().filter(|_| is_core) else { return BTreeMap::new() };
    let mut names = BTreeMap::from([(source.name.as_str(), true)]);
    names.extend(origin.names.iter().map(|name| (name.as_str(), false)));
    names
}

/// Reports a source in the namespace `default` beside a source with the same name and without a
/// namespace: kubectl overwrites one with the other, unless its context or `-n` names another
/// namespace. rollstamp counts them as two sources.
fn maybe_shadowed(
    manifests: &Manifests,
    same_name: &[Indexed],
    said: &mut BTreeSet<(SourceId, SourceId)>,
) -> Option<Finding> {
    let in_space = |space: Option<&str>| {
        let mut all = same_name.iter();
        all.find(|indexed| indexed.namespace.as_deref() == space && !indexed.filled_in_cluster)
    };
    let (default, none) = (in_space(Some("default"))?.copy, in_space(None)?.copy);
    if manifests[default].same_content(&manifests[none]) || !said.insert((default, none)) {
        return None;
    }
    let (first, second) = (manifests.owner(default), manifests.owner(none));
    let message = format!(
        "{} has no namespace and is beside {}, with different content; they count as two sources",
        second.id, first.id
    );
    let help = "if all of it is applied to `default`, say so with `--namespace default`";
    let finding = second.finding(Code::ShadowedSource, message);
    Some(finding.related(first.place_of_name(), "the other one").help(help))
}

/// The copy of a source that counts, and another copy with different content, if any.
fn settle(
    manifests: &Manifests,
    copies: &[SourceId],
    findings: &mut Vec<Finding>,
    said: &mut BTreeSet<(SourceId, SourceId)>,
) -> (SourceId, Option<SourceId>) {
    if let &[only] = copies {
        return (only, None);
    }
    // A source that a controller fills counts only if nothing else has the name.
    let real: Vec<SourceId> =
        copies.iter().copied().filter(|&at| !manifests[at].filled_in_cluster).collect();
    if real.is_empty() {
        return (copies[0], None);
    }
    let same = |a: SourceId, b: SourceId| manifests[a].same_content(&manifests[b]);
    let hook = |at: SourceId| manifests.owner(at).hook;
    let mut counting: Vec<SourceId> = Vec::new();
    // A list may hold the objects of many files.
    let file = |at: SourceId| {
        let owner = manifests.owner(at);
        let from = owner.from_file.as_ref();
        (owner.place.file, from.map(|from| from.path.as_str()))
    };
    for in_file in real.chunk_by(|&a, &b| file(a) == file(b)) {
        let plain = in_file.iter().rev().find(|&&at| !hook(at));
        let last = *plain.unwrap_or(&in_file[in_file.len() - 1]);
        for &shadowed in in_file.iter().filter(|&&at| at != last) {
            // Several units may have the same text.
            if !same(shadowed, last)
                && hook(shadowed) == hook(last)
                && said.insert((shadowed, last))
            {
                let (first, second) = (manifests.owner(shadowed), manifests.owner(last));
                let id = &second.id;
                let message =
                    format!("{id} occurs twice with different content; the last one counts");
                let finding = second.finding(Code::ShadowedSource, message);
                let finding = finding.related(first.place_of_name(), "this one does not count");
                findings.push(finding.help("remove one of the two"));
            }
        }
        counting.push(last);
    }
    let first = counting[0];
    (first, counting.iter().copied().find(|&at| !same(first, at)))
}
