//! Checks the pages of the book: their commands run, their examples give the finding that they show, and
//! the summary lists every page.

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

/// A block of a document between two lines of three backticks.
struct Block<'a> {
    /// The line on which it begins.
    line: usize,
    language: &'a str,
    text: &'a str,
    /// What the remark right above it says: `<!-- not run: WHY -->` or `<!-- run by: TEST -->`.
    remark: Option<&'a str>,
}

fn all_blocks(page: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((before, after)) = rest.split_once("```") {
        let (language, after) = after.split_once('\n').expect("the language of a block");
        let (text, after) = after.split_once("```").expect("the end of a block");
        let above = before.trim_end().strip_suffix("-->");
        let remark = above.and_then(|above| Some(above.rsplit_once("<!-- ")?.1.trim()));
        let at = page.len() - rest.len() + before.len();
        let line = 1 + page[..at].matches('\n').count();
        found.push(Block { line, language, text, remark });
        rest = after;
    }
    found
}

/// The blocks of a language that this test runs.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let is_elsewhere =
        |remark: &str| remark.starts_with("not run: ") || remark.starts_with("run by: ");
    all_blocks(page)
        .into_iter()
        .filter(|block| block.language == language && !block.remark.is_some_and(is_elsewhere))
        .map(|block| block.text)
        .collect()
}

#[test]
fn every_page_is_in_the_summary() {
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).expect("SUMMARY.md");
    for (name, _) in pages() {
        assert_eq!(summary.matches(&format!("]({name})\n")).count(), 1, "SUMMARY.md: {name}");
    }
}

/// Findings whose page has no example, because a page cannot show their cause.
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
];

/// The output of a command of rollstamp for these files; `None` if it needs a builder that is not
/// installed.
fn said(tree: &Tree, command: &str) -> Option<String> {
    let sandbox = Sandbox::new(tree);
    if !command.contains("--build kustomize") {
        let words = command.split_whitespace().skip(1);
        let output = sandbox.run(&words.map(str::to_owned).collect::<Vec<_>>(), None);
        return Some(String::from_utf8_lossy(&output.stdout).into_owned() + &output.stderr);
    }
    #[cfg(unix)]
    return crate::programs::is_there("kustomize")
        .then(|| crate::programs::shell(&sandbox, command).1);
    #[cfg(not(unix))]
    return None;
}

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
        let Some(said) = said(&tree, commands[0]) else { continue };
        assert!(said.contains(&format!("[{name}]")), "docs/findings/{name}.md shows\n{said}");
    }
}

/// The folder in which a page runs its commands, as `read_tree` gives it. `a repository` is one that has an
/// overlay, a chart and plain manifests; `a checkout` has the examples and the integrations of this one beside
/// them.
fn folder(name: &str) -> Tree {
    let example = |prefix: &str, folder: &str| {
        let files = read_tree(&root().join(folder)).into_iter();
        files.map(|(name, entry)| (format!("{prefix}{name}"), entry)).collect::<Tree>()
    };
    if !["a repository", "a checkout"].contains(&name) {
        return read_tree(&root().join(name));
    }
    let mut tree = example("", "testdata/example/kustomize");
    tree.extend(example("chart/", "testdata/example/chart"));
    tree.extend(example("deploy/", "testdata/example/shop"));
    if name == "a checkout" {
        tree.extend(example("testdata/example/", "testdata/example"));
        tree.extend(example("integrations/", "integrations"));
    }
    tree
}

/// The environment of the commands of a page: one commit, which is also `origin/main`; no cluster; and the
/// program under test instead of the one that cargo would build.
const AROUND: &str = r#"set -euo pipefail
export HOME=$PWD/.home HELM_DATA_HOME=$PWD/.home/data HELM_CONFIG_HOME=$PWD/.home/config HELM_CACHE_HOME=$PWD/.home/cache
mkdir -p .home && export PATH=$HOME/.local/bin:$PATH && rmdir .git && git init -q -b main && git add -A
git -c user.name=t -c user.email=t@example.org commit -q -m first
git remote add origin . && git update-ref refs/remotes/origin/main HEAD
[ ! -d integrations ] || find integrations -name "*.sh" -exec chmod +x {} +
git config branch.main.remote origin && git config branch.main.merge refs/heads/main
kubectl() { if [ "$1" = apply ]; then cat; else command kubectl "$@"; fi; }
helm() {
  case "$1 ${2-}" in
    "upgrade --install") shift 2 && helm3 template "$@" ;;
    "plugin "*) ! command -v helm4 >/dev/null || helm4 "$@" ;;
    *) helm3 "$@" ;;
  esac
}
cargo() { case "$1 ${2-}" in "run --") shift 2 && rollstamp "$@" ;; "test ") ;; *) return 99 ;; esac; }
"#;

/// The documents with commands, by path.
fn documents() -> Vec<(String, String)> {
    let others = ["README.md", "CONTRIBUTING.md", "integrations/pypi/README.md"].map(|name| {
        (name.to_owned(), std::fs::read_to_string(root().join(name)).expect("a document"))
    });
    let pages = pages().into_iter().map(|(name, page)| (format!("docs/{name}"), page));
    others.into_iter().chain(pages).collect()
}

