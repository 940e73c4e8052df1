//! Forecasts the effect of an apply on running pods: compares two states of the same manifests before the
//! second one is applied.
//!
//! Two questions decide about each workload. *Must* it roll: did a key that its pods read change? *Does* it
//! roll: did its pod template, as it is applied, change? The [`Answer`] follows from both. Values never
//! leave `extract`: only their digests are compared, and only for equality.

mod claims;
mod compare;
pub mod disruption;
mod fields;
mod foreign;
pub mod graph;
pub mod history;
mod indirect;
mod leaves;
mod namesakes;
mod narrow;
mod neighbours;
mod objects;
mod overlays;
mod pairs;
mod reads;
mod source_changes;
mod sources;
mod known_texts;
mod state;
mod values;

pub use compare::{Asked, compare};
pub use foreign::Savings;
pub use namesakes::Namesakes;
pub use overlays::by_overlay;
pub use state::{ComparedState, NamedRoots};

use crate::extract::SiteLabel;
use crate::finding::{Code, Finding};
use crate::k8s::TableRow;
use crate::k8s::kinds::NoRoll;
use crate::k8s::providers::Target;
use crate::k8s::sites::Site;
use crate::k8s::waits::RolloutWait;
use crate::outcome::Outcome;
use crate::text::Place;
use clap::ValueEnum;
use disruption::Disruption;

/// Which stamps of the pod templates are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Assume {
    /// The stamps that rollstamp would write into both states
    Stamped,
    /// The stamps in the text
    Written,
}

/// The difference between two states of the same manifests, for running pods.
#[derive(Debug)]
pub struct Impact {
    /// Which stamps were compared.
    pub assume: Assume,
    /// Every workload of both states, the most urgent answer first, then by name.
    pub workloads: Vec<Workload>,
    /// Every source that changed, by kind and name.
    pub sources: Vec<SourceChange>,
    /// Every object of Flux that takes values from a source that changed, by kind and name.
    pub values_readers: Vec<ValuesChange>,
    /// Every object that differs and whose controller creates or changes other objects in the cluster, by
    /// kind and name: these other objects are not compared.
    pub indirect: Vec<IndirectChange>,
    /// Whether the configuration has settings of `foreign`.
    pub has_foreign: bool,
    /// The number of findings because of which a part of the states is [not compared](not_compared).
    pub not_compared: usize,
}

/// Codes of findings because of which a part of a state is unknown.
const UNREADABLE: &[Code] = &[
    Code::BrokenManifest,
    Code::YamlSyntax,
    Code::UnsupportedYaml,
    Code::NotUtf8,
    Code::FileTooLarge,
    Code::UnreadableFile,
    Code::InvalidObject,
    Code::BuildFailed,
];

/// The findings because of which a part of a state is unknown, so that a comparison is incomplete.
pub fn not_compared(state: &Outcome) -> impl Iterator<Item = &Finding> {
    state.findings.iter().filter(|f| f.refuses && UNREADABLE.contains(&f.code))
}

/// One of the two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The present state.
    Before,
    /// The state after the apply.
    After,
}

impl Side {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

/// A place in one of the two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The state.
    pub side: Side,
    /// The place.
    pub place: Place,
}

/// A Kubernetes object by its kind, namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The kind.
    pub kind: String,
    /// The namespace, if one is known.
    pub namespace: Option<String>,
    /// The name; for a source that is named after its content, without the suffix.
    pub name: String,
}

impl std::fmt::Display for Name {
    /// `Deployment shop/web`, or `Deployment web` without a namespace.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// The effect on the pods of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// A key that its pods read changed, and they are not replaced: they keep the old configuration.
    Stale,
    /// A key that its pods read changed, and they are replaced.
    Rolls,
    /// Its pods are replaced because its pod template changed, in more than marks of other tools.
    Template,
    /// Its pods are replaced only because another tool's checksum, a version label or a time of restart
    /// changed, or because a stamp of rollstamp was removed.
    Needless,
    /// Its pods are replaced only because a stamp of rollstamp was missing or out of date.
    Once,
    /// It exists only after the apply.
    New,
    /// It exists only before the apply.
    Gone,
    /// Its pods are not replaced, and need not be.
    Quiet,
}

