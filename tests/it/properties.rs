//! Properties of reading and editing, over generated texts.

use crate::sandbox::Sandbox;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rollstamp::text::Span;
use rollstamp::yaml::insert::{Slot, find};
use rollstamp::yaml::path::Step;
use rollstamp::yaml::verify::{Change, only_changes};
use rollstamp::yaml::{self, Cursor, EditSet};

/// A pod template in one of the layouts that people write.
fn template() -> impl Strategy<Value = String> {
    let annotations = prop_oneof![
        Just(String::new()),
        Just("annotations:\n".to_owned()),
        Just("annotations: {}\n".to_owned()),
        Just("annotations: null\n".to_owned()),
        Just("annotations: {a: b}\n".to_owned()),
        Just("annotations:\n  a: b\n".to_owned()),
        Just("annotations:\n  # why\n\n  a: |+\n    x\n\n".to_owned()),
        Just("annotations: # why\n    a: \"b\"\n".to_owned()),
    ];
    let labels = prop_oneof![Just(""), Just("labels: {x: y}\n"), Just("# c\nlabels:\n  x: y\n")];
    (
        annotations,
        labels,
        any::<bool>(),
        1_usize..5,
        prop_oneof![Just("\n"), Just("\r\n")],
        any::<bool>(),
    )
        .prop_map(|(annotations, labels, first, step, line_end, final_newline)| {
            let metadata = if first {
                format!("{annotations}{labels}")
            } else {
                format!("{labels}{annotations}")
            };
            let pad = |text: &str, n: usize| -> String {
                text.lines()
                    .map(|l| if l.is_empty() { "\n".to_owned() } else { format!("{:n$}{l}\n", "") })
                    .collect()
            };
            let metadata = if metadata.is_empty() {
                String::new()
            } else {
                format!("metadata:\n{}", pad(&metadata, step))
            };
            let body = format!("{metadata}spec:\n{}", pad("containers: []\n", step));
            let text = format!("spec:\n{}", pad(&format!("template:\n{}", pad(&body, step)), step));
            let text = text.replace('\n', line_end);
            if final_newline { text } else { text.trim_end().to_owned() }
        })
}

const PATH: [&str; 4] = ["spec", "template", "metadata", "annotations"];

fn slot(text: &str) -> Option<Slot> {
    let documents = yaml::parse(text, Span::new(0, text.len())).ok()?;
    let document = documents.first()?;
    find(document, text, &[], document.root(), &PATH, "checksum/rollstamp").ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None,
        rng_seed: RngSeed::Fixed(20261120), ..ProptestConfig::default() })]

    /// An inserted stamp can be read, changes nothing else, can be replaced, and can be removed.
    #[test]
    fn a_stamp_goes_in_and_out(text in template()) {
        let Some(Slot::Absent(insertion)) = slot(&text) else {
            return Err(TestCaseError::fail(format!("no place in {text:?}")));
        };
        let stamped = EditSet::new(vec![insertion.with("one")]).expect("one edit").apply(&text);
        let (before, after) = (
            yaml::parse(&text, Span::new(0, text.len())).expect("was read before").remove(0),
            yaml::parse(&stamped, Span::new(0, stamped.len())).map_err(|e| TestCaseError::fail(format!("{e:?}\n{stamped}")))?.remove(0),
        );
        let change = Change {
            path: PATH.iter().chain(&["checksum/rollstamp"]).map(|f| Step::Field((*f).into())).collect(),
            value: Some("one".to_owned()),
            wrote: yaml::verify::Wrote::Anew,
        };
        prop_assert!(
            only_changes(Cursor::root(&before, &text), Cursor::root(&after, &stamped), &[change]),
            "{text}\n->\n{stamped}"
        );
        let Some(Slot::Present(present)) = slot(&stamped) else {
            return Err(TestCaseError::fail(format!("not found again in {stamped:?}")));
        };
        prop_assert_eq!(present.value.as_deref(), Some("one"));
        let replaced = EditSet::new(vec![present.replacement.with("two")]).expect("one edit").apply(&stamped);
        prop_assert_eq!(&replaced, &stamped.replace("one", "two"));
        let removal = present.removal.expect("removable");
        let stripped = EditSet::new(vec![removal]).expect("one edit").apply(&stamped);
        // A null that a block was put under comes back as absent; everything else as it was.
        let null = text.contains("annotations:\n") || text.contains("annotations:\r\n") || text.ends_with("annotations:");
        prop_assert!(stripped == text || null, "{text:?}\n->\n{stripped:?}");
    }

    /// Reading any text does not panic, and its spans are inside it and in order.
    #[test]
    fn reading_never_panics(text in "([ \\-:#'\"|>&*!{}\\[\\],?%a-c1\u{e9}\r\n\t]|---\n|\\.\\.\\.\n|k: v\n|<<: ){0,60}") {
        for chunk in yaml::split::chunks(&text).flatten() {
            for document in yaml::parse(&text, chunk.span).into_iter().flatten() {
                let mut last = 0;
                for node in &document.tape.nodes {
                    prop_assert!(node.span.start >= last && node.span.end as usize <= text.len());
                    last = node.span.start;
                    let _ = yaml::scalar::decode(&text, node);
                }
            }
        }
    }

    /// The chunks and the markers between them are the whole text.
    #[test]
    fn chunks_cover_the_text(text in "(a\n|---\n|--- # c\n| ---\n|\n|---x\n){0,12}") {
        let mut covered = 0;
        for chunk in yaml::split::chunks(&text).map_while(Result::ok) {
            if let Some(marker) = chunk.marker {
                prop_assert_eq!(marker.start as usize, covered);
                covered = marker.end as usize;
            }
            prop_assert!(chunk.span.start as usize >= covered);
            covered = chunk.span.end as usize;
        }
        prop_assert!(covered <= text.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None,
        rng_seed: RngSeed::Fixed(20261120), ..ProptestConfig::default() })]

    /// Mutated manifests: the program ends with 0 or 2, prints all or nothing, and never panics.
    #[test]
    fn the_program_survives_mutations(edits in prop::collection::vec((0_usize..2_000, "[ \\-:#'\"|&*{}\\[\\]\n\ta]{0,3}"), 1..5)) {
        let mut text = concat!(
            include_str!("../../testdata/example/shop/config.yaml"),
            "---\n",
            include_str!("../../testdata/example/shop/shop.yaml"),
            "---\n",
            include_str!("../../testdata/example/shop/worker.yaml"),
        ).to_owned();
        for (at, what) in edits {
            let at = at.min(text.len());
            text.replace_range(at..(at + 1).min(text.len()), &what);
        }
        let sandbox = Sandbox::new(&crate::sandbox::Tree::new());
        let output = sandbox.run(&[], Some(text.as_bytes()));
        prop_assert!(output.exit == 0 || output.exit == 2, "{}: {}", output.exit, output.stderr);
        prop_assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
        if output.exit == 2 {
            prop_assert!(output.stdout.is_empty());
        } else {
            let again = sandbox.run(&[], Some(&output.stdout));
            prop_assert!(again.exit == 0 && again.stdout == output.stdout, "not idempotent: {text}");
        }
    }
}
