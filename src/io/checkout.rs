//! Writes a revision to a folder outside of the repository, for programs that read files.

use super::git::{Revision, git};
use anyhow::Context;
use std::path::{Path, PathBuf};

/// The files of a revision in a temporary folder, which is deleted when the value is dropped. The working
/// tree, the index and the references of the repository do not change.
pub struct Checkout {
    folder: tempfile::TempDir,
    tree: PathBuf,
}

impl Checkout {
    /// Writes every file of a revision, as a checkout would.
    ///
    /// # Errors
    /// When the disk is full, or `git` fails.
    pub fn of(revision: &Revision) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("rollstamp").tempdir();
        let folder = folder.context("failed to make a temporary folder")?;
        let whole = std::fs::canonicalize(folder.path()).unwrap_or_else(|_| folder.path().into());
        let (index, tree) = (whole.join("index"), whole.join("tree"));
        // An overlay may include files anywhere in its repository, and none outside of it.
        let marked = std::fs::create_dir_all(tree.join(".git"));
        marked.context("failed to write to the temporary folder")?;
        let git = |arguments: &[&str]| git(revision.top(), arguments, Some(&index));
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
