//! Checks that the documents agree with the program.

use super::{code, root, sources};
use rollstamp::finding::Code;
use std::collections::BTreeSet;

#[test]
fn the_table_of_findings_is_that_of_the_code() {
    let text = std::fs::read_to_string(root().join("docs/findings.md")).expect("docs/findings.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| [`")).collect();
    let expected: Vec<String> = Code::ALL
        .iter()
        .map(|code| {
            let name = code.name();
            let link = format!("[`{name}`](findings/{name}.md)");
            format!("| {link} | {} | {} |", code.severity().name(), code.description())
        })
        .collect();
    assert_eq!(rows, expected, "docs/findings.md and src/finding/mod.rs differ");
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollstamp"))
        .args(["write", "--diff", "testdata/example/shop"])
        .current_dir(root())
        .output()
        .expect("the program");
    let diff = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        readme.contains(&format!("```diff\n{diff}```")),
        "README.md does not show this:\n{diff}"
    );
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rollstamp"))
        .args(["explain", "--workload", "deploy/shop", "testdata/example/shop"])
        .current_dir(root())
        .output()
        .expect("the program");
    let explanation = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        readme.contains(&format!("```text\n{explanation}```")),
        "README.md does not show this:\n{explanation}"
    );
}

#[test]
fn every_dependency_has_a_reason() {
    let reasons = std::fs::read_to_string(root().join("docs/contributing.md")).expect("the page");
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let names = manifest
        .lines()
        .skip_while(|line| *line != "[dependencies]")
        .take_while(|line| !line.starts_with("[profile"))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .filter(|name| !name.starts_with(['#', '[']));
    for name in names {
        assert!(
            reasons.contains(&format!("`{name}`")),
            "docs/contributing.md does not say why {name} is there"
        );
    }
}

/// The page about the architecture names every module at the top of the crate, and no type or function
/// that does not exist.
#[test]
fn the_architecture_is_that_of_the_source() {
    let page = std::fs::read_to_string(root().join("docs/architecture.md")).expect("the page");
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let unnamed: Vec<&str> = modules
        .map(|module| module.trim_end_matches(';'))
        .filter(|module| !page.contains(&format!("`src/{module}")))
        .collect();
    assert!(unnamed.is_empty(), "docs/architecture.md does not name {unnamed:?}");
    let all: String = sources().iter().map(|source| code(&source.text)).collect();
    let in_source: BTreeSet<&str> = all.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    // `Outcome`, and each part of `process::read`.
    let is_type = |word: &str| {
        word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphanumeric)
    };
    let quoted = page.split('`').skip(1).step_by(2);
    let names: BTreeSet<&str> = quoted
        .filter(|word| is_type(word) || word.contains("::"))
        .flat_map(|word| word.split("::"))
        .filter(|name| !KUBERNETES.contains(name))
        .collect();
    let missing: Vec<&&str> = names.iter().filter(|name| !in_source.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/architecture.md names what is not in src: {missing:?}");
    assert!(names.len() > 15, "only {} names found: the search is broken", names.len());
}

/// Kinds of Kubernetes that the page names.
const KUBERNETES: &[&str] = &["List", "ResourceList"];
