//! Flux objects that take values from ConfigMaps and Secrets: a `HelmRelease` (`spec.valuesFrom`) and a
//! `Kustomization` (`spec.postBuild.substituteFrom`). They are no workloads: what they make of the values is
//! not here.

use super::labels;
use super::objects::ObjectNode;
use crate::k8s::id::Identity;
use crate::k8s::providers::Target;
use crate::text::Span;
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// An object that takes values.
pub struct ValuesReader {
    /// Who it is.
    pub id: Identity,
    /// How often its controller looks by itself, as written: `30m`.
    pub interval: SmolStr,
    /// What it takes values from: kind, name, and where the name is written.
    pub reads: Vec<(Target, SmolStr, Span)>,
}

/// On a ConfigMap or a Secret: a change of it reaches Flux at once (Flux 2.7 and later;
/// `--watch-configs-label-selector` of helm-controller and kustomize-controller).
const WATCH: (&str, &str) = ("reconcile.fluxcd.io/watch", "Enabled");

/// Where the lists stand: API group, kind, and the fields.
const LISTS: &[(&str, &str, &[&str])] = &[
    // fluxcd.io/flux/components/helm/helmreleases/#values-references
    ("helm.toolkit.fluxcd.io", "HelmRelease", &["spec", "valuesFrom"]),
    // fluxcd.io/flux/components/kustomize/kustomizations/#post-build-substitute-from
    ("kustomize.toolkit.fluxcd.io", "Kustomization", &["spec", "postBuild", "substituteFrom"]),
];

impl ValuesReader {
    /// An object, if it is one.
    pub(super) fn of(object: &ObjectNode<'_>) -> Option<Self> {
        let (group, version) = Identity::split_api_version(&object.api_version);
        let mut lists = LISTS.iter().filter(|(g, kind, _)| *g == group && *kind == object.kind);
        let (_, _, fields) = lists.next()?;
        let list = fields.iter().try_fold(object.node, |at, field| at.get(field))?;
        let read = |item: Cursor<'_>| {
            let target = match item.string("kind").as_deref() {
                Some("ConfigMap") => Target::ConfigMap,
                Some("Secret") => Target::Secret,
                _ => return None,
            };
            Some((target, item.filled("name")?, item.get("name")?.span()))
        };
        let metadata = object.node.get("metadata");
        let text = |field| metadata.and_then(|at| at.filled(field));
        Some(Self {
            id: Identity {
                group: group.into(),
                version: version.into(),
                kind: object.kind.clone(),
                namespace: text("namespace"),
                name: text("name").unwrap_or_default(),
            },
            interval: object
                .node
                .get("spec")
                .and_then(|s| s.filled("interval"))
                .unwrap_or_default(),
            reads: list.items().filter_map(read).collect(),
        })
    }
}

/// Whether a change of a ConfigMap or a Secret reaches Flux at once.
pub(super) fn is_watched(source: Cursor<'_>) -> bool {
    labels(source).iter().any(|(key, value)| (key.as_str(), value.as_str()) == WATCH)
}
