//! The overlays below the named paths: every kustomization that no other one includes, with the files
//! that its build can read.

use super::appliers::VariableSources;
use super::builds::{Builder, Failure};
use super::disk::{FileSystem, files_below};
use super::kustomizations;
use super::on_disk::{self, ListedResource, OnDisk};
use super::shadow::Shadow;
use super::{display, here, real, relative};
use crate::finding::divergence::UnknownVariable;
use crate::k8s::kustomize_names::FILE_NAMES;
use crate::overlays::{self, BuildOutput, substituted};
use crate::scope::kustomize::{ApplierChange, Variables};
use crate::text::Span;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A kustomization that is built itself, and not only as a part of another one.
pub struct Overlay {
    /// Its folder, relative to the working directory; `.` for the current one.
    pub folder: String,
    /// Its kustomization file.
    pub path: PathBuf,
    /// The text of that file.
    pub text: String,
    /// The folders of every kustomization that its build reads, by their real paths. A build reads only
    /// files in and below these folders, and the files of `files`.
    folders: BTreeSet<PathBuf>,
    /// Single files outside of these folders.
    files: BTreeSet<PathBuf>,
    /// The object of a controller that applies it, if one does.
    applied: Option<AppliedFolder>,
    /// Whether all files that it includes are local.
    is_local: bool,
}

/// A folder that a controller builds with changes.
struct AppliedFolder {
    /// The root of the repository.
    root: PathBuf,
    /// The folder.
    folder: PathBuf,
    /// The file of the object.
    file: PathBuf,
    /// Its patches, if they can hold stamps of this folder.
    patches: Option<ObjectPatches>,
    /// The prefix and the suffix of the object, which names get after the patches.
    affixes: (String, String),
    /// The object, `Kustomization flux-system/apps`.
    label: String,
    /// Whether the folder has its own kustomization.
    has_own: bool,
    /// The kustomization that the controller builds, or the reason why there is none.
    kustomization: Result<String, String>,
    /// The variables that it replaces after the build.
    variables: Variables,
}

/// The patches of an object by which a controller applies a folder.
pub struct ObjectPatches {
    /// The file of the object.
    pub file: PathBuf,
    /// The text of that file.
    pub text: String,
    /// Where the document of the object is in it.
    pub at: Span,
    /// The path from the object to the list of its patches.
    pub way: &'static [&'static str],
}

impl Overlay {
    /// The file that defines the build: its kustomization, or the file of the object that applies it.
    pub fn file(&self) -> &Path {
        self.applied.as_ref().map_or(&self.path, |applied| &applied.file)
    }

    /// Whether its folder has a kustomization, which can name a stamps file.
    pub fn has_own(&self) -> bool {
        self.applied.as_ref().is_none_or(|applied| applied.has_own)
    }

    /// The patches of the object that applies it, if they can hold stamps.
    pub fn patches(&self) -> Option<&ObjectPatches> {
        let applied = self.applied.as_ref()?;
        applied.kustomization.as_ref().ok()?;
        applied.patches.as_ref()
    }

