//! What kustomize notes in annotations while it builds: its plugins see objects whose names are new
//! and references that still say the old ones. Its last step, after all plugins, removes the notes
//! (api/internal/utils/annotations.go, v5.8.1).

use super::Reader;
use crate::yaml::NodeId;

/// How an object came by its name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The names that it had, oldest first.
    pub names: Vec<String>,
    /// The prefixes that were put before its name, innermost first.
    pub prefixes: Vec<String>,
    /// The suffixes that were put behind its name, innermost first.
    pub suffixes: Vec<String>,
    /// Whether the hash of its content will be put behind its name at the end of the build.
    pub hashed: bool,
}

/// The file from which somebody else read an object before it came to us in a list.
#[derive(Debug, PartialEq, Eq)]
pub struct FromFile {
    /// Its path, as the caller says it.
    pub path: String,
    /// Which document of it, from 0.
    pub index: Option<u64>,
}

/// Reads where an item of a list comes from (KRM Functions Specification v1); kyaml before v0.13
/// wrote the annotations without `internal.`.
pub(super) fn from_file(reader: &Reader<'_>, metadata: NodeId) -> Option<FromFile> {
    let annotation = |name: &str| {
        [ROOT, "config.kubernetes.io"]
            .iter()
            .find_map(|root| reader.annotation(metadata, &format!("{root}/{name}")))
            .map(|(value, _)| value)
    };
    Some(FromFile {
        path: annotation("path")?,
        index: annotation("index").and_then(|index| index.parse().ok()),
    })
}

const ROOT: &str = "internal.config.kubernetes.io";

/// Reads the notes in the metadata of an object of this kind; nothing, if there are none.
pub(super) fn read(reader: &Reader<'_>, metadata: NodeId, kind: &str) -> Option<Origin> {
    let list = |name: &str| -> Vec<String> {
        let found = reader.annotation(metadata, &format!("{ROOT}/{name}"));
        found.map_or_else(Vec::new, |(list, _)| {
            list.split(',').map(str::to_owned).collect()
        })
    };
    let kinds = list("previousKinds");
    let of_kind = |(at, name): (usize, String)| {
        let is_of_kind = kinds.get(at).is_none_or(|old| old == kind);
        is_of_kind.then_some(name)
    };
    let hashed = reader.annotation(metadata, &format!("{ROOT}/needsHashSuffix"));
    let origin = Origin {
        names: list("previousNames")
            .into_iter()
            .enumerate()
            .filter_map(of_kind)
            .collect(),
        prefixes: list("prefixes"),
        suffixes: list("suffixes"),
        hashed: hashed.is_some_and(|(value, _)| value == "enabled"),
    };
    (origin != Origin::default()).then_some(origin)
}
