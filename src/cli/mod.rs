//! The command line: one file for each verb, and the code from the arguments to the exit code.

mod args;
mod stamps_file;
mod builds;
mod built;
mod check;
mod completions;
mod examples;
mod explain;
mod filter;
mod history;
mod impact;
mod in_place;
mod init;
mod migrate;
mod output;
mod plugin;
mod release;
mod rule;
mod run;
mod settings;
mod validate;

pub use self::args::command;

use self::args::{Arguments, Cli};
use self::filter::filter;
use self::in_place::{Extras, in_place};
use self::run::print;
use crate::config::options::Goal;
use crate::io::{krm, stdout, write};
use crate::text::input::IS_ON_A_MACHINE;
use anyhow::{Context, bail};
use std::ffi::OsString;

/// The exit code of a run, as in diff(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or no problem was found.
    Clean = 0,
    /// `check` found a difference or an error.
    Findings = 1,
    /// Wrong usage, unreadable input, or something was refused.
    Trouble = 2,
}

/// Parses the arguments and runs. Errors that stop the tool (wrong usage, a key file that cannot be read, a
/// full disk) are written to the standard error and to the log file; problems of manifests are findings.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.collect();
    let (arguments, handed_over) = match krm::plugin(&arguments) {
        None => (arguments, None),
        Some(call) => (plugin::arguments(call.arguments).collect(), Some(call.config)),
    };
    let mut cli = match Cli::parse(arguments) {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let log_file = cli.log_file.clone();
    let configured = match handed_over {
        None => Ok(()),
        Some(config) => plugin::configure(&mut cli, config),
    };
    configured.and_then(|()| dispatch(cli)).unwrap_or_else(|error| {
        // If the log file cannot be opened, the error is written only to the standard error.
        let said = format!("rollstamp: {error:#}\n");
        stdout::Messages::new(log_file.as_deref())
            .unwrap_or_else(|_| stdout::Messages::unlogged())
            .say(&said);
        Exit::Trouble
    })
}

/// Prints help and version to the standard output, as clap does, and a usage error to the standard error
/// and to the log file in the environment, because the arguments were not understood.
fn usage(error: &clap::Error) -> Exit {
    let printed = error.print();
    if error.use_stderr() {
        if let Ok(mut messages) = stdout::Messages::new(None) {
            messages.log(&error.render().to_string());
        }
        return Exit::Trouble;
    }
    if printed.is_ok() { Exit::Clean } else { Exit::Trouble }
}

fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    match cli.verb {
        None => {
            let keep = cli.keep.zip(cli.previous);
            filter(&cli.paths, &cli.common, Goal::Stamp, keep)
        }
        Some(Arguments::Write(asked)) if IS_ON_A_MACHINE => {
            let shown = Extras { diff: asked.diff, statistics: asked.statistics };
            let request = asked.building.request(&asked.paths, asked.since.as_deref());
            in_place(&asked.paths, &asked.common, Goal::Stamp, shown, request.as_ref())
        }
        Some(Arguments::Check(asked)) => check::check(&asked),
        Some(Arguments::Strip { paths, common }) if paths.is_empty() => {
            filter(&[], &common, Goal::Strip, None)
        }
        Some(Arguments::Strip { paths, common }) if IS_ON_A_MACHINE => {
            in_place(&paths, &common, Goal::Strip, Extras::default(), None)
        }
        Some(Arguments::Explain { paths, workloads, build, mut common }) => {
            common.built_by = build;
            explain::explain(&paths, &workloads, &common)
        }
        Some(Arguments::Migrate { from, paths, diff, common }) if IS_ON_A_MACHINE => {
            migrate::migrate(from, &paths, &common, diff)
        }
        Some(Arguments::Patches {
            folder,
            wire,
            all,
            diff,
            for_helmrelease: _,
            steady_release,
            common,
        }) if IS_ON_A_MACHINE => match folder {
            Some(folder) => stamps_file::patches(&folder, wire, diff, all, &common),
            None if steady_release => release::steady_release(&common),
            None => stamps_file::for_helm_release(&common),
        },
        Some(Arguments::Impact { arguments, common }) => impact::impact(&arguments, &common),
        Some(Arguments::Graph { paths, common }) => impact::graph(&paths, &common),
        Some(Arguments::History { arguments, common }) if IS_ON_A_MACHINE => {
            history::history(&arguments, &common)
        }
        Some(Arguments::Rule { code }) if IS_ON_A_MACHINE => rule::rule(code),
        Some(Arguments::Init { folder, common }) if IS_ON_A_MACHINE => init::init(&folder, &common),
        Some(Arguments::Man { verb }) if IS_ON_A_MACHINE => examples::man(verb.as_deref()),
        Some(Arguments::CopyTo { folder }) if IS_ON_A_MACHINE => {
            let copy = write::copy_program(&folder);
            copy.with_context(|| format!("failed to copy the program to {}", folder.display()))?;
            Ok(Exit::Clean)
        }
        Some(Arguments::CompleteWorkloads { words }) if IS_ON_A_MACHINE => {
            let found = completions::workloads(&words);
            print(|out| found.iter().try_for_each(|name| writeln!(out, "{name}")))?;
            Ok(Exit::Clean)
        }
        Some(Arguments::Completions { shell }) if IS_ON_A_MACHINE => {
            print(|out| out.write_all(completions::script(shell).as_bytes()))?;
            Ok(Exit::Clean)
        }
        Some(_) => bail!("not in a page: install rollstamp and run it in a shell"),
    }
}
