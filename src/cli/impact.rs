//! What an apply does to running pods: two states loaded, processed and compared.

use super::Exit;
use super::args::{Colour, Common};
use super::run::{print, start};
use super::settings::{Configured, exclude, options, settings};
use super::validate::require;
use crate::config::options::{Goal, Options};
use crate::finding::Code;
use crate::impact::{self, Answer, Asked, Assume, Impact, Side, State};
use crate::io::files::Keep;
use crate::io::{files, git, reload, stdout};
use crate::k8s::short_names;
use crate::outcome::Outcome;
use crate::process::Loaded;
use crate::report::{Verb, impact as reports};
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// What is compared, and how.
#[derive(Args)]
pub(super) struct ImpactArgs {
    /// BEFORE and AFTER: each a file, a folder, `-`, or REV:PATH, which is read from git without a
    /// checkout. With --base, or with one PATH alone, the working tree is what comes after
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The revision that counts as before
    /// [default: the merge base with the upstream branch]
    #[arg(long, value_name = "REV", verbatim_doc_comment)]
    base: Option<String>,
    /// Which stamps count
    /// [default: written, if either side has any; else stamped]
    #[arg(long, value_name = "STAMPS", value_enum, verbatim_doc_comment)]
    assume: Option<AssumeArg>,
    /// Show only these answers; can stand several times
    #[arg(long, value_name = "ANSWER", value_enum)]
    only: Vec<OnlyArg>,
    /// End with 1 if this is so; can stand several times: rolls, needless, stale, downtime, stuck, or a
    /// workload that rolls, as KIND or KIND/NAME
    #[arg(long, value_name = "WHAT", value_parser = gate)]
    fail_on: Vec<Gate>,
    /// The most characters of a comment (markdown)
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    max_length: usize,
    /// What is compared, in the mark of a comment (markdown): later runs replace the comment with the
    /// same mark
    #[arg(long, value_name = "TEXT", default_value = "")]
    title: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum AssumeArg {
    /// Those that rollstamp would write, as if both states went through it
    Stamped,
    /// Those that stand in the text
    Written,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnlyArg {
    /// What rolls because of what it reads, or because its template changed
    Rolls,
    /// What should roll and will not
    Stale,
    /// What rolls for nothing
    Needless,
    /// All
    All,
}

impl OnlyArg {
    fn answers(self) -> &'static [Answer] {
        match self {
            Self::Rolls => &[Answer::Rolls, Answer::Template],
            Self::Stale => &[Answer::Stale],
            Self::Needless => &[Answer::Needless, Answer::Once],
            Self::All => Answer::ALL,
        }
    }
}

/// A condition under which the run ends with 1.
#[derive(Clone)]
enum Gate {
    Rolls,
    Needless,
    Stale,
    Downtime,
    Stuck,
    Workload { kind: String, name: Option<String> },
}

fn gate(value: &str) -> Result<Gate, String> {
    Ok(match value {
        "rolls" => Gate::Rolls,
        "needless" => Gate::Needless,
        "stale" => Gate::Stale,
        "downtime" => Gate::Downtime,
        "stuck" => Gate::Stuck,
        _ => match value.split_once('/') {
            Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !name.contains('/') => {
                Gate::Workload { kind: kind.to_owned(), name: Some(name.to_owned()) }
            }
            None if short_names::is_kind(value) => {
                Gate::Workload { kind: value.to_owned(), name: None }
            }
            _ => {
                let known = "rolls, needless, stale, downtime, stuck, a KIND or KIND/NAME";
                return Err(format!("not one of {known}"));
            }
        },
    })
}

impl Gate {
    fn holds(&self, impact: &Impact) -> bool {
        let counts = impact.counts();
        match self {
            Self::Rolls => impact.workloads.iter().any(|w| w.answer.replaces_pods()),
            Self::Needless => counts.needless > 0,
            Self::Stale => counts.stale > 0,
            Self::Downtime => counts.downtime > 0,
            Self::Stuck => counts.stuck > 0,
            Self::Workload { kind, name } => impact.workloads.iter().any(|w| {
                w.answer.replaces_pods()
                    && short_names::means(kind, &w.name.kind)
                    && name.as_ref().is_none_or(|name| *name == w.name.name)
            }),
        }
    }
}

/// One of the two states, loaded and processed.
struct LoadedState {
    outcome: Outcome,
    /// The paths that were named, as the names of the files below them begin.
    roots: Vec<String>,
}

pub(super) fn impact(arguments: &ImpactArgs, common: &Common) -> anyhow::Result<Exit> {
    let (before, after) = sides(arguments)?;
    let Configured { settings, root, .. } = settings(&after.on_disk(), common, None)?;
    let mut options = options(&settings, common.jobs, Goal::Stamp)?;
    options.weighs_foreign = true;
    let mut talk =
        stdout::Talk::new(common.log_file.as_deref()).context("failed to open the log file")?;
    let old = before.load(common, &options, root.as_deref())?;
    let new = after.load(common, &options, root.as_deref())?;
    let namespace = options.namespace.as_deref();
    let states = (
        State::new(Side::Before, &old.outcome, namespace, options.unit, &old.roots),
        State::new(Side::After, &new.outcome, namespace, options.unit, &new.roots),
    );
    let asked = Asked {
        assume: arguments.assume.map(|assume| match assume {
            AssumeArg::Stamped => Assume::Stamped,
            AssumeArg::Written => Assume::Written,
        }),
        annotation: &options.annotation,
        foreign: &options.rules.foreign,
        jobs: options.jobs,
    };
    let impact = impact::compare(&states.0, &states.1, &asked);
    let only: Vec<Answer> =
        arguments.only.iter().flat_map(|only| only.answers()).copied().collect();
    let view = reports::View {
        impact: &impact,
        before: &old.outcome,
        after: &new.outcome,
        title: &arguments.title,
        only: &only,
        show_all: common.verbose,
        colour: match common.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => stdout::takes_colour(true),
        },
        width: stdout::width(),
        max_length: arguments.max_length,
    };
    print(|out| common.output.impact(&view, out))?;
    let mut is_comparable = true;
    for (name, side) in [("before", &old), ("after", &new)] {
        for finding in side.outcome.findings.iter().filter(|f| f.refuses) {
            talk.say(&format!("rollstamp: {name}: {}\n", finding.message));
            is_comparable &= !UNREADABLE.contains(&finding.code);
        }
    }
    if !is_comparable {
        return Ok(Exit::Trouble);
    }
    let held = arguments.fail_on.iter().any(|gate| gate.holds(&impact));
    Ok(if held { Exit::Findings } else { Exit::Clean })
}

