//! Finds the files that git ignores below a folder, by the `.gitignore` files of its repository. As in git,
//! `.gitignore` files above the root of the repository do not count. The user's own git configuration and
//! `.git/info/exclude` do not count either, because the output must not depend on the environment. A file
//! that git tracks is read even if a rule excludes it.

use super::git_index::Tracked;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The rules of a walk.
pub(super) struct IgnoreRules {
    /// The named folder, as the user wrote it.
    root: PathBuf,
    /// Its real path.
    real: PathBuf,
    /// The folders by their real paths. They are compared as bytes, which is faster than by the parts of a
    /// path.
    folders: Mutex<BTreeMap<OsString, Arc<Folder>>>,
    /// The number of excluded files and folders.
    count: AtomicUsize,
}

/// The rules of a folder.
struct Folder {
    rules: Option<Gitignore>,
    above: Option<Arc<Self>>,
    repository: Option<Arc<TrackedRepository>>,
    /// Whether a rule ignores the whole folder, so that only tracked files in it count.
    whole: bool,
}

struct TrackedRepository {
    root: PathBuf,
    tracked: OnceLock<Tracked>,
}

impl IgnoreRules {
    /// The rules below a named folder.
    pub(super) fn below(root: &Path) -> Self {
        let real = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
        Self {
            root: root.to_path_buf(),
            real,
            folders: Mutex::default(),
            count: AtomicUsize::new(0),
        }
    }

    /// The real path of the named folder.
    pub(super) fn real_root(&self) -> &Path {
        &self.real
    }

    /// The number of excluded files and folders.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether a file or folder below the root is excluded.
    pub(super) fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return false };
        // No folder below the root is a link.
        let real = self.real.join(below);
        let Some(parent) = real.parent() else { return false };
        let folder = self.folder(parent);
        if !folder.ignores(&real, is_folder) || self.is_tracked(&folder, &real, is_folder) {
            return false;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn is_tracked(&self, folder: &Arc<Folder>, real: &Path, is_folder: bool) -> bool {
        let Some(repository) = &folder.repository else { return false };
        let Ok(below) = real.strip_prefix(&repository.root) else { return false };
        let name = super::display(below).into_bytes();
        let tracked = repository.tracked.get_or_init(|| Tracked::of(&repository.root));
        if !is_folder {
            return tracked.has(&name);
        }
        let any = tracked.has_below(&name);
        if any {
            let inner = Folder {
                rules: None,
                above: None,
                repository: Some(Arc::clone(repository)),
                whole: true,
            };
            self.lock().insert(real.as_os_str().to_owned(), Arc::new(inner));
        }
        any
    }

    /// The rules of a folder, each read once.
    fn folder(&self, real: &Path) -> Arc<Folder> {
        if let Some(known) = self.lock().get(real.as_os_str()) {
            return Arc::clone(known);
        }
        let is_repository = real.join(".git").symlink_metadata().is_ok();
        let above = match real.parent() {
            Some(parent) if !is_repository && self.reaches(parent) => Some(self.folder(parent)),
            _ => None,
        };
        let new = || TrackedRepository { root: real.to_path_buf(), tracked: OnceLock::new() };
        let repository = match &above {
            _ if is_repository => Some(Arc::new(new())),
            Some(above) => above.repository.clone(),
            None => None,
        };
        let found = Arc::new(Folder {
            rules: rules(real),
            // A folder below an ignored folder is ignored, whatever its own rules are.
            whole: above.as_ref().is_some_and(|above| above.whole),
            above,
            repository,
        });
        // Another thread may have stored the rules in the meantime.
        Arc::clone(self.lock().entry(real.as_os_str().to_owned()).or_insert(found))
    }

    /// Whether the rules of a folder can apply below the root: the folder is the root or below it, or
    /// between the root and the root of its repository.
    fn reaches(&self, folder: &Path) -> bool {
        folder.starts_with(&self.real)
            || (self.real.starts_with(folder)
                && folder.ancestors().any(|f| f.join(".git").symlink_metadata().is_ok()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<OsString, Arc<Folder>>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folder {
    /// Whether the nearest rule about a path ignores it.
    fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        if self.whole {
            return true;
        }
        let matched = self.rules.as_ref().map(|rules| rules.matched(path, is_folder));
        match matched {
            Some(Match::Ignore(_)) => true,
            Some(Match::Whitelist(_)) => false,
            _ => self.above.as_ref().is_some_and(|above| above.ignores(path, is_folder)),
        }
    }
}

/// The rules of the `.gitignore` file in a folder; git does not follow a link here.
fn rules(folder: &Path) -> Option<Gitignore> {
    let path = folder.join(".gitignore");
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut builder = GitignoreBuilder::new(folder);
    // A line that is not a glob is ignored; the others count.
    let _ = builder.add(path);
    builder.build().ok()
}
