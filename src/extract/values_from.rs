//! Reads Flux objects that take values from ConfigMaps and Secrets: a `HelmRelease`
//! (`spec.valuesFrom`) and a `Kustomization` (`spec.postBuild.substituteFrom`). They are not
//! workloads, and the manifests that Flux makes from the values are not in the input.

use super::Keys;
use super::objects::ObjectNode;
use crate::k8s::id::Identity;
use crate::k8s::providers::Target;
use crate::text::Span;
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// An object that takes values.
pub struct ValuesReader {
    /// The identity of the object.
    pub id: Identity,
    /// The interval at which its controller reads the values, as written: `30m`.
    pub interval: SmolStr,
    /// Where its name is written.
    pub name_span: Span,
    /// The field that names the sources of its values, without `spec`.
    pub field: &'static str,
    /// The sources of its values, in the order of the text.
    pub reads: Vec<ValuesReference>,
}

/// A ConfigMap or a Secret that an object takes values from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesReference {
    /// The kind of the named object.
    pub target: Target,
    /// The name.
    pub name: SmolStr,
    /// Where the name is written.
    pub at: Span,
    /// The only key that is read; all keys if absent.
    pub key: Option<SmolStr>,
    /// Whether the source may be absent.
    pub optional: bool,
}

/// On a ConfigMap or a Secret: a change of it reaches Flux at once (Flux 2.7 and later;
/// `--watch-configs-label-selector` of helm-controller and kustomize-controller).
const WATCH: (&str, &str) = ("reconcile.fluxcd.io/watch", "Enabled");

impl ValuesReference {
    /// Which keys it reads.
    pub fn keys(&self) -> Keys {
        match &self.key {
            Some(key) => Keys::Listed([key.clone()].into()),
            None => Keys::All,
        }
    }
}

/// The fields with such lists: API group, kind, the path below `spec`, and the key that is read if
/// the item has no `valuesKey`; `None` if all keys are read.
const LISTS: &[(&str, &str, &str, Option<&str>)] = &[
    // fluxcd.io/flux/components/helm/helmreleases/#values-references
    ("helm.toolkit.fluxcd.io", "HelmRelease", "valuesFrom", Some("values.yaml")),
    // fluxcd.io/flux/components/kustomize/kustomizations/#post-build-substitute-from
    ("kustomize.toolkit.fluxcd.io", "Kustomization", "postBuild.substituteFrom", None),
];

impl ValuesReader {
    /// The reader of values in an object, if it is one.
    pub(super) fn of(object: &ObjectNode<'_>) -> Option<Self> {
        let (group, _) = Identity::split_api_version(&object.api_version);
        let mut lists = LISTS.iter().filter(|(g, kind, ..)| *g == group && *kind == object.kind);
        let (_, _, field, default_key) = lists.next()?;
        let spec = object.node.get("spec")?;
        let list = field.split('.').try_fold(spec, |at, field| at.get(field))?;
        let read = |item: Cursor<'_>| {
            let key = default_key.map(|default| item.filled("valuesKey").unwrap_or(default.into()));
            Some(ValuesReference {
                target: Target::of_kind(&item.string("kind")?)?,
                name: item.filled("name")?,
                at: item.get("name")?.span(),
                key,
                optional: item.get("optional").is_some_and(Cursor::is_true),
            })
        };
        Some(Self {
            id: object.identity(),
            interval: spec.filled("interval").unwrap_or_default(),
            name_span: object.node.at(["metadata", "name"]).unwrap_or(object.node).span(),
            field,
            reads: list.items().filter_map(read).collect(),
        })
    }
}

/// Whether a change of a ConfigMap or a Secret reaches Flux at once.
pub(super) fn is_watched(source: Cursor<'_>) -> bool {
    let mut labels = source.at(["metadata", "labels"]).into_iter().flat_map(Cursor::pairs);
    labels.any(|(key, value)| key.is_key(WATCH.0) && value.str().as_deref() == Some(WATCH.1))
}