impl Answer {
    /// All answers, the most urgent first.
    pub const ALL: &[Self] = &[
        Self::Stale,
        Self::Rolls,
        Self::Template,
        Self::Needless,
        Self::Once,
        Self::New,
        Self::Gone,
        Self::Quiet,
    ];

    /// The word of reports and of `--only`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Rolls => "rolls",
            Self::Template => "template",
            Self::Needless => "needless",
            Self::Once => "once",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Quiet => "quiet",
        }
    }

    /// Whether running pods are replaced.
    pub fn replaces_pods(self) -> bool {
        matches!(self, Self::Rolls | Self::Template | Self::Needless | Self::Once)
    }
}

/// One workload and the effect on its pods.
#[derive(Debug)]
pub struct Workload {
    /// The identity of the workload.
    pub name: Name,
    /// The folder or file of its apply unit, relative to the named paths.
    pub unit: String,
    /// The place of its name: after the apply, or before it for a removed workload.
    pub at: At,
    /// The effect.
    pub answer: Answer,
    /// Whether a key that its pods read changed.
    pub must: bool,
    /// Whether its pod template, as it is applied, changed.
    pub does: bool,
    /// The changes, keys first.
    pub reasons: Vec<RollReason>,
    /// The reason why some or all of its pods are not replaced although something changed.
    pub held: Option<Held>,
    /// Whether its rollout was held back before and is not any more: earlier changes also reach its pods
    /// with this apply, and neither state shows these changes.
    pub is_resumed: bool,
    /// Whether it rolls only because of marks of other tools that would not change with settings of
    /// `foreign`.
    pub is_savable: bool,
    /// Whether its pods roll once at the first use of settings of `foreign`.
    pub takes_up: bool,
    /// Whether its reads are not known, because overlays decide them.
    pub is_unknown: bool,
    /// How its pods are replaced; only if they are replaced.
    pub disruption: Option<Disruption>,
    /// The overlays to which this applies, if builds of overlays are compared.
    pub overlays: Vec<String>,
}

/// One change of a workload.
#[derive(Clone, Debug)]
pub enum RollReason {
    /// A key that its pods read.
    Key(KeyReason),
    /// A field of its pod template.
    Field {
        /// The field, with dots between names: `spec.containers[web].image`.
        path: String,
        /// The class of the field.
        class: Class,
        /// How it changed.
        change: HowChanged,
        /// For an image: the texts before and after.
        shown: Option<(String, String)>,
    },
    /// An annotation of its pod template that another tool computes.
    Foreign {
        /// The annotation.
        key: String,
    },
    /// A label of its pod template with a version.
    VersionLabel {
        /// The label.
        key: String,
        /// The version before and after.
        shown: Option<(String, String)>,
    },
    /// An annotation of its pod template with the time of a restart.
    Restart {
        /// The annotation.
        key: String,
    },
    /// A source that is named after its content was renamed.
    Renamed {
        /// The source.
        source: Name,
    },
    /// The stamp of rollstamp.
    Stamp {
        /// How it changed.
        change: HowChanged,
    },
}

/// A key that the pods of a workload read, and that changed.
#[derive(Clone, Debug)]
pub struct KeyReason {
    /// The source.
    pub source: Name,
    /// The key.
    pub key: String,
    /// How it changed for the pods.
    pub change: HowChanged,
    /// The site of the pod spec that reads it.
    pub site: TableRow<Site>,
    /// The description of the place in messages.
    pub spot: SiteLabel,
    /// The name in the reference.
    pub reference: String,
    /// The place of the key: after the apply, or before it for a removed key.
    pub at: At,
}

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HowChanged {
    /// It exists on both sides, and differs.
    Changed,
    /// It exists only after the apply.
    Added,
    /// It exists only before the apply.
    Removed,
}

impl HowChanged {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// The class of a changed field of a pod template, so that readers find images first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// An image of a container.
    Image,
    /// Environment variables.
    Env,
    /// A command or its arguments.
    Command,
    /// Requests and limits.
    Resources,
    /// Probes and lifecycle hooks.
    Probe,
    /// Volumes and their mounts.
    Volume,
    /// A label.
    Label,
    /// An annotation.
    Annotation,
    /// The nodes on which pods may run.
    Scheduling,
    /// Permissions and users.
    Security,
    /// Anything else.
    Other,
}

