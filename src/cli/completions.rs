//! Completion scripts. They ask the program for the workloads of the manifests that the command line names.

use super::args::{Arguments, Cli, command};
use super::run::start;
use crate::config::options::Goal;
use crate::report::Verb as Reported;
use clap_complete::Shell;
use std::collections::BTreeSet;

/// The hidden verb by which a script asks for workloads.
const ASK: &str = "complete-workloads";

/// The completion script for a shell.
pub(super) fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command(), "rollstamp", &mut bytes);
    let script = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        Shell::Bash => script.replace(
            "--workload)\n                    COMPREPLY=($(compgen -f \"${cur}\"))",
            &format!(
                "--workload)\n                    COMPREPLY=($(compgen -W \"$(rollstamp {ASK} \
                 \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\" 2>/dev/null)\" -- \"${{cur}}\"))"
            ),
        ),
        Shell::Zsh => zsh(&script),
        Shell::Fish => {
            let is_it = |line: &str| line.contains("\" -l workload ");
            let asks = script.lines().map(|line| match is_it(line) {
                true => format!(
                    "{line} -f -a \"(rollstamp {ASK} (commandline -opc)[2..-1] 2>/dev/null)\"\n"
                ),
                false => format!("{line}\n"),
            });
            asks.collect()
        }
        Shell::Elvish => script + &elvish(),
        Shell::PowerShell => {
            script.replacen(POWERSHELL_CHOOSES, &format!("{}{POWERSHELL_CHOOSES}", powershell()), 1)
        }
        _ => script,
    }
}

/// The line at which the script of PowerShell begins to choose the completions.
const POWERSHELL_CHOOSES: &str = "    $completions = @(switch ($command) {";

/// The addition before that line: after `--workload` the script offers workloads and nothing else. An element of
/// the command that ends at the cursor is the word that the user is typing.
fn powershell() -> String {
    format!(
        "    $words = @(foreach ($element in $commandElements) {{\n        \
         if ($element.Extent.EndOffset -ge $cursorPosition) {{ break }}\n        \
         if ($element -is [StringConstantExpressionAst]) {{ $element.Value }} else {{ $element.Extent.Text }}\n    \
         }})\n    \
         if ($words.Count -gt 2 -and $words[-1] -ceq '--workload') {{\n        \
         $before = $words[1..($words.Count - 1)]\n        \
         return @(rollstamp {ASK} @before 2>$null).Where{{ $_ -like \"$wordToComplete*\" }}.ForEach{{\n            \
         [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)\n        }}\n    }}\n\n"
    )
}

/// The addition to the script of elvish, which never completes the value of an option.
fn elvish() -> String {
    format!(
        "\nvar rollstamp-words = $edit:completion:arg-completer[rollstamp]\n\
         set edit:completion:arg-completer[rollstamp] = {{|@words|\n    \
         if (and (> (count $words) 2) (eq $words[-2] --workload)) {{\n        \
         try {{ rollstamp {ASK} (all $words[1..-1]) 2>/dev/null }} catch {{ nop }}\n    \
         }} else {{\n        $rollstamp-words $@words\n    }}\n}}\n"
    )
}

/// The script of zsh. The generated script treats the first word as a path and only the second one as a
/// verb, but the program accepts both as the first word.
fn zsh(script: &str) -> String {
    let is_path = |line: &&str| line.starts_with("'::paths -- ");
    let first = script.lines().find(is_path).unwrap_or_default();
    let functions = format!(
        "_rollstamp_words() {{\n    _alternative 'verbs:verb:_rollstamp_commands' 'files:file:_files'\n}}\n\n\
         _rollstamp_workloads() {{\n    local -a found\n    \
         found=(${{(f)\"$(rollstamp {ASK} ${{words[2,CURRENT-1]}} 2>/dev/null)\"}})\n    \
         compadd -a found\n}}\n\n"
    );
    script
        .replacen(&format!("{first}\n"), "", 1)
        .replace("$line[2]", "$line[1]")
        // Options may follow paths.
        .replace("'*::paths ", "'*:paths ")
        .replacen("\":: :_rollstamp_commands\"", "\":: :_rollstamp_words\"", 1)
        .lines()
        .map(|line| match line.starts_with("'*--workload=") {
            true => format!("{}\n", line.replace(":_default'", ":_rollstamp_workloads'")),
            false => format!("{line}\n"),
        })
        .collect::<String>()
        .replacen("if [ \"$funcstack[1]\"", &format!("{functions}if [ \"$funcstack[1]\""), 1)
}

/// The workloads of the files and folders among the words of a command line, as `deployment/web`; without
/// any, those of the current folder. Errors are ignored, because messages would disturb the completion.
pub(super) fn workloads(words: &[String]) -> BTreeSet<String> {
    let is_path = |word: &&String| !word.starts_with('-') && crate::io::files::is_there(word);
    let mut paths: Vec<&str> = words.iter().filter(is_path).map(String::as_str).collect();
    if paths.is_empty() {
        paths.push(".");
    }
    let line = ["rollstamp", "explain", "--quiet"].into_iter().chain(paths).map(Into::into);
    let Ok(Cli { verb: Some(Arguments::Explain { paths, common, .. }), .. }) =
        Cli::parse(line.collect())
    else {
        return BTreeSet::new();
    };
    let Ok(Some(run)) = start(&paths, &common, Reported::Explain, Goal::Stamp) else {
        return BTreeSet::new();
    };
    let manifests = &run.outcome.manifests;
    let ids = run.outcome.plan.workloads.iter().map(|planned| &manifests[planned.object].id);
    ids.map(|id| format!("{}/{}", id.kind.to_ascii_lowercase(), id.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_asks_for_its_workloads() {
        let command = command();
        let has_it = |verb: &&clap::Command| {
            verb.get_arguments().any(|argument| argument.get_long() == Some("workload"))
        };
        let verbs = command.get_subcommands().filter(has_it).count();
        assert!(verbs >= 2, "only {verbs} verbs take a workload: the search is broken");
        for (shell, asks) in [
            (Shell::Bash, "$(rollstamp complete-workloads "),
            (Shell::Zsh, ":_rollstamp_workloads'"),
            (Shell::Fish, "(rollstamp complete-workloads "),
        ] {
            assert_eq!(script(shell).matches(asks).count(), verbs, "{shell}");
        }
        assert!(script(Shell::Elvish).contains("{ rollstamp complete-workloads (all "));
        assert!(script(Shell::PowerShell).contains("@(rollstamp complete-workloads @before "));
        assert_eq!(script(Shell::Zsh).matches("$(rollstamp complete-workloads ").count(), 1);
    }
}
