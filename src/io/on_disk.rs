//! A kustomization as it is on a disk, and an object that stands for one.

use super::disk::Disk;
use crate::k8s::kustomize_names::FILE_NAMES;
use crate::scope::kustomize::Applier;
use crate::text::MAX_TEXT;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A kustomization on disk, by its real path.
pub(super) struct OnDisk {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) text: String,
    /// Whether it is a Component, which changes the kustomization that includes it.
    pub(super) is_component: bool,
    /// Whether fields other than its includes may name remote files.
    pub(super) reads_elsewhere: bool,
    /// Its resources, bases and components, by their names in the text.
    pub(super) children: BTreeMap<String, ListedResource>,
    /// The files with its patches, by their names in the text.
    pub(super) patches: BTreeMap<String, PathBuf>,
    /// The object of a controller that it stands for: then `path` is the file of the object, and `folder`
    /// is the folder that it applies.
    pub(super) applied: Option<Box<FoundApplier>>,
}

/// A resource of a kustomization.
#[derive(Clone)]
pub(super) enum ListedResource {
    Kustomization(PathBuf),
    File(PathBuf),
    Absent,
}

/// An object that applies a folder of this repository.
pub(super) struct FoundApplier {
    /// The file of the object, by its real path.
    pub(super) file: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// The root of the repository.
    pub(super) root: PathBuf,
    /// The folder.
    pub(super) folder: PathBuf,
    pub(super) applier: Applier,
}

/// The kustomization file of a folder, looked for in the order of kustomize.
pub(super) fn file_in(disk: &dyn Disk, folder: &Path) -> Option<PathBuf> {
    FILE_NAMES.iter().map(|name| folder.join(name)).find(|path| disk.is_file(path))
}

pub(super) fn text(disk: &dyn Disk, path: &Path) -> Option<String> {
    let bytes = disk.bytes(path)?;
    if bytes.len() > MAX_TEXT {
        return None;
    }
    String::from_utf8(bytes).ok()
}
