//! Reads the annotations of workloads and sources for controllers that roll pods, and the sources
//! that a workload adds to those of its pod template.

use super::objects::ObjectNode;
use super::{Reader, labels};
use crate::compat::Annotations;
use crate::compat::reloader::Tags;
use crate::compat::selection::Carried;
use crate::config::policy::Collector;
use crate::finding::{Code, Finding};
use crate::k8s::controllers::{RELOADER_DOMAIN, RELOADER_ENV, RELOADER_KEYS, WAVE_DOMAIN};
use crate::k8s::id::Identity;
use crate::k8s::providers::Target;
use crate::k8s::sites::CONTAINER_LISTS;
use crate::yaml::Cursor;
use crate::yaml::path::{Route, Step};
use memchr::memmem::Finder;
use smol_str::SmolStr;
use std::sync::LazyLock;

/// On a workload: sources that it reads in ways that the pod spec does not show, `ConfigMap/name`
/// or `Secret/namespace/name`. All of their keys count.
pub const ALSO: &str = "rollstamp.dev/also";
/// On a workload: it is stamped if only annotated workloads are.
pub const STAMP: &str = "rollstamp.dev/stamp";

/// The annotations of a workload about its reads.
#[derive(Default)]
pub struct ReadAnnotations {
    /// The annotations for controllers and for rollstamp.
    pub carried: Carried,
    /// The sources that it adds.
    pub also: Vec<AddedSource>,
    /// The environment variables that Reloader wrote.
    pub variables: Vec<String>,
    /// Whether it mounts a class of the secrets store CSI driver.
    pub provider_class: bool,
}

/// A source that a workload reads although its pod template does not name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedSource {
    /// The kind of the source.
    pub target: Target,
    /// The namespace of the source; if absent, that of the workload.
    pub namespace: Option<SmolStr>,
    /// The name of the source.
    pub name: SmolStr,
}

/// Reads the annotations of a workload and of its pod template; `None` if none of them concerns
/// reads.
pub(super) fn of_workload(
    reader: &mut Reader<'_>,
    object: Cursor<'_>,
    template: Cursor<'_>,
    id: &Identity,
) -> Option<Box<ReadAnnotations>> {
    let workload = annotations(reader, object);
    let of_template =
        if template == object { Annotations::default() } else { annotations(reader, template) };
    let variables = variables(template);
    let provider_class = PROVIDER_CLASS.find(template.raw().as_bytes()).is_some();
    let says_nothing = workload.0.is_empty() && of_template.0.is_empty();
    if says_nothing && variables.is_empty() && !provider_class {
        return None;
    }
    let own = |key| workload.get(key).or_else(|| of_template.get(key)).map(str::to_owned);
    let (stamp, also) = (own(STAMP), own(ALSO));
    let also = also.map_or_else(Vec::new, |list| also_of(reader, object, &list, id));
    let opted_in = stamp.as_deref() == Some("true");
    let carried = Carried { workload, template: of_template, opted_in };
    Some(Box::new(ReadAnnotations { carried, also, variables, provider_class }))
}

/// Finds a `SecretProviderClass` in the text of a pod template.
static PROVIDER_CLASS: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("secretProviderClass"));

/// Finds the beginning of the names of variables that Reloader writes.
static WROTE_ENV: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(RELOADER_ENV));

/// The environment variables of a pod template that Reloader wrote.
fn variables(template: Cursor<'_>) -> Vec<String> {
    if WROTE_ENV.find(template.raw().as_bytes()).is_none() {
        return Vec::new();
    }
    let Some(spec) = template.get("spec") else {
        return Vec::new();
    };
    let containers = CONTAINER_LISTS.iter().flat_map(|field| spec.list(field));
    let names = containers.flat_map(|container| container.list("env"));
    let names = names.filter_map(|entry| entry.string("name"));
    names.filter(|name| name.starts_with(RELOADER_ENV)).map(String::from).collect()
}

/// The meaning of the annotations and labels of a source for Reloader, in the namespace of the
/// source.
pub(super) fn of_source(
    reader: &Reader<'_>,
    node: Cursor<'_>,
    target: Target,
    namespace: Option<&str>,
) -> Tags {
    let Some(options) = &reader.options.rules.compat.reloader else {
        return Tags::default();
    };
    let namespace = namespace.or(reader.options.namespace.as_deref());
    let mut tags = Tags::of(options, &annotations(reader, node));
    tags.ignored |= !options.watches(target, namespace)
        || (!options.resource_labels.is_empty() && !options.resource_labels.fits(&labels(node)));
    tags
}

/// A namespace that this object defines, and whether a Reloader that is followed watches it by its
/// labels; `None` if labels do not matter.
pub(super) fn of_namespace(reader: &Reader<'_>, object: Cursor<'_>) -> Option<(SmolStr, bool)> {
    let options = reader.options.rules.compat.reloader.as_ref()?;
    if options.namespace_labels.is_empty() {
        return None;
    }
    let name = object.get("metadata")?.string("name")?;
    let watched = options.watches_labelled(&name, labels(object));
    Some((name, watched))
}

