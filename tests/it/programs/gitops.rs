//! `--build` for folders that Flux and Argo CD apply, with the real builders.

use super::overlays::{builders, rollstamp};
use super::{Said, bash, file, found};
use crate::sandbox::{Entry, Sandbox, Tree, read_tree};

/// A folder that two clusters apply, each with variables and a prefix of its own.
fn two_clusters() -> Tree {
    let mut tree = Tree::new();
    let mut add = |name: &str, text: &str| drop(tree.insert(name.to_owned(), file(text)));
    add("apps/kustomization.yaml", "resources:\n  - web.yaml\n  - config.yaml\n");
    add(
        "apps/config.yaml",
        "apiVersion: v1
kind: ConfigMap
metadata: {name: app}
data: {URL: 'https://${DOMAIN:=example.com}/${CLUSTER}', PRICE: 5$}
",
    );
    add(
        "apps/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: 'web-${CLUSTER}'}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, envFrom: [{configMapRef: {name: app}}]}]}
",
    );
    for cluster in ["prod", "test"] {
        add(
            &format!("clusters/{cluster}/apps.yaml"),
            &format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: apps, namespace: flux-system}}
spec:
  interval: 10m
  path: ./apps
  prune: true
  namePrefix: {cluster}-
  sourceRef: {{kind: GitRepository, name: flux-system}}
  postBuild:
    substitute: {{CLUSTER: {cluster}}}
    substituteFrom: [{{kind: ConfigMap, name: {cluster}-settings}}]
"
            ),
        );
        add(
            &format!("clusters/{cluster}/settings.yaml"),
            &format!(
                "apiVersion: v1
kind: ConfigMap
metadata: {{name: {cluster}-settings, namespace: flux-system}}
data: {{DOMAIN: {cluster}.example.com}}
"
            ),
        );
    }
    tree
}

#[test]
fn one_stamps_file_serves_every_cluster() {
    for builder in builders() {
        let sandbox = Sandbox::new(&two_clusters());
        let root = sandbox.path("");
        let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
        let written = run(&["write", "--build", builder, "."]);
        assert_eq!(written.exit, 0, "{}", written.stderr);
        let before = read_tree(&root);
        let again = run(&["write", "--build", builder, "."]);
        assert!(again.exit == 0 && read_tree(&root) == before, "{}", again.stderr);
        let stamps = std::fs::read_to_string(sandbox.path("apps/stamps.rollstamp.yaml")).unwrap();
        assert!(stamps.contains(r"prod-web-\$\{CLUSTER\}$"), "{stamps}");
        assert!(stamps.contains(r"test-web-\$\{CLUSTER\}$"), "{stamps}");
        assert_eq!(run(&["check", "--build", builder, "."]).exit, 0);
        // What the controller does, by hand: its fields go into the kustomization, and variables into what
        // is built. The stamps must be those of what comes out.
        for cluster in ["prod", "test"] {
            let script = format!(
                "cp -r apps out-{cluster} && cd out-{cluster} && echo 'namePrefix: {cluster}-' >>kustomization.yaml \
                 && {} | sed 's/${{CLUSTER}}/{cluster}/g; s/${{DOMAIN:=example.com}}/{cluster}.example.com/g' | rollstamp check",
                super::overlays::build(builder, ".")
            );
            let checked = bash(&sandbox, &script).run();
            assert_eq!(checked.exit, 0, "{}{}", checked.stdout, checked.stderr);
            assert!(checked.stderr.contains("1 right"), "{}", checked.stderr);
            std::fs::remove_dir_all(sandbox.path(&format!("out-{cluster}"))).unwrap();
        }
        // A change of a variable is a change of what pods read, in one cluster alone.
        let settings = sandbox.path("clusters/prod/settings.yaml");
        let text = std::fs::read_to_string(&settings).unwrap();
        std::fs::write(&settings, text.replace("prod.example.com", "example.org")).unwrap();
        let stale = run(&["check", "--build", builder, "."]);
        assert_eq!(stale.exit, 1, "{}", stale.stdout);
        assert!(
            stale.stdout.contains("Deployment prod-web-prod") && !stale.stdout.contains("test-web"),
            "{}",
            stale.stdout
        );
        assert_eq!(run(&["write", "--build", builder, "."]).exit, 0);
        assert_eq!(run(&["check", "--build", builder, "."]).exit, 0);
    }
}

