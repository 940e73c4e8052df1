//! The builds of overlays in two states, and their reads: `impact --build` and `explain --build` with the
//! real builders and the real git.

use super::overlays::{build, builders, rollstamp, two_overlays};
use super::{bash, file, found};
use crate::sandbox::{Sandbox, read_tree};
use serde_json::Value;

const COMMIT: &str = "rm -rf .git; git init -q .; git add -A; git -c user.name=a -c user.email=a@example.com commit -qm a";

#[test]
fn overlays_of_two_revisions_are_compared_and_one_thing_is_said_once() {
    if found("git", &["--version"]).is_none() {
        return;
    }
    for builder in builders() {
        let mut tree = two_overlays();
        // A third overlay has the same build as dev.
        tree.insert("overlays/test/kustomization.yaml".to_owned(), file("resources: [../dev]\n"));
        tree.insert("overlays/test2/kustomization.yaml".to_owned(), file("resources: [../dev]\n"));
        let sandbox = Sandbox::new(&tree);
        bash(&sandbox, COMMIT).succeeds();
        // A custom command runs for every overlay, and finds no difference either.
        let own = format!("rollstamp impact --build '{}' --base HEAD .", build(builder, "{}"));
        let said = bash(&sandbox, &own).run();
        assert_eq!(said.stdout, "nothing rolls, and nothing is stale\n", "{said:?}");
        assert!(said.stderr.contains("3 overlays built before, 3 after\n"), "{said:?}");
        bash(&sandbox, "sed -i 's/A: everywhere/A: new/' base/web.yaml").succeeds();
        let before = read_tree(&sandbox.path("."));
        let json = |arguments: &[&str]| -> Value {
            let all = ["impact", "-o", "json", "--build", builder].into_iter();
            let all: Vec<&str> = all.chain(arguments.iter().copied()).collect();
            let said = rollstamp(&sandbox, &all).succeeds();
            serde_json::from_str(&said).expect("JSON")
        };
        let found = json(&["--base", "HEAD", "."]);
        assert_eq!(read_tree(&sandbox.path(".")), before, "nothing is written");
        let rows = found["workloads"].as_array().expect("rows");
        // dev has no namespace, prod has one: two workloads, the first of them in two overlays.
        assert_eq!(rows.len(), 2, "{rows:#?}");
        let overlays = |row: &Value| row["overlays"].to_string();
        assert_eq!(overlays(&rows[0]), r#"["overlays/test","overlays/test2"]"#);
        assert_eq!(overlays(&rows[1]), r#"["overlays/prod"]"#);
        for row in rows {
            assert_eq!(row["answer"], "rolls");
            assert_eq!(row["file"], "base/web.yaml");
            assert_eq!(row["reasons"][0]["file"], "base/web.yaml");
            let line = row["reasons"][0]["line"].as_u64().expect("a line");
            let text = std::fs::read_to_string(sandbox.path("base/web.yaml")).expect("the base");
            let line = text.lines().nth(line as usize - 1).expect("the line");
            assert!(line.contains("A: new"), "{line}");
        }
        assert_eq!(found["summary"]["rolls"], 3);
        assert_eq!(found["summary"]["pods"], 3);
        // The same comparison of two folders.
        bash(
            &sandbox,
            "mkdir old; git archive HEAD | tar -x -C old; mkdir new; cp -r base overlays new",
        )
        .succeeds();
        let trees = json(&["old", "new"]);
        assert_eq!(trees["summary"], found["summary"]);
        assert_eq!(
            overlays(&trees["workloads"][0]),
            r#"["new/overlays/test","new/overlays/test2"]"#
        );
        bash(&sandbox, "rm -r old new").succeeds();
        // An overlay with the same files in both states is not built at all, so its build cannot fail.
        bash(
            &sandbox,
            "git checkout -q base; sed -i 's/A: prod/A: other/' overlays/prod/config.yaml",
        )
        .succeeds();
        let said =
            rollstamp(&sandbox, &["impact", "--build", builder, "--base", "HEAD", "."]).run();
        assert!(said.stderr.contains("1 overlay built before, 1 after; 2 not"), "{said:?}");
        assert!(said.stdout.contains("1 workload rolls"), "{said:?}");
        // A build that fails leaves a part unknown.
        bash(&sandbox, "echo 'resources: [nothing.yaml]' >>overlays/prod/kustomization.yaml")
            .succeeds();
        let said =
            rollstamp(&sandbox, &["impact", "--build", builder, "--base", "HEAD", "."]).fails(2);
        let error = "after: overlays/prod/kustomization.yaml: error[build-failed]: `k";
        assert!(said.stderr.contains(error), "{said:?}");
        assert!(said.stdout.contains("not everything is compared"), "{said:?}");
        // The workloads of the overlay that does not build are not reported as gone.
        assert!(!said.stdout.contains("gone"), "{said:?}");
    }
}

#[test]
fn what_overlays_build_is_explained() {
    for builder in builders() {
        let sandbox = Sandbox::new(&two_overlays());
        let said = rollstamp(&sandbox, &["explain", "--build", builder, "."]).succeeds();
        // Line numbers refer to the source files of the overlays.
        assert!(
            said.contains("Deployment prod/web.v1  base/web.yaml:3\n  in overlays/prod\n"),
            "{said}"
        );
        assert!(said.contains("Deployment web.v1  base/web.yaml:3\n  in overlays/dev\n"), "{said}");
        assert!(said.contains("line 8  A (all keys"), "{said}");
        assert!(!said.contains("left alone"), "{said}");
        let said = rollstamp(&sandbox, &["explain", "--build", builder, "base/web.yaml"]).run();
        assert_eq!(said.exit, 0, "{said:?}");
        let said = rollstamp(&sandbox, &["explain", "--build", builder, "cache"]).run();
        assert_eq!(said.exit, 2, "{said:?}");
        // A result that is the same in several overlays is printed once.
        bash(&sandbox, "cp -r overlays/dev overlays/next").succeeds();
        let said = rollstamp(&sandbox, &["explain", "--build", builder, "."]).succeeds();
        assert_eq!(said.matches("Deployment web.v1  ").count(), 1, "{said}");
        assert!(said.contains("\n  in overlays/dev, overlays/next\n"), "{said}");
        let json = ["explain", "--build", builder, "-o", "json", "."];
        let json = rollstamp(&sandbox, &json).succeeds();
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let rows = json["workloads"].as_array().expect("workloads");
        let of = |name: &str| rows.iter().filter(|row| row["object"] == name).collect::<Vec<_>>();
        let web = of("Deployment web.v1");
        assert_eq!(web.len(), 1, "{json}");
        assert_eq!(web[0]["overlays"], serde_json::json!(["overlays/dev", "overlays/next"]));
        assert_eq!(web[0]["file"], "base/web.yaml");
    }
}
