//! What a pod template reads, from the table of docs/scheme.md.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::read::{elements, text};

/// A workload kind: its API groups, the path to the pod template, and whether the scheme stamps it.
pub(crate) struct Kind {
    groups: &'static [&'static str],
    name: &'static str,
    pub(crate) template: &'static [&'static str],
    pub(crate) is_stamped: bool,
    is_builtin: bool,
}

const fn kind(
    groups: &'static [&'static str],
    name: &'static str,
    template: &'static [&'static str],
    is_stamped: bool,
    is_builtin: bool,
) -> Kind {
    Kind { groups, name, template, is_stamped, is_builtin }
}

const SPEC_TEMPLATE: &[&str] = &["spec", "template"];

const KINDS: [Kind; 11] = [
    kind(&["apps", "extensions"], "Deployment", SPEC_TEMPLATE, true, true),
    kind(&["apps"], "StatefulSet", SPEC_TEMPLATE, true, true),
    kind(&["apps", "extensions"], "DaemonSet", SPEC_TEMPLATE, true, true),
    kind(&["apps", "extensions"], "ReplicaSet", SPEC_TEMPLATE, false, true),
    kind(&[""], "ReplicationController", SPEC_TEMPLATE, false, true),
    kind(&["batch"], "Job", SPEC_TEMPLATE, false, true),
    kind(&["batch"], "CronJob", &["spec", "jobTemplate", "spec", "template"], false, true),
    kind(&[""], "Pod", &[], false, true),
    kind(&[""], "PodTemplate", &["template"], false, true),
    kind(&["apps.openshift.io"], "DeploymentConfig", SPEC_TEMPLATE, true, false),
    kind(&["argoproj.io"], "Rollout", SPEC_TEMPLATE, true, false),
];

/// The group of an `apiVersion`; the core group is empty.
pub(crate) fn group(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

/// Whether any group has a workload kind of this name.
pub(crate) fn is_known(kind: &str) -> bool {
    KINDS.iter().any(|row| row.name == kind)
}

/// The row of a workload kind.
pub(crate) fn workload_kind(api_version: &str, kind: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|row| row.name == kind && row.groups.contains(&group(api_version)))
}

/// Which keys of its source a reference reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keys {
    /// One key, by an environment variable.
    Env(String),
    /// All keys that can be environment variables.
    EnvAll,
    /// The listed keys of a volume.
    Listed(BTreeSet<String>),
    /// All keys of a volume.
    All,
    /// The keys of a volume that equal, lie below or lie above one of these cleaned paths.
    Beside(Vec<Vec<String>>),
    /// No key: the volume is not mounted, or the Secret is used at mount or pull time.
    Nothing,
}

impl Keys {
    /// Whether the reference reads a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        match self {
            Self::Env(only) => only == key,
            Self::Listed(keys) => keys.contains(key),
            Self::EnvAll | Self::All => true,
            Self::Beside(paths) => is_beside(key, paths),
            Self::Nothing => false,
        }
    }

    /// Whether a ConfigMap's `binaryData` is read too.
    pub(crate) fn with_binary(&self) -> bool {
        !matches!(self, Self::Env(_) | Self::EnvAll)
    }

    /// Whether the site reads keys, whatever keys the source has.
    pub(crate) fn reads(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Listed(keys) => !keys.is_empty(),
            _ => true,
        }
    }
}

/// One place in a pod spec that names a ConfigMap or a Secret.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub(crate) target: &'static str,
    pub(crate) name: String,
    pub(crate) site: String,
    pub(crate) keys: Keys,
}

const CONTAINERS: [(&str, &str); 3] =
    [("containers", ""), ("initContainers", "init:"), ("ephemeralContainers", "ephemeral:")];

/// Every reference of a pod spec.
pub(crate) fn reads(kind: &Kind, spec: &Value) -> Vec<Read> {
    let mut found = Vec::new();
    for (list, prefix) in CONTAINERS {
        for container in elements(spec, &[list]) {
            of_container(container, prefix, &mut found);
        }
    }
    for volume in elements(spec, &["volumes"]) {
        let reach = reach(kind, spec, &text(volume, &["name"]).unwrap_or_default());
        of_volume(volume, &reach, &mut found);
    }
    for secret in elements(spec, &["imagePullSecrets"]) {
        push(&mut found, "Secret", secret, &["name"], "imagePullSecrets", |_| Keys::Nothing);
    }
    found
}

