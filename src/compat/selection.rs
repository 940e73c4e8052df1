//! Which workloads and which of their reads count, where the user says that annotations decide.

use super::reloader::{self, Selected, Selector, Tags};
use super::{Annotations, is_go_true, wave};
use crate::k8s::controllers::{RELOADER_KEYS, Role};
use crate::k8s::providers::Target;
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which workloads take part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Select {
    /// All workloads
    #[default]
    All,
    /// Those that say so: `rollstamp.dev/stamp: "true"`, or annotations of a controller that is followed
    Annotated,
}

/// Whether the annotations of a controller decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Follow {
    /// They say nothing
    #[default]
    Off,
    /// Workloads that carry them are stamped for what they select
    Follow,
}

/// Whose annotations decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerRules {
    /// Which workloads take part.
    pub select: Select,
    /// What the user's configuration says about workloads once a controller is left.
    pub after: After,
    /// Reloader's, as it was started; nothing, if it is not followed.
    pub reloader: Option<reloader::ReloaderFlags>,
    /// Whether the annotations of Wave decide.
    pub wave: bool,
}

/// What decides about workloads once they have left a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Which workloads take part.
    pub select: Select,
    /// Whether the annotations of controllers decide, also those that stay.
    pub follows: bool,
}

/// What the annotations of a workload and of its pod template say to the controllers, and to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The annotations of the workload.
    pub workload: Annotations,
    /// The annotations of its pod template.
    pub template: Annotations,
    /// Whether an annotation of ours says that the workload takes part.
    pub opted_in: bool,
}

impl Carried {
    /// The value of an annotation: that of the workload, else that of its pod template.
    fn get(&self, key: &str) -> Option<&str> {
        self.workload.get(key).or_else(|| self.template.get(key))
    }
}

/// Why a workload takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSelected {
    /// The workload has no annotation that says so.
    NoAnnotation,
    /// The annotations of the workload tell Reloader to leave it alone.
    ByReloader,
    /// Reloader restarts the pods of this Rollout without a new pod template; a stamp would start a
    /// canary.
    Restarted,
}

/// What of a workload counts.
pub enum Selection {
    /// All reads of the workload.
    All,
    /// No read: the workload is left alone.
    None(NotSelected),
    /// The reads that Reloader selects, of each kind of source.
    Reloader(Box<[Selector; 2]>),
    /// All reads of the workload, and the sources that Reloader's lists name beside them.
    Both(Box<[Selector; 2]>),
}

impl Selection {
    /// What counts of a workload of the kind `kind`.
    pub fn new(rules: &ControllerRules, kind: &str, carried: &Carried) -> Self {
        if carried.opted_in || (rules.wave && wave::is_enabled(kind, &carried.workload)) {
            return Self::All;
        }
        let followed = rules
            .reloader
            .as_ref()
            .filter(|options| options.auto_reload_all || carries_reloader(options, carried));
        let Some(options) = followed else {
            return match rules.select {
                Select::All => Self::All,
                Select::Annotated => Self::None(NotSelected::NoAnnotation),
            };
        };
        let selectors = Target::ALL.map(|target| {
            Selector::new(options, kind, target, &carried.workload, &carried.template)
        });
        if selectors.iter().all(Selector::selects_nothing) {
            return Self::None(NotSelected::ByReloader);
        }
        if restarts(options, kind, carried) {
            return Self::None(NotSelected::Restarted);
        }
        Self::Reloader(Box::new(selectors))
    }

    /// What Reloader alone makes of a workload, whatever annotations of ours say.
    pub fn by_reloader(flags: &reloader::ReloaderFlags, kind: &str, carried: &Carried) -> Self {
        let reloader = Some(flags.clone());
        let rules =
            ControllerRules { select: Select::Annotated, reloader, ..ControllerRules::default() };
        Self::new(&rules, kind, &Carried { opted_in: false, ..carried.clone() })
    }

