//! Where an object that an overlay builds is written: kustomize does not say it, unless the kustomization
//! asks for annotations.

use crate::extract::{Object, ObjectId, Reference};
use crate::outcome::Outcome;
use crate::plan::Reason;
use crate::scope::Unit;
use crate::text::{Place, Span};
use std::collections::BTreeMap;

/// Where the object is written that an overlay builds under this kind and name, as in `Deployment
/// prod/web`: the only one of that kind below the overlay that has the name, or the only one with the
/// longest name that is part of it, because the build may put something before and behind a name.
/// Nothing, if several could be meant.
pub fn origin(outcome: &Outcome, folder: &str, object: &str) -> Option<Place> {
    let unit = unit(outcome, folder)?;
    let (kind, name) = object.split_once(' ')?;
    let at = nearest(outcome, unit, kind, name.rsplit('/').next()?)?;
    Some(outcome.manifests[at].place_of_name())
}

/// Where something is written that stands at a place of what an overlay builds, a text under the name of
/// the folder of the overlay: the key of its object, if one is named, else the object, else the
/// kustomization. Nothing, if the place is not in such a text.
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

/// Of a reference in what an overlay builds, the name in the only reference of the object that stands in the
/// same place of the pod spec.
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

/// The places in what overlays build that an explanation names, each with where that is written, as far as
/// it is known: workloads, what they read, and where they name it.
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
