//! Runs a builder over overlays: `kustomize build DIR` and the like, as many at a time as asked for,
//! with a time limit each. Only the command line names a builder (`--build`), never a file of the
//! repository: who may change a manifest must not be able to run a program.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A program that prints what one overlay builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Builder {
    /// The program and its arguments; `{}` in an argument stands for the folder of the overlay.
    words: Vec<String>,
    /// Whether it reads nothing but the files of the kustomizations that it follows.
    is_pure: bool,
}

/// What stands for the folder of the overlay.
const FOLDER: &str = "{}";

/// How long one overlay may take.
pub const LIMIT: Duration = Duration::from_secs(120);

/// What a builder printed, or why it printed nothing that counts.
pub type BuildResult = Result<String, Failure>;

/// Why an overlay was not built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The program could not be started: the words of the system.
    NotStarted(String),
    /// It ended with an exit code that is not 0, or by a signal: the last line that it wrote to the
    /// standard error.
    Failed(String),
    /// It took longer than [`LIMIT`].
    TooSlow,
    /// What it printed is not UTF-8.
    NotUtf8,
}

impl Builder {
    /// The builder that `--build` names: `kustomize`, `kubectl`, or a command with `{}` in the place
    /// of the folder. A command is split into words as a shell does it, and no shell runs it.
    ///
    /// # Errors
    /// A quote that is not closed, or a command without `{}`.
    pub fn named(name: &str) -> Result<Self, String> {
        // A web page runs no programs, and its own program is smaller without what builds overlays.
        if cfg!(target_family = "wasm") {
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

    /// The same builder without the rule that a kustomization reads only files below its folder: Flux builds
    /// without it. A command of the user's own stays as it is.
    #[must_use]
    pub fn unrestricted(&self) -> Self {
        let mut words = self.words.clone();
        if self.is_pure {
            words.extend(["--load-restrictor", "LoadRestrictionsNone"].map(str::to_owned));
        }
        Self { words, is_pure: self.is_pure }
    }

    /// The command for one folder, for people.
    pub fn command(&self, folder: &str) -> String {
        let words: Vec<String> = self.words.iter().map(|w| w.replace(FOLDER, folder)).collect();
        words.join(" ")
    }

    /// What tells this builder from others and from other versions of itself; nothing if its output
    /// can depend on more than the files of an overlay.
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
        // A program that fills one pipe while the other is read would wait for ever.
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
        // What came before an error of the pipe is all there is; the exit code tells the rest.
        let _ = pipe.read_to_end(&mut bytes);
    }
    bytes
}

/// The last line with text, which is where kustomize and Helm say what is wrong. Control characters
/// are left out, so that nobody forges lines of a terminal.
fn last_line(complaints: &[u8], status: ExitStatus) -> String {
    /// The most characters of a message; what is longer is a dump.
    const MOST: usize = 400;
    let text = String::from_utf8_lossy(complaints);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
    let line: String =
        line.unwrap_or_default().chars().filter(|c| !c.is_control()).take(MOST).collect();
    if line.is_empty() { status.to_string() } else { line }
}
