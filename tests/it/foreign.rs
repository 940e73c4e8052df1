//! Checksums and labels of charts in pod templates: the fields that keep a label, row by row of the tables,
//! and the effect of the settings on real charts from version to version.
//!
//! The charts are those below `charts` beside the other corpora (a folder a chart, a file a version,
//! `order.txt` with the oldest first: `helm template` with default values).

use crate::corpora;
use crate::sandbox::{Entry, Sandbox, Tree};
use rollstamp::k8s::foreign::{LABELS_SET, SELECTORS, VERSION_LABELS};
use rollstamp::yaml::path::FieldPath;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const SETTINGS: [&str; 4] = ["--foreign-checksums", "steady", "--foreign-version-labels", "drop"];

/// A stream with a Deployment that carries this label, and another object.
fn with_label(label: &str, other: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata:
      labels:
        app: web
        {label}: shop-1.2.3
    spec: {{containers: [{{name: web, image: a}}]}}
---
{other}"
    )
}

/// Whether the label is still in the pod template afterwards.
fn stays(label: &str, other: &str) -> bool {
    let stream = with_label(label, other);
    let arguments = SETTINGS.map(str::to_owned);
    let output = Sandbox::new(&Tree::new()).run(&arguments, Some(stream.as_bytes()));
    assert_eq!(output.exit, 0, "{stream}\n{}", output.stderr);
    let text = String::from_utf8_lossy(&output.stdout);
    let stays = text.contains(&format!("        {label}: shop-1.2.3\n"));
    assert_eq!(stays, output.stderr.contains("version-label-selected"), "{}", output.stderr);
    stays
}

/// An object of a kind with a text at the end of a path of fields.
fn object(kind: &str, way: &str, leaf: &str) -> String {
    let fields: Vec<&str> = way.split('/').collect();
    let mut inner = leaf.to_owned();
    for field in fields.iter().rev() {
        inner = format!("{{{field}: {inner}}}");
    }
    let inner = &inner[1..inner.len() - 1];
    let name = if way.starts_with("metadata") { "" } else { "metadata: {name: x}\n" };
    format!("apiVersion: example.com/v1\nkind: {kind}\n{name}{inner}\n")
}

fn droppable() -> impl Iterator<Item = &'static str> {
    VERSION_LABELS.iter().filter(|row| row.is_droppable()).map(|row| row.name)
}

/// A path of a table, with a slash between two fields.
fn slashed(path: &FieldPath) -> String {
    path.to_string().replace('.', "/")
}

#[test]
fn whatever_may_select_by_a_label_holds_it() {
    for label in droppable() {
        assert!(!stays(label, &object("Thing", "spec/other", "x")), "{label}");
        for row in SELECTORS.iter() {
            let kinds = if row.kinds.is_empty() { &["Pod"] } else { row.kinds };
            let way = slashed(&row.path).replace("**", "spec");
            for kind in kinds {
                for leaf in [
                    format!("{{{label}: shop-1.2.3}}"),
                    format!("{{matchLabels: {{{label}: shop-1.2.3}}}}"),
                    format!("{{matchExpressions: [{{key: {label}, operator: Exists}}]}}"),
                    format!("[{{labelSelector: {{matchLabels: {{{label}: shop-1.2.3}}}}}}]"),
                    format!("\"app=web,{label}=shop-1.2.3\""),
                    format!("[{label}]"),
                ] {
                    assert!(stays(label, &object(kind, &way, &leaf)), "{kind} {way} {leaf}");
                }
            }
        }
        // An unknown field may select as well.
        let leaf = format!("{{{label}: shop-1.2.3}}");
        assert!(stays(label, &object("Thing", "spec/anything", &leaf)));
        assert!(stays(label, &object("Thing", "spec/pattern/metadata/labels", &leaf)));
    }
}

#[test]
fn labels_that_are_only_set_hold_nothing() {
    for label in droppable() {
        for row in LABELS_SET.iter() {
            let path = slashed(&row.path);
            if path.contains("spec/template") {
                continue;
            }
            let kind = if row.kind.is_empty() { "Service" } else { row.kind };
            let leaf = format!("{{{label}: shop-1.2.3}}");
            assert!(!stays(label, &object(kind, &path, &leaf)), "{kind} {path}");
        }
    }
}

/// The effect of an upgrade from one version to the next on the workloads of a chart.
#[derive(Debug, Default, Clone, Copy)]
struct Rolls {
    workloads: usize,
    today: usize,
    needed: usize,
    repaired: usize,
    lost: usize,
}

impl std::ops::AddAssign for Rolls {
    fn add_assign(&mut self, other: Self) {
        self.workloads += other.workloads;
        self.today += other.today;
        self.needed += other.needed;
        self.repaired += other.repaired;
        self.lost += other.lost;
    }
}

/// The pod templates of a stream by workload, and its configuration data by chart.
struct Render {
    templates: BTreeMap<String, (String, Value)>,
    data: BTreeMap<String, String>,
}

const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