    /// The name that patches of the object use for an object with this final name; `None` if the prefix and
    /// suffix of the object exclude such a name.
    pub fn name_in_patches<'n>(&self, built: &'n str) -> Option<&'n str> {
        let Some(applied) = &self.applied else { return Some(built) };
        let (prefix, suffix) = &applied.affixes;
        built.strip_prefix(prefix.as_str())?.strip_suffix(suffix.as_str())
    }

    /// The final name of an object with this name in the patches of the object.
    pub fn built_name(&self, in_patches: &str) -> String {
        let (prefix, suffix) = match &self.applied {
            Some(applied) => (applied.affixes.0.as_str(), applied.affixes.1.as_str()),
            None => ("", ""),
        };
        format!("{prefix}{in_patches}{suffix}")
    }

    /// The variables that the controller replaces after the build, and the object of the controller.
    pub fn variables(&self) -> Option<(&Variables, &str)> {
        self.applied.as_ref().map(|applied| (&applied.variables, applied.label.as_str()))
    }

    /// The output of a builder for it, with the variables replaced.
    ///
    /// # Errors
    /// The reason why there is no output.
    pub fn printed(&self, builder: &Builder) -> Result<BuildOutput, Failure> {
        let Some(applied) = &self.applied else {
            let text = builder.run(&self.folder)?;
            return substituted(text, &Variables::default()).map_err(Failure::Failed);
        };
        let kustomization = applied.kustomization.as_ref();
        let kustomization = kustomization.map_err(|why| Failure::Failed(why.clone()))?;
        let shadow = Shadow::new(&applied.root, &applied.folder, kustomization)
            .map_err(|error| Failure::NotStarted(error.to_string()))?;
        let text = builder.unrestricted().run(&display(shadow.folder()))?;
        substituted(text, &applied.variables).map_err(Failure::Failed)
    }

    /// Whether its build can read one of these files, given by their real paths. True for a build with
    /// remote or missing parts, for which this is unknown.
    pub fn reads_any(&self, files: &BTreeSet<PathBuf>) -> bool {
        let below = |folder: &PathBuf| {
            // In the sorted set, the paths below a folder follow it.
            files.range(folder.clone()..).next().is_some_and(|file| file.starts_with(folder))
        };
        !self.is_local
            || self.files.iter().any(|file| files.contains(file))
            || self.folders.iter().any(below)
    }

    /// Whether a file, given by its real path, is one of the local files that its build can read.
    fn holds(&self, file: &Path) -> bool {
        self.files.contains(file) || file.ancestors().any(|above| self.folders.contains(above))
    }
}

/// Overlays whose build reads a file that changed.
pub struct TouchedOverlays(Vec<Overlay>);

impl TouchedOverlays {
    /// The overlays at or below a folder.
    pub fn below(folder: &Path, changed: &BTreeSet<PathBuf>) -> Self {
        let mut overlays = below(&[folder.to_path_buf()]);
        overlays.retain(|overlay| changed.iter().any(|file| overlay.holds(file)));
        Self(overlays)
    }

    /// Whether one of them reads this file.
    pub fn reads(&self, file: &Path) -> bool {
        real(file).is_some_and(|real| self.0.iter().any(|overlay| overlay.holds(&real)))
    }
}

/// The name of a file in messages, relative to the working directory.
pub fn name(path: &Path) -> String {
    display(&relative(path, here().as_deref()))
}

/// A path that was named, as the folders of overlays below it begin.
pub fn root(path: &Path) -> String {
    real(path).map_or_else(|| display(path), |real| name(&real))
}

/// The overlays whose folder is one of the paths or below one, and those whose build can read a file among
/// the paths, by their folders.
pub fn below(paths: &[PathBuf]) -> Vec<Overlay> {
    let named: Vec<PathBuf> = paths.iter().filter_map(|path| real(path)).collect();
    let found = kustomizations::all(&named, true);
    let mut included: BTreeSet<&Path> = BTreeSet::new();
    for place in found.values().flat_map(|on_disk| on_disk.children.values()) {
        if let ListedResource::Kustomization(path) = place {
            included.insert(path);
        }
    }
    let here = here();
    let leaves = found.values().filter(|on_disk| {
        let is_included = on_disk.applied.is_none() && included.contains(on_disk.path.as_path());
        // The effect of the patch on the object is not known, so nothing is built.
        let is_unknown = on_disk.applied.as_ref().is_some_and(|by| {
            by.amended(&found, &FileSystem)
                .is_some_and(|(_, applier_change)| applier_change == ApplierChange::More)
        });
        !on_disk.is_component && !is_included && !is_unknown
    });
    let (files, folders): (BTreeSet<PathBuf>, BTreeSet<PathBuf>) =
        named.into_iter().partition(|path| path.is_file());
    let mut sources = VariableSources::default();
    let overlays = leaves.map(|on_disk| {
        let mut overlay = overlay(&found, on_disk, here.as_deref());
        overlay.apply(&found, on_disk, &mut sources, here.as_deref());
        (on_disk, overlay)
    });
    let is_meant = |(on_disk, overlay): &(&OnDisk, Overlay)| {
        let is_below = folders
            .iter()
            .any(|path| on_disk.folder.starts_with(path) || overlay.file().starts_with(path));
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
        applied: None,
        is_local: true,
    };
    follow(found, on_disk, &mut overlay);
    overlay
}