/// The rows of the configuration that collect a source by its labels: one bit for each row.
pub(super) fn collected(reader: &Reader<'_>, node: Cursor<'_>, target: Target) -> u64 {
    let rows = &reader.options.rules.collectors;
    if rows.is_empty() {
        return 0;
    }
    let labels = labels(node);
    let collects = |row: &&(usize, &Collector)| {
        row.1.target == target && row.1.labels.iter().all(|label| labels.contains(label))
    };
    let rows: Vec<(usize, &Collector)> = rows.iter().enumerate().collect();
    rows.iter().filter(collects).fold(0, |bits, (number, _)| bits | (1 << number))
}

/// The annotations of an object or a pod template that controllers or the option `select` use.
fn annotations(reader: &Reader<'_>, node: Cursor<'_>) -> Annotations {
    let renamed = reader.options.rules.compat.reloader.as_ref().map(|options| &options.keys);
    let matters = |key: &str| {
        key.contains(RELOADER_DOMAIN)
            || key.starts_with(WAVE_DOMAIN)
            || key.starts_with("rollstamp.dev/")
            || renamed.is_some_and(|keys| keys.values().any(|own| own == key))
    };
    let Some(mapping) = node.at(["metadata", "annotations"]) else {
        return Annotations::default();
    };
    let entries = mapping.pairs().filter_map(|(key, value)| {
        let key = key.key().ok().filter(|key| matters(key))?;
        Some((key.into(), value.str()?.into_owned()))
    });
    Annotations(entries.collect())
}

/// Reports annotations of a Reloader that is followed in the values of a HelmRelease: only the
/// chart decides their effect.
pub(super) fn in_values(reader: &mut Reader<'_>, object: &ObjectNode<'_>) {
    let Some(options) = &reader.options.rules.compat.reloader else {
        return;
    };
    let values = object.node.at(["spec", "values"]).filter(|_| object.kind == "HelmRelease");
    let Some(values) = values else {
        return;
    };
    let keys: Vec<&str> = RELOADER_KEYS.iter().map(|row| options.key(row.role)).collect();
    let mut found = Vec::new();
    search(values, &mut Route(vec![field("spec"), field("values")]), &keys, &mut found);
    let id = object.identity();
    for (path, key, at) in found {
        let message = format!("{id} has `{key}` in its values, at `{path}`");
        let finding = Finding::new(Code::ReloaderInValues, message);
        let finding = finding.about(id.to_string()).at(reader.place(at)).help(
            "stamp what the chart renders (a post-renderer), and take the annotation out of the values",
        );
        reader.facts.findings.push(finding);
    }
}

fn field(name: &str) -> Step {
    Step::Field(name.into())
}

/// The keys below a node, each with the path to the mapping that holds it.
fn search<'a>(
    node: Cursor<'a>,
    route: &mut Route,
    keys: &[&str],
    found: &mut Vec<(Route, String, Cursor<'a>)>,
) {
    for (key, value) in node.pairs() {
        let Ok(name) = key.key() else { continue };
        if keys.contains(&name.as_ref()) {
            found.push((route.clone(), name.into_owned(), key));
        } else {
            route.0.push(field(&name));
            search(value, route, keys, found);
            route.0.pop();
        }
    }
    let items = node.is_sequence().then(|| node.children());
    for (number, item) in items.into_iter().flatten().enumerate() {
        route.0.push(Step::Item(number));
        search(item, route, keys, found);
        route.0.pop();
    }
}

/// The entries of [`ALSO`]. An entry that names no kind of source is an error; otherwise a typo
/// would have no visible effect.
fn also_of(
    reader: &mut Reader<'_>,
    object: Cursor<'_>,
    list: &str,
    id: &Identity,
) -> Vec<AddedSource> {
    let mut found = Vec::new();
    for entry in super::names_in(list) {
        let mut parts = entry.split('/').map(str::trim);
        let target = parts.next().and_then(Target::of_kind);
        let names: Vec<&str> = parts.collect();
        let also = match (target, names.as_slice()) {
            (Some(target), [name]) if !name.is_empty() => {
                AddedSource { target, namespace: None, name: (*name).into() }
            }
            (Some(target), [namespace, name]) if !name.is_empty() && !namespace.is_empty() => {
                AddedSource { target, namespace: Some((*namespace).into()), name: (*name).into() }
            }
            _ => {
                let message = format!("{id} says `{entry}` in `{ALSO}`, which names no source");
                let finding = Finding::new(Code::UnknownName, message)
                    .about(id.to_string())
                    .at(reader.place(object))
                    .help("write `ConfigMap/name` or `Secret/namespace/name`, several with commas");
                reader.facts.findings.push(finding);
                continue;
            }
        };
        found.push(also);
    }
    found
}
