//! Finds the kustomizations that include the files of a run, and loads the files that they name: resources
//! that the command line does not name, patches, and files of generators.
//!
//! In a git repository, the whole repository is searched, because an overlay anywhere in it may use a named
//! base; outside of a repository, only the named folders are searched.

use super::appliers::{self, VariableSources};
use super::disk::{Disk, FileSystem, RealPaths};
use super::on_disk::{FoundApplier, ListedResource, OnDisk, file_in, text};
use super::{display, here, relative};
use crate::process::Loaded;
use crate::scope::kustomize::{Child, Kustomization, Material, NamedFiles, PatchFile, names};
use crate::text::input::{Found, Input};
use crate::text::{FileId, offset};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Loads the kustomizations that include one of the loaded texts, and the files that the kustomizations in
/// `asked` build. `stamp` is the annotation key of stamps.
pub(super) fn load(
    loaded: &mut Loaded,
    folders: &[PathBuf],
    asked: &[PathBuf],
    stamp: &str,
    disk: &dyn Disk,
) {
    let below = loaded.inputs.iter().any(|i| i.kustomization.is_some());
    let appliers = appliers::find(Some(loaded), folders, stamp, disk);
    if !below && loaded.skipped.kustomizations == 0 && appliers.is_empty() {
        return;
    }
    let mut inputs = Inputs::new(loaded, disk);
    let roots = roots(&inputs, folders);
    let found = found(disk, &roots, above(disk, inputs.by_path.keys()), appliers);
    let mut asked: Vec<PathBuf> = asked.iter().filter_map(|path| disk.real(path)).collect();
    let applied = found.iter().filter(|(_, on_disk)| on_disk.applied.is_some());
    let of_loaded = applied.filter(|(_, on_disk)| inputs.by_path.contains_key(&on_disk.path));
    asked.extend(of_loaded.map(|(key, _)| key.clone()));
    inputs.built = built(&found, asked);
    let kept = reaching(&found, &inputs);
    let numbers: BTreeMap<&Path, usize> =
        kept.iter().enumerate().map(|(i, path)| (*path, i)).collect();
    let here = here();
    let mut kustomizations = Vec::new();
    let mut sources = VariableSources::default();
    for path in &kept {
        let on_disk = &found[*path];
        let mut kustomization = inputs.kustomization(on_disk, &numbers, here.as_deref());
        if let Some(by) = &on_disk.applied {
            let applied = by.applied(&found, &mut sources, disk);
            kustomization.folder = by.unit_name(here.as_deref());
            kustomization.applied = Some(applied);
        }
        kustomizations.push(kustomization);
    }
    loaded.kustomizations.0 = kustomizations;
}

/// All kustomizations in the repositories around these folders, by the real paths of their files; outside
/// of a repository, those in and below the folders. With `applied`, also the folders that controllers
/// apply, with keys that are not the names of files.
pub(super) fn all(folders: &[PathBuf], applied: bool) -> BTreeMap<PathBuf, OnDisk> {
    let disk = &FileSystem;
    let roots = roots(&Inputs::new(&mut Loaded::default(), disk), folders);
    let appliers = match applied {
        false => Vec::new(),
        true => appliers::find(None, folders, "", disk),
    };
    found(disk, &roots, Vec::new(), appliers)
}

/// The kustomizations below folders, the further ones in `waiting`, and the folders that objects apply,
/// with everything that these include.
fn found(
    disk: &dyn Disk,
    roots: &BTreeSet<PathBuf>,
    mut waiting: Vec<PathBuf>,
    appliers: Vec<FoundApplier>,
) -> BTreeMap<PathBuf, OnDisk> {
    let appliers = appliers.into_iter().enumerate();
    let applied: BTreeMap<PathBuf, OnDisk> =
        appliers.map(|(number, applier)| applier.on_disk(number, disk)).collect();
    waiting.extend(roots.iter().flat_map(|root| walk(disk, root)));
    waiting.extend(applied.values().flat_map(bases).cloned());
    let mut found = follow(disk, waiting, roots);
    found.extend(applied);
    found
}

/// Reads kustomization files, and those that they include.
fn follow(
    disk: &dyn Disk,
    mut waiting: Vec<PathBuf>,
    roots: &BTreeSet<PathBuf>,
) -> BTreeMap<PathBuf, OnDisk> {
    let mut found: BTreeMap<PathBuf, OnDisk> = BTreeMap::new();
    let mut real_paths = RealPaths::new(disk);
    while let Some(path) = waiting.pop() {
        if found.contains_key(&path) {
            continue;
        }
        let Some(on_disk) = read(disk, &path, roots, &mut real_paths) else { continue };
        waiting.extend(bases(&on_disk).cloned());
        found.insert(path, on_disk);
    }
    found
}

/// The kustomizations that another one includes.
fn bases(on_disk: &OnDisk) -> impl Iterator<Item = &PathBuf> {
    on_disk.children.values().filter_map(|place| match place {
        ListedResource::Kustomization(path) => Some(path),
        _ => None,
    })
}

