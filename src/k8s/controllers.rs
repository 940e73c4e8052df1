//! CONTROLLERS: the annotations of Reloader and Wave, controllers that roll pods from inside a
//! cluster.
//!
//! Reloader: github.com/stakater/Reloader v1.4.21, `internal/pkg/options/flags.go`; its flags:
//! `internal/pkg/util/util.go`. Wave: github.com/wave-k8s/wave 0.11, `pkg/core/types.go`.

use super::providers::Target;

/// The meaning of an annotation of Reloader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// On a workload: everything that it references rolls it.
    Auto,
    /// On a workload: every source of one kind that it references rolls it.
    TypedAuto(Target),
    /// On a workload: the sources of one kind whose names match this list roll it, referenced or not.
    List(Target),
    /// On a workload: the sources of one kind with these names do not roll it.
    Exclude(Target),
    /// On a workload: every source that it references and that has [`Role::Match`] rolls it.
    Search,
    /// On a source: `search` finds it.
    Match,
    /// On a source: it rolls no workload.
    Ignore,
    /// On a workload: as auto, a list or an exclude, for classes of the secrets store CSI driver.
    ProviderClass,
    /// On an Argo Rollout: whether pods are restarted without a new pod template.
    RolloutStrategy,
    /// On a Deployment: how long it is paused after a roll.
    PausePeriod,
    /// On a Deployment, written by Reloader: since when it is paused.
    PausedAt,
}

/// One annotation of Reloader.
#[derive(Debug)]
pub struct ReloaderKey {
    /// The meaning of the annotation.
    pub role: Role,
    /// The key of the annotation, unless a flag of Reloader renames it.
    pub key: &'static str,
    /// The flag of Reloader, without its dashes, that changes the key; `None` if there is no such
    /// flag.
    pub flag: Option<&'static str>,
}

const fn renamed(role: Role, key: &'static str, flag: &'static str) -> ReloaderKey {
    ReloaderKey { role, key, flag: Some(flag) }
}

const fn fixed(role: Role, key: &'static str) -> ReloaderKey {
    ReloaderKey { role, key, flag: None }
}

/// One row for each annotation of Reloader.
pub const RELOADER_KEYS: &[ReloaderKey] = &[
    renamed(Role::Auto, "reloader.stakater.com/auto", "auto-annotation"),
    renamed(
        Role::TypedAuto(Target::ConfigMap),
        "configmap.reloader.stakater.com/auto",
        "configmap-auto-annotation",
    ),
    renamed(
        Role::TypedAuto(Target::Secret),
        "secret.reloader.stakater.com/auto",
        "secret-auto-annotation",
    ),
    renamed(
        Role::List(Target::ConfigMap),
        "configmap.reloader.stakater.com/reload",
        "configmap-annotation",
    ),
    renamed(Role::List(Target::Secret), "secret.reloader.stakater.com/reload", "secret-annotation"),
    fixed(Role::Exclude(Target::ConfigMap), "configmaps.exclude.reloader.stakater.com/reload"),
    fixed(Role::Exclude(Target::Secret), "secrets.exclude.reloader.stakater.com/reload"),
    renamed(Role::Search, "reloader.stakater.com/search", "auto-search-annotation"),
    renamed(Role::Match, "reloader.stakater.com/match", "search-match-annotation"),
    renamed(Role::Ignore, "reloader.stakater.com/ignore", "ignore-annotation"),
    fixed(Role::ProviderClass, "secretproviderclass.reloader.stakater.com/auto"),
    fixed(Role::ProviderClass, "secretproviderclass.reloader.stakater.com/reload"),
    fixed(Role::ProviderClass, "secretproviderclasses.exclude.reloader.stakater.com/reload"),
    fixed(Role::RolloutStrategy, "reloader.stakater.com/rollout-strategy"),
    renamed(
        Role::PausePeriod,
        "deployment.reloader.stakater.com/pause-period",
        "pause-deployment-annotation",
    ),
    renamed(
        Role::PausedAt,
        "deployment.reloader.stakater.com/paused-at",
        "pause-deployment-time-annotation",
    ),
];

/// The common part of the keys of Reloader's annotations, unless a flag changed a key.
pub const RELOADER_DOMAIN: &str = "reloader.stakater.com/";
/// The prefix of the keys of Wave's annotations.
pub const WAVE_DOMAIN: &str = "wave.pusher.com/";

/// On a workload: Wave manages it if the value is exactly `true`.
pub const WAVE_REQUIRED: &str = "wave.pusher.com/update-on-config-change";

/// On a workload: ConfigMaps and Secrets, `name` or `namespace/name`, that Wave counts as well.
pub const WAVE_EXTRAS: &[(&str, Target)] = &[
    ("wave.pusher.com/extra-configmaps", Target::ConfigMap),
    ("wave.pusher.com/extra-secrets", Target::Secret),
];

/// The kinds that Wave manages (`InstanceType` in `pkg/core/types.go`).
pub const WAVE_KINDS: &[&str] = &["Deployment", "StatefulSet", "DaemonSet"];

/// Annotations that the controllers themselves write to record their state. In a repository they
/// have no meaning.
pub const BOOKKEEPING: &[&str] = &[
    // pkg/common/metainfo.go: the source of the last roll, on pod templates.
    "reloader.stakater.com/last-reloaded-from",
    // Reloader, internal/pkg/options/flags.go
    "deployment.reloader.stakater.com/paused-at",
    // Wave, pkg/core/types.go: the hash on pod templates, and the scheduler that a Deployment had.
    "wave.pusher.com/config-hash",
    "wave.pusher.com/scheduling-disabled",
];

/// The prefix of environment variables that Reloader writes (`EnvVarPrefix` in
/// `internal/pkg/constants/constants.go`).
pub const RELOADER_ENV: &str = "STAKATER_";
