//! The verb `history`: the effects of the commits of a branch on running pods.

use super::Exit;
use super::args::Common;
use super::run::print;
use super::settings::{Configured, exclude, options, settings};
use crate::config::options::Goal;
use crate::edit::Proofs;
use crate::impact::history::History;
use crate::impact::{Asked, ComparedState, Side, compare};
use crate::io::progress::Progress;
use crate::io::{git, reload};
use clap::Args;
use std::path::PathBuf;

/// The arguments of `history`.
#[derive(Args)]
pub(super) struct HistoryArgs {
    /// Files and folders of a git repository
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// The start of the history, as in `git log --since`
    #[arg(long, value_name = "DATE", default_value = "90 days")]
    since: String,
    /// The branch; only first parents are followed
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    branch: String,
}

pub(super) fn history(arguments: &HistoryArgs, common: &Common) -> anyhow::Result<Exit> {
    let repository = git::Repository::around(&arguments.paths[0])?;
    let inside = arguments.paths.iter().map(|path| repository.inside(path));
    let inside = inside.collect::<anyhow::Result<Vec<String>>>()?;
    let Configured { settings, root, .. } = settings(&arguments.paths, common, None)?;
    let options = options(&settings, common.jobs, Goal::Stamp)?;
    let exclude = exclude(&common.exclude)?;
    let commits = repository.commits(&arguments.branch, &arguments.since, &inside)?;
    let roots: Vec<String> = inside.clone();
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
