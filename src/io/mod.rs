//! Reads texts and writes results: the only module that does I/O.

#![expect(clippy::disallowed_methods, reason = "this is the module that does I/O")]

pub mod stdin;
mod declared_units;
mod disk;
pub mod files;
pub mod git;
mod git_index;
mod git_store;
mod ignored;
pub mod krm;
pub mod reload;
mod on_disk;
mod appliers;
mod shadow;
mod kustomizations;
pub mod stdout;
pub mod walk;
mod buffer;
pub mod builds;
pub mod cache;
pub mod checkout;
pub mod overlays;
pub mod progress;
pub mod write;

use crate::finding::{Code, Finding};

/// The bytes of a named text as UTF-8, or a finding.
fn utf8(bytes: Vec<u8>, name: &str) -> Result<String, Finding> {
    if bytes.len() > crate::text::MAX_TEXT {
        return Err(too_large(name));
    }
    let (what, help) = match &bytes[..bytes.len().min(10)] {
        [0x00, b'G', b'I', b'T', b'C', b'R', b'Y', b'P', b'T', ..] => {
            ("locked by git-crypt", "unlock it: `git-crypt unlock`")
        }
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => ("UTF-16, not UTF-8", "convert the file to UTF-8"),
        _ => ("", "convert the file to UTF-8"),
    };
    String::from_utf8(bytes).map_err(|error| {
        let message = if what.is_empty() {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
            let position = crate::text::position(&text, at);
            format!("{name}:{}:{} is not UTF-8", position.line, position.column)
        } else {
            format!("{name} is {what}")
        };
        Finding::new(Code::NotUtf8, message).in_file(name).help(help).refusing()
    })
}

fn too_large(name: &str) -> Finding {
    Finding::new(Code::FileTooLarge, format!("{name} is larger than 1 GiB"))
        .in_file(name)
        .refusing()
}

/// The maximum size of a configuration or key file, in bytes; without a limit, reading a device would never
/// end.
const MAX_SMALL: u64 = 1 << 22;

/// The text of a file that people write by hand, such as a configuration.
///
/// # Errors
/// Those of [`small_bytes`], and when the file is not UTF-8.
pub fn small_text(path: &std::path::Path) -> std::io::Result<String> {
    let text = String::from_utf8(small_bytes(path)?);
    text.map_err(|_| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// The bytes of a key file, as they are.
///
/// # Errors
/// When the file cannot be read, or is larger than 4 MiB.
pub fn small_bytes(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_SMALL + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MAX_SMALL {
        true => Err(std::io::Error::other("it is larger than 4 MiB")),
        false => Ok(bytes),
    }
}

/// Reads a file to its end and appends it to a buffer.
fn fill(file: &std::fs::File, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    while read_some(file, buffer, 1 << 16)? > 0 {}
    Ok(())
}

/// Reads at most `most` bytes directly into the free capacity of a buffer.
#[cfg(target_os = "linux")]
fn read_some(file: &std::fs::File, buffer: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
    buffer.reserve(most);
    let read = || rustix::io::read(file, rustix::buffer::spare_capacity(buffer));
    Ok(rustix::io::retry_on_intr(read)?)
}

#[cfg(not(target_os = "linux"))]
fn read_some(file: &std::fs::File, buffer: &mut Vec<u8>, most: usize) -> std::io::Result<usize> {
    use std::io::Read as _;
    file.take(most as u64).read_to_end(buffer)
}

/// Enlarges the buffer of a pipe. The size stays if the file is not a pipe, or if the user already has too
/// many large pipes.
#[cfg(target_os = "linux")]
fn widen(pipe: &std::fs::File) {
    /// The maximum size that Linux allows every user, in bytes.
    const MOST: usize = 1 << 20;
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, MOST);
}

/// A path for messages: with `/` between folders on every system.
fn display(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    if cfg!(windows) { text.replace('\\', "/") } else { text.into_owned() }
}

/// The real path of an existing file or folder, links followed.
fn real(path: &std::path::Path) -> Option<std::path::PathBuf> {
    std::fs::canonicalize(path).ok()
}

/// The real path of the working directory.
fn here() -> Option<std::path::PathBuf> {
    std::env::current_dir().ok().and_then(|here| real(&here))
}

/// A path relative to the working directory, for messages.
fn relative(real: &std::path::Path, here: Option<&std::path::Path>) -> std::path::PathBuf {
    let Some(here) = here else { return real.to_path_buf() };
    let common = here.ancestors().find(|above| real.starts_with(above));
    let Some(common) = common.filter(|c| c.parent().is_some()) else { return real.to_path_buf() };
    let up = here.strip_prefix(common).map_or(0, |rest| rest.components().count());
    let mut path: std::path::PathBuf = std::iter::repeat_n("..", up).collect();
    path.push(real.strip_prefix(common).unwrap_or(real));
    path
}
