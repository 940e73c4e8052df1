//! Values that Flux takes from ConfigMaps and Secrets: which source is meant, and how late a change of it
//! arrives.

use crate::extract::{Manifests, Source, SourceId, ValuesReader, ValuesReference};
use crate::finding::arrival::arrival;
use crate::finding::{Code, Finding};
use crate::scope::{Unit, Units};
use crate::text::{FileId, Place};
use std::collections::{BTreeMap, BTreeSet};

/// What an object of Flux takes values from.
pub struct TakenValues {
    /// The file that the object is in.
    pub file: FileId,
    /// Its position among the [values readers](crate::extract::File::values_readers) of the file.
    pub position: usize,
    /// What each of its references means, in their order.
    pub sources: Vec<MeantSource>,
}

/// The source that a reference of an object of Flux means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeantSource {
    /// This one.
    One(SourceId),
    /// Several may be meant.
    Several,
    /// None that was read.
    Nowhere,
}

impl TakenValues {
    /// The object.
    pub fn reader<'a>(&self, manifests: &'a Manifests) -> &'a ValuesReader {
        &manifests[self.file].values_readers[self.position]
    }

    /// Its references, each with what it means.
    pub fn references<'a>(
        &'a self,
        manifests: &'a Manifests,
    ) -> impl Iterator<Item = (&'a ValuesReference, MeantSource)> {
        self.reader(manifests).reads.iter().zip(self.sources.iter().copied())
    }
}

/// What each object of Flux takes values from, in the order of the input: the only source of the name in the
/// units that hold the object, else the only one of the same namespace in everything that was read.
pub(super) fn taken(manifests: &Manifests, units: &Units) -> Vec<TakenValues> {
    let mut holders: BTreeMap<FileId, Vec<Holder<'_>>> = BTreeMap::new();
    for unit in &units.all {
        for member in unit.sees.iter().filter(|member| member.object.is_none()) {
            if !manifests[member.file].values_readers.is_empty() {
                let namespace = member.namespace.as_deref();
                holders.entry(member.file).or_default().push(Holder { unit, namespace });
            }
        }
    }
    let mut found = Vec::new();
    for file in manifests.files() {
        if !manifests[file].input.is_looked_at() || units.is_patch(file) {
            continue;
        }
        let holders = holders.get(&file).map_or(&[][..], Vec::as_slice);
        for (position, reader) in manifests[file].values_readers.iter().enumerate() {
            let means = |reference| meant(manifests, units, holders, reader, reference);
            let sources = reader.reads.iter().map(means).collect();
            found.push(TakenValues { file, position, sources });
        }
    }
    found
}

/// A unit that holds a file, and the namespace into which it puts the objects of the file.
struct Holder<'a> {
    unit: &'a Unit,
    namespace: Option<&'a str>,
}

fn meant(
    manifests: &Manifests,
    units: &Units,
    holders: &[Holder<'_>],
    reader: &ValuesReader,
    reference: &ValuesReference,
) -> MeantSource {
    let mut found: BTreeSet<SourceId> = BTreeSet::new();
    for holder in holders {
        let own = holder.namespace.or(reader.id.namespace.as_deref());
        let sources = holder.unit.objects(manifests).flat_map(|(object, namespace)| {
            manifests.sources_of(object).map(move |(at, source)| (at, source, namespace))
        });
        let fitting = sources.filter(|(_, source, namespace)| {
            let namespace = namespace.or(source.namespace.as_deref());
            is_named(reference, source)
                && (own.is_none() || namespace.is_none() || own == namespace)
        });
        found.extend(fitting.map(|(at, ..)| at));
    }
    if found.is_empty() && reader.id.namespace.is_some() {
        let elsewhere = manifests.sources().filter(|(at, source)| {
            let file = manifests.owner(*at).place.file;
            is_named(reference, source)
                && source.namespace == reader.id.namespace
                && manifests[file].input.is_looked_at()
                && !units.is_patch(file)
        });
        found.extend(elsewhere.map(|(at, _)| at));
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(only), None) => MeantSource::One(only),
        (Some(_), Some(_)) => MeantSource::Several,
        (None, _) => MeantSource::Nowhere,
    }
}

fn is_named(reference: &ValuesReference, source: &Source) -> bool {
    source.target == reference.target && source.name == reference.name
}

/// Whether an object of Flux may take values from the source, in whatever unit it is.
pub(super) fn may_take(manifests: &Manifests, source: &Source) -> bool {
    let readers = manifests.all_files().iter().flat_map(|file| &file.values_readers);
    let mut fitting = readers.filter(|reader| {
        let (own, namespace) = (&reader.id.namespace, &source.namespace);
        own.is_none() || namespace.is_none() || own == namespace
    });
    fitting.any(|reader| reader.reads.iter().any(|reference| is_named(reference, source)))
}

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
        for reference in &reader.reads {
            let is_meant = |source: &&Source| {
                let (own, namespace) = (&reader.id.namespace, &source.namespace);
                is_named(reference, source)
                    && (own.is_none() || namespace.is_none() || own == namespace)
            };
            let mut sources = unit
                .objects(manifests)
                .flat_map(|(object, _)| manifests.all_sources_of(object))
                .filter(is_meant);
            // Of several of one name, nobody knows which one is meant.
            let (Some(source), None) = (sources.next(), sources.next()) else { continue };
            let place = Place { file, span: reference.at };
            if source.watched || source.content_named || !said.insert(place) {
                continue;
            }
            let message = format!(
                "{} takes values from {} {}, and does not watch it: a change arrives {}",
                reader.id,
                reference.target.name(),
                reference.name,
                arrival(false, &reader.interval)
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