/// The `flux` program must build the same objects as `--build`, which does not run it. Without a cluster,
/// `flux` replaces no variables from other objects, so the example has none.
#[test]
fn what_the_program_of_flux_builds_has_the_stamps_that_it_needs() {
    if found("flux", &["version", "--client"]).is_none() {
        return;
    }
    let written_out = {
        let mut tree = two_clusters();
        for cluster in ["prod", "test"] {
            let name = format!("clusters/{cluster}/apps.yaml");
            let Some(Entry::File(text)) = tree.get(&name) else { panic!("a file") };
            let text = String::from_utf8(text.clone()).unwrap();
            let from = text.lines().find(|line| line.contains("substituteFrom")).expect("a line");
            tree.insert(name, file(&text.replace(&format!("{from}\n"), "")));
        }
        tree
    };
    let in_objects = {
        let mut tree = written_out.clone();
        tree.remove("apps/kustomization.yaml");
        tree
    };
    for builder in builders() {
        for tree in [&written_out, &in_objects] {
            let sandbox = Sandbox::new(tree);
            let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
            let flux = |cluster: &str| {
                let script = format!(
                    "rm -rf out && cp -r apps out && \
                     flux build kustomization apps --dry-run --path out \
                     --kustomization-file clusters/{cluster}/apps.yaml | rollstamp check -"
                );
                bash(&sandbox, &script).run()
            };
            for cluster in ["prod", "test"] {
                assert_eq!(flux(cluster).exit, 1, "a stamp before it is written");
            }
            let written = run(&["write", "--build", builder, "."]);
            assert_eq!(written.exit, 0, "{}", written.stderr);
            for cluster in ["prod", "test"] {
                let said = flux(cluster);
                assert_eq!(said.exit, 0, "{cluster}: {}{}", said.stdout, said.stderr);
                assert!(said.stderr.contains("configuration: 1 right"), "{}", said.stderr);
            }
        }
    }
}

#[test]
fn a_variable_that_is_not_known_is_said_and_the_rest_still_counts() {
    for builder in builders() {
        let mut tree = two_clusters();
        tree.remove("clusters/prod/settings.yaml");
        let sandbox = Sandbox::new(&tree);
        let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
        assert_eq!(run(&["write", "--build", builder, "."]).exit, 0);
        let checked = run(&["check", "--build", builder, "."]);
        assert_eq!(checked.exit, 0, "{}", checked.stdout);
        assert!(
            checked.stdout.contains("warning[substituted-value]")
                && checked.stdout.contains("`${DOMAIN}`"),
            "{}",
            checked.stdout
        );
        let config = sandbox.path("apps/config.yaml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace("https", "http")).unwrap();
        assert_eq!(run(&["check", "--build", builder, "."]).exit, 1);
    }
}

#[test]
fn a_folder_without_a_kustomization_is_built_as_flux_does() {
    for builder in builders() {
        let mut tree = two_clusters();
        tree.remove("apps/kustomization.yaml");
        tree.remove("clusters/test/apps.yaml");
        let sandbox = Sandbox::new(&tree);
        let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
        let checked = run(&["check", "--build", builder, "."]);
        assert_eq!(checked.exit, 1, "{}{}", checked.stdout, checked.stderr);
        assert!(checked.stdout.contains("Deployment prod-web-prod"), "{}", checked.stdout);
    }
}

#[test]
fn an_object_that_cannot_be_edited_stops_no_other_stamp() {
    for builder in builders() {
        let mut tree = without_prefixes(two_clusters());
        tree.remove("apps/kustomization.yaml");
        let object = "apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}, postBuild: {substitute: {CLUSTER: prod}}}
";
        tree.insert("clusters/prod/apps.yaml".to_owned(), file(object));
        let sandbox = Sandbox::new(&tree);
        let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
        let written = run(&["write", "--build", builder, "."]);
        assert_eq!(written.exit, 2, "{}", written.stderr);
        assert!(written.stderr.contains("write `spec.patches` out in lines"), "{written:?}");
        assert!(written.stderr.contains("clusters/test/apps.yaml: 1 stamp\n"), "{written:?}");
    }
}

/// The same, under the same names in both clusters.
fn without_prefixes(mut tree: Tree) -> Tree {
    for cluster in ["prod", "test"] {
        let name = format!("clusters/{cluster}/apps.yaml");
        let Some(Entry::File(text)) = tree.get(&name) else { continue };
        let text = String::from_utf8(text.clone()).unwrap();
        tree.insert(name, file(&text.replace(&format!("  namePrefix: {cluster}-\n"), "")));
    }
    tree
}

/// Writes the stamps of a tree, which says this line; nothing is left to write then, and `check` finds them
/// right, which it hands over. With a text `changed` in a file (the file, the text, the new one), `check` finds that,
/// and `strip` gives the tree back.
fn full_circle(
    builder: &str,
    tree: &Tree,
    line: &str,
    changed: (&str, &str, &str),
    checks: impl Fn(&Sandbox, &Said),
) {
    let sandbox = Sandbox::new(tree);
    let run = |arguments: &[&str]| rollstamp(&sandbox, arguments).run();
    let written = run(&["write", "--build", builder, "."]);
    assert_eq!(written.exit, 0, "{}", written.stderr);
    assert!(written.stderr.contains(line), "{}", written.stderr);
    let before = read_tree(&sandbox.path(""));
    let again = run(&["write", "--build", builder, "."]);
    assert!(again.exit == 0 && read_tree(&sandbox.path("")) == before, "{again:?}");
    let checked = run(&["check", "--build", builder, "."]);
    assert_eq!(checked.exit, 0, "{}{}", checked.stdout, checked.stderr);
    checks(&sandbox, &checked);
    let (name, from, to) = changed;
    let path = sandbox.path(name);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(from, to)).unwrap();
    assert_eq!(run(&["check", "--build", builder, "."]).exit, 1);
    std::fs::write(&path, text).unwrap();
    assert_eq!(run(&["strip", "."]).exit, 0);
    let mut after = read_tree(&sandbox.path(""));
    after.retain(|name, _| tree.contains_key(name));
    assert_eq!(&after, tree);
}

