//! Installs, upgrades and rollbacks of a chart with the real Helm 3 and Helm 4 against a real API server:
//! with `foreign.checksums: steady` and `versionLabels: drop`, what rolls is what changed, and every selector
//! finds its pods.

use super::is_here;
use super::plane::Plane;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

const SETTINGS: [&str; 2] = ["--foreign-checksums=steady", "--foreign-version-labels=drop"];

const LABELS: &str = "{{- define \"shop.labels\" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}
";

const CONFIG: &str = "# {{ .Chart.Version }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
  labels: {{- include \"shop.labels\" . | nindent 4 }}
data:
  LOG_LEVEL: {{ .Values.level }}
";

/// What a program reads through the API server.
const API: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: api
  labels: {{- include \"shop.labels\" . | nindent 4 }}
data:
  policy: {{ .Values.policy }}
";

/// A password that the chart keeps in an upgrade; every other render creates a new one.
const SECRET: &str = "{{- $old := lookup \"v1\" \"Secret\" .Release.Namespace \"password\" -}}
apiVersion: v1
kind: Secret
metadata:
  name: password
data:
{{- if $old }}
  PASSWORD: {{ $old.data.PASSWORD }}
{{- else }}
  PASSWORD: {{ randAlphaNum 12 | b64enc }}
{{- end }}
";

/// A password that every render creates anew.
const DICE: &str = "{{- if .Values.dice }}
apiVersion: v1
kind: Secret
metadata:
  name: dice
stringData:
  PASSWORD: {{ randAlphaNum 12 }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: dice
spec:
  selector: {matchLabels: {app: dice}}
  template:
    metadata:
      labels: {app: dice}
      annotations:
        checksum/secret: {{ include (print $.Template.BasePath \"/password.yaml\") . | sha256sum }}
    spec:
      containers:
        - name: dice
          image: example.com/dice:1
          envFrom: [{secretRef: {name: dice}}]
{{- end }}
";

/// A hook and a test, which Helm 4 shows to a post-renderer and Helm 3 does not.
const HOOKS: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: hook
  annotations: {helm.sh/hook: pre-install}
data:
  version: {{ .Chart.Version }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: test
  annotations: {helm.sh/hook: test}
data:
  version: {{ .Chart.Version }}
";

fn workload(kind: &str, name: &str, annotations: &[(&str, &str)], reads: &[&str]) -> String {
    let annotations: String = annotations
        .iter()
        .map(|(key, template)| {
            let include = format!("include (print $.Template.BasePath \"/{template}\") .");
            format!("\n        {key}: {{{{ {include} | sha256sum }}}}")
        })
        .collect();
    let annotations = match annotations.is_empty() {
        true => String::new(),
        false => format!("\n      annotations:{annotations}"),
    };
    let reads: Vec<String> = reads.iter().map(|read| format!("{{{read}}}")).collect();
    let more = if kind == "StatefulSet" { "\n  serviceName: db" } else { "" };
    format!(
        "apiVersion: apps/v1
kind: {kind}
metadata:
  name: {name}
  labels: {{{{- include \"shop.labels\" . | nindent 4 }}}}
spec:{more}
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata:
      labels:
        app: {name}
        {{{{- include \"shop.labels\" . | nindent 8 }}}}{annotations}
    spec:
      containers:
        - name: {name}
          image: example.com/{name}:1
          envFrom: [{}]
",
        reads.join(", ")
    )
}

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80}}]
"
    )
}

/// The files of the chart in a version.
fn chart(version: &str) -> Vec<(&'static str, String)> {
    let app = "configMapRef: {name: app}";
    let password = "secretRef: {name: password}";
    let budget = "apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 0, selector: {matchLabels: {app: web}}}
";
    let meta =
        |name: &str, version: &str| format!("apiVersion: v2\nname: {name}\nversion: {version}\n");
    vec![
        ("Chart.yaml", meta("shop", version)),
        ("values.yaml", "level: info\npolicy: all\ndice: false\ncache: {size: 1}\n".to_owned()),
        ("templates/_labels.tpl", LABELS.to_owned()),
        ("templates/config.yaml", CONFIG.to_owned()),
        ("templates/api.yaml", API.to_owned()),
        ("templates/password.yaml", SECRET.to_owned()),
        ("templates/dice.yaml", DICE.to_owned()),
        ("templates/hooks.yaml", HOOKS.to_owned()),
        (
            "templates/web.yaml",
            workload(
                "Deployment",
                "web",
                &[("checksum/config", "config.yaml"), ("checksum/secret", "password.yaml")],
                &[app, password],
            ),
        ),
        (
            "templates/admin.yaml",
            workload("Deployment", "admin", &[("checksum/cm", "api.yaml")], &[]),
        ),
        (
            "templates/db.yaml",
            workload("StatefulSet", "db", &[("checksum/config", "config.yaml")], &[app]),
        ),
        ("templates/agent.yaml", workload("DaemonSet", "agent", &[], &[])),
        ("templates/service.yaml", [service("web"), service("db")].join("---\n")),
        ("templates/budget.yaml", budget.to_owned()),
        ("charts/cache/Chart.yaml", meta("cache", "1.0.0")),
        ("charts/cache/values.yaml", "size: 1\n".to_owned()),
        (
            "charts/cache/templates/cache-config.yaml",
            "apiVersion: v1
kind: ConfigMap
metadata:
  name: cache
  labels: {{- include \"shop.labels\" . | nindent 4 }}
data:
  SIZE: {{ .Values.size | quote }}
"
            .to_owned(),
        ),
        (
            "charts/cache/templates/cache.yaml",
            workload(
                "Deployment",
                "cache",
                &[("checksum/config", "cache-config.yaml")],
                &["configMapRef: {name: cache}"],
            ),
        ),
    ]
}

/// A release of the chart by one Helm.
struct Release<'p> {
    plane: &'p Plane,
    folder: tempfile::TempDir,
    helm: &'static str,
    namespace: String,
}

impl<'p> Release<'p> {
    fn new(plane: &'p Plane, helm: &'static str, name: &str) -> Self {
        let namespace = format!("{helm}-{name}");
        plane.kubectl(&["create", "namespace", &namespace], None);
        let folder = tempfile::tempdir().expect("a folder");
        let release = Self { plane, folder, helm, namespace };
        if helm == "helm4" {
            let plugin = Path::new(env!("CARGO_MANIFEST_DIR")).join("integrations/helm/rollstamp");
            release.helm(&["plugin", "install", plugin.to_str().expect("UTF-8")]);
        }
        release
    }

    fn program() -> PathBuf {
        PathBuf::from(env!("CARGO_BIN_EXE_rollstamp"))
    }

    fn helm(&self, args: &[&str]) -> String {
        let mut command = Command::new(self.helm);
        command.args(args).env("KUBECONFIG", self.plane.kubeconfig());
        for name in ["CONFIG", "DATA", "CACHE"] {
            command.env(format!("HELM_{name}_HOME"), self.folder.path().join(name));
        }
        command.env_remove("HELM_PLUGINS");
        let own = Self::program().parent().expect("a folder").to_path_buf();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path: Vec<PathBuf> = [own].into_iter().chain(std::env::split_paths(&path)).collect();
        command.env("PATH", std::env::join_paths(path).expect("a path"));
        let output = command.output().expect(self.helm);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{} {args:?}: {said}", self.helm);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Upgrades to a version with these values, and returns the workloads that rolled.
    fn upgrade(&self, version: &str, values: &[&str], settings: &[&str]) -> BTreeSet<String> {
        let folder = self.folder.path().join(format!("chart-{version}"));
        for (name, text) in chart(version) {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        let mut args = vec!["upgrade", "--install", "shop", folder.to_str().expect("UTF-8")];
        args.extend(["--namespace", &self.namespace, "--post-renderer", "rollstamp"]);
        for value in values {
            args.extend(["--set", value]);
        }
        let settings: Vec<String> =
            settings.iter().map(|setting| format!("--post-renderer-args={setting}")).collect();
        args.extend(settings.iter().map(String::as_str));
        self.rolled(|| {
            self.helm(&args);
        })
    }

    fn rollback(&self, revision: &str) -> BTreeSet<String> {
        self.rolled(|| {
            self.helm(&["rollback", "shop", revision, "--namespace", &self.namespace]);
        })
    }

    /// The workloads that existed before an action and roll because of it.
    fn rolled(&self, act: impl Fn()) -> BTreeSet<String> {
        let before = self.plane.settled(&self.namespace);
        act();
        let after = self.plane.settled(&self.namespace);
        self.selectors_are_intact();
        let rolled = after.iter().filter(|(name, seen)| {
            before.get(*name).is_some_and(|was| was.revision != seen.revision)
        });
        rolled.map(|(name, _)| name.clone()).collect()
    }

    /// Checks that every selector of the release finds exactly the pods of the workload with its name.
    fn selectors_are_intact(&self) {
        let kinds = "deployments,statefulsets,daemonsets,services,poddisruptionbudgets";
        let text = self.plane.kubectl(&["get", kinds, "-n", &self.namespace, "-o", "json"], None);
        let list: Value = serde_json::from_str(&text).expect("JSON");
        let items = list["items"].as_array().cloned().unwrap_or_default();
        let labels: BTreeMap<&str, &Value> = items
            .iter()
            .filter(|item| item["spec"]["template"].is_object())
            .filter_map(|item| {
                let name = item["metadata"]["name"].as_str()?;
                Some((name, &item["spec"]["template"]["metadata"]["labels"]))
            })
            .collect();
        let mut checked = 0;
        for item in &items {
            let selector = &item["spec"]["selector"];
            let wanted = match selector["matchLabels"].is_object() {
                true => &selector["matchLabels"],
                false => selector,
            };
            let Some(wanted) = wanted.as_object() else { continue };
            let fits = |labels: &Value| wanted.iter().all(|(key, value)| labels[key] == *value);
            let found: Vec<&str> =
                labels.iter().filter(|(_, own)| fits(own)).map(|(name, _)| *name).collect();
            let own = item["metadata"]["name"].as_str().expect("a name");
            assert_eq!(found, [own], "{} {own}", item["kind"]);
            checked += 1;
        }
        assert!(checked >= 7, "only {checked} selectors");
    }

    fn template_labels(&self, kind: &str, name: &str) -> Value {
        let object =
            self.plane.kubectl(&["get", kind, name, "-n", &self.namespace, "-o", "json"], None);
        let object: Value = serde_json::from_str(&object).expect("JSON");
        assert!(object["metadata"]["labels"]["helm.sh/chart"].is_string(), "{kind} {name}");
        object["spec"]["template"]["metadata"]["labels"].clone()
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const ALL: [&str; 5] =
    ["DaemonSet agent", "Deployment admin", "Deployment cache", "Deployment web", "StatefulSet db"];

/// The workloads whose checksums cover the data of the chart and of its subchart.
const OF_CHART: [&str; 3] = ["Deployment admin", "Deployment web", "StatefulSet db"];

#[test]
fn upgrades_of_charts_roll_what_changed() {
    let programs = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "openssl"];
    let helms: Vec<&'static str> = ["helm3", "helm4"].into_iter().filter(|h| has_helm(h)).collect();
    if programs.iter().any(|program| !is_here(program)) || helms.is_empty() {
        println!("not run: no control plane or no Helm is here: .ci/control-plane builds it");
        return;
    }
    let plane = Plane::start();
    for helm in helms {
        steady(&plane, helm);
        adoption(&plane, helm);
        println!("{helm}: installs, upgrades and rollbacks as expected");
    }
}

fn has_helm(program: &str) -> bool {
    Command::new(program).arg("version").output().is_ok_and(|output| output.status.success())
}

/// Tests a release that uses the settings from the beginning.
fn steady(plane: &Plane, helm: &'static str) {
    let release = Release::new(plane, helm, "steady");
    release.upgrade("1.0.0", &[], &SETTINGS);
    let labels = release.template_labels("deployment", "web");
    assert_eq!(labels, serde_json::json!({"app": "web"}));
    // A version of the chart with other comments, labels and random texts: the password stays.
    assert_eq!(release.upgrade("1.1.0", &[], &SETTINGS), set(&[]), "{helm}: only a version");
    // A source that pods read, and a source that only checksums of the chart cover.
    let changed = release.upgrade("1.1.0", &["level=debug"], &SETTINGS);
    assert_eq!(changed, set(&OF_CHART), "{helm}: data of the chart");
    // What a program reads through the API server.
    let changed = release.upgrade("1.2.0", &["level=debug", "policy=none"], &SETTINGS);
    assert_eq!(changed, set(&OF_CHART), "{helm}: data that no pod spec names");
    // Data of the subchart: it rolls the workload of the subchart, and those of the chart around it.
    let values = ["level=debug", "policy=none", "cache.size=2"];
    let changed = release.upgrade("1.2.0", &values, &SETTINGS);
    let mut expected = set(&OF_CHART);
    expected.insert("Deployment cache".to_owned());
    assert_eq!(changed, expected, "{helm}: data of the chart inside");
    assert_eq!(release.upgrade("1.3.0", &values, &SETTINGS), set(&[]), "{helm}: only a version");
    // A rollback to the release before the cache changed: it restores old data and old values together.
    assert_eq!(release.rollback("4"), expected, "{helm}: a rollback");
    assert_eq!(release.rollback("6"), expected, "{helm}: and forth again");
    // Without `lookup`, every render creates a new password, so its reader must roll.
    let dice: Vec<&str> = values.iter().copied().chain(["dice=true"]).collect();
    release.upgrade("1.3.0", &dice, &SETTINGS);
    let changed = release.upgrade("1.4.0", &dice, &SETTINGS);
    assert!(changed.contains("Deployment dice"), "{helm}: {changed:?}");
    assert!(!changed.contains("Deployment cache"), "{helm}: {changed:?}");
}

/// Tests a release that begins to use the settings later.
fn adoption(plane: &Plane, helm: &'static str) {
    let release = Release::new(plane, helm, "adoption");
    release.upgrade("1.0.0", &[], &[]);
    // The subchart has its own version, which stays.
    let mut expected = set(&ALL);
    expected.remove("Deployment cache");
    assert_eq!(release.upgrade("1.1.0", &[], &[]), expected, "{helm}: without the settings");
    assert_eq!(release.upgrade("1.1.0", &[], &SETTINGS), set(&ALL), "{helm}: adoption");
    assert_eq!(release.upgrade("1.2.0", &[], &SETTINGS), set(&[]), "{helm}: after it");
    assert_eq!(release.rollback("2"), set(&ALL), "{helm}: back to before it");
}
