//! Finds sidecars in a pod spec that watch files or objects, and the volumes that they watch.

use super::references::clean;
use crate::finding::sidecar::SidecarDoubt;
use crate::k8s::sidecars::{self, OneShot, SidecarProgram, Watch};
use crate::k8s::sites::CONTAINER_LISTS;
use crate::text::Span;
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// A sidecar of a known kind.
pub struct Sidecar {
    /// The row of the program.
    pub row: &'static SidecarProgram,
    /// The name of its container.
    pub container: SmolStr,
    /// Where its image is written.
    pub at: Span,
    /// The volumes of ConfigMaps and Secrets that it watches.
    pub volumes: Vec<Watched>,
    /// The label of the objects that it finds through the API server.
    pub label: Option<SmolStr>,
    /// Whether it reads only once, at the start of the pod.
    pub once: bool,
}

/// A volume that a sidecar watches.
pub struct Watched {
    /// The name of the volume.
    pub name: SmolStr,
    /// The volume in the text: the references inside are those that it watches.
    pub span: Span,
    /// The reason why a change may still need a new pod.
    pub doubt: Option<SidecarDoubt>,
}

/// The parts of a container that matter here.
struct Container<'a> {
    node: Cursor<'a>,
    /// Whether it ends before the other containers start: an init container that is not a sidecar.
    ends_first: bool,
    image: Option<(&'static SidecarProgram, Span)>,
}

/// A volume that shows ConfigMaps or Secrets.
struct Volume {
    name: SmolStr,
    span: Span,
    /// The path of its only file, if `items` name exactly one.
    only_file: Option<SmolStr>,
}

/// Finds the sidecars of a pod spec.
pub(super) fn read(pod_spec: Cursor<'_>) -> Vec<Sidecar> {
    let containers = containers(pod_spec);
    if containers.iter().all(|c| c.image.is_none()) {
        return Vec::new();
    }
    let volumes = volumes(pod_spec);
    let sidecars = containers.iter().filter_map(|container| {
        let (row, at) = container.image?;
        let flags = flags(container.node);
        let variable = |name: &str| variable(container.node, name);
        let once = container.ends_first
            || row.once.iter().any(|once| match once {
                OneShot::ZeroFlag(flag) => flags.iter().any(|(f, v)| f == flag && is_zero(v)),
                OneShot::Env(name, value) => variable(name).as_deref() == Some(*value),
            });
        let watched =
            if once { Vec::new() } else { watched(row, &flags, container, &containers, &volumes) };
        Some(Sidecar {
            row,
            container: container.node.string("name").unwrap_or_default(),
            at,
            volumes: watched,
            label: row.label.and_then(variable),
            once,
        })
    });
    sidecars.collect()
}

fn containers(pod_spec: Cursor<'_>) -> Vec<Container<'_>> {
    let mut found = Vec::new();
    for name in CONTAINER_LISTS {
        for node in pod_spec.list(name) {
            let image = node.get("image").and_then(|at| {
                let row = sidecars::reloader(&at.str()?)?;
                Some((row, at.span()))
            });
            let stays = || node.string("restartPolicy").as_deref() == Some("Always");
            found.push(Container {
                node,
                ends_first: *name == "initContainers" && !stays(),
                image,
            });
        }
    }
    found
}

fn volumes(pod_spec: Cursor<'_>) -> Vec<Volume> {
    let mut found = Vec::new();
    for node in pod_spec.list("volumes") {
        let field = |name: &str| node.get(name).filter(|value| value.is_mapping());
        let single = field("configMap").or_else(|| field("secret"));
        if single.is_none() && field("projected").is_none() {
            continue;
        }
        let mut items = single.into_iter().flat_map(|source| source.list("items"));
        let only_file = match (items.next(), items.next()) {
            (Some(item), None) => item.filled("path"),
            _ => None,
        };
        if let Some(name) = node.filled("name") {
            found.push(Volume { name, span: node.span(), only_file });
        }
    }
    found
}

/// The flags of a container and their values: `--flag=value`, `--flag value`, and with one dash.
fn flags(container: Cursor<'_>) -> Vec<(String, String)> {
    let words = ["command", "args"].into_iter().flat_map(|field| container.list(field));
    let words: Vec<String> = words.filter_map(|word| Some(word.str()?.into_owned())).collect();
    let mut found = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let Some(flag) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
            continue;
        };
        match (flag.split_once('='), words.get(i + 1)) {
            (Some((flag, value)), _) => found.push((flag.to_owned(), value.to_owned())),
            (None, Some(value)) => found.push((flag.to_owned(), value.clone())),
            (None, None) => {}
        }
    }
    found
}

/// The literal value of an environment variable; the last of several counts.
fn variable(container: Cursor<'_>, name: &str) -> Option<SmolStr> {
    let entries = container.list("env");
    let entry = entries.filter(|entry| entry.string("name").as_deref() == Some(name)).last()?;
    entry.filled("value")
}

/// Whether a duration such as `0`, `0s` or `0m0s` is zero.
fn is_zero(duration: &str) -> bool {
    duration.contains('0') && !duration.contains(|c: char| matches!(c, '1'..='9'))
}

fn watched(
    row: &SidecarProgram,
    flags: &[(String, String)],
    sidecar: &Container<'_>,
    containers: &[Container<'_>],
    volumes: &[Volume],
) -> Vec<Watched> {
    let mut found: Vec<Watched> = Vec::new();
    for (flag, value) in flags {
        let Some(watch) = row.watches.iter().find(|watch| match watch {
            Watch::Directory(name) | Watch::File(name) => name == flag,
        }) else {
            continue;
        };
        let mut directory = clean(value);
        let file = match watch {
            Watch::Directory(_) => None,
            Watch::File(_) => directory.pop(),
        };
        // The sidecar notices a change only if the volume is mounted at the watched directory
        // itself.
        for mount in sidecar.node.list("volumeMounts") {
            let path = mount.filled("mountPath");
            let volume = mount.filled("name");
            let volume = volume.and_then(|name| volumes.iter().find(|volume| volume.name == name));
            let (Some(path), Some(volume)) = (path, volume) else {
                continue;
            };
            let in_part =
                ["subPath", "subPathExpr"].iter().any(|field| mount.filled(field).is_some());
            if clean(&path) != directory || in_part {
                continue;
            }
            let doubt = match &file {
                Some(file) if volume.only_file.as_deref() != Some(file) => {
                    Some(SidecarDoubt::OneFile)
                }
                _ => doubt(sidecar, containers, volume),
            };
            match found.iter_mut().find(|known| known.name == volume.name) {
                Some(known) if doubt.is_none() => known.doubt = None,
                Some(_) => {}
                None => found.push(Watched { name: volume.name.clone(), span: volume.span, doubt }),
            }
        }
    }
    found
}

/// Whether a container that the sidecar may not reach mounts the volume.
fn doubt(
    sidecar: &Container<'_>,
    containers: &[Container<'_>],
    volume: &Volume,
) -> Option<SidecarDoubt> {
    let mut others = 0;
    for container in containers.iter().filter(|c| c.node != sidecar.node) {
        let mut mounts = container.node.list("volumeMounts");
        let is_mounted = mounts.any(|mount| mount.filled("name").as_ref() == Some(&volume.name));
        if is_mounted && container.ends_first {
            return Some(SidecarDoubt::InitContainer);
        }
        others += usize::from(is_mounted);
    }
    (others > 1).then_some(SidecarDoubt::SeveralReaders)
}
