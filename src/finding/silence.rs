//! The levels of findings that the user sets, and the findings that the user accepts: rules of the
//! configuration, and comments beside the lines of findings.

use super::{Code, Finding, Severity};
use crate::text::{FileId, Place, Span, line_range, offset};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The rules of the user about findings.
#[derive(Default)]
pub struct Levels {
    /// The levels of findings by code; a code without an entry has the severity of
    /// [`Code::severity`].
    pub of_code: BTreeMap<Code, Level>,
    /// Findings that the user accepts.
    pub silence: Vec<Silence>,
}

/// The level of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Not shown
    Off,
    /// Worth knowing
    Note,
    /// Probably a mistake
    Warning,
    /// `check` fails
    Error,
}

impl Level {
    /// The severity of this level; `None` if the finding is not shown.
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Note => Some(Severity::Note),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

/// A rule for findings that are accepted and not shown.
pub struct Silence {
    /// Their code.
    pub code: Code,
    /// A glob for their object; any, if absent.
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
    /// The bytes of its line and of the next line, with the line feed at the end. It silences
    /// findings that begin in this span.
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

/// The comments that silence findings in a part of a text, in order. `base` is the offset of the
/// text in its file, in bytes.
pub fn marks(text: &str, part: Span, base: u32) -> Vec<Mark> {
    let bytes = &text.as_bytes()[..part.end as usize];
    let mut found: Vec<Mark> = Vec::new();
    for at in memchr::memmem::find_iter(&bytes[part.range()], MARK.as_bytes()) {
        let at = part.start as usize + at;
        let line = line_range(text, at);
        let start = offset(line.start) + base;
        // The first comment of a line counts.
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

/// The silenced findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silenced {
    /// The number of findings.
    pub count: usize,
    /// For each silence rule, in order: whether it silenced a finding.
    pub by_rule: Vec<bool>,
}

/// Sets the levels of the user, and removes accepted findings. A finding that refuses something
/// stays, because it explains the refusal. `marks` are the comments of each text.
pub fn apply<'a>(
    levels: &Levels,
    marks: impl Fn(FileId) -> &'a [Mark],
    findings: &mut Vec<Finding>,
) -> Silenced {
    let before = findings.len();
    let mut by_rule = vec![false; levels.silence.len()];
    findings.retain_mut(|finding| {
        if finding.refuses {
            return true;
        }
        let mut is_known = finding
            .place
            .is_some_and(|place| marks(place.file).iter().any(|mark| mark.covers(finding, place)));
        for (rule, has_effect) in levels.silence.iter().zip(&mut by_rule) {
            if rule.covers(finding) {
                *has_effect = true;
                is_known = true;
            }
        }
        if is_known {
            return false;
        }
        let level = levels.of_code.get(&finding.code).copied();
        let severity = level.map_or(Some(finding.severity), Level::severity);
        finding.severity = severity.unwrap_or(finding.severity);
        severity.is_some()
    });
    Silenced { count: before - findings.len(), by_rule }
}
