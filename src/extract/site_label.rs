//! What people call the place of a reference, and why it reads the keys that it reads. Only shown,
//! never decided on: what is missing or no string here is left out.

use crate::k8s::sites::{Site, SiteRoot};
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// Where a reference stands, in the names that the pod spec gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteLabel {
    /// The field of the pod spec: `containers`, `initContainers`, `volumes`, ...
    pub list: &'static str,
    /// The container or the volume; empty if it has no name.
    pub owner: SmolStr,
    /// The environment variable.
    pub env: Option<SmolStr>,
    /// Where containers mount the volume.
    pub mounts: Vec<Mount>,
}

/// One mount of a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// The field of the pod spec that lists the container.
    pub list: &'static str,
    /// The container; empty if it has no name.
    pub container: SmolStr,
    /// Where in the container; empty if that is not written.
    pub path: SmolStr,
    /// The part of the volume that is mounted there.
    pub sub_path: Option<SmolStr>,
    /// The part, as an expression over variables.
    pub sub_path_expr: Option<SmolStr>,
}

/// Why a reference reads the keys that it reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grounds {
    /// It names one key.
    Named,
    /// Nothing narrows it.
    All,
    /// Its `items` list them.
    Items,
    /// Every mount has a `subPath`.
    SubPaths,
    /// Its `items` list them, and some `subPath` shows them.
    ItemsInSubPaths,
    /// An operator runs the pods and may add mounts, so mounts narrow nothing.
    Operator,
    /// The program rereads its files, but never those mounted by `subPath`.
    LiveSubPaths,
    /// None: the site acts when a volume is mounted or an image is pulled.
    Site,
    /// None: no container mounts the volume.
    NotMounted,
    /// None: no mount shows one of its `items`.
    NothingShown,
    /// None: the program rereads its files.
    Live,
}

/// The items of lists that the walk is in: a container or volume, and in it an entry of `env`, ...
#[derive(Clone, Copy, Default)]
pub(super) struct ListPosition<'a> {
    pub(super) list: &'static str,
    pub(super) outer: Option<Cursor<'a>>,
    pub(super) inner: Option<Cursor<'a>>,
}

impl<'a> ListPosition<'a> {
    /// Steps into a field; only those of the pod spec are remembered.
    pub(super) fn field(self, name: &'static str) -> Self {
        match self.outer {
            None => Self { list: name, ..self },
            Some(_) => self,
        }
    }

    /// Steps into an item.
    pub(super) fn item(self, item: Cursor<'a>) -> Self {
        match self.outer {
            None => Self { outer: Some(item), ..self },
            Some(_) => Self { inner: Some(item), ..self },
        }
    }

    /// The volume that the walk is in.
    pub(super) fn volume(&self, site: &Site) -> Option<Cursor<'a>> {
        self.outer.filter(|_| site.under == SiteRoot::Volume)
    }

    /// What people call the place.
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
            mounts,
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
