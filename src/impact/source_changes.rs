//! Lists the changed sources with the readers of their changed keys, and the reasons why some roll no
//! workload.

use super::objects::{AppliedObject, has_same_text};
use super::reads::{ReadChanges, Standing};
use super::sources::{BothSources, SourcePair};
use super::state::ComparedState;
use super::{Answer, Assume, At, HowChanged, KeyChange, Silent, SourceChange, Workload};
use crate::extract::Object;
use std::collections::{BTreeMap, BTreeSet};

/// The relation of a workload to a changed source.
struct SourceReader<'a> {
    workload: usize,
    key: &'a str,
    standing: Standing,
}

/// The changed sources. `read` holds the reads of each workload before and after, `taken` the pairs of
/// changed sources from which objects of Flux take values.
pub(super) fn changes(
    before: &ComparedState<'_>,
    after: &ComparedState<'_>,
    sources: &BothSources<'_>,
    workloads: &[Workload],
    read: &[ReadChanges<'_>],
    taken: &BTreeSet<usize>,
) -> Vec<SourceChange> {
    let mut readers: BTreeMap<usize, Vec<SourceReader<'_>>> = BTreeMap::new();
    let mut named: BTreeSet<usize> = BTreeSet::new();
    let mut candidates: BTreeSet<usize> = BTreeSet::new();
    for (workload, read) in read.iter().enumerate() {
        named.extend(&read.named);
        candidates.extend(&read.candidates);
        for &(pair, key, standing) in &read.keys {
            readers.entry(pair).or_default().push(SourceReader { workload, key, standing });
        }
    }
    let mut found = Vec::new();
    for (number, pair) in sources.pairs.iter().enumerate() {
        let filled = pair.is_filled_in_cluster();
        if pair.keys.is_empty() && !(filled && filled_otherwise(before, after, pair).is_some()) {
            let is_there_twice = pair.before.is_some() && pair.after.is_some();
            if is_there_twice || filled {
                continue;
            }
        }
        if let [Some(only), None] | [None, Some(only)] = [pair.before, pair.after] {
            // A source in a file that the command line does not name is known only if a workload reads it, so
            // the other state may have it, too.
            let state = if pair.after.is_some() { after } else { before };
            if !state.manifests()[only.object.place.file].input.is_looked_at() {
                continue;
            }
        }
        let of_pair = readers.get(&number).map_or(&[][..], Vec::as_slice);
        let mut source = change(before, after, pair, of_pair, named.contains(&number), workloads);
        if let Some(source) = &mut source
            && matches!(source.silent, Some(Silent::NoReader | Silent::OtherKeys))
            && candidates.contains(&number)
        {
            source.silent = Some(Silent::Ambiguous);
        }
        if let Some(source) = &mut source
            && matches!(
                source.silent,
                Some(Silent::NoReader | Silent::OtherKeys | Silent::FilledInCluster)
            )
            && taken.contains(&number)
        {
            source.silent = Some(Silent::ValuesReader);
        }
        found.extend(source);
    }
    found.sort_by(|a, b| (&a.name, a.at).cmp(&(&b.name, b.at)));
    found
}

/// How the object from which a controller fills a source changed, and the place of its name; `None` if it
/// did not change.
pub(super) fn filled_otherwise(
    before: &ComparedState<'_>,
    after: &ComparedState<'_>,
    pair: &SourcePair<'_>,
) -> Option<(HowChanged, At)> {
    let (state, object) = shown(before, after, pair)?;
    if let (Some(was), Some(is)) = (pair.before, pair.after) {
        let value = |state: &ComparedState<'_>, object: &Object| {
            AppliedObject::new(state, object, Assume::Written).value()
        };
        if has_same_text((before, was.object), (after, is.object))
            || value(before, was.object) == value(after, is.object)
        {
            return None;
        }
    }
    Some((how_changed(pair), state.at(object.place_of_name())))
}

