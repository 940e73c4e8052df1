//! REFERRERS: the fields outside of pod specs that name a ConfigMap or a Secret, and therefore
//! change when the source is renamed. The fields in pod specs are in [`super::sites`].
//!
//! Paths are written as in kustomize's `nameReference`, without list steps: see
//! [`FieldPath::matches`].

use super::providers::Target;
use crate::yaml::path::FieldPath;
use std::sync::LazyLock;

/// A field that names a source.
#[derive(Debug, PartialEq, Eq)]
pub struct Referrer {
    /// The name of the row in tests and reports.
    pub id: &'static str,
    /// The API groups of the object; empty: any group.
    pub groups: &'static [&'static str],
    /// The kinds of the object; empty: any kind.
    pub kinds: &'static [&'static str],
    /// The path to the name.
    pub path: FieldPath,
    /// The kind of the named object.
    pub names: NamedKind,
    /// The namespace in which the name is looked up.
    pub within: NamespaceRule,
    /// Whether kustomize rewrites the name there as well (see [`super::kustomize_names`]).
    pub kustomize: bool,
}

/// The kind that a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedKind {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// The kind in the field `kind` beside the name; without that field, this kind.
    ByKind(Option<Target>),
    /// The kinds in `resources` of the same RBAC rule.
    Rule,
}

/// The namespace in which a name is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamespaceRule {
    /// The namespace of the object.
    Own,
    /// The namespace in this field beside the name; without that field, the namespace of the object.
    Beside(&'static str),
    /// The part before a slash in the text itself; without a slash, the namespace of the object.
    Slash,
}

const KUSTOMIZE: bool = true;
const GAP: bool = false;

macro_rules! referrers {
    ($($id:literal [$($group:literal)*] [$($kind:literal)*] $path:literal $names:expr, $within:expr, $by:ident;)*) => {
        /// One row for each place.
        pub static REFERRERS: LazyLock<Vec<Referrer>> = LazyLock::new(|| vec![$(Referrer {
            id: $id,
            groups: &[$($group),*],
            kinds: &[$($kind),*],
            path: FieldPath::parse($path),
            names: $names,
            within: $within,
            kustomize: $by,
        },)*]);
    };
}

const BY_KIND: NamedKind = NamedKind::ByKind(None);
const NAMESPACE: NamespaceRule = NamespaceRule::Beside("namespace");

