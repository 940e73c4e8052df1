//! The sources of every apply unit by kind and name, copies of one identity settled.

use crate::config::options::Options;
use crate::extract::{Facts, Object, Source};
use crate::finding::{Code, Finding};
use crate::k8s::providers::Target;
use crate::scope::{UnitId, Units};
use crate::text::offset;
use smol_str::SmolStr;
use std::collections::{BTreeMap, BTreeSet};
use twox_hash::XxHash3_64;

/// One of the sources of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceRef {
    /// The object.
    pub object: ObjectRef,
    /// Which of its sources.
    pub source: usize,
}

/// An object by its file and its position in the facts of that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// The file.
    pub file: usize,
    /// The object.
    pub object: usize,
}

/// One source of a unit, after its copies were compared.
pub struct Indexed {
    /// The namespace; `None` is a class of its own.
    pub namespace: Option<SmolStr>,
    /// The copy that counts.
    pub copy: SourceRef,
    /// A copy in another file whose content differs: nobody knows which one counts.
    pub clash: Option<SourceRef>,
    /// Whether every copy is named after its content.
    pub content_named: bool,
    /// Whether a controller in the cluster fills it, and nothing in the unit says what with.
    pub filled_in_cluster: bool,
}

/// The sources of all units.
pub struct Index {
    /// Sorted by the hash of the name, then by the rest of the key.
    groups: Vec<Group>,
    /// Where in the groups each beginning of a hash starts.
    starts: Vec<u32>,
    /// How many bits of a hash are behind that beginning.
    shift: u32,
    /// In the order of the groups, and in each by namespace.
    sources: Vec<Indexed>,
    /// Inside of a kustomize build: the names that sources had, with the names that they have now
    /// and the objects that have them.
    once: BTreeMap<(UnitId, Target, String), Vec<(String, SourceRef)>>,
}

/// The sources of one unit, kind and name.
struct Group {
    hash: u64,
    unit: UnitId,
    target: Target,
    name: SmolStr,
    first: u32,
    end: u32,
}

impl Group {
    fn key(&self) -> (u64, UnitId, Target, &str) {
        (self.hash, self.unit, self.target, &self.name)
    }
}

impl Index {
    /// The sources of a unit with this kind and name, in any namespace.
    pub fn get(&self, unit: UnitId, target: Target, name: &str) -> &[Indexed] {
        let key = (XxHash3_64::oneshot(name.as_bytes()), unit, target, name);
        let start = (key.0 >> self.shift) as usize;
        let near = self.starts[start] as usize..self.starts[start + 1] as usize;
        let near = &self.groups[near];
        match near.binary_search_by(|group| group.key().cmp(&key)) {
            Ok(at) => &self.sources[near[at].first as usize..near[at].end as usize],
            Err(_) => &[],
        }
    }

    /// The sources of a unit to which kustomize may take an old name of this kind: of ConfigMaps and
    /// Secrets those that had it, and those that are about to lose it to a hash.
    pub fn once(&self, unit: UnitId, target: Target, name: &str) -> Vec<&Indexed> {
        let Some(found) = self.once.get(&(unit, target, name.to_owned())) else {
            return Vec::new();
        };
        let now = |(name, at): &(String, SourceRef)| {
            let mut known = self.get(unit, target, name).iter();
            known.find(|indexed| indexed.copy == *at)
        };
        found.iter().filter_map(now).collect()
    }

    /// Whether names may still be those from before a kustomize build changed them.
    pub fn is_inside_kustomize(&self) -> bool {
        !self.once.is_empty()
    }
}

/// The namespace of something, or that of `--namespace`.
pub fn namespace<'a>(own: Option<&'a str>, options: &'a Options) -> Option<&'a str> {
    own.or(options.namespace.as_deref())
}

/// The object behind a reference.
pub fn object(facts: &[Facts], at: ObjectRef) -> &Object {
    &facts[at.file].objects[at.object]
}

/// The source behind a reference.
pub fn source(facts: &[Facts], at: SourceRef) -> &Source {
    &object(facts, at.object).sources[at.source]
}

