//! Checks rules that keep files readable and tests honest.

use super::{code, root, rust_files, sources};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn files_are_of_a_size_to_read() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|source| (source.name, source.text.lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "look for the second noun in {}", long.join(", "));
}

#[test]
fn no_test_is_switched_off_and_nothing_is_left_behind() {
    let mut wrong = Vec::new();
    let this = root().join(file!());
    assert!(this.is_file(), "{}", this.display());
    for path in rust_files("src").into_iter().chain(rust_files("tests")) {
        if path == this {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("source text");
        for mark in ["#[ignore", "todo!(", "unimplemented!("] {
            if text.contains(mark) {
                wrong.push(format!("{}: {mark}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_fit_on_a_page() {
    let mut long = Vec::new();
    let mut functions = 0;
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let Some(name) = function(line) else { continue };
            functions += 1;
            let indent = line.len() - line.trim_start().len();
            let end = format!("{}}}", &line[..indent]);
            let length = 1 + lines[start..].iter().take_while(|line| **line != end).count();
            if !line.ends_with('}') && !line.ends_with(';') && length > 120 {
                long.push(format!("{}:{}: {name} has {length} lines", source.name, start + 1));
            }
        }
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
    assert!(functions > 500, "only {functions} functions found: the search is broken");
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let words = ["pub", "pub(super)", "pub(crate)", "const", "async", "extern", "\"C\""];
    let declares = before.split_whitespace().all(|word| words.contains(&word));
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (declares && end > 0).then_some(&rest[..end])
}

#[test]
fn a_type_name_means_one_thing() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources() {
        for name in code(&source.text).lines().filter_map(declared_type) {
            places.entry(name.to_owned()).or_default().insert(source.name.clone());
        }
    }
    let several = places.iter().filter(|(_, files)| files.len() > 1);
    let several: Vec<String> = several.map(|(name, files)| format!("{name}: {files:?}")).collect();
    assert!(several.is_empty(), "names with several meanings:\n{}", several.join("\n"));
    assert!(places.len() > 500, "only {} types found: the search is broken", places.len());
}

/// The name of the type that a line declares, for other files or for its own. A type that a trait asks
/// for, such as `Output`, has the name that the trait gives.
fn declared_type(line: &str) -> Option<&str> {
    let own = line.trim_start();
    let rest = ["pub(super) ", "pub(crate) ", "pub "].iter().find_map(|p| own.strip_prefix(p));
    let (kind, rest) = rest.unwrap_or(own).split_once(' ')?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let is_of_a_trait = kind == "type" && own.len() < line.len();
    let declares = ["struct", "enum", "trait", "type"].contains(&kind) && !is_of_a_trait;
    declares.then_some(&rest[..end]).filter(|name| name.starts_with(char::is_uppercase))
}