/// The texts of a run by their real paths.
struct Inputs<'a> {
    loaded: &'a mut Loaded,
    disk: &'a dyn Disk,
    by_path: BTreeMap<PathBuf, FileId>,
    /// The files that the named kustomizations build, each with the kustomization that includes it.
    built: BTreeMap<PathBuf, PathBuf>,
}

impl<'a> Inputs<'a> {
    fn new(loaded: &'a mut Loaded, disk: &'a dyn Disk) -> Self {
        let mut by_path: BTreeMap<PathBuf, FileId> = BTreeMap::new();
        let mut links = Vec::new();
        let mut real_paths = RealPaths::new(disk);
        for (number, input) in loaded.inputs.iter().enumerate() {
            let number = FileId(offset(number));
            let Some(path) = &input.path else { continue };
            let Some(real) = real_paths.of(path) else { continue };
            if disk.is_link(path) {
                links.push((real, number));
            } else {
                by_path.entry(real).or_insert(number);
            }
        }
        for (real, number) in links {
            by_path.entry(real).or_insert(number);
        }
        Self { loaded, disk, by_path, built: BTreeMap::new() }
    }

    /// The number of a file; a file that is not among the texts is added, and read only for its sources.
    fn number(&mut self, real: &Path, here: Option<&Path>) -> Option<FileId> {
        if let Some(&number) = self.by_path.get(real) {
            return Some(number);
        }
        let text = text(self.disk, real)?;
        Some(self.push(real, text, here))
    }

    fn push(&mut self, real: &Path, text: String, here: Option<&Path>) -> FileId {
        let number = FileId(offset(self.loaded.inputs.len()));
        let path = relative(real, here);
        let built = self.built.get(real).map(|by| display(&relative(by, here)));
        let found = if built.is_some() { Found::Built } else { Found::Context };
        let input = Input {
            folder: display(path.parent().unwrap_or(Path::new(""))),
            kustomization: built,
            ..Input::new(display(&path), found)
        };
        self.loaded.push(input, Some(text.into()), None);
        self.by_path.insert(real.to_path_buf(), number);
        number
    }

    fn kustomization(
        &mut self,
        on_disk: &OnDisk,
        numbers: &BTreeMap<&Path, usize>,
        here: Option<&Path>,
    ) -> Kustomization {
        let input = match self.by_path.get(&on_disk.path) {
            Some(&number) => number,
            None => self.push(&on_disk.path, on_disk.text.clone(), here),
        };
        let mut children = BTreeMap::new();
        for (name, place) in &on_disk.children {
            let child = match place {
                ListedResource::Kustomization(path) => {
                    numbers.get(path.as_path()).map_or(Child::Absent, |&k| Child::Kustomization(k))
                }
                ListedResource::File(path) => {
                    self.number(path, here).map_or(Child::Absent, Child::File)
                }
                ListedResource::Absent => Child::Absent,
            };
            children.insert(name.clone(), child);
        }
        let named = match on_disk.applied {
            None => names(&on_disk.text),
            Some(_) => NamedFiles::default(),
        };
        let mut patches = BTreeMap::new();
        for (name, path) in &on_disk.patches {
            if let Some(text) = text(self.disk, path) {
                let input = self.by_path.get(path).copied();
                patches.insert(name.clone(), PatchFile { text, input });
            }
        }
        let mut material = BTreeMap::new();
        for name in named.material {
            if let Some(path) = inside(self.disk, &on_disk.folder, &name)
                && let Some(bytes) = self.disk.bytes(&path)
            {
                material.insert(name, Material(bytes));
            }
        }
        let folder = display(&relative(&on_disk.folder, here));
        Kustomization {
            input,
            text: on_disk.text.clone(),
            folder: if folder.is_empty() { ".".to_owned() } else { folder },
            children,
            patches,
            material,
            applied: None,
        }
    }
}

/// The folders to search: the git repository of each text or, outside of one, the named folder.
fn roots(inputs: &Inputs<'_>, folders: &[PathBuf]) -> BTreeSet<PathBuf> {
    let mut roots = BTreeSet::new();
    let mut known: BTreeMap<PathBuf, Option<PathBuf>> = BTreeMap::new();
    let mut repository = |folder: &Path| {
        let root = known.entry(folder.to_path_buf()).or_insert_with(|| {
            let mut above = folder.ancestors();
            above.find(|f| inputs.disk.is_repository(f)).map(Path::to_path_buf)
        });
        root.clone()
    };
    for folder in folders {
        if let Some(real) = inputs.disk.real(folder) {
            roots.insert(repository(&real).unwrap_or(real));
        }
    }
    for (real, &number) in &inputs.by_path {
        if inputs.loaded.inputs[number.index()].kustomization.is_some()
            && let Some(root) = real.parent().and_then(&mut repository)
        {
            roots.insert(root);
        }
    }
    // A folder inside another one is searched with it.
    let all = roots.clone();
    roots.retain(|root| !all.iter().any(|other| other != root && root.starts_with(other)));
    // A walk from above skips a folder that git ignores, but this folder was named.
    roots.extend(folders.iter().filter_map(|f| inputs.disk.real(f)));
    roots
}

