//! The command line, as clap parses it.

use super::builds::BuildRequest;
use super::examples::with_examples;
use super::explain::{AskedWorkload, wanted};
use super::history::HistoryArgs;
use super::impact::ImpactArgs;
use super::output::output;
use crate::config::settings::{Settings, heading};
use crate::finding::{Code, Severity};
use crate::io::builds::Builder;
use crate::io::stdout;
use crate::report::{FormatRow, Subject};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Stamp a digest of exactly the ConfigMap and Secret keys that each workload reads into its pod
/// template, so that an apply rolls exactly the affected pods.
///
/// Without a verb, rollstamp reads manifests from the standard input (or from PATHs) and prints
/// them with stamps: `kustomize build DIR | rollstamp | kubectl apply -f -`.
#[derive(Parser)]
#[command(
    name = "rollstamp",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = 100
)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Arguments>,
    /// Files and folders to read; `-` is the standard input, which is also the default
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// In suffix mode, also print the last N old generations of each renamed source, as an earlier
    /// run printed them; not for verbs that edit files in place
    #[arg(long, value_name = "N", requires = "previous", help_heading = heading::NAMES)]
    pub(super) keep: Option<std::num::NonZeroUsize>,
    /// The output of an earlier run with the same options: a file, or a folder of such files
    #[arg(long, value_name = "PATH", requires = "keep", help_heading = heading::NAMES)]
    pub(super) previous: Option<PathBuf>,
    #[command(flatten)]
    pub(super) common: Common,
    /// The log file that was named for this run, with or without a verb.
    #[arg(skip)]
    pub(super) log_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Arguments {
    /// Stamp files in place
    Write(WriteArguments),
    /// Change nothing; exit with 1 if a stamp is missing, stale or left over
    Check(CheckArguments),
    /// Remove every stamp of rollstamp, from files in place or (without PATH) from a stream
    ///
    /// All other text is restored exactly, except annotations without a value: `annotations: ~`
    /// becomes `annotations: null`, and a line `annotations:` without a value is removed. To
    /// Kubernetes, these mean the same.
    Strip {
        /// Files and folders; without any, the standard input
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Show for each workload which keys it reads and why, and its stamp
    ///
    /// Long lists of keys are shortened; --verbose shows all keys.
    Explain {
        /// Files and folders; without any, the standard input
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Explain only this workload; can be given several times. Short names as in `kubectl`:
        /// `deploy/web`
        #[arg(long = "workload", value_name = "KIND/NAME", value_parser = wanted)]
        workloads: Vec<AskedWorkload>,
        /// Build every overlay below the paths with this program and explain the output:
        /// `kustomize`, `kubectl`, or a command in which `{}` stands for the folder
        #[arg(long, value_name = "BUILDER", value_parser = Builder::named, help_heading = heading::OVERLAYS)]
        build: Option<Builder>,
        #[command(flatten)]
        common: Common,
    },
    /// Remove the annotations of Reloader or Wave from manifests, and stamp for the sources that
    /// they selected
    ///
    /// Sources that are filled in the cluster stay with Reloader, as a list of exactly these names.
    /// Workloads for which rollstamp cannot decide are not changed.
    Migrate {
        /// The controller to migrate from
        #[arg(long, value_name = "CONTROLLER")]
        from: Controller,
        /// Files and folders
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
        /// Print what would change as a unified diff, and write nothing
        #[arg(long)]
        diff: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Show which pods an apply replaces, which pods keep old configuration, and which changed key
    /// is the cause
    ///
    /// Compares two states of the same manifests. The exit code is 0 if the states could be
    /// compared, unless a condition of --fail-on holds.
    Impact {
        #[command(flatten)]
        arguments: ImpactArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Draw which keys of which sources are read by which workloads
    Graph {
        /// Files and folders; without any, the standard input
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Show how often the commits of a branch replaced pods, how often without need, and which
    /// workloads were stale
    History {
        #[command(flatten)]
        arguments: HistoryArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Print the page about a finding: its reason, an example, what to do; without CODE, list all
    /// findings
    Rule {
        /// The code in brackets after `error`, `warning` or `note`
        #[arg(value_name = "CODE", value_parser = super::rule::code(), hide_possible_values = true)]
        code: Option<Code>,
    },
    /// Write a first `.rollstamp.yaml`, with comments about what was found in the folder, and a
    /// hook
    ///
    /// Existing files are not changed. Only these two files are written.
    Init {
        /// The folder that gets the files
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Write the stamps file of one overlay, from the output of its builder on the standard input
    Patches {
        /// The folder of the overlay, in which `stamps.rollstamp.yaml` is written or removed
        #[arg(long = "for", value_name = "DIR", required_unless_present_any = ["for_helmrelease", "steady_release"])]
        folder: Option<PathBuf>,
        /// Also add the file to the kustomization, as its last transformer
        #[arg(long, requires = "folder")]
        wire: bool,
        /// Also write patches for workloads that already have the right stamp
        #[arg(long, requires = "folder")]
        all: bool,
        /// Print what would change as a unified diff, and write nothing
        #[arg(long, requires = "folder")]
        diff: bool,
        /// Print the stamps as `postRenderers` for a Flux HelmRelease instead
        #[arg(long, conflicts_with_all = ["folder", "wire", "all", "diff"])]
        for_helmrelease: bool,
        /// Print `postRenderers`, the same for all versions of a chart, that remove labels with the
        /// version of the chart from pod templates; with `--foreign-checksums drop`, also its
        /// checksums
        #[arg(long, conflicts_with_all = ["folder", "wire", "all", "diff", "for_helmrelease"])]
        steady_release: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the workloads of the manifests that a command line names, for completion scripts
    #[command(hide = true)]
    CompleteWorkloads {
        /// The words of the command line
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Print the man page of the program or of a verb
    #[command(hide = true)]
    Man {
        /// The verb
        verb: Option<String>,
    },
    /// Copy this program into a folder
    ///
    /// For the container image, which has no `cp`: an init container copies the program to a place
    /// where another container finds it.
    #[command(hide = true)]
    CopyTo {
        /// The folder
        folder: PathBuf,
    },
}

#[derive(Args)]
pub(super) struct WriteArguments {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
    /// Print what would change as a unified diff, and write nothing
    #[arg(long)]
    pub(super) diff: bool,
    /// Print at the end the number of findings for each code, and the number of workloads in each
    /// state
    #[arg(long, help_heading = heading::FINDINGS)]
    pub(super) statistics: bool,
    /// With --build, build only overlays with a file that changed since a revision of git
    #[arg(long, value_name = "REV", requires = "build", help_heading = heading::OVERLAYS)]
    pub(super) since: Option<String>,
    #[command(flatten)]
    pub(super) building: Building,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Args)]
pub(super) struct CheckArguments {
    /// Files and folders; without any, the standard input
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// Print what `write` would change as a unified diff
    #[arg(long)]
    pub(super) diff: bool,
    /// Other checkers have this option to correct their findings; rollstamp has the verb `write`
    /// instead
    #[arg(long, hide = true)]
    pub(super) fix: bool,
    /// Show only findings that changes since a revision of git can have caused; in CI, name the
    /// target branch of the pull request. With --build, only overlays with a changed file are built
    #[arg(long, value_name = "REV", help_heading = heading::FINDINGS)]
    pub(super) since: Option<String>,
    /// Write a rule under `silence` into the configuration for each present finding, so that only
    /// later findings are shown
    #[arg(long, conflicts_with = "config_from", help_heading = heading::CONFIGURATION)]
    pub(super) add_silence: bool,
    /// Accept input without any Kubernetes object; otherwise it is an error (exit code 2)
    #[arg(long, help_heading = heading::INPUT)]
    pub(super) allow_empty: bool,
    /// Print at the end the number of findings for each code, and the number of workloads in each
    /// state
    #[arg(long, help_heading = heading::FINDINGS)]
    pub(super) statistics: bool,
    #[command(flatten)]
    pub(super) building: Building,
    #[command(flatten)]
    pub(super) common: Common,
}

/// The options about builds of overlays.
#[derive(Args)]
pub(super) struct Building {
    /// Build every overlay below the paths with this program, and treat the output as the applied
    /// manifests: `kustomize`, `kubectl`, or a command in which `{}` stands for the folder
    ///
    /// A workload that needs different stamps in different overlays gets them from a generated file
    /// beside each kustomization, `stamps.rollstamp.yaml`, which kustomize, Flux and Argo CD apply
    /// without a plugin.
    #[arg(long, value_name = "BUILDER", value_parser = Builder::named, help_heading = heading::OVERLAYS)]
    pub(super) build: Option<Builder>,
    /// With --build, also write patches for workloads whose shared file holds the right stamp
    #[arg(long, requires = "build", help_heading = heading::OVERLAYS)]
    pub(super) all_patches: bool,
}

impl Building {
    /// The builds that the command line asks for below these paths; `None` without a builder. With
    /// `since`, only overlays with a file that changed since that revision are built.
    pub(super) fn request<'a>(
        &'a self,
        paths: &'a [PathBuf],
        since: Option<&'a str>,
    ) -> Option<BuildRequest<'a>> {
        let builder = self.build.as_ref()?;
        Some(BuildRequest { paths, builder, since, all: self.all_patches })
    }
}

/// The options that every verb but `completions` has.
#[derive(Args, Clone)]
pub(super) struct Common {
    /// Configuration file; without this option, rollstamp looks for `.rollstamp.yaml` from the
    /// first PATH upwards to the root of the repository, and uses none for the standard input
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = heading::CONFIGURATION)]
    pub(super) config: Option<PathBuf>,
    /// Take the configuration from a revision of git; in CI, name the target branch of a pull
    /// request, so that the pull request cannot change the rules
    #[arg(
        long,
        value_name = "REV",
        conflicts_with_all = ["config", "no_config"],
        help_heading = heading::CONFIGURATION
    )]
    pub(super) config_from: Option<String>,
    /// Use no configuration file
    #[arg(long, help_heading = heading::CONFIGURATION)]
    pub(super) no_config: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
    /// Skip files and folders below the named paths
    #[arg(long, value_name = "GLOB", help_heading = heading::INPUT)]
    pub(super) exclude: Vec<String>,
    /// Format of findings
    #[arg(
        short,
        long,
        value_name = "FORMAT",
        value_parser = output(Subject::Outcome),
        default_value = "text",
        help_heading = heading::FINDINGS
    )]
    pub(super) output: &'static FormatRow,
    /// Colour in findings
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t = Colour::Auto,
        help_heading = heading::FINDINGS
    )]
    pub(super) color: Colour,
    /// Show errors only
    #[arg(short, long, conflicts_with = "verbose", help_heading = heading::FINDINGS)]
    pub(super) quiet: bool,
    /// Show only findings of this severity or a higher one [default: warning]
    #[arg(
        long,
        value_name = "SEVERITY",
        value_enum,
        conflicts_with_all = ["quiet", "verbose"],
        help_heading = heading::FINDINGS
    )]
    pub(super) min_severity: Option<Severity>,
    /// Also show notes and the files that were read
    #[arg(short, long, help_heading = heading::FINDINGS)]
    pub(super) verbose: bool,
    /// Also append the messages of the standard error to a file, for callers that hide them; the
    /// environment variable `ROLLSTAMP_LOG_FILE` can name the file, too
    #[arg(long, value_name = "FILE", help_heading = heading::FINDINGS)]
    pub(super) log_file: Option<PathBuf>,
    /// Number of threads; the result does not depend on it
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// The configuration from the caller, used instead of a configuration file.
    #[arg(skip)]
    pub(super) given: Option<Settings>,
    /// The builder whose output, overlay by overlay, replaces the files.
    #[arg(skip)]
    pub(super) built_by: Option<Builder>,
    /// Whether this run writes the stamps files of overlays.
    #[arg(skip)]
    pub(super) makes_stamps_files: bool,
}