impl Class {
    /// The word of reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Env => "env",
            Self::Command => "command",
            Self::Resources => "resources",
            Self::Probe => "probe",
            Self::Volume => "volume",
            Self::Label => "label",
            Self::Annotation => "annotation",
            Self::Scheduling => "scheduling",
            Self::Security => "security",
            Self::Other => "other",
        }
    }
}

/// The reason why pods are not replaced although something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The workload has no stamp.
    NoStamp,
    /// Its stamp did not change together with its reads.
    StaleStamp,
    /// A control annotation or a rule prevents a stamp.
    Ignored,
    /// Its source is in another apply unit, so its stamp does not cover it.
    External,
    /// The stamp cannot be written, for a reason in the findings.
    Refused,
    /// Its controller waits.
    Waits(RolloutWait),
    /// Pods below the partition of its update strategy are not replaced.
    Partition,
    /// A change of its pod template does not replace pods of this kind.
    Kind(NoRoll),
}

/// A source whose content changed, and its readers.
#[derive(Debug)]
pub struct SourceChange {
    /// The identity of the source.
    pub name: Name,
    /// The folder or file of its apply unit, relative to the named paths.
    pub unit: String,
    /// The kind by which references name it.
    pub target: Target,
    /// The place of its name: after the apply, or before it for a removed source.
    pub at: At,
    /// How the source as a whole changed.
    pub change: HowChanged,
    /// The keys that changed, by name.
    pub keys: Vec<KeyChange>,
    /// Whether it was renamed, because its name follows its content.
    pub is_renamed: bool,
    /// The positions of the workloads in [`Impact::workloads`] whose pods read a changed key.
    pub readers: Vec<usize>,
    /// The reason why it rolls no workload, if it does not.
    pub silent: Option<Silent>,
    /// The overlays to which this applies, if builds of overlays are compared.
    pub overlays: Vec<String>,
}

/// An object of Flux that takes values from changed keys of sources: a HelmRelease, or a Kustomization with
/// variables. The manifests that its controller makes from the values are not known.
#[derive(Debug)]
pub struct ValuesChange {
    /// The object.
    pub name: Name,
    /// The place of its name, after the apply.
    pub at: At,
    /// Whether the object exists only after the apply.
    pub is_new: bool,
    /// The keys that changed, in the order of its references.
    pub keys: Vec<TakenKey>,
    /// How late the last of them arrives: `None` for at once; otherwise the interval within which it
    /// arrives, as it is written.
    pub late: Option<String>,
    /// The overlays to which this applies, if builds of overlays are compared.
    pub overlays: Vec<String>,
}

/// An object that differs and whose controller creates or changes other objects in the cluster, such as a Helm
/// release. What the controller makes of it is not known.
#[derive(Debug)]
pub struct IndirectChange {
    /// The object.
    pub name: Name,
    /// The place of its name: after the apply, or before it for a removed object.
    pub at: At,
    /// How the object as a whole changed.
    pub change: HowChanged,
    /// The fields of its specification that differ, if it exists on both sides: `spec.values`.
    pub fields: Vec<String>,
    /// The overlays to which this applies, if builds of overlays are compared.
    pub overlays: Vec<String>,
}

/// A changed key from which an object of Flux takes values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenKey {
    /// The source.
    pub source: Name,
    /// The key; `*` if all keys of a source that a controller fills are taken, because any of them may
    /// change.
    pub key: String,
    /// How it changed.
    pub change: HowChanged,
    /// Its place: after the apply, or before it for a removed key.
    pub at: At,
}

/// A key of a source that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// How it changed.
    pub change: HowChanged,
    /// Its place: after the apply, or before it for a removed key.
    pub at: At,
    /// The positions of the workloads in [`Impact::workloads`] whose pods read it.
    pub readers: Vec<usize>,
}

