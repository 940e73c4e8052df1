//! Finds the source file of an object that an overlay builds: kustomize does not report it, unless
//! the kustomization asks for annotations.

use crate::extract::{Object, ObjectId, Reference};
use crate::outcome::Outcome;
use crate::plan::Reason;
use crate::scope::Unit;
use crate::text::{Place, Span};
use std::collections::BTreeMap;

/// The place of the object that an overlay builds under this kind and name, as in `Deployment
/// prod/web`: the only object of that kind below the overlay with this name, or the only one with
/// the longest name that is part of it, because the build may add a prefix and a suffix. `None` if
/// several objects are possible.
pub fn origin(outcome: &Outcome, folder: &str, object: &str) -> Option<Place> {
    let unit = unit(outcome, folder)?;
    let (kind, name) = object.split_once(' ')?;
    let at = nearest(outcome, unit, kind, name.rsplit('/').next()?)?;
    Some(outcome.manifests[at].place_of_name())
}

/// The place in the source files for a place in the output of an overlay (a text with the name of
/// the folder of the overlay): the key of its object, if a key is given, otherwise the object,
/// otherwise the kustomization. `None` if the place is not in such a text.
pub fn written(outcome: &Outcome, place: Place, key: Option<&str>) -> Option<Place> {
    let manifests = &outcome.manifests;
    let unit = unit(outcome, manifests.name(place.file))?;
    let at = manifests
        .object_at(place)
        .and_then(|object| nearest(outcome, unit, &object.id.kind, &object.id.name));
    let Some(at) = at else {
        let folder = manifests.name(place.file);
        let folder = if folder == "." { "" } else { folder };
        let is_kustomization = |name: &str| {
            let name = name.strip_prefix(folder).map(|name| name.trim_start_matches('/'));
            name.is_some_and(|name| crate::k8s::kustomize_names::FILE_NAMES.contains(&name))
        };
        let file = manifests.files().find(|file| is_kustomization(manifests.name(*file)))?;
        return Some(Place { file, span: Span::new(0, 0) });
    };
    let object = &manifests[at];
    if let Some(span) = reference(outcome, place, at) {
        return Some(Place { file: object.place.file, span });
    }
    let mut entries = manifests.all_sources_of(at).iter().flat_map(|source| &source.entries);
    let entry = key.and_then(|key| entries.find(|entry| entry.key == key));
    Some(match entry {
        Some(entry) => Place { file: object.place.file, span: entry.at },
        None => object.place_of_name(),
    })
}

/// For a reference in the output of an overlay: the place of the name in the only reference of the
/// object at the same place of the pod spec.
fn reference(outcome: &Outcome, place: Place, at: ObjectId) -> Option<Span> {
    let manifests = &outcome.manifests;
    let mut objects = manifests.objects_of(place.file);
    let built = objects.find_map(|(built, object)| {
        let whole = object.place.span;
        let is_inside = whole.start <= place.span.start && place.span.end <= whole.end;
        let mut references = manifests.all_references_of(built).filter(|_| is_inside);
        references.find(|reference| reference.name_span == place.span)
    })?;
    let same = |other: &&Reference| {
        let is_same_name = built.name.contains(other.name.as_str());
        other.site.id == built.site.id && other.spot == built.spot && is_same_name
    };
    let mut found = manifests.all_references_of(at).filter(same);
    let only = found.next().filter(|_| found.next().is_none())?;
    Some(only.name_span)
}

/// The places in the output of overlays that an explanation shows, each with its place in the
/// source files if that is known: workloads, their sources, and their references.
pub fn explained_places(outcome: &Outcome) -> BTreeMap<Place, Place> {
    let manifests = &outcome.manifests;
    let mut places = Vec::new();
    for planned in &outcome.plan.workloads {
        let workload = &manifests[planned.object];
        let file = workload.place.file;
        places.push(workload.place_of_name());
        let references = manifests.references_of(planned.template).iter();
        places.extend(references.map(|reference| Place { file, span: reference.name_span }));
        let sources = planned.reasons.iter().filter_map(Reason::source);
        places.extend(sources.map(|source| manifests.owner(source).place_of_name()));
    }
    let known = places.into_iter().filter_map(|at| Some((at, written(outcome, at, None)?)));
    known.collect()
}

/// The unit of the overlay in a folder.
fn unit<'a>(outcome: &'a Outcome, folder: &str) -> Option<&'a Unit> {
    let is_meant = |unit: &&Unit| unit.built && unit.name == folder;
    outcome.units.all.iter().find(is_meant)
}

/// The object below an overlay to which a build gives this name, if only one can be meant.
fn nearest(outcome: &Outcome, unit: &Unit, kind: &str, name: &str) -> Option<ObjectId> {
    let may_mean = |object: &Object| {
        object.id.kind == kind && !object.id.name.is_empty() && name.contains(&*object.id.name)
    };
    let objects = unit.objects(&outcome.manifests).map(|(at, _)| at);
    let mut found: Vec<ObjectId> = objects.filter(|at| may_mean(&outcome.manifests[*at])).collect();
    let length = |at: &ObjectId| outcome.manifests[*at].id.name.len();
    let longest = found.iter().map(length).max()?;
    found.retain(|at| length(at) == longest);
    found.dedup();
    match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}
