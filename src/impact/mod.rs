//! What an apply does to running pods: two states of the same manifests, compared before anybody
//! applies the second one.
//!
//! Two questions decide about each workload. *Must* it roll: did what its pods read change? *Does* it
//! roll: did its pod template, as it is applied, change? The answer follows from both
//! ([`Answer`]). Values never leave `extract`: only their digests are compared, and only for equality.

mod claims;
mod compare;
pub mod disruption;
mod fields;
mod foreign;
pub mod graph;
pub mod history;
mod namesakes;
mod narrow;
mod neighbours;
mod objects;
mod overlays;
mod pairs;
mod reads;
mod silent;
mod sources;
mod state;
mod values;

pub use compare::{Asked, compare};
pub use foreign::Savings;
pub use namesakes::Namesakes;
pub use overlays::by_overlay;
pub use state::{ComparedState, NamedRoots};

use crate::extract::SiteLabel;
use crate::k8s::TableRow;
use crate::k8s::kinds::NoRoll;
use crate::k8s::providers::Target;
use crate::k8s::sites::Site;
use crate::k8s::waits::RolloutWait;
use crate::text::Place;
use clap::ValueEnum;
use disruption::Disruption;

/// Which stamps the pod templates are taken to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Assume {
    /// Those that rollstamp would write, as if both states went through it
    Stamped,
    /// Those that stand in the text
    Written,
}

/// The difference between two states of the same manifests, for running pods.
#[derive(Debug)]
pub struct Impact {
    /// Which stamps were compared.
    pub assume: Assume,
    /// Every workload of either state, the most urgent answer first, then by name.
    pub workloads: Vec<Workload>,
    /// Every source that changed, by kind and name.
    pub sources: Vec<SourceChange>,
    /// Every object of Flux that takes values from a source that changed, by kind and name.
    pub values_readers: Vec<ValuesChange>,
    /// Whether the configuration has settings of `foreign`.
    pub has_foreign: bool,
}

/// One of the two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// What is applied now.
    Before,
    /// What will be applied.
    After,
}

/// A place in one of the two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// The state.
    pub side: Side,
    /// The place.
    pub place: Place,
}

/// A Kubernetes object by what people call it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The kind.
    pub kind: String,
    /// The namespace, if one is known.
    pub namespace: Option<String>,
    /// The name; of a source that is named after its content, without the suffix.
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

/// What happens to the pods of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Answer {
    /// What its pods read changed, and they are not replaced: they keep the old configuration.
    Stale,
    /// What its pods read changed, and they are replaced.
    Rolls,
    /// Its pods are replaced because its pod template changed, in more than marks of tools.
    Template,
    /// Its pods are replaced only because another tool's checksum, a version label or a time of
    /// restart changed, or because a stamp of ours went.
    Needless,
    /// Its pods are replaced only because of a stamp of ours that was missing or out of date.
    Once,
    /// It is there only after the apply.
    New,
    /// It is there only before.
    Gone,
    /// Its pods stay, and need not be replaced.
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

/// One workload and what happens to its pods.
#[derive(Debug)]
pub struct Workload {
    /// Who it is.
    pub name: Name,
    /// The folder or file of its apply unit, below the paths that were named.
    pub unit: String,
    /// Where its name is written: after, or before if it is gone.
    pub at: At,
    /// What happens.
    pub answer: Answer,
    /// Whether what its pods read changed.
    pub must: bool,
    /// Whether its pod template, as it is applied, changed.
    pub does: bool,
    /// What changed, keys first.
    pub reasons: Vec<RollReason>,
    /// Why some or all of its pods stay although something changed.
    pub held: Option<Held>,
    /// Whether its controller waited before and waits no more: what changed in the meantime reaches its
    /// pods with this apply, and neither state says what that is.
    pub is_resumed: bool,
    /// Whether only marks of other tools roll it that would not change under settings of `foreign`.
    pub is_savable: bool,
    /// Whether its pods roll once when settings of `foreign` are taken up.
    pub takes_up: bool,
    /// Whether what its pods read is not known, because overlays decide about it.
    pub is_unknown: bool,
    /// What replacing its pods means; only where they are replaced.
    pub disruption: Option<Disruption>,
    /// The overlays in which this is so, where what overlays build is compared.
    pub overlays: Vec<String>,
}

/// One thing that changed for a workload.
#[derive(Clone, Debug)]
pub enum RollReason {
    /// A key that its pods read.
    Key(KeyReason),
    /// A field of its pod template.
    Field {
        /// The field, with dots between names: `spec.containers[web].image`.
        path: String,
        /// What kind of field.
        class: Class,
        /// How it changed.
        change: HowChanged,
        /// Of an image, what stood there before and what stands there now.
        shown: Option<(String, String)>,
    },
    /// An annotation of its pod template that another tool computes.
    Foreign {
        /// The annotation.
        key: String,
    },
    /// A label of its pod template that says a version.
    VersionLabel {
        /// The label.
        key: String,
        /// The version before and after.
        shown: Option<(String, String)>,
    },
    /// An annotation of its pod template that says when somebody restarted it.
    Restart {
        /// The annotation.
        key: String,
    },
    /// A source that is named after its content has another name.
    Renamed {
        /// The source.
        source: Name,
    },
    /// The stamp of ours.
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
    /// Where in the pod spec it is read.
    pub site: TableRow<Site>,
    /// What people call that place.
    pub spot: SiteLabel,
    /// The name that the reference says.
    pub reference: String,
    /// Where the key is written: after, or before if it is gone.
    pub at: At,
}