/// A document with `<!-- run in: FOLDER; needs: PROGRAM, PROGRAM -->` is run from top to bottom with bash,
/// in a copy of that folder. A line that ends in `# exit N` must exit with N; nothing is applied.
#[cfg(unix)]
#[test]
fn the_commands_of_the_documents_run() {
    let mut run = 0;
    for (name, page) in documents() {
        let Some(rest) = page.split("<!-- run in: ").nth(1) else {
            // The test above runs the examples of findings.
            let nothing = name.starts_with("docs/findings/") || blocks(&page, "sh").is_empty();
            assert!(nothing, "{name} says no folder to run its commands in");
            continue;
        };
        let (said, _) = rest.split_once(" -->").expect("the end of the remark");
        let (place, needs) = said.split_once("; needs: ").unwrap_or((said, ""));
        // All programs are looked for, so that CI can require each of them.
        let programs = needs.split(", ").filter(|program| !program.is_empty());
        let missing = programs.filter(|program| !crate::programs::is_there(program)).count();
        if missing > 0 {
            continue;
        }
        let mut script = AROUND.to_owned();
        for line in blocks(&page, "sh").iter().flat_map(|block| block.lines()) {
            match line.split_once("  # exit ") {
                Some((command, code)) => {
                    let code = code.split(' ').next().unwrap_or_default();
                    script.push_str(&format!(
                        "code=0; {command} || code=$?; [ $code = {code} ] || exit 99\n"
                    ));
                }
                None => script.push_str(&format!("{line}\n")),
            }
        }
        let said = crate::programs::shell(&Sandbox::new(&folder(place)), &script);
        assert_eq!(said.0, 0, "{name}:\n{script}\n{}", said.1);
        run += 1;
    }
    println!("{run} documents run");
}

/// Whether a test reads this document and runs the commands of this block: the whole block, found by a word
/// in it (`examples(DOCUMENT, "sh", WORD)`), or each line with a word (`lines(DOCUMENT, WORD)`).
fn takes_from_the_page(test: &str, document: &str, commands: &str) -> bool {
    let without_escapes = test.replace("\\\"", "'");
    let texts: Vec<&str> = without_escapes.split('"').skip(1).step_by(2).collect();
    // A shorter word stands in any command.
    let words: Vec<&str> = texts.iter().copied().filter(|text| text.len() > 10).collect();
    let holds_a_word = |text: &str| words.iter().any(|word| text.contains(word));
    let whole = test.contains("examples(") && texts.contains(&"sh") && holds_a_word(commands);
    let each = test.contains("lines(") && commands.lines().all(holds_a_word);
    texts.contains(&document) && (whole || each)
}

#[test]
fn a_test_that_does_not_read_the_page_is_found() {
    let whole =
        r#"let blocks = examples("docs/a.md", "sh", "kustomize build x"); bash(&blocks[0])"#;
    assert!(takes_from_the_page(whole, "docs/a.md", "cd a\nkustomize build x\n"));
    assert!(!takes_from_the_page(whole, "docs/b.md", "cd a\nkustomize build x\n"));
    assert!(!takes_from_the_page(whole, "docs/a.md", "kustomize build y\n"));
    let each = r#"for line in lines("docs/a.md", "| rollstamp check") { bash(line) }"#;
    assert!(takes_from_the_page(each, "docs/a.md", "kustomize build y | rollstamp check\n"));
    assert!(!takes_from_the_page(each, "docs/a.md", "cd a\nkustomize build y | rollstamp check\n"));
    let by_hand = r#"bash("kustomize build y | rollstamp check") // of "docs/a.md""#;
    assert!(!takes_from_the_page(by_hand, "docs/a.md", "kustomize build y | rollstamp check\n"));
}

/// Each block names its language, and a block of commands that does not run where it stands says which test
/// takes it out of the page and runs it, or why none does.
#[test]
fn no_command_is_left_out_in_silence() {
    let tests: String = ["programs/helm.rs", "programs/kustomize.rs", "programs/recipes.rs"]
        .into_iter()
        .chain(["programs/plugins.rs", "programs/precommit.rs", "programs/release.rs"])
        .map(|name| std::fs::read_to_string(root().join("tests/it").join(name)).expect("a test"))
        .collect();
    let mut wrong = Vec::new();
    let (mut commands, mut left_out) = (0, 0);
    for (name, page) in documents() {
        for Block { line, language, text, remark } in all_blocks(&page) {
            let mut say = |what: &str| wrong.push(format!("{name}:{line}: {what}"));
            if !["sh", "yaml", "json", "text", "diff"].contains(&language) {
                say("the block names none of the languages");
            }
            // The output of help has examples; the tests of the verbs run them.
            let is_command = |line: &str| {
                ["rollstamp ", "kustomize ", "helm ", "cargo ", "$ "]
                    .iter()
                    .any(|p| line.starts_with(p))
            };
            if language == "text" && text.lines().any(is_command) {
                say("commands are `sh`");
            }
            if language == "sh" {
                commands += 1;
                let reason = remark.and_then(|remark| remark.strip_prefix("not run: "));
                let by = remark.and_then(|remark| remark.strip_prefix("run by: "));
                left_out += usize::from(reason.is_some());
                if reason.is_some_and(|why| why.split(' ').count() < 3) {
                    say("the remark gives no reason");
                }
                let Some(test) = by else { continue };
                match tests.split_once(&format!("\nfn {test}()")) {
                    None => say("the remark names a test that is not there"),
                    Some((_, rest)) => {
                        let body = rest.split("\n}\n").next().unwrap_or_default();
                        if !takes_from_the_page(body, &name, text) {
                            say("the test does not take these commands out of this page");
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{commands} blocks of commands, {left_out} of them not run");
    assert!(commands > 90 && left_out < 15, "{commands} blocks, {left_out} not run");
}

/// The page holds the output of `--help` of the program and of each verb. To write it again:
/// `ROLLSTAMP_BLESS=1`.
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
