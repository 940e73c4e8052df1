//! Every file that a document, a comment or a message of a test points to exists.

use super::{root, rust_files};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Folders of the repository; a path that begins with one of them is a signpost.
const FOLDERS: &[&str] =
    &["src/", "tests/", "testdata/", "docs/", "integrations/", ".ci/", ".github/"];

/// The files of the repository, as paths with `/`, without the folders of git and cargo.
fn files() -> BTreeSet<String> {
    let entries = walkdir::WalkDir::new(root()).into_iter().filter_entry(|entry| {
        entry.depth() == 0 || !["target", ".git"].iter().any(|name| entry.file_name() == *name)
    });
    let paths = entries.map(|entry| entry.expect("a readable tree").into_path());
    paths
        .filter_map(|path| {
            let path = path.strip_prefix(root()).expect("below the root").iter();
            let parts: Vec<_> = path.map(|part| part.to_string_lossy()).collect();
            Some(parts.join("/")).filter(|path| !path.is_empty())
        })
        .collect()
}

/// Documents, and other files of which every line may name a file.
fn documents(files: &BTreeSet<String>) -> Vec<PathBuf> {
    let is_document = |path: &&String| {
        let own = !path.starts_with("testdata/") && !path.starts_with("tests/");
        own && (path.ends_with(".md") || path.starts_with(".ci/") || path.starts_with(".github/"))
            || ["Cargo.toml", "deny.toml", ".pre-commit-hooks.yaml"].contains(&path.as_str())
    };
    let found: Vec<PathBuf> =
        files.iter().filter(is_document).map(|p| root().join(p)).filter(|p| p.is_file()).collect();
    assert!(found.len() > 5, "only {} documents", found.len());
    found
}

/// The parts of a line that look like paths.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let in_path = |c: char| c.is_alphanumeric() || "_-./*<>".contains(c);
    line.split(move |c| !in_path(c)).map(|word| word.trim_end_matches(['.', '-']))
}

#[test]
fn every_file_that_is_pointed_to_exists() {
    let files = files();
    let mut wrong = Vec::new();
    let mut checked = 0;
    let mut look = |path: &Path, lines: &mut dyn Iterator<Item = (usize, &str)>| {
        for (number, line) in lines {
            for word in words(line).filter(|word| !word.contains(['*', '<', '>'])) {
                let word = word.trim_start_matches("./");
                if word.starts_with('/') {
                    continue;
                }
                let wanted = FOLDERS.iter().any(|f| word.starts_with(f) && word.len() > f.len());
                if wanted || word.ends_with(".rs") && word.len() > 3 {
                    checked += 1;
                    if !points_to_a_file(word, &files) {
                        let path = path.strip_prefix(root()).expect("below the root").display();
                        wrong.push(format!("{path}:{}: no {word}", number + 1));
                    }
                }
            }
        }
    };
    for path in documents(&files) {
        let text = std::fs::read_to_string(&path).expect("a document");
        look(&path, &mut text.lines().enumerate());
    }
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        let text = std::fs::read_to_string(&path).expect("source text");
        let comments = text.lines().enumerate().filter(|(_, l)| l.trim_start().starts_with("//"));
        look(&path, &mut comments.into_iter());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 50, "only {checked} signposts found: the search is broken");
}

/// Whether a path is one of the repository, or the end of one: `k8s/kinds.rs`.
fn points_to_a_file(word: &str, files: &BTreeSet<String>) -> bool {
    let word = word.trim_end_matches('/');
    let end = format!("/{word}");
    files.iter().any(|file| file == word || word.ends_with(".rs") && file.ends_with(&end))
}

#[test]
fn every_link_leads_somewhere() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for path in documents(&files()).into_iter().filter(|p| p.extension().is_some_and(|e| e == "md"))
    {
        let text = std::fs::read_to_string(&path).expect("a document");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', ' ', '\n']).next().unwrap_or_default();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let folder = path.parent().expect("a folder");
            let file = if file.is_empty() { path.clone() } else { folder.join(file) };
            let there = std::fs::read_to_string(&file);
            let found = match (&there, heading) {
                (_, "") => file.exists(),
                (Ok(text), heading) => text.lines().any(|line| slug(line) == heading),
                (Err(_), _) => false,
            };
            if !found {
                wrong.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 10, "only {checked} links found: the search is broken");
}

/// The anchor that GitHub gives to a heading; empty for other lines.
fn slug(line: &str) -> String {
    let Some(heading) = line.strip_prefix('#') else { return String::new() };
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
