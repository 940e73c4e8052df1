//! The verbs `write` and `strip`: write stamps into files, and remove them.

use super::Exit;
use super::args::Common;
use super::builds::BuildRequest;
use super::run::{Run, print, start_ungrouped};
use super::stamps_file;
use crate::config::options::Goal;
use crate::io::write::{self, Written};
use crate::report::{Verb, View, count, summary};
use crate::text::FileId;
use crate::text::input::Found;
use anyhow::bail;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The reports that the user asked for in addition to the findings.
#[derive(Clone, Copy, Default)]
pub(super) struct Extras {
    /// Diffs of the changes; with this option, nothing is written.
    pub(super) diff: bool,
    /// The number of findings with each code.
    pub(super) statistics: bool,
}

pub(super) fn in_place(
    paths: &[PathBuf],
    common: &Common,
    goal: Goal,
    shown: Extras,
    request: Option<&BuildRequest<'_>>,
) -> anyhow::Result<Exit> {
    let verb = if goal == Goal::Strip { Verb::Strip } else { Verb::Write };
    let common = &Common { makes_stamps_files: request.is_some(), ..common.clone() };
    let Some(mut run) = start_ungrouped(paths, common, verb, goal)? else {
        return Ok(Exit::Trouble);
    };
    write_or_show(&mut run, paths, common, goal, shown, request)
}

/// Writes the changes of a run, or shows them.
pub(super) fn write_or_show(
    run: &mut Run<'_>,
    paths: &[PathBuf],
    common: &Common,
    goal: Goal,
    shown: Extras,
    request: Option<&BuildRequest<'_>>,
) -> anyhow::Result<Exit> {
    if run.outcome.manifests.all_files().iter().any(|file| file.input.found == Found::Stream) {
        bail!(
            "the standard input cannot be written in place; name files, or run `rollstamp` without a verb"
        );
    }
    let overlays = match request {
        Some(request) => run.build(request)?,
        None if goal == Goal::Strip => {
            let (changes, findings) = stamps_file::strip(paths, &run.options.annotation);
            run.outcome.add(findings);
            changes
        }
        None => Vec::new(),
    };
    if shown.diff {
        run.outcome.group();
        run.say_findings()?;
        let view = View { show_diffs: true, ..run.view() };
        let of_overlays: Vec<String> =
            overlays.iter().map(stamps_file::StampsChange::diff).collect();
        let mut diffs = view.diffs().chain(of_overlays);
        print(|out| common.output.diffs(&mut diffs, out))?;
        return Ok(run.exit());
    }
    let changes = run.outcome.changes.iter();
    let replacements = changes.filter_map(|change| {
        let input = &run.outcome.manifests[change.file].input;
        let kind = match change.of_names {
            false => write::WriteGroup::Alone,
            true if run.outcome.renames_in(change.file) => write::WriteGroup::Named,
            true => write::WriteGroup::Naming,
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
    let changes = || run.outcome.changes.iter().map(|change| change.file).zip(&done);
    let written: BTreeSet<FileId> =
        changes().filter(|(_, done)| **done != Written::No).map(|(file, _)| file).collect();
    let mut lines: Vec<String> = changes()
        .filter(|(_, done)| **done == Written::Yes)
        .map(|(file, _)| summary::changed(&run.outcome, file))
        .collect();
    run.outcome.add(findings);
    for change in &overlays {
        let findings = change.write();
        if findings.is_empty() {
            lines.push(change.line());
        }
        run.outcome.add(findings);
    }
    if let Some(request) = request
        && !lines.is_empty()
    {
        // A second build checks that all written stamps have their effect.
        run.prove(request)?;
    }
    run.outcome.group();
    run.say_findings()?;
    let coverage = run.outcome.coverage_after(&written);
    if shown.statistics {
        run.say(&summary::statistics(&run.outcome, &coverage));
    }
    if !common.quiet {
        for line in &lines {
            run.say(line);
        }
        let about = match goal {
            Goal::Strip => summary::read(&run.outcome),
            Goal::Stamp | Goal::Check => summary::coverage(&run.outcome, &coverage, true),
        };
        run.say(&format!("{} changed; {about}", count(lines.len(), "file")));
    }
    Ok(run.exit())
}
