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
