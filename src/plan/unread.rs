//! Sources whose name occurs nowhere else in their apply unit: not in a reference, not in an argument,
//! not in a comment. Only then is it certain that nothing in the unit reads them.

use super::values::TakenNames;
use crate::extract::{Manifests, ObjectId};
use crate::finding::{Code, Finding};
use crate::scope::{Unit, Units};
use crate::text::FileId;
use aho_corasick::AhoCorasick;
use std::collections::{BTreeMap, BTreeSet};

/// Objects that provide a source, by its name; two objects with one name are not distinguished.
type Providers = BTreeMap<String, Vec<ObjectId>>;

/// The sources that no reference of their unit names. Only the texts can show whether anything in the unit
/// names them.
#[derive(Default)]
pub struct UnnamedSources {
    /// For each unit with such sources: its files, and the sources.
    units: Vec<(Vec<FileId>, Providers)>,
    /// The number of units that have each file.
    seen: BTreeMap<FileId, usize>,
    /// The sources of all units, by their names.
    named: Providers,
    /// Finds these names in a text; `None` if there are no names.
    search: Option<AhoCorasick>,
}

impl UnnamedSources {
    /// Collects these sources from units that stamp any workload. Units of kustomizations are left
    /// out, because kustomizations may name a source in other ways.
    pub fn of(manifests: &Manifests, units: &Units) -> Self {
        let mut all = Self::default();
        let taken = TakenNames::of(manifests);
        for unit in &units.all {
            for member in &unit.sees {
                // A unit of kustomize counts too: its sources never count as unread.
                *all.seen.entry(member.file).or_default() += 1;
            }
            let names = unnamed_in(manifests, unit, &taken);
            if names.is_empty() {
                continue;
            }
            for (name, objects) in &names {
                all.named.entry(name.clone()).or_default().extend(objects);
            }
            let files = unit.sees.iter().map(|member| member.file).collect();
            all.units.push((files, names));
        }
        // Names for which no search can be built, which takes gigabytes of them, are not called unread.
        all.search = AhoCorasick::new(all.named.keys()).ok().filter(|_| !all.named.is_empty());
        if all.search.is_none() {
            all.units.clear();
        }
        all
    }

    /// The texts to search.
    pub fn files(&self) -> BTreeSet<FileId> {
        self.units.iter().flat_map(|(files, _)| files).copied().collect()
    }

    /// The names that a text contains outside of the sources with these names.
    pub fn said_in(&self, manifests: &Manifests, file: FileId, text: &str) -> BTreeSet<String> {
        let mut said = BTreeSet::new();
        let found = self.search.iter().flat_map(|search| search.find_overlapping_iter(text));
        for range in found.map(|found| found.range()) {
            let name = &text[range.clone()];
            if said.contains(name) || !is_whole(text, range.clone()) {
                continue;
            }
            let is_own = |id: &ObjectId| {
                let place = manifests[*id].place;
                place.file == file && place.span.range().contains(&range.start)
            };
            if !self.named.get(name).is_some_and(|objects| objects.iter().any(is_own)) {
                said.insert(name.to_owned());
            }
        }
        said
    }

    /// A note for each source whose name occurs nowhere else: if several units have the source, none may
    /// name it. `said` has the names that each text contains.
    pub fn findings(
        &self,
        manifests: &Manifests,
        said: &BTreeMap<FileId, BTreeSet<String>>,
    ) -> Vec<Finding> {
        let mut unnamed: BTreeMap<ObjectId, usize> = BTreeMap::new();
        for (files, names) in &self.units {
            let is_said =
                |name: &str| files.iter().any(|f| said.get(f).is_some_and(|s| s.contains(name)));
            let left = names.iter().filter(|(name, _)| !is_said(name));
            for &object in left.flat_map(|(_, objects)| objects) {
                *unnamed.entry(object).or_default() += 1;
            }
        }
        let everywhere = unnamed.into_iter().filter(|(object, count)| {
            let file = manifests[*object].place.file;
            self.seen.get(&file) == Some(count)
        });
        everywhere.map(|(object, _)| finding(manifests, object)).collect()
    }
}

/// The sources that no reference in one unit names. A source that a workload refers to need not be
/// searched for in the texts.
fn unnamed_in(manifests: &Manifests, unit: &Unit, taken: &TakenNames<'_>) -> Providers {
    let files = || unit.sees.iter().map(|member| member.file);
    let objects = || files().flat_map(|file| manifests.objects_of(file));
    let reads = |(id, _)| manifests.all_references_of(id).any(|r| r.reads());
    if unit.built || !objects().any(reads) {
        return Providers::new();
    }
    let mut unnamed = Providers::new();
    for (id, object) in objects() {
        let is_candidate = object.id.group.is_empty()
            && !object.hook
            && object.origin.is_none()
            && !object.id.name.is_empty()
            && manifests[object.place.file].input.is_named()
            && manifests
                .all_sources_of(id)
                .iter()
                .any(|source| {
                    let is_filled = source.ignored.is_some() || source.filled_in_cluster;
                    !is_filled && !taken.may_be(source)
                })
            // Workloads read its copies in other namespaces.
            && !manifests[object.place.file].makes_within(object.place.span);
        if is_candidate {
            unnamed.entry(object.id.name.to_string()).or_default().push(id);
        }
    }
    for (id, _) in objects() {
        for reference in manifests.all_references_of(id) {
            let name = reference.name.as_str();
            if unnamed.get(name).is_some_and(|own| !own.contains(&id)) {
                unnamed.remove(name);
            }
        }
    }
    unnamed
}

/// Whether the bytes from `range` of a text are a whole name. The characters before and after it must not
/// belong to a longer name; a dash or a dot that ends a name may follow.
fn is_whole(text: &str, range: std::ops::Range<usize>) -> bool {
    let before = text[..range.start].trim_end_matches(['-', '.']);
    let behind = text[range.end..].trim_start_matches(['-', '.']);
    !before.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !behind.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn finding(manifests: &Manifests, object: ObjectId) -> Finding {
    let object = &manifests[object];
    let message = format!("nothing in this apply unit names {}", object.id);
    object
        .finding(Code::UnreadSource, message)
        .help("delete it, unless a program reads it through the API server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_whole_between_what_is_not_of_a_name() {
        let text =
            "kind: web-config, xweb-config\n- settings.\u{e9}a.b=--web-config--/zoo x q_w\nzoo";
        let wholes = |name: &str| -> Vec<usize> {
            let found = text.match_indices(name).map(|(start, _)| start..start + name.len());
            found.filter(|range| is_whole(text, range.clone())).map(|range| range.start).collect()
        };
        assert_eq!(wholes("web-config"), [6, 49]);
        assert_eq!(wholes("zoo"), [62, 72]);
        assert_eq!(wholes("x"), [66]);
        assert_eq!(wholes("b"), [] as [usize; 0]);
        assert_eq!(wholes("a.b"), [43]);
    }
}