impl Overlay {
    /// Adds the object of a controller, if `on_disk` stands for one.
    fn apply(
        &mut self,
        found: &BTreeMap<PathBuf, OnDisk>,
        on_disk: &OnDisk,
        sources: &mut VariableSources,
        here: Option<&Path>,
    ) {
        let Some(by) = &on_disk.applied else { return };
        let disk = &FileSystem;
        let own = on_disk::file_in(disk, &on_disk.folder);
        let text = own.as_ref().and_then(|path| on_disk::text(disk, path));
        let resources = match own {
            Some(_) => Vec::new(),
            None => by.resources(on_disk),
        };
        let mut applied = by.applied(found, sources, disk);
        if let Some((file, _)) = by.amended(found, disk) {
            let file = display(&relative(&file, here));
            applied.variables.known.clear();
            applied.variables.open = Some(UnknownVariable::Patched(file));
        }
        let is_here = |name: &str| on_disk.folder.join(name).exists();
        self.folder = by.unit_name(here);
        self.path = own.clone().unwrap_or_else(|| on_disk.folder.join(FILE_NAMES[0]));
        self.text = text.unwrap_or_default();
        let kustomization = overlays::kustomization(
            own.as_ref().map(|_| self.text.as_str()),
            &resources,
            &applied.by.object,
            is_here,
        );
        let affixes = kustomization.as_deref().map(overlays::affixes).unwrap_or_default();
        // Argo CD applies a folder without a kustomization directly, unless its object has kustomize
        // settings.
        let takes_patches = own.is_some() || applied.by.directory.is_none();
        let patches = applied.by.patches.filter(|_| takes_patches).map(|way| ObjectPatches {
            file: by.file.clone(),
            text: by.text.clone(),
            at: applied.by.at,
            way,
        });
        self.applied = Some(AppliedFolder {
            root: by.root.clone(),
            folder: on_disk.folder.clone(),
            file: by.file.clone(),
            patches,
            affixes,
            label: applied.by.label.clone(),
            has_own: own.is_some(),
            kustomization,
            variables: applied.variables,
        });
    }
}

/// The overlay in exactly this folder, even if another kustomization includes it.
pub fn of(folder: &Path) -> Option<Overlay> {
    let real = real(folder)?;
    let found = kustomizations::all(std::slice::from_ref(&real), false);
    let on_disk = found.values().find(|on_disk| on_disk.folder == real)?;
    Some(overlay(&found, on_disk, here().as_deref()))
}

/// Adds a kustomization and all files that it includes to the files of an overlay.
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

/// A cache of the SHA-256 of files by their real paths, because overlays share most of their files.
#[derive(Default)]
pub struct FileDigests {
    known: BTreeMap<PathBuf, Option<[u8; 32]>>,
    below: BTreeMap<PathBuf, Vec<PathBuf>>,
}

impl FileDigests {
    /// A digest of the name and the bytes of every file that the build of an overlay can read. `None` if
    /// the build reads remote files, or if a file cannot be read.
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
            let digest = *self.known.entry(file.clone()).or_insert_with(|| {
                std::fs::read(&file).ok().map(|bytes| Sha256::digest(bytes).into())
            });
            whole.update(display(&relative(&file, Some(root))));
            whole.update([0]);
            whole.update(digest?);
        }
        if let Some(applied) = &overlay.applied {
            whole.update([1]);
            whole.update(applied.kustomization.as_ref().ok()?);
            for (name, value) in &applied.variables.known {
                whole.update([2]);
                whole.update(name);
                whole.update([3]);
                whole.update(value.text());
            }
            let open = applied.variables.open.as_ref();
            whole.update(open.map_or_else(String::new, ToString::to_string));
            whole.update(&applied.label);
        }
        Some(whole.finalize().into())
    }

    /// The files below a folder, links not followed, without `.git`.
    fn below(&mut self, folder: &Path) -> &[PathBuf] {
        self.below.entry(folder.to_path_buf()).or_insert_with(|| {
            files_below(folder, |entry, _| entry.file_name() != ".git").collect()
        })
    }
}
