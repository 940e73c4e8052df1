//! The places in which kustomizations are looked for: the file system, or a revision in git.

use super::ignored::IgnoreRules;
use super::walk::{has_manifest_extension, is_kustomization};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Files by their real paths.
pub(super) trait Disk {
    /// The real path of a file or folder, links followed; `None` if it does not exist.
    fn real(&self, path: &Path) -> Option<PathBuf>;
    /// Whether the path is a folder.
    fn is_dir(&self, path: &Path) -> bool;
    /// Whether the path is a file, links followed.
    fn is_file(&self, path: &Path) -> bool;
    /// Whether the last part of the path is a link.
    fn is_link(&self, path: &Path) -> bool;
    /// The bytes of a file.
    fn bytes(&self, path: &Path) -> Option<Vec<u8>>;
    /// Whether the folder is the root of a repository.
    fn is_repository(&self, folder: &Path) -> bool;
    /// The folders at or below this one that hold a kustomization, hidden folders included.
    fn kustomized(&self, root: &Path) -> BTreeSet<PathBuf>;
    /// The files below this folder that may be manifests by their names, in order. Hidden folders are
    /// left out.
    fn manifests(&self, root: &Path) -> Vec<PathBuf>;
}

/// Finds the real paths of many files and reads each folder once.
pub(super) struct RealPaths<'a> {
    disk: &'a dyn Disk,
    folders: BTreeMap<OsString, Option<PathBuf>>,
}

impl<'a> RealPaths<'a> {
    pub(super) fn new(disk: &'a dyn Disk) -> Self {
        Self { disk, folders: BTreeMap::new() }
    }

    /// The real path of a file or folder, links followed. For a path that is not a link, this does not
    /// check that it exists.
    pub(super) fn of(&mut self, path: &Path) -> Option<PathBuf> {
        let (folder, name) = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) if !self.disk.is_link(path) => (folder, name),
            _ => return self.disk.real(path),
        };
        if !self.folders.contains_key(folder.as_os_str()) {
            let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
            self.folders.insert(folder.as_os_str().to_owned(), self.disk.real(here));
        }
        Some(self.folders.get(folder.as_os_str())?.as_ref()?.join(name))
    }
}

/// The file system.
pub(super) struct FileSystem;

impl Disk for FileSystem {
    fn real(&self, path: &Path) -> Option<PathBuf> {
        std::fs::canonicalize(path).ok()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn is_file(&self, path: &Path) -> bool {
        path.is_file()
    }

    fn is_link(&self, path: &Path) -> bool {
        path.is_symlink()
    }

    fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        // A named pipe or a device may have no end.
        path.is_file().then(|| std::fs::read(path).ok())?
    }

    fn is_repository(&self, folder: &Path) -> bool {
        folder.join(".git").exists()
    }

    fn kustomized(&self, root: &Path) -> BTreeSet<PathBuf> {
        let rules = IgnoreRules::below(root);
        let files = files_below(root, move |entry, is_folder| {
            let matters = is_folder || is_kustomization(entry.path());
            let is_out = |path| rules.leaves_out(path, is_folder);
            matters && entry.file_name() != ".git" && !is_out(entry.path())
        });
        let files = files.filter(|file| is_kustomization(file));
        files.filter_map(|file| file.parent().map(Path::to_path_buf)).collect()
    }

    fn manifests(&self, root: &Path) -> Vec<PathBuf> {
        let rules = IgnoreRules::below(root);
        let files = files_below(root, move |entry, is_folder| {
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            let matters = (is_folder && !hidden) || has_manifest_extension(entry.path());
            matters && !rules.leaves_out(entry.path(), is_folder)
        });
        files.filter(|path| !is_kustomization(path)).collect()
    }
}

/// The files below a folder in the order of their names, links not followed. `matters` says which files and
/// folders are looked at; its second argument says whether an entry is a folder.
pub(super) fn files_below(
    root: &Path,
    matters: impl Fn(&ignore::DirEntry, bool) -> bool + Send + Sync + 'static,
) -> impl Iterator<Item = PathBuf> {
    let is_folder = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| kind.is_dir());
    let walker = ignore::WalkBuilder::new(root)
        .standard_filters(false)
        .follow_links(false)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .filter_entry(move |entry| entry.depth() == 0 || matters(entry, is_folder(entry)))
        .build();
    let files = walker.filter_map(Result::ok).filter(move |entry| !is_folder(entry));
    files.map(ignore::DirEntry::into_path)
}
