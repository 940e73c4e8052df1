//! Where an object that an overlay builds is written: kustomize does not say it, unless the kustomization
//! asks for annotations.

use crate::extract::Object;
use crate::outcome::Outcome;
use crate::text::Place;

/// Where the object is written that an overlay builds under this kind and name, as in `Deployment
/// prod/web`: the only one of that kind below the overlay that has the name, or the only one with the
/// longest name that is part of it, because the build may put something before and behind a name.
/// Nothing, if several could be meant.
pub fn origin(outcome: &Outcome, folder: &str, object: &str) -> Option<Place> {
    let unit = outcome.units.all.iter().find(|unit| unit.built && unit.name == folder)?;
    let (kind, name) = object.split_once(' ')?;
    let name = name.rsplit('/').next()?;
    let objects = unit.objects(&outcome.manifests).map(|(at, _)| &outcome.manifests[at]);
    nearest(objects, kind, name).map(Object::place_of_name)
}

/// The object that a build gives this name, if only one can be meant.
pub fn nearest<'a>(
    objects: impl Iterator<Item = &'a Object>,
    kind: &str,
    name: &str,
) -> Option<&'a Object> {
    let may_mean = |object: &&Object| {
        object.id.kind == kind && !object.id.name.is_empty() && name.contains(&*object.id.name)
    };
    let mut found: Vec<&Object> = objects.filter(may_mean).collect();
    let longest = found.iter().map(|object| object.id.name.len()).max()?;
    found.retain(|object| object.id.name.len() == longest);
    found.dedup_by_key(|object| object.place_of_name());
    match found.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}
