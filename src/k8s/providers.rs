//! PROVIDERS: the kinds that hold the content of a ConfigMap or Secret, and the kinds that only say
//! that a controller in the cluster will create one.
//!
//! The rows are part of scheme v1: a test compares them with `testdata/golden/v1-rows.txt`.

use super::Since;
use crate::yaml::path::FieldPath;
use smol_str::SmolStr;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;

/// The kind of object that a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum Target {
    /// `v1 ConfigMap`
    ConfigMap,
    /// `v1 Secret`
    Secret,
}

impl Target {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::ConfigMap, Self::Secret];

    /// The source of this kind, as manifests write it.
    pub fn of_kind(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == kind)
    }

    /// The kind as it stands in manifests and in digest lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// How the values of a content field become the bytes that a pod gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The string as UTF-8.
    Text,
    /// Base64, as Go's `StdEncoding` decodes it.
    Base64,
    /// Any node, as JSON with sorted keys: one entry, named after the field.
    Tree,
}

/// A field of a provider whose entries are keys and values.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// The path to the field.
    pub path: FieldPath,
    /// How its values are written.
    pub encoding: Encoding,
    /// Whether its keys can become environment variables: `binaryData` never does.
    pub env: bool,
    /// Whether its keys have priority over those of earlier fields.
    pub overrides: bool,
    /// The prefix of its keys in the digest where they are not the keys that pods read (see
    /// [`Provider::whole_if`]).
    pub prefix: &'static str,
}

/// A kind that provides content which pods read.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The API group.
    pub group: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// The kind that references to the provided object name.
    pub provides: Target,
    /// The paths to the name of the provided object; the first that exists counts. `[]` behind a
    /// field means each of its items; each item then provides an object.
    pub names: Vec<FieldPath>,
    /// The paths to the namespace of the provided object; the first that exists counts.
    pub namespaces: Vec<FieldPath>,
    /// The fields with its content. An external provider has none: a controller makes the content.
    pub contents: Vec<Content>,
    /// Paths to fields that can turn one entry into several keys of the result. If one of these
    /// fields exists, every reference that reads any key adds all entries, each with its prefix.
    pub whole_if: Vec<FieldPath>,
    /// The values of `type` for which a controller in the cluster fills the object.
    pub filled_if_type: &'static [&'static str],
    /// Which users get stamps because of this row.
    pub since: Since,
}

const OWN_NAME: &[&str] = &["metadata/name"];
const OWN_NAMESPACE: &[&str] = &["metadata/namespace"];

fn text(path: &str) -> Content {
    Content {
        path: FieldPath::parse(path),
        encoding: Encoding::Text,
        env: true,
        overrides: false,
        prefix: "",
    }
}

fn external(group: &'static str, kind: &'static str, names: &[&str]) -> Provider {
    Provider {
        group: SmolStr::new_static(group),
        kind: SmolStr::new_static(kind),
        provides: Target::Secret,
        names: FieldPath::all(names),
        namespaces: FieldPath::all(OWN_NAMESPACE),
        contents: Vec::new(),
        whole_if: Vec::new(),
        filled_if_type: &[],
        since: Since::V1,
    }
}

/// One row for each kind.
pub static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    vec![
        // https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/
        Provider {
            group: SmolStr::new_static(""),
            kind: SmolStr::new_static("ConfigMap"),
            provides: Target::ConfigMap,
            names: FieldPath::all(OWN_NAME),
            namespaces: FieldPath::all(OWN_NAMESPACE),
            contents: vec![
                text("data"),
                Content { encoding: Encoding::Base64, env: false, ..text("binaryData") },
            ],
            whole_if: Vec::new(),
            filled_if_type: &[],
            since: Since::V1,
        },
        // https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
        // (`stringData` wins over `data` when both hold a key). The token controller fills the Secrets of
        // service accounts.
        Provider {
            group: SmolStr::new_static(""),
            kind: SmolStr::new_static("Secret"),
            provides: Target::Secret,
            names: FieldPath::all(OWN_NAME),
            namespaces: FieldPath::all(OWN_NAMESPACE),
            contents: vec![
                Content { encoding: Encoding::Base64, ..text("data") },
                Content { overrides: true, ..text("stringData") },
            ],
            whole_if: Vec::new(),
            filled_if_type: &["kubernetes.io/service-account-token"],
            since: Since::V1,
        },
        // github.com/bitnami-labs/sealed-secrets pkg/apis/sealedsecrets/v1alpha1: the controller makes the
        // Secret of the template's metadata, and merges `template.data` with what it decrypts.
        Provider {
            group: SmolStr::new_static("bitnami.com"),
            kind: SmolStr::new_static("SealedSecret"),
            provides: Target::Secret,
            names: FieldPath::all(&["spec/template/metadata/name", "metadata/name"]),
            namespaces: FieldPath::all(&["spec/template/metadata/namespace", "metadata/namespace"]),
            contents: vec![
                Content { prefix: "encryptedData/", ..text("spec/encryptedData") },
                Content { prefix: "template.data/", ..text("spec/template/data") },
                Content { prefix: "data/", ..text("spec/data") },
            ],
            whole_if: FieldPath::all(&["spec/template/data", "spec/data"]),
            filled_if_type: &[],
            since: Since::V1,
        },
        // https://external-secrets.io/latest/api/externalsecret/
        external("external-secrets.io", "ExternalSecret", &["spec/target/name", "metadata/name"]),
        // https://external-secrets.io/latest/api/clusterexternalsecret/
        external(
            "external-secrets.io",
            "ClusterExternalSecret",
            &["spec/externalSecretSpec/target/name", "spec/externalSecretName", "metadata/name"],
        ),
        // https://cert-manager.io/docs/reference/api-docs/#cert-manager.io/v1.CertificateSpec
        external("cert-manager.io", "Certificate", &["spec/secretName"]),
        // https://secrets-store-csi-driver.sigs.k8s.io/topics/sync-as-kubernetes-secret
        external(
            "secrets-store.csi.x-k8s.io",
            "SecretProviderClass",
            &["spec/secretObjects[]/secretName"],
        ),
    ]
});

/// The default row of a kind, if it provides anything.
pub fn provider(group: &str, kind: &str) -> Option<&'static Provider> {
    let mut rows = PROVIDERS.iter().filter(|row| row.since == Since::V1);
    rows.find(|row| row.kind == kind && row.group == group)
}
