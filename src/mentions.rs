//! Sources whose name stands nowhere else in their apply unit: not in a reference, not in an
//! argument, not in a comment. Only then is it sure that nothing there reads them.

use crate::extract::{Facts, Object};
use crate::finding::{Code, Finding};
use crate::parallel;
use crate::unit::{Found, Input, Unit, Units};
use std::collections::BTreeMap;
use std::ops::Range;

/// A source that nobody has named yet: its object, and where that stands.
struct Candidate<'a> {
    object: &'a Object,
    file: usize,
    document: Range<usize>,
}

/// A note for each such source, in units that stamp a workload at all. What kustomizations are
/// made of is left out: they may name a source in ways of their own. Of several units that see a
/// source none may name it.
pub fn unread(facts: &[Facts], inputs: &[Input], units: &Units, jobs: usize) -> Vec<Finding> {
    let mut unnamed_in: BTreeMap<(usize, u32), (usize, Candidate<'_>)> = BTreeMap::new();
    let mut seen_by: BTreeMap<usize, usize> = BTreeMap::new();
    for member in units.all.iter().flat_map(|unit| &unit.sees) {
        // A unit of kustomize counts too: what it holds is never unread.
        *seen_by.entry(member.file).or_default() += 1;
    }
    let unnamed = parallel::map(units.all.len(), jobs, |number| {
        unread_in(facts, inputs, &units.all[number])
    });
    for candidate in unnamed.into_iter().flatten() {
        let key = (candidate.file, candidate.object.name_span.start);
        unnamed_in.entry(key).or_insert((0, candidate)).0 += 1;
    }
    unnamed_in
        .into_values()
        .filter(|(count, candidate)| seen_by.get(&candidate.file) == Some(count))
        .map(|(_, candidate)| finding(candidate))
        .collect()
}

/// What nothing in one unit names.
fn unread_in<'a>(facts: &'a [Facts], inputs: &[Input], unit: &Unit) -> Vec<Candidate<'a>> {
    let files: Vec<usize> = unit.sees.iter().map(|member| member.file).collect();
    let is_named = |file: &usize| inputs[*file].found != Found::Context;
    let named: Vec<usize> = files.iter().copied().filter(is_named).collect();
    let reads = files
        .iter()
        .flat_map(|&file| &facts[file].objects)
        .flat_map(|object| &object.templates)
        .any(|template| template.references.iter().any(|r| r.reads()));
    if unit.built || !reads {
        return Vec::new();
    }
    let mut unnamed = candidates(facts, &named);
    let shapes = Shapes::of(unnamed.keys());
    for &file in &files {
        if unnamed.is_empty() {
            break;
        }
        strike(&inputs[file].file.text, file, &shapes, &mut unnamed);
    }
    unnamed.into_values().flatten().collect()
}

/// What names look like from afar, so that most words need no look into the map: for each length,
/// the ends that a name of that length has.
struct Shapes([u64; 256]);

impl Shapes {
    fn of<'a>(names: impl Iterator<Item = &'a &'a str>) -> Self {
        let mut shapes = [0; 256];
        for name in names {
            let (length, ends) = Self::shape(name.as_bytes());
            shapes[length] |= ends;
        }
        Self(shapes)
    }

    fn fits(&self, word: &[u8]) -> bool {
        let (length, ends) = Self::shape(word);
        self.0[length] & ends != 0
    }

    fn shape(word: &[u8]) -> (usize, u64) {
        let first = word.first().copied().unwrap_or(0);
        let last = word.last().copied().unwrap_or(0);
        let ends = u32::from(first).wrapping_mul(7) ^ u32::from(last);
        (word.len().min(255), 1 << (ends % 64))
    }
}

/// The ConfigMaps and Secrets of a unit by name; two of one name are told apart by nobody here.
fn candidates<'a>(facts: &'a [Facts], files: &[usize]) -> BTreeMap<&'a str, Vec<Candidate<'a>>> {
    let mut found: BTreeMap<&str, Vec<Candidate<'_>>> = BTreeMap::new();
    for &file in files {
        for object in &facts[file].objects {
            let is_candidate = object.id.group.is_empty()
                && !object.hook
                && object.origin.is_none()
                && object
                    .sources
                    .iter()
                    .any(|source| source.ignored.is_none() && !source.filled_in_cluster);
            if is_candidate && !object.id.name.is_empty() {
                let span = object.place.span;
                found.entry(&object.id.name).or_default().push(Candidate {
                    object,
                    file,
                    document: span.start as usize..span.end as usize,
                });
            }
        }
    }
    found
}

/// Takes away the candidates that a text names outside of their own objects.
fn strike(
    text: &str,
    file: usize,
    shapes: &Shapes,
    unnamed: &mut BTreeMap<&str, Vec<Candidate<'_>>>,
) {
    const IS_NAME: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 128 {
            let b = byte as u8;
            table[byte] = b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
            byte += 1;
        }
        table
    };
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !IS_NAME[usize::from(bytes[at])] {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && IS_NAME[usize::from(bytes[at])] {
            at += 1;
        }
        let (mut first, mut last) = (start, at);
        while first < last && matches!(bytes[first], b'-' | b'.') {
            first += 1;
        }
        while first < last && matches!(bytes[last - 1], b'-' | b'.') {
            last -= 1;
        }
        if !shapes.fits(&bytes[first..last]) {
            continue;
        }
        let word = &text[first..last];
        if let Some(candidates) = unnamed.get(word) {
            let own = |c: &Candidate<'_>| c.file == file && c.document.contains(&start);
            if !candidates.iter().any(own) {
                unnamed.remove(word);
            }
        }
    }
}

fn finding(candidate: Candidate<'_>) -> Finding {
    let object = candidate.object;
    let message = format!("nothing in this apply unit names {}", object.id);
    Finding::new(Code::UnreadSource, message)
        .about(object.id.to_string())
        .at(object.place_of_name())
        .help("nobody needs it, unless a program reads it through the API server")
}
