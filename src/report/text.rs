//! Writes findings for people, in the style of rustc.

use super::locator::Locator;
use super::{ExplainView, Format, View, plain};
use super::{explain, impact};
use crate::finding::{Finding, Severity};
use crate::impact::graph::Graph;
use crate::impact::history::History;
use crate::parallel;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::io::{self, Write};

/// For people.
pub struct Text;

impl Format for Text {
    /// Each finding with its place, its line if that may be shown, and its help.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.diffs(&mut view.diffs(), out)?;
        let renderer = if view.colour { Renderer::styled() } else { Renderer::plain() };
        let renderer = renderer.hyperlink(view.links);
        let shown: Vec<&Finding> = view.shown().collect();
        let parts: Vec<&[&Finding]> = shown.chunks(PART).collect();
        let parts = parallel::map(parts.len(), view.jobs, |part| {
            let locator = view.locator();
            let findings = parts[part].iter();
            let all = view.show_all;
            findings
                .map(|finding| one(finding, all, &locator, &renderer) + "\n\n")
                .collect::<String>()
        });
        parts.iter().try_for_each(|part| out.write_all(part.as_bytes()))
    }

    fn explain(&self, view: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
        explain::text::write(view, out)
    }

    fn impact(&self, view: &impact::ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        impact::text::write(view, out)
    }

    fn graph(&self, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
        impact::text::graph(graph, out)
    }

    fn history(&self, history: &History, out: &mut dyn Write) -> io::Result<()> {
        impact::history::text(history, out)
    }
}

/// The number of findings that a thread writes at a time.
const PART: usize = 512;

/// The number of related places of a finding that are shown, unless the user wants all.
const RELATED: usize = 6;

fn one(finding: &Finding, all: bool, locator: &Locator<'_>, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = plain(&finding.message);
    let code = finding.code;
    let title = level.primary_title(message).id(code.name()).id_url(code.address());
    let mut group = Group::with_title(title);
    let located = locator.locate(finding);
    if let Some(spot) = located.spot {
        // GitHub obeys the old mark of a command at any place in a log.
        let quote = locator.quote_of(finding).filter(|(line, _)| !line.contains("##["));
        group = match quote {
            Some((line, range)) => group.element(
                Snippet::source(line)
                    .line_start(spot.position.line)
                    .path(plain(spot.file))
                    .annotation(AnnotationKind::Primary.span(range)),
            ),
            None => group.element(
                Origin::path(plain(spot.file))
                    .line(spot.position.line)
                    .char_column(spot.position.column),
            ),
        };
    } else if let Some(file) = located.file {
        group = group.element(Origin::path(plain(file)));
    }
    let shown = if all { usize::MAX } else { RELATED };
    let related = located.related.iter();
    let mut notes: Vec<String> =
        related.take(shown).map(|(spot, label)| format!("{label}: {spot}")).collect();
    if located.related.len() > shown {
        notes.push(format!("and {} more, shown with -v", located.related.len() - shown));
    }
    for note in &notes {
        group = group.element(Level::NOTE.message(plain(note).into_owned()));
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(plain(help)));
    }
    renderer.render(&[group])
}
