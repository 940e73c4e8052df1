//! Runs linters on the workflows of this repository, and on those that users copy.

use super::{found, root, tool};
use crate::sandbox::{Sandbox, Tree};

fn files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_yaml = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|end| end == "yml" || end == "yaml")
    };
    let mut files: Vec<String> =
        paths.filter(is_yaml).map(|path| path.display().to_string()).collect();
    files.sort();
    assert!(files.len() >= 2, "{folder} has {files:?}");
    files
}

/// Syntax, types of expressions, inputs of well-known actions, and, where shellcheck is installed, the scripts.
#[test]
fn actionlint_finds_nothing() {
    if found("actionlint", &["-version"]).is_none() {
        return;
    }
    let all = [files(".github/workflows"), files("integrations/github")].concat();
    let args: Vec<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(tool(&Sandbox::new(&Tree::new()), "actionlint", &args).succeeds(), "");
}

/// Checks permissions, injections and stored credentials. `.github/zizmor.yml` has the rules for versions.
#[test]
fn zizmor_finds_nothing() {
    if found("zizmor", &["--version"]).is_none() {
        return;
    }
    let ours = [".github/workflows", "action.yml", "integrations/github/impact/action.yml"];
    let ours = ours.map(|name| root().join(name).display().to_string());
    let all = [ours.to_vec(), files("integrations/github")].concat();
    let config = root().join(".github/zizmor.yml").display().to_string();
    let mut args = vec!["--offline", "--no-progress", "--config", &config];
    args.extend(all.iter().map(String::as_str));
    let said = tool(&Sandbox::new(&Tree::new()), "zizmor", &args).run();
    assert_eq!(said.exit, 0, "{}\n{}", said.stdout, said.stderr);
}