referrers! {
    // sigs.k8s.io/kustomize api/internal/konfig/builtinpluginconsts/namereference.go: kinds of any group
    "node-config" [] ["Node"] "spec/configSource/configMap/name" NamedKind::ConfigMap, NAMESPACE, KUSTOMIZE;
    "role-rule" [] ["Role"] "rules/resourceNames" NamedKind::Rule, NamespaceRule::Own, KUSTOMIZE;
    "cluster-role-rule" [] ["ClusterRole"] "rules/resourceNames" NamedKind::Rule, NamespaceRule::Own, KUSTOMIZE;
    "ingress-tls" [] ["Ingress"] "spec/tls/secretName" NamedKind::Secret, NamespaceRule::Own, KUSTOMIZE;
    "ingress-fastcgi" [] ["Ingress"] "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap" NamedKind::ConfigMap, NamespaceRule::Slash, KUSTOMIZE;
    "ingress-auth" [] ["Ingress"] "metadata/annotations/ingress.kubernetes.io\\/auth-secret" NamedKind::Secret, NamespaceRule::Slash, KUSTOMIZE;
    "ingress-nginx-auth" [] ["Ingress"] "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret" NamedKind::Secret, NamespaceRule::Slash, KUSTOMIZE;
    "ingress-nginx-auth-tls" [] ["Ingress"] "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret" NamedKind::Secret, NamespaceRule::Slash, KUSTOMIZE;
    "service-account-pull" [] ["ServiceAccount"] "imagePullSecrets/name" NamedKind::Secret, NamespaceRule::Own, KUSTOMIZE;
    "storage-class-secret" [] ["StorageClass"] "parameters/secretName" NamedKind::Secret, NamespaceRule::Beside("secretNamespace"), KUSTOMIZE;
    "storage-class-admin" [] ["StorageClass"] "parameters/adminSecretName" NamedKind::Secret, NamespaceRule::Beside("adminSecretNamespace"), KUSTOMIZE;
    "storage-class-user" [] ["StorageClass"] "parameters/userSecretName" NamedKind::Secret, NamespaceRule::Beside("userSecretNamespace"), KUSTOMIZE;
    "storage-class-ref" [] ["StorageClass"] "parameters/secretRef" NamedKind::Secret, NamespaceRule::Beside("secretNamespace"), KUSTOMIZE;
    "volume-azure-file" [] ["PersistentVolume"] "spec/azureFile/secretName" NamedKind::Secret, NamespaceRule::Beside("secretNamespace"), KUSTOMIZE;
    // The gaps of that table: k8s.io/api/core/v1/types.go
    "service-account-secret" [""] ["ServiceAccount"] "secrets/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-cephfs" [""] ["PersistentVolume"] "spec/cephfs/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-cinder" [""] ["PersistentVolume"] "spec/cinder/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-flex" [""] ["PersistentVolume"] "spec/flexVolume/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-iscsi" [""] ["PersistentVolume"] "spec/iscsi/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-rbd" [""] ["PersistentVolume"] "spec/rbd/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-scale-io" [""] ["PersistentVolume"] "spec/scaleIO/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-storage-os" [""] ["PersistentVolume"] "spec/storageos/secretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-csi-publish" [""] ["PersistentVolume"] "spec/csi/controllerPublishSecretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-csi-stage" [""] ["PersistentVolume"] "spec/csi/nodeStageSecretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-csi-node-publish" [""] ["PersistentVolume"] "spec/csi/nodePublishSecretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-csi-expand" [""] ["PersistentVolume"] "spec/csi/controllerExpandSecretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    "volume-csi-node-expand" [""] ["PersistentVolume"] "spec/csi/nodeExpandSecretRef/name" NamedKind::Secret, NAMESPACE, GAP;
    // kubernetes-csi.github.io/docs/secrets-and-credentials-storage-class.html
    "storage-class-csi-provision" ["storage.k8s.io"] ["StorageClass"] "parameters/csi.storage.k8s.io\\/provisioner-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/provisioner-secret-namespace"), GAP;
    "storage-class-csi-publish" ["storage.k8s.io"] ["StorageClass"] "parameters/csi.storage.k8s.io\\/controller-publish-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/controller-publish-secret-namespace"), GAP;
    "storage-class-csi-stage" ["storage.k8s.io"] ["StorageClass"] "parameters/csi.storage.k8s.io\\/node-stage-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/node-stage-secret-namespace"), GAP;
    "storage-class-csi-node-publish" ["storage.k8s.io"] ["StorageClass"] "parameters/csi.storage.k8s.io\\/node-publish-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/node-publish-secret-namespace"), GAP;
    "storage-class-csi-expand" ["storage.k8s.io"] ["StorageClass"] "parameters/csi.storage.k8s.io\\/controller-expand-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/controller-expand-secret-namespace"), GAP;
    "storage-class-csi-node-expand" ["storage.k8s.io"] ["StorageClass"] "parameters/csi.storage.k8s.io\\/node-expand-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/node-expand-secret-namespace"), GAP;
    "snapshot-class-csi" ["snapshot.storage.k8s.io"] ["VolumeSnapshotClass"] "parameters/csi.storage.k8s.io\\/snapshotter-secret-name" NamedKind::Secret, NamespaceRule::Beside("csi.storage.k8s.io/snapshotter-secret-namespace"), GAP;
    // kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations
    "ingress-nginx-proxy-ssl" [] ["Ingress"] "metadata/annotations/nginx.ingress.kubernetes.io\\/proxy-ssl-secret" NamedKind::Secret, NamespaceRule::Slash, GAP;
    "ingress-nginx-auth-headers" [] ["Ingress"] "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-proxy-set-headers" NamedKind::ConfigMap, NamespaceRule::Slash, GAP;
    "ingress-nginx-headers" [] ["Ingress"] "metadata/annotations/nginx.ingress.kubernetes.io\\/custom-headers" NamedKind::ConfigMap, NamespaceRule::Slash, GAP;
    // gateway-api.sigs.k8s.io/reference/spec: SecretObjectReference, ObjectReference, LocalObjectReference
    "gateway-certificate" ["gateway.networking.k8s.io"] ["Gateway"] "spec/listeners/tls/certificateRefs/name" NamedKind::ByKind(Some(Target::Secret)), NAMESPACE, GAP;
    "gateway-client-ca" ["gateway.networking.k8s.io"] ["Gateway"] "spec/listeners/tls/frontendValidation/caCertificateRefs/name" BY_KIND, NAMESPACE, GAP;
    "backend-tls-ca" ["gateway.networking.k8s.io"] ["BackendTLSPolicy"] "spec/validation/caCertificateRefs/name" BY_KIND, NamespaceRule::Own, GAP;
    // cert-manager.io/docs/concepts/ca-injector, on webhooks, API services and CRDs
    "webhook-ca" [] ["ValidatingWebhookConfiguration" "MutatingWebhookConfiguration" "APIService" "CustomResourceDefinition"] "metadata/annotations/cert-manager.io\\/inject-ca-from-secret" NamedKind::Secret, NamespaceRule::Slash, GAP;
    // cert-manager.io/docs/reference/api-docs: CAIssuer
    "issuer-ca" ["cert-manager.io"] ["Issuer"] "spec/ca/secretName" NamedKind::Secret, NamespaceRule::Own, GAP;
    // fluxcd.io/flux/components/helm/api/v2: ValuesReference, KubeConfigReference
    "helm-release-values" ["helm.toolkit.fluxcd.io"] ["HelmRelease"] "spec/valuesFrom/name" BY_KIND, NamespaceRule::Own, GAP;
    "helm-release-kube-config" ["helm.toolkit.fluxcd.io"] ["HelmRelease"] "spec/kubeConfig/secretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    // fluxcd.io/flux/components/kustomize/api/v1: SubstituteReference, Decryption
    "flux-substitute" ["kustomize.toolkit.fluxcd.io"] ["Kustomization"] "spec/postBuild/substituteFrom/name" BY_KIND, NamespaceRule::Own, GAP;
    "flux-decryption" ["kustomize.toolkit.fluxcd.io"] ["Kustomization"] "spec/decryption/secretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "flux-kube-config" ["kustomize.toolkit.fluxcd.io"] ["Kustomization"] "spec/kubeConfig/secretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    // fluxcd.io/flux/components/source/api/v1
    "flux-source" ["source.toolkit.fluxcd.io"] ["GitRepository" "OCIRepository" "HelmRepository" "Bucket"] "spec/secretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "flux-source-cert" ["source.toolkit.fluxcd.io"] ["OCIRepository" "HelmRepository" "Bucket"] "spec/certSecretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "flux-source-proxy" ["source.toolkit.fluxcd.io"] ["GitRepository" "OCIRepository" "Bucket"] "spec/proxySecretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    // fluxcd.io/flux/components/notification/api/v1
    "flux-notification" ["notification.toolkit.fluxcd.io"] ["Provider" "Receiver"] "spec/secretRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    // prometheus-operator.dev/docs/api-reference/api: the lists are plain strings
    "prometheus-secrets" ["monitoring.coreos.com"] ["Prometheus" "PrometheusAgent" "Alertmanager"] "spec/secrets" NamedKind::Secret, NamespaceRule::Own, GAP;
    "prometheus-config-maps" ["monitoring.coreos.com"] ["Prometheus" "PrometheusAgent" "Alertmanager"] "spec/configMaps" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    "alertmanager-config" ["monitoring.coreos.com"] ["Alertmanager"] "spec/configSecret" NamedKind::Secret, NamespaceRule::Own, GAP;
    "prometheus-scrape" ["monitoring.coreos.com"] ["Prometheus" "PrometheusAgent"] "spec/additionalScrapeConfigs/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "prometheus-relabel" ["monitoring.coreos.com"] ["Prometheus"] "spec/additionalAlertRelabelConfigs/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "prometheus-alertmanagers" ["monitoring.coreos.com"] ["Prometheus"] "spec/additionalAlertManagerConfigs/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "prometheus-thanos" ["monitoring.coreos.com"] ["Prometheus"] "spec/thanos/objectStorageConfig/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-basic-user" ["monitoring.coreos.com"] [] "**/basicAuth/username/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-basic-password" ["monitoring.coreos.com"] [] "**/basicAuth/password/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-bearer" ["monitoring.coreos.com"] [] "**/bearerTokenSecret/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-authorization" ["monitoring.coreos.com"] [] "**/authorization/credentials/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-tls-ca-secret" ["monitoring.coreos.com"] [] "**/tlsConfig/ca/secret/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-tls-ca-config-map" ["monitoring.coreos.com"] [] "**/tlsConfig/ca/configMap/name" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    "monitor-tls-cert-secret" ["monitoring.coreos.com"] [] "**/tlsConfig/cert/secret/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "monitor-tls-cert-config-map" ["monitoring.coreos.com"] [] "**/tlsConfig/cert/configMap/name" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    "monitor-tls-key" ["monitoring.coreos.com"] [] "**/tlsConfig/keySecret/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    // keda.sh/docs/concepts/authentication
    "keda-secret" ["keda.sh"] ["TriggerAuthentication"] "spec/secretTargetRef/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "keda-config-map" ["keda.sh"] ["TriggerAuthentication"] "spec/configMapTargetRef/name" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    // github.com/kubeflow/spark-operator v1beta2 SparkPodSpec
    "spark-config-map" ["sparkoperator.k8s.io"] ["SparkApplication" "ScheduledSparkApplication"] "**/configMaps/name" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    "spark-secret" ["sparkoperator.k8s.io"] ["SparkApplication" "ScheduledSparkApplication"] "**/secrets/name" NamedKind::Secret, NamespaceRule::Own, GAP;
    "spark-config" ["sparkoperator.k8s.io"] ["SparkApplication" "ScheduledSparkApplication"] "**/sparkConfigMap" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    "spark-hadoop-config" ["sparkoperator.k8s.io"] ["SparkApplication" "ScheduledSparkApplication"] "**/hadoopConfigMap" NamedKind::ConfigMap, NamespaceRule::Own, GAP;
    "spark-env-secret" ["sparkoperator.k8s.io"] ["SparkApplication" "ScheduledSparkApplication"] "**/envSecretKeyRefs/*/name" NamedKind::Secret, NamespaceRule::Own, GAP;
}

