//! PROVIDERS: which kinds provide the content of a ConfigMap or of a Secret, and which only say that
//! somebody in the cluster will.
//!
//! The rows with content are part of scheme v1: later ones are opt-in.

use crate::yaml::path::FieldPath;
use smol_str::SmolStr;
use std::sync::LazyLock;

/// What a reference names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `v1 ConfigMap`
    ConfigMap,
    /// `v1 Secret`
    Secret,
}

impl Target {
    /// The kind as it stands in manifests and in digest lines.
    pub fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }
}

/// How the values of a content field become the bytes that a pod gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The string as UTF-8.
    Text,
    /// Base64, as Go's `StdEncoding` decodes it.
    Base64,
    /// Whatever stands there, as JSON with sorted keys: one entry, named after the field.
    Tree,
}

/// A field of a provider whose entries are keys and values.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// The way to the field.
    pub path: FieldPath,
    /// What its values are.
    pub encoding: Encoding,
    /// Whether its keys can become environment variables: `binaryData` never does.
    pub env: bool,
    /// Whether its keys win over those of the fields before it.
    pub overrides: bool,
    /// What stands before its keys where nothing maps them to what pods read (see
    /// [`Provider::whole_if`]).
    pub prefix: &'static str,
}

/// A kind whose content pods read.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The API group.
    pub group: SmolStr,
    /// The kind.
    pub kind: SmolStr,
    /// What references to it say.
    pub provides: Target,
    /// The ways to the name of what it provides; the first that is there counts. A path
    /// with `[]` leads to several, and then each provides one.
    pub names: Vec<FieldPath>,
    /// The ways to the namespace of what it provides; the first that is there counts.
    pub namespaces: Vec<FieldPath>,
    /// Where its content is; of an external provider, nowhere.
    pub contents: Vec<Content>,
    /// Fields that mix the content of keys: if one of them is there, every reading reference adds
    /// all entries, each with its prefix.
    pub whole_if: Vec<FieldPath>,
    /// The values of `type` for which somebody in the cluster fills the object.
    pub filled_if_type: &'static [&'static str],
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
    }
}

/// One row a kind.
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

/// The row of a kind, if it provides anything.
pub fn provider(group: &str, kind: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|row| row.kind == kind && row.group == group)
}
