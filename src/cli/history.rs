//! The verb `history`: the effects of the commits of a branch on running pods.

use super::Exit;
use super::args::Common;
use super::run::print;
use super::settings::{Configured, exclude, options, settings};
use crate::config::options::Goal;
use crate::edit::Proofs;
use crate::impact::history::History;
use crate::impact::{Asked, ComparedState, NamedRoots, Side, compare};
use crate::io::progress::Progress;
use crate::io::{git, reload};
use anyhow::bail;
use clap::Args;
use std::path::PathBuf;

/// The arguments of `history`.
#[derive(Args)]
pub(super) struct HistoryArgs {
    /// Files and folders of a git repository
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// The start of the history: `90d`, `12w`, `6mo`, `1y`, or a date as in `git log --since`
    #[arg(long, value_name = "DATE", default_value = "90d", value_parser = since)]
    since: String,
    /// The branch; only first parents are followed
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    branch: String,
}

/// A time in the form that git reads. git itself would read `90d` as a day of the year 1990.
#[expect(clippy::unnecessary_wraps, reason = "a parser of values may fail")]
fn since(value: &str) -> Result<String, String> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    let unit = match value[digits..].trim() {
        "h" => "hours",
        "d" => "days",
        "w" => "weeks",
        "mo" => "months",
        "y" => "years",
        _ => return Ok(value.to_owned()),
    };
    Ok(format!("{} {unit} ago", &value[..digits]))
}

pub(super) fn history(arguments: &HistoryArgs, common: &Common) -> anyhow::Result<Exit> {
    let repository = git::Repository::around(&arguments.paths[0])?;
    let inside = arguments.paths.iter().map(|path| repository.inside(path));
    let inside = inside.collect::<anyhow::Result<Vec<String>>>()?;
    let Configured { settings, root, .. } = settings(&arguments.paths, common, None)?;
    let mut options = options(&settings, common.jobs, Goal::Stamp)?;
    options.compares = true;
    let exclude = exclude(&common.exclude)?;
    let commits = repository.commits(&arguments.branch, &arguments.since, &inside)?;
    if commits.is_empty() {
        let revision = repository.revision(&arguments.branch)?;
        if let Some(unknown) = inside.iter().position(|path| !revision.has(path)) {
            bail!("{} has no {}", arguments.branch, arguments.paths[unknown].display());
        }
    }
    let roots = NamedRoots::of_both(inside.clone(), inside.clone()).0;
    let mut revisions = repository.revisions()?;
    let proofs = Proofs::default();
    let mut load = |commit: &str| -> anyhow::Result<_> {
        let revision = revisions.read(commit)?;
        let loaded = git::load(&revision, &inside, &exclude, root.as_deref(), &options)?;
        Ok(reload::run_again(loaded, &proofs, &options)?)
    };
    let mut history = History::default();
    let mut before = match commits.first().and_then(|commit| repository.parent(&commit.id)) {
        Some(parent) => load(&parent)?,
        None => reload::run(crate::process::Loaded::default(), &options)?,
    };
    let namespace = options.namespace.as_deref();
    let progress = Progress::new(if common.quiet { 0 } else { commits.len() }, "commits");
    for commit in commits {
        let after = load(&commit.id)?;
        let state =
            |side, outcome| ComparedState::new(side, outcome, namespace, options.unit, &roots);
        let states = (state(Side::Before, &before), state(Side::After, &after));
        // The written stamps count if there are any; otherwise the result is as if every apply had gone
        // through rollstamp.
        history.add(commit, &compare(&states.0, &states.1, &Asked::new(None, &options)));
        before = after;
        progress.step();
    }
    history.finish();
    print(|out| common.output.history(&history, out))?;
    Ok(Exit::Clean)
}
