//! What help says below the options of a verb, and man pages.

use super::Exit;
use super::args::command;
use super::run::print;
use anyhow::Context;
use clap::Command;

/// Of each verb, what people type and how it ends; the first row is the program without a verb.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "",
        "Examples:
  kustomize build overlays/prod | rollstamp | kubectl apply -f -
  helm upgrade --install shop ./chart --post-renderer rollstamp
  rollstamp write deploy && rollstamp check deploy

Exit codes:
  0  done
  2  wrong usage, input that cannot be read, or something was refused: nothing was printed",
    ),
    (
        "write",
        "Examples:
  rollstamp write deploy            stamp what lies below a folder
  rollstamp write --diff deploy     show what would change
  rollstamp write --build kustomize .   also what needs another stamp in each overlay

Exit codes:
  0  done, whether or not a file changed
  2  wrong usage, input that cannot be read, or something was refused: that is left alone",
    ),
    (
        "check",
        "Examples:
  rollstamp check deploy                            in CI, for stamps in git
  rollstamp check -o github deploy                  beside the lines of a pull request
  kustomize build overlays/prod | rollstamp check   whether a build comes out stamped

Exit codes:
  0  clean: at most warnings and notes
  1  a stamp is missing, stale or left over, or there is another error
  2  no Kubernetes object, wrong usage, input that cannot be read, or something was refused",
    ),
    (
        "patches",
        "Examples:
  kustomize build overlays/prod | rollstamp patches --for overlays/prod --wire
  helm template shop ./chart | rollstamp patches --for-helmrelease
  helm template shop ./chart | rollstamp patches --steady-release

Exit codes:
  0  done, whether or not a file changed
  2  wrong usage, input that cannot be read, or something was refused: nothing was written",
    ),
    (
        "strip",
        "Examples:
  rollstamp strip deploy
  rollstamp strip <stamped.yaml >plain.yaml

Exit codes:
  0  done
  2  wrong usage, input that cannot be read, or something was refused: that is left alone",
    ),
    (
        "migrate",
        "Examples:
  rollstamp migrate --from reloader --diff deploy   show what would change
  rollstamp migrate --from reloader deploy
  rollstamp migrate --from wave deploy

Exit codes:
  0  done, whether or not a file changed
  2  wrong usage, input that cannot be read, or something was refused: that is left alone",
    ),
    (
        "explain",
        "Examples:
  rollstamp explain deploy
  rollstamp explain --workload deploy/shop deploy
  helm template shop ./chart | rollstamp explain

Exit codes:
  0  done
  2  wrong usage, input that cannot be read, or something was refused",
    ),
    (
        "impact",
        "Examples:
  rollstamp impact --base origin/main deploy
  rollstamp impact main:deploy deploy
  rollstamp impact <(kustomize build old) <(kustomize build new)
  rollstamp impact -o markdown --fail-on stale --base origin/main deploy

Exit codes:
  0  the two states could be compared, and no --fail-on holds
  1  a --fail-on holds
  2  wrong usage, or a state that cannot be read",
    ),
    (
        "graph",
        "Examples:
  rollstamp graph deploy
  rollstamp graph -o svg deploy >deploy.svg

Exit codes:
  0  done
  2  wrong usage, input that cannot be read, or something was refused",
    ),
    (
        "history",
        "Examples:
  rollstamp history deploy
  rollstamp history --since 2026-01-01 -o svg deploy >restarts.svg

Exit codes:
  0  done
  2  wrong usage, no repository, or input that cannot be read",
    ),
    (
        "rule",
        "Examples:
  rollstamp rule stale-stamp
  rollstamp rule",
    ),
    (
        "init",
        "Examples:
  rollstamp init

Exit codes:
  0  done
  2  a configuration is there already, or the folder cannot be read",
    ),
    (
        "completions",
        "Examples:
  rollstamp completions bash >~/.local/share/bash-completion/completions/rollstamp
  rollstamp completions fish >~/.config/fish/completions/rollstamp.fish",
    ),
];

/// The command line with examples and exit codes below the help of each verb.
pub(super) fn with_examples(command: Command) -> Command {
    EXAMPLES.iter().fold(command, |command, &(verb, text)| match verb {
        "" => command.after_help(text),
        _ => command.mut_subcommand(verb, |verb| verb.after_help(text)),
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
