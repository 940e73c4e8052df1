//! The paths on the command line, checked before anything is read.

use super::args::command;
use crate::io::files;
use anyhow::bail;
use std::path::PathBuf;

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
        let command = command();
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
