//! Reads the names of the files that git tracks from the index of a repository (gitformat-index(5),
//! versions 2 to 4). This runs no program, and reads only names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The paths of an index, each with `/` between folders, as bytes.
#[derive(Default)]
pub(super) struct Tracked(BTreeSet<Vec<u8>>);

/// The maximum size of an index in bytes; this is enough for ten million files.
const MAX_INDEX: u64 = 1 << 30;

/// The flag of an entry with two more bytes of flags.
const EXTENDED: u16 = 0x4000;

impl Tracked {
    /// The files in the index of the repository in a folder; none if the index cannot be read.
    pub(super) fn of(repository: &Path) -> Self {
        let mut names = BTreeSet::new();
        if let Some(folder) = git_folder(repository) {
            // The hash of a split index is in the index; the shared files are in another file beside it.
            let shared = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok);
            let shared = shared.map(|entry| entry.path()).filter(|path| {
                let name = path.file_name().unwrap_or_default().as_encoded_bytes();
                name.starts_with(b"sharedindex.")
            });
            for path in shared.chain([folder.join("index")]) {
                read(&path, &mut names);
            }
        }
        Self(names)
    }

    /// Whether the index has a file.
    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.0.contains(path)
    }

    /// Whether the index has a file below a folder.
    pub(super) fn has_below(&self, folder: &[u8]) -> bool {
        let start = [folder, b"/"].concat();
        self.0.range(start.clone()..).next().is_some_and(|path| path.starts_with(&start))
    }
}

/// The folder of the index: `.git`, or, in a worktree or submodule, the folder that the file `.git` names.
fn git_folder(repository: &Path) -> Option<PathBuf> {
    let git = repository.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    let text = super::small_text(&git).ok()?;
    Some(repository.join(text.strip_prefix("gitdir:")?.trim()))
}

fn read(path: &Path, names: &mut BTreeSet<Vec<u8>>) {
    let is_index = path.metadata().is_ok_and(|m| m.is_file() && m.len() <= MAX_INDEX);
    let Some(bytes) = is_index.then(|| std::fs::read(path).ok()).flatten() else { return };
    // The hashes of names have the same length as the hash at the end; only one of the two lengths fits all
    // entries.
    for hash in [20, 32] {
        if let Some(found) = entries(&bytes, hash) {
            names.extend(found);
            return;
        }
    }
}

/// The names of the entries, if they can be read to the end.
fn entries(bytes: &[u8], hash: usize) -> Option<Vec<Vec<u8>>> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let (version, count) = (number(4)?, number(8)?);
    if bytes.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
        return None;
    }
    let end = bytes.len().checked_sub(hash)?;
    let mut names: Vec<Vec<u8>> = Vec::new();
    let mut at = 12;
    for _ in 0..count {
        let start = at;
        at += 40 + hash;
        let flags = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
        at += if version > 2 && flags & EXTENDED != 0 { 4 } else { 2 };
        let mut name = Vec::new();
        if version == 4 {
            let (cut, next) = cut(bytes, at)?;
            let last = names.last().map_or(&[][..], Vec::as_slice);
            name.extend_from_slice(last.get(..last.len().checked_sub(cut)?)?);
            at = next;
        }
        let rest = bytes.get(at..end)?;
        let length = memchr::memchr(0, rest)?;
        name.extend_from_slice(&rest[..length]);
        at += length + 1;
        if version < 4 {
            // One to eight zeros: the length of an entry is a multiple of eight.
            at = start + (at - start).next_multiple_of(8);
        }
        if name.is_empty() {
            return None;
        }
        names.push(name);
    }
    (at <= end).then_some(names)
}

/// The number of bytes to remove from the end of the name before, in the variable-length encoding of packs
/// (`OBJ_OFS_DELTA`), and the offset of the rest of the name.
fn cut(bytes: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let mut byte = *bytes.get(at)?;
    let mut value = usize::from(byte & 0x7F);
    while byte & 0x80 != 0 {
        at += 1;
        byte = *bytes.get(at)?;
        value = value.checked_add(1)?.checked_mul(128)? | usize::from(byte & 0x7F);
    }
    Some((value, at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &[u8], hash: usize, padded: bool) -> Vec<u8> {
        let mut entry = vec![1; 40 + hash];
        entry.extend([0, 1]);
        entry.extend(name);
        entry.push(0);
        if padded {
            entry.resize(entry.len().next_multiple_of(8), 0);
        }
        entry
    }

    fn index(version: u8, entries: &[Vec<u8>], hash: usize) -> Vec<u8> {
        let count = u8::try_from(entries.len()).unwrap();
        let mut bytes = vec![b'D', b'I', b'R', b'C', 0, 0, 0, version, 0, 0, 0, count];
        bytes.extend(entries.concat());
        bytes.extend(vec![7; hash]);
        bytes
    }

    #[test]
    fn every_version_of_an_index_is_read() {
        let names = [b"a.yaml".to_vec(), b"ab/c.yaml".to_vec()];
        for hash in [20, 32] {
            let padded: Vec<_> = names.iter().map(|name| entry(name, hash, true)).collect();
            assert_eq!(entries(&index(2, &padded, hash), hash), Some(names.to_vec()));
            // `ab/c.yaml` keeps one byte of `a.yaml`: five are cut.
            let cut = [entry(b"\0a.yaml", hash, false), entry(b"\x05b/c.yaml", hash, false)];
            assert_eq!(entries(&index(4, &cut, hash), hash), Some(names.to_vec()));
        }
    }

    #[test]
    fn what_is_no_index_is_refused() {
        let short = index(2, &[entry(b"a", 20, true)], 0);
        assert!(entries(&short, 20).is_none() && entries(b"DIRC", 20).is_none());
        assert!(entries(&index(4, &[entry(b"\x05a", 20, false)], 20), 20).is_none());
    }
}