impl Render {
    /// Reads a stream with an independent library.
    fn of(text: &str) -> Self {
        use serde::Deserialize as _;
        let (mut templates, mut data) = (BTreeMap::new(), BTreeMap::new());
        for chunk in text.split("\n---").map(str::trim) {
            let source = chunk.lines().find_map(|line| line.strip_prefix("# Source: "));
            let chart = source.and_then(|path| path.rsplit_once("/templates/"));
            let chart = chart.map_or("", |(chart, _)| chart).to_owned();
            let chunk = chunk.trim_start_matches("---");
            for document in serde_yaml::Deserializer::from_str(chunk) {
                let Ok(object) = Value::deserialize(document) else { continue };
                let kind = object["kind"].as_str().unwrap_or_default().to_owned();
                let name = format!("{kind} {}", object["metadata"]["name"]);
                if WORKLOADS.contains(&kind.as_str()) {
                    templates.insert(name, (chart.clone(), object["spec"]["template"].clone()));
                } else if ["ConfigMap", "Secret"].contains(&kind.as_str())
                    && object["metadata"]["annotations"]["helm.sh/hook"].is_null()
                {
                    let fields = ["data", "binaryData", "stringData"].map(|field| &object[field]);
                    let own: &mut String = data.entry(chart.clone()).or_default();
                    own.push_str(&format!("{name} {fields:?}\n"));
                }
            }
        }
        Self { templates, data }
    }

    /// The data of a chart and of its subcharts.
    fn data_of(&self, chart: &str) -> Vec<(&String, &String)> {
        let inside = format!("{chart}/charts/");
        let is_own = |name: &&String| name.as_str() == chart || name.starts_with(&inside);
        self.data.iter().filter(|(name, _)| is_own(name)).collect()
    }
}

/// A pod template without checksums and version labels of tools.
fn bare(template: &Value) -> Value {
    let mut bare = template.clone();
    for (field, is_mark) in [
        ("annotations", (|key| key.contains("checksum")) as fn(&str) -> bool),
        ("labels", |key| ["helm.sh/chart", "chart"].contains(&key)),
    ] {
        if let Some(fields) = bare["metadata"][field].as_object_mut() {
            fields.retain(|key, _| !is_mark(key));
        }
    }
    bare
}

fn checksums(template: &Value) -> BTreeMap<String, Value> {
    let annotations = template["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    let own = |key: &str| key.contains("checksum") && key != "checksum/rollstamp";
    annotations.into_iter().filter(|(key, _)| own(key)).collect()
}

fn run(text: &str, arguments: &[&str]) -> String {
    let arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
    let output = Sandbox::new(&Tree::new()).run(&arguments, Some(text.as_bytes()));
    assert_eq!(output.exit, 0, "{}", output.stderr);
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The workloads whose pods an upgrade must replace, because what they read changed: `impact` says so.
fn must(before: &str, after: &str) -> BTreeMap<String, bool> {
    let mut tree = Tree::new();
    tree.insert("a.yaml".to_owned(), Entry::File(before.as_bytes().to_vec()));
    tree.insert("b.yaml".to_owned(), Entry::File(after.as_bytes().to_vec()));
    let arguments = ["impact", "-o", "json", "a.yaml", "b.yaml"].map(str::to_owned);
    let output = Sandbox::new(&tree).run(&arguments, None);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = report["workloads"].as_array().cloned().unwrap_or_default();
    let row = |row: &Value| {
        let name = format!("{} {}", row["kind"].as_str()?, row["name"]);
        Some((name, row["must"] == true))
    };
    rows.iter().filter_map(row).collect()
}

fn compare(before: &str, after: &str) -> Rolls {
    let (old, new) = (Render::of(before), Render::of(after));
    let arguments: Vec<&str> = ["-q"].iter().chain(&SETTINGS).copied().collect();
    let (old_fixed, new_fixed) = (run(before, &arguments), run(after, &arguments));
    let (old_fixed, new_fixed) = (Render::of(&old_fixed), Render::of(&new_fixed));
    let must = must(before, after);
    let mut rolls = Rolls::default();
    for (name, (chart, template)) in &new.templates {
        let Some((_, was)) = old.templates.get(name) else { continue };
        let fixed = new_fixed.templates[name].1 != old_fixed.templates[name].1;
        let needed = bare(was) != bare(template) || must.get(name) == Some(&true);
        // The intention of the chart: its checksum changed, and so did data of the chart.
        let meant =
            checksums(was) != checksums(template) && old.data_of(chart) != new.data_of(chart);
        rolls += Rolls {
            workloads: 1,
            today: usize::from(was != template),
            needed: usize::from(needed),
            repaired: usize::from(fixed),
            lost: usize::from((needed || meant) && !fixed),
        };
    }
    rolls
}

#[test]
fn real_charts_roll_for_what_changed_only() {
    let Some(root) = corpora::root().map(|root| root.join("charts")).filter(|at| at.is_dir())
    else {
        println!("not run: no rendered charts are here");
        return;
    };
    let mut total = Rolls::default();
    println!("| chart | pairs | workloads | roll today | need to | repaired | lost |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for chart in corpora::folders(&root) {
        let order = fs::read_to_string(chart.join("order.txt")).expect("order.txt");
        let versions: Vec<String> = order.lines().map(|line| read(&chart, line)).collect();
        let mut of_chart = Rolls::default();
        for pair in versions.windows(2) {
            of_chart += compare(&pair[0], &pair[1]);
        }
        let Rolls { workloads, today, needed, repaired, lost } = of_chart;
        let (name, pairs) = (chart.file_name().unwrap_or_default(), versions.len() - 1);
        println!(
            "| {} | {pairs} | {workloads} | {today} | {needed} | {repaired} | {lost} |",
            name.display()
        );
        total += of_chart;
    }
    println!("{total:?}");
    assert!(total.workloads > 50, "{total:?}");
    assert_eq!(total.lost, 0, "rolls are lost");
    assert!(total.repaired < total.today, "{total:?}");
}

fn read(chart: &Path, line: &str) -> String {
    let name = line.trim().trim_end_matches(".yaml");
    let path = chart.join(format!("{name}.yaml"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
