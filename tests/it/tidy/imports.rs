//! The order of the modules: `src/lib.rs` lists them as data flows, and each imports only modules
//! that are listed before it. That way no circle can arise.

use super::{Source, code, root, sources, sources_of};
use rollstamp::report::FORMATS;
use std::collections::BTreeSet;

/// The modules in the order of `src/lib.rs`.
fn order() -> Vec<String> {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).expect("src/lib.rs");
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let modules: Vec<String> = modules.map(|m| m.trim_end_matches(';').to_owned()).collect();
    assert!(modules.len() > 10, "src/lib.rs lists {} modules", modules.len());
    modules
}

/// The module at the top of the crate to which a file belongs.
fn module_of(name: &str) -> &str {
    name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

#[test]
fn modules_import_only_what_is_listed_before_them() {
    let order = order();
    let place = |module: &str| order.iter().position(|m| m == module);
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    let mut imports = 0;
    for source in sources() {
        let module = module_of(&source.name);
        if module == "main" || module == "lib" {
            continue;
        }
        let Some(own) = place(module) else {
            wrong.push(format!("src/lib.rs does not list {}", source.name));
            continue;
        };
        seen.insert(module.to_owned());
        for import in imported(&source.name, &code(&source.text)) {
            imports += 1;
            if import != module && place(&import).is_none_or(|at| at >= own) {
                wrong.push(format!("{}: {module} stands before {import}", source.name));
            }
        }
    }
    wrong.extend(order.iter().filter(|m| !seen.contains(*m)).map(|m| format!("no file of {m}")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(imports > 100, "only {imports} imports found: the search is broken");
}

/// The modules at the top of the crate that the code of a file names.
fn imported(name: &str, code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        first_names(&code[at + path.len()..], &mut found);
    }
    // `super::` leads to the top too, from a file that stands there.
    let depth = name.trim_end_matches("/mod.rs").split('/').count();
    let to_top = "super::".repeat(depth);
    for (at, path) in code.match_indices(&to_top) {
        let rest = &code[at + path.len()..];
        if !code[..at].ends_with("super::") && !rest.starts_with("super::") {
            first_names(rest, &mut found);
        }
    }
    found
}

/// The first name of each path in `a::b`, `{a, b::{c, d}}` or `{\n a::b,\n}`.
fn first_names(path: &str, found: &mut BTreeSet<String>) {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        found.insert(name(path));
        return;
    };
    found.insert(name(group));
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.insert(name(&group[at + 1..]));
            }
            _ => {}
        }
    }
    found.remove("");
}

#[test]
fn imports_are_found_in_every_form() {
    let found = |name, code| imported(name, code).into_iter().collect::<Vec<_>>();
    assert_eq!(found("a/b.rs", "use crate::text::Span;"), ["text"]);
    assert_eq!(found("a/b.rs", "use crate::{text::{Span, of},\n    yaml,\n};"), ["text", "yaml"]);
    assert_eq!(found("a/b.rs", "super::one(); super::super::plan::two()"), ["plan"]);
    assert_eq!(found("a/mod.rs", "use super::plan::two; use self::b;"), ["plan"]);
    assert_eq!(found("edit.rs", "super::plan::two()"), ["plan"]);
}

#[test]
fn decisions_touch_no_text() {
    let mut reading = BTreeSet::new();
    for module in ["resolve", "rename", "plan"] {
        for source in sources_of(module) {
            if code(&source.text).contains("Texts") {
                reading.insert(source.name);
            }
        }
    }
    assert!(
        reading.is_empty(),
        "decisions are made on facts, but these ask for texts: {reading:?}"
    );
}

#[test]
fn every_format_has_its_row() {
    let is_format = |line: &&str| line.starts_with("impl") && line.contains("Format for ");
    let written = |source: &Source| code(&source.text).lines().filter(is_format).count();
    let all = sources();
    let written = all.iter().map(written);
    // Nobody asks for the results of a KRM function by name.
    assert_eq!(written.sum::<usize>(), FORMATS.len() + 1, "a format is missing in FORMATS");
}

/// Ways to read or write outside of the memory of the program: of the standard library, and crates that
/// open files or ask the system.
const MEANS: &[&str] = &[
    "std::fs",
    "std::net",
    "Command::new",
    "std::os::",
    "File::open",
    "ignore::",
    "memmap2::",
    "rustix::",
    "tempfile::",
];

#[test]
fn only_io_opens_files() {
    let opens = |source: &Source, means: &str| code(&source.text).contains(means);
    let of_io = sources_of("io");
    let is_used = |means: &str| of_io.iter().any(|source| opens(source, means));
    let unused: Vec<&str> = MEANS.iter().copied().filter(|means| !is_used(means)).collect();
    assert_eq!(unused, ["std::net"], "`io` does not use these: mend the list");
    for source in sources().iter().filter(|source| module_of(&source.name) != "io") {
        let found: Vec<&&str> = MEANS.iter().filter(|means| opens(source, means)).collect();
        assert!(found.is_empty(), "{} does I/O: {found:?}", source.name);
    }
}
