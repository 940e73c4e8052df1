//! The sources of every apply unit by kind and name, copies of one identity settled.

use crate::extract::{Facts, Object, Source};
use crate::finding::{Code, Finding};
use crate::k8s::providers::Target;
use crate::options::Options;
use crate::unit::{Input, UnitId};
use std::collections::BTreeMap;

/// An object by its file and its position in the facts of that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// The file.
    pub file: usize,
    /// The object.
    pub object: usize,
}

/// One source of a unit, after its copies were compared.
pub struct Indexed {
    /// The namespace; `None` is a class of its own.
    pub namespace: Option<String>,
    /// The copy that counts.
    pub object: ObjectRef,
    /// A copy in another file whose content differs: nobody knows which one counts.
    pub clash: Option<ObjectRef>,
    /// Whether every copy is named after its content.
    pub content_named: bool,
}

/// The sources of all units.
pub struct Index {
    by_name: BTreeMap<(UnitId, Target, String), Vec<Indexed>>,
}

impl Index {
    /// The sources of a unit with this kind and name, in any namespace.
    pub fn get(&self, unit: UnitId, target: Target, name: &str) -> &[Indexed] {
        // A lookup by borrowed parts would need a key type of its own; names are short.
        self.by_name
            .get(&(unit, target, name.to_owned()))
            .map_or(&[], Vec::as_slice)
    }
}

/// An object's namespace, or that of `--namespace`.
pub fn namespace<'a>(object: &'a Object, options: &'a Options) -> Option<&'a str> {
    object
        .id
        .namespace
        .as_deref()
        .or(options.namespace.as_deref())
}

/// The object behind a reference.
pub fn object(facts: &[Facts], at: ObjectRef) -> &Object {
    &facts[at.file].objects[at.object]
}

/// Indexes the sources. Within one text the last copy counts whole, as `kubectl` applies it, but a
/// Helm hook never counts before an object that is none; across files copies must be equal.
pub fn build(
    inputs: &[Input],
    facts: &[Facts],
    units: &[UnitId],
    options: &Options,
) -> (Index, Vec<Finding>) {
    let mut copies: BTreeMap<(UnitId, Target, &str, Option<&str>), Vec<ObjectRef>> =
        BTreeMap::new();
    for (file, facts) in facts.iter().enumerate() {
        if inputs[file].kustomization.is_some() {
            continue;
        }
        for (position, object) in facts.objects.iter().enumerate() {
            if let Some(source) = &object.source
                && !object.id.name.is_empty()
            {
                let key = (
                    units[file],
                    source.target,
                    object.id.name.as_str(),
                    namespace(object, options),
                );
                copies.entry(key).or_default().push(ObjectRef {
                    file,
                    object: position,
                });
            }
        }
    }
    let mut findings = Vec::new();
    let mut by_name: BTreeMap<(UnitId, Target, String), Vec<Indexed>> = BTreeMap::new();
    for ((unit, target, name, namespace), copies) in copies {
        let indexed = settle(facts, namespace, &copies, &mut findings);
        by_name
            .entry((unit, target, name.to_owned()))
            .or_default()
            .push(indexed);
    }
    (Index { by_name }, findings)
}

fn settle(
    facts: &[Facts],
    namespace: Option<&str>,
    copies: &[ObjectRef],
    findings: &mut Vec<Finding>,
) -> Indexed {
    let source = |at: ObjectRef| -> Option<&Source> { object(facts, at).source.as_ref() };
    let same = |a: ObjectRef, b: ObjectRef| match (source(a), source(b)) {
        (Some(a), Some(b)) => a.same_content(b),
        _ => false,
    };
    let mut counting: Vec<ObjectRef> = Vec::new();
    for in_file in copies.chunk_by(|a, b| a.file == b.file) {
        let plain = in_file.iter().rev().find(|&&at| !object(facts, at).hook);
        let last = *plain.unwrap_or(&in_file[in_file.len() - 1]);
        for &shadowed in in_file.iter().filter(|&&at| at != last) {
            if !same(shadowed, last) && object(facts, shadowed).hook == object(facts, last).hook {
                let (first, second) = (object(facts, shadowed), object(facts, last));
                findings.push(
                    Finding::new(
                        Code::ShadowedSource,
                        format!(
                            "{} stands twice with different content; the last one counts",
                            second.id
                        ),
                    )
                    .about(second.id.to_string())
                    .at(second.place_of_name())
                    .related(first.place_of_name(), "this one does not count")
                    .help("remove one of the two"),
                );
            }
        }
        counting.push(last);
    }
    let first = counting[0];
    Indexed {
        namespace: namespace.map(str::to_owned),
        object: first,
        clash: counting.iter().copied().find(|&at| !same(first, at)),
        content_named: copies
            .iter()
            .all(|&at| source(at).is_some_and(|s| s.content_named)),
    }
}
