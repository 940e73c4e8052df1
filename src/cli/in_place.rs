//! Writes stamps into files, and takes them out.

use super::Exit;
use super::args::Common;
use super::run::{print, start};
use crate::config::options::Goal;
use crate::io::write;
use crate::report::{Verb, View, count, summary};
use crate::text::input::Found;
use anyhow::bail;
use std::path::PathBuf;

pub(super) fn in_place(
    paths: &[PathBuf],
    common: &Common,
    goal: Goal,
    show_diffs: bool,
) -> anyhow::Result<Exit> {
    let verb = if goal == Goal::Strip { Verb::Strip } else { Verb::Write };
    let Some(mut run) = start(paths, common, verb, goal)? else {
        return Ok(Exit::Trouble);
    };
    if run.outcome.manifests.all_files().iter().any(|file| file.input.found == Found::Stream) {
        bail!(
            "the standard input cannot be written in place; name files, or run `rollstamp` without a verb"
        );
    }
    if show_diffs {
        run.say_findings()?;
        let view = View { show_diffs, ..run.view() };
        print(|out| view.diffs().try_for_each(|diff| out.write_all(diff.as_bytes())))?;
        return Ok(run.exit());
    }
    let changes = run.outcome.changes.iter();
    let replacements = changes.filter_map(|change| {
        let input = &run.outcome.manifests[change.file].input;
        let kind = match change.of_names {
            false => write::Kind::Alone,
            true if run.outcome.renames_in(change.file) => write::Kind::Named,
            true => write::Kind::Naming,
        };
        Some(write::Replacement {
            path: input.path.as_deref()?,
            name: &input.name,
            before: run.outcome.texts.get(change.file)?,
            edits: &change.edits,
            kind,
        })
    });
    let replacements: Vec<_> = replacements.collect();
    let (done, findings) = write::all(&replacements);
    let changes = run.outcome.changes.iter().zip(done).filter(|(_, done)| *done);
    let lines: Vec<String> =
        changes.map(|(change, _)| summary::changed(&run.outcome, change.file)).collect();
    run.outcome.add(findings);
    run.say_findings()?;
    if !common.quiet {
        for line in &lines {
            run.say(line);
        }
        let summary =
            format!("{} changed; {}", count(lines.len(), "file"), summary::read(&run.outcome));
        run.say(&summary);
    }
    Ok(run.exit())
}
