//! Runs without a verb: reads manifests and prints them with stamps.

use super::Exit;
use super::args::Common;
use super::run::{Run, start};
use super::settings::exclude;
use crate::config::options::{Goal, Mode};
use crate::edit::FileChange;
use crate::io::files::Keep;
use crate::io::{files, stdout};
use crate::outcome::{Outcome, generations};
use crate::process;
use crate::report::krm::Results;
use crate::report::{Format, Verb, summary};
use crate::text::FileId;
use crate::text::input::Found;
use anyhow::{Context, anyhow, bail};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The number of old generations to keep, and the path to them.
type Kept = (NonZeroUsize, PathBuf);

pub(super) fn filter(
    paths: &[PathBuf],
    common: &Common,
    goal: Goal,
    keep: Option<Kept>,
) -> anyhow::Result<Exit> {
    let Some(mut run) = start(paths, common, Verb::Filter, goal)? else { return Ok(Exit::Trouble) };
    let previous = match &keep {
        Some((_, path)) => Some(previous(path, common, &run)?),
        None => None,
    };
    run.say_findings()?;
    if run.outcome.is_empty() && run.call.is_none() && !run.outcome.refused() {
        let why = summary::nothing(&run.outcome, paths.is_empty(), "stamp");
        if run.outcome.skipped.total() > 0 {
            bail!("{why}");
        }
        if !common.quiet {
            run.say(&format!("rollstamp: {why}"));
        }
    }
    if run.outcome.refused() {
        run.say("rollstamp: refused; nothing was printed");
        return Ok(Exit::Trouble);
    }
    if common.verbose {
        let summary = summary::read(&run.outcome);
        run.say(&summary);
    }
    let mut pieces = stream_of(&run.outcome, paths.is_empty());
    if paths.is_empty() && stdout::is_helm_plugin() && pieces.iter().all(|p| p.trim().is_empty()) {
        // Helm 4 treats an empty output as a failure, even if the chart rendered nothing.
        pieces = vec!["---\n"];
    }
    if let (Some(previous), Some((most, _))) = (&previous, &keep) {
        let kept = generations::kept(
            &run.outcome,
            &previous.manifests,
            &previous.texts,
            most.get(),
            &run.options,
        );
        let kept = kept.map_err(|why| anyhow!("--previous: {why}"))?;
        append(&mut pieces, &kept);
        if !kept.is_empty() {
            begin_as_yaml(&mut pieces);
        }
    }
    let results = run.call.as_ref().and_then(|call| call.results.as_ref());
    let mut items = Vec::new();
    if results.is_some() {
        Results.outcome(&run.view(), &mut items)?;
    }
    let items = String::from_utf8_lossy(&items);
    let results = results.map(|place| (place.at, place.text(items.lines())));
    if let Some((at, text)) = &results {
        insert(&mut pieces, *at, text);
    }
    stdout::print(pieces.into_iter()).context("failed to write the standard output")?;
    Ok(Exit::Clean)
}

/// Reads the output of an earlier run.
fn previous(path: &Path, common: &Common, run: &Run<'_>) -> anyhow::Result<process::Read> {
    if run.call.is_some() || common.given.is_some() {
        bail!("--keep: kustomize accepts no additional documents; pipe its output");
    }
    if run.options.mode != Mode::Suffix {
        bail!(
            "--keep: only sources with names after their content have generations: add `--mode suffix`"
        );
    }
    if path.as_os_str() == "-" || !files::exists(path) {
        bail!("--previous: no such file: {}", path.display());
    }
    let (exclude, units) = (exclude(&common.exclude)?, &run.options.rules.units);
    let paths = [path.to_path_buf()];
    let loaded = files::load(&paths, &exclude, None, units, Keep::All, &run.options)
        .with_context(|| format!("failed to read {}", path.display()))?;
    if let Some(finding) = loaded.findings.first() {
        bail!("--previous: {}", finding.message);
    }
    // Its objects count as they are written, so it has no findings.
    Ok(process::read(loaded, &run.options))
}

/// Appends documents.
fn append<'a>(pieces: &mut Vec<&'a str>, documents: &[&'a str]) {
    for document in documents {
        let last = pieces.iter().rev().find(|piece| !piece.is_empty());
        if last.is_some_and(|piece| !piece.ends_with('\n')) {
            pieces.push("\n");
        }
        pieces.push("---\n");
        pieces.push(document.trim_start_matches('\u{feff}'));
    }
    if let (Some(last), false) = (documents.last(), documents.is_empty())
        && !last.ends_with('\n')
    {
        pieces.push("\n");
    }
}

/// Adds a `---` before output that begins with a brace: kubectl treats it as JSON, applies the first
/// document, and fails at the first `---` (1.27 to 1.32: `GuessJSONStream`). Nothing is added before a
/// single text, which passes unchanged.
fn begin_as_yaml(pieces: &mut Vec<&str>) {
    let first = pieces.iter().map(|piece| piece.trim_start()).find(|piece| !piece.is_empty());
    if first.is_some_and(|text| text.starts_with('{')) {
        pieces.insert(0, "---\n");
    }
}

/// Inserts a text at a position of the output.
fn insert<'a>(pieces: &mut Vec<&'a str>, at: usize, text: &'a str) {
    let mut start = 0;
    let Some(number) = pieces.iter().position(|piece| {
        let is_here = at < start + piece.len();
        start += if is_here { 0 } else { piece.len() };
        is_here
    }) else {
        return;
    };
    let (before, behind) = pieces[number].split_at(at - start);
    pieces.splice(number..=number, [before, text, behind]);
}

/// The texts with their edits. A single stream passes unchanged except for the edits. Of files, only those
/// with objects are printed, with a `---` between them and only the first byte order mark.
fn stream_of(outcome: &Outcome, single: bool) -> Vec<&str> {
    let changes: BTreeMap<FileId, &FileChange> =
        outcome.changes.iter().map(|change| (change.file, change)).collect();
    let mut pieces: Vec<&str> = Vec::new();
    let mut ends_line = true;
    let mut files = 0;
    for file in outcome.manifests.files() {
        let of = &outcome.manifests[file];
        let has_none = of.object_count == 0 || outcome.units.is_patch(file);
        let is_empty = has_none && of.input.found != Found::Stream;
        if !of.input.is_named() || (!single && is_empty) {
            continue;
        }
        let Some(text) = outcome.texts.get(file) else { continue };
        let first = pieces.is_empty();
        files += 1;
        let start = if !first && text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if !first {
            if !ends_line {
                pieces.push("\n");
            }
            if !text[start..].starts_with("---") {
                pieces.push("---\n");
            }
        }
        let part = crate::text::Span::new(start, text.len());
        match changes.get(&file) {
            Some(change) => pieces.extend(change.edits.slices_within(text, part)),
            None => pieces.push(&text[start..]),
        }
        ends_line = pieces.iter().rev().find(|p| !p.is_empty()).is_none_or(|p| p.ends_with('\n'));
    }
    if files > 1 {
        begin_as_yaml(&mut pieces);
    }
    pieces
}
