//! How unusual YAML must be read: rows of `testdata/parity/reading-table.yaml`, each run as a stream of one
//! Deployment and one ConfigMap.

use crate::sandbox::{Entry, Sandbox, Tree, stamp};
use crate::{difference, testdata};
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeMap;
use std::fs;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// The title of its row in the recorded results of a real API server.
    title: String,
    /// The text of the fields below `metadata` of a ConfigMap.
    text: String,
    /// The values that the pod reads.
    #[serde(default)]
    reads: Option<BTreeMap<String, String>>,
    /// A part of the message with which the program refuses the stream.
    #[serde(default)]
    refused: Option<String>,
}

/// A test for each row, and for a row that is too long for a table.
pub(crate) fn trials() -> Vec<Trial> {
    let text = fs::read_to_string(testdata().join("parity/reading-table.yaml")).unwrap();
    let rows: Vec<Row> = serde_yaml::from_str(&text).unwrap();
    assert!(!rows.is_empty(), "the table has no rows");
    let rows = rows.into_iter().enumerate().map(|(number, row)| {
        let name = format!("reading-table/{} {}", number + 1, row.title);
        Trial::test(name, move || row.wrong().map_or(Ok(()), |wrong| Err(wrong.into())))
    });
    let long = Trial::test("reading-table/six megabytes of comments", six_megabytes_of_comments);
    rows.chain([long]).collect()
}

const READER: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        envFrom:
        - configMapRef:
            name: c
";

impl Row {
    fn wrong(&self) -> Option<String> {
        let source =
            format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n{}", self.text);
        let stream = format!("{READER}---\n{source}");
        let output = Sandbox::new(&Tree::new()).run(&[], Some(stream.as_bytes()));
        let said = format!("{}: exit {}\n{}", self.title, output.exit, output.stderr);
        if let Some(part) = &self.refused {
            let good = output.exit == 2
                && output.stdout.is_empty()
                && output.stderr.contains(part.as_str())
                && has_position(&output.stderr);
            return (!good).then(|| {
                format!("{said}expected a refusal that says {part:?} with line and column")
            });
        }
        let reads: Vec<(&str, &str, &[u8])> = self
            .reads
            .iter()
            .flatten()
            .map(|(key, value)| ("ConfigMap/c", key.as_str(), value.as_bytes()))
            .collect();
        let template = "  template:\n";
        let stamped = stream.replacen(
            template,
            &format!(
                "{template}    metadata:\n      annotations:\n        checksum/rollstamp: \"{}\"\n",
                stamp(&reads)
            ),
            1,
        );
        (output.stdout != stamped.as_bytes() || output.exit != 0).then(|| {
            format!(
                "{said}{}",
                difference(
                    Some(&Entry::File(stamped.into_bytes())),
                    Some(&Entry::File(output.stdout))
                )
            )
        })
    }
}

/// Whether a message points at a line and a column, as `<stdin>:6:3`.
fn has_position(message: &str) -> bool {
    message.match_indices("<stdin>:").any(|(at, mark)| {
        let mut parts = message[at + mark.len()..].splitn(3, ':');
        let number = |part: Option<&str>| {
            part.is_some_and(|p| p.bytes().next().is_some_and(|b| b.is_ascii_digit()))
        };
        number(parts.next()) && number(parts.next())
    })
}

fn six_megabytes_of_comments() -> Result<(), Failed> {
    let comments = "# a comment of fifty bytes, and nothing else than..\n".repeat(120_000);
    let row = |reads| Row {
        title: "6 MB of comments + ConfigMap in one document".to_owned(),
        text: format!("{comments}data:\n  a: \"1\"\n{comments}"),
        reads: Some(reads),
        refused: None,
    };
    let right = BTreeMap::from([("a".to_owned(), "1".to_owned())]);
    assert_eq!(row(right).wrong(), None);
    assert!(row(BTreeMap::new()).wrong().is_some());
    Ok(())
}
