//! FOREIGN: annotations and labels of pod templates through which other tools roll pods, also when
//! nothing changes that the pods read.

/// A pattern for the name of an annotation.
#[derive(Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The whole name.
    Exact(&'static str),
    /// The beginning of the name.
    Prefix(&'static str),
    /// The end of the name.
    Suffix(&'static str),
}

impl Pattern {
    /// Whether the name fits the pattern.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => name == *exact,
            Self::Prefix(prefix) => name.starts_with(prefix),
            Self::Suffix(suffix) => name.ends_with(suffix),
        }
    }
}

/// Annotations of a pod template that other tools compute: from whole template files, with their
/// metadata, or at random.
pub const CHECKSUMS: &[Pattern] = &[
    // helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
    Pattern::Prefix("checksum/"),
    Pattern::Suffix("/checksum"),
    Pattern::Exact("rollme"),
    // github.com/bluebrown/krm-filter, refhash
    Pattern::Prefix("configmap.checksum/"),
    Pattern::Prefix("secret.checksum/"),
    Pattern::Prefix("sealedsecret.checksum/"),
];

/// A label of a pod template that changes with each version of its chart or program.
#[derive(Debug, PartialEq, Eq)]
pub struct VersionLabel {
    /// Its name.
    pub name: &'static str,
    /// Whether it says the version of the program, which changes the image anyway.
    pub of_image: bool,
}

/// One row a label.
pub const VERSION_LABELS: &[VersionLabel] = &[
    // helm.sh/docs/chart_best_practices/labels
    VersionLabel { name: "helm.sh/chart", of_image: false },
    // kubernetes.io/docs/concepts/overview/working-with-objects/common-labels
    VersionLabel { name: "app.kubernetes.io/version", of_image: true },
];

/// Annotations of a pod template that say when, or because of what, somebody restarted its pods: they
/// change without any change of what the pods read.
pub const RESTARTS: &[Pattern] = &[
    // kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart
    Pattern::Exact("kubectl.kubernetes.io/restartedAt"),
    // github.com/stakater/Reloader, the annotations strategy
    Pattern::Exact("reloader.stakater.com/last-reloaded-from"),
    // github.com/xing/kubernetes-deployment-restart-controller
    Pattern::Prefix("com.xing.deployment-restart"),
    // github.com/app-sre/qontract-reconcile
    Pattern::Exact("qontract.recycle"),
    // github.com/fluxcd/flux2 `flux reconcile`, copied into templates by charts
    Pattern::Exact("reconcile.fluxcd.io/requestedAt"),
];
