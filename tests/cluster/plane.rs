//! Starts a control plane on this machine, and reads the state of its objects.

use super::model::Unit;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A control plane; it is stopped when the value is dropped.
pub(super) struct Plane {
    state: tempfile::TempDir,
    kubeconfig: PathBuf,
    /// Only one control plane runs at a time, because several would choose the same ports.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

/// The state of a workload in the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// It changes when a rollout begins.
    pub(super) revision: String,
    /// The `ReplicaSets` of a Deployment that have pods.
    pub(super) sets: BTreeSet<String>,
    pub(super) replicas: Option<u64>,
}

/// The first of five consecutive free ports.
fn free_port() -> String {
    let mut bases = (0..200).map(|i| 16_440 + i * 10);
    let is_free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let base = bases.find(|base| (0..5).all(|i| is_free(base + i)));
    base.expect("five free ports").to_string()
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cluster/control-plane.sh")
}

impl Plane {
    pub(super) fn start() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let state = tempfile::tempdir().unwrap();
        let mut command = Command::new("bash");
        command.arg(script()).arg("start").arg(state.path()).env("BASEPORT", free_port());
        let output = command.output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the control plane does not start: {said}");
        let kubeconfig = state.path().join("kubeconfig");
        Self { state, kubeconfig, _alone: alone }
    }

    /// The address of the API server.
    pub(super) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Runs `kubectl`, which must succeed.
    pub(super) fn kubectl(&self, args: &[&str], stdin: Option<&str>) -> String {
        let mut command = Command::new("kubectl");
        command.args(args).env("KUBECONFIG", &self.kubeconfig);
        run(command, args.join(" "), stdin)
    }

    pub(super) fn apply(&self, namespace: &str, stream: &str) {
        if stream.is_empty() {
            return;
        }
        self.kubectl(&["apply", "-n", namespace, "-f", "-"], Some(stream));
    }

    /// Applies a stream of which the API server may refuse parts.
    pub(super) fn takes(&self, namespace: &str, stream: &str) -> bool {
        let path = self.state.path().join("stream.yaml");
        std::fs::write(&path, stream).unwrap();
        let mut command = Command::new("kubectl");
        command.args(["apply", "-n", namespace, "-f"]).arg(&path);
        command.env("KUBECONFIG", &self.kubeconfig).output().unwrap().status.success()
    }

    /// Runs Helm, which must succeed.
    pub(super) fn helm(&self, helm: &str, namespace: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(helm);
        command.args(arguments).args(["--namespace", namespace]);
        command.env("KUBECONFIG", &self.kubeconfig);
        for name in ["HELM_DATA_HOME", "HELM_CONFIG_HOME", "HELM_CACHE_HOME"] {
            command.env(name, self.state.path().join(helm).join(name));
        }
        run(command, format!("{helm} {}", arguments.join(" ")), None)
    }

    /// The stream as rollstamp prints it.
    pub(super) fn stamped(&self, stream: &str, mode: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollstamp"));
        command.args(["--mode", mode]);
        run(command, format!("rollstamp --mode {mode}"), Some(stream))
    }

    /// The output of `impact` for two streams that rollstamp stamps.
    pub(super) fn impact(&self, before: &str, after: &str, mode: &str) -> Value {
        self.compare(before, after, mode, "stamped")
    }

    /// The output of `impact` for two streams as they are.
    pub(super) fn written(&self, before: &str, after: &str, mode: &str) -> Value {
        self.compare(before, after, mode, "written")
    }

    /// A stream in which some Deployments have the state of the API server; if a Deployment occurs several
    /// times, the last copy counts.
    pub(super) fn with_cluster(&self, namespace: &str, stream: &str, names: &[String]) -> String {
        let mut whole = stream.to_owned();
        for name in names {
            let name = name.replace("Deployment ", "deployment/");
            let text = self.kubectl(&["get", &name, "-n", namespace, "-o", "json"], None);
            let mut object: Value = serde_json::from_str(&text).unwrap();
            if let Some(metadata) = object["metadata"].as_object_mut() {
                metadata.remove("namespace");
            }
            whole.push_str(&format!("\n---\n{object}\n"));
        }
        whole
    }

    fn compare(&self, before: &str, after: &str, mode: &str, assume: &str) -> Value {
        let (one, two) =
            (self.state.path().join("before.yaml"), self.state.path().join("after.yaml"));
        std::fs::write(&one, before).unwrap();
        std::fs::write(&two, after).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollstamp"));
        command.args(["impact", "--assume", assume, "-o", "json", "--mode", mode]);
        command.args([&one, &two]);
        serde_json::from_str(&run(command, "impact".to_owned(), None)).unwrap()
    }

    /// `kubectl rollout undo` for some Deployments; their names.
    pub(super) fn undo(&self, namespace: &str, units: &[Unit]) -> Vec<String> {
        let deployments =
            units.iter().filter(|unit| unit.kind == "Deployment" && !unit.is_paused());
        let mut undone = Vec::new();
        for unit in deployments.take(3) {
            let mut command = Command::new("kubectl");
            let name = format!("deployment/{}", unit.name());
            command.args(["rollout", "undo", "-n", namespace, &name]);
            command.env("KUBECONFIG", &self.kubeconfig);
            // A Deployment that never rolled has no earlier revision.
            if command.output().unwrap().status.success() {
                undone.push(unit.object());
            }
        }
        undone
    }

    /// The state of the workloads after every controller has handled the last apply.
    pub(super) fn settled(&self, namespace: &str) -> BTreeMap<String, Seen> {
        for _ in 0..600 {
            let kinds = "deployments,replicasets,statefulsets,daemonsets,controllerrevisions";
            let text = self.kubectl(&["get", kinds, "-n", namespace, "-o", "json"], None);
            let list: Value = serde_json::from_str(&text).unwrap();
            let items = list["items"].as_array().cloned().unwrap_or_default();
            if items.iter().all(|item| is_observed(item, &items)) {
                return items.iter().filter_map(|item| seen(item, &items)).collect();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("the controllers do not come to rest");
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        let _ = Command::new("bash").arg(script()).arg("stop").arg(self.state.path()).output();
    }
}

fn run(mut command: Command, what: String, stdin: Option<&str>) -> String {
    let output = super::piped::run(&mut command, stdin.map(str::as_bytes));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

const REVISION: &str = "deployment.kubernetes.io/revision";

/// The `ReplicaSets` of a Deployment that have pods, the number and the name of each.
fn with_pods(deployment: &Value, all: &[Value]) -> Vec<(u64, String)> {
    let own = all.iter().filter(|other| {
        other["kind"] == "ReplicaSet"
            && other["metadata"]["ownerReferences"][0]["uid"] == deployment["metadata"]["uid"]
            && other["spec"]["replicas"].as_u64() > Some(0)
    });
    let of = |set: &Value| {
        let number = set["metadata"]["annotations"][REVISION].as_str()?.parse().ok()?;
        Some((number, set["metadata"]["name"].as_str()?.to_owned()))
    };
    own.filter_map(of).collect()
}

/// Whether the controller of a workload has read its last change and begun to act on it.
fn is_observed(item: &Value, all: &[Value]) -> bool {
    match item["kind"].as_str() {
        Some("ControllerRevision" | "ReplicaSet") => return true,
        Some("Deployment") if item["spec"]["paused"] != true => {
            let current = item["metadata"]["annotations"][REVISION].as_str();
            let current = current.and_then(|number| number.parse().ok());
            if !with_pods(item, all).iter().any(|(number, _)| Some(*number) == current) {
                return false;
            }
        }
        _ => {}
    }
    item["status"]["observedGeneration"] == item["metadata"]["generation"]
}

fn seen(item: &Value, all: &[Value]) -> Option<(String, Seen)> {
    let kind = item["kind"].as_str()?;
    let name = item["metadata"]["name"].as_str()?;
    let revision = match kind {
        // The newest `ReplicaSet` with pods: a paused Deployment may have a newer one without pods.
        "Deployment" => with_pods(item, all).into_iter().max().unwrap_or_default().1,
        "StatefulSet" => item["status"]["updateRevision"].to_string(),
        "DaemonSet" => {
            let uid = &item["metadata"]["uid"];
            let own = all.iter().filter(|other| {
                other["kind"] == "ControllerRevision"
                    && other["metadata"]["ownerReferences"][0]["uid"] == *uid
            });
            let latest = own.filter_map(|revision| revision["revision"].as_u64()).max();
            latest.unwrap_or(0).to_string()
        }
        _ => return None,
    };
    let replicas = item["spec"]["replicas"].as_u64();
    let sets = with_pods(item, all).into_iter().map(|(_, name)| name).collect();
    Some((format!("{kind} {name}"), Seen { revision, sets, replicas }))
}
