//! Findings: problems of the user's manifests, and notes about them.
//!
//! `codes` is the table of their names. The other files hold the sentences for reasons that the
//! stages keep as enums, so that no stage depends on the text of a message.

pub mod arrival;
mod codes;
mod reason;
pub mod controllers;
mod group;
pub mod divergence;
pub mod foreign;
pub mod naming;
pub mod sidecar;
pub mod silence;
pub mod value;
pub mod workload;

pub use codes::{Code, Severity};
pub use group::group;

use crate::text::Place;

/// One finding.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The kind of the finding.
    pub code: Code,
    /// The severity; it is the severity of the code unless `--strict` or a level changed it.
    pub severity: Severity,
    /// The object it is about, as `Kind namespace/name`.
    pub object: Option<String>,
    /// A sentence fragment that needs no context: lower case, no full stop, no value of a Secret.
    pub message: String,
    /// If the message is the object, a colon and the cause: the cause alone.
    pub cause: Option<String>,
    /// The text for several objects with one cause, which follows their names. [`group`] merges
    /// findings with the same text.
    pub shared: Option<String>,
    /// The other objects of the finding, after several findings were merged.
    pub others: Vec<String>,
    /// The bytes that the finding is about.
    pub place: Option<Place>,
    /// The path of the file, where there is no text to point into.
    pub file: Option<String>,
    /// Whether the line at `place` may be shown: never one that can hold a value of a Secret.
    pub quotable: bool,
    /// Other places that the message refers to, each with a few words.
    pub related: Vec<(Place, String)>,
    /// What the user can do about it.
    pub help: Option<String>,
    /// Whether the object or file was refused because of it: the run ends with exit code 2.
    pub refuses: bool,
}

impl Finding {
    /// A finding with the severity of the code, and without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            object: None,
            message: message.into(),
            cause: None,
            shared: None,
            others: Vec::new(),
            place: None,
            file: None,
            quotable: false,
            related: Vec::new(),
            help: None,
            refuses: false,
        }
    }

    /// A finding whose message is the object, a colon and the problem.
    pub fn of(code: Code, object: &str, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        let mut finding = Self::new(code, format!("{object}: {cause}")).about(object);
        finding.cause = Some(cause);
        finding
    }

    /// A file whose text changed after it was read.
    pub fn changed(name: &str) -> Self {
        let message = format!("{name} changed after it was read, so it was not written");
        Self::new(Code::FileChanged, message).in_file(name).help("run the command again").refusing()
    }

    /// Sets the place; its line is not shown.
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Sets the place; its line may be shown, because it cannot hold a value of a Secret.
    pub fn quoting(mut self, place: Place) -> Self {
        self.place = Some(place);
        self.quotable = true;
        self
    }

    /// Sets the path of a file that has no text here.
    pub fn in_file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    /// Sets the object.
    pub fn about(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    /// Sets what to do.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets the text for merged findings with the same cause; it follows the names of all objects.
    pub fn shared(mut self, text: impl Into<String>) -> Self {
        self.shared = Some(text.into());
        self
    }

    /// Adds a second place.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related.push((place, label.into()));
        self
    }

    /// Marks it as the reason for a refusal.
    pub fn refusing(mut self) -> Self {
        self.refuses = true;
        self
    }
}

/// Sorts by file, place and code, which is the order of the input. So the output does not depend on
/// the order of the work.
pub fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (a.place, &a.file, a.code, &a.message).cmp(&(b.place, &b.file, b.code, &b.message))
    });
}
