//! Reads the named files and folders.

use super::disk::FileSystem;
use super::reload::fingerprint;
use super::stdin::Arriving;
use super::walk::{FileKind, Surroundings, WalkedFile, is_kustomization, walk};
use super::{declared_units, display, fill, here, kustomizations, real, too_large, utf8};
use crate::config::options::{Mode, Options};
use crate::config::policy::DeclaredUnit;
use crate::extract::{self, Facts};
use crate::finding::{Code, Finding};
use crate::parallel;
use crate::process::Loaded;
use crate::text::input::IS_ON_A_MACHINE;
use crate::text::input::{Found, Input};
use crate::text::{FileId, offset};
use anyhow::Context;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Whether texts stay in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All texts stay, because all are needed.
    All,
    /// Only texts that change stay; the others are read again if a part of them must be shown.
    Changed,
}

/// Loads `paths`: files, folders, and `-` for the standard input. A file that is reached twice counts where
/// it was reached first. `units` are the units that the configuration in `root` declares.
///
/// # Errors
/// When the standard input cannot be read.
pub fn load(
    paths: &[PathBuf],
    exclude: &globset::GlobSet,
    root: Option<&Path>,
    units: &[DeclaredUnit],
    keep: Keep,
    options: &Options,
) -> std::io::Result<Loaded> {
    let jobs = options.jobs;
    // Names are searched for in every text.
    let keep = match options.mode {
        Mode::Suffix => Keep::All,
        Mode::Annotation => keep,
    };
    let mut loaded = Loaded::default();
    let mut surroundings = Surroundings::default();
    let mut seen: BTreeSet<OsString> = BTreeSet::new();
    let mut asked: Vec<PathBuf> = Vec::new();
    for (position, path) in paths.iter().enumerate() {
        if path.as_os_str() == "-" {
            // Earlier files already have numbers, so the standard input is read as a whole.
            Arriving::begin()?.whole(&mut loaded)?;
        } else if IS_ON_A_MACHINE && path.is_dir() {
            let met = walk(path, exclude, &mut surroundings, jobs);
            let kustomizations =
                met.iter().flatten().filter(|met| met.kind == FileKind::Kustomization);
            asked.extend(kustomizations.map(|met| met.path.clone()));
            walked(&mut loaded, &mut seen, position, path, met, keep, options);
        } else {
            if is_kustomization(path) {
                asked.push(path.clone());
            }
            named(&mut loaded, &mut seen, &mut surroundings, path, keep);
        }
    }
    loaded.skipped.ignored = surroundings.ignored;
    if let Some(root) = root.filter(|_| IS_ON_A_MACHINE && !units.is_empty()) {
        declared_units::load(&mut loaded, root, units, exclude, &mut surroundings, jobs);
    }
    let folders: Vec<PathBuf> = paths.iter().filter(|p| p.is_dir()).cloned().collect();
    if IS_ON_A_MACHINE {
        kustomizations::load(&mut loaded, &folders, &asked, &options.annotation, &FileSystem);
    }
    Ok(loaded)
}

/// Whether a path exists.
pub fn exists(path: &Path) -> bool {
    path.as_os_str() == "-" || path.symlink_metadata().is_ok()
}

/// Whether a word of a command line is an existing path.
pub fn is_there(word: &str) -> bool {
    exists(Path::new(word)) && word != "-"
}

/// The names in the folder of a path.
pub fn beside(path: &Path) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let real = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(real).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.map(|entry| display(&folder.join(entry.file_name()))).collect();
    names.sort();
    names
}

/// The file with this name in the folder of a path or the nearest folder above it, up to the root of the
/// git repository; outside of a repository, only in the named folder. The returned path is relative to the
/// working directory.
pub fn above(path: &Path, name: &str) -> Option<PathBuf> {
    let real = real(path)?;
    let start = if real.is_dir() { real.as_path() } else { real.parent()? };
    let root = root(start);
    let candidates = start.ancestors().take_while(|folder| folder.starts_with(root));
    let found = candidates.map(|folder| folder.join(name)).find(|file| file.is_file())?;
    Some(super::relative(&found, here().as_deref()))
}

/// Whether a folder is equal to another one, or is below it.
pub fn is_below(folder: &Path, above: &Path) -> bool {
    above.is_dir()
        && real(folder).zip(real(above)).is_some_and(|(folder, above)| folder.starts_with(above))
}

/// The number of a file among the texts of a run; a file that is not among them is added as context.
pub fn number_of(loaded: &mut Loaded, path: &Path, text: String) -> FileId {
    let wanted = real(path);
    let is_here = |input: &Input| {
        input.path.as_deref().is_some_and(|known| {
            known.file_name() == path.file_name() && wanted.is_some() && real(known) == wanted
        })
    };
    if let Some(position) = loaded.inputs.iter().position(is_here) {
        return FileId(offset(position));
    }
    let number = FileId(offset(loaded.inputs.len()));
    let folder = display(path.parent().unwrap_or(Path::new("")));
    let input = Input { folder, ..Input::new(name(path), Found::Context) };
    loaded.push(input, Some(text.into()), None);
    number
}