fn push(
    found: &mut Vec<Read>,
    target: &'static str,
    value: &Value,
    name: &[&str],
    site: &str,
    keys: impl Fn(&Value) -> Keys,
) {
    if let Some(name) = text(value, name) {
        found.push(Read { target, name, site: site.to_owned(), keys: keys(value) });
    }
}

fn of_container(container: &Value, prefix: &str, found: &mut Vec<Read>) {
    let one_key = |value: &Value| text(value, &["key"]).map_or(Keys::Nothing, Keys::Env);
    for variable in elements(container, &["env"]) {
        let site = format!("{prefix}env");
        for (target, field) in [("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")] {
            if let Some(value) = super::read::at(variable, &["valueFrom", field]) {
                push(found, target, value, &["name"], &site, one_key);
            }
        }
    }
    for from in elements(container, &["envFrom"]) {
        let site = format!("{prefix}envFrom");
        push(found, "ConfigMap", from, &["configMapRef", "name"], &site, |_| Keys::EnvAll);
        push(found, "Secret", from, &["secretRef", "name"], &site, |_| Keys::EnvAll);
    }
}

fn of_volume(volume: &Value, reach: &Reach, found: &mut Vec<Read>) {
    if let Some(config) = volume.get("configMap") {
        push(found, "ConfigMap", config, &["name"], "volume", |source| of_source(source, reach));
    }
    if let Some(secret) = volume.get("secret") {
        push(found, "Secret", secret, &["secretName"], "volume", |source| of_source(source, reach));
    }
    for source in elements(volume, &["projected", "sources"]) {
        for (target, field) in [("ConfigMap", "configMap"), ("Secret", "secret")] {
            if let Some(source) = source.get(field) {
                push(found, target, source, &["name"], "projected", |source| {
                    of_source(source, reach)
                });
            }
        }
    }
    push(found, "Secret", volume, &["csi", "nodePublishSecretRef", "name"], "csi", |_| {
        Keys::Nothing
    });
    push(found, "Secret", volume, &["azureFile", "secretName"], "othervol:azureFile", |_| {
        Keys::Nothing
    });
    for legacy in ["cephfs", "cinder", "flexVolume", "iscsi", "rbd", "scaleIO", "storageos"] {
        let site = format!("othervol:{legacy}");
        push(found, "Secret", volume, &[legacy, "secretRef", "name"], &site, |_| Keys::Nothing);
    }
}

/// The part of a volume that its mounts show.
enum Reach {
    Nothing,
    All,
    Beside(Vec<Vec<String>>),
}

fn reach(kind: &Kind, spec: &Value, volume: &str) -> Reach {
    if !kind.is_builtin {
        return Reach::All;
    }
    let mut paths = Vec::new();
    let mut is_mounted = false;
    for (list, _) in CONTAINERS {
        for mount in
            elements(spec, &[list]).flat_map(|container| elements(container, &["volumeMounts"]))
        {
            if text(mount, &["name"]).as_deref() != Some(volume) {
                continue;
            }
            is_mounted = true;
            let path = clean(&text(mount, &["subPath"]).unwrap_or_default());
            let leaves = path.first().is_none_or(|first| first.starts_with(".."));
            if leaves || text(mount, &["subPathExpr"]).is_some() {
                return Reach::All;
            }
            paths.push(path);
        }
    }
    if is_mounted { Reach::Beside(paths) } else { Reach::Nothing }
}

fn of_source(source: &Value, reach: &Reach) -> Keys {
    let items: Vec<(String, String)> = elements(source, &["items"])
        .filter_map(|item| Some((text(item, &["key"])?, text(item, &["path"]).unwrap_or_default())))
        .collect();
    let listed = |is_seen: &dyn Fn(&str) -> bool| {
        Keys::Listed(
            items.iter().filter(|(_, path)| is_seen(path)).map(|(key, _)| key.clone()).collect(),
        )
    };
    match reach {
        Reach::Nothing => Keys::Nothing,
        Reach::All if items.is_empty() => Keys::All,
        Reach::All => listed(&|_| true),
        Reach::Beside(paths) if items.is_empty() => Keys::Beside(paths.clone()),
        Reach::Beside(paths) => listed(&|path| is_beside(path, paths)),
    }
}

fn clean(path: &str) -> Vec<String> {
    path.split('/').filter(|element| !matches!(*element, "" | ".")).map(str::to_owned).collect()
}

fn is_beside(path: &str, others: &[Vec<String>]) -> bool {
    let path = clean(path);
    others.iter().any(|other| path.starts_with(other) || other.starts_with(&path))
}
