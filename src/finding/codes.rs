//! The codes of findings: their stable names, severities and descriptions.

use clap::ValueEnum;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Severity {
    /// Worth knowing; nothing needs to be done
    Note,
    /// Probably a mistake
    Warning,
    /// Wrong, or refused
    Error,
}

impl Severity {
    /// All severities, the one that matters most first.
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
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

            /// One sentence: what it means.
            pub fn description(self) -> &'static str {
                match self { $(Self::$variant => $description,)* }
            }

            /// The page of the book about it, in Markdown: why it is said, an example, what to do.
            pub fn page(self) -> &'static str {
                match self {
                    $(Self::$variant => {
                        include_str!(concat!("../../docs/findings/", $name, ".md"))
                    })*
                }
            }

            /// Where the page is to be read.
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
        "A file in a folder may be a manifest but cannot be read; it was left alone."
    InvalidObject "invalid-object" Error
        "A field that identifies an object or names a source is not a string."
    DuplicateKey "duplicate-key" Error
        "A key that decides what a pod reads stands twice; `kubectl` takes the last without a word."
    EditRefused "edit-refused" Error
        "The stamp cannot be written without changing something else."
    EncryptedFile "encrypted-file" Error
        "The file is encrypted with SOPS, whose checksum covers every byte: it is never rewritten."
    NonStringValue "non-string-value" Error
        "A value of a ConfigMap or Secret that a stamped workload reads is not a string; the API server refuses it."
    NonStringUnread "non-string-unread" Warning
        "A value of a ConfigMap or Secret is not a string; the API server refuses it. No stamped workload reads the source."
    InvalidBase64 "invalid-base64" Warning
        "A value that must be base64 is not; the API server refuses it. The stamp uses the text as it stands."
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
        "A control annotation or a rule names something that is not there."
    FilledInCluster "filled-in-cluster" Note
        "A reference names something that a controller in the cluster fills; its content is not part of the stamp."
    ExternalReference "external-reference" Note
        "A reference has no source in its apply unit, so its content is not part of the stamp."
    NotRolled "not-rolled" Note
        "The workload reads a source, but a stamp would not roll its pods, so it gets none."
    RollsLater "rolls-later" Note
        "The workload is stamped, but its pods are not replaced by the apply alone."
    ReloaderLeft "reloader-left" Note
        "The workload is stamped, and its annotations let Reloader or Wave roll it as well, so that it rolls twice for one change."
    CompatDiffers "compat-differs" Warning
        "Annotations of Reloader mean something else to its code, which is followed, than to its documentation."
    CompatPattern "compat-pattern" Error
        "An entry in a list of Reloader is no pattern, or one that cannot be followed."
    ReloaderInValues "reloader-in-values" Note
        "The values of a HelmRelease hold annotations of Reloader; whether a workload gets them, its chart decides."
    StaysWithReloader "stays-with-reloader" Note
        "Something that Reloader is asked to do cannot be done by a stamp."
    CommittedByController "committed-by-controller" Warning
        "A manifest carries what Reloader or Wave writes in the cluster, to keep account."
    HotReload "hot-reload" Note
        "A sidecar reloads volumes of the workload when they change, so its pods need not roll for them."
    FoundByLabel "found-by-label" Note
        "A sidecar finds ConfigMaps or Secrets by their label, so they are not part of the stamp."
    UnreadSource "unread-source" Note
        "Nothing in its apply unit names the ConfigMap or Secret (`check` only)."
    ForeignChecksum "foreign-checksum" Note
        "A stamped pod template carries another tool's checksum, which rolls the pods for more than what they read."
    VersionLabel "version-label" Note
        "A stamped pod template carries a version as a label, so that each release of its chart rolls the pods."
    ForeignRepaired "foreign-repaired" Note
        "The checksum of another tool in a pod template gets another value, or it goes, as the configuration asks."
    ForeignKept "foreign-kept" Warning
        "The checksum of another tool in a pod template stays although the configuration says otherwise."
    ForeignUnread "foreign-unread" Warning
        "A checksum of a chart stood for sources that the pods do not read through their pod spec, and no longer does."
    ForeignStale "foreign-stale" Error
        "The checksum of another tool or a version label in a pod template is not what the configuration asks for (`check` only)."
    VersionLabelDropped "version-label-dropped" Note
        "A label that says the version of a chart goes from a pod template, as the configuration asks."
    VersionLabelSelected "version-label-selected" Warning
        "A label that says the version of a chart stays in a pod template, because something may select by it."
    TooLarge "too-large" Error
        "The values of a ConfigMap or Secret have more than 1 MiB; the API server refuses it."
    TooLargeToApply "too-large-to-apply" Warning
        "A ConfigMap or Secret is too large for client-side apply, which copies it into an annotation."
    InvalidKey "invalid-key" Error
        "A key of a ConfigMap or Secret is not one that the API server accepts."
    ClashingKey "clashing-key" Error
        "A key of a ConfigMap stands in `data` and in `binaryData`; the API server refuses it."
    ImmutableSource "immutable-source" Note
        "The ConfigMap or Secret is immutable: the API server will refuse any change of its content."
    UnknownWorkload "unknown-workload" Note
        "An object of a kind that rollstamp does not know holds a pod template that reads a source; it gets no stamp."
    MissingWorkload "missing-workload" Note
        "The workload takes its pod template from another one, which is not in the apply unit."
    BuildFailed "build-failed" Error
        "The builder of `--build` did not build an overlay, so nothing is known about what it applies."
    OrphanPatches "orphan-patches" Error
        "The generated stamps file of an overlay does not hold the stamps that the overlay needs."
    UnwiredPatches "unwired-patches" Error
        "An overlay needs a generated stamps file, and has none or does not name it in `transformers`."
    UnwatchedValues "unwatched-values" Note
        "A Flux object takes values from a ConfigMap or Secret that it does not watch, so a change arrives late."
    SubstitutedValue "substituted-value" Warning
        "A controller puts a variable that is not known into a value that is read, so a change of the variable rolls no pods."
    KustomizeSource "kustomize-source" Warning
        "The file is raw material of kustomizations, and what they apply may differ from what it says, so the workload is left alone in place."
    NotWritten "not-written" Warning
        "A kustomization that was named builds the workload, but the file of the workload was not named, so its stamp is not written."
    SeveralUnits "several-units" Error
        "A file is in two units of the configuration that need different stamps; the workload is left alone."
    MissingStamp "missing-stamp" Error
        "The workload has no stamp."
    StaleStamp "stale-stamp" Error
        "The stamp is not that of what the workload reads now."
    LeftOverStamp "left-over-stamp" Error
        "The workload has a stamp but reads nothing that needs one."
    UnverifiableStamp "unverifiable-stamp" Note
        "None of the sources that the workload reads is in its apply unit, so its stamp stays as it is."
    NotRenamed "not-renamed" Note
        "In suffix mode, a ConfigMap or Secret that is not one to get a name after its content; its readers get stamps."
    HeldName "held-name" Warning
        "In suffix mode, a ConfigMap or Secret keeps its name because a place that says it cannot follow, or nobody said what the place means."
    WrongBaseName "wrong-base-name" Warning
        "The annotation `rollstamp.dev/base-name` does not fit the name of its object."
    ClashingNames "clashing-names" Error
        "The name after its content that a ConfigMap or Secret must get is taken."
    NameTooLong "name-too-long" Error
        "With the suffix of its content the name of a ConfigMap or Secret has more than 253 bytes."
    ImmutableReferrer "immutable-referrer" Error
        "An object that the API server lets nobody change, such as a started Job or a Pod, names a ConfigMap or Secret that would get another name."
    StaleName "stale-name" Error
        "In suffix mode, the name of a ConfigMap or Secret is not that of its content, or a reference does not say it (`check` only)."
    FileChanged "file-changed" Error
        "The file changed on disk after it was read, so it was left alone."
    UnreadableFile "unreadable-file" Error
        "The file cannot be read or written."
    HardLink "hard-link" Warning
        "The file has other hard links, which keep the old text."
    OutsideRoot "outside-root" Note
        "A symbolic link leads out of the named folder; it was left alone."
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
