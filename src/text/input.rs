//! The input files of a run: each text, and how it was found.

use std::path::PathBuf;

/// Whether the program has folders, and can write files and run other programs. The program of the page
/// (docs/try.md) has two texts and nothing else, and is smaller without the code for the rest.
pub const IS_ON_A_MACHINE: bool = !cfg!(target_family = "wasm");

/// A text, and how it was found.
pub struct Input {
    /// The path as it was named or found, with `/` between folders, or `<stdin>`.
    pub name: String,
    /// How it was found.
    pub found: Found,
    /// The path on disk; `None` for the standard input and for texts that are never written.
    pub path: Option<PathBuf>,
    /// The XXH3 hash of the text at the first read; `None` for a text that cannot be read again.
    pub fingerprint: Option<u64>,
    /// The folder of the file, as text; empty for the standard input.
    pub folder: String,
    /// The nearest kustomization above the file: kustomize builds the applied manifests from the
    /// file.
    pub kustomization: Option<String>,
    /// The path relative to the folder of the configuration, with `/` between folders, if the
    /// configuration declares units.
    pub below: Option<String>,
    /// The number of path components below the named folder, including the file; 0 for a file that
    /// was not found below a named folder.
    pub depth: usize,
}

impl Input {
    /// A text with this name, and no other properties.
    pub fn new(name: impl Into<String>, found: Found) -> Self {
        Self {
            name: name.into(),
            found,
            path: None,
            fingerprint: None,
            folder: String::new(),
            kustomization: None,
            below: None,
            depth: 0,
        }
    }

    /// Whether the user named the file, or a folder above it, so that rollstamp writes and prints
    /// it.
    pub fn is_named(&self) -> bool {
        !matches!(self.found, Found::Context | Found::Built)
    }

    /// Whether the user named the file, or a kustomization that builds it, so that rollstamp
    /// reports its problems.
    pub fn is_looked_at(&self) -> bool {
        self.found != Found::Context
    }
}

/// How a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the standard input.
    Stream,
    /// It was named on the command line.
    Named,
    /// It was found below a named folder: the position of that folder among the arguments.
    Walked(usize),
    /// A kustomization that was named, or found below a named folder, builds it: its problems are
    /// reported, and it is never written or printed.
    Built,
    /// It was not named, but other files need it: it is read, and never written or printed.
    Context,
}

/// The number of skipped files below the named folders, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Templates of Helm, Jinja and similar programs.
    pub templates: usize,
    /// Helm charts whose templates were skipped.
    pub charts: usize,
    /// ytt programs.
    pub ytt: usize,
    /// Kustomization files.
    pub kustomizations: usize,
    /// Files that are not UTF-8, such as those locked by git-crypt.
    pub binary: usize,
    /// Text that is neither YAML nor JSON.
    pub unreadable: usize,
    /// YAML and JSON without a Kubernetes object: values, patches, CI files.
    pub without_objects: usize,
    /// Files and folders that a `.gitignore` excludes; the files in such folders are not counted.
    pub ignored: usize,
}

impl Skipped {
    /// The number of all skipped files.
    pub fn total(&self) -> usize {
        let Self {
            charts: _,
            templates,
            ytt,
            kustomizations,
            binary,
            unreadable,
            without_objects,
            ignored: _,
        } = *self;
        templates + ytt + kustomizations + binary + unreadable + without_objects
    }
}
