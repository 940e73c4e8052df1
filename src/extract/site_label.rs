//! Describes the place of a reference, and why it reads its keys, for messages only. No decision
//! depends on it, so a missing part or a part that is not a string is left out.

use crate::k8s::sites::{Site, SiteRoot};
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// The place of a reference, in the names of the pod spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteLabel {
    /// The field of the pod spec: `containers`, `initContainers`, `volumes`, ...
    pub list: &'static str,
    /// The container or the volume; empty if it has no name.
    pub owner: SmolStr,
    /// The environment variable.
    pub env: Option<SmolStr>,
    /// The places at which containers mount the volume.
    pub mounts: Box<[Mount]>,
}

/// One mount of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// The field of the pod spec that lists the container.
    pub list: &'static str,
    /// The container; empty if it has no name.
    pub container: SmolStr,
    /// The path in the container; empty if it is not written.
    pub path: SmolStr,
    /// The part of the volume that is mounted there.
    pub sub_path: Option<SmolStr>,
    /// The part, as an expression over variables.
    pub sub_path_expr: Option<SmolStr>,
}

/// The reason why a reference reads its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// It names one key.
    Named,
    /// Nothing limits the keys.
    All,
    /// Its `items` list them.
    Items,
    /// Every mount has a `subPath`.
    SubPaths,
    /// Its `items` list them, and some `subPath` shows them.
    ItemsInSubPaths,
    /// An operator runs the pods and may add mounts, so mounts do not limit the keys.
    Operator,
    /// The program reads its files again when they change, except those mounted by `subPath`.
    LiveSubPaths,
    /// No keys: Kubernetes uses the source when it mounts a volume or pulls an image.
    Site,
    /// No keys: no container mounts the volume.
    NotMounted,
    /// No keys: no mount shows one of its `items`.
    NothingShown,
    /// No keys: the program reads its files again when they change.
    Live,
}

/// The list items that contain the current node: a container or volume, and in it an entry of
/// `env`, ...
#[derive(Clone, Copy, Default)]
pub(super) struct ListPosition<'a> {
    pub(super) list: &'static str,
    pub(super) outer: Option<Cursor<'a>>,
    pub(super) inner: Option<Cursor<'a>>,
}

impl<'a> ListPosition<'a> {
    /// Enters a field; only fields of the pod spec are recorded.
    pub(super) fn field(self, name: &'static str) -> Self {
        match self.outer {
            None => Self { list: name, ..self },
            Some(_) => self,
        }
    }

    /// Enters an item of a list.
    pub(super) fn item(self, item: Cursor<'a>) -> Self {
        match self.outer {
            None => Self { outer: Some(item), ..self },
            Some(_) => Self { inner: Some(item), ..self },
        }
    }

    /// The volume that contains the current node.
    pub(super) fn volume(&self, site: &Site) -> Option<Cursor<'a>> {
        self.outer.filter(|_| site.under == SiteRoot::Volume)
    }

    /// The description of the place in messages.
    pub(super) fn spot(&self, site: &Site, mounts: Vec<Mount>) -> SiteLabel {
        let name = |node: Option<Cursor<'_>>| node?.string("name");
        SiteLabel {
            list: self.list,
            owner: match site.under {
                SiteRoot::Object | SiteRoot::PodSpec => SmolStr::default(),
                SiteRoot::Container | SiteRoot::Volume => name(self.outer).unwrap_or_default(),
            },
            env: match site.under {
                SiteRoot::Container => name(self.inner),
                SiteRoot::Object | SiteRoot::PodSpec | SiteRoot::Volume => None,
            },
            mounts: mounts.into(),
        }
    }
}

/// One mount, as it is written.
pub(super) fn mount(list: &'static str, container: Cursor<'_>, mount: Cursor<'_>) -> Mount {
    Mount {
        list,
        container: container.string("name").unwrap_or_default(),
        path: mount.filled("mountPath").unwrap_or_default(),
        sub_path: mount.filled("subPath"),
        sub_path_expr: mount.filled("subPathExpr"),
    }
}
