//! Tests rollstamp with Helm 3, which runs any program as a post-renderer, and with Helm 4, which runs only
//! plugins. The input is the example chart, with hooks, tests, comments and copies, and real charts where
//! they are found.

use super::{Tool, example, file, found, root, stamps, tool};
use crate::sandbox::{Entry, Sandbox, Tree, stamp};
use std::collections::BTreeMap;

const RENDER: &[&str] = &["template", "rel", "chart", "--namespace", "ns"];
const WITH: &[&str] = &["--post-renderer", "rollstamp"];

/// A sandbox with the example chart in `chart`, changed by these files.
fn chart(more: &[(&str, &str)]) -> Sandbox {
    let mut tree: Tree = example("chart")
        .into_iter()
        .map(|(name, entry)| (format!("chart/{name}"), entry))
        .collect();
    for (name, text) in more {
        tree.insert(format!("chart/{name}"), file(text));
    }
    Sandbox::new(&tree)
}

/// A value that is a number: the API server refuses it. No output may contain the value of the Secret.
const REFUSED: (&str, &str) = (
    "templates/refused.yaml",
    "apiVersion: v1
kind: ConfigMap
metadata: {name: refused}
data: {PORT: 8080}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: refused}
spec:
  template:
    spec:
      containers:
        - name: a
          envFrom: [{configMapRef: {name: refused}}, {secretRef: {name: rel-database}}]
",
);

fn helm(sandbox: &Sandbox, program: &str, args: &[&[&str]]) -> Tool {
    let mut helm = tool(sandbox, program, &args.concat());
    for name in ["CONFIG", "DATA", "CACHE"] {
        helm = helm.env(&format!("HELM_{name}_HOME"), sandbox.path(&format!("{program}/{name}")));
    }
    // The developer's own plugins must not affect the test.
    helm.command.env_remove("HELM_PLUGINS").env_remove("HELM_PLUGIN_NAME");
    helm
}

fn install(sandbox: &Sandbox) {
    let plugin = root().join("integrations/helm/rollstamp");
    let plugin = plugin.to_str().expect("UTF-8");
    helm(sandbox, "helm4", &[&["plugin", "install", plugin]]).succeeds();
    let list = helm(sandbox, "helm4", &[&["plugin", "list"]]).succeeds();
    let row = list.lines().find(|line| line.starts_with("rollstamp")).expect("the plugin");
    assert!(row.contains("postrenderer/v1"), "{list}");
    assert!(row.contains(env!("CARGO_PKG_VERSION")), "{list}");
}

/// The stamps of the two Deployments of the chart, by the definition of the digest.
fn expected(log_level: &str, batch_size: &str) -> BTreeMap<String, String> {
    let config = "ConfigMap/rel-config";
    let shop: [(&str, &str, &[u8]); 2] = [
        (config, "LOG_LEVEL", log_level.as_bytes()),
        ("Secret/rel-database", "PASSWORD", b"change-me"),
    ];
    let worker: [(&str, &str, &[u8]); 1] = [(config, "BATCH_SIZE", batch_size.as_bytes())];
    BTreeMap::from([
        ("rel-shop".to_owned(), stamp(&shop)),
        ("rel-worker".to_owned(), stamp(&worker)),
    ])
}

/// The result that every Helm must give: exactly the two stamps, each of which changes exactly with its
/// reads, and unchanged hooks.
fn stamps_follow_the_values(sandbox: &Sandbox, program: &str) {
    let render = |more: &[&str]| {
        let stream = helm(sandbox, program, &[RENDER, WITH, more]).succeeds();
        stamps(stream.as_bytes())
    };
    assert_eq!(render(&[]), expected("info", "50"));
    assert_eq!(render(&["--set", "logLevel=debug"]), expected("debug", "50"));
    assert_eq!(render(&["--set-string", "batchSize=60"]), expected("info", "60"));
    assert_eq!(render(&["--set", "tls=true"]), expected("info", "50"));
}

