//! How much findings matter to the user, and which of them are known: rules of the configuration, and
//! comments beside the lines of findings.

use super::{Code, Finding, Severity};
use crate::text::input::Input;
use crate::text::{Changed, line_range};
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

/// Sets the levels that the user asks for, and drops what is known. What refuses stays as it is:
/// silence would make a refusal unexplained. Of texts that are not here `may_have_marks` knows whether
/// they are worth reading again.
///
/// # Errors
/// When a text with such a comment must be read again, and cannot.
pub fn apply(
    levels: &Levels,
    inputs: &[Input],
    may_have_marks: impl Fn(usize) -> bool,
    findings: &mut Vec<Finding>,
) -> Result<(), Changed> {
    let mut changed = None;
    findings.retain_mut(|finding| {
        if finding.refuses {
            return true;
        }
        let is_marked = is_marked(inputs, &may_have_marks, finding).unwrap_or_else(|error| {
            changed = Some(error);
            false
        });
        if is_marked || levels.silence.iter().any(|silence| silence.covers(finding)) {
            return false;
        }
        let level = levels.of_code.get(&finding.code).copied();
        let severity = level.map_or(Some(finding.severity), Level::severity);
        finding.severity = severity.unwrap_or(finding.severity);
        severity.is_some()
    });
    changed.map_or(Ok(()), Err)
}

/// Whether a text may hold a comment that silences a finding.
pub fn has_marks(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK.as_bytes()).is_some()
}

/// Whether a comment on the finding's line, or on the line before it, names its code.
fn is_marked(
    inputs: &[Input],
    may_have_marks: impl Fn(usize) -> bool,
    finding: &Finding,
) -> Result<bool, Changed> {
    let Some(place) = finding.place else {
        return Ok(false);
    };
    let file = place.file.index();
    let text = match inputs[file].file.text.known() {
        Some(text) => text,
        None if may_have_marks(file) => inputs[file].file.text.get()?,
        None => return Ok(false),
    };
    let own = line_range(text, place.span.start as usize);
    let before = match own.start {
        0 => 0..0,
        start => line_range(text, start - 1),
    };
    Ok([own, before].into_iter().any(|line| {
        text[line]
            .split_once(MARK)
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .is_some_and(|code| code == finding.code.name())
    }))
}
