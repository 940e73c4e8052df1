//! Tests the files of `integrations/` and the documents about them, as far as they run without a cluster.
//! The programs that read these files are not run here, but the commands in the files are.

use super::{bash, below, example, file, found, lines, root, stamps, tool};
use crate::sandbox::{Entry, Sandbox, Tree};
use serde_yaml::Value;

fn text(name: &str) -> String {
    std::fs::read_to_string(root().join("integrations").join(name)).expect("the file")
}

fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&text(name)).expect("YAML")
}

fn words(value: &Value) -> Vec<&str> {
    let words = value.as_sequence().expect("a list");
    words.iter().map(|w| w.as_str().expect("a word")).collect()
}

/// The example with a value that the API server refuses.
fn broken() -> Tree {
    let mut tree = example("kustomize");
    for entry in tree.values_mut() {
        if let Entry::File(bytes) = entry {
            let text = String::from_utf8(bytes.clone()).expect("UTF-8");
            *bytes = text.replace("BATCH_SIZE: \"50\"", "BATCH_SIZE: 50").into_bytes();
        }
    }
    tree
}

#[test]
fn the_argo_cd_plugin_generates_a_whole_stream_or_fails() {
    if found("kustomize", &["version"]).is_none() {
        return;
    }
    let plugin = yaml("argocd/plugin.yaml");
    let generate = &plugin["spec"]["generate"];
    let command = [words(&generate["command"]), words(&generate["args"])].concat();
    let shown = lines("docs/integrations.md", "rollstamp --namespace");
    assert_eq!(shown, [command[2].trim_end().replace('\n', "; ")]);
    let run = |tree: &Tree, folder: &str| {
        let sandbox = Sandbox::new(tree);
        let mut tool = tool(&sandbox, command[0], &command[1..]);
        tool.command.current_dir(sandbox.path(folder));
        tool.env("ARGOCD_APP_NAMESPACE", "shop").run()
    };
    let good = run(&example("kustomize"), "overlays/prod");
    assert_eq!((good.exit, good.stderr.as_str()), (0, ""));
    assert_eq!(stamps(good.stdout.as_bytes()).len(), 2);
    // A failure prints nothing to the standard output, because Argo CD would delete the missing objects.
    let mut missing = example("kustomize");
    missing.remove("base/shop.yaml");
    for tree in [missing, broken()] {
        let said = run(&tree, "overlays/prod");
        assert_ne!(said.exit, 0, "{said:?}");
        assert_eq!(said.stdout, "", "{said:?}");
        assert!(!said.stderr.contains("change-me"), "{said:?}");
    }
    // The sidecar uses the names of the plugin.
    let patch = text("argocd/repo-server.yaml");
    assert!(patch.contains("/home/argocd/cmp-server/config/plugin.yaml"));
}

