//! The reasons why a ConfigMap or Secret keeps its name in suffix mode.

use super::reason::{reasons, reasons_with_fields};

reasons_with_fields! {
    /// The reason why a source gets no name after its content, independent of its referrers: completes
    /// "it ...".
    pub enum KeepsName {
        Encrypted "is in a file that is encrypted with SOPS, which is never edited"
        OnlyRead "is in a file that is only read"
        Ignored "is ignored by an annotation or a rule"
        IgnoredKeys "has ignored keys, and a name after its content would also change with these"
        InsideBuild "is inside of a kustomize build, where names are not final"
        RenamedBefore "was renamed before kustomize built it"
        KubectlSuffix "is inside of a kustomize build, and kustomize writes no suffix of kubectl"
        Hook "is a Helm hook, which Helm creates and deletes separately"
        HasSuffix "ends in the suffix of its content already"
        Placeholder "has a placeholder in its name"
        RefusedContent "has content that the API server refuses"
        NoEditableName "has a name that cannot be edited where it stands"
        NoSuffix(why: NoSuffix) "{why}"
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
