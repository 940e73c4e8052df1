//! Replaces a file as a whole: whoever looks sees the old text or the new one, never a part.

use crate::finding::{Code, Finding};
use crate::yaml::EditSet;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

/// A file to replace.
pub struct Replacement<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What people call it.
    pub name: &'a str,
    /// Its text when it was read.
    pub before: &'a str,
    /// What changes.
    pub edits: &'a EditSet,
}

/// Whether a folder is the top of a git repository.
pub fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// Makes a new file. One that is there, or a link of that name, stays as it is.
///
/// # Errors
/// When something of that name is there, or the system cannot write.
pub fn create(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Copies the running program into a folder, under its own name, so that nobody ever finds a part.
///
/// # Errors
/// When the system cannot say which file runs, or cannot write.
pub fn copy_program(folder: &Path) -> std::io::Result<()> {
    let program = std::env::current_exe()?;
    let name = program.file_name().unwrap_or("rollstamp".as_ref());
    let copy = tempfile::Builder::new().prefix(".rollstamp-").tempfile_in(folder)?;
    std::fs::copy(&program, copy.path())?;
    copy.persist(folder.join(name))?;
    Ok(())
}

/// Replaces files, each by itself: what cannot be written does not keep the others from it. A file
/// that two names lead to is written once, if both want the same. The answer tells for each
/// whether it was written, and what there is to say.
pub fn all(replacements: &[Replacement<'_>]) -> (Vec<bool>, Vec<Finding>) {
    let real: Vec<_> = replacements
        .iter()
        .map(|r| std::fs::canonicalize(r.path).unwrap_or_else(|_| r.path.to_path_buf()))
        .collect();
    let mut same: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (i, real) in real.iter().enumerate() {
        same.entry(real).or_default().push(i);
    }
    let mut written = vec![false; replacements.len()];
    let mut findings = Vec::new();
    for (i, wanted) in replacements.iter().enumerate() {
        let mut others = same[real[i].as_path()].iter().copied().filter(|&j| j != i);
        if others.clone().any(|j| replacements[j].edits != wanted.edits) {
            findings.push(
                Finding::new(
                    Code::EditRefused,
                    format!(
                        "{} is reached by two names, and its stamps would differ; it is left alone",
                        wanted.name
                    ),
                )
                .in_file(wanted.name)
                .help("leave one of the two out with --exclude")
                .refusing(),
            );
            continue;
        }
        if others.any(|j| j < i) {
            continue;
        }
        match replace(wanted) {
            Ok(warning) => {
                written[i] = true;
                findings.extend(warning);
            }
            Err(finding) => findings.push(finding),
        }
    }
    (written, findings)
}

/// Writes the edited text of a file in the place of its text when it was read.
///
/// A temporary file in the same folder takes the text, is flushed to the disk, gets the mode and
/// the owner of the old file, and is renamed over it. A symbolic link is written through to its
/// target.
///
/// # Errors
/// A finding: the file changed since it was read, is read-only, or cannot be written. The file is
/// then as it was. On success there may be a warning about other hard links.
fn replace(replacement: &Replacement<'_>) -> Result<Option<Finding>, Finding> {
    let Replacement { path, name, before, edits } = *replacement;
    let failed = |what: &str, error: &std::io::Error| {
        Finding::new(Code::UnreadableFile, format!("{name} cannot be written: {what}: {error}"))
            .in_file(name)
            .refusing()
    };
    let target = std::fs::canonicalize(path).map_err(|e| failed("finding it", &e))?;
    let metadata = std::fs::metadata(&target).map_err(|e| failed("looking at it", &e))?;
    if metadata.permissions().readonly() {
        return Err(Finding::new(
            Code::UnreadableFile,
            format!("{name} cannot be written: it is read-only"),
        )
        .in_file(name)
        .refusing());
    }
    let now = std::fs::read(&target).map_err(|e| failed("reading it again", &e))?;
    if now != before.as_bytes() {
        return Err(Finding::changed(name));
    }
    let folder = target.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new()
        .prefix(".rollstamp-")
        .tempfile_in(folder)
        .map_err(|e| failed("making a temporary file", &e))?;
    for piece in edits.slices(before) {
        temporary
            .write_all(piece.as_bytes())
            .map_err(|e| failed("writing a temporary file", &e))?;
    }
    keep_owner(temporary.as_file(), &metadata);
    temporary
        .as_file()
        .set_permissions(metadata.permissions())
        .and_then(|()| temporary.as_file().sync_all())
        .map_err(|e| failed("flushing a temporary file", &e))?;
    temporary.persist(&target).map_err(|e| failed("renaming a temporary file", &e.error))?;
    // The rename is atomic already; this makes it last through a power failure where that works.
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(hard_links(name, &metadata))
}

/// Only root may give files away; others already own what they write.
#[cfg(unix)]
fn keep_owner(file: &std::fs::File, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    let _ = std::os::unix::fs::fchown(file, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &std::fs::Metadata) {}

#[cfg(unix)]
fn hard_links(name: &str, metadata: &std::fs::Metadata) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt;
    (metadata.nlink() > 1).then(|| {
        Finding::new(
            Code::HardLink,
            format!(
                "{name} had {} other hard links, which keep the old text",
                metadata.nlink() - 1
            ),
        )
        .in_file(name)
    })
}

#[cfg(not(unix))]
fn hard_links(_: &str, _: &std::fs::Metadata) -> Option<Finding> {
    None
}
