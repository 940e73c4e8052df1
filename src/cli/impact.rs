//! The verb `impact`: loads, processes and compares two states.

use super::Exit;
use super::args::Common;
use super::built::{Overlays, leave_out};
use super::explain::{AskedWorkload, wanted};
use super::run::{print, start};
use super::settings::{Configured, exclude, options, settings};
use super::validate::require;
use crate::config::options::{Goal, Options, UnitRule};
use crate::edit::Proofs;
use crate::impact::{self, Answer, Asked, Assume, ComparedState, Impact, Name, NamedRoots, Side};
use crate::io::builds::Builder;
use crate::io::checkout::Checkout;
use crate::io::files::Keep;
use crate::io::{files, git, overlays, reload, stdout};
use crate::k8s::short_names;
use crate::process::Loaded;
use crate::report::locator::Locator;
use crate::report::{Verb, concise, count, impact as reports};
use crate::text::input::IS_ON_A_MACHINE;
use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

/// The arguments of `impact`.
#[derive(Args)]
pub(super) struct ImpactArgs {
    /// BEFORE and AFTER: each a file, a folder, `-`, `@FILE`, or REV:PATH, which is read from git without a
    /// checkout. `@FILE` holds the paths of one state, one on each line. With --base, or with only one
    /// PATH, AFTER is the working tree
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// The revision that is used as BEFORE [default: the merge base with the upstream branch]
    #[arg(long, value_name = "REV", verbatim_doc_comment)]
    base: Option<String>,
    /// Build the overlays of both states with this program and compare the output, overlay by overlay:
    /// `kustomize`, `kubectl`, or a command in which `{}` stands for the folder
    #[arg(long, value_name = "BUILDER", value_parser = Builder::named)]
    build: Option<Builder>,
    /// Which stamps are compared [default: written, if either state has any; otherwise stamped]
    #[arg(long, value_name = "STAMPS", value_enum, verbatim_doc_comment)]
    assume: Option<Assume>,
    /// Show only these answers; can be given several times
    #[arg(long, value_name = "ANSWER", value_enum)]
    only: Vec<OnlyArg>,
    /// Show only this workload; can be given several times. Short names as in `kubectl`: `deploy/web`
    #[arg(long = "workload", value_name = "KIND/NAME", value_parser = wanted)]
    workloads: Vec<AskedWorkload>,
    /// Show only the effects of this source; can be given several times. Short names as in `kubectl`:
    /// `cm/web`
    #[arg(long = "source", value_name = "KIND/NAME", value_parser = wanted)]
    sources: Vec<AskedWorkload>,
    /// Exit with 1 if this condition holds; can be given several times: rolls, needless, stale, downtime,
    /// stuck, or a workload that rolls, as KIND or KIND/NAME
    #[arg(long, value_name = "WHAT", value_parser = gate)]
    fail_on: Vec<Gate>,
    /// The maximum number of characters of a comment (markdown)
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    max_length: usize,
    /// The title of the comparison, in the mark of a comment (markdown): later runs replace the comment
    /// with the same mark
    #[arg(long, value_name = "TEXT", default_value = "")]
    title: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnlyArg {
    /// Workloads that roll because of a key that they read, or because of their template
    Rolls,
    /// Workloads that should roll and will not
    Stale,
    /// Workloads that roll without need
    Needless,
    /// All answers
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

/// A condition with which the run exits with 1.
#[derive(Clone)]
enum Gate {
    Rolls,
    Needless,
    Stale,
    Downtime,
    Stuck,
    Workload(AskedWorkload),
    Kind(String),
}

fn gate(value: &str) -> Result<Gate, String> {
    Ok(match value {
        "rolls" => Gate::Rolls,
        "needless" => Gate::Needless,
        "stale" => Gate::Stale,
        "downtime" => Gate::Downtime,
        "stuck" => Gate::Stuck,
        kind if !kind.contains('/') && short_names::is_kind(kind) => Gate::Kind(kind.to_owned()),
        _ => Gate::Workload(wanted(value).map_err(|_| {
            "not one of rolls, needless, stale, downtime, stuck, a KIND or KIND/NAME".to_owned()
        })?),
    })
}

impl Gate {
    /// The workload of a condition whose kind is not known to be one of a workload.
    fn misspelt(&self, is_known: impl Fn(&AskedWorkload) -> bool) -> Option<&AskedWorkload> {
        match self {
            Self::Workload(asked) if !is_known(asked) => Some(asked),
            _ => None,
        }
    }

    /// The workload of a condition that cannot hold, because neither state has it.
    fn absent(&self, impact: &Impact) -> Option<&AskedWorkload> {
        match self {
            Self::Workload(asked) if !asked.is_in(impact) => Some(asked),
            _ => None,
        }
    }

    fn holds(&self, impact: &Impact) -> bool {
        let counts = impact.counts();
        let mut rolls = impact.workloads.iter().filter(|w| w.answer.replaces_pods());
        match self {
            Self::Rolls => rolls.next().is_some(),
            Self::Needless => counts.needless > 0,
            Self::Stale => counts.stale > 0,
            Self::Downtime => counts.downtime > 0,
            Self::Stuck => counts.stuck > 0,
            Self::Workload(asked) => rolls.any(|w| asked.means(&w.name.kind, &w.name.name)),
            Self::Kind(kind) => rolls.any(|w| short_names::means(kind, &w.name.kind)),
        }
    }
}

impl AskedWorkload {
    /// Whether either state has a workload of this kind and name.
    fn is_in(&self, impact: &Impact) -> bool {
        impact.workloads.iter().any(|w| self.means(&w.name.kind, &w.name.name))
    }

    /// Whether its kind is one of workloads: of the table, of the configuration, or of either state.
    fn is_of_known_kind(&self, impact: &Impact, options: &Options) -> bool {
        let word = self.kind();
        let rules = &options.rules;
        short_names::is_kind(word)
            || rules
                .workloads
                .iter()
                .chain(&rules.released)
                .any(|row| short_names::means(word, &row.kind))
            || impact.workloads.iter().any(|w| short_names::means(word, &w.name.kind))
    }
}

/// One of the two states, loaded.
struct LoadedState {
    loaded: Loaded,
    /// The named paths, in the form with which the names of the files below them begin.
    roots: Vec<String>,
}

pub(super) fn impact(arguments: &ImpactArgs, common: &Common) -> anyhow::Result<Exit> {
    let (before, after) = sides(arguments)?;
    let Configured { mut settings, root, .. } = settings(&after.on_disk(), common, None)?;
    if arguments.build.is_some() {
        // Each overlay is applied separately.
        settings.unit = Some(UnitRule::File);
    }
    let compared = |foresees_rollouts| -> anyhow::Result<Options> {
        let of_run = options(&settings, common.jobs, Goal::Stamp)?;
        Ok(Options { weighs_foreign: true, compares: true, foresees_rollouts, ..of_run })
    };
    // The rollout is that of the state after, so the other state needs no facts about it.
    let (of_before, options) = (compared(false)?, compared(true)?);
    let mut messages =
        stdout::Messages::new(common.log_file.as_deref()).context("failed to open the log file")?;
    let mut old = before.load(common, &of_before, root.as_deref())?;
    let mut new = after.load(common, &options, root.as_deref())?;
    if arguments.build.is_some() {
        old.roots = before.roots_of_overlays().unwrap_or(old.roots);
        new.roots = after.roots_of_overlays().unwrap_or(new.roots);
    }
    let roots = NamedRoots::of_both(old.roots, new.roots);
    if let Some(builder) = arguments.build.as_ref().filter(|_| IS_ON_A_MACHINE) {
        let loaded = (&mut old.loaded, &mut new.loaded);
        let said = build((&before, &after), loaded, &roots, builder, options.jobs)?;
        if !common.quiet {
            messages.say(&said);
        }
    }
    let proofs = Proofs::default();
    // The program ends after this, so the memory of the two states need not be freed.
    let process = |loaded, options: &Options| {
        reload::run_again(loaded, &proofs, options).map(ManuallyDrop::new)
    };
    let (old, new) = (process(old.loaded, &of_before)?, process(new.loaded, &options)?);
    let namespace = options.namespace.as_deref();
    let states = (
        ComparedState::new(Side::Before, &old, namespace, options.unit, &roots.0),
        ComparedState::new(Side::After, &new, namespace, options.unit, &roots.1),
    );
    let asked = Asked::new(arguments.assume, &options);
    let impact = impact::compare(&states.0, &states.1, &asked);
    let mut impact = ManuallyDrop::new(match arguments.build {
        Some(_) => impact::by_overlay(impact, &old, &new),
        None => impact,
    });
    let is_known = |asked: &AskedWorkload| asked.is_of_known_kind(&impact, &options);
    if let Some(unknown) = arguments.fail_on.iter().find_map(|gate| gate.misspelt(is_known)) {
        bail!("--fail-on {unknown}: {} is not a kind of workload", unknown.kind());
    }
    for absent in arguments.fail_on.iter().filter_map(|gate| gate.absent(&impact)) {
        messages.say(&format!(
            "rollstamp: --fail-on {absent} cannot hold: no workload of this name is in either state\n"
        ));
    }
    for wanted in &arguments.sources {
        let is_meant = |kind: &str, name: &str| wanted.means(kind, name);
        if !states.0.has_source(is_meant) && !states.1.has_source(is_meant) {
            bail!("no source {wanted} in either state");
        }
    }
    narrow(&mut impact, arguments, namespace)?;
    let only: Vec<Answer> =
        arguments.only.iter().flat_map(|only| only.answers()).copied().collect();
    let view = reports::ImpactView {
        impact: &impact,
        before: &old,
        after: &new,
        title: &arguments.title,
        only: &only,
        show_all: common.verbose,
        colour: common.color.is_taken(true),
        width: stdout::width(),
        max_length: arguments.max_length,
    };
    print(|out| common.output.impact(&view, out))?;
    for (name, side) in [("before", &old), ("after", &new)] {
        let locator = Locator::new(side);
        for finding in side.findings.iter().filter(|f| f.refuses) {
            let line = concise::line(&locator.locate(finding));
            messages.say(&format!("rollstamp: {name}: {line}"));
        }
    }
    if impact.not_compared > 0 {
        return Ok(Exit::Trouble);
    }
    let held = arguments.fail_on.iter().any(|gate| gate.holds(&impact));
    Ok(if held { Exit::Findings } else { Exit::Clean })
}

/// The verb `graph`: draws the reads of one state.
pub(super) fn graph(paths: &[PathBuf], common: &Common) -> anyhow::Result<Exit> {
    let Some(run) = start(paths, common, Verb::Graph, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    let nothing = reload::run(Loaded::default(), &run.options)?;
    let namespace = run.options.namespace.as_deref();
    let roots = NamedRoots::of_one(paths.iter().map(|path| files::name(path)).collect());
    let state =
        |side, outcome| ComparedState::new(side, outcome, namespace, run.options.unit, &roots);
    let states = (state(Side::Before, &nothing), state(Side::After, &run.outcome));
    let asked = Asked::new(None, &run.options);
    let graph = impact::graph::of_state(&states.1, &states.0, &asked);
    print(|out| common.output.graph(&graph, out))?;
    Ok(run.exit())
}

/// The source of one of the two states.
enum SideArgument {
    /// Files and folders, and the standard input. Those in `gone` exist only in the other state.
    Paths { paths: Vec<PathBuf>, gone: Vec<PathBuf> },
    /// Paths of a revision in git.
    Git { revision: git::Revision, paths: Vec<String> },
}

impl SideArgument {
    /// The paths from which the configuration is looked for.
    fn on_disk(&self) -> Vec<PathBuf> {
        match self {
            Self::Paths { paths, .. } => paths.clone(),
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
            Self::Paths { paths, gone } => {
                let paths = without(paths, gone);
                require(&paths, true)?;
                let loaded = files::load(&paths, &exclude, root, units, Keep::All, options)
                    .context("failed to read the input")?;
                (loaded, paths.iter().map(|path| files::name(path)).collect())
            }
            Self::Git { .. } if !IS_ON_A_MACHINE => bail!("a page has no repository"),
            Self::Git { revision, paths } => {
                let loaded = git::load(revision, paths, &exclude, root, options)?;
                (loaded, paths.iter().map(|path| revision.name(path)).collect())
            }
        };
        Ok(LoadedState { loaded, roots })
    }

    /// The paths that were named, as the names of overlays below them begin. Those of a revision are the
    /// same as of its files.
    fn roots_of_overlays(&self) -> Option<Vec<String>> {
        match self {
            Self::Paths { paths, .. } => {
                Some(paths.iter().map(|path| overlays::root(path)).collect())
            }
            Self::Git { .. } => None,
        }
    }

    /// The overlays of this state. Those of a revision are in the returned temporary folder.
    fn overlays(&self) -> anyhow::Result<(Overlays, Option<Checkout>)> {
        match self {
            Self::Paths { paths, gone } => Ok((Overlays::below(&without(paths, gone)), None)),
            Self::Git { revision, paths } => {
                let checkout = Checkout::of(revision)?;
                let inside: Vec<String> =
                    paths.iter().map(|path| revision.from_root(path)).collect();
                let name = |inside: &str| revision.name(inside);
                let overlays = Overlays::inside(checkout.root(), &inside, name);
                Ok((overlays, Some(checkout)))
            }
        }
    }
}

/// Keeps the workloads and sources that `--workload` and `--source` name.
fn narrow(
    impact: &mut Impact,
    arguments: &ImpactArgs,
    namespace: Option<&str>,
) -> anyhow::Result<()> {
    let is_in = |wanted: &[AskedWorkload], name: &Name| {
        let own = name.namespace.as_deref();
        let is_here = namespace.is_none_or(|namespace| own.is_none_or(|own| own == namespace));
        is_here && wanted.iter().any(|wanted| wanted.means(&name.kind, &name.name))
    };
    let workloads = &arguments.workloads;
    if let Some(unknown) = workloads.iter().find(|wanted| !wanted.is_in(impact)) {
        bail!("no workload {unknown} in either state");
    }
    if !workloads.is_empty() {
        impact.keep_workloads(|name| is_in(workloads, name));
    }
    if !arguments.sources.is_empty() {
        impact.keep_sources(|name| is_in(&arguments.sources, name));
    }
    Ok(())
}

/// Replaces the files of both states by the builds of their overlays, and reports the number of builds.
fn build(
    (before, after): (&SideArgument, &SideArgument),
    (old, new): (&mut Loaded, &mut Loaded),
    roots: &(NamedRoots, NamedRoots),
    builder: &Builder,
    jobs: usize,
) -> anyhow::Result<String> {
    let (mut were, _old_tree) = before.overlays()?;
    let (mut are, _new_tree) = after.overlays()?;
    if were.len() + are.len() == 0 {
        bail!("--build: no overlay is in either state: name folders with kustomizations in them");
    }
    let same = Overlays::without_same((&mut were, &mut are), (&roots.0, &roots.1), builder);
    let without = (were.build(builder, old, jobs), are.build(builder, new, jobs));
    let below = |names: &BTreeSet<String>, roots: &NamedRoots| {
        names.iter().map(|name| roots.below(name)).collect()
    };
    leave_out(old, &roots.0, &below(&without.1, &roots.1));
    leave_out(new, &roots.1, &below(&without.0, &roots.0));
    let rest = match same {
        0 => String::new(),
        same => format!("; {same} not, because nothing in them changed"),
    };
    let (before, after) = (count(were.len(), "overlay"), are.len());
    Ok(format!("rollstamp: {before} built before, {after} after{rest}\n"))
}

/// The two states that the arguments name.
fn sides(arguments: &ImpactArgs) -> anyhow::Result<(SideArgument, SideArgument)> {
    let paths = &arguments.paths;
    match (&arguments.base, paths.as_slice()) {
        (None, [before, after]) if is_stdin(before) && is_stdin(after) => {
            bail!("only one of the two states can be the standard input")
        }
        (None, [before, after]) => Ok((side(before)?, side(after)?)),
        (None, [path]) if IS_ON_A_MACHINE && git::split(path).is_none() => {
            let repository = git::Repository::around(path)?;
            let base = repository.merge_base()?;
            with_working_tree(&repository, &base, paths)
        }
        (None, _) => bail!(
            "name two states, BEFORE and AFTER; or the revision that counts as before, with --base"
        ),
        (Some(_), _) if !IS_ON_A_MACHINE => bail!("a page has no repository"),
        (Some(base), _) => {
            let repository = git::Repository::around(&paths[0])?;
            with_working_tree(&repository, base, paths)
        }
    }
}

/// The paths that exist in the state.
fn without(paths: &[PathBuf], gone: &[PathBuf]) -> Vec<PathBuf> {
    paths.iter().filter(|path| !gone.contains(path)).cloned().collect()
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A revision, and the working tree. A path may exist on one side only: then all that it holds is new or gone.
fn with_working_tree(
    repository: &git::Repository,
    base: &str,
    paths: &[PathBuf],
) -> anyhow::Result<(SideArgument, SideArgument)> {
    let revision = repository.revision(base)?;
    let inside = paths.iter().map(|path| repository.inside(path));
    let inside = inside.collect::<anyhow::Result<Vec<String>>>()?;
    let is_gone =
        |(path, inside): &(&PathBuf, &String)| !files::exists(path) && revision.has(inside);
    let gone = paths.iter().zip(&inside).filter(is_gone).map(|(path, _)| path.clone()).collect();
    let before = SideArgument::Git { revision, paths: inside };
    Ok((before, SideArgument::Paths { paths: paths.to_vec(), gone }))
}

/// A file, a folder, `-`, or REV:PATH.
fn side(path: &Path) -> anyhow::Result<SideArgument> {
    if let Some(listed) = files::listed(path) {
        return listed.map(|paths| SideArgument::Paths { paths, gone: Vec::new() });
    }
    match git::split(path).filter(|_| IS_ON_A_MACHINE) {
        None => Ok(SideArgument::Paths { paths: vec![path.to_path_buf()], gone: Vec::new() }),
        Some((revision, path)) => {
            let repository = git::Repository::around(Path::new("."))?;
            let revision = repository.revision(revision)?;
            if !revision.has(&revision.from_root(path)) {
                bail!("no path `{path}` in {}", revision.short());
            }
            Ok(SideArgument::Git { revision, paths: vec![path.to_owned()] })
        }
    }
}
