//! Merges the results of several overlays: equal results are reported once, with the names of the overlays
//! and the places in their source files.

use super::{
    At, Impact, IndirectChange, KeyReason, RollReason, Side, SourceChange, ValuesChange, Workload,
};
use crate::outcome::Outcome;
use crate::overlays;
use std::collections::BTreeMap;

/// Merges the results that are equal in several overlays. Each input of the two outcomes is the build of an
/// overlay, with the name of its folder.
pub fn by_overlay(impact: Impact, before: &Outcome, after: &Outcome) -> Impact {
    let of = |side| match side {
        Side::Before => before,
        Side::After => after,
    };
    let folder = |at: At| of(at.side).manifests.name(at.place.file).to_owned();
    let written = |at: &mut At, key: Option<&str>| {
        if let Some(place) = overlays::written(of(at.side), at.place, key) {
            at.place = place;
        }
    };
    let Impact { assume, workloads, sources, values_readers, indirect, has_foreign, not_compared } =
        impact;
    let mut folded: Vec<Workload> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    let mut positions = Vec::new();
    for mut workload in workloads {
        let overlay = folder(workload.at);
        let position = *known.entry(workload.sense()).or_insert_with(|| {
            written(&mut workload.at, None);
            for reason in &mut workload.reasons {
                if let RollReason::Key(KeyReason { at, key, .. }) = reason {
                    written(at, Some(key));
                }
            }
            folded.push(workload);
            folded.len() - 1
        });
        positions.push(position);
        folded[position].overlays.push(overlay);
    }
    let mut changes: Vec<SourceChange> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for mut source in sources {
        let overlay = folder(source.at);
        for readers in
            source.keys.iter_mut().map(|key| &mut key.readers).chain([&mut source.readers])
        {
            readers.iter_mut().for_each(|reader| *reader = positions[*reader]);
            readers.sort_unstable();
            readers.dedup();
        }
        let position = *known.entry(source.sense()).or_insert_with(|| {
            written(&mut source.at, None);
            source.keys.iter_mut().for_each(|key| written(&mut key.at, Some(&key.key)));
            changes.push(source);
            changes.len() - 1
        });
        changes[position].overlays.push(overlay);
    }
    let mut taking: Vec<ValuesChange> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for mut reader in values_readers {
        let overlay = folder(reader.at);
        let position = *known.entry(reader.sense()).or_insert_with(|| {
            written(&mut reader.at, None);
            reader.keys.iter_mut().for_each(|key| written(&mut key.at, Some(&key.key)));
            taking.push(reader);
            taking.len() - 1
        });
        taking[position].overlays.push(overlay);
    }
    let mut differing: Vec<IndirectChange> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for mut object in indirect {
        let overlay = folder(object.at);
        let position = *known.entry(object.sense()).or_insert_with(|| {
            written(&mut object.at, None);
            differing.push(object);
            differing.len() - 1
        });
        differing[position].overlays.push(overlay);
    }
    Impact {
        assume,
        workloads: folded,
        sources: changes,
        values_readers: taking,
        indirect: differing,
        has_foreign,
        not_compared,
    }
}

impl Workload {
    /// All its properties except the places.
    fn sense(&self) -> String {
        let Self {
            name,
            unit: _,
            at: _,
            answer,
            must,
            does,
            reasons,
            held,
            is_resumed,
            is_savable,
            takes_up,
            is_unknown,
            disruption,
            overlays: _,
        } = self;
        let reasons = reasons.iter().map(|reason| match reason {
            RollReason::Key(KeyReason { source, key, change, site: _, spot, reference, at: _ }) => {
                format!("{source}\n{key}\n{change:?} {spot:?} {reference}\n")
            }
            other => format!("{other:?}\n"),
        });
        let reasons: String = reasons.collect();
        format!(
            "{name} {answer:?} {must} {does} {held:?} {is_resumed} {is_savable} {takes_up} {is_unknown}\n{reasons}{disruption:?}"
        )
    }
}

impl SourceChange {
    /// All its properties except the places.
    fn sense(&self) -> String {
        let Self {
            name,
            unit: _,
            target,
            at: _,
            change,
            keys,
            is_renamed,
            readers,
            silent,
            overlays: _,
        } = self;
        let keys =
            keys.iter().map(|key| format!("{}\n{:?} {:?}\n", key.key, key.change, key.readers));
        let keys: String = keys.collect();
        format!("{name} {target:?} {change:?} {is_renamed} {readers:?} {silent:?}\n{keys}")
    }
}

impl ValuesChange {
    /// All its properties except the places.
    fn sense(&self) -> String {
        let Self { name, at: _, is_new, keys, late, overlays: _ } = self;
        let keys =
            keys.iter().map(|key| format!("{}\n{}\n{:?}\n", key.source, key.key, key.change));
        format!("{name} {is_new} {late:?}\n{}", keys.collect::<String>())
    }
}

impl IndirectChange {
    /// All its properties except the places.
    fn sense(&self) -> String {
        let Self { name, at: _, change, fields, overlays: _ } = self;
        format!("{name} {change:?} {}", fields.join(" "))
    }
}
