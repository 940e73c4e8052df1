//! Writes each finding on one line, for terminals, editors and `grep`.

use super::{ExplainView, Format, Located, View, plain, text};
use std::io::{self, Write};

/// One line for each finding.
pub struct Concise;

impl Format for Concise {
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.diffs(&mut view.diffs(), out)?;
        let locator = view.locator();
        view.shown()
            .try_for_each(|finding| out.write_all(line(&locator.locate(finding)).as_bytes()))
    }

    /// Explanations have no lines of this form.
    fn explain(&self, view: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
        text::Text.explain(view, out)
    }
}

/// The line of a finding: `web.yaml:4:9: error[missing-stamp]: Deployment web has no stamp`.
pub fn line(located: &Located<'_>) -> String {
    let finding = located.finding;
    let place = match (located.spot, located.file) {
        (Some(spot), _) => format!("{spot}: "),
        (None, Some(file)) => format!("{file}: "),
        (None, None) => String::new(),
    };
    let (severity, code) = (finding.severity.name(), finding.code.name());
    let line = format!("{place}{severity}[{code}]: {}", finding.message.replace('\n', " "));
    format!("{}\n", plain(&line))
}
