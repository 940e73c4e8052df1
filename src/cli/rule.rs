//! The verb `rule`: prints the page of a finding.

use super::Exit;
use super::run::print;
use crate::finding::Code;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// Parses the name of a code; the error for an unknown name suggests the most similar code.
pub(super) fn code() -> impl TypedValueParser<Value = Code> {
    let names = Code::ALL.iter().map(|code| code.name());
    PossibleValuesParser::new(names).try_map(|name| {
        let found = Code::ALL.iter().find(|code| code.name() == name);
        found.copied().ok_or("no such code")
    })
}

/// Prints the page of a code, or the list of all.
pub(super) fn rule(code: Option<Code>) -> anyhow::Result<Exit> {
    print(|out| match code {
        Some(code) => write!(out, "{}\n{}\n", without_targets(code.page()), code.address()),
        None => Code::ALL.iter().try_for_each(|code| {
            let (name, severity) = (code.name(), code.severity().name());
            writeln!(out, "{name:20} {severity:8} {}", code.description())
        }),
    })?;
    Ok(Exit::Clean)
}

/// A page with the text of its links only, because the targets are files of the book.
fn without_targets(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("](") {
        let (Some((start, words)), Some((_, end))) =
            (before.rsplit_once('['), after.split_once(')'))
        else {
            break;
        };
        text.extend([start, words]);
        rest = end;
    }
    text + rest
}
