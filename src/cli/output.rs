//! What is said to people: in which format, how much of it, in colour or not.

use super::{Colour, Common, Run};
use crate::finding::Severity;
use crate::io::{reload, stdout};
use crate::report::{self, FORMATS, Format, Subject, Verb, View};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Parses the name of a format.
pub(super) fn output() -> impl TypedValueParser<Value = &'static dyn Format> {
    let value = |format: &&dyn Format| PossibleValue::new(format.name()).help(format.about());
    PossibleValuesParser::new(FORMATS.iter().map(value)).try_map(|name| {
        let mut formats = FORMATS.iter().copied();
        formats.find(|format| format.name() == name).ok_or("no such format")
    })
}

/// A run as the user wants to see it, on the standard output or the standard error.
pub(super) fn view<'a>(run: &'a Run, common: &Common, verb: Verb, on_stdout: bool) -> View<'a> {
    View {
        outcome: &run.outcome,
        verb,
        least: match (common.quiet, common.verbose) {
            (true, _) => Severity::Error,
            (_, true) => Severity::Note,
            _ => Severity::Warning,
        },
        show_diffs: false,
        show_all: common.verbose,
        colour: match common.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => stdout::takes_colour(on_stdout),
        },
        jobs: run.options.jobs,
    }
}

/// Puts the texts into memory that a report quotes or counts lines in.
pub(super) fn quote(run: &mut Run, common: &Common, subject: Subject) {
    let wanted = report::wanted(&run.outcome, subject, common.output.is_document());
    let outcome = &mut *run.outcome;
    reload::keep(&outcome.manifests, &mut outcome.texts, wanted, run.options.jobs);
}

/// Says the findings on the standard error.
pub(super) fn say_findings(run: &mut Run, common: &Common, verb: Verb) -> std::io::Result<()> {
    quote(run, common, Subject::Outcome);
    let view = view(run, common, verb, false);
    let mut said = Vec::new();
    common.output.outcome(&view, &mut said)?;
    run.talk.say(&String::from_utf8_lossy(&said));
    Ok(())
}
