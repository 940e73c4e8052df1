//! The sources of every apply unit by kind and name, copies of one identity settled.

#![expect(
    clippy::disallowed_types,
    reason = "the maps are only looked into, never walked through"
)]

use crate::extract::{Facts, Object, Source};
use crate::finding::{Code, Finding};
use crate::k8s::providers::Target;
use crate::options::Options;
use crate::unit::{UnitId, Units};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    pub namespace: Option<String>,
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
    /// By name, the sources of each unit and kind, sorted by these.
    by_name: HashMap<String, Vec<Group>>,
    /// Inside of a kustomize build: the names that sources had, with the names that they have now
    /// and the objects that have them.
    once: BTreeMap<(UnitId, Target, String), Vec<(String, SourceRef)>>,
}

impl Index {
    /// The sources of a unit with this kind and name, in any namespace.
    pub fn get(&self, unit: UnitId, target: Target, name: &str) -> &[Indexed] {
        let Some(named) = self.by_name.get(name) else {
            return &[];
        };
        match named.binary_search_by_key(&(unit, target), |(key, _)| *key) {
            Ok(at) => &named[at].1,
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
    // Every name once, in the order of the input, with the copies that have it.
    let mut names: Vec<(&str, Vec<(Key<'_>, SourceRef)>)> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut once: BTreeMap<(UnitId, Target, String), Vec<(String, SourceRef)>> = BTreeMap::new();
    for (number, unit) in units.all.iter().enumerate() {
        let unit_id = UnitId(crate::span::offset(number));
        for member in &unit.sees {
            let file = member.file;
            let objects = facts[file].objects.iter().enumerate();
            let seen = objects
                .filter(|(_, object)| object.raw_material_of.is_none())
                .filter(|(at, _)| member.object.is_none_or(|only| only == *at));
            for (position, object) in seen {
                for (number, source) in object.sources.iter().enumerate() {
                    let own = member.namespace.as_deref().or(source.namespace.as_deref());
                    let namespace = namespace(own, options);
                    let key = (unit_id, source.target, namespace);
                    let at = ObjectRef {
                        file,
                        object: position,
                    };
                    let at = SourceRef {
                        object: at,
                        source: number,
                    };
                    for old in old_names(object, source) {
                        let old = (unit_id, source.target, old.to_owned());
                        once.entry(old).or_default().push((source.name.clone(), at));
                    }
                    let name = source.name.as_str();
                    let number = *numbers.entry(name).or_insert_with(|| {
                        names.push((name, Vec::new()));
                        names.len() - 1
                    });
                    names[number].1.push((key, at));
                }
            }
        }
    }
    let mut findings = Vec::new();
    let mut said = BTreeSet::new();
    let mut by_name = HashMap::with_capacity(names.len());
    for (name, mut copies) in names {
        // The copies of one identity stay in the order in which their unit sees them.
        copies.sort_by_key(|(key, _)| *key);
        let mut named: Vec<Group> = Vec::new();
        for same in copies.chunk_by(|(one, _), (other, _)| one == other) {
            let (unit, target, namespace) = same[0].0;
            let at: Vec<SourceRef> = same.iter().map(|(_, at)| *at).collect();
            let indexed = settle(facts, namespace, &at, &mut findings, &mut said);
            match named.last_mut() {
                Some((key, group)) if *key == (unit, target) => group.push(indexed),
                _ => named.push(((unit, target), vec![indexed])),
            }
        }
        by_name.insert(name.to_owned(), named);
    }
    (Index { by_name, once }, findings)
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

/// The sources of one name in one unit.
type Group = ((UnitId, Target), Vec<Indexed>);

/// What makes sources of one name copies of one identity: unit, kind and namespace.
type Key<'a> = (UnitId, Target, Option<&'a str>);

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
            namespace: namespace.map(str::to_owned),
            copy: only,
            clash: None,
            content_named: source.content_named && !source.filled_in_cluster,
            filled_in_cluster: source.filled_in_cluster,
        };
    }
    // What a controller says that it will fill counts only where nothing else has the name.
    let real: Vec<SourceRef> = copies
        .iter()
        .copied()
        .filter(|&at| !source(facts, at).filled_in_cluster)
        .collect();
    if real.is_empty() {
        return Indexed {
            namespace: namespace.map(str::to_owned),
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
        namespace: namespace.map(str::to_owned),
        copy: first,
        clash: counting.iter().copied().find(|&at| !same(first, at)),
        content_named: real.iter().all(|&at| source(facts, at).content_named),
        filled_in_cluster: false,
    }
}
