//! What a run was asked to do. Plain data: no flag of the command line and no path is parsed here.

use crate::digest::HashKey;

/// The annotation key of the stamp unless the user names another.
pub const STAMP_KEY: &str = "checksum/rollstamp";

/// What the pure part of a run needs to know.
pub struct Options {
    /// The annotation key of the stamp.
    pub annotation: String,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// The key for digests of Secrets.
    pub hash_key: Option<HashKey>,
    /// What to do with stamps.
    pub goal: Goal,
    /// Whether findings of level error refuse, and unresolved references are errors.
    pub strict: bool,
    /// What reload sidecars mean.
    pub hot_reload: HotReload,
    /// How many threads read files; the result does not depend on it.
    pub jobs: usize,
}

/// What to do with stamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// Bring every stamp up to date.
    Stamp,
    /// Remove every stamp of ours.
    Strip,
}

/// What one `kubectl apply` receives, below a named folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnitRule {
    /// The files of each folder.
    #[default]
    Dir,
    /// The whole tree.
    Tree,
    /// Each file by itself.
    File,
}

/// What it means that a sidecar reloads the files of a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HotReload {
    /// Nothing: the volume is read like any other.
    #[default]
    Roll,
    /// Mounts of the volume without a `subPath` read nothing, as with `rollstamp.dev/live`.
    Skip,
}
