//! Tests of the verbs that do not process manifests: `rule`, `init`, `man`, `copy-to`, and help.

use crate::sandbox::{Entry, Output, Sandbox, Tree, read_tree};
use rollstamp::finding::Code;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Output {
    let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    sandbox.run(&arguments, None)
}

fn text(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.path(name)).expect(name)
}

#[test]
fn a_rule_is_its_page_without_the_targets_of_links() {
    let sandbox = Sandbox::new(&Tree::new());
    for code in Code::ALL {
        let output = run(&sandbox, &["rule", code.name()]);
        let page = String::from_utf8(output.stdout).expect("UTF-8");
        assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
        assert!(page.starts_with(&format!("# {}\n", code.name())), "{page}");
        assert!(page.ends_with(&format!("/docs/findings/{}.md\n", code.name())), "{page}");
        assert!(!page.contains("]("), "{page}");
        // Only the targets of links are removed.
        let targets = code.page().split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        let lost: usize = targets.map(|(target, _)| target.len() + "[]()".len()).sum();
        let added = code.address().len() + "\n\n".len();
        assert_eq!(page.len() + lost, code.page().len() + added, "{page}");
    }
    let list = String::from_utf8(run(&sandbox, &["rule"]).stdout).expect("UTF-8");
    assert_eq!(list.lines().count(), Code::ALL.len());
    let wrong = run(&sandbox, &["rule", "stale-stamps"]);
    assert_eq!(wrong.exit, 2);
    assert!(wrong.stderr.contains("stale-stamp'"), "{}", wrong.stderr);
}

/// A Deployment whose Secret is elsewhere, beside one that needs a stamp.
fn shop() -> Tree {
    let mut tree = read_tree(&root().join("testdata/example/shop"));
    let text = "apiVersion: apps/v1
kind: Deployment
metadata: {name: bill}
spec:
  template:
    spec:
      containers:
        - name: bill
          envFrom: [{secretRef: {name: elsewhere}}]
";
    tree.insert("bill.yaml".to_owned(), Entry::File(text.as_bytes().to_vec()));
    tree
}

#[test]
fn a_first_configuration_is_about_what_was_found() {
    let sandbox = Sandbox::new(&shop());
    let output = run(&sandbox, &["init"]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stderr.contains("2 missing stamps"), "{}", output.stderr);
    let configuration = text(&sandbox, ".rollstamp.yaml");
    assert!(configuration.contains("#units:"), "{configuration}");
    assert!(!configuration.contains("hotReloadSidecars"), "{configuration}");
    assert!(text(&sandbox, ".pre-commit-config.yaml").contains("- id: rollstamp\n"));
    // The program can read the configuration, even with every setting switched on.
    assert_eq!(run(&sandbox, &["check", "."]).exit, 1);
    let on: Vec<&str> = configuration
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            Some(setting) if setting.starts_with("  ") => &line[1..],
            _ => line,
        })
        .filter(|line| !line.starts_with("hashKeyFile"))
        .collect();
    std::fs::write(sandbox.path(".rollstamp.yaml"), on.join("\n")).expect("a file");
    let output = run(&sandbox, &["check", "."]);
    assert_eq!(output.exit, 1, "{}\n{}", on.join("\n"), output.stderr);
}

/// Where overlays change a workload, `write` leaves it alone: the hook for overlays is offered, switched off.
#[test]
fn a_first_hook_knows_about_overlays() {
    let sandbox = Sandbox::new(&shop());
    assert_eq!(run(&sandbox, &["init"]).exit, 0);
    assert!(!text(&sandbox, ".pre-commit-config.yaml").contains("rollstamp-overlays"));
    let mut tree = Tree::new();
    for (name, entry) in shop() {
        tree.insert(format!("base/{name}"), entry);
    }
    let base = "resources: [shop.yaml, worker.yaml, config.yaml, bill.yaml]\n";
    tree.insert("base/kustomization.yaml".to_owned(), Entry::File(base.into()));
    let prod = "resources: [../base]\nnamePrefix: prod-\n";
    tree.insert("prod/kustomization.yaml".to_owned(), Entry::File(prod.into()));
    let sandbox = Sandbox::new(&tree);
    let output = run(&sandbox, &["init"]);
    assert!(output.stderr.contains("below kustomizations"), "{}", output.stderr);
    let hooks = text(&sandbox, ".pre-commit-config.yaml");
    assert!(hooks.contains("      - id: rollstamp\n"), "{hooks}");
    assert!(hooks.contains("      #- id: rollstamp-overlays\n"), "{hooks}");
}

