//! The formats of reports as values of `--output`.

use crate::report::{FORMATS, Format};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// Parses the name of a format.
pub(super) fn output() -> impl TypedValueParser<Value = &'static dyn Format> {
    let value = |format: &&dyn Format| PossibleValue::new(format.name()).help(format.about());
    PossibleValuesParser::new(FORMATS.iter().map(value)).try_map(|name| {
        let mut formats = FORMATS.iter().copied();
        formats.find(|format| format.name() == name).ok_or("no such format")
    })
}
