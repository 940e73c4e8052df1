//! What other tools wrote into a pod template: annotations and labels that roll its pods.

use crate::config::options::STAMP_KEY;
use crate::k8s::foreign::{CHECKSUMS, VERSION_LABELS};
use crate::k8s::sites::CONTAINER_LISTS;
use crate::text::Span;
use crate::yaml::Cursor;

/// Names in a pod template's metadata, each with its place.
#[derive(Default)]
pub struct Marks {
    /// Annotations that another tool computed.
    pub checksums: Vec<(String, Span)>,
    /// Labels that say a version.
    pub versions: Vec<(String, Span)>,
}

/// Reads the metadata of a pod template whose own annotation is `stamp`.
pub(super) fn read(metadata: Cursor<'_>, pod_spec: Cursor<'_>, stamp: &str) -> Marks {
    let mut marks = Marks::default();
    let fields = |name: &str| {
        let pairs = metadata.get(name).into_iter().flat_map(Cursor::pairs);
        pairs.filter_map(|(key, value)| Some((key.key().ok()?, key, value)))
    };
    for (name, key, _) in fields("annotations") {
        let ours = name == STAMP_KEY || name == stamp;
        if !ours && CHECKSUMS.iter().any(|pattern| pattern.matches(&name)) {
            marks.checksums.push((name.into_owned(), key.span()));
        }
    }
    for (name, key, value) in fields("labels") {
        let Some(row) = VERSION_LABELS.iter().find(|row| row.name == name) else {
            continue;
        };
        if !(row.of_image && is_in_an_image(value, pod_spec)) {
            marks.versions.push((name.into_owned(), key.span()));
        }
    }
    marks
}

/// Whether the version is part of an image: then a new one rolls the pods with or without a label.
fn is_in_an_image(version: Cursor<'_>, pod_spec: Cursor<'_>) -> bool {
    let Some(version) = version.str() else {
        return false;
    };
    let version = version.trim_start_matches('v');
    !version.is_empty()
        && CONTAINER_LISTS
            .iter()
            .flat_map(|list| pod_spec.list(list))
            .filter_map(|container| container.string("image"))
            .any(|image| image.contains(version))
}