/// How something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HowChanged {
    /// It is there on both sides, and differs.
    Changed,
    /// It is there only after.
    Added,
    /// It is there only before.
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

/// What kind of field of a pod template changed, for people who look for the image first.
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
    /// Where pods may run.
    Scheduling,
    /// Rights and users.
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

/// Why pods stay although something changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// The workload has no stamp.
    NoStamp,
    /// Its stamp did not change with what it reads.
    StaleStamp,
    /// A control annotation or a rule says that it gets no stamp.
    Ignored,
    /// Its source is in another apply unit, so its stamp does not cover it.
    External,
    /// The stamp cannot be written, for a reason in the findings.
    Refused,
    /// Its controller waits.
    Waits(RolloutWait),
    /// Pods below the partition of its update strategy stay.
    Partition,
    /// A change of its pod template does not replace pods of this kind.
    Kind(NoRoll),
}

/// A source whose content changed, and who reads it.
#[derive(Debug)]
pub struct SourceChange {
    /// Who it is.
    pub name: Name,
    /// The folder or file of its apply unit, below the paths that were named.
    pub unit: String,
    /// What it is for references.
    pub target: Target,
    /// Where its name is written: after, or before if it is gone.
    pub at: At,
    /// How the source as a whole changed.
    pub change: HowChanged,
    /// The keys that changed, by name.
    pub keys: Vec<KeyChange>,
    /// Whether it has another name after, because its name follows its content.
    pub is_renamed: bool,
    /// The positions of the workloads in [`Impact::workloads`] whose pods read a changed key.
    pub readers: Vec<usize>,
    /// Why it rolls nobody, if it does not.
    pub silent: Option<Silent>,
    /// The overlays in which this is so, where what overlays build is compared.
    pub overlays: Vec<String>,
}

/// An object of Flux that takes values from sources of which keys changed that it reads: a HelmRelease, or a
/// Kustomization with variables. What its controller makes of the values is not known here.
#[derive(Debug)]
pub struct ValuesChange {
    /// The object.
    pub name: Name,
    /// Where its name is written: after.
    pub at: At,
    /// Whether the object is there only after.
    pub is_new: bool,
    /// The keys that changed, in the order of its references.
    pub keys: Vec<TakenKey>,
    /// How late the last of them arrives: at once, if there is nothing; else up to this interval, as it is
    /// written.
    pub late: Option<String>,
    /// The overlays in which this is so, where what overlays build is compared.
    pub overlays: Vec<String>,
}

/// A key that changed, and that an object of Flux takes values from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenKey {
    /// The source.
    pub source: Name,
    /// The key; `*` where all are taken of a source that a controller in the cluster fills, because any of them may
    /// change.
    pub key: String,
    /// How it changed.
    pub change: HowChanged,
    /// Where it is written: after, or before if it is gone.
    pub at: At,
}

/// A key of a source that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The key.
    pub key: String,
    /// How it changed.
    pub change: HowChanged,
    /// Where it is written: after, or before if it is gone.
    pub at: At,
    /// The positions of the workloads in [`Impact::workloads`] whose pods read it.
    pub readers: Vec<usize>,
}

/// Why a source that changed rolls nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silent {
    /// Nothing names it.
    NoReader,
    /// Those who name it read other keys.
    OtherKeys,
    /// Its readers reread their files while they run.
    Live,
    /// A control annotation or a rule says that nobody rolls because of it.
    Ignored,
    /// A controller in the cluster fills it later.
    FilledInCluster,
    /// Its only readers start anew anyway, such as a CronJob.
    LaterRuns,
    /// Its only readers are new or gone with it.
    WithReader,
    /// Its only readers keep the old configuration; each is listed as stale.
    StaleReaders,
    /// No workload reads it, and an object of Flux takes values from it: see
    /// [`Impact::values_readers`].
    ValuesReader,
}

/// The workloads and pods behind each answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Workloads whose pods are replaced because of what they read, or because their template changed.
    pub rolls: usize,
    /// The least number of pods that are replaced, of workloads whose number is written.
    pub pods: u64,
    /// Workloads that keep the old configuration, in part or whole.
    pub stale: usize,
    /// Workloads that are replaced for nothing.
    pub needless: usize,
    /// Workloads that get their first stamp, or one that catches up.
    pub once: usize,
    /// Workloads without a pod for a while.
    pub downtime: usize,
    /// Workloads whose rollout may never end.
    pub stuck: usize,
    /// Workloads about which overlays decide.
    pub unknown: usize,
    /// New workloads.
    pub new: usize,
    /// Workloads that go.
    pub gone: usize,
    /// Objects of Flux that take other values.
    pub values_readers: usize,
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

    /// The least number of pods that are replaced, if it is written.
    pub fn pods(&self) -> Option<u64> {
        self.disruption.as_ref().and_then(|d| d.pods.map(|pods| pods.least))
    }
}

impl SourceChange {
    /// Of a source that rolls somebody, the keys that changed and that nobody reads.
    pub fn unread_keys(&self) -> Vec<&str> {
        let unread = self.keys.iter().filter(|key| key.readers.is_empty() && self.silent.is_none());
        unread.map(|key| key.key.as_str()).collect()
    }
}

impl Impact {
    /// How many workloads and pods are behind each answer.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for workload in &self.workloads {
            // Each overlay applies one of its own.
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
        counts
    }

    /// Whether nothing changes for any pod or source.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.workloads.iter().all(|w| w.answer == Answer::Quiet)
    }
}
