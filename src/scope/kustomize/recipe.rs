//! A hash of everything that the kustomizations of an overlay say. A comparison without a build compares two
//! states of an overlay by this hash.

use super::found::{Kustomization, Kustomizations};
use super::graph::bases;
use crate::yaml::value::value;
use crate::yaml::{self, Cursor, split};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The hashes of kustomizations. The hash of a kustomization covers the kustomization and all those that it
/// includes: their fields, their patches, and the bytes that their generators read. Comments, formatting and the
/// folders do not count.
pub(super) struct Recipes<'a> {
    found: &'a [Kustomization],
    own: BTreeMap<usize, u64>,
}

impl<'a> Recipes<'a> {
    pub(super) fn of(found: &'a Kustomizations) -> Self {
        Self { found: &found.0, own: BTreeMap::new() }
    }

    /// The hash of the kustomization at this position.
    pub(super) fn get(&mut self, k: usize) -> u64 {
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut waiting = vec![k];
        while let Some(next) = waiting.pop() {
            if seen.insert(next) {
                waiting.extend(bases(&self.found[next]));
            }
        }
        let own = |k: usize| *self.own.entry(k).or_insert_with(|| number(&self.found[k]));
        let mut all: Vec<u64> = seen.into_iter().map(own).collect();
        all.sort_unstable();
        let mut hasher = DefaultHasher::new();
        all.hash(&mut hasher);
        hasher.finish()
    }
}

fn number(kustomization: &Kustomization) -> u64 {
    let Kustomization { text, patches, material, .. } = kustomization;
    let mut hasher = DefaultHasher::new();
    meaning(text).hash(&mut hasher);
    for (name, patch) in patches {
        (name, meaning(&patch.text)).hash(&mut hasher);
    }
    for (name, material) in material {
        (name, &material.0).hash(&mut hasher);
    }
    hasher.finish()
}

/// The values of a text; the text itself, if it cannot be read.
fn meaning(text: &str) -> Vec<String> {
    let mut values = Vec::new();
    for chunk in split::chunks(text) {
        let documents = chunk.ok().and_then(|chunk| yaml::parse(text, chunk.span).ok());
        let Some(documents) = documents else { return vec![text.to_owned()] };
        for document in documents {
            let Some(value) = value(Cursor::root(&document, text)) else {
                return vec![text.to_owned()];
            };
            values.push(value.to_string());
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::meaning;

    #[test]
    fn comments_and_quotes_do_not_count() {
        let plain = meaning("resources: [web.yaml]\nimages:\n- name: web\n  newTag: \"1\"\n");
        let other = meaning("# web\nimages: [{newTag: '1', name: web}]\nresources:\n- web.yaml\n");
        assert_eq!(plain, other);
        assert_ne!(plain, meaning("resources: [api.yaml]\n"));
        assert_eq!(meaning("a: [\n"), ["a: [\n"]);
    }
}
