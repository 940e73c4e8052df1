//! Runs a builder for overlays (`kustomize build DIR` and similar commands), with a limited number at a
//! time and a time limit for each. Only the command line names a builder (`--build`), never a file of the
//! repository: somebody who may change a manifest must not be able to run a program.

use crate::text::input::IS_ON_A_MACHINE;
use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A program that prints the build of one overlay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builder {
    /// The program and its arguments; `{}` in an argument stands for the folder of the overlay.
    words: Vec<String>,
    /// Whether it reads only the files of the kustomizations that it follows.
    is_pure: bool,
}

/// The placeholder for the folder of the overlay.
const FOLDER: &str = "{}";

/// The time limit for one overlay.
pub const LIMIT: Duration = Duration::from_secs(120);

/// The output of a builder, or the reason for a failure.
pub type BuildResult = Result<String, Failure>;

/// The reason why an overlay was not built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The program could not be started: the message of the system.
    NotStarted(String),
    /// It ended with an exit code that is not 0, or by a signal: the last line that it wrote to the
    /// standard error.
    Failed(String),
    /// It took longer than [`LIMIT`].
    TooSlow,
    /// Its output is not UTF-8.
    NotUtf8,
}

impl Builder {
    /// The builder that `--build` names: `kustomize`, `kubectl`, or a command in which `{}` stands for the
    /// folder. A command is split into words as a shell does it, but no shell runs it.
    ///
    /// # Errors
    /// A quote that is not closed, or a command without `{}`.
    pub fn named(name: &str) -> Result<Self, String> {
        // The page program runs no other programs, and is smaller without the code for overlays.
        if !IS_ON_A_MACHINE {
            return Err("not in a page: install rollstamp and run it in a shell".to_owned());
        }
        let of = |words: &[&str], is_pure| Self {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            is_pure,
        };
        match name {
            "kustomize" => Ok(of(&["kustomize", "build", FOLDER], true)),
            "kubectl" => Ok(of(&["kubectl", "kustomize", FOLDER], true)),
            command => {
                let words = shlex::split(command).filter(|words| !words.is_empty());
                let words = words.ok_or("a quote that is not closed, or no command at all")?;
                if !words.iter().any(|word| word.contains(FOLDER)) {
                    return Err(format!(
                        "`{FOLDER}` must stand where the folder of the overlay goes, as in `kustomize build {FOLDER}`"
                    ));
                }
                Ok(Self { words, is_pure: false })
            }
        }
    }

    /// The same builder without the rule that a kustomization reads only files below its folder: Flux
    /// builds without this rule. A custom command does not change.
    #[must_use]
    pub fn unrestricted(&self) -> Self {
        let mut words = self.words.clone();
        if self.is_pure {
            words.extend(["--load-restrictor", "LoadRestrictionsNone"].map(str::to_owned));
        }
        Self { words, is_pure: self.is_pure }
    }

    /// The command for one folder, for messages.
    pub fn command(&self, folder: &str) -> String {
        let words: Vec<String> = self.words.iter().map(|w| w.replace(FOLDER, folder)).collect();
        words.join(" ")
    }

    /// A text that identifies this builder and its version; `None` if its output can depend on more than
    /// the files of an overlay.
    pub fn version(&self) -> Option<String> {
        if !self.is_pure {
            return None;
        }
        let program = self.words.first()?;
        let asked: &[&str] = match program.as_str() {
            "kubectl" => &["version", "--client"],
            _ => &["version"],
        };
        let output = Command::new(program).args(asked).stdin(Stdio::null()).output().ok()?;
        let said = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| format!("{}\n{said}", self.words.join(" ")))
    }

    /// Builds one folder.
    ///
    /// # Errors
    /// Why nothing was built.
    pub fn run(&self, folder: &str) -> BuildResult {
        let mut words = self.words.iter().map(|word| word.replace(FOLDER, folder));
        let program = words.next().unwrap_or_default();
        let child = Command::new(&program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child
            .map_err(|error| Failure::NotStarted(format!("failed to run `{program}`: {error}")))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        // If only one pipe were read, a program that fills the other one would wait forever.
        let (said, hears) = mpsc::channel();
        std::thread::spawn(move || {
            let complaints = std::thread::spawn(move || all(stderr));
            let printed = all(stdout);
            // The receiver is gone if the time limit is over.
            let _ = said.send((printed, complaints.join().unwrap_or_default()));
        });
        let Ok((printed, complaints)) = hears.recv_timeout(LIMIT) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failure::TooSlow);
        };
        match child.wait() {
            Ok(status) if status.success() => {
                String::from_utf8(printed).map_err(|_| Failure::NotUtf8)
            }
            Ok(status) => Err(Failure::Failed(last_line(&complaints, status))),
            Err(error) => Err(Failure::NotStarted(error.to_string())),
        }
    }
}

fn all(pipe: Option<impl Read>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // The bytes before an error of the pipe are used; the exit code shows the error.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

/// The last line with text, in which kustomize and Helm report the error. Control characters are removed,
/// so that nobody can forge lines on a terminal.
fn last_line(complaints: &[u8], status: ExitStatus) -> String {
    /// The maximum number of characters of a message; a longer text is a dump.
    const MOST: usize = 400;
    let text = String::from_utf8_lossy(complaints);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let line: String =
        line.unwrap_or_default().chars().filter(|c| !c.is_control()).take(MOST).collect();
    if line.is_empty() { status.to_string() } else { line }
}
