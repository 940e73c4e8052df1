//! Reads the annotations that kustomize uses during a build. Its plugins see objects with new
//! names, and references that still have the old names. The last step of the build, after all
//! plugins, removes the annotations (api/internal/utils/annotations.go, v5.8.1).

use super::annotation;
use crate::yaml::Cursor;

const INDEX: &str = "internal.config.kubernetes.io/index";
const PATH: &str = "internal.config.kubernetes.io/path";
const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
/// The annotation that makes kustomize append the hash of a source to its name at the end of the
/// build.
pub const NEEDS_HASH_SUFFIX: &str = "internal.config.kubernetes.io/needsHashSuffix";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
/// kustomize writes this annotation on every object that it passes to a plugin of either kind, and
/// on no others (api/internal/plugins/utils/utils.go).
const ID: &str = "kustomize.config.k8s.io/id";
const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";

/// How an object got its name in a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The names that it had, oldest first.
    pub names: Vec<String>,
    /// The prefixes of its name, innermost first.
    pub prefixes: Vec<String>,
    /// The suffixes of its name, innermost first.
    pub suffixes: Vec<String>,
    /// Whether kustomize appends the hash of its content to its name at the end of the build.
    pub hashed: bool,
    /// Whether a build runs this program.
    pub inside: bool,
}

impl Origin {
    /// Whether kustomize takes the source as the target of the referrer, by their prefixes and
    /// suffixes. In its first round, empty lists fit all.
    pub fn fit(source: Option<&Self>, referrer: Option<&Self>, empty_fits: bool) -> bool {
        let lists: [fn(&Self) -> &Vec<String>; 2] = [|o| &o.prefixes, |o| &o.suffixes];
        lists.into_iter().all(|list| {
            let of = |origin: Option<&'_ Self>| origin.map_or_else(Vec::new, |o| list(o).clone());
            let (one, two) = (of(source), of(referrer));
            // The longer list ends in the shorter one.
            match one.is_empty() || two.is_empty() {
                true => empty_fits || one.is_empty() == two.is_empty(),
                false => one.ends_with(&two) || two.ends_with(&one),
            }
        })
    }
}

/// The file from which the caller read an object before it passed the object in a list.
#[derive(Debug, PartialEq, Eq)]
pub struct FromFile {
    /// Its path, as given by the caller.
    pub path: String,
    /// The number of the document in the file, from 0.
    pub index: Option<u64>,
    /// The path of the kustomization above the file, in the same list: kustomize builds other objects
    /// from the file.
    pub kustomization: Option<String>,
}

/// Reads the origin of an item of a list (KRM Functions Specification v1); kyaml before v0.13 wrote
/// the annotations without `internal.`.
pub(super) fn from_file(metadata: Cursor<'_>) -> Option<FromFile> {
    let any = |names: [&str; 2]| {
        let mut found = names.iter().filter_map(|name| annotation(metadata, name));
        found.next().map(|(value, _)| value)
    };
    let index = [INDEX, "config.kubernetes.io/index"];
    Some(FromFile {
        path: any([PATH, "config.kubernetes.io/path"])?,
        index: any(index).and_then(|index| index.parse().ok()),
        kustomization: None,
    })
}

/// Reads the annotations of a build in the metadata of an object of this kind; `None` if there are
/// none.
pub(super) fn read(metadata: Cursor<'_>, kind: &str) -> Option<Origin> {
    // Most objects have no annotations, and few of the others come from a build, so this check
    // saves time.
    metadata.get("annotations")?;
    let list = |name: &str| -> Vec<String> {
        let found = annotation(metadata, name);
        found.map_or_else(Vec::new, |(list, _)| list.split(',').map(str::to_owned).collect())
    };
    let kinds = list(PREVIOUS_KINDS);
    let of_kind = |(at, name): (usize, String)| {
        let is_of_kind = kinds.get(at).is_none_or(|old| old == kind);
        is_of_kind.then_some(name)
    };
    let hashed = annotation(metadata, NEEDS_HASH_SUFFIX);
    let origin = Origin {
        names: list(PREVIOUS_NAMES).into_iter().enumerate().filter_map(of_kind).collect(),
        prefixes: list(PREFIXES),
        suffixes: list(SUFFIXES),
        inside: annotation(metadata, ID).is_some(),
        hashed: hashed.is_some_and(|(value, _)| value == "enabled"),
    };
    (origin != Origin::default()).then_some(origin)
}
