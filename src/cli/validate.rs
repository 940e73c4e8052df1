//! What is named on the command line: keys and paths, checked before anything is read.

use super::Cli;
use crate::io::files;
use anyhow::bail;
use clap::CommandFactory;
use std::path::PathBuf;

/// An annotation key as the API server takes it: an optional DNS prefix, and a name of at most 63.
pub(super) fn annotation_key(key: &str) -> Result<String, String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let good_name = name.len() <= 63
        && edge(name.as_bytes().first())
        && edge(name.as_bytes().last())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let good_label = |label: &str| {
        edge(label.as_bytes().first())
            && edge(label.as_bytes().last())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let good_prefix = prefix.is_none_or(|p| p.len() <= 253 && p.split('.').all(good_label));
    if good_name && good_prefix {
        Ok(key.to_owned())
    } else {
        Err("not an annotation key: PREFIX/NAME with a DNS name before the slash and at most 63 letters, digits, `-`, `_` or `.` after it".to_owned())
    }
}

/// Every path must be there; a single word that is not may be a misspelled verb.
pub(super) fn require(paths: &[PathBuf]) -> anyhow::Result<()> {
    for (i, path) in paths.iter().enumerate() {
        if files::exists(path) {
            continue;
        }
        let name = path.to_string_lossy();
        if i > 0 || name.contains(['/', '.', '\\']) {
            bail!("no such file: {name}");
        }
        let command = Cli::command();
        let nearest = command
            .get_subcommands()
            .map(|c| (strsim::damerau_levenshtein(c.get_name(), &name), c.get_name()))
            .min();
        match nearest {
            Some((distance, verb)) if distance <= 3 && distance < verb.len() => {
                bail!("no such file or verb: {name} (did you mean `{verb}`?)")
            }
            _ => bail!("no such file or verb: {name}"),
        }
    }
    Ok(())
}