#[test]
fn stamps_that_no_file_can_hold_stand_in_the_objects() {
    for builder in builders() {
        let raw = {
            let mut tree = without_prefixes(two_clusters());
            tree.remove("apps/kustomization.yaml");
            tree
        };
        let same_names = {
            let mut tree = without_prefixes(two_clusters());
            let Some(Entry::File(web)) = tree.get("apps/web.yaml") else { panic!("a file") };
            let web = String::from_utf8(web.clone()).unwrap().replace("'web-${CLUSTER}'", "web");
            tree.insert("apps/web.yaml".to_owned(), file(&web));
            tree
        };
        let renamed = {
            let mut tree = two_clusters();
            tree.remove("apps/kustomization.yaml");
            tree
        };
        for tree in [raw, same_names, renamed] {
            let (line, changed) = (
                "clusters/prod/apps.yaml: 1 stamp\n",
                ("clusters/prod/settings.yaml", "prod.example.com", "example.org"),
            );
            full_circle(builder, &tree, line, changed, |_, checked| {
                assert!(checked.stderr.contains("2 stamps right"), "{}", checked.stderr);
            });
        }
    }
}

/// The same folder, applied by Argo CD: each Application with these fields of `source.kustomize`.
fn two_applications(fields: [&str; 2]) -> Tree {
    let mut tree = two_clusters();
    tree.retain(|name, _| name.starts_with("apps/"));
    let mut add = |name: &str, text: &str| drop(tree.insert(name.to_owned(), file(text)));
    add(
        "apps/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app}\ndata: {URL: 'https://example.com'}\n",
    );
    add(
        "apps/web.yaml",
        "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, envFrom: [{configMapRef: {name: app}}]}]}
",
    );
    add(".git/config", "[remote \"origin\"]\n\turl = https://example.com/shop.git\n");
    for (cluster, fields) in ["prod", "test"].into_iter().zip(fields) {
        add(
            &format!("argocd/{cluster}.yaml"),
            &format!(
                "apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: web-{cluster}
spec:
  project: default
  source:
    repoURL: https://example.com/shop.git
    path: apps
    targetRevision: main
{fields}  destination:
    namespace: {cluster}
    server: https://kubernetes.default.svc
"
            ),
        );
    }
    tree
}

/// What Argo CD builds of an Application: the fields of `source.kustomize` go into the kustomization of the
/// folder (argo-cd v3, `util/kustomize`). Returns what `rollstamp check` says of it.
fn argo_cd(sandbox: &Sandbox, builder: &str, application: &str) -> Said {
    let read = |name: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(sandbox.path(name)).expect("a file");
        serde_yaml::from_str(&text).expect("YAML")
    };
    let mut kustomization = read("apps/kustomization.yaml");
    let object = read(application);
    for field in ["namePrefix", "nameSuffix", "patches"] {
        let value = &object["spec"]["source"]["kustomize"][field];
        if !value.is_null() {
            kustomization[field] = value.clone();
        }
    }
    let script = "rm -rf out && cp -r apps out && cat >out/kustomization.yaml";
    let copied = bash(sandbox, script).stdin(kustomization.to_string()).run();
    assert_eq!(copied.exit, 0, "{}", copied.stderr);
    let build = super::overlays::build(builder, "out");
    let checked = bash(sandbox, &format!("{build} | rollstamp check")).run();
    std::fs::remove_dir_all(sandbox.path("out")).expect("the folder goes");
    checked
}

#[test]
fn what_argo_cd_applies_has_the_stamps_that_it_needs() {
    let other = "    kustomize:
      patches:
        - patch: |
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: app}
            data: {URL: 'https://test.example.com'}
";
    let renamed =
        ["    kustomize:\n      namePrefix: prod-\n", "    kustomize:\n      namePrefix: test-\n"];
    let patched = ["", other];
    let both = format!("{other}      namePrefix: web-\n      nameSuffix: -x\n");
    let all = [
        (renamed, "apps/stamps.rollstamp.yaml: 2 stamps"),
        (patched, "argocd/test.yaml: 1 stamp\n"),
        ([renamed[0], &both], "apps/stamps.rollstamp.yaml: 2 stamps"),
        (
            ["    kustomize:\n      nameSuffix: -x\n      namePrefix: web-\n", &both],
            "argocd/test.yaml: 1 stamp\n",
        ),
    ];
    for builder in builders() {
        for (fields, line) in all {
            let tree = two_applications(fields);
            let changed = ("apps/config.yaml", "https", "http");
            full_circle(builder, &tree, line, changed, |sandbox, _| {
                for application in ["argocd/prod.yaml", "argocd/test.yaml"] {
                    let checked = argo_cd(sandbox, builder, application);
                    assert_eq!(checked.exit, 0, "{application}: {checked:?}");
                    assert!(checked.stderr.contains("1 right"), "{}", checked.stderr);
                }
            });
        }
    }
}
