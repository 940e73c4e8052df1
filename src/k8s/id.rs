//! The identity of an object.

use crate::yaml::Cursor;
use smol_str::SmolStr;
use std::fmt;

/// The identity of an object, as written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The API group; empty for the core group.
    pub group: SmolStr,
    /// The version in the group.
    pub version: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The namespace, if one is written.
    pub namespace: Option<SmolStr>,
    /// The name; empty if none is written (`generateName`).
    pub name: SmolStr,
}

impl Identity {
    /// The identity of an object with this `apiVersion`, `kind` and `metadata`. A namespace or name
    /// that is not a string counts as absent.
    pub fn of(api_version: &str, kind: &str, metadata: Option<Cursor<'_>>) -> Self {
        let (group, version) = Self::split_api_version(api_version);
        let text = |field| metadata.and_then(|metadata| metadata.filled(field));
        Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: text("namespace"),
            name: text("name").unwrap_or_default(),
        }
    }

    /// Splits an `apiVersion` into group and version; `v1` is the core group.
    pub fn split_api_version(api_version: &str) -> (&str, &str) {
        api_version.split_once('/').unwrap_or(("", api_version))
    }
}

impl fmt::Display for Identity {
    /// `Deployment shop/web`, or `Deployment web` without a namespace; an object that gets its name
    /// in the cluster is `Deployment (no name)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{name}", self.kind),
            None => write!(f, "{} {name}", self.kind),
        }
    }
}
