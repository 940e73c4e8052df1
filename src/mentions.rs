//! Sources whose name stands nowhere else in their apply unit: not in a reference, not in an
//! argument, not in a comment. Only then is it sure that nothing there reads them.

use crate::extract::{Facts, Object};
use crate::finding::{Code, Finding};
use crate::unit::{Found, Input, Units};
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
pub fn unread(facts: &[Facts], inputs: &[Input], units: &Units) -> Vec<Finding> {
    let mut unnamed_in: BTreeMap<(usize, u32), (usize, Candidate<'_>)> = BTreeMap::new();
    let mut seen_by: BTreeMap<usize, usize> = BTreeMap::new();
    for unit in &units.all {
        let files: Vec<usize> = unit.sees.iter().map(|member| member.file).collect();
        let is_named = |file: &usize| inputs[*file].found != Found::Context;
        let named: Vec<usize> = files.iter().copied().filter(is_named).collect();
        for &file in &files {
            // A unit of kustomize counts too: what it holds is never unread.
            *seen_by.entry(file).or_default() += 1;
        }
        let reads = files
            .iter()
            .flat_map(|&file| &facts[file].objects)
            .flat_map(|object| &object.templates)
            .any(|template| template.references.iter().any(|r| r.reads()));
        if unit.built || !reads {
            continue;
        }
        let mut unnamed = candidates(facts, &named);
        for &file in &files {
            if unnamed.is_empty() {
                break;
            }
            strike(&inputs[file].file.text, file, &mut unnamed);
        }
        for candidate in unnamed.into_values().flatten() {
            let key = (candidate.file, candidate.object.name_span.start);
            unnamed_in.entry(key).or_insert((0, candidate)).0 += 1;
        }
    }
    unnamed_in
        .into_values()
        .filter(|(count, candidate)| seen_by.get(&candidate.file) == Some(count))
        .map(|(_, candidate)| finding(candidate))
        .collect()
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
fn strike(text: &str, file: usize, unnamed: &mut BTreeMap<&str, Vec<Candidate<'_>>>) {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_name(bytes[at]) {
            at += 1;
            continue;
        }
        let length = bytes[at..].iter().take_while(|&&b| is_name(b)).count();
        let word = text[at..at + length].trim_matches(['-', '.']);
        if let Some(candidates) = unnamed.get(word) {
            let own = |c: &Candidate<'_>| c.file == file && c.document.contains(&at);
            if !candidates.iter().any(own) {
                unnamed.remove(word);
            }
        }
        at += length;
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