#[test]
fn helm_3_runs_rollstamp_as_it_is() {
    if found("helm3", &["version", "--short"]).is_none() {
        return;
    }
    let sandbox = chart(&[]);
    stamps_follow_the_values(&sandbox, "helm3");
    let plain = helm(&sandbox, "helm3", &[RENDER]).succeeds();
    let stamped = helm(&sandbox, "helm3", &[RENDER, WITH]).succeeds();
    // Only the stamps are added: comments, documents with only comments, and the names of files stay.
    let mut lines = plain.lines().peekable();
    let mut added = Vec::new();
    for line in stamped.lines() {
        if lines.peek() == Some(&line) {
            lines.next();
        } else {
            added.push(line.trim().split(':').next().unwrap_or_default());
        }
    }
    assert_eq!(lines.next(), None, "a line is gone");
    assert_eq!(added, ["annotations", "checksum/rollstamp", "checksum/rollstamp"]);
    for kept in [
        "# Source: shop/templates/tls.yaml\n# Copyright of the authors",
        "# no annotations yet",
        "helm.sh/hook: pre-install",
    ] {
        assert!(stamped.contains(kept), "{kept}");
    }
    // Helm needs the file names in the output of the post-renderer.
    let one = helm(&sandbox, "helm3", &[RENDER, WITH, &["-s", "templates/shop.yaml"]]).succeeds();
    assert_eq!(stamps(one.as_bytes()).len(), 1);
    // A chart that renders nothing is an empty standard input.
    let nothing = Sandbox::new(&Tree::from([(
        "chart/Chart.yaml".to_owned(),
        file("apiVersion: v2\nname: nothing\nversion: 0.1.0\n"),
    )]));
    helm(&nothing, "helm3", &[RENDER, WITH]).succeeds();
}

#[test]
fn helm_3_writes_files_past_its_post_renderer_and_check_sees_it() {
    if found("helm3", &["version", "--short"]).is_none() {
        return;
    }
    let sandbox = chart(&[]);
    helm(&sandbox, "helm3", &[RENDER, WITH, &["--no-hooks", "--output-dir", "out"]]).succeeds();
    let said = tool(&sandbox, "rollstamp", &["check", "out"]).fails(1);
    assert_eq!(said.stdout.matches("error[missing-stamp]").count(), 2, "{said:?}");
    tool(&sandbox, "rollstamp", &["write", "out"]).succeeds();
    tool(&sandbox, "rollstamp", &["check", "out"]).succeeds();
}

#[test]
fn helm_3_says_why_rollstamp_refused_and_renders_nothing() {
    if found("helm3", &["version", "--short"]).is_none() {
        return;
    }
    let sandbox = chart(&[REFUSED]);
    helm(&sandbox, "helm3", &[RENDER]).succeeds();
    let said = helm(&sandbox, "helm3", &[RENDER, WITH]).fails(1);
    assert_eq!(said.stdout, "");
    assert!(said.stderr.contains("non-string-value"), "{said:?}");
    assert!(said.stderr.contains("nothing was printed"), "{said:?}");
    assert!(!said.stderr.contains("change-me"), "{said:?}");
}

#[test]
fn helm_4_runs_the_plugin() {
    if found("helm4", &["version", "--short"]).is_none() {
        return;
    }
    let sandbox = chart(&[]);
    // Without the plugin, Helm 4 does not know the name.
    let said = helm(&sandbox, "helm4", &[RENDER, WITH]).fails(1);
    assert!(said.stderr.contains("not found") && said.stdout.is_empty(), "{said:?}");
    install(&sandbox);
    stamps_follow_the_values(&sandbox, "helm4");
    let stamped = helm(&sandbox, "helm4", &[RENDER, WITH]).succeeds();
    // Helm removed its annotations again, so the plugin had returned them: Helm found the file of each
    // document, and separated the hooks.
    assert!(!stamped.contains("postrenderer.helm.sh"), "{stamped}");
    assert!(!stamped.contains("generated-by-postrender"), "{stamped}");
    assert_eq!(stamped.matches("# Source: shop/templates/").count(), 9);
    let one = helm(&sandbox, "helm4", &[RENDER, WITH, &["-s", "templates/shop.yaml"]]).succeeds();
    assert_eq!(stamps(one.as_bytes()).len(), 1);
    let install = ["install", "rel", "chart", "--dry-run=client", "-n", "ns"];
    let release = helm(&sandbox, "helm4", &[&install, WITH]).succeeds();
    let (hooks, manifest) = release.split_once("\nMANIFEST:\n").expect("hooks, then the rest");
    assert!(hooks.contains("LOG_LEVEL: migration") && hooks.contains("kind: Job"));
    assert!(!hooks.contains("checksum/rollstamp"), "{hooks}");
    let manifest = manifest.split("\nNOTES:\n").next().unwrap_or_default();
    assert_eq!(stamps(manifest.as_bytes()), expected("info", "50"));
    // Unlike with Helm 3, the files that Helm 4 writes are stamped.
    helm(&sandbox, "helm4", &[RENDER, WITH, &["--no-hooks", "--output-dir", "out"]]).succeeds();
    tool(&sandbox, "rollstamp", &["check", "out"]).succeeds();
    // A chart that renders nothing: for Helm 4, an empty output is a failure.
    std::fs::remove_dir_all(sandbox.path("chart/templates")).expect("the templates");
    helm(&sandbox, "helm4", &[RENDER, WITH]).succeeds();
}

