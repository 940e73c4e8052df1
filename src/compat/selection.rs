//! Which workloads and which of their reads count, if annotations decide.

use super::reloader::{self, Selected, Selector, Tags};
use super::{Annotations, is_go_true, wave};
use crate::k8s::controllers::{RELOADER_KEYS, Role};
use crate::k8s::providers::Target;
use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which workloads are stamped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Select {
    /// All workloads
    #[default]
    All,
    /// Workloads with `rollstamp.dev/stamp: "true"`, or with annotations of a controller that
    /// `compat` follows
    Annotated,
}

/// Whether the annotations of a controller decide which reads count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema, ValueEnum)]
#[serde(rename_all = "camelCase")]
pub enum Follow {
    /// The annotations have no effect
    #[default]
    Off,
    /// Workloads with these annotations are stamped for the sources that they select
    Follow,
}

/// The rules that select workloads and their reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ControllerRules {
    /// Which workloads are stamped.
    pub select: Select,
    /// The rules of the user's configuration for workloads after the migration from a controller.
    pub after: After,
    /// The rules of Reloader with the user's options; `None` if Reloader is not followed.
    pub reloader: Option<reloader::ReloaderFlags>,
    /// Whether the annotations of Wave are followed.
    pub wave: bool,
}

/// The rules for workloads after the migration from a controller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct After {
    /// Which workloads are stamped.
    pub select: Select,
    /// Whether the annotations of controllers decide, including the remaining ones.
    pub follows: bool,
}

/// The annotations of a workload and of its pod template that controllers or rollstamp use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The annotations of the workload.
    pub workload: Annotations,
    /// The annotations of its pod template.
    pub template: Annotations,
    /// Whether an annotation of rollstamp selects the workload.
    pub opted_in: bool,
}

impl Carried {
    /// The value of an annotation: that of the workload, otherwise that of its pod template.
    fn get(&self, key: &str) -> Option<&str> {
        self.workload.get(key).or_else(|| self.template.get(key))
    }
}

/// Why a workload is not stamped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSelected {
    /// The workload has no annotation that selects it.
    NoAnnotation,
    /// The annotations of the workload tell Reloader to leave it alone.
    ByReloader,
    /// Reloader restarts the pods of this Rollout without a new pod template; a stamp would start a
    /// canary.
    Restarted,
}

/// Which reads of a workload count.
pub enum Selection {
    /// All reads of the workload.
    All,
    /// No read: the workload is not stamped.
    None(NotSelected),
    /// The reads that Reloader selects, of each kind of source.
    Reloader(Box<[Selector; 2]>),
    /// All reads of the workload, and the further sources that Reloader's lists name.
    Both(Box<[Selector; 2]>),
}

impl Selection {
    /// The reads that count for a workload of the kind `kind`.
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

    /// The selection of Reloader alone, without annotations of rollstamp.
    pub fn by_reloader(flags: &reloader::ReloaderFlags, kind: &str, carried: &Carried) -> Self {
        let reloader = Some(flags.clone());
        let rules =
            ControllerRules { select: Select::Annotated, reloader, ..ControllerRules::default() };
        Self::new(&rules, kind, &Carried { opted_in: false, ..carried.clone() })
    }

    /// The selection for a workload that already has a stamp, which covers all of its reads. Only a
    /// workload that is not selected at all keeps this stamp unchanged.
    #[must_use]
    pub fn beside_a_stamp(self) -> Self {
        match self {
            Self::Reloader(selectors) => Self::Both(selectors),
            Self::None(NotSelected::ByReloader) => Self::All,
            other => other,
        }
    }

    /// Whether a read of a source that the pod template references counts.
    pub fn counts(&self, target: Target, name: &str, tags: Tags) -> bool {
        match self {
            Self::All | Self::Both(_) => true,
            Self::None(_) => false,
            Self::Reloader(_) => self.selected(target, name, tags) != Selected::No,
        }
    }

    /// Whether a source counts although the pod template does not reference it.
    pub fn names(&self, target: Target, name: &str, tags: Tags) -> bool {
        self.selected(target, name, tags) == Selected::Always
    }

    fn selected(&self, target: Target, name: &str, tags: Tags) -> Selected {
        self.selector(target).map_or(Selected::No, |selector| selector.selects(name, tags))
    }

    /// The selector of Reloader for the sources of a kind, if Reloader decides.
    pub fn selector(&self, target: Target) -> Option<&Selector> {
        let position = Target::ALL.iter().position(|own| *own == target)?;
        self.selectors().get(position)
    }

    /// Whether all referenced sources of each kind count.
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

/// Whether the workload or its pod template has an annotation that Reloader uses for its decision.
pub fn carries_reloader(options: &reloader::ReloaderFlags, carried: &Carried) -> bool {
    let decides =
        |role: Role| matches!(role, Role::Auto | Role::TypedAuto(_) | Role::List(_) | Role::Search);
    let mut rows = RELOADER_KEYS.iter().filter(|row| decides(row.role));
    rows.any(|row| carried.get(options.key(row.role)).is_some())
}

/// Whether Reloader restarts the pods of a Rollout without changing its pod template.
fn restarts(options: &reloader::ReloaderFlags, kind: &str, carried: &Carried) -> bool {
    let strategy = carried.workload.get(options.key(Role::RolloutStrategy));
    kind == "Rollout" && strategy == Some("restart")
}

/// A place where Reloader's code and its documentation, or a later version, decide differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloaderDifference {
    /// `auto: "false"` stands beside an annotation that still selects sources.
    AutoFalse,
    /// An exclude stands on the pod template, where Reloader does not look for it.
    ExcludeOnTemplate,
}

/// The places where the code of Reloader, which rollstamp follows, differs from its documentation.
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
