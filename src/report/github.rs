//! Findings as workflow commands, which GitHub shows beside the lines of a pull request.
//! The syntax: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use super::{ExplainView, Format, Located, View, concise, impact, plain, text};
use crate::finding::Severity;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Workflow commands.
pub struct Github;

impl Format for Github {
    /// A command for each finding, the most serious first. GitHub shows only a limited number for a step,
    /// so the others are lines of the log.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.diffs(&mut view.diffs(), out)?;
        let locator = view.locator();
        let mut given: BTreeMap<Severity, usize> = BTreeMap::new();
        let mut others = Vec::new();
        let of = |severity| view.shown().filter(move |finding| finding.severity == severity);
        for finding in Severity::ALL.into_iter().flat_map(of) {
            let given = given.entry(finding.severity).or_default();
            if *given == LIMIT {
                others.push(finding);
                continue;
            }
            *given += 1;
            out.write_all(command(&locator.locate(finding)).as_bytes())?;
        }
        if !others.is_empty() {
            writeln!(out, "{} more findings, of which GitHub shows no annotation:", others.len())?;
        }
        for finding in others {
            out.write_all(concise::line(&locator.locate(finding)).as_bytes())?;
        }
        Ok(())
    }

    /// A line of a diff can be a command, because the runner skips blanks at the beginning. So the runner
    /// is told to ignore commands up to a word that no diff can contain, because it is a digest of all
    /// diffs.
    fn diffs(
        &self,
        diffs: &mut dyn Iterator<Item = String>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let diffs: String = diffs.collect();
        if diffs.is_empty() {
            return Ok(());
        }
        let digest = Sha256::digest(diffs.as_bytes());
        let word: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(out, "::stop-commands::{word}")?;
        out.write_all(diffs.as_bytes())?;
        let end = if diffs.ends_with('\n') { "" } else { "\n" };
        writeln!(out, "{end}::{word}::")
    }

    /// There is no workflow command for an explanation, so it is written as text.
    fn explain(&self, view: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
        text::Text.explain(view, out)
    }

    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        impact::github::write(view, out)
    }
}

/// The number of annotations of each severity that GitHub shows for one step; it shows 50 for one job
/// (<https://docs.github.com/rest/checks/runs>, <https://github.com/orgs/community/discussions/26680>).
const LIMIT: usize = 10;

fn command(located: &Located<'_>) -> String {
    let finding = located.finding;
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    let mut message = String::new();
    match (located.spot, located.file) {
        // The standard input is not a file, so GitHub cannot show a line.
        (Some(spot), _) if located.is_stream => message = format!("{}: ", plain(&spot.to_string())),
        (Some(spot), _) => {
            properties.push(format!("file={}", property(spot.file)));
            properties.push(format!("line={},col={}", spot.position.line, spot.position.column));
        }
        (None, Some(file)) => properties.push(format!("file={}", property(file))),
        (None, None) => {}
    }
    properties.push(format!("title={}", finding.code.name()));
    message.push_str(&plain(&finding.message));
    for (spot, label) in &located.related {
        message.push_str(&format!("\n{label}: {}", plain(&spot.to_string())));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\n{}", plain(help)));
    }
    format!("::{name} {}::{}\n", properties.join(","), data(&message))
}

/// The text of a command: on one line.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The text of a property, which ends at a comma or a colon.
pub(super) fn property(text: &str) -> String {
    plain(&data(text).replace(':', "%3A").replace(',', "%2C")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn marks_of_commands_are_escaped() {
        assert_eq!(data("100%: a\r\nb, c"), "100%25: a%0D%0Ab, c");
        assert_eq!(property("c:\\a,b%.yaml"), "c%3A\\a%2Cb%25.yaml");
    }
}
