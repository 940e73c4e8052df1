//! Copies a folder of the repository with another kustomization, as a controller builds it, outside of the
//! repository: the repository itself does not change. The folders on the path to it are created in the
//! system's temporary folder, and everything else in them is a link.

use crate::k8s::kustomize_names::FILE_NAMES;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

/// Such a folder. It is deleted when the value is dropped.
pub(super) struct Shadow {
    _all: tempfile::TempDir,
    folder: PathBuf,
}

impl Shadow {
    /// Creates it for `folder`, which is `root` or below it, both given by their real paths.
    /// `kustomization` is the text of its kustomization.
    ///
    /// # Errors
    /// When a file or folder cannot be read or created.
    pub(super) fn new(root: &Path, folder: &Path, kustomization: &str) -> io::Result<Self> {
        let all = tempfile::Builder::new().prefix("rollstamp-").tempdir()?;
        // If the path contained a link, kustomize would treat the folder as outside of it.
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

    /// Its path.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Creates a link for each entry of a folder, except these names.
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

/// Other systems cannot create links, so nothing is built there.
#[cfg(not(any(unix, windows)))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
