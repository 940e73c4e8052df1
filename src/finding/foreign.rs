//! Messages about checksums and version labels of other tools in pod templates, and about their
//! changes.

/// The reason why a checksum does not change although the configuration asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChecksumStays {
    /// There is no configuration data that it could cover.
    NoData,
    /// Its name says that it covers something else than configuration data.
    NotData,
    /// Its value is not a string.
    NotText,
    /// Its value is not a hex digest, so somebody may have written it by hand.
    NotDigest,
    /// Two files define a source of the chart differently.
    Clash,
    /// The files of its chart are in several folders, and not all of them are in the apply unit.
    Spread,
    /// Its pods read this source, which is not in the input. A hook may hold it, and the input may
    /// lack hooks.
    HookUnseen(String),
    /// The workload has no stamp that covers what its pods read.
    NoStamp,
    /// A kustomization builds it.
    Built,
    /// Several units apply it, and need different values.
    SeveralUnits,
}

impl ChecksumStays {
    /// Completes "the checksum stays: ...".
    pub fn text(&self) -> String {
        match self {
            Self::NoData => "there is no configuration data that it could cover".to_owned(),
            Self::NotData => {
                "its name says that it covers something else than configuration data".to_owned()
            }
            Self::NotText => "its value is not a string".to_owned(),
            Self::NotDigest => {
                "its value is not a hex digest, so somebody may change it by hand to roll the pods".to_owned()
            }
            Self::Clash => "two files define a source of its chart differently".to_owned(),
            Self::Spread => {
                "the files of its chart are in several folders, and not all of them are in the apply unit"
                    .to_owned()
            }
            Self::HookUnseen(source) => format!(
                "its pods read {source}, which is not in the input; a hook may create it, and Helm 3 does not show hooks to a post-renderer"
            ),
            Self::NoStamp => "the pod template has no stamp that could replace it".to_owned(),
            Self::Built => "a kustomization builds it, which may change what is applied".to_owned(),
            Self::SeveralUnits => "several units apply it, and they need different values".to_owned(),
        }
    }

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
            Self::Built | Self::SeveralUnits => {
                "repair the output of the build: `kustomize build DIR | rollstamp`"
            }
        }
    }
}

/// The reason why a version label stays although the configuration says that it is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionLabelStays {
    /// An object selects pods by it, or may do so.
    Used {
        /// The object.
        object: String,
        /// The field.
        path: String,
        /// Whether the field is known to select.
        is_selector: bool,
    },
    /// The kind of the workload is not built into Kubernetes.
    Kind,
    /// The workload does not say what selects its pods.
    NoSelector,
    /// A text that could not be read may select pods by it.
    Unread,
    /// The files of its chart are in several folders, and not all of them were read.
    Spread,
    /// A kustomization builds the workload.
    Built,
}

impl VersionLabelStays {
    /// Completes "the label stays: ...".
    pub fn text(&self) -> String {
        match self {
            Self::Used { object, path, is_selector: true } => {
                format!("`{path}` of {object} selects by it")
            }
            Self::Used { object, path, is_selector: false } => {
                format!("`{path}` of {object} names it, and may select by it")
            }
            Self::Kind => {
                "the kind is not one of Kubernetes itself, and its controller may select by it"
                    .to_owned()
            }
            Self::NoSelector => {
                "the workload has no `spec.selector`, so all its labels may select its pods"
                    .to_owned()
            }
            Self::Spread => {
                "the files of its chart are in several folders, and not all of them were named"
                    .to_owned()
            }
            Self::Unread => "a file could not be read, and may select by it".to_owned(),
            Self::Built => "a kustomization builds it, which may change what is applied".to_owned(),
        }
    }
}

/// `the chart argo-cd`, or another phrase if the chart is not known.
pub fn chart(name: Option<&str>) -> String {
    name.map_or_else(|| "this apply unit".to_owned(), |name| format!("the chart {name}"))
}