/// The object of a source after the apply, or before it for a removed source, with its state.
fn shown<'s, 'a>(
    before: &'s ComparedState<'a>,
    after: &'s ComparedState<'a>,
    pair: &SourcePair<'a>,
) -> Option<(&'s ComparedState<'a>, &'a Object)> {
    match (pair.after, pair.before) {
        (Some(is), _) => Some((after, is.object)),
        (None, Some(was)) => Some((before, was.object)),
        (None, None) => None,
    }
}

fn how_changed(pair: &SourcePair<'_>) -> HowChanged {
    match (pair.before.is_some(), pair.after.is_some()) {
        (true, true) => HowChanged::Changed,
        (true, false) => HowChanged::Removed,
        (false, _) => HowChanged::Added,
    }
}

fn change(
    before: &ComparedState<'_>,
    after: &ComparedState<'_>,
    pair: &SourcePair<'_>,
    readers: &[SourceReader<'_>],
    is_named: bool,
    workloads: &[Workload],
) -> Option<SourceChange> {
    let (state, object) = shown(before, after, pair)?;
    let mut by_key: BTreeMap<&str, Vec<&SourceReader<'_>>> = BTreeMap::new();
    for reader in readers {
        by_key.entry(reader.key).or_default().push(reader);
    }
    let reads = |key: &str| {
        let of_key = by_key.get(key).into_iter().flatten().filter(|r| r.standing.is_a_must());
        of_key.map(|reader| reader.workload).collect::<BTreeSet<usize>>()
    };
    let keys = pair.keys.iter().map(|differing| KeyChange {
        key: differing.key.clone(),
        change: differing.change,
        at: differing.at,
        readers: reads(&differing.key).into_iter().collect(),
    });
    let keys: Vec<KeyChange> = keys.collect();
    let all: BTreeSet<usize> = keys.iter().flat_map(|key| key.readers.iter().copied()).collect();
    let renamed = pair.renamed().map(|(from, _)| from.to_owned());
    Some(SourceChange {
        name: pair.name.clone(),
        unit: state.unit(object.place.file),
        target: pair.target,
        at: state.at(object.place_of_name()),
        change: how_changed(pair),
        overlays: Vec::new(),
        silent: silent(pair, &keys, &by_key, &all, is_named, workloads),
        keys,
        is_renamed: renamed.is_some(),
        readers: all.into_iter().collect(),
    })
}

/// The reason why a changed source rolls no workload.
fn silent(
    pair: &SourcePair<'_>,
    keys: &[KeyChange],
    readers: &BTreeMap<&str, Vec<&SourceReader<'_>>>,
    all: &BTreeSet<usize>,
    is_named: bool,
    workloads: &[Workload],
) -> Option<Silent> {
    let any = |answer: Answer| all.iter().any(|&w| workloads[w].answer == answer);
    let stands = |standing: Standing| {
        let of_changed = keys.iter().filter_map(|key| readers.get(key.key.as_str()));
        of_changed.flatten().any(|reader| reader.standing == standing)
    };
    let is_ignored =
        [pair.before, pair.after].into_iter().flatten().any(|s| s.source.ignored.is_some());
    if all.iter().any(|&w| workloads[w].answer.replaces_pods()) {
        None
    } else if any(Answer::Stale) {
        Some(Silent::StaleReaders)
    } else if any(Answer::New) || any(Answer::Gone) {
        Some(Silent::WithReader)
    } else if !all.is_empty() {
        Some(Silent::LaterRuns)
    } else if pair.is_filled_in_cluster() {
        Some(Silent::FilledInCluster)
    } else if is_ignored || stands(Standing::Ignored) {
        Some(Silent::Ignored)
    } else if stands(Standing::Live) {
        Some(Silent::Live)
    } else if is_named {
        Some(Silent::OtherKeys)
    } else {
        Some(Silent::NoReader)
    }
}