/// Draws what is read in one state.
pub(super) fn graph(paths: &[PathBuf], common: &Common) -> anyhow::Result<Exit> {
    let Some(run) = start(paths, common, Verb::Graph, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    let nothing = reload::run(Loaded::default(), &run.options)?;
    let namespace = run.options.namespace.as_deref();
    let roots: Vec<String> = paths.iter().map(|path| files::name(path)).collect();
    let state = |side, outcome| State::new(side, outcome, namespace, run.options.unit, &roots);
    let states = (state(Side::Before, &nothing), state(Side::After, &run.outcome));
    let asked = Asked {
        assume: None,
        annotation: &run.options.annotation,
        foreign: &run.options.rules.foreign,
        jobs: run.options.jobs,
    };
    let graph = impact::graph::of_state(&states.1, &states.0, &asked);
    print(|out| common.output.graph(&graph, out))?;
    Ok(run.exit())
}

/// What leaves a part of a state unknown, so that a comparison would say less than there is.
const UNREADABLE: &[Code] = &[
    Code::YamlSyntax,
    Code::UnsupportedYaml,
    Code::NotUtf8,
    Code::FileTooLarge,
    Code::UnreadableFile,
    Code::InvalidObject,
];

/// Where one of the two states comes from.
enum From {
    /// Files and folders, and the standard input.
    Paths(Vec<PathBuf>),
    /// What git holds.
    Git { revision: git::Revision, paths: Vec<String> },
}

impl From {
    /// The paths from which the configuration is looked for.
    fn on_disk(&self) -> Vec<PathBuf> {
        match self {
            Self::Paths(paths) => paths.clone(),
            Self::Git { revision, paths } => {
                paths.iter().map(|path| revision.on_disk(path)).collect()
            }
        }
    }

    fn load(
        &self,
        common: &Common,
        options: &Options,
        root: Option<&Path>,
    ) -> anyhow::Result<LoadedState> {
        let exclude = exclude(&common.exclude)?;
        let units = &options.rules.units;
        let (loaded, roots): (Loaded, Vec<String>) = match self {
            Self::Paths(paths) => {
                require(paths, true)?;
                let loaded = files::load(paths, &exclude, root, units, Keep::All, options)
                    .context("failed to read the input")?;
                (loaded, paths.iter().map(|path| files::name(path)).collect())
            }
            Self::Git { revision, paths } => {
                let loaded = git::load(revision, paths, &exclude, root, options)?;
                (loaded, paths.iter().map(|path| revision.name(path)).collect())
            }
        };
        let outcome = reload::run(loaded, options)?;
        Ok(LoadedState { outcome, roots })
    }
}

/// The two states that the arguments name.
fn sides(arguments: &ImpactArgs) -> anyhow::Result<(From, From)> {
    let paths = &arguments.paths;
    match (&arguments.base, paths.as_slice()) {
        (None, [before, after]) => Ok((side(before)?, side(after)?)),
        (None, [path]) if git::split(path).is_none() => {
            let repository = git::Repository::around(path)?;
            let base = repository.merge_base()?;
            let inside = vec![repository.inside(path)?];
            let before = From::Git { revision: repository.revision(&base)?, paths: inside };
            Ok((before, From::Paths(paths.clone())))
        }
        (None, _) => bail!(
            "name two states, BEFORE and AFTER; or the revision that counts as before, with --base"
        ),
        (Some(base), _) => {
            let repository = git::Repository::around(&paths[0])?;
            let inside = paths.iter().map(|path| repository.inside(path));
            let inside = inside.collect::<anyhow::Result<Vec<String>>>()?;
            let before = From::Git { revision: repository.revision(base)?, paths: inside };
            Ok((before, From::Paths(paths.clone())))
        }
    }
}

/// A file, a folder, `-`, or REV:PATH.
fn side(path: &Path) -> anyhow::Result<From> {
    match git::split(path) {
        None => Ok(From::Paths(vec![path.to_path_buf()])),
        Some((revision, path)) => {
            let repository = git::Repository::around(Path::new("."))?;
            let revision = repository.revision(revision)?;
            Ok(From::Git { revision, paths: vec![path.to_owned()] })
        }
    }
}
