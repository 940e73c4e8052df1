//! Findings as workflow commands, which GitHub shows beside the lines of a pull request.
//! The syntax: <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use super::Locator;
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use crate::text::input::Found;

/// One line for each finding of at least this severity.
pub fn findings(outcome: &Outcome, findings: &[Finding], least: Severity) -> String {
    let locator = Locator::new(outcome);
    findings
        .iter()
        .filter(|finding| finding.severity >= least)
        .map(|finding| command(outcome, finding, &locator))
        .collect()
}

fn command(outcome: &Outcome, finding: &Finding, locator: &Locator<'_>) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    let mut message = String::new();
    match (finding.place, &finding.file) {
        (Some(place), _) => {
            let at = locator.position(place);
            let name = locator.name(place);
            if outcome.inputs[place.file.index()].found == Found::Stream {
                // There is no such file to show it in.
                message = format!("{name}:{}:{}: ", at.line, at.column);
            } else {
                properties.push(format!("file={}", property(name)));
                properties.push(format!("line={},col={}", at.line, at.column));
            }
        }
        (None, Some(file)) => properties.push(format!("file={}", property(file))),
        (None, None) => {}
    }
    properties.push(format!("title={}", finding.code.name()));
    message.push_str(&finding.message);
    for (place, label) in &finding.related {
        let at = locator.position(*place);
        let name = locator.name(*place);
        message.push_str(&format!("\n{label}: {name}:{}:{}", at.line, at.column));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\n{help}"));
    }
    format!("::{name} {}::{}\n", properties.join(","), data(&message))
}

/// The text of a command: on one line.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The text of a property, which ends at a comma or a colon.
pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
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
