//! Sources whose name stands nowhere else in their apply unit: not in a reference, not in an
//! argument, not in a comment. Only then is it sure that nothing there reads them.

use crate::extract::{Facts, Object};
use crate::finding::{Code, Finding};
use crate::parallel;
use crate::scope::{Unit, Units};
use crate::text::Changed;
use crate::text::input::{Found, Input};
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
/// source none may name it. Whether references say the names that are written is for the caller to know.
///
/// # Errors
/// When a text must be read again, and cannot.
pub fn unread(
    facts: &[Facts],
    inputs: &[Input],
    units: &Units,
    as_written: bool,
    jobs: usize,
) -> Result<Vec<Finding>, Changed> {
    let mut unnamed_in: BTreeMap<(usize, u32), (usize, Candidate<'_>)> = BTreeMap::new();
    let mut seen_by: BTreeMap<usize, usize> = BTreeMap::new();
    for member in units.all.iter().flat_map(|unit| &unit.sees) {
        // A unit of kustomize counts too: what it holds is never unread.
        *seen_by.entry(member.file).or_default() += 1;
    }
    let unnamed = parallel::map(units.all.len(), jobs, |number| {
        unread_in(facts, inputs, &units.all[number], as_written)
    });
    let unnamed = unnamed.into_iter().collect::<Result<Vec<_>, _>>()?;
    for candidate in unnamed.into_iter().flatten() {
        let key = (candidate.file, candidate.object.name_span.start);
        unnamed_in.entry(key).or_insert((0, candidate)).0 += 1;
    }
    let unnamed = unnamed_in.into_values();
    Ok(unnamed
        .filter(|(count, candidate)| seen_by.get(&candidate.file) == Some(count))
        .map(|(_, candidate)| finding(candidate))
        .collect())
}

/// What nothing in one unit names.
fn unread_in<'a>(
    facts: &'a [Facts],
    inputs: &[Input],
    unit: &Unit,
    as_written: bool,
) -> Result<Vec<Candidate<'a>>, Changed> {
    let files: Vec<usize> = unit.sees.iter().map(|member| member.file).collect();
    let is_named = |file: &usize| inputs[*file].found != Found::Context;
    let named: Vec<usize> = files.iter().copied().filter(is_named).collect();
    let objects = || files.iter().flat_map(|&file| &facts[file].objects);
    let references = |object: &'a Object| object.templates.iter().flat_map(|t| &t.references);
    let reads = objects().any(|object| references(object).any(|r| r.reads()));
    if unit.built || !reads {
        return Ok(Vec::new());
    }
    let mut unnamed = candidates(facts, &named);
    // What a workload refers to need not be looked for in the texts.
    for object in objects().filter(|_| as_written) {
        for reference in references(object) {
            if let Some(candidates) = unnamed.get(reference.name.as_str())
                && !candidates.iter().any(|c| std::ptr::eq(c.object, object))
            {
                unnamed.remove(reference.name.as_str());
            }
        }
    }
    let anchors = Anchors::of(unnamed.keys());
    for &file in &files {
        if unnamed.is_empty() {
            break;
        }
        let text = inputs[file].file.text.lend()?;
        strike(&text, file, &anchors, &mut unnamed);
    }
    Ok(unnamed.into_values().flatten().collect())
}

/// The bytes that a name is looked for by. Each name has one of them, so a text that has none of them
/// near need not be cut into words.
enum Anchors {
    Few(Vec<u8>),
    /// The names have no few bytes in common: every word is looked at.
    AnyWord,
}

/// The bytes of names, from the rarest in manifests to the most frequent.
const RARE_FIRST: &[u8] = b"zqjxQZXJKYWVHUG-kvwybgfBDFPLNRMTOIESACpumdhlcrsnioate7986354201.";

impl Anchors {
    fn of<'a>(names: impl Iterator<Item = &'a &'a str>) -> Self {
        let mut few: Vec<u8> = Vec::new();
        // A dash is in most names and in few other places.
        let dashed = |name: &&&str| name.contains('-');
        let (with, without): (Vec<&&str>, Vec<&&str>) = names.partition(dashed);
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

    /// Where the next word of a text may begin or go on, from `at`.
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
    anchors: &Anchors,
    unnamed: &mut BTreeMap<&str, Vec<Candidate<'_>>>,
) {
    for (start, word) in words(text, anchors) {
        if let Some(candidates) = unnamed.get(word) {
            let own = |c: &Candidate<'_>| c.file == file && c.document.contains(&start);
            if !candidates.iter().any(own) {
                unnamed.remove(word);
            }
        }
    }
}

/// The words of a text that may be names, and where they begin.
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

fn finding(candidate: Candidate<'_>) -> Finding {
    let object = candidate.object;
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
                let by_anchor = found(&Anchors::of(some.iter()), some);
                assert_eq!(by_anchor, found(&Anchors::AnyWord, some));
                assert_eq!(by_anchor.is_empty(), some.is_empty());
            }
        }
        assert!(matches!(Anchors::of(names[..3].iter()), Anchors::Few(_)));
        assert!(matches!(Anchors::of(names.iter()), Anchors::AnyWord));
    }
}
