//! What git ignores below a folder: what the `.gitignore` files of its repository say. Those above the
//! root of the repository do not count, as in git; nor does what the user's own git configuration and
//! `.git/info/exclude` say, because the environment must not choose the bytes. A file that git tracks
//! is there for everybody, whatever a rule says.

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
    /// Where it really is.
    real: PathBuf,
    /// By their real paths; the order of the bytes is cheaper than that of the parts of a path.
    folders: Mutex<BTreeMap<OsString, Arc<Folder>>>,
    /// How many files and folders were left out.
    count: AtomicUsize,
}

/// The rules of a folder.
struct Folder {
    rules: Option<Gitignore>,
    above: Option<Arc<Self>>,
    repository: Option<Arc<Repository>>,
    /// Whether a rule ignores the folder, and only tracked files in it count.
    whole: bool,
}

struct Repository {
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

    /// Where the named folder really is.
    pub(super) fn real_root(&self) -> &Path {
        &self.real
    }

    /// How many files and folders were left out.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Whether a file or folder below the root is left out.
    pub(super) fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else {
            return false;
        };
        // No folder below the root is a link.
        let real = self.real.join(below);
        let Some(parent) = real.parent() else {
            return false;
        };
        let folder = self.folder(parent);
        if !folder.ignores(&real, is_folder) || self.is_tracked(&folder, &real, is_folder) {
            return false;
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn is_tracked(&self, folder: &Arc<Folder>, real: &Path, is_folder: bool) -> bool {
        let Some(repository) = &folder.repository else {
            return false;
        };
        let Ok(below) = real.strip_prefix(&repository.root) else {
            return false;
        };
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
        let new = || Repository { root: real.to_path_buf(), tracked: OnceLock::new() };
        let repository = match &above {
            _ if is_repository => Some(Arc::new(new())),
            Some(above) => above.repository.clone(),
            None => None,
        };
        let found = Arc::new(Folder {
            rules: rules(real),
            // What is whole ignored stays so, whatever is written in it.
            whole: above.as_ref().is_some_and(|above| above.whole),
            above,
            repository,
        });
        // Another thread may have been here meanwhile.
        Arc::clone(self.lock().entry(real.as_os_str().to_owned()).or_insert(found))
    }

    /// Whether the rules of a folder can be about something below the root: it is the root or lies in
    /// it, or it lies between it and the root of its repository.
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

/// The rules of the `.gitignore` file in a folder; git reads no link there.
fn rules(folder: &Path) -> Option<Gitignore> {
    let path = folder.join(".gitignore");
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut builder = GitignoreBuilder::new(folder);
    // A line that is no glob says nothing; the others count.
    let _ = builder.add(path);
    builder.build().ok()
}