    /// The selection of a workload that has a stamp of ours already, which covers all of its reads. Only
    /// who takes no part at all keeps that stamp as it is.
    #[must_use]
    pub fn beside_a_stamp(self) -> Self {
        match self {
            Self::Reloader(selectors) => Self::Both(selectors),
            Self::None(NotSelected::ByReloader) => Self::All,
            other => other,
        }
    }

    /// Whether a read of a source counts that the pod template references.
    pub fn counts(&self, target: Target, name: &str, tags: Tags) -> bool {
        match self {
            Self::All | Self::Both(_) => true,
            Self::None(_) => false,
            Self::Reloader(_) => self
                .selector(target)
                .is_some_and(|selector| selector.selects(name, tags) != Selected::No),
        }
    }

    /// Whether a source counts although the pod template does not reference it.
    pub fn names(&self, target: Target, name: &str, tags: Tags) -> bool {
        self.selector(target)
            .is_some_and(|selector| selector.selects(name, tags) == Selected::Always)
    }

    /// What Reloader selects among the sources of a kind, if it decides.
    pub fn selector(&self, target: Target) -> Option<&Selector> {
        match self {
            Self::Reloader(selectors) | Self::Both(selectors) => {
                let position = Target::ALL.iter().position(|own| *own == target);
                position.map(|position| &selectors[position])
            }
            Self::All | Self::None(_) => None,
        }
    }

    /// Whether everything counts that the pod template references, of each kind.
    pub fn is_auto(&self) -> bool {
        match self {
            Self::All => true,
            Self::None(_) => false,
            Self::Reloader(selectors) | Self::Both(selectors) => {
                selectors.iter().all(Selector::is_auto)
            }
        }
    }

    /// All selectors, if Reloader decides.
    pub fn selectors(&self) -> &[Selector] {
        match self {
            Self::Reloader(selectors) | Self::Both(selectors) => selectors.as_slice(),
            Self::All | Self::None(_) => &[],
        }
    }
}

/// Whether an annotation that Reloader decides by is on the workload or on its pod template.
pub fn carries_reloader(options: &reloader::ReloaderFlags, carried: &Carried) -> bool {
    let decides =
        |role: Role| matches!(role, Role::Auto | Role::TypedAuto(_) | Role::List(_) | Role::Search);
    let mut rows = RELOADER_KEYS.iter().filter(|row| decides(row.role));
    rows.any(|row| carried.get(options.key(row.role)).is_some())
}

/// Whether Reloader restarts the pods of a Rollout and leaves its pod template as it is.
fn restarts(options: &reloader::ReloaderFlags, kind: &str, carried: &Carried) -> bool {
    let strategy = carried.workload.get(options.key(Role::RolloutStrategy));
    kind == "Rollout" && strategy == Some("restart")
}

/// A place where Reloader's code and its documentation, or a later version, decide differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloaderDifference {
    /// `auto: "false"` stands beside an annotation that selects all the same.
    AutoFalse,
    /// An exclude stands on the pod template, where it is not looked for.
    ExcludeOnTemplate,
}

/// The places where what follows Reloader's code is not what its documentation says.
pub fn differences(
    options: &reloader::ReloaderFlags,
    carried: &Carried,
) -> Vec<ReloaderDifference> {
    let mut found = Vec::new();
    let of = |role: Role| carried.get(options.key(role));
    let is_off = of(Role::Auto).is_some_and(|value| !value.is_empty() && !is_go_true(Some(value)));
    let selects = Target::ALL.iter().any(|&target| {
        is_go_true(of(Role::TypedAuto(target)))
            || of(Role::List(target)).is_some_and(|list| !list.trim().is_empty())
    });
    if is_off && (selects || of(Role::Search) == Some("true")) {
        found.push(ReloaderDifference::AutoFalse);
    }
    let excludes = |target: &Target| {
        let key = options.key(Role::Exclude(*target));
        carried.workload.get(key).is_none()
            && carried.template.get(key).is_some_and(|list| !list.trim().is_empty())
    };
    if Target::ALL.iter().any(excludes) && carries_reloader(options, carried) {
        found.push(ReloaderDifference::ExcludeOnTemplate);
    }
    found
}
