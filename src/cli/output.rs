//! The formats of reports as values of `--output`.

use crate::report::{FormatRow, Subject, formats};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Parses the name of a format that can report the subject.
pub(super) fn output(subject: Subject) -> impl TypedValueParser<Value = &'static FormatRow> {
    let value = |row: &'static FormatRow| PossibleValue::new(row.name).help(row.about);
    PossibleValuesParser::new(formats(subject).map(value))
        .try_map(move |name| formats(subject).find(|row| row.name == name).ok_or("no such format"))
}
