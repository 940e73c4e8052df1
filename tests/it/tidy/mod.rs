//! Checks the architecture and the documents.

mod coverage;
mod documents;
mod imports;
mod options;
mod schemas;
mod secrets;
mod signposts;
mod style;

use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A source file of the crate.
struct Source {
    /// The path below `src`, with `/` between folders.
    name: String,
    text: String,
}

/// Every source file of the crate.
fn sources() -> Vec<Source> {
    rust_files("src")
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(root().join("src")).expect("below src").iter();
            let name: Vec<_> = name.map(|part| part.to_string_lossy()).collect();
            let text = std::fs::read_to_string(&path).expect("source text");
            Source { name: name.join("/"), text }
        })
        .collect()
}

/// The source files of a module. Fails if there are none, because a check of no file checks nothing.
fn sources_of(module: &str) -> Vec<Source> {
    let (folder, file) = (format!("{module}/"), format!("{module}.rs"));
    let of_module = |source: &Source| source.name.starts_with(&folder) || source.name == file;
    let found: Vec<Source> = sources().into_iter().filter(of_module).collect();
    assert!(!found.is_empty(), "src has no module {module}: mend the check that asks for it");
    found
}

/// The Rust files below a folder of the repository, sorted.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.expect("a readable tree").into_path());
    let found: Vec<PathBuf> = paths.filter(|p| p.extension().is_some_and(|e| e == "rs")).collect();
    assert!(!found.is_empty(), "no Rust file below {folder}");
    found
}

/// The code of a source file without comment lines and without its own tests, wherever these stand.
fn code(text: &str) -> String {
    let (before, rest) = text.split_once("#[cfg(test)]\nmod tests {\n").unwrap_or((text, ""));
    let (_, behind) = rest.split_once("\n}\n").unwrap_or_default();
    let lines = before.lines().chain(behind.lines());
    let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn code_behind_the_tests_of_a_file_counts() {
    let text = "use a;\n// b\n#[cfg(test)]\nmod tests {\n    use c;\n}\nuse d;\n";
    assert_eq!(code(text), "use a;\nuse d;\n");
}