/// A controller to migrate from.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Controller {
    /// github.com/stakater/Reloader
    Reloader,
    /// github.com/wave-k8s/wave
    Wave,
}

/// When reports have colours.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set; elsewhere if `FORCE_COLOR` or `CLICOLOR_FORCE` is
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Options that a verb accepts but does not use, because one set of arguments serves all verbs. The
/// help of the verb hides them.
const NOT_OBEYED: &[(&str, &str)] = &[
    // `strip` removes stamps and suffixes whatever settings wrote them.
    (
        "strip",
        "mode suffix_hash all_sources immutable hash_key_file foreign_checksums foreign_match \
         foreign_tie foreign_version_labels select compat_reloader compat_wave",
    ),
    // `migrate` follows the annotations of the controller that `--from` names.
    (
        "migrate",
        "compat_reloader compat_wave mode suffix_hash all_sources immutable foreign_checksums \
         foreign_match foreign_tie foreign_version_labels",
    ),
    // `patches` reads the standard input, which is one unit, and writes stamps only.
    ("patches", "exclude unit mode suffix_hash all_sources immutable"),
    // These verbs report no findings.
    ("init", "strict output color quiet min_severity verbose"),
    ("impact", "quiet min_severity"),
    ("graph", "color quiet min_severity verbose"),
    ("history", "color min_severity verbose strict"),
];