/// Whether an existing file is in the git repository of a folder or, outside of a repository, in the
/// folder, links followed.
pub fn is_inside(folder: &Path, file: &Path) -> bool {
    match (real(folder), real(file)) {
        (Some(folder), Some(file)) => file.starts_with(root(&folder)),
        // Reading the file will report the error.
        _ => true,
    }
}

/// Whether an existing path is a file, and not a device or named pipe, which may have no end.
pub fn is_file(path: &Path) -> bool {
    path.metadata().map_or(true, |metadata| metadata.is_file())
}

/// Whether a path leads to a folder.
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// The root of the git repository around a folder; outside of one, the folder.
fn root(folder: &Path) -> &Path {
    folder.ancestors().find(|above| above.join(".git").exists()).unwrap_or(folder)
}

/// A path in the form with which the names of files below it begin.
pub fn name(path: &Path) -> String {
    display(path.strip_prefix("./").unwrap_or(path))
}

/// The paths in the file of an argument `@FILE`: one path on each line, relative to the folder of FILE;
/// empty lines and lines that begin with `#` are ignored. `None` if the argument does not begin with `@`,
/// or if a file has this name.
pub fn listed(argument: &Path) -> Option<anyhow::Result<Vec<PathBuf>>> {
    if argument.symlink_metadata().is_ok() {
        return None;
    }
    let file = Path::new(argument.to_str()?.strip_prefix('@')?);
    let folder = file.parent().unwrap_or(Path::new(""));
    let read = std::fs::read_to_string(file);
    let read = read.with_context(|| format!("failed to read {}", file.display()));
    Some(read.map(|text| {
        let lines = text.lines().map(str::trim);
        let paths = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        paths.map(|path| folder.join(path)).collect()
    }))
}

fn unreadable(name: &str, why: &str) -> Finding {
    Finding::new(Code::UnreadableFile, format!("{name} cannot be read: {why}"))
        .in_file(name)
        .refusing()
}

/// A link and its target count as two files, so only the same name is the same file.
fn first_time(seen: &mut BTreeSet<OsString>, path: &Path) -> bool {
    let name = declared_units::real_name(path).or_else(|| real(path));
    seen.insert(name.unwrap_or_else(|| path.to_path_buf()).into_os_string())
}

fn named(
    loaded: &mut Loaded,
    seen: &mut BTreeSet<OsString>,
    surroundings: &mut Surroundings,
    path: &Path,
    keep: Keep,
) {
    let name = display(path);
    if !first_time(seen, path) {
        return;
    }
    let text = match std::fs::read(path) {
        Ok(bytes) => utf8(bytes, &name),
        Err(error) => Err(unreadable(&name, &error.to_string())),
    };
    match text {
        Ok(text) => {
            let folder = path.parent().unwrap_or(Path::new(""));
            // A pipe can be read only once.
            let is_kept = keep == Keep::All || !path.is_file();
            let input = Input {
                path: Some(path.to_path_buf()),
                fingerprint: (!is_kept).then(|| fingerprint(text.as_bytes())),
                folder: display(folder),
                kustomization: surroundings.kustomization(folder),
                ..Input::new(name, Found::Named)
            };
            loaded.push(input, Some(text.into()), None);
        }
        Err(finding) => loaded.findings.push(finding),
    }
}

/// Loads the files that a walk found, in order; files are read and extracted in parallel.
fn walked(
    loaded: &mut Loaded,
    seen: &mut BTreeSet<OsString>,
    position: usize,
    root: &Path,
    met: Vec<Result<WalkedFile, ignore::Error>>,
    keep: Keep,
    options: &Options,
) {
    let mut candidates: Vec<WalkedFile> = Vec::with_capacity(met.len());
    let mut charts: BTreeSet<PathBuf> = BTreeSet::new();
    for met in met {
        let met = match met {
            Ok(met) => met,
            Err(error) => {
                let finding = unreadable(&display(root), &error.to_string());
                loaded.findings.push(finding);
                continue;
            }
        };
        match met.kind {
            FileKind::Kustomization => loaded.skipped.kustomizations += 1,
            FileKind::ChartTemplate => {
                loaded.skipped.templates += 1;
                let mut above = met.folder.ancestors();
                charts.extend(above.find(|f| f.ends_with("templates")).map(Path::to_path_buf));
                // The final text is not known, but the names that it may contain are.
                if options.mode == Mode::Suffix && seen.insert(met.real.clone().into_os_string()) {
                    candidates.push(met);
                }
            }
            FileKind::Outside => {
                let name = name(&met.path);
                let message = format!(
                    "{name} is a symbolic link that leads nowhere or out of the named folder"
                );
                loaded.findings.push(Finding::new(Code::OutsideRoot, message).in_file(name));
            }
            FileKind::Special => {
                let name = name(&met.path);
                let message = format!("{name} is a named pipe, a socket or a device, and no file");
                loaded.findings.push(
                    Finding::new(Code::UnreadableFile, message)
                        .in_file(name)
                        .help("leave it out with --exclude")
                        .refusing(),
                );
            }
            FileKind::Candidate => {
                if seen.insert(met.real.clone().into_os_string()) {
                    candidates.push(met);
                }
            }
        }
    }
    loaded.skipped.charts += charts.len();
    let first = loaded.inputs.len();
    let read = parallel::map_with(candidates.len(), options.jobs, Vec::new, |buffer, i| {
        let name = name(&candidates[i].path);
        let number = FileId(offset(first + i));
        let met = &candidates[i];
        let read = match met.kind {
            FileKind::ChartTemplate => unread(&met.path, &name),
            _ => read(&met.path, &name, number, keep, options, buffer),
        };
        (name, read)
    });
    for (i, (met, (name, read))) in candidates.into_iter().zip(read).enumerate() {
        match read {
            Ok(ReadFile { text, fingerprint, facts, finding }) => {
                loaded.findings.extend(finding);
                // A file that could not be read has no number.
                let number = loaded.inputs.len();
                let facts = match number == first + i {
                    true => facts,
                    false => facts.map(|facts| facts.in_file(FileId(offset(number)))),
                };
                let input = Input {
                    depth: met
                        .path
                        .strip_prefix(root)
                        .map_or(0, |under| under.components().count()),
                    path: Some(met.path),
                    fingerprint,
                    folder: display(&met.folder),
                    kustomization: met.kustomization,
                    ..Input::new(name, Found::Walked(position))
                };
                loaded.push(input, text.map(Into::into), facts);
            }
            Err(None) => loaded.skipped.binary += 1,
            Err(Some(finding)) => loaded.findings.push(finding),
        }
    }
}

