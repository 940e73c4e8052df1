//! The input files of a run: each text with how it was found.

use std::path::PathBuf;

/// A text, and how it was found.
pub struct Input {
    /// The path as it was named or found, with `/` between folders, or `<stdin>`.
    pub name: String,
    /// How it was found.
    pub found: Found,
    /// Where it lies on disk; of the standard input and of what nobody writes, nothing.
    pub path: Option<PathBuf>,
    /// The hash of the text when it was read (XXH3); of what cannot be read again, nothing.
    pub fingerprint: Option<u64>,
    /// The folder that it lies in, as text; of the standard input, nothing.
    pub folder: String,
    /// The kustomization that it lies below: what it says is raw material for that one.
    pub kustomization: Option<String>,
    /// Its path below the folder of the configuration, `/` between folders, where that declares units.
    pub below: Option<String>,
    /// How many steps it lies below the named folder, itself among them; of what was not met below one,
    /// nothing.
    pub depth: usize,
}

impl Input {
    /// A text of this name, of which nothing else is known.
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

    /// Whether the user named it, or a folder above it, so that it is written and printed.
    pub fn is_named(&self) -> bool {
        !matches!(self.found, Found::Context | Found::Built)
    }

    /// Whether the user named it, or a kustomization that builds it, so that what is wrong with it is said.
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
    /// It was met below a named folder: the position of that folder among the arguments.
    Walked(usize),
    /// A kustomization that was named, or met below a named folder, builds it: what is wrong with it is
    /// said, and it is never written nor printed.
    Built,
    /// Nobody named it, but others need it: it is read, and never written nor printed.
    Context,
}

/// How many files below the named folders were walked past, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Template text of Helm, Jinja and the like.
    pub templates: usize,
    /// Helm charts whose templates were among them.
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
    /// Files and folders that a `.gitignore` leaves out; what lies in the folders is not counted.
    pub ignored: usize,
}

impl Skipped {
    /// How many files that is.
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