/// Kinds, by group and kind, that hold parts of a pod spec in other fields. In these kinds, the
/// last steps of a path are enough to recognise a site.
pub const POD_PARTS: &[(&str, &str)] = &[
    // openkruise.io/docs/user-manuals/sidecarset
    ("apps.kruise.io", "SidecarSet"),
    // argo-workflows.readthedocs.io/en/latest/fields
    ("argoproj.io", "Workflow"),
    ("argoproj.io", "WorkflowTemplate"),
    ("argoproj.io", "ClusterWorkflowTemplate"),
    ("argoproj.io", "CronWorkflow"),
    // github.com/kubeflow/spark-operator v1beta2
    ("sparkoperator.k8s.io", "SparkApplication"),
    ("sparkoperator.k8s.io", "ScheduledSparkApplication"),
    // prometheus-operator.dev/docs/api-reference/api
    ("monitoring.coreos.com", "Prometheus"),
    ("monitoring.coreos.com", "PrometheusAgent"),
    ("monitoring.coreos.com", "Alertmanager"),
    ("monitoring.coreos.com", "ThanosRuler"),
];

/// The rows for a place of an object; `way` holds the fields that lead to the place.
pub fn referrers<'w>(
    group: &'w str,
    kind: &'w str,
    way: &'w [impl AsRef<str>],
) -> impl Iterator<Item = &'static Referrer> {
    REFERRERS.iter().filter(move |row| {
        (row.kinds.is_empty() || row.kinds.contains(&kind))
            && (row.groups.is_empty() || row.groups.contains(&group))
            && row.path.matches(way)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_names_of_their_own() {
        for (i, row) in REFERRERS.iter().enumerate() {
            assert!(REFERRERS[..i].iter().all(|other| other.id != row.id), "{}", row.id);
        }
    }
}
