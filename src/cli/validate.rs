//! Checks the paths on the command line before anything is read.

use super::args::command;
use crate::io::files;
use anyhow::bail;
use std::path::PathBuf;

/// The maximum number of wrong letters in a misspelled word.
const MOST_WRONG: usize = 3;

/// Checks that every path exists. Without a verb, a single word that is not a path may be a misspelled
/// verb.
pub(super) fn require(paths: &[PathBuf], has_verb: bool) -> anyhow::Result<()> {
    for (i, path) in paths.iter().enumerate() {
        if files::exists(path) {
            continue;
        }
        let name = path.to_string_lossy();
        let may_be_verb = !has_verb && i == 0 && !name.contains(['/', '.', '\\']);
        if !may_be_verb {
            let beside = files::beside(path);
            let hint = match nearest(&name, beside.iter().map(String::as_str)) {
                Some(other) => format!(" (did you mean `{other}`?)"),
                None if has_verb => {
                    ": name files or folders that hold manifests, such as `.`".to_owned()
                }
                None => String::new(),
            };
            bail!("no such file or folder: {name}{hint}");
        }
        let command = command();
        match nearest(&name, command.get_subcommands().map(clap::Command::get_name)) {
            Some(verb) => bail!("no such file or verb: {name} (did you mean `{verb}`?)"),
            None => bail!("no such file or verb: {name}: `rollstamp --help` lists the verbs"),
        }
    }
    Ok(())
}

/// The known word that is most similar to a misspelled one.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let nearest = known.map(|known| (strsim::damerau_levenshtein(known, word), known)).min();
    let (distance, known) = nearest?;
    (distance <= MOST_WRONG && 2 * distance < word.chars().count().max(2)).then_some(known)
}
