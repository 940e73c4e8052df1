//! The standard streams, and what the environment says about them.

use super::{Loaded, utf8};
use crate::span::InputFile;
use crate::unit::{Found, Input};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// The name of the standard input in reports.
pub const STDIN: &str = "<stdin>";

/// Reads the standard input to its end.
///
/// # Errors
/// When the system cannot read it.
pub fn load(loaded: &mut Loaded) -> io::Result<()> {
    let bytes = read_all()?;
    match utf8(bytes, STDIN) {
        Ok(text) => {
            loaded.inputs.push(Input {
                file: InputFile {
                    name: STDIN.to_owned(),
                    text,
                },
                found: Found::Stream,
                folder: String::new(),
                kustomization: None,
                below: None,
            });
            loaded.paths.push(None);
        }
        Err(finding) => loaded.findings.push(finding),
    }
    Ok(())
}

/// Past the buffer of the standard input, straight into one text: of a file the size is known, and
/// what a pipe holds at once is made large where the system allows it.
#[cfg(unix)]
fn read_all() -> io::Result<Vec<u8>> {
    use std::os::fd::AsFd as _;
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    #[cfg(target_os = "linux")]
    {
        // Of what is no pipe, and where the user has too many large ones, the size stays.
        let _ = rustix::pipe::fcntl_setpipe_size(&stdin, PIPE);
    }
    let mut bytes = Vec::with_capacity(PIPE);
    std::fs::File::from(stdin).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(not(unix))]
fn read_all() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(PIPE);
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// How much a pipe may hold, in bytes: the most that Linux allows everybody.
const PIPE: usize = 1 << 20;

/// Whether the standard input is a terminal, so that nobody pipes anything in.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether the stream takes colour: a terminal, and neither `NO_COLOR` nor `TERM=dumb` is set.
pub fn takes_colour(stdout: bool) -> bool {
    let terminal = if stdout {
        io::stdout().is_terminal()
    } else {
        io::stderr().is_terminal()
    };
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
}

/// Whether Helm runs this program as a plugin.
pub fn is_helm_plugin() -> bool {
    std::env::var_os("HELM_PLUGIN_NAME").is_some_and(|name| !name.is_empty())
}

/// Writes pieces of text to the standard output. A reader that went away ends the writing quietly.
///
/// # Errors
/// When the system cannot write, a full disk for one.
pub fn print<'a>(pieces: impl Iterator<Item = &'a str>) -> io::Result<()> {
    // Large pieces go past the buffer, so the text is not copied.
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let write = || -> io::Result<()> {
        for piece in pieces {
            out.write_all(piece.as_bytes())?;
        }
        out.flush()
    };
    match write() {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer has no reader.
            let _ = out.into_parts();
            Ok(())
        }
        result => result,
    }
}

/// What is said to people: the standard error, and the log file if there is one.
pub struct Talk {
    log: Option<std::fs::File>,
}

impl Talk {
    /// Opens the log file for appending: the named one, or that of `ROLLSTAMP_LOG_FILE`, for callers
    /// that hide what a filter says and leave no room for arguments (Helm 4).
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn new(log: Option<&Path>) -> io::Result<Self> {
        let environment = std::env::var_os("ROLLSTAMP_LOG_FILE").filter(|name| !name.is_empty());
        let open = |path| {
            std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
        };
        let log = log.or(environment.as_deref().map(Path::new));
        Ok(Self {
            log: log.map(open).transpose()?,
        })
    }

    /// Only the standard error.
    pub fn unlogged() -> Self {
        Self { log: None }
    }

    /// Says a text. Nobody can be told that nobody listens, so failures are dropped.
    pub fn say(&mut self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
        self.log(text);
    }

    /// Puts a text into the log file alone: it was said already.
    pub fn log(&mut self, text: &str) {
        if let Some(log) = &mut self.log {
            let _ = log.write_all(text.as_bytes());
        }
    }
}
