//! Finds the manifests below a folder, and classifies files by their names and places.

use super::display;
use super::ignored::IgnoreRules;
use crate::k8s::kustomize_names::FILE_NAMES;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A file below a named folder.
pub struct WalkedFile {
    /// Its path, in the form in which the user named the folder.
    pub path: PathBuf,
    /// Its real folder joined with its own name: a link counts at its own place.
    pub real: PathBuf,
    /// Its folder.
    pub folder: PathBuf,
    /// Its class.
    pub kind: FileKind,
    /// The nearest kustomization above it.
    pub kustomization: Option<String>,
}

/// The class of a file, by its name and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// It may be a manifest.
    Candidate,
    /// A kustomization: it describes how other files are used, and is never applied itself.
    Kustomization,
    /// A template of a Helm chart.
    ChartTemplate,
    /// A symbolic link that leads out of the folder.
    Outside,
    /// Not a file: a named pipe, a socket or a device, or a link to one. Opening it could take forever.
    Special,
}

/// All files below a folder that may be manifests, sorted by name, without files that git ignores and
/// without hidden folders.
pub fn walk(
    root: &Path,
    exclude: &globset::GlobSet,
    surroundings: &mut Surroundings,
    jobs: usize,
) -> Vec<Result<WalkedFile, ignore::Error>> {
    let ignored = Arc::new(IgnoreRules::below(root));
    let rules = Arc::clone(&ignored);
    let real_root = ignored.real_root().to_path_buf();
    let below = root.to_path_buf();
    let exclude = exclude.clone();
    let mut walker = ignore::WalkBuilder::new(root);
    walker.standard_filters(false).follow_links(false).threads(jobs).filter_entry(move |entry| {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        let is_folder = entry.file_type().is_some_and(|t| t.is_dir());
        let relative = entry.path().strip_prefix(&below).unwrap_or(entry.path());
        let path = entry.path();
        let matters = is_folder || is_kustomization(path) || has_manifest_extension(path);
        let is_out = |path| excluded(&exclude, relative) || rules.leaves_out(path, is_folder);
        entry.depth() == 0 || (matters && !(is_folder && hidden) && !is_out(path))
    });
    let mut met = Vec::new();
    let (errors, entries) = gather(&walker);
    surroundings.ignored += ignored.count();
    met.extend(errors.into_iter().map(Err));
    // The files are sorted, so the properties of a folder are computed once for all its files.
    let mut last = (PathBuf::new(), false, None);
    let mut is_first = true;
    for (path, kind) in entries {
        let folder = path.parent().unwrap_or(root).to_path_buf();
        if std::mem::take(&mut is_first) || last.0.as_os_str() != folder.as_os_str() {
            let is_chart_template = surroundings.is_chart_template(&folder);
            let kustomization = surroundings.kustomization(&folder);
            last = (folder.clone(), is_chart_template, kustomization);
        }
        let (_, is_chart_template, kustomization) = &last;
        let what = if is_kustomization(&path) {
            FileKind::Kustomization
        } else if kind.is_symlink() {
            match std::fs::canonicalize(&path) {
                Ok(target) if target.is_dir() => continue,
                Ok(target) if !target.starts_with(&real_root) => FileKind::Outside,
                Ok(target) if !target.is_file() => FileKind::Special,
                Ok(_) => FileKind::Candidate,
                Err(_) => FileKind::Outside,
            }
        } else if !kind.is_file() {
            FileKind::Special
        } else if *is_chart_template {
            FileKind::ChartTemplate
        } else {
            FileKind::Candidate
        };
        met.push(Ok(WalkedFile {
            kustomization: kustomization.clone(),
            // No folder below the root is a link, so only the real path of the root is needed.
            real: match path.strip_prefix(root) {
                Ok(below) => real_root.join(below),
                Err(_) => path.clone(),
            },
            path,
            folder,
            kind: what,
        }));
    }
    met
}

