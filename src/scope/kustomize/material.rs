//! What a kustomization includes and reads: files and folders, patches, and material of generators.

use crate::text::FileId;

/// An included file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Child {
    /// Another kustomization, by its position.
    Kustomization(usize),
    /// This file.
    File(FileId),
    /// A resource that is not here: it is remote or missing.
    Absent,
}

/// A file with patches.
pub struct PatchFile {
    /// Its text.
    pub text: String,
    /// The file, if it is one of the inputs; it then holds no objects.
    pub input: Option<FileId>,
}

/// The bytes of a file that a generator reads. They may be those of a Secret: no Debug, no Display.
pub struct Material(pub Vec<u8>);
