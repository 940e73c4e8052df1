//! PROVIDERS: which kinds provide the content of a ConfigMap or of a Secret.
//!
//! Part of scheme v1: later providers are opt-in.

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
}

/// A field of a provider whose entries are keys and values.
#[derive(Debug, PartialEq, Eq)]
pub struct Content {
    /// The field of the object.
    pub field: &'static str,
    /// What its values are.
    pub encoding: Encoding,
    /// Whether its keys can become environment variables: `binaryData` never does.
    pub env: bool,
    /// Whether its keys win over those of the fields before it.
    pub overrides: bool,
}

/// A kind whose content pods read.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// What references to it say.
    pub provides: Target,
    /// Where its content is.
    pub contents: &'static [Content],
}

/// One row a kind.
pub const PROVIDERS: &[Provider] = &[
    // https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/
    Provider {
        group: "",
        kind: "ConfigMap",
        provides: Target::ConfigMap,
        contents: &[
            Content {
                field: "data",
                encoding: Encoding::Text,
                env: true,
                overrides: false,
            },
            Content {
                field: "binaryData",
                encoding: Encoding::Base64,
                env: false,
                overrides: false,
            },
        ],
    },
    // https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/
    // (`stringData` wins over `data` when both hold a key).
    Provider {
        group: "",
        kind: "Secret",
        provides: Target::Secret,
        contents: &[
            Content {
                field: "data",
                encoding: Encoding::Base64,
                env: true,
                overrides: false,
            },
            Content {
                field: "stringData",
                encoding: Encoding::Text,
                env: true,
                overrides: true,
            },
        ],
    },
];

/// The row of a kind, if it provides anything.
pub fn provider(group: &str, kind: &str) -> Option<&'static Provider> {
    PROVIDERS
        .iter()
        .find(|row| row.kind == kind && row.group == group)
}
