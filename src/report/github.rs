//! Findings as workflow commands, which GitHub shows beside the lines of a pull request.
//! The syntax: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use super::{Format, Located, Subject, View, impact, plain, text};
use crate::extract::ObjectId;
use crate::finding::Severity;
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Workflow commands.
pub struct Github;

impl Format for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "Workflow commands, which GitHub Actions shows beside the lines of a pull request"
    }

    fn subjects(&self) -> &'static [Subject] {
        &[Subject::Outcome, Subject::Explanation, Subject::Impact]
    }

    /// One line for each finding.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        for diff in view.diffs() {
            out.write_all(diff.as_bytes())?;
        }
        let locator = view.locator();
        let mut shown = view.shown();
        shown.try_for_each(|finding| out.write_all(command(&locator.locate(finding)).as_bytes()))
    }

    /// There is no command for it: the log of a workflow is read by people.
    fn explain(
        &self,
        view: &View<'_>,
        workloads: &BTreeSet<ObjectId>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        text::Text.explain(view, workloads, out)
    }

    fn impact(&self, view: &impact::View<'_>, out: &mut dyn Write) -> io::Result<()> {
        impact::github::write(view, out)
    }
}

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
        // There is no such file to show it in.
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
