//! Checks that the documents agree with the program.

use super::root;
use rollstamp::finding::Code;

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