/// Indexes the sources. Within one text the last copy counts whole, as `kubectl` applies it, but a
/// Helm hook never counts before an object that is none; across files copies must be equal.
pub fn build(facts: &[Facts], units: &Units, options: &Options) -> (Index, Vec<Finding>) {
    let mut copies: Vec<Copy<'_>> = Vec::new();
    let mut once: BTreeMap<(UnitId, Target, String), Vec<(String, SourceRef)>> = BTreeMap::new();
    for (number, unit) in units.all.iter().enumerate() {
        let unit_id = UnitId(offset(number));
        for member in &unit.sees {
            let file = member.file;
            let objects = facts[file].objects.iter().enumerate();
            let seen = objects
                .filter(|(_, object)| object.raw_material_of.is_none())
                .filter(|(at, _)| member.object.is_none_or(|only| only == *at));
            for (position, object) in seen {
                for (number, source) in object.sources.iter().enumerate() {
                    let own = member.namespace.as_deref().or(source.namespace.as_deref());
                    let at =
                        SourceRef { object: ObjectRef { file, object: position }, source: number };
                    for old in old_names(object, source) {
                        let old = (unit_id, source.target, old.to_owned());
                        once.entry(old).or_default().push((source.name.to_string(), at));
                    }
                    copies.push(Copy {
                        hash: XxHash3_64::oneshot(source.name.as_bytes()),
                        unit: unit_id,
                        target: source.target,
                        name: &source.name,
                        namespace: namespace(own, options),
                        at,
                    });
                }
            }
        }
    }
    // Stable: the copies of one identity stay in the order in which their unit sees them.
    copies.sort_by(|one, other| one.key().cmp(&other.key()));
    let mut findings = Vec::new();
    let mut said = BTreeSet::new();
    let mut groups: Vec<Group> = Vec::with_capacity(copies.len());
    let mut sources: Vec<Indexed> = Vec::with_capacity(copies.len());
    let mut at: Vec<SourceRef> = Vec::new();
    for same in copies.chunk_by(|one, other| one.key() == other.key()) {
        let one = &same[0];
        at.clear();
        at.extend(same.iter().map(|copy| copy.at));
        let first = offset(sources.len());
        sources.push(settle(facts, one.namespace, &at, &mut findings, &mut said));
        match groups.last_mut() {
            Some(group) if group.key() == one.key().0 => group.end += 1,
            _ => groups.push(Group {
                hash: one.hash,
                unit: one.unit,
                target: one.target,
                name: one.name.clone(),
                first,
                end: first + 1,
            }),
        }
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
    let index = Index { groups, starts, shift, sources, once };
    (index, findings)
}

/// A source as a unit sees it.
struct Copy<'a> {
    hash: u64,
    unit: UnitId,
    target: Target,
    name: &'a SmolStr,
    namespace: Option<&'a str>,
    at: SourceRef,
}

impl Copy<'_> {
    /// What makes sources copies of one identity: unit, kind, name and namespace.
    fn key(&self) -> ((u64, UnitId, Target, &str), Option<&str>) {
        let name = (self.hash, self.unit, self.target, self.name.as_str());
        (name, self.namespace)
    }
}

/// The names by which kustomize would still find a source. It looks for them in ConfigMaps and
/// Secrets alone, whatever else provides one.
fn old_names<'a>(object: &'a Object, source: &'a Source) -> BTreeSet<&'a str> {
    let is_core = object.id.group.is_empty() && object.id.kind == source.target.name();
    let origin = object.origin.as_ref().filter(|_| is_core);
    let mut names = BTreeSet::new();
    if let Some(origin) = origin {
        names.extend(origin.names.iter().map(String::as_str));
        if origin.hashed {
            names.insert(source.name.as_str());
        }
    }
    names
}

fn settle(
    facts: &[Facts],
    namespace: Option<&str>,
    copies: &[SourceRef],
    findings: &mut Vec<Finding>,
    said: &mut BTreeSet<(SourceRef, SourceRef)>,
) -> Indexed {
    if let &[only] = copies {
        let source = source(facts, only);
        return Indexed {
            namespace: namespace.map(SmolStr::from),
            copy: only,
            clash: None,
            content_named: source.content_named && !source.filled_in_cluster,
            filled_in_cluster: source.filled_in_cluster,
        };
    }
    // What a controller says that it will fill counts only where nothing else has the name.
    let real: Vec<SourceRef> =
        copies.iter().copied().filter(|&at| !source(facts, at).filled_in_cluster).collect();
    if real.is_empty() {
        return Indexed {
            namespace: namespace.map(SmolStr::from),
            copy: copies[0],
            clash: None,
            content_named: false,
            filled_in_cluster: true,
        };
    }
    let same = |a: SourceRef, b: SourceRef| source(facts, a).same_content(source(facts, b));
    let hook = |at: SourceRef| object(facts, at.object).hook;
    let mut counting: Vec<SourceRef> = Vec::new();
    // A list may hold the objects of many files.
    let file = |at: SourceRef| {
        let from = object(facts, at.object).from_file.as_ref();
        (at.object.file, from.map(|from| from.path.as_str()))
    };
    for in_file in real.chunk_by(|&a, &b| file(a) == file(b)) {
        let plain = in_file.iter().rev().find(|&&at| !hook(at));
        let last = *plain.unwrap_or(&in_file[in_file.len() - 1]);
        for &shadowed in in_file.iter().filter(|&&at| at != last) {
            // Several units may see the same text.
            if !same(shadowed, last)
                && hook(shadowed) == hook(last)
                && said.insert((shadowed, last))
            {
                let (first, second) = (object(facts, shadowed.object), object(facts, last.object));
                findings.push(
                    Finding::new(
                        Code::ShadowedSource,
                        format!(
                            "{} stands twice with different content; the last one counts",
                            second.id
                        ),
                    )
                    .about(second.id.to_string())
                    .at(second.place_of_name())
                    .related(first.place_of_name(), "this one does not count")
                    .help("remove one of the two"),
                );
            }
        }
        counting.push(last);
    }
    let first = counting[0];
    Indexed {
        namespace: namespace.map(SmolStr::from),
        copy: first,
        clash: counting.iter().copied().find(|&at| !same(first, at)),
        content_named: real.iter().all(|&at| source(facts, at).content_named),
        filled_in_cluster: false,
    }
}
