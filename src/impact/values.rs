//! Finds the objects of Flux that take values from changed sources.

use super::source_changes::filled_otherwise;
use super::sources::BothSources;
use super::state::ComparedState;
use super::{Name, TakenKey, ValuesChange};
use crate::extract::{Manifests, SourceId, ValuesReader, ValuesReference};
use crate::plan::{MeantSource, TakenValues, read_entries};
use std::collections::{BTreeMap, BTreeSet};

/// An object by its apply unit and its name.
type UnitObject = (String, Name);

/// The objects that take values from changed sources, and the pairs of these sources.
pub(super) fn changes(
    before: &ComparedState<'_>,
    after: &ComparedState<'_>,
    sources: &BothSources<'_>,
) -> (Vec<ValuesChange>, BTreeSet<usize>) {
    let old: BTreeMap<UnitObject, &TakenValues> =
        before.outcome.plan.taken.iter().map(|taken| (key(before, taken), taken)).collect();
    let (mut found, mut pairs) = (Vec::new(), BTreeSet::new());
    for taken in &after.outcome.plan.taken {
        let key = key(after, taken);
        let was = old.get(&key).copied();
        let manifests = after.manifests();
        let reader = taken.reader(manifests);
        let (mut keys, mut late) = (Vec::new(), None);
        for (reference, means) in taken.references(manifests) {
            let there = match means {
                MeantSource::One(at) => sources.after(at),
                MeantSource::Several => None,
                // A removed source is read only before the apply.
                MeantSource::Nowhere => was
                    .and_then(|was| meant_before(was, before.manifests(), reference))
                    .and_then(|at| sources.before(at)),
            };
            let Some(number) = there else { continue };
            let pair = &sources.pairs[number];
            let keys_read = reference.keys();
            let sides = [&pair.before, &pair.after].into_iter().flatten();
            let read: BTreeSet<&str> = sides
                .flat_map(|side| {
                    let entries = read_entries(side.source, &keys_read).into_iter();
                    entries.map(|entry| side.source.entries[entry].key.as_str())
                })
                .collect();
            let taken_key = |key: &str, change, at| TakenKey {
                source: pair.name.clone(),
                key: key.to_owned(),
                change,
                at,
            };
            let mut changed: Vec<TakenKey> = pair
                .keys
                .iter()
                .filter(|differing| read.contains(differing.key.as_str()))
                .map(|differing| taken_key(&differing.key, differing.change, differing.at))
                .collect();
            if changed.is_empty()
                && pair.is_filled_in_cluster()
                && let Some((change, at)) = filled_otherwise(before, after, pair)
            {
                // The content that the controller creates is not known: it may include the key.
                changed.push(taken_key(reference.key.as_deref().unwrap_or("*"), change, at));
            }
            if changed.is_empty() {
                continue;
            }
            pairs.insert(number);
            let is_at_once =
                |source: &crate::extract::Source| source.watched || source.content_named;
            if !pair.after.is_some_and(|provided| is_at_once(provided.source)) {
                late = Some(reader.interval.to_string());
            }
            keys.extend(changed.into_iter().filter(|key| !keys.contains(key)).collect::<Vec<_>>());
        }
        if !keys.is_empty() {
            let place = crate::text::Place { file: taken.file, span: reader.name_span };
            found.push(ValuesChange {
                name: key.1,
                at: after.at(place),
                is_new: was.is_none(),
                keys,
                late,
                overlays: Vec::new(),
            });
        }
    }
    found.sort_by(|a, b| (&a.name, a.at).cmp(&(&b.name, b.at)));
    (found, pairs)
}

fn key(state: &ComparedState<'_>, taken: &TakenValues) -> UnitObject {
    let ValuesReader { id, .. } = taken.reader(state.manifests());
    let name = Name {
        kind: id.kind.to_string(),
        namespace: state.namespace(id.namespace.as_deref()),
        name: id.name.to_string(),
    };
    (state.unit(taken.file), name)
}

/// The source to which the same reference referred before.
fn meant_before(
    was: &TakenValues,
    manifests: &Manifests,
    reference: &ValuesReference,
) -> Option<SourceId> {
    let same = |other: &ValuesReference| {
        (other.target, &other.name, &other.key)
            == (reference.target, &reference.name, &reference.key)
    };
    was.references(manifests).find_map(|(other, means)| match means {
        MeantSource::One(at) if same(other) => Some(at),
        _ => None,
    })
}
