//! Sidecars in a pod spec that follow files or objects, and the volumes that they watch.

use super::Reader;
use super::references::clean;
use crate::finding::sidecar::Doubt;
use crate::k8s::sidecars::{self, Once, Reloader, Watch};
use crate::k8s::sites::CONTAINER_LISTS;
use crate::text::Span;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Kind, NodeId};

/// A sidecar of a known kind.
pub struct Sidecar {
    /// Its row.
    pub row: &'static Reloader,
    /// The name of its container.
    pub container: String,
    /// Where its image is written.
    pub at: Span,
    /// The volumes of ConfigMaps and Secrets that it watches.
    pub volumes: Vec<Watched>,
    /// The label of the objects that it finds through the API server.
    pub label: Option<String>,
    /// Whether it looks once, at the start of the pod, and never again.
    pub once: bool,
}

/// A volume that a sidecar watches.
pub struct Watched {
    /// The name of the volume.
    pub name: String,
    /// The volume in the text: the references inside are those that it watches.
    pub span: Span,
    /// Why a change may still need a new pod.
    pub doubt: Option<Doubt>,
}

/// A container, as far as it matters here.
struct Container {
    node: NodeId,
    /// Whether it ends before the others begin: an init container that is no sidecar.
    ends_first: bool,
    image: Option<(&'static Reloader, Span)>,
}

/// A volume that shows ConfigMaps or Secrets.
struct Volume {
    name: String,
    span: Span,
    /// The path of its only file, where `items` name just one.
    only_file: Option<String>,
}

/// Finds the sidecars of a pod spec.
pub(super) fn read(reader: &Reader<'_>, pod_spec: NodeId) -> Vec<Sidecar> {
    let containers = containers(reader, pod_spec);
    if containers.iter().all(|c| c.image.is_none()) {
        return Vec::new();
    }
    let volumes = volumes(reader, pod_spec);
    let sidecars = containers.iter().filter_map(|container| {
        let (row, at) = container.image?;
        let flags = flags(reader, container.node);
        let variable = |name: &str| variable(reader, container.node, name);
        let once = container.ends_first
            || row.once.iter().any(|once| match once {
                Once::ZeroFlag(flag) => flags.iter().any(|(f, v)| f == flag && is_zero(v)),
                Once::Env(name, value) => variable(name).as_deref() == Some(*value),
            });
        let watched = if once {
            Vec::new()
        } else {
            watched(reader, row, &flags, container, &containers, &volumes)
        };
        Some(Sidecar {
            row,
            container: string(reader, container.node, "name").unwrap_or_default(),
            at,
            volumes: watched,
            label: row.label.and_then(variable),
            once,
        })
    });
    sidecars.collect()
}

fn string(reader: &Reader<'_>, mapping: NodeId, name: &str) -> Option<String> {
    let text = reader.string(mapping, name).filter(|text| !text.is_empty());
    text.map(String::from)
}

fn list(reader: &Reader<'_>, mapping: NodeId, name: &str) -> Vec<NodeId> {
    let list = reader.document.value(reader.text, mapping, name);
    list.into_iter().flat_map(|list| reader.document.items(list)).collect()
}

fn containers(reader: &Reader<'_>, pod_spec: NodeId) -> Vec<Container> {
    let mut found = Vec::new();
    for name in CONTAINER_LISTS {
        for node in list(reader, pod_spec, name) {
            let image = reader.document.value(reader.text, node, "image");
            let image = image.and_then(|at| {
                let row = sidecars::reloader(&string(reader, node, "image")?)?;
                Some((row, reader.document.node(at).span))
            });
            let stays = || string(reader, node, "restartPolicy").as_deref() == Some("Always");
            found.push(Container {
                node,
                ends_first: *name == "initContainers" && !stays(),
                image,
            });
        }
    }
    found
}

fn volumes(reader: &Reader<'_>, pod_spec: NodeId) -> Vec<Volume> {
    let document = reader.document;
    let mut found = Vec::new();
    for node in list(reader, pod_spec, "volumes") {
        let field = |name: &str| {
            let value = document.value(reader.text, node, name)?;
            (document.node(value).kind == Kind::Mapping).then_some(value)
        };
        let single = field("configMap").or_else(|| field("secret"));
        if single.is_none() && field("projected").is_none() {
            continue;
        }
        let items = single.map_or_else(Vec::new, |source| list(reader, source, "items"));
        let only_file = match items.as_slice() {
            [item] => string(reader, *item, "path"),
            _ => None,
        };
        if let Some(name) = string(reader, node, "name") {
            found.push(Volume { name, span: document.node(node).span, only_file });
        }
    }
    found
}

/// The flags of a container and their values: `--flag=value`, `--flag value`, and with one dash.
fn flags(reader: &Reader<'_>, container: NodeId) -> Vec<(String, String)> {
    let words: Vec<String> = ["command", "args"]
        .into_iter()
        .flat_map(|field| list(reader, container, field))
        .filter_map(|word| match resolve::value(reader.document, reader.text, word) {
            Ok(Value::Str(word)) => Some(word.into_owned()),
            _ => None,
        })
        .collect();
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

/// The value of an environment variable that is written out; the last of several counts.
fn variable(reader: &Reader<'_>, container: NodeId, name: &str) -> Option<String> {
    let entries = list(reader, container, "env");
    let entry = entries
        .into_iter()
        .rfind(|entry| string(reader, *entry, "name").as_deref() == Some(name))?;
    string(reader, entry, "value")
}

/// Whether a duration such as `0`, `0s` or `0m0s` is none.
fn is_zero(duration: &str) -> bool {
    duration.contains('0') && !duration.contains(|c: char| matches!(c, '1'..='9'))
}

fn watched(
    reader: &Reader<'_>,
    row: &Reloader,
    flags: &[(String, String)],
    sidecar: &Container,
    containers: &[Container],
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
        // Only a mount at the watched directory itself tells about a change.
        let mounts = list(reader, sidecar.node, "volumeMounts");
        for mount in mounts {
            let path = string(reader, mount, "mountPath");
            let volume = string(reader, mount, "name")
                .and_then(|name| volumes.iter().find(|volume| volume.name == name));
            let (Some(path), Some(volume)) = (path, volume) else {
                continue;
            };
            let in_part = ["subPath", "subPathExpr"]
                .iter()
                .any(|field| string(reader, mount, field).is_some());
            if clean(&path) != directory || in_part {
                continue;
            }
            let doubt = match &file {
                Some(file) if volume.only_file.as_ref() != Some(file) => Some(Doubt::OneFile),
                _ => doubt(reader, sidecar, containers, volume),
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

/// Whether somebody mounts the volume whom the sidecar may not reach.
fn doubt(
    reader: &Reader<'_>,
    sidecar: &Container,
    containers: &[Container],
    volume: &Volume,
) -> Option<Doubt> {
    let mut others = 0;
    for container in containers.iter().filter(|c| c.node != sidecar.node) {
        let mounts = list(reader, container.node, "volumeMounts");
        let is_mounted = mounts
            .into_iter()
            .any(|mount| string(reader, mount, "name").as_ref() == Some(&volume.name));
        if is_mounted && container.ends_first {
            return Some(Doubt::InitContainer);
        }
        others += usize::from(is_mounted);
    }
    (others > 1).then_some(Doubt::SeveralReaders)
}
