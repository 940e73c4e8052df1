//! Values that Flux takes from ConfigMaps and Secrets, and how late a change of them arrives.

use crate::extract::{Manifests, Source};
use crate::finding::{Code, Finding};
use crate::scope::{Unit, Units};
use crate::text::{FileId, Place};
use std::collections::BTreeSet;

/// A note for each source of values that is here and that its reader does not watch.
pub fn unwatched(manifests: &Manifests, units: &Units) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut said: BTreeSet<Place> = BTreeSet::new();
    for unit in &units.all {
        for member in &unit.sees {
            if manifests[member.file].input.is_looked_at() && member.object.is_none() {
                in_file(manifests, unit, member.file, &mut said, &mut found);
            }
        }
    }
    found
}

fn in_file(
    manifests: &Manifests,
    unit: &Unit,
    file: FileId,
    said: &mut BTreeSet<Place>,
    found: &mut Vec<Finding>,
) {
    for reader in &manifests[file].values_readers {
        for (target, name, at) in &reader.reads {
            let is_meant = |source: &&Source| {
                let (own, namespace) = (&reader.id.namespace, &source.namespace);
                source.target == *target
                    && source.name == *name
                    && (own.is_none() || namespace.is_none() || own == namespace)
            };
            let mut sources = unit
                .objects(manifests)
                .flat_map(|(object, _)| manifests.all_sources_of(object))
                .filter(is_meant);
            // Of several of one name, nobody knows which one is meant.
            let (Some(source), None) = (sources.next(), sources.next()) else { continue };
            let place = Place { file, span: *at };
            if source.watched || source.content_named || !said.insert(place) {
                continue;
            }
            let late = match reader.interval.as_str() {
                "" => "`spec.interval`".to_owned(),
                interval => format!("{interval} (`spec.interval`)"),
            };
            let message = format!(
                "{} takes values from {} {name}, and does not watch it: a change arrives up to {late} late",
                reader.id,
                target.name()
            );
            found.push(
                Finding::new(Code::UnwatchedValues, message)
                    .about(reader.id.to_string())
                    .quoting(place)
                    .help("give it the label `reconcile.fluxcd.io/watch: Enabled` (Flux 2.7 and later)"),
            );
        }
    }
}
