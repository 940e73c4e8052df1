//! What keeps files readable and tests honest.

use super::{root, rust_files, sources};

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
