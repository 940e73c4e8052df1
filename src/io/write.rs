//! Replaces files atomically: a reader sees the old text or the new one, never a part.

use crate::finding::{Code, Finding};
use crate::yaml::EditSet;
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempPath;

/// A file to replace.
pub struct Replacement<'a> {
    /// Its path.
    pub path: &'a Path,
    /// Its name in messages.
    pub name: &'a str,
    /// Its text when it was read.
    pub before: &'a str,
    /// The edits.
    pub edits: &'a EditSet,
    /// The group of files that must be written together.
    pub kind: WriteGroup,
}

/// The group of files that must be written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteGroup {
    /// The file is written separately.
    Alone,
    /// The file holds a renamed source, to which other files refer.
    Named,
    /// The file refers to a renamed source in another file.
    Naming,
}

/// Whether a folder is the top of a git repository.
pub fn is_repository(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// Creates a new file. An existing file or link with this name does not change.
///
/// # Errors
/// When the name exists, or the system cannot write.
pub fn create(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::File::create_new(path)?.write_all(text.as_bytes())
}

/// Copies the running program into a folder, with its own name. The copy appears atomically.
///
/// # Errors
/// When the system cannot find the file of the program, or cannot write.
pub fn copy_program(folder: &Path) -> std::io::Result<()> {
    let program = std::env::current_exe()?;
    let name = program.file_name().unwrap_or("rollstamp".as_ref());
    let copy = tempfile::Builder::new().prefix(".rollstamp-").tempfile_in(folder)?;
    std::fs::copy(&program, copy.path())?;
    copy.persist(folder.join(name))?;
    Ok(())
}

/// Whether a file was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The file was written.
    Yes,
    /// The file was written under another name, because two names lead to it.
    UnderAnotherName,
    /// The file was not written.
    No,
}