/// The kustomization files below a folder, hidden folders included.
pub(super) fn walk(disk: &dyn Disk, root: &Path) -> Vec<PathBuf> {
    disk.kustomized(root).iter().filter_map(|folder| file_in(disk, folder)).collect()
}

/// The kustomization files in the folders above files, up to the roots of their repositories. Each folder
/// is read once.
fn above<'a>(disk: &dyn Disk, files: impl Iterator<Item = &'a PathBuf>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut seen: BTreeSet<&Path> = BTreeSet::new();
    for file in files {
        for folder in file.ancestors().skip(1) {
            if !seen.insert(folder) {
                break;
            }
            found.extend(file_in(disk, folder));
            if disk.is_repository(folder) {
                break;
            }
        }
    }
    found
}

fn read(
    disk: &dyn Disk,
    path: &Path,
    roots: &BTreeSet<PathBuf>,
    real_paths: &mut RealPaths<'_>,
) -> Option<OnDisk> {
    let text = text(disk, path)?;
    let folder = path.parent()?.to_path_buf();
    let mut place = |name: &String| {
        let real = real_paths.of(&folder.join(name));
        let inside = |real: &PathBuf| roots.iter().any(|root| real.starts_with(root));
        match real.filter(inside) {
            None => ListedResource::Absent,
            Some(real) if disk.is_dir(&real) => match file_in(disk, &real) {
                Some(base) if base != path => ListedResource::Kustomization(base),
                _ => ListedResource::Absent,
            },
            Some(real) if real != path && disk.is_file(&real) => ListedResource::File(real),
            Some(_) => ListedResource::Absent,
        }
    };
    let named = names(&text);
    let patches = named.patches.into_iter();
    let patches = patches.filter_map(|name| {
        let path = inside(disk, &folder, &name)?;
        Some((name, path))
    });
    let patches = patches.collect();
    let children = named
        .children
        .into_iter()
        .map(|name| {
            let place = place(&name);
            (name, place)
        })
        .collect();
    Some(OnDisk {
        path: path.to_path_buf(),
        is_component: named.is_component,
        reads_elsewhere: named.reads_elsewhere,
        folder,
        text,
        children,
        patches,
        applied: None,
    })
}

/// A file that a kustomization may read: below its own folder, links followed.
fn inside(disk: &dyn Disk, folder: &Path, name: &str) -> Option<PathBuf> {
    if name.contains('\n') || Path::new(name).is_absolute() {
        return None;
    }
    let real = disk.real(&folder.join(name))?;
    (real.starts_with(folder) && disk.is_file(&real)).then_some(real)
}

/// The files that these kustomizations build, each with the one that includes it.
fn built(
    found: &BTreeMap<PathBuf, OnDisk>,
    mut waiting: Vec<PathBuf>,
) -> BTreeMap<PathBuf, PathBuf> {
    let mut seen: BTreeSet<PathBuf> = BTreeSet::new();
    let mut files = BTreeMap::new();
    while let Some(path) = waiting.pop() {
        let Some(on_disk) = found.get(&path) else { continue };
        if !seen.insert(path.clone()) {
            continue;
        }
        for place in on_disk.children.values() {
            match place {
                ListedResource::Kustomization(base) => waiting.push(base.clone()),
                ListedResource::File(file) => {
                    files.entry(file.clone()).or_insert_with(|| on_disk.path.clone());
                }
                ListedResource::Absent => {}
            }
        }
    }
    files
}

/// The kustomizations that include one of the texts, directly or through others, and all that these
/// include.
fn reaching<'a>(found: &'a BTreeMap<PathBuf, OnDisk>, inputs: &Inputs<'_>) -> Vec<&'a Path> {
    let mut includers: BTreeMap<&Path, Vec<&Path>> = BTreeMap::new();
    let mut waiting: Vec<&Path> = Vec::new();
    for (path, on_disk) in found {
        let is_known = |file: &PathBuf| inputs.by_path.contains_key(file);
        let own = on_disk.children.values().any(|place| match place {
            ListedResource::File(file) => is_known(file) || inputs.built.contains_key(file),
            _ => false,
        });
        if own || on_disk.patches.values().any(is_known) {
            waiting.push(path);
        }
        for base in bases(on_disk) {
            includers.entry(base).or_default().push(path);
        }
    }
    let mut kept: BTreeSet<&Path> = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        if kept.insert(path) {
            waiting.extend(includers.get(path).into_iter().flatten());
        }
    }
    waiting.extend(kept.iter());
    let mut all: BTreeSet<&Path> = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some((path, on_disk)) = found.get_key_value(path) else { continue };
        if all.insert(path) {
            waiting.extend(bases(on_disk).map(PathBuf::as_path));
        }
    }
    all.into_iter().collect()
}