/// The verbs whose reports are not about the outcome of one run, with the subject of their reports.
const SUBJECTS: &[(&str, Subject)] = &[
    ("explain", Subject::Explanation),
    ("impact", Subject::Impact),
    ("graph", Subject::Graph),
    ("history", Subject::History),
];

/// The command line, for parsers, help and completions.
pub fn command() -> clap::Command {
    let command = with_examples(Cli::command());
    let command = SUBJECTS.iter().fold(command, |command, &(verb, subject)| {
        command.mut_subcommand(verb, |verb| {
            verb.mut_arg("output", |option| option.value_parser(output(subject)))
        })
    });
    NOT_OBEYED.iter().fold(command, |command, &(verb, options)| {
        command.mut_subcommand(verb, |verb| {
            let hide = |verb: clap::Command, id| verb.mut_arg(id, |option| option.hide(true));
            options.split_whitespace().fold(verb, hide)
        })
    })
}

impl Colour {
    /// Whether the standard output, or else the standard error, gets colours.
    pub(super) fn is_taken(self, on_stdout: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => stdout::takes_colour(on_stdout),
        }
    }
}

impl Common {
    /// The lowest severity that reports for people show.
    pub(super) fn least(&self) -> Severity {
        let default = match (self.quiet, self.verbose) {
            (true, _) => Severity::Error,
            (_, true) => Severity::Note,
            _ => Severity::Warning,
        };
        self.min_severity.unwrap_or(default)
    }
}

impl Cli {
    /// Parses arguments, the name of the program first.
    ///
    /// # Errors
    /// Wrong usage, and help or version where they were asked for.
    pub(super) fn parse(arguments: Vec<std::ffi::OsString>) -> Result<Self, clap::Error> {
        let mut command = command();
        let mut matches = command.try_get_matches_from_mut(arguments)?;
        let of_verb = matches.subcommand().map_or(&matches, |(_, of_verb)| of_verb);
        // Some verbs have no such option.
        let log_file = of_verb.try_get_one("log_file").ok().flatten().cloned();
        let cli = Self::from_arg_matches_mut(&mut matches);
        cli.map(|cli| Self { log_file, ..cli }).map_err(|error| error.format(&mut command))
    }
}
