//! The standard streams, and the settings for them in the environment.

#[cfg(unix)]
use std::io::IoSlice;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// The name of the standard input in reports.
pub const STDIN: &str = "<stdin>";

/// Whether the standard input is a terminal, so that no input is piped in.
pub fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// Whether the standard output, or else the standard error, is a terminal.
pub fn is_terminal(stdout: bool) -> bool {
    if stdout { io::stdout().is_terminal() } else { io::stderr().is_terminal() }
}

/// Whether to write colours to the stream: on a terminal, unless `TERM=dumb` is set. `NO_COLOR` forbids
/// colours, and `FORCE_COLOR` or `CLICOLOR_FORCE` (other than `0`) enable them without a terminal, for CI.
pub fn takes_colour(stdout: bool) -> bool {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let forced = |name: &str| variable(name).is_some_and(|value| value != "0");
    if variable("NO_COLOR").is_some() {
        return false;
    }
    let capable = is_terminal(stdout) && variable("TERM").is_none_or(|term| term != "dumb");
    capable || forced("FORCE_COLOR") || forced("CLICOLOR_FORCE")
}

/// The width of the terminal of the standard output in characters, from the variable `COLUMNS` of the
/// shell; a default width for a file or a pipe.
pub fn width() -> usize {
    const PAGE: usize = 120;
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    #[cfg(target_os = "linux")]
    let columns = columns.or_else(|| {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        Some(usize::from(size.ws_col))
    });
    columns.filter(|columns| *columns >= 40).unwrap_or(PAGE)
}

/// Whether Helm runs this program as a plugin.
pub fn is_helm_plugin() -> bool {
    std::env::var_os("HELM_PLUGIN_NAME").is_some_and(|name| !name.is_empty())
}

/// Writes a report to the standard output. If the reader closes the pipe, this is not an error.
///
/// # Errors
/// When the system cannot write, for example because the disk is full.
pub fn report(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes pieces of text to the standard output. If the reader closes the pipe, this is not an error.
///
/// # Errors
/// When the system cannot write, for example because the disk is full.
pub fn print<'a>(pieces: impl Iterator<Item = &'a str>) -> io::Result<()> {
    match write(pieces.filter(|piece| !piece.is_empty())) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes many pieces with one system call, without a copy.
#[cfg(unix)]
fn write<'a>(pieces: impl Iterator<Item = &'a str>) -> io::Result<()> {
    use std::os::fd::AsFd as _;
    let mut out = std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?);
    #[cfg(target_os = "linux")]
    super::widen(&out);
    let mut slices: Vec<IoSlice<'_>> = pieces.map(|piece| IoSlice::new(piece.as_bytes())).collect();
    let mut rest = slices.as_mut_slice();
    while !rest.is_empty() {
        match out.write_vectored(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut rest, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn write<'a>(pieces: impl Iterator<Item = &'a str>) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for piece in pieces {
        out.write_all(piece.as_bytes())?;
    }
    out.flush()
}

/// The destination of messages for people: the standard error, and the log file if there is one.
pub struct Messages {
    log: Option<std::fs::File>,
}

impl Messages {
    /// Opens the log file for appending: the named one, or that of `ROLLSTAMP_LOG_FILE`, for callers that
    /// hide messages and accept no arguments (Helm 4).
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn new(log: Option<&Path>) -> io::Result<Self> {
        let environment = std::env::var_os("ROLLSTAMP_LOG_FILE").filter(|name| !name.is_empty());
        let open = |path| std::fs::OpenOptions::new().create(true).append(true).open(path);
        let log = log.or(environment.as_deref().map(Path::new));
        Ok(Self { log: log.map(open).transpose()? })
    }

    /// Only the standard error.
    pub fn unlogged() -> Self {
        Self { log: None }
    }

    /// Writes a text to the standard error. A failure is ignored: there is no place left to report it.
    pub fn say(&mut self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
        self.log(text);
    }

    /// Writes a text only to the log file, because it was already printed.
    pub fn log(&mut self, text: &str) {
        if let Some(log) = &mut self.log {
            let _ = log.write_all(text.as_bytes());
        }
    }
}
