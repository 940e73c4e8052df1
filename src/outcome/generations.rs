//! Finds old generations of renamed sources in the output of an earlier run, and prints them again
//! after the new manifests. Pods that still run, and `kubectl rollout undo`, need them.
//!
//! Their order is that of the text: the generation that the manifests define comes first, then the
//! kept ones, the newest first. So the output of one run is the record for the next one.

use crate::config::options::Options;
use crate::digest::name_hash::is_suffixed;
use crate::extract::{Manifests, Naming, Source, SourceId};
use crate::k8s::providers::Target;
use crate::outcome::Outcome;
use crate::resolve::index::namespace;
use crate::text::Texts;
use std::collections::{BTreeMap, BTreeSet};

/// The common identity of the generations of one source: kind, namespace, name without a suffix.
type Base<'a> = (Target, Option<&'a str>, &'a str);

/// The name of a generation, its document, and the file that has it in a list.
type Generation<'a> = (&'a str, &'a str, Option<&'a str>);

/// The documents of the last generations of each renamed source, as written in `previous`, the
/// newest first; at most `most` of each. Generations that `outcome` itself still holds count, but
/// are not returned.
///
/// # Errors
/// The name of a previous text that cannot be read, or that holds a generation in a list.
pub fn kept<'a>(
    outcome: &Outcome,
    previous: &'a Manifests,
    texts: &'a Texts,
    most: usize,
    options: &Options,
) -> Result<Vec<&'a str>, String> {
    let mut generations: BTreeMap<Base<'_>, Vec<Generation<'a>>> = BTreeMap::new();
    for file in previous.files() {
        let name = previous.name(file);
        if previous[file].unread {
            return Err(format!("{name} cannot be read"));
        }
        let own = |(at, ..): &(SourceId, _, _)| previous.owner(*at).place.file == file;
        for (at, source, naming) in sources(previous).filter(own) {
            let object = previous.owner(at);
            let Some(base) = naming.base.as_deref().filter(|base| {
                let own = naming.suffix.as_ref().is_ok_and(|s| source.name.ends_with(s));
                own && is_suffixed(&source.name, base)
            }) else {
                continue;
            };
            let key = (source.target, space(source, options), base);
            let of = generations.entry(key).or_default();
            if of.iter().any(|(known, ..)| *known == source.name) {
                continue;
            }
            // An object in a list is not a separate document.
            let in_list = (!object.route.is_empty()).then_some(name);
            let text = texts.get(file).unwrap_or_default();
            let text = object.document.of(text);
            of.push((&source.name, text, in_list));
        }
    }
    let mut there: BTreeSet<(Target, Option<&str>, &str)> = BTreeSet::new();
    let mut current: Vec<(Base<'_>, String)> = Vec::new();
    for (at, source, naming) in sources(&outcome.manifests) {
        let own = space(source, options);
        there.insert((source.target, own, &source.name));
        let fits = |base: &&String| is_suffixed(&source.name, base);
        let marked = naming.base.as_ref().filter(fits);
        let base = marked.map_or(source.name.as_str(), String::as_str);
        // A source that this program has named after its content.
        if let Ok(suffix) = &naming.suffix
            && outcome.renames.is_content_named(&outcome.manifests, at)
            && !naming.is_suffixed
            && outcome.manifests.owner(at).raw_material_of().is_none()
        {
            current.push(((source.target, own, base), format!("{base}-{suffix}")));
        }
    }
    let mut kept = Vec::new();
    let mut done = BTreeSet::new();
    for (base, _) in &current {
        if !done.insert(base) {
            continue;
        }
        // The current manifests may be the output of an earlier run and so hold old generations.
        let same = current.iter().filter(|(other, _)| other == base);
        let defined: BTreeSet<&str> = same.map(|(_, name)| name.as_str()).collect();
        let of = generations.get(base).map_or(&[][..], Vec::as_slice);
        let old = of.iter().filter(|(name, ..)| !defined.contains(name));
        let absent = |(name, ..): &&Generation<'_>| !there.contains(&(base.0, base.1, *name));
        for (_, text, in_list) in old.take(most).filter(absent) {
            if let Some(file) = in_list {
                return Err(format!(
                    "{file} has a generation in a list, and only whole documents can be kept"
                ));
            }
            kept.push(*text);
        }
    }
    Ok(kept)
}

/// The sources that have or want a name after their content.
fn sources(manifests: &Manifests) -> impl Iterator<Item = (SourceId, &Source, &Naming)> {
    let all = manifests.sources();
    all.filter_map(|(at, source)| Some((at, source, source.naming.as_deref()?)))
}

fn space<'a>(source: &'a Source, options: &'a Options) -> Option<&'a str> {
    namespace(source.namespace.as_deref(), options)
}