/// Files from this size on, in bytes, are extracted in parts, and therefore later.
const LARGE: usize = 1 << 20;

/// A file as it was read.
struct ReadFile {
    /// The text, if it stays or is read later.
    text: Option<String>,
    /// The hash of the text, if it can be read again.
    fingerprint: Option<u64>,
    facts: Option<Facts>,
    /// The finding about a file that could not be read.
    finding: Option<Finding>,
}

impl ReadFile {
    /// A text that stays in memory, or is extracted later.
    fn of_text(text: String, fingerprint: Option<u64>) -> Self {
        Self { text: Some(text), fingerprint, facts: None, finding: None }
    }

    /// A text of which only the words are needed.
    fn of_words(bytes: &[u8], finding: Option<Finding>) -> Self {
        let facts = Some(Facts { unread: true, ..Facts::default() });
        let text = String::from_utf8_lossy(bytes).into_owned();
        Self { text: Some(text), fingerprint: None, facts, finding }
    }
}

/// Reads a file of which only the words are needed.
fn unread(path: &Path, name: &str) -> Result<ReadFile, Option<Finding>> {
    let bytes = std::fs::read(path).map_err(|error| Some(unreadable(name, &error.to_string())))?;
    Ok(ReadFile::of_words(&bytes, None))
}

/// Handles a file that is not UTF-8: if it can be a manifest, this is an error, and its words count.
fn not_utf8(bytes: Vec<u8>, name: &str, options: &Options) -> Result<ReadFile, Option<Finding>> {
    if !extract::may_hold_objects(&bytes, &options.annotation) {
        return Err(None);
    }
    // UTF-16 has a zero byte next to each ASCII letter.
    let letters: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
    Ok(ReadFile::of_words(&letters, utf8(bytes, name).err()))
}

/// Reads a file and extracts its facts. A file that is not UTF-8 and cannot be a manifest is not an error.
fn read(
    path: &Path,
    name: &str,
    number: FileId,
    keep: Keep,
    options: &Options,
    buffer: &mut Vec<u8>,
) -> Result<ReadFile, Option<Finding>> {
    let unreadable = |error: std::io::Error| Some(unreadable(name, &error.to_string()));
    if keep == Keep::All {
        let bytes = std::fs::read(path).map_err(unreadable)?;
        require_size(&bytes, name)?;
        return match String::from_utf8(bytes) {
            Ok(text) => Ok(ReadFile::of_text(text, None)),
            Err(error) => not_utf8(error.into_bytes(), name, options),
        };
    }
    buffer.clear();
    fill(&std::fs::File::open(path).map_err(unreadable)?, buffer).map_err(unreadable)?;
    let fingerprint = Some(fingerprint(buffer));
    if buffer.len() >= LARGE {
        require_size(buffer, name)?;
        return match String::from_utf8(std::mem::take(buffer)) {
            Ok(text) => Ok(ReadFile::of_text(text, fingerprint)),
            Err(error) => not_utf8(error.into_bytes(), name, options),
        };
    }
    let Ok(text) = std::str::from_utf8(buffer) else {
        return not_utf8(std::mem::take(buffer), name, options);
    };
    let facts = extract::extract(number, text, options);
    Ok(ReadFile { text: None, fingerprint, facts: Some(facts), finding: None })
}

/// A text that is too large is an error, whatever its content is.
fn require_size(bytes: &[u8], name: &str) -> Result<(), Option<Finding>> {
    match bytes.len() > crate::text::MAX_TEXT {
        true => Err(Some(too_large(name))),
        false => Ok(()),
    }
}