#[test]
fn helm_4_hides_why_and_the_log_file_says_it() {
    if found("helm4", &["version", "--short"]).is_none() {
        return;
    }
    let sandbox = chart(&[REFUSED]);
    install(&sandbox);
    let log = sandbox.path("rollstamp.log");
    let said = |log: &std::path::Path| {
        let text = std::fs::read_to_string(log).expect("the log file");
        std::fs::remove_file(log).expect("the log file");
        text
    };
    let by_environment = |more: &[&str]| {
        helm(&sandbox, "helm4", &[RENDER, WITH, more]).env("ROLLSTAMP_LOG_FILE", &log).fails(1)
    };
    let failed = by_environment(&[]);
    assert_eq!(failed.stdout, "");
    assert!(!failed.stderr.contains("non-string-value"), "{failed:?}");
    let text = said(&log);
    assert!(text.contains("non-string-value") && text.contains("nothing was printed"), "{text}");
    assert!(!text.contains("change-me"), "{text}");
    // Each argument reaches rollstamp separately. The log also contains usage errors and errors before
    // anything is read.
    by_environment(&["--post-renderer-args", "--no-such-option"]);
    let text = said(&log);
    assert!(text.contains("'--no-such-option'"), "{text}");
    let args = [
        "--post-renderer-args",
        "--log-file=rollstamp.log",
        "--post-renderer-args",
        "--config=none.yaml",
    ];
    helm(&sandbox, "helm4", &[RENDER, WITH, &args]).fails(1);
    let text = said(&log);
    assert!(text.contains("failed to read the configuration none.yaml"), "{text}");
    // The documented way to see the messages at once.
    let rendered = helm(&sandbox, "helm4", &[RENDER]).succeeds();
    let failed = tool(&sandbox, "rollstamp", &[]).stdin(rendered).fails(2);
    assert_eq!(failed.stdout, "");
    assert!(failed.stderr.contains("non-string-value"), "{failed:?}");
}

/// Charts of other projects that need no network. Both Helms and the pipe must give the same stamps, and
/// `check` must find them right.
#[test]
fn both_helms_and_the_pipe_give_real_charts_the_same_stamps() {
    let three = found("helm3", &["version", "--short"]);
    let four = found("helm4", &["version", "--short"]);
    let (Some(_), Some(_), Some(corpora)) = (three, four, crate::corpora::root()) else {
        return;
    };
    let sandbox = Sandbox::new(&Tree::from([("empty".to_owned(), Entry::File(Vec::new()))]));
    install(&sandbox);
    let mut figures = Vec::new();
    for entry in walkdir::WalkDir::new(corpora.join("corpora")).sort_by_file_name() {
        let entry = entry.expect("readable corpora");
        if entry.file_name() != "Chart.yaml" {
            continue;
        }
        let folder = entry.path().parent().expect("a folder");
        let chart = folder.to_str().expect("UTF-8");
        let name = folder.strip_prefix(&corpora).unwrap_or(folder).display();
        // A Helm that was built from source takes itself for one of an old cluster.
        let render = ["template", "rel", chart, "-n", "ns", "--kube-version", "1.34.0"];
        let plain = helm(&sandbox, "helm3", &[&render]).run();
        if plain.exit != 0 {
            figures.push(format!("{name}: does not render alone"));
            continue;
        }
        let three = helm(&sandbox, "helm3", &[&render, WITH]).succeeds();
        let four = helm(&sandbox, "helm4", &[&render, WITH]).succeeds();
        let pipe = tool(&sandbox, "rollstamp", &[]).stdin(plain.stdout).succeeds();
        tool(&sandbox, "rollstamp", &["check", "-q", "--allow-empty"])
            .stdin(pipe.as_str())
            .succeeds();
        let stamps = stamps(three.as_bytes());
        assert_eq!(stamps, super::stamps(four.as_bytes()), "{name}");
        assert_eq!(stamps, super::stamps(pipe.as_bytes()), "{name}");
        figures.push(format!("{name}: {} stamped", stamps.len()));
    }
    println!("{}", figures.join("\n"));
    let stamped =
        figures.iter().filter(|line| line.ends_with(" stamped") && !line.ends_with(": 0 stamped"));
    assert!(stamped.count() >= 3, "{figures:?}");
}
