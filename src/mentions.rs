//! Sources whose name stands nowhere else in their apply unit: not in a reference, not in an
//! argument, not in a comment. Only then is it sure that nothing there reads them.

use crate::extract::{Facts, Object};
use crate::finding::{Code, Finding};
use crate::unit::{Input, UnitId};
use std::collections::BTreeMap;
use std::ops::Range;

/// A source that nobody has named yet: its object, and where that stands.
struct Candidate<'a> {
    object: &'a Object,
    file: usize,
    document: Range<usize>,
}

/// A note for each such source, in units that stamp a workload at all.
pub fn unread(inputs: &[Input], facts: &[Facts], units: &[UnitId]) -> Vec<Finding> {
    let mut files_of: BTreeMap<UnitId, Vec<usize>> = BTreeMap::new();
    for (file, input) in inputs.iter().enumerate() {
        if input.kustomization.is_none() {
            files_of.entry(units[file]).or_default().push(file);
        }
    }
    let mut findings = Vec::new();
    for files in files_of.values() {
        let mut unnamed = candidates(facts, files);
        let reads = files
            .iter()
            .flat_map(|&file| &facts[file].objects)
            .flat_map(|object| &object.templates)
            .any(|template| template.references.iter().any(|r| r.reads()));
        if unnamed.is_empty() || !reads {
            continue;
        }
        for &file in files {
            strike(&inputs[file].file.text, file, &mut unnamed);
        }
        findings.extend(unnamed.into_values().flatten().map(finding));
    }
    findings
}

/// The ConfigMaps and Secrets of a unit by name; two of one name are told apart by nobody here.
fn candidates<'a>(facts: &'a [Facts], files: &[usize]) -> BTreeMap<&'a str, Vec<Candidate<'a>>> {
    let mut found: BTreeMap<&str, Vec<Candidate<'_>>> = BTreeMap::new();
    for &file in files {
        for object in &facts[file].objects {
            let is_candidate = object.id.group.is_empty()
                && !object.hook
                && object
                    .sources
                    .iter()
                    .any(|source| !source.ignored && !source.filled_in_cluster);
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