#[test]
fn the_argo_cd_build_options_run_the_plugin() {
    if found("kustomize", &["version"]).is_none() {
        return;
    }
    let recipe = text("argocd/build-options.yaml");
    let (server, config) = recipe.split_once("\n---\n").expect("two documents");
    let server: Value = serde_yaml::from_str(server).expect("YAML");
    let config: Value = serde_yaml::from_str(config).expect("YAML");
    let container = &server["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["env"][0]["name"], "KUSTOMIZE_PLUGIN_HOME");
    let home = container["env"][0]["value"].as_str().expect("a path");
    let program = container["volumeMounts"][0]["mountPath"].as_str().expect("a path");
    let program = program.strip_prefix(home).expect("below the home of plugins");
    let mut tree = example("kustomize");
    for name in ["kustomization.yaml", "stamp.yaml"] {
        let text = text(&format!("kustomize/plugin/{name}"));
        tree.insert(format!("plugin/{name}"), file(&text));
    }
    let own = format!("overlays/prod/{}", "kustomization.yaml");
    let Entry::File(bytes) = &tree[&own] else { panic!("a file") };
    let with = [bytes.as_slice(), b"\ncomponents: [../../plugin]\n"].concat();
    tree.insert(own, Entry::File(with));
    let sandbox = Sandbox::new(&tree);
    let place = sandbox.path(&format!("home{program}"));
    std::fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
    std::fs::copy(env!("CARGO_BIN_EXE_rollstamp"), &place).expect("the program");
    let options = config["data"]["kustomize.buildOptions"].as_str().expect("options");
    let mut arguments: Vec<&str> = options.split(' ').collect();
    arguments.splice(0..0, ["build", "overlays/prod"]);
    let build = tool(&sandbox, "kustomize", &arguments);
    let built = build.env("KUSTOMIZE_PLUGIN_HOME", sandbox.path("home")).succeeds();
    assert_eq!(stamps(built.as_bytes()).len(), 2);
}

#[test]
fn the_skaffold_hook_is_a_filter() {
    let hook = &yaml("skaffold/skaffold.yaml")["manifests"]["hooks"]["after"][0];
    assert_eq!(hook["withChange"], Value::Bool(true));
    let command = words(&hook["host"]["command"]);
    let sandbox = Sandbox::new(&Tree::from([("empty".to_owned(), file(""))]));
    let shop = example("shop");
    let stream: Vec<u8> = shop
        .values()
        .flat_map(|entry| match entry {
            Entry::File(bytes) => [b"---\n", bytes.as_slice()].concat(),
            Entry::Link(_) => Vec::new(),
        })
        .collect();
    let hook = tool(&sandbox, command[0], &command[1..]).stdin(stream);
    assert_eq!(stamps(hook.succeeds().as_bytes()).len(), 2);
    let hook = tool(&sandbox, command[0], &command[1..]).stdin("a: [\n");
    assert_eq!(hook.fails(2).stdout, "");
}

/// Under Helm 4, a plugin gets its settings from the environment, and its output must not be empty.
#[test]
fn the_environment_names_the_log_file_and_the_caller() {
    let sandbox = Sandbox::new(&Tree::from([("empty".to_owned(), file(""))]));
    let log = sandbox.path("log");
    let said = || std::fs::read_to_string(&log).expect("the log file");
    let filter = |args: &[&str]| {
        tool(&sandbox, "rollstamp", args).stdin("a: [\n").env("ROLLSTAMP_LOG_FILE", &log).fails(2)
    };
    assert_eq!(filter(&[]).stderr, said());
    // The log gets longer, even by errors that stop the program before it reads anything.
    let first = said();
    filter(&["--config", "none.yaml"]);
    let second = said();
    assert!(
        second.starts_with(&first) && second.ends_with("No such file or directory (os error 2)\n")
    );
    filter(&["--no-such-option"]);
    assert!(said()[second.len()..].contains("'--no-such-option'"));
    // An argument has priority over the environment; an empty name counts as none.
    let size = said().len();
    filter(&["--log-file", "other"]);
    assert_eq!(said().len(), size);
    assert!(sandbox.path("other").exists());
    let filter = || tool(&sandbox, "rollstamp", &[]).env("ROLLSTAMP_LOG_FILE", "");
    assert_eq!(filter().succeeds(), "");
    let plugin = || filter().env("HELM_PLUGIN_NAME", "rollstamp");
    assert_eq!(plugin().succeeds(), "---\n");
    assert_eq!(plugin().stdin("\n").succeeds(), "---\n");
    assert_eq!(plugin().stdin("# c\n").succeeds(), "# c\n");
    // A failure is still a failure.
    assert_eq!(plugin().stdin("a: [\n").fails(2).stdout, "");
}

#[test]
fn helmfile_hands_the_name_to_helm() {
    let helmfile = yaml("helmfile/helmfile.yaml");
    let name = &helmfile["helmDefaults"]["postRenderer"];
    assert_eq!(name, &yaml("helm/rollstamp/plugin.yaml")["name"]);
    if found("helmfile", &["--version"]).is_none() || found("helm3", &["version"]).is_none() {
        return;
    }
    let mut tree = below("chart/", &root().join("testdata/example/chart"));
    tree.insert("helmfile.yaml".to_owned(), file(&text("helmfile/helmfile.yaml")));
    let sandbox = Sandbox::new(&tree);
    let helmfile = tool(&sandbox, "helmfile", &["-b", "helm3", "template"])
        .env("HELM_DATA_HOME", sandbox.path("data"))
        .env("HELM_CONFIG_HOME", sandbox.path("config"))
        .env("HELM_CACHE_HOME", sandbox.path("cache"));
    assert_eq!(stamps(helmfile.succeeds().as_bytes()).len(), 2);
}

#[test]
fn the_steps_of_the_github_workflow_annotate_and_fail() {
    let workflow = yaml("github/stamps.yaml");
    assert_eq!(workflow["defaults"]["run"]["shell"], "bash");
    let steps = workflow["jobs"]["stamps"]["steps"].as_sequence().expect("steps");
    let run = |name: &str| {
        let step = steps.iter().find(|step| step["name"] == name);
        step.and_then(|step| step["run"].as_str()).unwrap_or_else(|| panic!("a step {name}"))
    };
    if found("bash", &["--version"]).is_none() || found("git", &["--version"]).is_none() {
        return;
    }
    // A pull request that adds the folder, in the state in which the step finds it.
    let base = "git init -q && git -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m base && git update-ref refs/remotes/origin/main HEAD";
    let check = format!("export GITHUB_BASE_REF=main; {}", run("Check the stamps"));
    let check = check.as_str();
    let sandbox = Sandbox::new(&below("deploy/", &root().join("testdata/example/shop")));
    bash(&sandbox, base).succeeds();
    let said = bash(&sandbox, check).fails(1);
    let first = "::error file=deploy/shop.yaml,line=4,col=9,title=missing-stamp::Deployment shop";
    assert!(said.stdout.starts_with(first), "{said:?}");
    tool(&sandbox, "rollstamp", &["write", "deploy"]).succeeds();
    bash(&sandbox, check).succeeds();
    if found("kustomize", &["version"]).is_none() {
        return;
    }
    let build = run("Build and stamp");
    bash(&Sandbox::new(&example("kustomize")), build).succeeds();
    let said = bash(&Sandbox::new(&broken()), build).fails(2);
    assert!(said.stderr.contains("::error title=non-string-value::"), "{said:?}");
}

/// Every file of `integrations/` is shown in a document.
#[test]
fn the_documents_and_the_folder_agree() {
    let documents: Vec<String> = below("", &root().join("docs"))
        .into_iter()
        .filter(|(name, _)| name.ends_with(".md"))
        .map(|(name, _)| std::fs::read_to_string(root().join("docs").join(name)).expect("it"))
        .collect();
    for name in below("", &root().join("integrations")).keys() {
        let link = format!("../integrations/{name})");
        assert!(documents.iter().any(|text| text.contains(&link)), "no document shows {name}");
    }
}

/// Runs the lines about charts with `helm template` instead of a cluster.
#[test]
fn the_lines_about_charts_stamp() {
    for program in ["helm3", "helm4"] {
        if found(program, &["version", "--short"]).is_none() {
            continue;
        }
        for document in ["README.md", "docs/integrations.md"] {
            let mut tree = below("chart/", &root().join("testdata/example/chart"));
            let link = root().join("integrations").display().to_string();
            tree.insert("integrations".to_owned(), Entry::Link(link));
            let sandbox = Sandbox::new(&tree);
            let applied = "kubectl() { cat; }";
            let helm = format!(
                "export HELM_DATA_HOME=$PWD/data HELM_CONFIG_HOME=$PWD/config HELM_CACHE_HOME=$PWD/cache
{applied}
helm() {{ if [ \"$1 $2\" = 'upgrade --install' ]; then shift 2; {program} template \"$@\"; else {program} \"$@\"; fi; }}"
            );
            if program == "helm4" {
                for line in lines(document, "helm plugin install ./") {
                    bash(&sandbox, &format!("{helm}\n{line}")).succeeds();
                }
            }
            let shown = ["--post-renderer rollstamp", "helm template shop ./chart | rollstamp"];
            for line in shown.iter().flat_map(|word| lines(document, word)) {
                let line = line.trim_end_matches(" >/dev/null");
                let stream = bash(&sandbox, &format!("{helm}\n{line}")).succeeds();
                assert_eq!(stamps(stream.as_bytes()).len(), 2, "{document}: {line}");
            }
        }
    }
}