/// The entries that several threads find: errors, and files that may be manifests by their names, sorted in
/// the order of a walk folder by folder.
fn gather(walker: &ignore::WalkBuilder) -> (Vec<ignore::Error>, Vec<(PathBuf, std::fs::FileType)>) {
    let met = Mutex::new((Vec::new(), Vec::new()));
    walker.build_parallel().run(|| {
        Box::new(|entry| {
            let Ok(mut met) = met.lock() else { return ignore::WalkState::Quit };
            match entry {
                Err(error) => met.0.push(error),
                Ok(entry) => {
                    let kind = entry.file_type().filter(|kind| !kind.is_dir());
                    let path = entry.path();
                    if let Some(kind) = kind
                        && (is_kustomization(path) || has_manifest_extension(path))
                    {
                        met.1.push((entry.into_path(), kind));
                    }
                }
            }
            ignore::WalkState::Continue
        })
    });
    let (mut errors, mut entries) = met.into_inner().unwrap_or_default();
    errors.sort_by_cached_key(ignore::Error::to_string);
    // Sorted name by name from the root: the separator sorts before every byte of a name.
    entries.sort_by_cached_key(|(path, _)| -> Vec<u8> {
        let bytes = path.as_os_str().as_encoded_bytes().iter();
        bytes.map(|&b| if std::path::is_separator(char::from(b)) { 0 } else { b }).collect()
    });
    (errors, entries)
}

/// Whether it is a kustomization, by its name.
pub fn is_kustomization(path: &Path) -> bool {
    path.file_name().is_some_and(|name| FILE_NAMES.iter().any(|k| name == *k))
}

fn excluded(exclude: &globset::GlobSet, relative: &Path) -> bool {
    !exclude.is_empty()
        && (exclude.is_match(relative)
            || relative.file_name().is_some_and(|name| exclude.is_match(name)))
}

pub(super) fn has_manifest_extension(path: &Path) -> bool {
    path.extension()
        .and_then(std::ffi::OsStr::to_str)
        .is_some_and(|e| ["yaml", "yml", "json"].iter().any(|known| e.eq_ignore_ascii_case(known)))
}

/// The properties of the folders around files; each folder is read once.
#[derive(Default)]
pub struct Surroundings {
    kustomizations: BTreeMap<PathBuf, Option<String>>,
    chart_templates: BTreeMap<PathBuf, bool>,
    /// The number of files and folders that git ignores.
    pub ignored: usize,
}

impl Surroundings {
    /// The kustomization in a folder or the nearest one above it, up to the root of the git
    /// repository; outside of a repository, up to the root of the file system.
    pub fn kustomization(&mut self, folder: &Path) -> Option<String> {
        if let Some(known) = self.kustomizations.get(folder) {
            return known.clone();
        }
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let own = FILE_NAMES.iter().map(|name| here.join(name)).find(|path| path.is_file());
        let found = match own {
            Some(path) => Some(display(path.strip_prefix("./").unwrap_or(&path))),
            None if here.join(".git").exists() => None,
            None => self.parent(here).and_then(|parent| self.kustomization(&parent)),
        };
        self.kustomizations.insert(folder.to_path_buf(), found.clone());
        found
    }

    /// Whether a folder is `templates` of a Helm chart, or below one.
    pub fn is_chart_template(&mut self, folder: &Path) -> bool {
        if let Some(&known) = self.chart_templates.get(folder) {
            return known;
        }
        let parent = self.parent(folder);
        let own = folder.file_name().is_some_and(|name| name == "templates")
            && parent.as_ref().is_some_and(|p| p.join("Chart.yaml").is_file());
        let found = own || parent.is_some_and(|p| self.is_chart_template(&p));
        self.chart_templates.insert(folder.to_path_buf(), found);
        found
    }

    /// The folder above; if a relative path has none left, by its real path.
    fn parent(&self, folder: &Path) -> Option<PathBuf> {
        match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Some(parent.to_path_buf()),
            _ => std::fs::canonicalize(folder).ok()?.parent().map(Path::to_path_buf),
        }
    }
}
