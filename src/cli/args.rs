//! The command line as clap reads it.

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
use crate::report::{Format, Subject};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
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
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) verb: Option<Arguments>,
    /// Files and folders to read; `-` is the standard input, which is also the default
    #[arg(value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    /// In suffix mode, print the last N old generations of each renamed source as well, as they stand
    /// in what an earlier run printed; only where the result is printed, not in place
    #[arg(long, value_name = "N", requires = "previous", help_heading = heading::NAMES)]
    pub(super) keep: Option<std::num::NonZeroUsize>,
    /// What an earlier run printed with the same options: a file, or a folder of such files
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
    /// Remove every stamp of ours, from files in place or (without PATH) from a stream
    ///
    /// Everything else comes back as it was, but for annotations without a value: `annotations: ~` becomes
    /// `annotations: null`, and a line `annotations:` with nothing behind it goes. To Kubernetes these are one.
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
        #[arg(long = "workload", value_name = "KIND/NAME", value_parser = wanted)]
        workloads: Vec<AskedWorkload>,
        /// Explain what every overlay below the paths builds with this program: `kustomize`, `kubectl`, or a
        /// command with `{}` in the place of the folder
        #[arg(long, value_name = "BUILDER", value_parser = Builder::named, help_heading = heading::OVERLAYS)]
        build: Option<Builder>,
        #[command(flatten)]
        common: Common,
    },
    /// Take the annotations of Reloader or Wave out of manifests, and stamp what they selected
    ///
    /// What something in the cluster fills stays with Reloader, as a list of exactly these names. What
    /// cannot be decided is left alone.
    Migrate {
        /// The controller that workloads leave
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
    /// Say which pods an apply replaces, which keep old configuration, and which key is to blame
    ///
    /// Compares two states of the same manifests. Ends with 0 whenever it could compare them, unless
    /// --fail-on says otherwise.
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
    /// Say how often the commits of a branch replaced pods, how often for nothing, and what was stale
    History {
        #[command(flatten)]
        arguments: HistoryArgs,
        #[command(flatten)]
        common: Common,
    },
    /// Print the page about a finding: why it is said, an example, what to do; without CODE, list them
    Rule {
        /// The code in brackets behind `error`, `warning` or `note`
        #[arg(value_name = "CODE", value_parser = super::rule::code(), hide_possible_values = true)]
        code: Option<Code>,
    },
    /// Write a first `.rollstamp.yaml`, with a comment for each thing that was found, and a hook
    ///
    /// What is there already stays as it is. Nothing but these two files is written.
    Init {
        /// The folder that gets the files
        #[arg(value_name = "DIR", default_value = ".")]
        folder: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Make the stamps file of one overlay, from what its builder prints on the standard input
    Patches {
        /// The folder of the overlay, which gets or loses `stamps.rollstamp.yaml`
        #[arg(long = "for", value_name = "DIR", required_unless_present_any = ["for_helmrelease", "steady_release"])]
        folder: Option<PathBuf>,
        /// Name the file in the kustomization as its last transformer as well
        #[arg(long, requires = "folder")]
        wire: bool,
        /// Write patches for workloads as well that come with the right stamp
        #[arg(long, requires = "folder")]
        all: bool,
        /// Print what would change as a unified diff, and write nothing
        #[arg(long, requires = "folder")]
        diff: bool,
        /// Print the stamps as `postRenderers` for a Flux HelmRelease instead
        #[arg(long, conflicts_with_all = ["folder", "wire", "all", "diff"])]
        for_helmrelease: bool,
        /// Print once and for all versions of a chart the `postRenderers` that take labels with its version
        /// out of pod templates; with `--foreign-checksums drop` its checksums as well
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
    /// For the container image, which has no `cp`: an init container puts the program where another
    /// container finds it.
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
    /// Say at the end how many findings there are of each code, and what the workloads come to
    #[arg(long, help_heading = heading::FINDINGS)]
    pub(super) statistics: bool,
    /// With --build, build only overlays of which a file changed since a revision of git
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
    /// Other checkers mend with it what they find; here that is another verb
    #[arg(long, hide = true)]
    pub(super) fix: bool,
    /// Say only what changes since a revision of git can have caused; in CI, since the branch that a pull
    /// request goes to. With --build, only overlays are built of which a file changed
    #[arg(long, value_name = "REV", help_heading = heading::FINDINGS)]
    pub(super) since: Option<String>,
    /// Write a rule under `silence` into the configuration for each finding that there is today, so that
    /// only what comes later is said
    #[arg(long, conflicts_with = "config_from", help_heading = heading::CONFIGURATION)]
    pub(super) add_silence: bool,
    /// Take input without any Kubernetes object for clean; otherwise it is an error (exit code 2)
    #[arg(long, help_heading = heading::INPUT)]
    pub(super) allow_empty: bool,
    /// Say at the end how many findings there are of each code, and what the workloads come to
    #[arg(long, help_heading = heading::FINDINGS)]
    pub(super) statistics: bool,
    #[command(flatten)]
    pub(super) building: Building,
    #[command(flatten)]
    pub(super) common: Common,
}

/// What is built beside what files say.
#[derive(Args)]
pub(super) struct Building {
    /// Build every overlay below the paths with this program, and take what it prints for what is
    /// applied: `kustomize`, `kubectl`, or a command with `{}` in the place of the folder
    ///
    /// Workloads that need another stamp in each overlay get it from a generated file beside the
    /// kustomization, `stamps.rollstamp.yaml`, which kustomize, Flux and Argo CD run without a plugin.
    #[arg(long, value_name = "BUILDER", value_parser = Builder::named, help_heading = heading::OVERLAYS)]
    pub(super) build: Option<Builder>,
    /// With --build, write patches for workloads as well whose shared file holds the right stamp
    #[arg(long, requires = "build", help_heading = heading::OVERLAYS)]
    pub(super) all_patches: bool,
}

impl Building {
    /// What is built below these paths, if a builder was named: with `since`, only overlays of which a file
    /// changed since that revision.
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
    /// Configuration file; otherwise `.rollstamp.yaml` is looked for from the first PATH upwards to
    /// the root of the repository, and for the standard input there is none
    #[arg(long, value_name = "FILE", conflicts_with = "no_config", help_heading = heading::CONFIGURATION)]
    pub(super) config: Option<PathBuf>,
    /// Take the configuration from a revision of git, as it stands there; in CI, from the branch that a pull
    /// request goes to, so that it cannot bring rules of its own
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
    /// Leave out files and folders below the named ones
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
    pub(super) output: &'static dyn Format,
    /// Colour in findings
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t = Colour::Auto,
        help_heading = heading::FINDINGS
    )]
    pub(super) color: Colour,
    /// Say errors only
    #[arg(short, long, conflicts_with = "verbose", help_heading = heading::FINDINGS)]
    pub(super) quiet: bool,
    /// Show only findings that matter so much [default: warning]
    #[arg(
        long,
        value_name = "SEVERITY",
        value_enum,
        conflicts_with_all = ["quiet", "verbose"],
        help_heading = heading::FINDINGS
    )]
    pub(super) min_severity: Option<Severity>,
    /// Say notes as well, and what was read
    #[arg(short, long, help_heading = heading::FINDINGS)]
    pub(super) verbose: bool,
    /// Append what is said on the standard error to a file as well, for callers that hide it; it can
    /// also be named by the environment, as `ROLLSTAMP_LOG_FILE`
    #[arg(long, value_name = "FILE", help_heading = heading::FINDINGS)]
    pub(super) log_file: Option<PathBuf>,
    /// Threads; the result does not depend on it
    #[arg(short, long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// The configuration that the caller hands over, in the place of a file.
    #[arg(skip)]
    pub(super) given: Option<Settings>,
    /// The program whose output is looked at in the place of the files, overlay by overlay.
    #[arg(skip)]
    pub(super) built_by: Option<Builder>,
    /// Whether the stamps files of overlays are made anew.
    #[arg(skip)]
    pub(super) makes_stamps_files: bool,
}

/// A controller that workloads can leave.
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

/// Options that a verb takes like any other, so that one set of arguments serves all verbs, and does not
/// obey: its help does not offer them.
const NOT_OBEYED: &[(&str, &str)] = &[
    // Stamps and names are taken back whatever they were made of.
    (
        "strip",
        "mode suffix_hash all_sources immutable hash_key_file foreign_checksums foreign_match \
         foreign_tie foreign_version_labels select compat_reloader compat_wave",
    ),
    // The controller that is left is followed.
    (
        "migrate",
        "compat_reloader compat_wave mode suffix_hash all_sources immutable foreign_checksums \
         foreign_match foreign_tie foreign_version_labels",
    ),
    // It reads the standard input, which is one unit, and patches stamps alone.
    ("patches", "exclude unit mode suffix_hash all_sources immutable"),
    // These report no findings.
    ("init", "strict output color quiet min_severity verbose"),
    ("impact", "quiet min_severity"),
    ("graph", "color quiet min_severity verbose"),
    ("history", "color min_severity verbose strict"),
];

/// What the verbs report whose reports are about something else than one run.
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
    /// The least severity that people get to see.
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