#[test]
fn what_is_there_is_not_replaced() {
    let mut tree = shop();
    tree.insert(".pre-commit-config.yaml".to_owned(), Entry::File(b"repos: []\n".to_vec()));
    let sandbox = Sandbox::new(&tree);
    let output = run(&sandbox, &["init", "."]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert!(output.stderr.contains("- id: rollstamp\n"), "{}", output.stderr);
    assert_eq!(text(&sandbox, ".pre-commit-config.yaml"), "repos: []\n");
    std::fs::write(sandbox.path(".rollstamp.yaml"), "unit: tree\n").expect("a file");
    let output = run(&sandbox, &["init", "."]);
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains("is there already"), "{}", output.stderr);
    assert_eq!(text(&sandbox, ".rollstamp.yaml"), "unit: tree\n");
}

/// The verbs that help lists.
fn verbs(sandbox: &Sandbox) -> Vec<String> {
    let help = String::from_utf8(run(sandbox, &["--help"]).stdout).expect("UTF-8");
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    let lines = list.expect("verbs").lines().filter_map(|line| line.strip_prefix("  "));
    let verbs = lines.filter_map(|line| line.split(' ').next());
    verbs.filter(|verb| !verb.is_empty() && *verb != "help").map(str::to_owned).collect()
}

#[test]
fn every_verb_has_examples_and_a_man_page() {
    let sandbox = Sandbox::new(&Tree::new());
    let verbs = verbs(&sandbox);
    assert!(verbs.len() >= 7, "{verbs:?}");
    let with_none = std::iter::once(None).chain(verbs.iter().map(|verb| Some(verb.as_str())));
    for verb in with_none {
        let words: Vec<&str> = verb.into_iter().chain(["--help"]).collect();
        let help = String::from_utf8(run(&sandbox, &words).stdout).expect("UTF-8");
        assert!(help.contains("\nExamples:\n  "), "{verb:?} has no examples:\n{help}");
        assert!(help.contains("\nExit codes:\n  "), "{verb:?} has no exit codes:\n{help}");
        let words: Vec<&str> = std::iter::once("man").chain(verb).collect();
        let page = String::from_utf8(run(&sandbox, &words).stdout).expect("UTF-8");
        let name = verb.map_or_else(|| "rollstamp".to_owned(), |verb| format!("rollstamp-{verb}"));
        assert!(page.contains(&format!(".TH {name} ")), "{page}");
    }
    assert_eq!(run(&sandbox, &["man", "nothing"]).exit, 2);
}

#[test]
fn the_program_copies_itself() {
    let sandbox = Sandbox::new(&Tree::new());
    std::fs::create_dir(sandbox.path("bin")).expect("a folder");
    assert_eq!(run(&sandbox, &["copy-to", "bin"]).exit, 0);
    let name = format!("bin/rollstamp{}", std::env::consts::EXE_SUFFIX);
    let said = std::process::Command::new(sandbox.path(&name)).arg("--version").output();
    assert!(said.expect("it runs").status.success());
    assert_eq!(read_tree(&sandbox.path("bin")).len(), 1);
    assert_eq!(run(&sandbox, &["copy-to", "nowhere"]).exit, 2);
}

#[test]
fn the_environment_asks_for_colour_and_forbids_it() {
    let sandbox = Sandbox::new(&shop());
    let coloured = |variables: &[(&str, &str)]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollstamp"))
            .args(["check", "."])
            .current_dir(sandbox.path("."))
            .env_clear()
            .envs(variables.iter().copied())
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // Links are written only to terminals, and not to logs that accept colours.
        assert!(!text.contains("\u{1b}]8"), "{text}");
        text.contains("\u{1b}[")
    };
    assert!(!coloured(&[]));
    assert!(coloured(&[("FORCE_COLOR", "1")]) && coloured(&[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[("FORCE_COLOR", "0")]) && !coloured(&[("CLICOLOR_FORCE", "")]));
    assert!(!coloured(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")]));
}
