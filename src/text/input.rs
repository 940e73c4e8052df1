//! The input files of a run: each text with how it was found.

use super::InputFile;
use std::path::PathBuf;

/// A text and how it came to us.
pub struct Input {
    /// The text.
    pub file: InputFile,
    /// How it was found.
    pub found: Found,
    /// Where it lies on disk; of the standard input and of what nobody writes, nothing.
    pub path: Option<PathBuf>,
    /// The folder that it lies in, as text; of the standard input, nothing.
    pub folder: String,
    /// The kustomization that it lies below: what it says is raw material for that one.
    pub kustomization: Option<String>,
    /// Its path below the folder of the configuration, `/` between folders, where that declares units.
    pub below: Option<String>,
}

/// How a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It is the standard input.
    Stream,
    /// It was named on the command line.
    Named,
    /// It was met below a named folder: the position of that folder among the arguments.
    Walked(usize),
    /// Nobody named it, but others need it: it is read, and never written nor printed.
    Context,
}

/// How many files below the named folders were walked past, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Template text of Helm, Jinja and the like.
    pub templates: usize,
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
}
