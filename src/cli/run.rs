//! One run of a verb: from the arguments to the outcome, and its messages.

use super::Exit;
use super::args::{Common, command};
use super::built::{self, Overlays};
use super::settings::{Configured, exclude, options, settings};
use super::validate::require;
use crate::config::file;
use crate::config::options::{Goal, Options, UnitRule};
use crate::config::policy::RulesOrigin;
use crate::config::settings::Settings;
use crate::io::files::Keep;
use crate::io::overlays::TouchedOverlays;
use crate::io::stdin::Arriving;
use crate::io::{files, git, krm, reload, stdout};
use crate::outcome::Outcome;
use crate::overlays;
use crate::process::Loaded;
use crate::report::{self, Subject, Verb, View};
use crate::text::input::IS_ON_A_MACHINE;
use anyhow::{Context, bail};
use std::io::{self, Write};
use std::path::PathBuf;

/// One run of a verb after all stages: its outcome, and the destination of its messages.
pub(super) struct Run<'a> {
    /// It is never freed, because the process ends right after it and freeing many small allocations takes
    /// time.
    pub(super) outcome: std::mem::ManuallyDrop<Outcome>,
    /// The call of a KRM function, if the standard input is one.
    pub(super) call: Option<krm::Call>,
    pub(super) options: Options,
    /// The file of the configuration, with its text.
    pub(super) configuration: Option<(PathBuf, String)>,
    /// The folder of the configuration.
    root: Option<PathBuf>,
    /// The settings of the user, from which the options were made.
    pub(super) settings: Settings,
    common: &'a Common,
    verb: Verb,
    messages: stdout::Messages,
}

/// Loads and processes, and merges findings with one cause. `None` if the standard input is a terminal;
/// help was shown instead.
pub(super) fn start<'a>(
    paths: &[PathBuf],
    common: &'a Common,
    verb: Verb,
    goal: Goal,
) -> anyhow::Result<Option<Run<'a>>> {
    let mut run = start_ungrouped(paths, common, verb, goal)?;
    if let Some(run) = &mut run {
        run.outcome.group();
    }
    Ok(run)
}

/// Loads and processes, without merging findings.
pub(super) fn start_ungrouped<'a>(
    paths: &[PathBuf],
    common: &'a Common,
    verb: Verb,
    goal: Goal,
) -> anyhow::Result<Option<Run<'a>>> {
    start_with(paths, common, verb, goal, |_, _| Ok(()))
}

/// The same, with options that the verb changes.
pub(super) fn start_with<'a>(
    paths: &[PathBuf],
    common: &'a Common,
    verb: Verb,
    goal: Goal,
    change: impl FnOnce(&Settings, &mut Options) -> anyhow::Result<()>,
) -> anyhow::Result<Option<Run<'a>>> {
    let mut loaded = Loaded::default();
    let mut arriving = None;
    let mut call = None;
    if paths.is_empty() {
        if stdout::stdin_is_terminal() {
            let mut messages = stdout::Messages::new(None)?;
            messages.say(&nothing_comes(verb, goal));
            return Ok(None);
        }
        arriving = Some(Arriving::begin().context("failed to read the standard input")?);
        let head = arriving.as_ref().and_then(Arriving::head);
        call = head.and_then(krm::call);
    }
    let Configured { mut settings, root, file } = settings(paths, common, call.as_ref())?;
    if common.built_by.is_some() {
        // Each overlay is applied separately.
        settings.unit = Some(UnitRule::File);
    }
    let mut options = options(&settings, common.jobs, goal)?;
    change(&settings, &mut options)?;
    options.makes_stamps_files = common.makes_stamps_files;
    if let Some(arriving) = arriving {
        let read = arriving.finish(&mut loaded, &options);
        read.context("failed to read the standard input")?;
    } else {
        require(paths, verb != Verb::Filter)?;
        // Texts that are printed are kept; texts that are only reported are read again if they are quoted.
        let keep =
            if matches!(verb, Verb::Filter | Verb::Graph) { Keep::All } else { Keep::Changed };
        let (exclude, units) = (exclude(&common.exclude)?, &options.rules.units);
        loaded = files::load(paths, &exclude, root.as_deref(), units, keep, &options)
            .context("failed to read the input")?;
    }
    if let Some(builder) = common.built_by.as_ref().filter(|_| IS_ON_A_MACHINE) {
        let overlays = Overlays::below(paths);
        if overlays.len() == 0 {
            bail!("--build: no overlay is here: name folders with kustomizations in them");
        }
        overlays.build(builder, &mut loaded, options.jobs);
    }
    // Only `check` reports rules without an effect.
    if let (Some((path, text)), Some(root), Goal::Check) = (&file, &root, goal) {
        let file::RulePlaces { ignore, silence } = file::places(text);
        let covers_all = paths.iter().any(|path| files::is_below(root, path));
        let file = files::number_of(&mut loaded, path, text.clone());
        options.rules.origin = Some(RulesOrigin { file, ignore, silence, covers_all });
    }
    let messages =
        stdout::Messages::new(common.log_file.as_deref()).context("failed to open the log file")?;
    let mut outcome = std::mem::ManuallyDrop::new(reload::run(loaded, &options)?);
    if common.built_by.is_some() {
        built::point_at_files(&mut outcome);
        if verb == Verb::Explain {
            outcome.written = overlays::explained_places(&outcome);
        }
    }
    Ok(Some(Run {
        outcome,
        call,
        options,
        configuration: file,
        root,
        settings,
        common,
        verb,
        messages,
    }))
}

