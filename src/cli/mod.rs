//! The command line: clap structs, and the way from loading to the exit code.

mod explain;
mod filter;
mod validate;
mod plugin;
mod output;
mod settings;

use self::filter::filter;
use self::output::{output, quote, say_findings, view};
use self::settings::{HashArg, ModeArg, configuration, exclude, options};
use self::validate::{annotation_key, require};
use crate::config::file::Config;
use crate::config::options::{Goal, Options};
use crate::finding::Severity;
use crate::io::files::Keep;
use crate::io::stdin::Arriving;
use crate::io::{files, krm, reload, stdout, write};
use crate::outcome::Outcome;
use crate::process::{self, Loaded};
use crate::report::{self, Format, Subject, Verb as Asked, View, summary};
use crate::text::FileId;
use crate::text::input::Found;
use anyhow::{Context, bail};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Stamp a digest of exactly what each workload reads from ConfigMaps and Secrets into its pod
/// template, so that an apply rolls exactly the affected pods.
///
/// Without a verb, manifests are read from the standard input (or from PATHs) and come out stamped
/// on the standard output: `kustomize build DIR | rollstamp | kubectl apply -f -`.
#[derive(Parser)]
#[command(
    name = "rollstamp",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Files and folders to read; `-` is the standard input, which is also the default
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// In suffix mode, print the last N old generations of each renamed source as well, as they stand
    /// in what an earlier run printed; only where the result is printed, not in place
    #[arg(long, value_name = "N", requires = "previous")]
    keep: Option<std::num::NonZeroUsize>,
    /// What an earlier run printed with the same options: a file, or a folder of such files
    #[arg(long, value_name = "PATH", requires = "keep")]
    previous: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Verb {
    /// Stamp files in place
    Write {
        /// Files and folders
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Print what would change as a unified diff, and write nothing
        #[arg(long)]
        diff: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Change nothing; exit with 1 if a stamp is missing, stale or left over
    Check {
        /// Files and folders; without any, the standard input
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Print what `write` would change as a unified diff
        #[arg(long)]
        diff: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Remove every stamp of ours, from files in place or (without PATH) from a stream
    Strip {
        /// Files and folders; without any, the standard input
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Say of each workload what it reads, why only that, and what its stamp is
    ///
    /// Long lists of keys are cut short; --verbose shows all of them.
    Explain {
        /// Files and folders; without any, the standard input
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Explain only this one; can stand several times. Short names as in `kubectl`: `deploy/web`
        #[arg(long = "workload", value_name = "KIND/NAME", value_parser = explain::wanted)]
        workloads: Vec<explain::Wanted>,
        #[command(flatten)]
        common: Common,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Args, Clone)]
struct Common {
    /// Configuration file; otherwise `.rollstamp.yaml` is looked for from the first PATH upwards to
    /// the root of the repository, and for the standard input there is none
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Use no configuration file
    #[arg(long)]
    no_config: bool,
    /// What makes pods roll
    /// [default: annotation]
    #[arg(long, value_name = "MODE", value_enum, verbatim_doc_comment)]
    mode: Option<ModeArg>,
    /// Whose suffix names get in suffix mode
    /// [default: kustomize]
    #[arg(long, value_name = "PROGRAM", value_enum, verbatim_doc_comment)]
    suffix_hash: Option<HashArg>,
    /// In suffix mode, rename sources that no workload reads as well
    #[arg(long)]
    all_sources: bool,
    /// In suffix mode, make renamed sources immutable
    #[arg(long)]
    immutable: bool,
    /// Annotation key of the stamp; changing it rolls every stamped workload once
    /// [default: checksum/rollstamp]
    #[arg(long, value_name = "KEY", value_parser = annotation_key, verbatim_doc_comment)]
    annotation: Option<String>,
    /// Namespace of objects that name none, as in `kubectl apply -n`
    #[arg(short, long, value_name = "NS")]
    namespace: Option<String>,
    /// What one `kubectl apply` receives of a named folder
    /// [default: dir]
    #[arg(long, value_name = "RULE", value_enum, verbatim_doc_comment)]
    unit: Option<UnitArg>,
    /// Leave out files and folders below the named ones
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Key file for digests of Secrets (HMAC-SHA-256). Without one, whoever can read a stamp can
    /// test guesses of a weak Secret against it
    #[arg(long, value_name = "FILE")]
    hash_key_file: Option<PathBuf>,
    /// Refuse on every error, and take references without a source for errors
    #[arg(long)]
    strict: bool,
    /// Format of findings
    #[arg(short, long, value_name = "FORMAT", value_parser = output(), default_value = "text")]
    output: &'static dyn Format,
    /// Colour in findings
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Colour::Auto)]
    color: Colour,
    /// Say errors only
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Say notes as well, and what was read
    #[arg(short, long)]
    verbose: bool,
    /// The configuration that the caller hands over, in the place of a file.
    #[arg(skip)]
    given: Option<Config>,
    /// Append what is said on the standard error to a file as well, for callers that hide it; it can
    /// also be named by the environment, as `ROLLSTAMP_LOG_FILE`
    #[arg(long, value_name = "FILE")]
    log_file: Option<PathBuf>,
    /// Threads; the result does not depend on it
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum UnitArg {
    /// The files of each folder
    Dir,
    /// The whole tree
    Tree,
    /// Each file by itself
    File,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How a run ended, in the numbers of diff(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or clean.
    Clean = 0,
    /// `check` found a difference or an error.
    Findings = 1,
    /// Wrong usage, unreadable input, or something was refused.
    Trouble = 2,
}

/// Parses the arguments and runs. What stops the tool (wrong usage, a key file that cannot be read, a
/// full disk) is said on the standard error and in the log file; what is wrong with manifests is a
/// finding.
pub fn run(arguments: impl Iterator<Item = std::ffi::OsString>) -> Exit {
    let arguments: Vec<std::ffi::OsString> = arguments.collect();
    let (arguments, handed_over) = match krm::plugin(&arguments) {
        None => (arguments, None),
        Some(call) => {
            let arguments = plugin::arguments(call.arguments).collect();
            (arguments, Some(call.config))
        }
    };
    let mut cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let log_file = cli.log_file().map(std::path::Path::to_path_buf);
    let configured = match handed_over {
        None => Ok(()),
        Some(config) => plugin::configure(&mut cli, config),
    };
    configured.and_then(|()| dispatch(cli)).unwrap_or_else(|error| {
        // Who cannot open the log file complains on the standard error alone.
        let said = format!("rollstamp: {error:#}\n");
        stdout::Talk::new(log_file.as_deref())
            .unwrap_or_else(|_| stdout::Talk::unlogged())
            .say(&said);
        Exit::Trouble
    })
}

/// Help and version go to the standard output, as clap has it; a usage error to the other, and to the
/// log file of the environment, since the arguments were not understood.
fn usage(error: &clap::Error) -> Exit {
    let printed = error.print();
    if error.use_stderr() {
        if let Ok(mut talk) = stdout::Talk::new(None) {
            talk.log(&error.render().to_string());
        }
        return Exit::Trouble;
    }
    if printed.is_ok() { Exit::Clean } else { Exit::Trouble }
}

impl Cli {
    fn log_file(&self) -> Option<&std::path::Path> {
        let common = match &self.verb {
            None => &self.common,
            Some(
                Verb::Write { common, .. }
                | Verb::Check { common, .. }
                | Verb::Strip { common, .. }
                | Verb::Explain { common, .. },
            ) => common,
            Some(Verb::Completions { .. }) => return None,
        };
        common.log_file.as_deref()
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    match cli.verb {
        None => {
            let keep = cli.keep.zip(cli.previous);
            filter(&cli.paths, &cli.common, Goal::Stamp, keep)
        }
        Some(Verb::Write { paths, diff, common }) => in_place(&paths, &common, Goal::Stamp, diff),
        Some(Verb::Check { paths, diff, common }) => check(&paths, &common, diff),
        Some(Verb::Strip { paths, common }) if paths.is_empty() => {
            filter(&[], &common, Goal::Strip, None)
        }
        Some(Verb::Strip { paths, common }) => in_place(&paths, &common, Goal::Strip, false),
        Some(Verb::Explain { paths, workloads, common }) => {
            explain::explain(&paths, &workloads, &common)
        }
        Some(Verb::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "rollstamp", &mut script);
            stdout::print(std::iter::once(String::from_utf8_lossy(&script).as_ref()))?;
            Ok(Exit::Clean)
        }
    }
}

/// A run after loading: the outcome, and whom to tell.
struct Run {
    /// The process ends with it; to free a great many small things first would only take time.
    outcome: std::mem::ManuallyDrop<Outcome>,
    talk: stdout::Talk,
    /// The call that is answered, if the standard input is one.
    call: Option<krm::Call>,
    options: Options,
}

/// Loads and processes. `None`: nobody pipes anything in, so help was shown instead.
fn start(
    paths: &[PathBuf],
    common: &Common,
    goal: Goal,
    keep: Keep,
) -> anyhow::Result<Option<Run>> {
    let mut loaded = Loaded::default();
    let mut arriving = None;
    let mut call = None;
    if paths.is_empty() {
        if stdout::stdin_is_terminal() {
            let help = Cli::command().render_help();
            stdout::Talk::new(None)?.say(&help.to_string());
            return Ok(None);
        }
        arriving = Some(Arriving::begin().context("failed to read the standard input")?);
        let head = arriving.as_ref().and_then(Arriving::head);
        call = head.and_then(krm::call);
    }
    let (config, root) = configuration(paths, common, call.as_ref())?;
    let options = options(common, &config, root.as_deref(), goal)?;
    if let Some(arriving) = arriving {
        let read = arriving.finish(&mut loaded, &options);
        read.context("failed to read the standard input")?;
    } else {
        require(paths)?;
        let units = &options.rules.units;
        let exclude = exclude(common)?;
        loaded = files::load(paths, &exclude, root.as_deref(), units, keep, &options)
            .context("failed to read the input")?;
    }
    let talk =
        stdout::Talk::new(common.log_file.as_deref()).context("failed to open the log file")?;
    let outcome = reload::run(loaded, &options)?;
    Ok(Some(Run { outcome: std::mem::ManuallyDrop::new(outcome), talk, call, options }))
}

fn in_place(
    paths: &[PathBuf],
    common: &Common,
    goal: Goal,
    show_diff: bool,
) -> anyhow::Result<Exit> {
    let Some(mut run) = start(paths, common, goal, Keep::Changed)? else {
        return Ok(Exit::Trouble);
    };
    if run.outcome.manifests.all_files().iter().any(|file| file.input.found == Found::Stream) {
        bail!(
            "the standard input cannot be written in place; name files, or run `rollstamp` without a verb"
        );
    }
    let verb = if goal == Goal::Strip { Asked::Strip } else { Asked::Write };
    if show_diff {
        say_findings(&mut run, common, verb)?;
        let view = View { show_diffs: true, ..view(&run, common, verb, true) };
        let mut diffs = view.diffs();
        stdout::report(|out| diffs.try_for_each(|diff| out.write_all(diff.as_bytes())))
            .context("failed to write the standard output")?;
        return Ok(trouble_if(run.outcome.refused()));
    }
    let changes = run.outcome.changes.iter();
    let replacements = changes.filter_map(|change| {
        let input = &run.outcome.manifests[change.file].input;
        Some(write::Replacement {
            path: input.path.as_deref()?,
            name: &input.name,
            before: run.outcome.texts.get(change.file)?,
            edits: &change.edits,
        })
    });
    let replacements: Vec<_> = replacements.collect();
    let (done, findings) = write::all(&replacements);
    let written: Vec<(FileId, String)> = run
        .outcome
        .changes
        .iter()
        .zip(done)
        .filter(|(_, done)| *done)
        .map(|(change, _)| (change.file, summary::changed(&run.outcome, change.file)))
        .collect();
    run.outcome.findings.extend(findings);
    process::sort(&mut run.outcome.findings);
    say_findings(&mut run, common, verb)?;
    if !common.quiet && !common.output.is_document() {
        for (file, what) in &written {
            let line = format!("{}: {what}\n", run.outcome.manifests.name(*file));
            run.talk.say(&line);
        }
        let summary = format!(
            "{} changed; {}\n",
            report::count(written.len(), "file"),
            summary::read(&run.outcome)
        );
        run.talk.say(&summary);
    }
    Ok(trouble_if(run.outcome.refused()))
}

fn check(paths: &[PathBuf], common: &Common, show_diff: bool) -> anyhow::Result<Exit> {
    let Some(mut run) = start(paths, common, Goal::Check, Keep::Changed)? else {
        return Ok(Exit::Trouble);
    };
    let least = if common.quiet { Severity::Error } else { Severity::Note };
    quote(&mut run, common, Subject::Outcome);
    let view = View { least, show_diffs: show_diff, ..view(&run, common, Asked::Check, true) };
    stdout::report(|out| common.output.outcome(&view, out))
        .context("failed to write the standard output")?;
    if !common.quiet && !common.output.is_document() {
        let counts = summary::counts(&run.outcome.findings);
        let summary = format!("{counts}; {}\n", summary::read(&run.outcome));
        run.talk.say(&summary);
    }
    if run.outcome.refused() {
        return Ok(Exit::Trouble);
    }
    let any_error = run.outcome.findings.iter().any(|f| f.severity == Severity::Error);
    Ok(if any_error { Exit::Findings } else { Exit::Clean })
}

fn trouble_if(refused: bool) -> Exit {
    if refused { Exit::Trouble } else { Exit::Clean }
}
