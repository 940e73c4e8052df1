//! Caches results about overlays between runs, in the user's cache folder, outside of every repository. An
//! entry holds stamps and findings, never a manifest and so never a Secret. The name of an entry is a
//! digest of everything on which it depends, so a wrong entry is never used. If the cache fails in any way,
//! the overlay is built.

use std::io::Write;
use std::path::PathBuf;

/// The folder of the entries, if the user has a cache folder.
pub struct Cache(Option<PathBuf>);

impl Cache {
    /// The cache of this user.
    pub fn of_user() -> Self {
        Self(user_folder().map(|folder| folder.join("rollstamp").join("builds")))
    }

    /// The entry with this name.
    pub fn get(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.0.as_ref()?.join(name)).ok()
    }

    /// Stores an entry. Readers see a whole entry or none.
    pub fn put(&self, name: &str, entry: &str) {
        let Some(folder) = &self.0 else { return };
        let kept = std::fs::create_dir_all(folder).and_then(|()| {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(entry.as_bytes())?;
            file.persist(folder.join(name)).map_err(|error| error.error)
        });
        // The next run builds again.
        let _ = kept;
    }
}

/// The folder for caches: `XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on
/// Windows.
fn user_folder() -> Option<PathBuf> {
    let folder = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from).filter(|path| path.is_absolute())
    };
    if cfg!(windows) {
        return folder("LOCALAPPDATA");
    }
    let below_home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
    folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(below_home)))
}
