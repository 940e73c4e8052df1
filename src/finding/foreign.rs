//! Messages about checksums and version labels of other tools in pod templates, and about their
//! changes.

use super::reason::reasons_with_fields;

reasons_with_fields! {
    /// The reason why a checksum does not change although the configuration asks for it: completes "the
    /// checksum stays: ...".
    pub enum ChecksumStays {
        NoData "there is no configuration data that it could cover"
        NotData "its name says that it covers something else than configuration data"
        NotText "its value is not a string"
        NotDigest "its value is not a hex digest, so somebody may change it by hand to roll the pods"
        Clash "two files define a source of its chart differently"
        Spread "the files of its chart are in several folders, and not all of them are in the apply unit"
        HookUnseen(source: String) "its pods read {source}, which is not in the input; a hook may create it, and Helm 3 does not show hooks to a post-renderer"
        NoStamp "the pod template has no stamp that could replace it"
        Built "a kustomization builds it, which may change what is applied"
    }
}

impl ChecksumStays {
    /// The help for this reason.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoData | Self::NotData | Self::NotDigest => {
                "declare under `foreign.tie` what it covers: sources, `reads`, `drop`; or `keep`"
            }
            Self::NotText => "put the value in quotes",
            Self::Clash => "apply the two files separately",
            Self::Spread => "run it with `--unit tree` on the folder of the chart, or one above",
            Self::HookUnseen(_) => {
                "if no hook makes it, say `foreign: {tie: {\"checksum/*\": steady}}`; Helm 4 shows hooks"
            }
            Self::NoStamp => "set `foreign.checksums: steady`, or `foreign.tie` for this key",
            Self::Built => "repair the output of the build: `kustomize build DIR | rollstamp`",
        }
    }
}

reasons_with_fields! {
    /// The reason why a version label stays although the configuration says that it is removed: completes
    /// "the label stays: ...".
    pub enum VersionLabelStays {
        Selects(path: String, object: String) "`{path}` of {object} selects by it"
        MaySelect(path: String, object: String) "`{path}` of {object} names it, and may select by it"
        Kind "the kind is not one of Kubernetes itself, and its controller may select by it"
        NoSelector "the workload has no `spec.selector`, so all its labels may select its pods"
        Spread "the files of its chart are in several folders, and not all of them were named"
        Unread "a file could not be read, and may select by it"
        Built "a kustomization builds it, which may change what is applied"
    }
}

/// `the chart argo-cd`, or another phrase if the chart is not known.
pub fn chart(name: Option<&str>) -> String {
    name.map_or_else(|| "this apply unit".to_owned(), |name| format!("the chart {name}"))
}
