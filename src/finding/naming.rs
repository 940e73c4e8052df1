//! The reasons why a ConfigMap or Secret keeps its name in suffix mode.

use super::reason::reasons;

/// The reason why a source gets no name after its content, independent of its referrers.
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
    /// It is inside a kustomize build, and rollstamp cannot tell whether its name is final.
    InsideBuild,
    /// It is inside a kustomize build, and an earlier run of rollstamp renamed it.
    RenamedBefore,
    /// It is inside a kustomize build, and the user asked for the suffix of `kubectl`.
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
            Self::Encrypted => "is in a file that is encrypted with SOPS, which is never edited",
            Self::OnlyRead => "is in a file that is only read",
            Self::Ignored => "is ignored by an annotation or a rule",
            Self::IgnoredKeys => {
                "has ignored keys, and a name after its content would also change with these"
            }
            Self::InsideBuild => "is inside of a kustomize build, where names are not final",
            Self::RenamedBefore => "was renamed before kustomize built it",
            Self::KubectlSuffix => {
                "is inside of a kustomize build, and kustomize writes no suffix of kubectl"
            }
            Self::Hook => "is a Helm hook, which Helm creates and deletes separately",
            Self::HasSuffix => "ends in the suffix of its content already",
            Self::Placeholder => "has a placeholder in its name",
            Self::RefusedContent => "has content that the API server refuses",
            Self::NoEditableName => "has a name that cannot be edited where it stands",
            Self::NoSuffix(why) => why.text(),
        }
    }
}

reasons! {
    /// Why the content of a source has no suffix.
    pub enum NoSuffix {
        OpenBlock "the text ends in a block without a line end, which kustomize and kubectl read differently"
        ReadDifferently "kustomize may read its content otherwise than kubectl"
        NotStorable "its content is not what kubectl could store"
    }
}

reasons! {
    /// Why a reference cannot take another name: completes "... cannot follow: ...".
    pub enum CannotFollow {
        SharedAnchor "an anchor there is shared by aliases"
        Tag "a tag stands before it"
        BlockOrEscapes "it is written as a block or with escapes"
        Key "it is a key"
        Encrypted "the file is encrypted with SOPS"
        OnlyRead "the file is only read"
        UnsureReads "it is not certain what the pods read"
        IgnoredWorkload "the workload is left alone"
        IgnoredSource "an annotation of the workload ignores the source"
        AsksForStamps "the workload asks for stamps, not names"
    }
}
