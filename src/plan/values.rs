//! Values that Flux takes from ConfigMaps and Secrets: the source of each value, and how late a
//! change arrives.

use crate::extract::{Manifests, Source, SourceId, ValuesReader, ValuesReference};
use crate::finding::arrival::arrival;
use crate::finding::{Code, Finding};
use crate::k8s::providers::Target;
use crate::resolve::{Resolution, Resolver, may_be_one};
use crate::scope::{UnitId, Units};
use crate::text::{FileId, Place, offset};
use std::collections::{BTreeMap, BTreeSet};
use std::iter;

/// The sources of values of one Flux object.
pub struct TakenValues {
    /// The file that the object is in.
    pub file: FileId,
    /// Its position among the [values readers](crate::extract::File::values_readers) of the file.
    pub position: usize,
    /// The source of each of its references, in order.
    pub sources: Vec<MeantSource>,
}

/// The source of a reference of a Flux object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeantSource {
    /// This source.
    One(SourceId),
    /// Several sources are possible.
    Several,
    /// No source that was read.
    Nowhere,
}

impl MeantSource {
    /// The source, if it is certain.
    pub fn one(self) -> Option<SourceId> {
        match self {
            Self::One(source) => Some(source),
            Self::Several | Self::Nowhere => None,
        }
    }
}

impl TakenValues {
    /// The object.
    pub fn reader<'a>(&self, manifests: &'a Manifests) -> &'a ValuesReader {
        &manifests[self.file].values_readers[self.position]
    }

    /// Its references, each with its source.
    pub fn references<'a>(
        &'a self,
        manifests: &'a Manifests,
    ) -> impl Iterator<Item = (&'a ValuesReference, MeantSource)> {
        self.reader(manifests).reads.iter().zip(self.sources.iter().copied())
    }
}

/// The sources of values of each Flux object, in the order of the input: the source with the name
/// in the units that hold the object, otherwise the only one in the same namespace among all files.
pub(super) fn taken(
    manifests: &Manifests,
    units: &Units,
    resolver: &Resolver<'_>,
) -> Vec<TakenValues> {
    let mut meant: BTreeMap<(FileId, usize), Vec<BTreeSet<SourceId>>> = BTreeMap::new();
    for (file, position, references) in in_units(manifests, units, resolver) {
        let all = meant.entry((file, position)).or_default();
        all.resize(references.len(), BTreeSet::new());
        for (all, sources) in all.iter_mut().zip(references) {
            all.extend(sources);
        }
    }
    let mut elsewhere = None;
    let mut found = Vec::new();
    for file in manifests.files() {
        if !manifests[file].input.is_looked_at() || units.is_patch(file) {
            continue;
        }
        for (position, reader) in manifests[file].values_readers.iter().enumerate() {
            let mut of_reader = meant.remove(&(file, position)).unwrap_or_default();
            of_reader.resize(reader.reads.len(), BTreeSet::new());
            let of_reference = |(reference, mut meant): (&ValuesReference, BTreeSet<SourceId>)| {
                let namespace = reader.id.namespace.as_deref().filter(|_| meant.is_empty());
                if let Some(namespace) = namespace {
                    let elsewhere = elsewhere.get_or_insert_with(|| by_name(manifests, units));
                    let key = (reference.target, reference.name.as_str(), namespace);
                    meant.extend(elsewhere.get(&key).into_iter().flatten());
                }
                let mut meant = meant.into_iter();
                match (meant.next(), meant.next()) {
                    (Some(only), None) => MeantSource::One(only),
                    (Some(_), Some(_)) => MeantSource::Several,
                    (None, _) => MeantSource::Nowhere,
                }
            };
            let sources = reader.reads.iter().zip(of_reader).map(of_reference).collect();
            found.push(TakenValues { file, position, sources });
        }
    }
    found
}

/// Each object that takes values, in each unit that holds it: its file, its position in the file,
/// and the sources of its references in the unit; several sources if the reference is ambiguous.
fn in_units<'a>(
    manifests: &'a Manifests,
    units: &'a Units,
    resolver: &'a Resolver<'_>,
) -> impl Iterator<Item = (FileId, usize, Vec<Vec<SourceId>>)> + 'a {
    let members = units.all.iter().enumerate().flat_map(|(unit, of)| {
        let whole = of.sees.iter().filter(|member| member.object.is_none());
        whole.map(move |member| (UnitId(offset(unit)), member))
    });
    let members = members.filter(|(_, member)| manifests[member.file].input.is_looked_at());
    members.flat_map(move |(unit, member)| {
        let readers = manifests[member.file].values_readers.iter().enumerate();
        readers.map(move |(position, reader)| {
            let own = member.namespace.as_deref().or(reader.id.namespace.as_deref());
            let meant = |reference: &ValuesReference| match resolver.meant(
                unit,
                own,
                reference.target,
                &reference.name,
            ) {
                Resolution::Found(only) | Resolution::Filled(only) => vec![only.copy],
                Resolution::Clash(one) => iter::once(one.copy).chain(one.clash).collect(),
                Resolution::Ambiguous(several) => several,
                Resolution::External => Vec::new(),
            };
            (member.file, position, reader.reads.iter().map(meant).collect())
        })
    })
}

/// The sources of all read files, by kind, name and namespace.
fn by_name<'a>(
    manifests: &'a Manifests,
    units: &Units,
) -> BTreeMap<(Target, &'a str, &'a str), Vec<SourceId>> {
    let mut found: BTreeMap<(Target, &str, &str), Vec<SourceId>> = BTreeMap::new();
    for (at, source) in manifests.sources() {
        let file = manifests.owner(at).place.file;
        if let Some(namespace) = &source.namespace
            && manifests[file].input.is_looked_at()
            && !units.is_patch(file)
        {
            found.entry((source.target, &source.name, namespace)).or_default().push(at);
        }
    }
    found
}

/// The names of the sources from which objects of Flux take values, with the namespaces of these objects.
pub(super) struct TakenNames<'a>(BTreeMap<(Target, &'a str), Vec<Option<&'a str>>>);

impl<'a> TakenNames<'a> {
    pub(super) fn of(manifests: &'a Manifests) -> Self {
        let mut found: BTreeMap<(Target, &str), Vec<Option<&str>>> = BTreeMap::new();
        for reader in manifests.all_files().iter().flat_map(|file| &file.values_readers) {
            for reference in &reader.reads {
                let namespaces = found.entry((reference.target, &reference.name)).or_default();
                namespaces.push(reader.id.namespace.as_deref());
            }
        }
        Self(found)
    }

    /// Whether an object may take values from the source, in any unit.
    pub(super) fn may_be(&self, source: &Source) -> bool {
        let namespaces = self.0.get(&(source.target, source.name.as_str())).into_iter().flatten();
        namespaces.into_iter().any(|own| may_be_one(*own, source.namespace.as_deref()))
    }
}

/// A note for each source of values that is in the input and that its reader does not watch.
pub(super) fn unwatched(
    manifests: &Manifests,
    units: &Units,
    resolver: &Resolver<'_>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut said: BTreeSet<Place> = BTreeSet::new();
    for (file, position, references) in in_units(manifests, units, resolver) {
        let reader = &manifests[file].values_readers[position];
        for (reference, sources) in reader.reads.iter().zip(references) {
            // If several sources have the name, it is unknown which one is meant.
            let [only] = sources[..] else { continue };
            let (source, place) = (&manifests[only], Place { file, span: reference.at });
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
    found
}
