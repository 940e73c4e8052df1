//! A revision as a folder outside of the repository, for programs that read files.

use super::git::Revision;
use anyhow::{Context, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The files of a revision in a temporary folder, which goes when this does. The working tree, the
/// index and the references of the repository stay as they are.
pub struct Checkout {
    folder: tempfile::TempDir,
    tree: PathBuf,
}

impl Checkout {
    /// Writes every file of a revision, as a checkout would.
    ///
    /// # Errors
    /// When there is no room, or `git` fails.
    pub fn of(revision: &Revision) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("rollstamp").tempdir();
        let folder = folder.context("failed to make a temporary folder")?;
        let whole = std::fs::canonicalize(folder.path()).unwrap_or_else(|_| folder.path().into());
        let (index, tree) = (whole.join("index"), whole.join("tree"));
        // An overlay may include what lies anywhere in its repository, and nothing outside of it.
        let marked = std::fs::create_dir_all(tree.join(".git"));
        marked.context("failed to write to the temporary folder")?;
        let git = |arguments: &[&str]| -> anyhow::Result<()> {
            let output = Command::new("git")
                .arg("-C")
                .arg(revision.top())
                .args(arguments)
                .env("GIT_INDEX_FILE", &index)
                .stdin(Stdio::null())
                .output()
                .context("failed to run `git`")?;
            if output.status.success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or_default().trim_start_matches("fatal: ");
            bail!("`git {}` failed: {said}", arguments[0])
        };
        git(&["read-tree", &revision.id])?;
        git(&["checkout-index", "--all", "--quiet", &format!("--prefix={}/", tree.display())])?;
        Ok(Self { folder, tree })
    }

    /// The folder that stands for the root of the repository.
    pub fn root(&self) -> &Path {
        debug_assert!(self.tree.starts_with(self.folder.path()) || self.tree.exists());
        &self.tree
    }
}