/// The help of a verb, followed by what to do at the end of the screen: no path was named, and no input is
/// piped in.
fn nothing_comes(verb: Verb, goal: Goal) -> String {
    let verb = match (verb, goal) {
        (Verb::Filter, Goal::Strip) => "strip",
        (Verb::Filter, _) => "",
        // Of these verbs, only `patches` runs without paths.
        (Verb::Write, _) => "patches",
        (verb, _) => verb.name(),
    };
    let mut command = command();
    command.build();
    let help = match command.find_subcommand(verb) {
        Some(of_verb) => of_verb.clone().render_help(),
        None => command.render_help(),
    };
    let says = if verb.is_empty() { String::new() } else { format!(" {verb}") };
    let files = match verb {
        "patches" => String::new(),
        "" => "name files or folders: `rollstamp .`, or ".to_owned(),
        _ => format!("name files or folders: `rollstamp{says} .`, or "),
    };
    format!(
        "{help}\nrollstamp{says}: nothing to read: {files}pipe manifests in: `kustomize build DIR | rollstamp{says}`\n"
    )
}

impl Run<'_> {
    /// Keeps only the findings that changes since a revision can have caused.
    pub(super) fn keep_since(&mut self, revision: &str, paths: &[PathBuf]) -> anyhow::Result<()> {
        let Some(first) = paths.first().filter(|first| first.as_os_str() != "-") else {
            bail!("--since: name files and folders; the standard input has no revisions");
        };
        let repository = git::Repository::around(first)?;
        let changed = repository.changed_since(revision).context("--since")?;
        let revision = repository.revision(revision).context("--since")?;
        let inside = paths.iter().map(|path| repository.inside(path));
        let inside = inside.collect::<anyhow::Result<Vec<_>>>()?;
        let inside: Vec<String> = inside.into_iter().filter(|path| revision.has(path)).collect();
        let exclude = exclude(&self.common.exclude)?;
        let loaded = git::load(&revision, &inside, &exclude, self.root.as_deref(), &self.options)?;
        let before = reload::run(loaded, &self.options)?;
        let touched = TouchedOverlays::below(repository.top(), &changed);
        self.outcome.keep_new(&before, |file| touched.reads(file));
        Ok(())
    }

    /// The view of the outcome for the standard output.
    pub(super) fn view(&self) -> View<'_> {
        View {
            colour: self.common.color.is_taken(true),
            links: self.takes_links(true),
            ..self.view_beside()
        }
    }

    /// The view of the outcome for the standard error, if the standard output has other data.
    fn view_beside(&self) -> View<'_> {
        View {
            outcome: &self.outcome,
            verb: self.verb,
            least: self.common.least(),
            show_diffs: false,
            show_all: self.common.verbose,
            colour: self.common.color.is_taken(false),
            links: self.takes_links(false),
            jobs: self.options.jobs,
        }
    }

    /// Reads the texts again that a report quotes or needs for line numbers.
    pub(super) fn quote(&mut self, subject: Subject) {
        let is_document = self.common.output.is_document;
        let wanted = report::wanted(&self.outcome, subject, is_document);
        let outcome = &mut *self.outcome;
        reload::keep(&outcome.manifests, &mut outcome.texts, wanted, self.options.jobs);
    }

    /// Whether to write links: only on a terminal. An option for colours in a file or a log does not ask
    /// for links.
    fn takes_links(&self, on_stdout: bool) -> bool {
        self.common.color.is_taken(on_stdout) && stdout::is_terminal(on_stdout)
    }

    /// Prints the findings to the standard error.
    pub(super) fn say_findings(&mut self) -> io::Result<()> {
        self.quote(Subject::Outcome);
        let mut said = Vec::new();
        self.common.output.outcome(&self.view_beside(), &mut said)?;
        self.messages.say(&String::from_utf8_lossy(&said));
        Ok(())
    }

    /// Prints a line for people to the standard error. With a document for programs, it is left out.
    pub(super) fn say(&mut self, line: &str) {
        if !self.common.output.is_document {
            self.messages.say(&format!("{line}\n"));
        }
    }

    /// The exit code of a run other than `check`.
    pub(super) fn exit(&self) -> Exit {
        if self.outcome.refused() { Exit::Trouble } else { Exit::Clean }
    }
}

/// Prints a report on the standard output.
pub(super) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    stdout::report(write).context("failed to write the standard output")
}
