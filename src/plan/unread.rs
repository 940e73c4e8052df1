//! Sources whose name occurs nowhere else in their apply unit: not in a reference, not in an argument,
//! not in a comment. Only then is it certain that nothing in the unit reads them.

use super::values::TakenNames;
use crate::extract::{Manifests, ObjectId};
use crate::finding::{Code, Finding};
use crate::scope::{Unit, Units};
use crate::text::FileId;
use std::collections::{BTreeMap, BTreeSet};

/// Objects that provide a source, by its name; two objects with one name are not distinguished.
type Providers = BTreeMap<String, Vec<ObjectId>>;

/// The sources that no reference of their unit names. Only the texts can show whether anything in
/// the unit names them.
#[derive(Default)]
pub struct UnnamedSources {
    /// For each unit with such sources: its files, and the sources.
    units: Vec<(Vec<FileId>, Providers)>,
    /// The number of units that have each file.
    seen: BTreeMap<FileId, usize>,
    /// The names to search for in each text.
    names: BTreeMap<FileId, BTreeSet<String>>,
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
            let files: Vec<FileId> = unit.sees.iter().map(|member| member.file).collect();
            for &file in &files {
                all.names.entry(file).or_default().extend(names.keys().cloned());
            }
            all.units.push((files, names));
        }
        all
    }

    /// The texts to search.
    pub fn files(&self) -> BTreeSet<FileId> {
        self.names.keys().copied().collect()
    }

    /// The names that a text contains outside of the sources with these names.
    pub fn said_in(&self, manifests: &Manifests, file: FileId, text: &str) -> BTreeSet<String> {
        let mut said = BTreeSet::new();
        let Some(names) = self.names.get(&file) else {
            return said;
        };
        let anchors = Anchors::of(names.iter().map(String::as_str));
        for (start, word) in words(text, &anchors) {
            if !names.contains(word) || said.contains(word) {
                continue;
            }
            let is_own = |id: &ObjectId| {
                let place = manifests[*id].place;
                place.file == file && place.span.range().contains(&start)
            };
            let mut sources = self.units.iter().filter_map(|(_, names)| names.get(word)).flatten();
            if !sources.any(is_own) {
                said.insert(word.to_owned());
            }
        }
        said
    }

    /// A note for each source whose name occurs nowhere else: if several units have the source,
    /// none may name it. `said` has the names that each text contains.
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

/// The bytes by which names are found. Each name contains one of them, so a text without these
/// bytes need not be split into words.
enum Anchors {
    Few(Vec<u8>),
    /// There are no few bytes such that each name contains one: every word is checked.
    AnyWord,
}

/// The bytes of names, from the rarest in manifests to the most frequent.
const RARE_FIRST: &[u8] = b"zqjxQZXJKYWVHUG-kvwybgfBDFPLNRMTOIESACpumdhlcrsnioate7986354201.";

impl Anchors {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut few: Vec<u8> = Vec::new();
        // Most names contain a dash, and few other texts do.
        let dashed = |name: &&str| name.contains('-');
        let (with, without): (Vec<&str>, Vec<&str>) = names.partition(dashed);
        if !with.is_empty() {
            few.push(b'-');
        }
        for name in without {
            let bytes = name.as_bytes();
            if bytes.iter().any(|byte| few.contains(byte)) {
                continue;
            }
            let rarest = RARE_FIRST.iter().find(|byte| bytes.contains(byte));
            few.extend(rarest);
        }
        match few.len() {
            0..=3 => Self::Few(few),
            _ => Self::AnyWord,
        }
    }

    /// The offset at which the next word of a text may begin or continue, from `at`.
    fn next(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = &bytes[at..];
        let found = match self {
            Self::Few(few) => match few.as_slice() {
                [] => None,
                &[a] => memchr::memchr(a, rest),
                &[a, b] => memchr::memchr2(a, b, rest),
                &[a, b, c, ..] => memchr::memchr3(a, b, c, rest),
            },
            Self::AnyWord => rest.iter().position(|&byte| is_of_name(byte)),
        };
        found.map(|found| at + found)
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.'
}

/// The words of a text that may be names, with their offsets.
fn words<'t>(text: &'t str, anchors: &'t Anchors) -> impl Iterator<Item = (usize, &'t str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_outside = |byte: &u8| !is_of_name(*byte);
        let anchor = anchors.next(bytes, at)?;
        let before = bytes[at..anchor].iter().rposition(is_outside);
        let start = before.map_or(at, |before| at + before + 1);
        let after = bytes[anchor..].iter().position(is_outside);
        at = after.map_or(bytes.len(), |after| anchor + after);
        Some((start, text[start..at].trim_matches(['-', '.'])))
    })
}

fn finding(manifests: &Manifests, object: ObjectId) -> Finding {
    let object = &manifests[object];
    let message = format!("nothing in this apply unit names {}", object.id);
    object
        .finding(Code::UnreadSource, message)
        .help("nobody needs it, unless a program reads it through the API server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_find_what_a_look_at_every_word_finds() {
        let text =
            "kind: web-config, xweb-config\n- settings.\u{e9}a.b=--web-config--/zoo x q_w\nzoo";
        let names = ["web-config", "settings", "a.b", "zoo", "q", "x"];
        let found = |anchors: &Anchors, names: &[&str]| -> Vec<(usize, String)> {
            let all = words(text, anchors);
            let wanted = all.filter(|(_, word)| names.contains(word));
            wanted.map(|(at, word)| (at, word.to_owned())).collect()
        };
        for from in 0..names.len() {
            for to in from..=names.len() {
                let some = &names[from..to];
                let by_anchor = found(&Anchors::of(some.iter().copied()), some);
                assert_eq!(by_anchor, found(&Anchors::AnyWord, some));
                assert_eq!(by_anchor.is_empty(), some.is_empty());
            }
        }
        assert!(matches!(Anchors::of(names[..3].iter().copied()), Anchors::Few(_)));
        assert!(matches!(Anchors::of(names.iter().copied()), Anchors::AnyWord));
    }
}
