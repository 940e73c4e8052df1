//! How much findings matter to the user, and which of them are known: rules of the configuration, and
//! comments beside the lines of findings.

use super::{Code, Finding, Severity};
use crate::text::{FileId, Place, Span, line_range, offset};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What the user says about findings.
#[derive(Default)]
pub struct Levels {
    /// How much the findings of a code matter; of a code that is not here, what [`Code::severity`] says.
    pub of_code: BTreeMap<Code, Level>,
    /// Findings that are known.
    pub silence: Vec<Silence>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// It is not said
    Off,
    /// Worth knowing
    Note,
    /// Probably a mistake
    Warning,
    /// `check` fails
    Error,
}

impl Level {
    /// The severity of this level; none, if nothing is said.
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Note => Some(Severity::Note),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// Findings that are known and stay unsaid.
pub struct Silence {
    /// Their code.
    pub code: Code,
    /// A glob over their object; any, if absent.
    pub object: Option<GlobMatcher>,
}

impl Silence {
    fn covers(&self, finding: &Finding) -> bool {
        let is_meant = |glob: &GlobMatcher| {
            finding.object.as_deref().is_some_and(|object| glob.is_match(object))
        };
        finding.code == self.code && self.object.as_ref().is_none_or(is_meant)
    }
}

/// The mark of a comment that silences findings about its line or the next one:
/// `# rollstamp-ignore: missing-key the key comes with the next chart`.
const MARK: &str = "# rollstamp-ignore:";

/// A comment that silences findings of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The bytes of its line and of the next one: where the findings begin that it silences. The line feed
    /// at the end belongs to them.
    lines: Span,
    /// The name of the code.
    code: String,
}

impl Mark {
    fn covers(&self, finding: &Finding, place: Place) -> bool {
        let at = place.span.start;
        self.lines.start <= at && at <= self.lines.end && self.code == finding.code.name()
    }
}

/// The comments in a part of a text that silence findings, in its order. `base` bytes of the file stand
/// before the text.
pub fn marks(text: &str, part: Span, base: u32) -> Vec<Mark> {
    let bytes = &text.as_bytes()[..part.end as usize];
    let mut found: Vec<Mark> = Vec::new();
    for at in memchr::memmem::find_iter(&bytes[part.range()], MARK.as_bytes()) {
        let at = part.start as usize + at;
        let line = line_range(text, at);
        let start = offset(line.start) + base;
        // The first one of a line counts.
        if found.last().is_some_and(|last| last.lines.start == start) {
            continue;
        }
        let Some(code) = text[at + MARK.len()..line.end].split_whitespace().next() else {
            continue;
        };
        let end = memchr::memchr(b'\n', &text.as_bytes()[at..]);
        let next = end.map_or(text.len(), |end| at + end + 1);
        let last = memchr::memchr(b'\n', &text.as_bytes()[next.min(text.len())..]);
        let last = last.map_or(text.len(), |last| next + last);
        found.push(Mark { lines: Span { start, end: offset(last) + base }, code: code.to_owned() });
    }
    found
}

/// Sets the levels that the user asks for, and drops what is known. What refuses stays as it is:
/// silence would make a refusal unexplained. `marks` are the comments of each text.
pub fn apply<'a>(
    levels: &Levels,
    marks: impl Fn(FileId) -> &'a [Mark],
    findings: &mut Vec<Finding>,
) {
    findings.retain_mut(|finding| {
        if finding.refuses {
            return true;
        }
        let is_marked = finding
            .place
            .is_some_and(|place| marks(place.file).iter().any(|mark| mark.covers(finding, place)));
        if is_marked || levels.silence.iter().any(|silence| silence.covers(finding)) {
            return false;
        }
        let level = levels.of_code.get(&finding.code).copied();
        let severity = level.map_or(Some(finding.severity), Level::severity);
        finding.severity = severity.unwrap_or(finding.severity);
        severity.is_some()
    });
}
