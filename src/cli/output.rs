//! The formats of reports as values of `--output`.

use crate::report::{Format, Subject, formats};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Parses the name of a format that can report the subject.
pub(super) fn output(subject: Subject) -> impl TypedValueParser<Value = &'static dyn Format> {
    let value = |format: &'static dyn Format| {
        let info = format.info();
        PossibleValue::new(info.name).help(info.about)
    };
    PossibleValuesParser::new(formats(subject).map(value)).try_map(move |name| {
        formats(subject).find(|format| format.info().name == name).ok_or("no such format")
    })
}
