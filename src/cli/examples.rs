//! The examples and exit codes at the end of each help text, and man pages.

use super::Exit;
use super::args::command;
use super::run::print;
use anyhow::Context;
use clap::Command;

/// An exit code and its meaning.
type ExitRow = (u8, &'static str);

/// The examples and the exit codes with their meanings, for each verb; the first row is the program
/// without a verb.
const EXAMPLES: &[(&str, &str, &[ExitRow])] = &[
    (
        "",
        "  kustomize build overlays/prod | rollstamp | kubectl apply -f -
  helm upgrade --install shop ./chart --post-renderer rollstamp
  rollstamp write deploy && rollstamp check deploy",
        &[
            (0, "done"),
            (
                2,
                "wrong usage, input that cannot be read, or something was refused: nothing was printed",
            ),
        ],
    ),
    (
        "write",
        "  rollstamp write deploy            stamp all files below a folder
  rollstamp write --diff deploy     show what would change
  rollstamp write --build kustomize .   also stamp where overlays need different stamps",
        &[(0, CHANGED), (2, LEFT_ALONE)],
    ),
    (
        "check",
        "  rollstamp check deploy                            in CI, for stamps in git
  rollstamp check -o github deploy                  beside the lines of a pull request
  kustomize build overlays/prod | rollstamp check   check that a build has stamps",
        &[
            (0, "no errors: at most warnings and notes"),
            (1, "a stamp is missing, stale or left over, or there is another error"),
            (
                2,
                "no Kubernetes object, wrong usage, input that cannot be read, or something was refused",
            ),
        ],
    ),
    (
        "patches",
        "  kustomize build overlays/prod | rollstamp patches --for overlays/prod --wire
  helm template shop ./chart | rollstamp patches --for-helmrelease
  helm template shop ./chart | rollstamp patches --steady-release",
        &[
            (0, CHANGED),
            (
                2,
                "wrong usage, input that cannot be read, or something was refused: nothing was written",
            ),
        ],
    ),
    (
        "strip",
        "  rollstamp strip deploy
  rollstamp strip <stamped.yaml >plain.yaml",
        &[(0, "done"), (2, LEFT_ALONE)],
    ),
    (
        "migrate",
        "  rollstamp migrate --from reloader --diff deploy   show what would change
  rollstamp migrate --from reloader deploy
  rollstamp migrate --from wave deploy",
        &[(0, CHANGED), (2, LEFT_ALONE)],
    ),
    (
        "explain",
        "  rollstamp explain deploy
  rollstamp explain --workload deploy/shop deploy
  helm template shop ./chart | rollstamp explain",
        &[(0, "done"), (2, REFUSED)],
    ),
    (
        "impact",
        "  rollstamp impact --base origin/main deploy
  rollstamp impact main:deploy deploy
  rollstamp impact <(kustomize build old) <(kustomize build new)
  rollstamp impact -o markdown --fail-on stale --base origin/main deploy",
        &[
            (0, "the two states could be compared, and no condition of --fail-on holds"),
            (1, "a condition of --fail-on holds"),
            (2, "wrong usage, or a state that cannot be read"),
        ],
    ),
    (
        "graph",
        "  rollstamp graph deploy
  rollstamp graph -o svg deploy >deploy.svg",
        &[(0, "done"), (2, REFUSED)],
    ),
    (
        "history",
        "  rollstamp history deploy
  rollstamp history --since 2026-01-01 -o svg deploy >restarts.svg",
        &[(0, "done"), (2, "wrong usage, no repository, or input that cannot be read")],
    ),
    (
        "rule",
        "  rollstamp rule stale-stamp
  rollstamp rule",
        &[(0, "done"), (2, "no finding has this name")],
    ),
    (
        "init",
        "  rollstamp init",
        &[(0, "done"), (2, "a configuration is there already, or the folder cannot be read")],
    ),
    (
        "completions",
        "  rollstamp completions bash >~/.local/share/bash-completion/completions/rollstamp
  rollstamp completions fish >~/.config/fish/completions/rollstamp.fish",
        &[(0, "done"), (2, "no such shell")],
    ),
];

const CHANGED: &str = "done, whether or not a file changed";
const REFUSED: &str = "wrong usage, input that cannot be read, or something was refused";
const LEFT_ALONE: &str = "wrong usage, input that cannot be read, or something was refused: these files were not changed";

/// The command line with examples and exit codes below the help of each verb.
pub(super) fn with_examples(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, &(verb, examples, codes)| {
        let mut text = format!("Examples:\n{examples}");
        if !codes.is_empty() {
            text.push_str("\n\nExit codes:");
        }
        text.extend(codes.iter().map(|(code, meaning)| format!("\n  {code}  {meaning}")));
        match verb {
            "" => command.after_help(text),
            _ => command.mut_subcommand(verb, |verb| verb.after_help(text)),
        }
    })
}

/// Prints the man page of the program, or of a verb.
pub(super) fn man(verb: Option<&str>) -> anyhow::Result<Exit> {
    let mut command = command();
    command.build();
    let command = match verb {
        None => command,
        Some(verb) => {
            let found = command.find_subcommand(verb);
            let found = found.with_context(|| format!("there is no verb {verb}"))?.clone();
            found.display_name(format!("rollstamp-{verb}"))
        }
    };
    print(|mut out| clap_mangen::Man::new(command).render(&mut out))?;
    Ok(Exit::Clean)
}
