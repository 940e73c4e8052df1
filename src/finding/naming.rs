//! Why a ConfigMap or Secret keeps its name in suffix mode.

/// Why a source does not get a name after its content, whoever refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepsName {
    /// Its file is encrypted with SOPS.
    Encrypted,
    /// Its file is only read.
    OnlyRead,
    /// It is ignored.
    Ignored,
    /// Some of its keys are ignored.
    IgnoredKeys,
    /// It is inside of a kustomize build, and nothing tells whether its name is final.
    InsideBuild,
    /// It is inside of a kustomize build, and rollstamp had renamed it before.
    RenamedBefore,
    /// It is inside of a kustomize build, and the suffix asked for is that of `kubectl`.
    KubectlSuffix,
    /// It is a Helm hook.
    Hook,
    /// Another program gave it the suffix of its content.
    HasSuffix,
    /// Its name holds a placeholder.
    Placeholder,
    /// The API server refuses its content.
    RefusedContent,
    /// Its name cannot be edited.
    NoEditableName,
    /// Its content has no suffix.
    NoSuffix(NoSuffix),
}

impl KeepsName {
    /// Completes "it ...".
    pub fn text(self) -> &'static str {
        match self {
            Self::Encrypted => {
                "stands in a file that is encrypted with SOPS, which is never rewritten"
            }
            Self::OnlyRead => "stands in a file that is only read",
            Self::Ignored => "is marked to take no part",
            Self::IgnoredKeys => {
                "has keys that take no part, and a name after its content would tell of all"
            }
            Self::InsideBuild => "is inside of a kustomize build, where names are not final",
            Self::RenamedBefore => "was renamed before kustomize built it",
            Self::KubectlSuffix => {
                "is inside of a kustomize build, and kustomize writes no suffix of kubectl"
            }
            Self::Hook => "is a Helm hook, which has a life of its own",
            Self::HasSuffix => "ends in the suffix of its content already",
            Self::Placeholder => "has a name that somebody fills in later",
            Self::RefusedContent => "has content that the API server refuses",
            Self::NoEditableName => "has a name that cannot be edited where it stands",
            Self::NoSuffix(why) => why.text(),
        }
    }
}

/// Why the content of a source has no suffix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSuffix {
    /// A block scalar ends the text without a line feed.
    OpenBlock,
    /// kustomize may read the content differently.
    ReadDifferently,
    /// `kubectl` could not store the content.
    NotStorable,
}

impl NoSuffix {
    fn text(self) -> &'static str {
        match self {
            Self::OpenBlock => {
                "the text ends in a block without a line end, which kustomize and kubectl read differently"
            }
            Self::ReadDifferently => "kustomize may read its content otherwise than kubectl",
            Self::NotStorable => "its content is not what kubectl could store",
        }
    }
}

/// Why a reference cannot take another name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotFollow {
    /// It is written at an anchor that has aliases.
    SharedAnchor,
    /// A tag stands before it.
    Tag,
    /// It is a block scalar, or has escapes.
    BlockOrEscapes,
    /// It is the key of a mapping.
    Key,
    /// Its file is encrypted with SOPS.
    Encrypted,
    /// Its file is only read.
    OnlyRead,
    /// What the pods of its workload read cannot be trusted.
    UnsureReads,
    /// Its workload is ignored.
    IgnoredWorkload,
    /// Its workload ignores the source.
    IgnoredSource,
    /// Its workload asks for stamps.
    AsksForStamps,
}

impl CannotFollow {
    /// Completes "... cannot follow: ...".
    pub fn text(self) -> &'static str {
        match self {
            Self::SharedAnchor => "an anchor there is shared by aliases",
            Self::Tag => "a tag stands before it",
            Self::BlockOrEscapes => "it is written as a block or with escapes",
            Self::Key => "it is a key",
            Self::Encrypted => "the file is encrypted with SOPS",
            Self::OnlyRead => "the file is only read",
            Self::UnsureReads => "what the pods read is not sure",
            Self::IgnoredWorkload => "the workload is left alone",
            Self::IgnoredSource => "the workload says that the source takes no part",
            Self::AsksForStamps => "the workload asks for stamps, not names",
        }
    }
}
