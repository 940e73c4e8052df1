//! The codes of findings: their stable names, severities and descriptions.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
pub enum Severity {
    /// Worth knowing; nothing needs to be done
    Note,
    /// Probably a mistake
    Warning,
    /// Wrong or refused
    Error,
}

impl Severity {
    /// All severities, the most serious one first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Note];

    /// The word for people and programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $description:literal)*) => {
        /// The stable name of a kind of finding.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize,
        )]
        pub enum Code {
            $(#[doc = $description] $variant,)*
        }

        impl Code {
            /// Every code, in the order of the table in docs/findings.md.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The kebab-case name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How much it matters.
            pub fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity,)* }
            }

            /// One sentence that describes the finding.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }

            /// The page of the book about the finding, in Markdown: the reason, an example, what to
            /// do.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => {
                        include_str!(concat!("../../docs/findings/", $name, ".md"))
                    })*
                }
            }

            /// The URL of the page.
            pub fn address(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!(
                        env!("CARGO_PKG_REPOSITORY"), "/blob/HEAD/docs/findings/", $name, ".md"
                    ),)*
                }
            }
        }
    };
}

codes! {
    YamlSyntax "yaml-syntax" Error
        "The text is not YAML or JSON, so nothing in it can be read."
    UnsupportedYaml "unsupported-yaml" Error
        "The text may be YAML, but `kubectl` refuses it or reads it differently from other readers."
    NotUtf8 "not-utf8" Error
        "The file is not UTF-8."
    FileTooLarge "file-too-large" Error
        "The text is larger than 1 GiB."
    BrokenManifest "broken-manifest" Error
        "A file in a folder may be a manifest but cannot be read, so it was not edited."
    InvalidObject "invalid-object" Error
        "A field that identifies an object or names a source is not a string."
    DuplicateKey "duplicate-key" Error
        "A key that decides what a pod reads occurs twice; `kubectl` uses the last one without a message."
    EditRefused "edit-refused" Error
        "The stamp cannot be written without changing something else."
    EncryptedFile "encrypted-file" Error
        "The file is encrypted with SOPS, whose checksum covers every byte, so rollstamp does not edit it."
    NonStringValue "non-string-value" Error
        "A value of a ConfigMap or Secret that a stamped workload reads is not a string; the API server refuses it."
    NonStringUnread "non-string-unread" Warning
        "A value of a ConfigMap or Secret is not a string; the API server refuses it. No stamped workload reads the source."
    InvalidBase64 "invalid-base64" Warning
        "A value that must be base64 is not; the API server refuses it. The stamp covers the text as it is written."
    NullValue "null-value" Warning
        "A value is null: client-side apply drops the key, server-side apply stores an empty string."
    ClashingSources "clashing-sources" Error
        "Two files of one apply unit define the same source with different content."
    AmbiguousReference "ambiguous-reference" Error
        "A reference without a namespace fits several sources."
    ShadowedSource "shadowed-source" Warning
        "One text defines the same source twice with different content; the last one counts, as `kubectl` applies it."
    MissingKey "missing-key" Warning
        "A container reads a key that its source does not have, so it would not start."
    UnknownName "unknown-name" Error
        "A control annotation or a rule names an object, a key or a volume that does not exist."
    FilledInCluster "filled-in-cluster" Note
        "A reference names something that a controller in the cluster fills; its content is not part of the stamp."
    ExternalReference "external-reference" Note
        "A reference has no source in its apply unit, so its content is not part of the stamp."
    NotRolled "not-rolled" Note
        "The workload reads a source, but a stamp would not roll its pods, so it gets none."
    RollsLater "rolls-later" Note
        "The workload is stamped, but the apply alone does not replace its pods."
    ReloaderLeft "reloader-left" Note
        "The workload is stamped, and Reloader or Wave also rolls it because of its annotations, so it rolls twice for one change."
    CompatDiffers "compat-differs" Warning
        "The code of Reloader, which rollstamp follows, treats annotations differently from the documentation of Reloader."
    CompatPattern "compat-pattern" Error
        "An entry in a list of Reloader is not a valid pattern, or rollstamp cannot follow it."
    ReloaderInValues "reloader-in-values" Note
        "The values of a HelmRelease hold annotations of Reloader; the chart decides whether a workload gets them."
    StaysWithReloader "stays-with-reloader" Note
        "The annotations ask Reloader for something that a stamp cannot do."
    CommittedByController "committed-by-controller" Warning
        "A manifest contains annotations or fields that Reloader or Wave writes in the cluster."
    HotReload "hot-reload" Note
        "A sidecar reloads volumes of the workload when they change, so its pods need not roll for them."
    FoundByLabel "found-by-label" Note
        "A sidecar finds ConfigMaps or Secrets by their label, so they are not part of the stamp."
    UnreadSource "unread-source" Note
        "No other object in the apply unit names the ConfigMap or Secret (`check` only)."
    ForeignChecksum "foreign-checksum" Note
        "A stamped pod template carries a checksum of another tool, which also rolls the pods for changes that they do not read."
    VersionLabel "version-label" Note
        "A stamped pod template has a label with a version, so each release of its chart rolls the pods."
    ForeignRepaired "foreign-repaired" Note
        "rollstamp changes or removes the checksum of another tool in a pod template, as the configuration asks."
    ForeignKept "foreign-kept" Warning
        "The checksum of another tool in a pod template does not change, although the configuration asks for it."
    ForeignUnread "foreign-unread" Warning
        "A checksum of a chart covered sources that the pods do not read through their pod spec; it no longer covers them."
    ForeignStale "foreign-stale" Error
        "The checksum of another tool or a version label in a pod template is not as the configuration asks (`check` only)."
    VersionLabelDropped "version-label-dropped" Note
        "rollstamp removes a label with the version of a chart from a pod template, as the configuration asks."
    VersionLabelSelected "version-label-selected" Warning
        "A label with the version of a chart stays in a pod template, because an object may select pods by it."
    TooLarge "too-large" Error
        "The values of a ConfigMap or Secret have more than 1 MiB; the API server refuses it."
    TooLargeToApply "too-large-to-apply" Warning
        "A ConfigMap or Secret is too large for client-side apply, which copies it into an annotation."
    InvalidKey "invalid-key" Error
        "The API server does not accept a key of a ConfigMap or Secret."
    ClashingKey "clashing-key" Error
        "A key of a ConfigMap occurs in `data` and in `binaryData`; the API server refuses it."
    ImmutableSource "immutable-source" Note
        "The ConfigMap or Secret is immutable: the API server will refuse any change of its content."
    UnknownWorkload "unknown-workload" Note
        "An object of a kind that rollstamp does not know holds a pod template that reads a source; it gets no stamp."
    MissingWorkload "missing-workload" Note
        "The workload takes its pod template from another one, which is not in the apply unit."
    BuildFailed "build-failed" Error
        "The builder of `--build` failed for an overlay, so rollstamp does not know what the overlay applies."
    OrphanPatches "orphan-patches" Error
        "The generated stamps file of an overlay does not hold the stamps that the overlay needs."
    UnwiredPatches "unwired-patches" Error
        "An overlay needs a generated stamps file, but has none or does not name it in `transformers`."
    UnwatchedValues "unwatched-values" Note
        "A Flux object takes values from a ConfigMap or Secret that it does not watch, so it takes a change later."
    SubstitutedValue "substituted-value" Warning
        "A controller replaces a variable in a value that a pod reads. The value of the variable is not known, so its changes roll no pods."
    KustomizeSource "kustomize-source" Warning
        "Kustomizations build the workload from this file and may change it, so rollstamp does not stamp it in the file."
    NotWritten "not-written" Warning
        "A named kustomization builds the workload, but the file of the workload was not named, so its stamp is not written."
    SeveralUnits "several-units" Error
        "A file is in two units of the configuration that need different stamps, so rollstamp does not stamp the workload."
    MissingStamp "missing-stamp" Error
        "The workload has no stamp."
    StaleStamp "stale-stamp" Error
        "The stamp does not fit the current content of the sources that the workload reads."
    LeftOverStamp "left-over-stamp" Error
        "The workload has a stamp but reads no source that needs one."
    UnverifiableStamp "unverifiable-stamp" Note
        "None of the sources that the workload reads is in its apply unit, so its stamp stays as it is."
    NotRenamed "not-renamed" Note
        "In suffix mode, the ConfigMap or Secret is of a sort that gets no name after its content; its readers are stamped instead."
    HeldName "held-name" Warning
        "In suffix mode, a ConfigMap or Secret keeps its name, because the name occurs in a place that cannot follow or that rollstamp does not know."
    WrongBaseName "wrong-base-name" Warning
        "The annotation `rollstamp.dev/base-name` does not fit the name of its object."
    ClashingNames "clashing-names" Error
        "Another object already has the name that a ConfigMap or Secret must get after its content."
    NameTooLong "name-too-long" Error
        "With the suffix of its content, the name of a ConfigMap or Secret has more than 253 bytes."
    ImmutableReferrer "immutable-referrer" Error
        "An object that cannot be changed, such as a started Job or a Pod, names a ConfigMap or Secret that would get another name."
    StaleName "stale-name" Error
        "In suffix mode, a ConfigMap or Secret does not have the name after its content, or a reference does not use this name (`check` only)."
    FileChanged "file-changed" Error
        "The file changed on disk after it was read, so it was not written."
    UnreadableFile "unreadable-file" Error
        "The file cannot be read or written."
    HardLink "hard-link" Warning
        "The file has other hard links, which keep the old text."
    OutsideRoot "outside-root" Note
        "A symbolic link leads out of the named folder, so rollstamp did not follow it."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_kebab_case_and_differ() {
        let mut names: Vec<&str> = Code::ALL.iter().map(|c| c.name()).collect();
        assert!(names.iter().all(|n| {
            n.bytes().all(|b| b.is_ascii_lowercase() || b == b'-' || b.is_ascii_digit())
        }));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
    }
}