/// The reason why a changed source rolls no workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    /// Nothing names it.
    NoReader,
    /// A workload of another apply unit names it, and sources of several apply units fit.
    Ambiguous,
    /// The workloads that name it read other keys.
    OtherKeys,
    /// Its readers read their files again while they run.
    Live,
    /// A control annotation or a rule ignores it.
    Ignored,
    /// A controller in the cluster fills it later.
    FilledInCluster,
    /// Its only readers start new pods anyway, such as a CronJob.
    LaterRuns,
    /// Its only readers were added or removed together with it.
    WithReader,
    /// Its only readers keep the old configuration; each is listed as stale.
    StaleReaders,
    /// No workload reads it, and an object of Flux takes values from it: see
    /// [`Impact::values_readers`].
    ValuesReader,
}

/// The numbers of workloads and pods for each answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Workloads whose pods are replaced because of their reads, or because their template changed.
    pub rolls: usize,
    /// The minimum number of pods that are replaced, for workloads with a written number.
    pub pods: u64,
    /// Workloads that keep the old configuration, partly or completely.
    pub stale: usize,
    /// Workloads that are replaced needlessly.
    pub needless: usize,
    /// Workloads that get their first stamp, or the correction of a stale one.
    pub once: usize,
    /// Workloads without a pod for a while.
    pub downtime: usize,
    /// Workloads whose rollout may never end.
    pub stuck: usize,
    /// Workloads for which overlays decide.
    pub unknown: usize,
    /// New workloads.
    pub new: usize,
    /// Removed workloads.
    pub gone: usize,
    /// Objects of Flux that take other values.
    pub values_readers: usize,
    /// Objects that differ, and of which it is not known what their controllers make.
    pub indirect: usize,
    /// Errors because of which a part of the states is not compared.
    pub not_compared: usize,
}

impl Workload {
    /// Whether some of its pods keep the old configuration.
    pub fn is_stale(&self) -> bool {
        self.answer == Answer::Stale || (self.must && self.does && self.held.is_some())
    }

    /// Whether it has no pod for a while.
    pub fn has_downtime(&self) -> bool {
        self.answer.replaces_pods()
            && self.disruption.as_ref().is_some_and(|d| d.downtime.is_some())
    }

    /// Whether its rollout may never end.
    pub fn may_be_stuck(&self) -> bool {
        self.answer.replaces_pods() && self.disruption.as_ref().is_some_and(|d| d.stuck.is_some())
    }

    /// The minimum number of pods that are replaced, if it is written.
    pub fn pods(&self) -> Option<u64> {
        self.disruption.as_ref().and_then(|d| d.pods.map(|pods| pods.least))
    }
}

impl SourceChange {
    /// For a source that rolls a workload: the changed keys that no workload reads.
    pub fn unread_keys(&self) -> Vec<&str> {
        let unread = self.keys.iter().filter(|key| key.readers.is_empty() && self.silent.is_none());
        unread.map(|key| key.key.as_str()).collect()
    }
}

impl Impact {
    /// The numbers of workloads and pods for each answer.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { not_compared: self.not_compared, ..Counts::default() };
        for workload in &self.workloads {
            // Each overlay applies its own workload.
            let n = workload.overlays.len().max(1);
            match workload.answer {
                Answer::Rolls | Answer::Template => counts.rolls += n,
                Answer::Needless => counts.needless += n,
                Answer::Once => counts.once += n,
                Answer::New => counts.new += n,
                Answer::Gone => counts.gone += n,
                Answer::Stale | Answer::Quiet => {}
            }
            let if_so = |is_so| if is_so { n } else { 0 };
            counts.stale += if_so(workload.is_stale());
            counts.downtime += if_so(workload.has_downtime());
            counts.stuck += if_so(workload.may_be_stuck());
            counts.unknown += if_so(workload.is_unknown);
            if workload.answer.replaces_pods() {
                counts.pods += workload.pods().unwrap_or(0) * n as u64;
            }
        }
        let taking = self.values_readers.iter().filter(|reader| !reader.is_new);
        counts.values_readers = taking.map(|reader| reader.overlays.len().max(1)).sum();
        counts.indirect = self.indirect.iter().map(|object| object.overlays.len().max(1)).sum();
        counts
    }

    /// Whether nothing changes for any pod or source.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
            && self.indirect.is_empty()
            && self.workloads.iter().all(|w| w.answer == Answer::Quiet)
    }
}
