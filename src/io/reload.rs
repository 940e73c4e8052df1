//! Reads texts again that are no longer in memory. No other module does this.

use crate::config::options::Options;
use crate::edit::Proofs;
use crate::extract::Manifests;
use crate::outcome::Outcome;
use crate::parallel;
use crate::process::{self, Loaded};
use crate::text::input::Input;
use crate::text::{Changed, FileId, Texts};
use std::borrow::Cow;
use std::collections::BTreeMap;
use twox_hash::XxHash3_64;

/// Runs all stages, and reads texts again if a stage needs them.
///
/// # Errors
/// When a text that is needed has changed. If a text that is to be edited has changed, this is not an
/// error: the file is not edited, and there is a finding.
pub fn run(loaded: Loaded, options: &Options) -> Result<Outcome, Changed> {
    run_with(loaded, None, options)
}

/// As [`run`], for one of several runs over nearly the same texts: edits that an earlier run checked are
/// not checked again.
///
/// # Errors
/// As [`run`].
pub fn run_again(loaded: Loaded, proofs: &Proofs, options: &Options) -> Result<Outcome, Changed> {
    run_with(loaded, Some(proofs), options)
}

fn run_with(
    loaded: Loaded,
    proofs: Option<&Proofs>,
    options: &Options,
) -> Result<Outcome, Changed> {
    let read = process::read(loaded, options);
    let wanted = read.wanted(options);
    let files = wanted.files(&read.manifests);
    let seen = each(&read.manifests, &read.texts, &files, options.jobs, |file, text| {
        wanted.look(&read.manifests, file, text, options)
    })?;
    let mut decided = process::decide(read, &wanted, seen, options);
    let files: Vec<FileId> = decided.unnamed().files().into_iter().collect();
    let said = each(&decided.manifests, &decided.texts, &files, options.jobs, |file, text| {
        decided.unnamed().said_in(&decided.manifests, file, text)
    })?;
    let files = decided.wanted();
    keep(&decided.manifests, &mut decided.texts, files, options.jobs);
    Ok(process::edit(decided, &said, proofs, options))
}

/// Calls a function with the text of each file; the text is freed afterwards.
///
/// # Errors
/// When one of the texts has changed.
pub fn each<T: Send>(
    manifests: &Manifests,
    texts: &Texts,
    files: &[FileId],
    jobs: usize,
    look: impl Fn(FileId, &str) -> T + Sync,
) -> Result<BTreeMap<FileId, T>, Changed> {
    let seen = parallel::map(files.len(), jobs, |i| {
        let file = files[i];
        let text = match texts.get(file) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(again(&manifests[file].input)?),
        };
        Ok((file, look(file, &text)))
    });
    seen.into_iter().collect()
}

/// Reads the texts of these files into memory, except texts that have changed.
pub fn keep(
    manifests: &Manifests,
    texts: &mut Texts,
    files: impl IntoIterator<Item = FileId>,
    jobs: usize,
) {
    let absent: Vec<FileId> = files.into_iter().filter(|&file| texts.get(file).is_none()).collect();
    let read = parallel::map(absent.len(), jobs, |i| again(&manifests[absent[i]].input));
    for (file, text) in absent.into_iter().zip(read) {
        if let Ok(text) = text {
            texts.keep(file, text);
        }
    }
}

/// The XXH3 hash of a text. Two texts with the same hash count as equal.
pub(super) fn fingerprint(bytes: &[u8]) -> u64 {
    XxHash3_64::oneshot(bytes)
}

/// Reads a text again, and checks that it has not changed.
fn again(input: &Input) -> Result<String, Changed> {
    let bytes = input.path.as_deref().and_then(|path| std::fs::read(path).ok());
    bytes
        .filter(|bytes| Some(fingerprint(bytes)) == input.fingerprint)
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| Changed { name: input.name.clone() })
}
