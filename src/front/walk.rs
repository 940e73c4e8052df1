//! Finds the manifests below a folder, and tells apart what looks like one.

use super::display;
use crate::k8s::kustomize::FILE_NAMES;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file met below a named folder.
pub struct Met {
    /// Where it is, as the user would name it.
    pub path: PathBuf,
    /// The folder it lies in.
    pub folder: PathBuf,
    /// What it is.
    pub what: What,
    /// The kustomization that it lies below.
    pub kustomization: Option<String>,
}

/// What a file is, by its name and place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It may be a manifest.
    Candidate,
    /// A kustomization: it says how others are used, and is never applied.
    Kustomization,
    /// A template of a Helm chart.
    ChartTemplate,
    /// A symbolic link that leads out of the folder.
    Outside,
}

/// Everything below a folder that may be a manifest, sorted by name. `.gitignore` is honoured and
/// hidden folders are skipped; what the user's own git configuration ignores is not asked, because
/// the environment must not choose the bytes.
pub fn walk(
    root: &Path,
    exclude: &globset::GlobSet,
    surroundings: &mut Surroundings,
) -> Vec<Result<Met, ignore::Error>> {
    let real_root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
    let below = root.to_path_buf();
    let exclude = exclude.clone();
    let walker = ignore::WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .filter_entry(move |entry| {
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            let is_folder = entry.file_type().is_some_and(|t| t.is_dir());
            let relative = entry.path().strip_prefix(&below).unwrap_or(entry.path());
            entry.depth() == 0 || !(is_folder && hidden || excluded(&exclude, relative))
        })
        .build();
    let mut met = Vec::new();
    for entry in walker {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                met.push(Err(error));
                continue;
            }
        };
        let Some(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            continue;
        }
        let path = entry.path();
        let folder = path.parent().unwrap_or(root).to_path_buf();
        let is_kustomization = path
            .file_name()
            .is_some_and(|name| FILE_NAMES.iter().any(|k| name == *k));
        if !is_kustomization && !has_manifest_extension(path) {
            continue;
        }
        let what = if is_kustomization {
            What::Kustomization
        } else if kind.is_symlink() {
            match std::fs::canonicalize(path) {
                Ok(target) if target.is_dir() => continue,
                Ok(target) if target.starts_with(&real_root) => What::Candidate,
                _ => What::Outside,
            }
        } else if surroundings.is_chart_template(&folder) {
            What::ChartTemplate
        } else {
            What::Candidate
        };
        met.push(Ok(Met {
            kustomization: surroundings.kustomization(&folder),
            path: path.to_path_buf(),
            folder,
            what,
        }));
    }
    met
}

fn excluded(exclude: &globset::GlobSet, relative: &Path) -> bool {
    !exclude.is_empty()
        && (exclude.is_match(relative)
            || relative
                .file_name()
                .is_some_and(|name| exclude.is_match(name)))
}

fn has_manifest_extension(path: &Path) -> bool {
    path.extension()
        .and_then(std::ffi::OsStr::to_str)
        .is_some_and(|e| {
            ["yaml", "yml", "json"]
                .iter()
                .any(|known| e.eq_ignore_ascii_case(known))
        })
}

/// What stands in the folders around a file, each folder looked at once.
#[derive(Default)]
pub struct Surroundings {
    kustomizations: BTreeMap<PathBuf, Option<String>>,
    chart_templates: BTreeMap<PathBuf, bool>,
}

impl Surroundings {
    /// The kustomization in a folder or the nearest one above it, up to the root of the git
    /// repository; outside of a repository, up to the root of the file system.
    pub fn kustomization(&mut self, folder: &Path) -> Option<String> {
        if let Some(known) = self.kustomizations.get(folder) {
            return known.clone();
        }
        let here = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let own = FILE_NAMES
            .iter()
            .map(|name| here.join(name))
            .find(|path| path.is_file());
        let found = match own {
            Some(path) => Some(display(path.strip_prefix("./").unwrap_or(&path))),
            None if here.join(".git").exists() => None,
            None => self
                .parent(here)
                .and_then(|parent| self.kustomization(&parent)),
        };
        self.kustomizations
            .insert(folder.to_path_buf(), found.clone());
        found
    }

    /// Whether a folder is `templates` of a Helm chart, or lies below one.
    pub fn is_chart_template(&mut self, folder: &Path) -> bool {
        if let Some(&known) = self.chart_templates.get(folder) {
            return known;
        }
        let parent = self.parent(folder);
        let own = folder.file_name().is_some_and(|name| name == "templates")
            && parent
                .as_ref()
                .is_some_and(|p| p.join("Chart.yaml").is_file());
        let found = own || parent.is_some_and(|p| self.is_chart_template(&p));
        self.chart_templates.insert(folder.to_path_buf(), found);
        found
    }

    /// The folder above; of a relative path that has none left, by its real place.
    fn parent(&self, folder: &Path) -> Option<PathBuf> {
        match folder.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => Some(parent.to_path_buf()),
            _ => std::fs::canonicalize(folder)
                .ok()?
                .parent()
                .map(Path::to_path_buf),
        }
    }
}