/// Replaces files. Files of [`WriteGroup::Alone`] are independent: if one cannot be written, the others
/// still are. The other files are either all replaced or none, because a reference to a missing name keeps
/// pods from starting. A file with two names is written once, if both changes are equal. Returns for each
/// file whether it was written, and the findings.
pub fn all(replacements: &[Replacement<'_>]) -> (Vec<Written>, Vec<Finding>) {
    let real: Vec<PathBuf> = replacements
        .iter()
        .map(|r| std::fs::canonicalize(r.path).unwrap_or_else(|_| r.path.to_path_buf()))
        .collect();
    let mut same: BTreeMap<&Path, Vec<usize>> = BTreeMap::new();
    for (i, real) in real.iter().enumerate() {
        same.entry(real).or_default().push(i);
    }
    let mut written = vec![Written::No; replacements.len()];
    let mut findings = Vec::new();
    let mut together = Vec::new();
    let mut names_fail = false;
    for (i, wanted) in replacements.iter().enumerate() {
        let is_alone = wanted.kind == WriteGroup::Alone;
        match same_file(replacements, &same[real[i].as_path()], i) {
            Some(SameFile::Written) => written[i] = Written::UnderAnotherName,
            Some(SameFile::Differs(finding)) => {
                findings.push(*finding);
                names_fail |= !is_alone;
            }
            None if is_alone => match Prepared::new(wanted).and_then(Prepared::replace) {
                Ok(warning) => {
                    written[i] = Written::Yes;
                    findings.extend(warning);
                }
                Err(finding) => findings.push(finding),
            },
            None => match Prepared::new(wanted) {
                Ok(prepared) => together.push((i, prepared)),
                Err(finding) => {
                    findings.push(finding.help(NAMES_STAY));
                    names_fail = true;
                }
            },
        }
    }
    if !names_fail {
        let done = replace_together(replacements, together);
        done.0.into_iter().for_each(|i| written[i] = Written::Yes);
        findings.extend(done.1);
    }
    (written, findings)
}

/// Creates, replaces or removes a file: `before` is its present text and `after` its new text; `None`
/// stands for a missing file.
pub fn file(path: &Path, name: &str, before: Option<&str>, after: Option<&str>) -> Vec<Finding> {
    let failed = |error: &std::io::Error| unwritable(name, error);
    match (before, after) {
        (None, None) => Vec::new(),
        (Some(before), Some(after)) if before == after => Vec::new(),
        (Some(before), Some(after)) => {
            let whole = crate::text::Span::new(0, before.len());
            let edit = crate::yaml::Edit { span: whole, replacement: after.to_owned() };
            let edits = EditSet::new(vec![edit]).unwrap_or_default();
            all(&[Replacement { path, name, before, edits: &edits, kind: WriteGroup::Alone }]).1
        }
        (None, Some(after)) => {
            let folder = path.parent().unwrap_or(Path::new("."));
            let written = tempfile::Builder::new()
                .prefix(".rollstamp-")
                .permissions_like_new_files()
                .tempfile_in(folder)
                .and_then(|mut temporary| {
                    temporary.write_all(after.as_bytes())?;
                    temporary.as_file().sync_all()?;
                    // A file that was created there in the meantime stays.
                    temporary.persist_noclobber(path).map_err(|error| error.error)
                });
            written.err().iter().map(failed).collect()
        }
        (Some(before), None) => match std::fs::read(path) {
            Ok(now) if now != before.as_bytes() => vec![Finding::changed(name)],
            Ok(_) => std::fs::remove_file(path).err().iter().map(failed).collect(),
            Err(error) => vec![failed(&error)],
        },
    }
}

/// Gives a temporary file the usual permissions of new files: reading and writing, limited by the umask.
/// Otherwise only its owner could read it.
trait PermissionsOfNewFiles {
    fn permissions_like_new_files(&mut self) -> &mut Self;
}

impl PermissionsOfNewFiles for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt as _;
        self.permissions(std::fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_new_files(&mut self) -> &mut Self {
        self
    }
}

const NAMES_STAY: &str =
    "no file in which a name changes was written: the names depend on one another";

/// The result for a replacement whose file another replacement also changes, under another name.
enum SameFile {
    /// The file was written with the other replacement.
    Written,
    /// The two replacements differ.
    Differs(Box<Finding>),
}

/// Compares the replacements of one file; `same` are all replacements of the file of replacement `i`.
fn same_file(replacements: &[Replacement<'_>], same: &[usize], i: usize) -> Option<SameFile> {
    let wanted = &replacements[i];
    if same.iter().any(|&j| replacements[j].edits != wanted.edits) {
        let message = format!(
            "{} is reached by two names, and its stamps would differ; it is left alone",
            wanted.name
        );
        let finding = Finding::new(Code::EditRefused, message)
            .in_file(wanted.name)
            .help("leave one of the two out with --exclude")
            .refusing();
        return Some(SameFile::Differs(Box::new(finding)));
    }
    same.iter().any(|&j| j < i).then_some(SameFile::Written)
}

/// Moves prepared files to their places: first the files with renamed sources, then those that refer to
/// them, so that a second run can complete an interrupted one. If one fails, the earlier files get their
/// old texts back.
fn replace_together(
    replacements: &[Replacement<'_>],
    mut together: Vec<(usize, Prepared<'_>)>,
) -> (Vec<usize>, Vec<Finding>) {
    together.sort_by_key(|(i, _)| (replacements[*i].kind == WriteGroup::Naming, *i));
    let mut done = Vec::new();
    let mut findings = Vec::new();
    for (i, prepared) in together {
        match prepared.replace() {
            Ok(warning) => {
                done.push(i);
                findings.extend(warning);
            }
            Err(finding) => {
                findings = vec![finding.help(NAMES_STAY)];
                for i in done {
                    let undone = Prepared::old(&replacements[i]).and_then(Prepared::replace);
                    findings.extend(undone.err());
                }
                return (Vec::new(), findings);
            }
        }
    }
    (done, findings)
}

/// A new text in a temporary file beside the old file: only the rename is missing.
struct Prepared<'a> {
    name: &'a str,
    target: PathBuf,
    metadata: Metadata,
    temporary: TempPath,
}

fn failed(name: &str, what: &str, error: &std::io::Error) -> Finding {
    unwritable(name, format_args!("{what}: {error}"))
}

fn unwritable(name: &str, why: impl std::fmt::Display) -> Finding {
    Finding::new(Code::UnreadableFile, format!("{name} cannot be written: {why}"))
        .in_file(name)
        .refusing()
}

impl<'a> Prepared<'a> {
    /// Writes the edited text of a file beside it: a temporary file in the same folder takes the text, is
    /// flushed to the disk, and gets the mode and the owner of the old file. A symbolic link is followed to
    /// its target.
    ///
    /// # Errors
    /// A finding: the file changed after it was read, is read-only, or its folder accepts no new file. The
    /// file does not change.
    fn new(replacement: &Replacement<'a>) -> Result<Self, Finding> {
        let Replacement { path, name, before, edits, .. } = *replacement;
        let prepared = Self::text(path, name, edits.slices(before))?;
        let now =
            std::fs::read(&prepared.target).map_err(|e| failed(name, "reading it again", &e))?;
        match now == before.as_bytes() {
            true => Ok(prepared),
            false => Err(Finding::changed(name)),
        }
    }

    /// The same with the old text.
    fn old(replacement: &Replacement<'a>) -> Result<Self, Finding> {
        let Replacement { path, name, before, .. } = *replacement;
        Self::text(path, name, std::iter::once(before))
    }

    fn text<'t>(
        path: &Path,
        name: &'a str,
        pieces: impl Iterator<Item = &'t str>,
    ) -> Result<Self, Finding> {
        let failed = |what: &str, error: &std::io::Error| failed(name, what, error);
        let target = std::fs::canonicalize(path).map_err(|e| failed("finding it", &e))?;
        let metadata = std::fs::metadata(&target).map_err(|e| failed("looking at it", &e))?;
        if metadata.permissions().readonly() {
            return Err(unwritable(name, "it is read-only"));
        }
        let folder = target.parent().unwrap_or(Path::new("."));
        let mut temporary = tempfile::Builder::new()
            .prefix(".rollstamp-")
            .tempfile_in(folder)
            .map_err(|e| failed("making a temporary file", &e))?;
        for piece in pieces {
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
        // Many prepared files may exist, but only a limited number of files can be open.
        let temporary = temporary.into_temp_path();
        Ok(Self { name, target, metadata, temporary })
    }

    /// Renames it over the old one.
    ///
    /// # Errors
    /// A finding; the file does not change. On success, a warning about other hard links may be returned.
    fn replace(self) -> Result<Option<Finding>, Finding> {
        let Self { name, target, metadata, temporary } = self;
        let renamed = temporary.persist(&target);
        renamed.map_err(|e| failed(name, "renaming a temporary file", &e.error))?;
        // The rename is atomic; this also makes it survive a power failure, if the system supports it.
        if let Some(Ok(folder)) = target.parent().map(std::fs::File::open) {
            let _ = folder.sync_all();
        }
        Ok(hard_links(name, &metadata))
    }
}

/// Only root can change the owner of a file; other users already own the files that they write.
#[cfg(unix)]
fn keep_owner(file: &std::fs::File, metadata: &Metadata) {
    use std::os::unix::fs::MetadataExt;
    let _ = std::os::unix::fs::fchown(file, Some(metadata.uid()), Some(metadata.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &std::fs::File, _: &Metadata) {}

#[cfg(unix)]
fn hard_links(name: &str, metadata: &Metadata) -> Option<Finding> {
    use std::os::unix::fs::MetadataExt;
    (metadata.nlink() > 1).then(|| {
        let others = metadata.nlink() - 1;
        let message = format!("{name} had {others} other hard links, which keep the old text");
        Finding::new(Code::HardLink, message).in_file(name)
    })
}

#[cfg(not(unix))]
fn hard_links(_: &str, _: &Metadata) -> Option<Finding> {
    None
}
