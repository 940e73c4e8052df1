//! The pages of the book do what they say: commands run, examples give the finding that they show, and
//! every page is listed.

use crate::sandbox::{Entry, Sandbox, Tree, read_tree};
use rollstamp::finding::Code;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The pages below `docs`, by path, without the list of them.
fn pages() -> Vec<(String, String)> {
    let files = read_tree(&root().join("docs"));
    let pages: Vec<(String, String)> = files
        .into_iter()
        .filter(|(name, _)| name.ends_with(".md") && name != "SUMMARY.md")
        .map(|(name, entry)| match entry {
            Entry::File(bytes) => (name, String::from_utf8(bytes).expect("UTF-8")),
            Entry::Link(_) => panic!("docs/{name} is a link"),
        })
        .collect();
    assert!(pages.len() > 60, "only {} pages", pages.len());
    pages
}

/// The code blocks of a language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    page.split(&start).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).expect("SUMMARY.md");
    for (name, _) in pages() {
        assert_eq!(summary.matches(&format!("]({name})\n")).count(), 1, "SUMMARY.md: {name}");
    }
}

/// Findings whose page has no example: what they are about is no text that a page can show.
const WITHOUT_EXAMPLE: &[Code] = &[
    Code::NotUtf8,
    Code::FileTooLarge,
    Code::TooLarge,
    Code::TooLargeToApply,
    Code::NameTooLong,
    Code::FileChanged,
    Code::UnreadableFile,
    Code::HardLink,
    Code::OutsideRoot,
    // They need a builder.
    Code::BuildFailed,
    Code::OrphanPatches,
    Code::UnwiredPatches,
];

#[test]
fn the_example_of_a_finding_gives_it() {
    for code in Code::ALL {
        let name = code.name();
        let path = root().join(format!("docs/findings/{name}.md"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| {
            panic!("docs/findings/{name}.md: {error}; write the page that `rollstamp rule {name}` prints")
        });
        let head = format!("# {name}\n\n*{}*: {}\n", code.severity().name(), code.description());
        assert!(page.starts_with(&head), "docs/findings/{name}.md does not begin with\n{head}");
        for heading in ["\n## What to do\n", "\n## Silence\n"] {
            assert!(page.contains(heading), "docs/findings/{name}.md has no{heading}");
        }
        let commands = blocks(&page, "sh");
        if WITHOUT_EXAMPLE.contains(code) {
            assert!(commands.is_empty(), "docs/findings/{name}.md has an example after all");
            continue;
        }
        let mut tree = Tree::new();
        for block in blocks(&page, "yaml") {
            let (first, text) = block.split_once('\n').expect("lines");
            let file = first.strip_prefix("# ").expect("the name of the file");
            tree.insert(file.to_owned(), Entry::File(text.as_bytes().to_vec()));
        }
        assert_eq!(commands.len(), 1, "docs/findings/{name}.md: one command");
        let words = commands[0].split_whitespace();
        let arguments: Vec<String> = words.skip(1).map(str::to_owned).collect();
        let output = Sandbox::new(&tree).run(&arguments, None);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr;
        assert!(said.contains(&format!("[{name}]")), "docs/findings/{name}.md shows\n{said}");
    }
}

/// A page that begins with `<!-- run in: FOLDER; needs: PROGRAM -->` is read from top to bottom with
/// bash, in a copy of that folder. A line that ends in `# exit N` ends so; nothing is applied.
#[cfg(unix)]
#[test]
fn the_commands_of_the_tutorials_run() {
    let mut run = 0;
    for (name, page) in pages() {
        let Some(rest) = page.split("<!-- run in: ").nth(1) else {
            // Examples of findings run above, those of other tools in `programs`.
            let elsewhere = name.starts_with("findings/") || name == "integrations.md";
            let nothing = blocks(&page, "sh").is_empty();
            assert!(elsewhere || nothing, "docs/{name} says no folder to run its commands in");
            continue;
        };
        let (said, _) = rest.split_once(" -->").expect("the end of the remark");
        let (folder, needs) = said.split_once("; needs: ").unwrap_or((said, ""));
        if !needs.is_empty() && !crate::programs::is_there(needs) {
            continue;
        }
        let mut script =
            String::from("set -euo pipefail\nkubectl() { cat; }\nhelm() { helm3 \"$@\"; }\n");
        for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
            match line.split_once("  # exit ") {
                Some((command, code)) => script.push_str(&format!(
                    "code=0; {command} || code=$?; [ $code = {code} ] || exit 99\n"
                )),
                None => script.push_str(&format!("{line}\n")),
            }
        }
        let sandbox = Sandbox::new(&read_tree(&root().join(folder)));
        let said = crate::programs::shell(&sandbox, &script);
        assert_eq!(said.0, 0, "docs/{name}:\n{script}\n{}", said.1);
        run += 1;
    }
    println!("{run} pages run");
}

/// What `--help` says of the program and of each verb. To write it anew: `ROLLSTAMP_BLESS=1`.
#[test]
fn the_page_of_the_command_line_is_what_help_says() {
    let empty = Sandbox::new(&Tree::new());
    let help = |words: &[&str]| {
        let arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let output = empty.run(&arguments, None);
        assert_eq!(output.exit, 0, "{words:?}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect::<String>()
    };
    let top = help(&["--help"]);
    let mut page = format!(
        "# Command line\n\nThis page is what `rollstamp --help` and `rollstamp VERB --help` print.\n\n```text\n{top}```\n"
    );
    let verbs = top.split("Commands:\n").nth(1).expect("verbs").split("\n\n").next();
    let verbs = verbs.expect("verbs").lines().filter_map(|line| line.strip_prefix("  "));
    let verbs: Vec<&str> = verbs
        .filter_map(|line| line.split(' ').next())
        .filter(|verb| !verb.is_empty() && *verb != "help")
        .collect();
    assert!(verbs.len() >= 5, "{verbs:?}");
    for verb in verbs {
        page.push_str(&format!("\n## {verb}\n\n```text\n{}```\n", help(&[verb, "--help"])));
    }
    let path = root().join("docs/reference/command-line.md");
    if std::env::var_os("ROLLSTAMP_BLESS").is_some() {
        std::fs::write(&path, &page).expect("the page");
    }
    let there = std::fs::read_to_string(&path).expect("the page");
    assert!(
        there == page,
        "docs/reference/command-line.md is old: run this test with ROLLSTAMP_BLESS=1"
    );
}
