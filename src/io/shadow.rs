//! A folder of the repository as a controller builds it, with another kustomization, beside the repository:
//! nothing in the repository itself changes. The folders on the way to it are made anew in the system's
//! folder for temporary files, and everything in them that is not on the way is a link.

use crate::k8s::kustomize_names::FILE_NAMES;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Such a folder. It goes when the value does.
pub(super) struct Shadow {
    _all: tempfile::TempDir,
    folder: PathBuf,
}

impl Shadow {
    /// Makes it for `folder`, which is `root` or lies below it, both by their real paths. `kustomization` is
    /// the text of its kustomization.
    ///
    /// # Errors
    /// When something cannot be read or made.
    pub(super) fn new(root: &Path, folder: &Path, kustomization: &str) -> io::Result<Self> {
        let all = tempfile::Builder::new().prefix("rollstamp-").tempdir()?;
        // A link in the path to it would lead out of it for kustomize.
        let mut at = std::fs::canonicalize(all.path())?;
        let mut real = root.to_path_buf();
        let way = folder.strip_prefix(root).map_err(io::Error::other)?;
        for step in way.components() {
            link_all(&real, &at, &[step.as_os_str(), OsStr::new(".git")])?;
            real.push(step);
            at.push(step);
            std::fs::create_dir(&at)?;
        }
        let own: Vec<&OsStr> =
            FILE_NAMES.iter().map(OsStr::new).chain([OsStr::new(".git")]).collect();
        link_all(&real, &at, &own)?;
        std::fs::write(at.join(FILE_NAMES[0]), kustomization)?;
        Ok(Self { _all: all, folder: at })
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Makes a link to everything in a folder but these names.
fn link_all(real: &Path, at: &Path, but: &[&OsStr]) -> io::Result<()> {
    for entry in std::fs::read_dir(real)? {
        let entry = entry?;
        let name = entry.file_name();
        if !but.contains(&name.as_os_str()) {
            link(&entry.path(), &at.join(&name))?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(real: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(real, at)
}

#[cfg(windows)]
fn link(real: &Path, at: &Path) -> io::Result<()> {
    match real.is_dir() {
        true => std::os::windows::fs::symlink_dir(real, at),
        false => std::os::windows::fs::symlink_file(real, at),
    }
}

/// Elsewhere nothing is built.
#[cfg(not(any(unix, windows)))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
