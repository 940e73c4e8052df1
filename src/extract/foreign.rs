//! What other tools wrote into a pod template: annotations and labels that roll its pods.

use super::Reader;
use crate::config::options::STAMP_KEY;
use crate::k8s::foreign::{CHECKSUMS, VERSION_LABELS};
use crate::k8s::sites::CONTAINER_LISTS;
use crate::text::Span;
use crate::yaml::{NodeId, resolve};

/// Names in a pod template's metadata, each with its place.
#[derive(Default)]
pub struct Marks {
    /// Annotations that another tool computed.
    pub checksums: Vec<(String, Span)>,
    /// Labels that say a version.
    pub versions: Vec<(String, Span)>,
}

/// Reads the metadata of a pod template.
pub(super) fn read(reader: &Reader<'_>, metadata: NodeId, pod_spec: NodeId) -> Marks {
    let mut marks = Marks::default();
    let document = reader.document;
    let fields = |name: &str| {
        let mapping = document.value(reader.text, metadata, name);
        mapping.into_iter().flat_map(|at| document.pairs(at))
    };
    for (key, _) in fields("annotations") {
        let Ok(name) = resolve::key(document, reader.text, key) else {
            continue;
        };
        let ours = name == STAMP_KEY || name == reader.options.annotation;
        if !ours && CHECKSUMS.iter().any(|pattern| pattern.matches(&name)) {
            let at = document.node(key).span;
            marks.checksums.push((name.into_owned(), at));
        }
    }
    for (key, value) in fields("labels") {
        let Ok(name) = resolve::key(document, reader.text, key) else {
            continue;
        };
        let Some(row) = VERSION_LABELS.iter().find(|row| row.name == name) else {
            continue;
        };
        if row.of_image && is_in_an_image(reader, value, pod_spec) {
            continue;
        }
        let at = document.node(key).span;
        marks.versions.push((name.into_owned(), at));
    }
    marks
}

/// Whether the version is part of an image: then a new one rolls the pods with or without a label.
fn is_in_an_image(reader: &Reader<'_>, version: NodeId, pod_spec: NodeId) -> bool {
    let document = reader.document;
    let Ok(resolve::Value::Str(version)) =
        resolve::value(document, reader.text, document.target(version))
    else {
        return false;
    };
    let version = version.trim_start_matches('v');
    !version.is_empty()
        && CONTAINER_LISTS.iter().any(|list| {
            let list = document.value(reader.text, pod_spec, list);
            list.into_iter()
                .flat_map(|list| document.items(list))
                .filter_map(|container| reader.string(container, "image"))
                .any(|image| image.contains(version))
        })
}
