//! The overlays below the named paths: every kustomization that no other one includes, with the files
//! that its build can read.

use super::kustomizations::{self, ListedResource, OnDisk};
use super::{display, relative};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A kustomization that is built for itself, and not only as a part of another one.
pub struct Overlay {
    /// Its folder, as the user would write it from here; `.` for the current one.
    pub folder: String,
    /// Its kustomization file.
    pub path: PathBuf,
    /// The text of that file.
    pub text: String,
    /// The folders of every kustomization that its build reads, by their real paths. A build reads
    /// files in and below these alone, and the single files of `files`.
    folders: BTreeSet<PathBuf>,
    /// Resources that lie elsewhere.
    files: BTreeSet<PathBuf>,
    /// Whether all that it includes lies here, and not somewhere in the network.
    is_local: bool,
}

impl Overlay {
    /// Whether its build can read one of these files, given by their real paths. Of one with remote or
    /// missing parts nobody knows.
    pub fn reads_any(&self, files: &BTreeSet<PathBuf>) -> bool {
        let below = |folder: &PathBuf| {
            // Paths below a folder stand behind it.
            files.range(folder.clone()..).next().is_some_and(|file| file.starts_with(folder))
        };
        !self.is_local
            || self.files.iter().any(|file| files.contains(file))
            || self.folders.iter().any(below)
    }

    /// Whether a file, given by its real path, is one of those here that its build can read.
    fn holds(&self, file: &Path) -> bool {
        self.files.contains(file) || file.ancestors().any(|above| self.folders.contains(above))
    }
}

/// Overlays whose build reads a file that changed.
pub struct Touched(Vec<Overlay>);

impl Touched {
    /// Those at or below a folder.
    pub fn below(folder: &Path, changed: &BTreeSet<PathBuf>) -> Self {
        let mut overlays = below(&[folder.to_path_buf()]);
        overlays.retain(|overlay| changed.iter().any(|file| overlay.holds(file)));
        Self(overlays)
    }

    /// Whether one of them reads this file.
    pub fn reads(&self, file: &Path) -> bool {
        let real = std::fs::canonicalize(file);
        real.is_ok_and(|real| self.0.iter().any(|overlay| overlay.holds(&real)))
    }
}

/// The name of a file for people, as the user would write it from here.
pub fn name(path: &Path) -> String {
    let here = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    display(&relative(path, here.as_deref()))
}

/// A path with `/` between folders.
pub fn slashed(path: &Path) -> String {
    display(path)
}

/// The overlays whose folder is one of the paths or lies below one, and those whose build can read a file
/// that is one of the paths, by their folders.
pub fn below(paths: &[PathBuf]) -> Vec<Overlay> {
    let named: Vec<PathBuf> =
        paths.iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
    let found = kustomizations::all(&named);
    let mut included: BTreeSet<&Path> = BTreeSet::new();
    for place in found.values().flat_map(|on_disk| on_disk.children.values()) {
        if let ListedResource::Kustomization(path) = place {
            included.insert(path);
        }
    }
    let here = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let leaves = found
        .values()
        .filter(|on_disk| !on_disk.is_component && !included.contains(on_disk.path.as_path()));
    let (files, folders): (BTreeSet<PathBuf>, BTreeSet<PathBuf>) =
        named.into_iter().partition(|path| path.is_file());
    let overlays = leaves.map(|on_disk| (on_disk, overlay(&found, on_disk, here.as_deref())));
    let is_meant = |(on_disk, overlay): &(&OnDisk, Overlay)| {
        let is_below = folders.iter().any(|path| on_disk.folder.starts_with(path));
        is_below || (overlay.is_local && overlay.reads_any(&files))
    };
    overlays.filter(is_meant).map(|(_, overlay)| overlay).collect()
}

fn overlay(found: &BTreeMap<PathBuf, OnDisk>, on_disk: &OnDisk, here: Option<&Path>) -> Overlay {
    let folder = display(&relative(&on_disk.folder, here));
    let mut overlay = Overlay {
        folder: if folder.is_empty() { ".".to_owned() } else { folder },
        path: on_disk.path.clone(),
        text: on_disk.text.clone(),
        folders: BTreeSet::new(),
        files: BTreeSet::new(),
        is_local: true,
    };
    follow(found, on_disk, &mut overlay);
    overlay
}

/// The overlay in this very folder, whatever includes it.
pub fn of(folder: &Path) -> Option<Overlay> {
    let real = std::fs::canonicalize(folder).ok()?;
    let found = kustomizations::all(std::slice::from_ref(&real));
    let here = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let on_disk = found.values().find(|on_disk| on_disk.folder == real)?;
    Some(overlay(&found, on_disk, here.as_deref()))
}

/// Adds a kustomization and all that it includes to what an overlay reads.
fn follow(found: &BTreeMap<PathBuf, OnDisk>, on_disk: &OnDisk, overlay: &mut Overlay) {
    if !overlay.folders.insert(on_disk.folder.clone()) {
        return;
    }
    overlay.is_local &= !on_disk.reads_elsewhere;
    for place in on_disk.children.values() {
        match place {
            ListedResource::File(path) => {
                overlay.files.insert(path.clone());
            }
            ListedResource::Absent => overlay.is_local = false,
            ListedResource::Kustomization(path) => match found.get(path) {
                Some(child) => follow(found, child, overlay),
                None => overlay.is_local = false,
            },
        }
    }
}

/// The SHA-256 of files by their real paths: overlays share most of what they read.
#[derive(Default)]
pub struct Prints {
    known: BTreeMap<PathBuf, Option<[u8; 32]>>,
    below: BTreeMap<PathBuf, Vec<PathBuf>>,
}

impl Prints {
    /// A digest over the name and the bytes of every file that the build of an overlay can read.
    /// Nothing if the build reads what is not here, or a file cannot be read.
    pub fn of(&mut self, overlay: &Overlay) -> Option<[u8; 32]> {
        if !overlay.is_local {
            return None;
        }
        let mut files: BTreeSet<PathBuf> = overlay.files.clone();
        for folder in &overlay.folders {
            files.extend(self.below(folder).iter().cloned());
        }
        let root = overlay.path.parent()?;
        let mut whole = Sha256::new();
        for file in files {
            let print = *self.known.entry(file.clone()).or_insert_with(|| {
                std::fs::read(&file).ok().map(|bytes| Sha256::digest(bytes).into())
            });
            whole.update(display(&relative(&file, Some(root))));
            whole.update([0]);
            whole.update(print?);
        }
        Some(whole.finalize().into())
    }

    /// The files below a folder, links not followed; nothing of a `.git`.
    fn below(&mut self, folder: &Path) -> &[PathBuf] {
        self.below.entry(folder.to_path_buf()).or_insert_with(|| {
            let walker = ignore::WalkBuilder::new(folder)
                .standard_filters(false)
                .filter_entry(|entry| entry.file_name() != ".git")
                .build();
            let files = walker.filter_map(Result::ok);
            let files = files.filter(|entry| entry.file_type().is_some_and(|kind| !kind.is_dir()));
            files.map(ignore::DirEntry::into_path).collect()
        })
    }
}
