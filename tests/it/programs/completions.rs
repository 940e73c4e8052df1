//! Runs completion scripts in their shells.

use super::{example, is_there, root, shell};
use crate::sandbox::{Sandbox, Tree};

/// The words that bash offers after the words of a command line.
fn offers(words: &str) -> String {
    let script = format!(
        "source <(rollstamp completions bash)\nCOMP_WORDS=({words})\n\
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\nCOMPREPLY=()\n\
         _rollstamp rollstamp \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
         echo \"${{COMPREPLY[*]}}\"\n"
    );
    let (exit, said) = shell(&Sandbox::new(&example("shop")), &script);
    assert_eq!(exit, 0, "{said}");
    said.trim().to_owned()
}

#[test]
fn bash_offers_the_workloads_of_the_manifests() {
    assert_eq!(offers("rollstamp explain --workload ''"), "deployment/shop deployment/worker");
    assert_eq!(offers("rollstamp explain worker.yaml --workload d"), "deployment/worker");
    assert_eq!(offers("rollstamp explain --workload deployment/s"), "deployment/shop");
    assert_eq!(offers("rollstamp explain nowhere --workload statefulset/"), "");
    assert_eq!(offers("rollstamp explain --work"), "--workload");
}

#[test]
fn fish_offers_them_too() {
    if !is_there("fish") {
        return;
    }
    let script = "fish --no-config -c 'rollstamp completions fish | source; \
                  complete -C \"rollstamp explain --workload deployment/s\"'";
    let (exit, said) = shell(&Sandbox::new(&example("shop")), script);
    assert_eq!(exit, 0, "{said}");
    assert!(said.starts_with("deployment/shop\t"), "{said}");
}

/// A script that first runs a line, then types into a terminal, and prints `offered` once what the terminal
/// shows (`$seen`) fits a condition of zsh.
fn in_terminal(first: &str, typed: &str, offered: &str) -> String {
    format!(
        "{first}
cat >type.zsh <<'END'
zmodload zsh/zpty
{typed}
seen=''
repeat 200; do
  while zpty -r -t z more; do seen+=$more; done
  [[ {offered} ]] && {{ print offered; break; }}
  sleep 0.1
done
zpty -d z
END
zsh -f type.zsh"
    )
}

/// zsh completes only in a terminal, so the test creates one.
#[test]
fn zsh_offers_them_too() {
    if !is_there("zsh") {
        return;
    }
    let script = in_terminal(
        "mkdir functions; rollstamp completions zsh >functions/_rollstamp",
        r#"zpty z zsh -f -i
zpty -w z 'PS1="ready> "; fpath=($PWD/functions $fpath); autoload -Uz compinit; compinit -u -D'
zpty -w -n z $'rollstamp explain worker.yaml --workload deployment/\t'"#,
        "$seen == *'deployment/worker'*",
    );
    let (exit, said) = shell(&Sandbox::new(&example("shop")), &script);
    assert_eq!((exit, said.trim()), (0, "offered"), "{said}");
}

/// elvish completes only in a terminal, too.
#[test]
fn elvish_offers_them_too() {
    let is_here = |program, version: &[&str]| super::found(program, version).is_some();
    if !is_here("elvish", &["-version"]) || !is_there("zsh") {
        return;
    }
    let script = in_terminal(
        "rollstamp completions elvish >rollstamp.elv",
        r"zpty z env TERM=xterm elvish -norc
zpty -w -n z $'eval (slurp < rollstamp.elv)\r'
sleep 1
zpty -w -n z $'rollstamp explain worker.yaml --workload deployment/w\t'",
        "$seen == *orker* && $seen != *'no candidates'*",
    );
    let (exit, said) = shell(&Sandbox::new(&example("shop")), &script);
    assert_eq!((exit, said.trim()), (0, "offered"), "{said}");
}

/// The part of the script that PowerShell runs before it offers options: after `--workload` it offers
/// workloads. The text is checked on every system, and run if PowerShell is installed.
#[test]
fn powershell_offers_them_too() {
    let words = ["completions", "powershell"].map(str::to_owned);
    let script = String::from_utf8(Sandbox::new(&Tree::new()).run(&words, None).stdout);
    let script = script.expect("UTF-8");
    let (first, _) = script.split_once("    $completions = @(switch").expect("the options");
    let path = root().join("testdata/completions/before-the-options.ps1");
    if std::env::var_os("ROLLSTAMP_BLESS").is_some() {
        std::fs::write(&path, first).expect("the script");
    }
    assert_eq!(first, std::fs::read_to_string(&path).expect("the script"));
    if super::found("pwsh", &["--version"]).is_none() {
        return;
    }
    let typed = "rollstamp explain worker.yaml --workload deployment/w";
    let line = format!(
        "pwsh -NoProfile -Command 'rollstamp completions powershell | Out-String | Invoke-Expression
(TabExpansion2 \"{typed}\" {}).CompletionMatches.CompletionText'",
        typed.len()
    );
    let (exit, said) = shell(&Sandbox::new(&example("shop")), &line);
    assert_eq!((exit, said.trim()), (0, "deployment/worker"), "{said}");
}
