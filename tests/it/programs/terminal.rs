//! The output on a terminal for a verb without arguments.

use super::{is_there, tool};
use crate::sandbox::{Sandbox, Tree};

/// Runs the program in a terminal, and returns its exit code.
const AT_A_TERMINAL: &str = "import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))";

fn at_a_terminal(arguments: &[&str]) -> (i32, String) {
    let sandbox = Sandbox::new(&Tree::new());
    let mut all = vec!["-c", AT_A_TERMINAL, env!("CARGO_BIN_EXE_rollstamp")];
    all.extend(arguments);
    let said = tool(&sandbox, "python3", &all).run();
    (said.exit, said.stdout + &said.stderr)
}

#[test]
fn a_verb_without_input_says_what_to_do() {
    if !is_there("python3") {
        return;
    }
    for (arguments, last) in [
        (
            &[][..],
            "rollstamp: nothing to read: name files or folders: `rollstamp .`, or pipe manifests in: `kustomize build DIR | rollstamp`",
        ),
        (
            &["check"][..],
            "rollstamp check: nothing to read: name files or folders: `rollstamp check .`, or pipe manifests in: `kustomize build DIR | rollstamp check`",
        ),
        (
            &["explain"][..],
            "rollstamp explain: nothing to read: name files or folders: `rollstamp explain .`, or pipe manifests in: `kustomize build DIR | rollstamp explain`",
        ),
        (
            &["strip"][..],
            "rollstamp strip: nothing to read: name files or folders: `rollstamp strip .`, or pipe manifests in: `kustomize build DIR | rollstamp strip`",
        ),
    ] {
        let (exit, said) = at_a_terminal(arguments);
        let lines: Vec<&str> = said.lines().map(str::trim_end).filter(|l| !l.is_empty()).collect();
        assert_eq!(exit, 2, "{said}");
        assert_eq!(lines.last(), Some(&last), "{said}");
        // The help of this verb is printed, and of no other one.
        let usage = format!("Usage: rollstamp {}", arguments.join(" "));
        assert!(said.contains(usage.trim_end()), "{said}");
    }
}
