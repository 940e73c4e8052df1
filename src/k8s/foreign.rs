//! FOREIGN: annotations and labels of pod templates by which other tools roll pods, even if nothing
//! that the pods read changes.

use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

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

/// Annotations of a pod template that other tools compute from whole template files, including
/// their metadata, or at random.
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

/// The default of `foreign.match`: annotations whose values are repaired if the user asks for it.
/// Annotations that change with each release on purpose, such as `rollme`, are not among them.
pub const REPAIRED: &[&str] = &[
    // helm.sh/docs/howto/charts_tips_and_tricks/#automatically-roll-deployments
    "checksum/*",
    // the same, below a domain of the author or with the name of the file first
    "*/checksum",
    "*-checksum",
    // github.com/bluebrown/krm-filter, refhash
    "configmap.checksum/*",
    "secret.checksum/*",
];

/// Checksums whose names say that they cover something else than configuration data. A digest of
/// configuration data would roll the pods less often than the chart meant. `foreign.tie` can say
/// what they cover.
pub const NOT_DATA: &[MarkPattern] = &[
    // hashes of `.Values`: github.com/infiniflow/ragflow helm/templates/ragflow.yaml
    MarkPattern::Prefix("checksum/values"),
    // github.com/truecharts library-charts common, `common.lib.metadata.podAnnotations`
    MarkPattern::Prefix("checksum/service"),
    MarkPattern::Exact("checksum/persistence"),
    // named after a template `rbac.yaml` or `role.yaml`, which has no configuration data
    MarkPattern::Prefix("checksum/rbac"),
    MarkPattern::Prefix("checksum/role"),
    // helm.sh/docs/howto/charts_tips_and_tricks: a random text, to roll the pods with each release
    MarkPattern::Exact("rollme"),
];

/// The annotation in which Helm 4 names the template of a document for a post-renderer
/// (helm.sh/helm/v4 pkg/action/action.go `filenameAnnotation`). It sends hooks as well.
pub const HELM_4_TEMPLATE: &str = "postrenderer.helm.sh/postrender-filename";

/// The comment in which Helm names the template of a document, at its beginning
/// (helm.sh/helm/v3 pkg/action/action.go `renderResources`).
pub const HELM_SOURCE: &str = "# Source: ";

/// The hooks that an upgrade creates again, so that their content may change with it
/// (`helm.sh/docs/topics/charts_hooks`).
pub const UPGRADE_HOOKS: &[&str] = &["pre-upgrade", "post-upgrade"];

/// A label of a pod template that changes with each version of its chart or program.
#[derive(Debug, PartialEq, Eq)]
pub struct VersionLabel {
    /// The name of the label.
    pub name: &'static str,
    /// Whether its value is the version of the program, which changes the image anyway.
    pub of_image: bool,
    /// Whether it counts only if its value is the name of a chart, a dash and a version.
    pub if_name_version: bool,
}

impl VersionLabel {
    /// The row of a label with this value; an unknown value could be any value.
    pub fn of(name: &str, value: Option<&str>) -> Option<&'static Self> {
        let row = VERSION_LABELS.iter().find(|row| row.name == name)?;
        let is_one = !row.if_name_version || value.is_some_and(is_name_and_version);
        is_one.then_some(row)
    }

    /// Whether `foreign.versionLabels: drop` removes it: a label with the version of the program
    /// changes together with the image.
    pub fn is_droppable(&self) -> bool {
        !self.of_image
    }
}

/// One row for each label.
pub const VERSION_LABELS: &[VersionLabel] = &[
    // helm.sh/docs/chart_best_practices/labels
    VersionLabel { name: "helm.sh/chart", of_image: false, if_name_version: false },
    // github.com/helm/helm `helm create` before 2.12: `chart: {{ .Chart.Name }}-{{ .Chart.Version }}`
    VersionLabel { name: "chart", of_image: false, if_name_version: true },
    // kubernetes.io/docs/concepts/overview/working-with-objects/common-labels
    VersionLabel { name: "app.kubernetes.io/version", of_image: true, if_name_version: false },
];

