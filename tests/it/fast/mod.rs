//! The fast parser only changes the speed: it reads every document that it accepts like the full parser,
//! node by node. Checked on real documents, the cases of yaml-test-suite, and mutated real documents.

mod anchors;
mod mutate;
mod same;
mod suite;

use crate::{corpora, extent};
use mutate::{Numbers, mutate};
use rollstamp::text::Span;
use rollstamp::yaml::{fast, split};
use same::{Verdict, compare};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The number of documents that the fast parser accepts, and the reasons why it declines others.
#[derive(Default)]
struct Coverage {
    documents: usize,
    bytes: usize,
    taken: usize,
    taken_bytes: usize,
    /// The numbers of accepted documents with anchors, and with aliases.
    anchored: usize,
    aliased: usize,
    declined: BTreeMap<&'static str, usize>,
    differences: Vec<String>,
}

impl Coverage {
    /// Counts a chunk that the full parser can read, and notes a difference.
    fn add(&mut self, name: &str, text: &str, chunk: Span) {
        let len = chunk.range().len();
        match compare(text, chunk) {
            Verdict::Same => {
                self.taken += 1;
                self.taken_bytes += len;
                self.count_names(text, chunk);
            }
            Verdict::Declined { readable, why } => {
                if !readable {
                    return;
                }
                *self.declined.entry(why).or_default() += 1;
            }
            Verdict::Differs(how) => {
                let text = chunk.of(text).chars().take(2_000).collect::<String>();
                self.differences.push(format!("{name} at byte {}: {how}\n{text}", chunk.start));
            }
        }
        self.documents += 1;
        self.bytes += len;
    }

    fn count_names(&mut self, text: &str, chunk: Span) {
        if chunk.of(text).contains('&')
            && let Ok(Some(document)) = fast::parse(text, chunk)
        {
            let props = &document.tape.props;
            self.anchored += usize::from(!props.is_empty());
            self.aliased += usize::from(props.iter().any(|p| p.target.is_some()));
        }
    }

    fn print(&self, what: &str) {
        let share = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        println!(
            "{what}: {} documents, {} bytes; the fast parser took {:.1} % of the documents and {:.1} % of the bytes, among them {} documents with anchors and {} with aliases; declined: {:?}",
            self.documents,
            self.bytes,
            share(self.taken, self.documents),
            share(self.taken_bytes, self.bytes),
            self.anchored,
            self.aliased,
            self.declined
        );
    }

    fn none_differs(&self) {
        let first: Vec<&String> = self.differences.iter().take(5).collect();
        assert!(
            first.is_empty(),
            "{} differences, among them:\n{}",
            self.differences.len(),
            first.iter().map(|d| d.as_str()).collect::<Vec<_>>().join("\n----\n")
        );
    }
}

/// The YAML texts below a folder, by name.
fn texts(folder: &Path) -> Vec<(String, String)> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| {
            let known = ["yaml", "yml"];
            entry.path().extension().is_some_and(|e| known.iter().any(|k| e == *k))
        })
        // A dangling link, or a file that is not UTF-8, is not a text.
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path()).ok()?;
            Some((entry.path().display().to_string(), text))
        })
        .collect()
}

fn testdata() -> Vec<(String, String)> {
    texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"))
}

/// All texts of the repository, and of the corpora if they exist.
fn real() -> Vec<(String, String)> {
    let mut all = testdata();
    if let Some(root) = corpora::root() {
        all.extend(texts(&root.join("corpora")));
        all.extend(texts(&root.join("rendered")));
    }
    all
}

/// The chunks of a text that are not JSON.
fn chunks(text: &str) -> impl Iterator<Item = Span> + '_ {
    split::chunks(text)
        .filter_map(Result::ok)
        .map(|chunk| chunk.span)
        .filter(|chunk| !chunk.of(text).trim_start().starts_with('{'))
}

#[test]
fn both_parsers_read_our_own_cases_alike() {
    let mut coverage = Coverage::default();
    for (name, text) in testdata() {
        for chunk in chunks(&text) {
            coverage.add(&name, &text, chunk);
        }
    }
    coverage.print("testdata");
    coverage.none_differs();
    assert!(coverage.taken * 2 > coverage.documents);
}

#[test]
fn both_parsers_read_real_manifests_alike() {
    let Some(root) = corpora::root() else { return };
    for folder in ["corpora", "rendered"] {
        let mut coverage = Coverage::default();
        for (name, text) in texts(&root.join(folder)) {
            for chunk in chunks(&text) {
                // Templates and other programs are not real documents.
                if !chunk.of(&text).contains("{{") {
                    coverage.add(&name, &text, chunk);
                }
            }
        }
        coverage.print(folder);
        coverage.none_differs();
        assert!(coverage.taken * 100 >= coverage.documents * 97);
    }
}

/// Compares the parsers over `count` mutated documents.
fn over_mutations(count: usize, seed: u64) {
    let real = real();
    let documents: Vec<&str> = real
        .iter()
        .flat_map(|(_, text)| chunks(text).map(|chunk| chunk.of(text)))
        .filter(|document| !document.trim().is_empty())
        .collect();
    let named: Vec<&str> = documents
        .iter()
        .copied()
        .filter(|document| document.contains(": &") && document.contains(" *"))
        .collect();
    let mut numbers = Numbers::new(seed);
    let mut coverage = Coverage::default();
    for number in 0..count {
        // Few real documents have anchors, so these are taken more often.
        let from = match numbers.below(4) {
            0 => &named,
            _ => &documents,
        };
        let text = mutate(from[numbers.below(from.len())], &mut numbers);
        for chunk in chunks(&text) {
            coverage.add(&format!("mutation {number}"), &text, chunk);
        }
    }
    println!("{count} mutated documents, seed {seed}");
    coverage.print("of these, what can be read");
    coverage.none_differs();
    assert!(coverage.taken * 4 > count);
    assert!(coverage.anchored * 50 > count && coverage.aliased * 100 > count);
}

/// Short in the suite. The very long run, a million and more:
/// `FAST_MUTATIONS=5000000 FAST_SEED=7 cargo test --release --test it fast::mutated -- --nocapture`.
#[test]
fn mutated_documents_read_alike() {
    let number = |name: &str, other: usize| {
        std::env::var(name).map_or(other, |value| value.parse().unwrap())
    };
    let seed = u64::try_from(number("FAST_SEED", 1)).unwrap();
    let short = extent::count("mutated documents", 50_000, 10_000);
    over_mutations(number("FAST_MUTATIONS", short), seed);
}

/// granit points behind the dash of a list that stands in the column of its key, and with that
/// column a block scalar would seem to have no lines.
#[test]
fn a_block_scalar_in_a_list_at_the_column_of_its_key_keeps_its_lines() {
    let text = "args:\n- |\n  one\n\n  two\n-\n- - x\n";
    let chunk = Span::new(0, text.len());
    let full = rollstamp::yaml::parse_fully(text, chunk).unwrap().unwrap();
    let list = full.value(text, full.root(), "args").unwrap();
    assert_eq!(full.node(list).span.start, 6);
    let first = full.children(list).next().unwrap();
    let value = rollstamp::yaml::scalar::decode(text, full.node(first)).unwrap();
    assert_eq!(value, "one\n\ntwo\n");
    assert!(matches!(compare(text, chunk), Verdict::Same));
}
