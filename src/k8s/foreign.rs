//! FOREIGN: annotations and labels of pod templates through which other tools roll pods, also when
//! nothing changes that the pods read.

/// A pattern for the name of an annotation.
#[derive(Debug, PartialEq, Eq)]
pub enum MarkPattern {
    /// The whole name.
    Exact(&'static str),
    /// The beginning of the name.
    Prefix(&'static str),
    /// The end of the name.
    Suffix(&'static str),
}

impl MarkPattern {
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
pub const CHECKSUMS: &[MarkPattern] = &[
    // helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
    MarkPattern::Prefix("checksum/"),
    MarkPattern::Suffix("/checksum"),
    MarkPattern::Exact("rollme"),
    // github.com/bluebrown/krm-filter, refhash
    MarkPattern::Prefix("configmap.checksum/"),
    MarkPattern::Prefix("secret.checksum/"),
    MarkPattern::Prefix("sealedsecret.checksum/"),
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
pub const RESTARTS: &[MarkPattern] = &[
    // kubernetes.io/docs/reference/kubectl/generated/kubectl_rollout/kubectl_rollout_restart
    MarkPattern::Exact("kubectl.kubernetes.io/restartedAt"),
    // github.com/stakater/Reloader, the annotations strategy
    MarkPattern::Exact("reloader.stakater.com/last-reloaded-from"),
    // github.com/wave-k8s/wave writes it into the cluster; in a repository it is a copy from there
    MarkPattern::Exact("wave.pusher.com/config-hash"),
    // github.com/xing/kubernetes-deployment-restart-controller
    MarkPattern::Prefix("com.xing.deployment-restart"),
    // github.com/app-sre/qontract-reconcile
    MarkPattern::Exact("qontract.recycle"),
    // github.com/fluxcd/flux2 `flux reconcile`, copied into templates by charts
    MarkPattern::Exact("reconcile.fluxcd.io/requestedAt"),
];