/// `NAME-1.2.3`, as `{{ .Chart.Name }}-{{ .Chart.Version }}` gives it.
fn is_name_and_version(value: &str) -> bool {
    value.match_indices('-').any(|(at, _)| {
        let (name, version) = (&value[..at], &value[at + 1..]);
        let version = version.strip_prefix('v').unwrap_or(version);
        let mut numbers = version.splitn(3, '.');
        let is_number = |text: Option<&str>| {
            text.is_some_and(|t| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit()))
        };
        !name.is_empty()
            && is_number(numbers.next())
            && is_number(numbers.next())
            && numbers.next().is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// A place that sets the labels of an object, or of objects made from it: a label there selects
/// nothing.
#[derive(Debug, PartialEq, Eq)]
pub struct LabelsPlace {
    /// The kind; empty for any.
    pub kind: &'static str,
    /// The path from the object to the mapping of labels, without list steps.
    pub path: FieldPath,
}

fn labels(kind: &'static str, path: &str) -> LabelsPlace {
    LabelsPlace { kind, path: FieldPath::parse(path) }
}

/// One row for each place.
pub static LABELS_SET: LazyLock<Vec<LabelsPlace>> = LazyLock::new(|| {
    vec![
        // kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta
        labels("", "metadata/labels"),
        // kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-template-v1
        labels("Deployment", "spec/template/metadata/labels"),
        labels("StatefulSet", "spec/template/metadata/labels"),
        labels("DaemonSet", "spec/template/metadata/labels"),
        labels("ReplicaSet", "spec/template/metadata/labels"),
        labels("Job", "spec/template/metadata/labels"),
        labels("CronJob", "spec/jobTemplate/metadata/labels"),
        labels("CronJob", "spec/jobTemplate/spec/template/metadata/labels"),
        // kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1
        labels("StatefulSet", "spec/volumeClaimTemplates/metadata/labels"),
        // argo-rollouts.readthedocs.io/en/stable/features/specification
        labels("Rollout", "spec/template/metadata/labels"),
        // external-secrets.io/latest/api/spec: ExternalSecretTemplateMetadata
        labels("ExternalSecret", "spec/target/template/metadata/labels"),
        // cert-manager.io/docs/reference/api-docs: CertificateSecretTemplate
        labels("Certificate", "spec/secretTemplate/labels"),
        // github.com/bitnami-labs/sealed-secrets pkg/apis/sealedsecrets/v1alpha1
        labels("SealedSecret", "spec/template/metadata/labels"),
        // prometheus-operator.dev/docs/api-reference: labels of what is scraped or of an alert, not of pods
        labels("Prometheus", "spec/podMetadata/labels"),
        labels("Alertmanager", "spec/podMetadata/labels"),
    ]
});

/// A field that selects pods, or objects, by their labels.
#[derive(Debug, PartialEq, Eq)]
pub struct SelectorField {
    /// The kinds that have the field; empty for any kind.
    pub kinds: &'static [&'static str],
    /// The path from the object to the field, without list steps.
    pub path: FieldPath,
}

fn selects(kinds: &'static [&'static str], path: &str) -> SelectorField {
    SelectorField { kinds, path: FieldPath::parse(path) }
}

/// The fields that are known to select by labels. A label that any other field names, except those
/// in [`LABELS_SET`], may be selected too, so it also stays.
pub static SELECTORS: LazyLock<Vec<SelectorField>> = LazyLock::new(|| {
    vec![
        // kubernetes.io/docs/concepts/overview/working-with-objects/labels/#resources-that-support-set-based-requirements
        selects(
            &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Rollout"],
            "spec/selector",
        ),
        // kubernetes.io/docs/concepts/services-networking/service/#defining-a-service
        selects(&["Service", "ReplicationController", "DeploymentConfig"], "spec/selector"),
        // kubernetes.io/docs/tasks/run-application/configure-pdb
        selects(&["PodDisruptionBudget"], "spec/selector"),
        // kubernetes.io/docs/concepts/services-networking/network-policies
        selects(&["NetworkPolicy"], "spec/podSelector"),
        selects(&["NetworkPolicy"], "spec/ingress/from/podSelector"),
        selects(&["NetworkPolicy"], "spec/egress/to/podSelector"),
        // docs.cilium.io/en/stable/security/policy/language
        selects(
            &["CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"],
            "spec/endpointSelector",
        ),
        // docs.tigera.io/calico/latest/reference/resources/networkpolicy: `selector: label == 'x'`
        selects(&["NetworkPolicy", "GlobalNetworkPolicy"], "spec/selector"),
        // kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node and topology-spread-constraints
        selects(&[], "**/podAffinity"),
        selects(&[], "**/podAntiAffinity"),
        selects(&[], "**/topologySpreadConstraints"),
        // prometheus-operator.dev/docs/api-reference
        selects(&["PodMonitor", "ServiceMonitor"], "spec/selector"),
        selects(&["PodMonitor", "ServiceMonitor"], "spec/podTargetLabels"),
        // docs.victoriametrics.com/operator/resources
        selects(&["VMPodScrape", "VMServiceScrape"], "spec/selector"),
        // istio.io/latest/docs/reference/config/networking/destination-rule/#Subset
        selects(&["DestinationRule"], "spec/subsets/labels"),
        // istio.io/latest/docs/reference/config/type/workload-selector
        selects(
            &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication", "Telemetry"],
            "spec/selector",
        ),
        selects(&["Gateway"], "spec/selector"),
        selects(&["Sidecar", "EnvoyFilter"], "spec/workloadSelector"),
        // linkerd.io/2/reference/authorization-policy
        selects(&["Server"], "spec/podSelector"),
        // kubernetes.io/docs/concepts/workloads/pods/downward-api: a pod that reads its own labels
        selects(&[], "**/fieldRef"),
    ]
});

/// Annotations of a pod template that record the time or the cause of a restart: they change
/// without a change of the sources that the pods read.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_says_a_version_by_its_name_or_value() {
        let is_one = |name, value| VersionLabel::of(name, Some(value)).is_some();
        assert!(is_one("helm.sh/chart", "web-1.2.3") && is_one("helm.sh/chart", "anything"));
        assert!(is_one("chart", "web-1.2.3") && is_one("chart", "my-web-v0.1.0-rc.1_b2"));
        assert!(!is_one("chart", "web") && !is_one("chart", "web-2") && !is_one("chart", "-1.2.3"));
        assert!(VersionLabel::of("chart", None).is_none());
    }
}
