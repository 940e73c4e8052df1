//! PRESETS: charts, where their values hold the annotations of their pods, and where they name what these pods
//! read. Only users who ask for a row by its name get stamps because of it. A released row never changes, because
//! another read would roll the pods of these users: a test compares the rows with `testdata/golden/presets.txt`.

use super::providers::Target;

/// A chart.
#[derive(Debug)]
pub struct Preset {
    /// The name of the chart, by which the configuration asks for the row.
    pub chart: &'static str,
    /// The address of the documentation of the values, with the version that was read.
    pub source: &'static str,
    /// The pods whose annotations the values hold.
    pub pods: &'static [PresetPods],
}

/// Pods of one pod template of a chart.
#[derive(Debug)]
pub struct PresetPods {
    /// The path from the values to their annotations, with dots.
    pub annotations: &'static str,
    /// Fields of the mapping at the last `*` or `[]`, each with the texts for which these pods get no stamp.
    pub unless: &'static [(&'static str, &'static [&'static str])],
    /// Their reads, by paths relative to the values.
    pub reads: &'static [PresetRead],
}

/// A place in the values.
#[derive(Clone, Copy, Debug)]
pub enum PresetRead {
    /// The name of a Secret, or a list of names. All keys are read.
    Secret(&'static str),
    /// The name of a `ConfigMap`, or a list of names. All keys are read.
    ConfigMap(&'static str),
    /// The name of an object of this kind, if the field beside the name has this text.
    Typed(&'static str, Target, (&'static str, &'static str)),
    /// A list or a mapping of environment variables.
    Env(&'static str),
    /// A mapping with the source of one environment variable (`EnvVarSource`).
    EnvSource(&'static str),
    /// A list of sources of environment variables (`EnvFromSource`).
    EnvFrom(&'static str),
    /// A list of containers.
    Containers(&'static str),
    /// A list of volumes of a pod spec.
    Volumes(&'static str),
}

/// A row of `references` in a row of `workloads`, with the path from the values.
#[derive(Debug, PartialEq, Eq)]
pub struct PresetReference {
    /// The path to the name, with dots.
    pub path: String,
    /// The kind of the named object.
    pub target: Target,
    /// The field beside the name that holds the only key that is read; all keys are read without it.
    pub key: Option<&'static str>,
    /// A field beside the name, and the text that it must have.
    pub when: Option<(&'static str, &'static str)>,
}

impl PresetRead {
    /// The rows of the configuration for this place.
    pub fn references(self) -> Vec<PresetReference> {
        let row = |path: String, target, key| PresetReference { path, target, key, when: None };
        let both = |path: &str, [config_map, secret]: [&str; 2], key| {
            vec![
                row(format!("{path}.{config_map}"), Target::ConfigMap, key),
                row(format!("{path}.{secret}"), Target::Secret, key),
            ]
        };
        let source =
            |path: &str| both(path, ["configMapKeyRef.name", "secretKeyRef.name"], Some("key"));
        let from =
            |path: &str| both(&format!("{path}[]"), ["configMapRef.name", "secretRef.name"], None);
        match self {
            Self::Secret(path) => vec![row(path.to_owned(), Target::Secret, None)],
            Self::ConfigMap(path) => vec![row(path.to_owned(), Target::ConfigMap, None)],
            Self::Typed(path, target, when) => {
                vec![PresetReference { when: Some(when), ..row(path.to_owned(), target, None) }]
            }
            Self::Env(path) => source(&format!("{path}[].valueFrom")),
            Self::EnvSource(path) => source(path),
            Self::EnvFrom(path) => from(path),
            Self::Containers(path) => {
                let mut rows = source(&format!("{path}[].env[].valueFrom"));
                rows.extend(from(&format!("{path}[].envFrom")));
                rows
            }
            Self::Volumes(path) => {
                let mut rows =
                    both(&format!("{path}[]"), ["configMap.name", "secret.secretName"], None);
                let projected = format!("{path}[].projected.sources[]");
                rows.extend(both(&projected, ["configMap.name", "secret.name"], None));
                rows
            }
        }
    }
}

/// The row of a chart.
pub fn preset(chart: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|row| row.chart == chart)
}

use PresetRead::{ConfigMap, Containers, Env, EnvFrom, EnvSource, Secret, Typed, Volumes};

macro_rules! presets {
    ($($source:literal $chart:literal { $($annotations:literal $(unless $field:literal [$($text:literal)*])? [$($read:expr),* $(,)?])* })*) => {
        /// One row for each chart.
        pub static PRESETS: &[Preset] = &[$(Preset {
            chart: $chart,
            source: $source,
            pods: &[$(PresetPods {
                annotations: $annotations,
                unless: &[$(($field, &[$($text),*]))?],
                reads: &[$($read),*],
            }),*],
        }),*];
    };
}

presets! {
    "github.com/bjw-s-labs/helm-charts charts/library/common 4.1.1, templates/lib/pod and lib/container; a job is not replaced by an upgrade, and each run of a cronjob reads anew"
    "app-template" {
        "controllers.*.pod.annotations" unless "type" ["job" "cronjob"] [
            Env("controllers.*.containers.*.env"),
            EnvSource("controllers.*.containers.*.env.*"),
            EnvFrom("controllers.*.containers.*.envFrom"),
            Secret("controllers.*.containers.*.envFrom[].secret"),
            ConfigMap("controllers.*.containers.*.envFrom[].configMap"),
            Env("controllers.*.initContainers.*.env"),
            EnvSource("controllers.*.initContainers.*.env.*"),
            EnvFrom("controllers.*.initContainers.*.envFrom"),
            Secret("controllers.*.initContainers.*.envFrom[].secret"),
            ConfigMap("controllers.*.initContainers.*.envFrom[].configMap"),
            Typed("persistence.*.name", Target::Secret, ("type", "secret")),
            Typed("persistence.*.name", Target::ConfigMap, ("type", "configMap")),
            ConfigMap("persistence.*.volumeSpec.configMap.name"),
            Secret("persistence.*.volumeSpec.secret.secretName"),
            ConfigMap("persistence.*.volumeSpec.projected.sources[].configMap.name"),
            Secret("persistence.*.volumeSpec.projected.sources[].secret.name"),
        ]
    }

    "github.com/cert-manager/cert-manager deploy/charts/cert-manager/values.yaml at 2d0d7f7f7"
    "cert-manager" {
        "podAnnotations" [Env("extraEnv"), Containers("extraContainers"), Volumes("volumes")]
        "webhook.podAnnotations" [Env("webhook.extraEnv"), Volumes("webhook.volumes")]
        "cainjector.podAnnotations" [Env("cainjector.extraEnv"), Volumes("cainjector.volumes")]
    }

    "github.com/kubernetes-sigs/external-dns charts/external-dns/values.yaml 1.21.1"
    "external-dns" {
        "podAnnotations" [
            Env("env"),
            Env("provider.webhook.env"),
            Containers("extraContainers"),
            Containers("initContainers"),
            Volumes("extraVolumes"),
        ]
    }

    "github.com/grafana-community/helm-charts charts/grafana/values.yaml 12.11.1, templates/_pod.tpl"
    "grafana" {
        "podAnnotations" [
            Secret("admin.existingSecret"),
            Secret("smtp.existingSecret"),
            Secret("ldap.existingSecret"),
            Secret("imageRenderer.existingSecret"),
            EnvSource("envValueFrom.*"),
            EnvSource("sidecar.*.envValueFrom.*"),
            Secret("envFromSecret"),
            Secret("envFromSecrets[].name"),
            ConfigMap("envFromConfigMaps[].name"),
            Secret("extraSecretMounts[].secretName"),
            Secret("extraSecretMounts[].projected.sources[].secret.name"),
            ConfigMap("extraSecretMounts[].projected.sources[].configMap.name"),
            ConfigMap("extraConfigmapMounts[].configMap"),
            ConfigMap("dashboardsConfigMaps.*"),
            Volumes("extraVolumes"),
            Volumes("extraContainerVolumes"),
            Containers("extraContainers"),
            Containers("extraInitContainers"),
        ]
        "imageRenderer.podAnnotations" [
            Secret("imageRenderer.existingSecret"),
            EnvSource("imageRenderer.envValueFrom.*"),
            Secret("imageRenderer.extraSecretMounts[].secretName"),
            ConfigMap("imageRenderer.extraConfigmapMounts[].configMap"),
            Volumes("imageRenderer.extraVolumes"),
        ]
    }

    "github.com/kubernetes/ingress-nginx charts/ingress-nginx/values.yaml 4.15.1"
    "ingress-nginx" {
        "controller.podAnnotations" [
            Env("controller.extraEnvs"),
            Containers("controller.extraContainers"),
            Containers("controller.extraInitContainers"),
            Volumes("controller.extraVolumes"),
        ]
        "defaultBackend.podAnnotations" [
            Env("defaultBackend.extraEnvs"),
            Volumes("defaultBackend.extraVolumes"),
        ]
    }

    "github.com/prometheus-community/helm-charts charts/kube-prometheus-stack/values.yaml 88.5.3; the operator gives pods the annotations of `podMetadata`"
    "kube-prometheus-stack" {
        "prometheus.prometheusSpec.podMetadata.annotations" [
            Secret("prometheus.prometheusSpec.secrets"),
            ConfigMap("prometheus.prometheusSpec.configMaps"),
            Containers("prometheus.prometheusSpec.containers"),
            Containers("prometheus.prometheusSpec.initContainers"),
            Volumes("prometheus.prometheusSpec.volumes"),
        ]
        "alertmanager.alertmanagerSpec.podMetadata.annotations" [
            Secret("alertmanager.alertmanagerSpec.secrets"),
            ConfigMap("alertmanager.alertmanagerSpec.configMaps"),
            Containers("alertmanager.alertmanagerSpec.containers"),
            Containers("alertmanager.alertmanagerSpec.initContainers"),
            Volumes("alertmanager.alertmanagerSpec.volumes"),
        ]
        "grafana.podAnnotations" [
            Secret("grafana.admin.existingSecret"),
            Secret("grafana.smtp.existingSecret"),
            Secret("grafana.ldap.existingSecret"),
            EnvSource("grafana.envValueFrom.*"),
            EnvSource("grafana.sidecar.*.envValueFrom.*"),
            Secret("grafana.envFromSecret"),
            Secret("grafana.envFromSecrets[].name"),
            ConfigMap("grafana.envFromConfigMaps[].name"),
            Secret("grafana.extraSecretMounts[].secretName"),
            ConfigMap("grafana.extraConfigmapMounts[].configMap"),
            ConfigMap("grafana.dashboardsConfigMaps.*"),
            Volumes("grafana.extraVolumes"),
            Volumes("grafana.extraContainerVolumes"),
            Containers("grafana.extraContainers"),
            Containers("grafana.extraInitContainers"),
        ]
    }

    "github.com/oauth2-proxy/manifests helm/oauth2-proxy/values.yaml 10.7.0, templates/deployment.yaml"
    "oauth2-proxy" {
        "podAnnotations" [
            Secret("config.existingSecret"),
            ConfigMap("config.existingConfig"),
            Secret("config.google.existingSecret"),
            Secret("alphaConfig.existingSecret"),
            ConfigMap("alphaConfig.existingConfig"),
            Secret("htpasswdFile.existingSecret"),
            Secret("sessionStorage.redis.existingSecret"),
            Secret("sessionStorage.redis.sentinel.existingSecret"),
            Env("extraEnv"),
            EnvFrom("envFrom"),
            Volumes("extraVolumes"),
            Containers("extraContainers"),
            Containers("extraInitContainers"),
        ]
    }

    "github.com/stefanprodan/podinfo charts/podinfo/values.yaml 6.14.1"
    "podinfo" {
        "podAnnotations" [Env("extraEnvs")]
    }

    "github.com/bitnami/charts bitnami/postgresql/values.yaml 17.1.0"
    "postgresql" {
        "primary.podAnnotations" [
            Secret("global.postgresql.auth.existingSecret"),
            Secret("auth.existingSecret"),
            Secret("tls.certificatesSecret"),
            ConfigMap("primary.existingConfigmap"),
            ConfigMap("primary.existingExtendedConfigmap"),
            ConfigMap("primary.initdb.scriptsConfigMap"),
            Secret("primary.initdb.scriptsSecret"),
            ConfigMap("primary.preInitDb.scriptsConfigMap"),
            Secret("primary.preInitDb.scriptsSecret"),
            Env("primary.extraEnvVars"),
            ConfigMap("primary.extraEnvVarsCM"),
            Secret("primary.extraEnvVarsSecret"),
            Volumes("primary.extraVolumes"),
            Containers("primary.sidecars"),
            Containers("primary.initContainers"),
            Env("metrics.extraEnvVars"),
        ]
        "readReplicas.podAnnotations" [
            Secret("global.postgresql.auth.existingSecret"),
            Secret("auth.existingSecret"),
            Secret("tls.certificatesSecret"),
            Env("readReplicas.extraEnvVars"),
            ConfigMap("readReplicas.extraEnvVarsCM"),
            Secret("readReplicas.extraEnvVarsSecret"),
            Volumes("readReplicas.extraVolumes"),
            Containers("readReplicas.sidecars"),
            Containers("readReplicas.initContainers"),
            Env("metrics.extraEnvVars"),
        ]
    }

    "github.com/bitnami/charts bitnami/redis/values.yaml 23.1.1; with sentinels, the nodes are the replicas"
    "redis" {
        "master.podAnnotations" [
            Secret("auth.existingSecret"),
            Secret("auth.acl.userSecret"),
            Secret("tls.existingSecret"),
            Secret("tls.certificatesSecret"),
            ConfigMap("existingConfigmap"),
            Env("master.extraEnvVars"),
            ConfigMap("master.extraEnvVarsCM"),
            Secret("master.extraEnvVarsSecret"),
            Volumes("master.extraVolumes"),
            Containers("master.sidecars"),
            Containers("master.initContainers"),
            Env("metrics.extraEnvVars"),
            Volumes("metrics.extraVolumes"),
        ]
        "replica.podAnnotations" [
            Secret("auth.existingSecret"),
            Secret("auth.acl.userSecret"),
            Secret("tls.existingSecret"),
            Secret("tls.certificatesSecret"),
            ConfigMap("existingConfigmap"),
            Env("replica.extraEnvVars"),
            ConfigMap("replica.extraEnvVarsCM"),
            Secret("replica.extraEnvVarsSecret"),
            Volumes("replica.extraVolumes"),
            Containers("replica.sidecars"),
            Containers("replica.initContainers"),
            Env("sentinel.extraEnvVars"),
            ConfigMap("sentinel.extraEnvVarsCM"),
            Secret("sentinel.extraEnvVarsSecret"),
            Volumes("sentinel.extraVolumes"),
            Env("metrics.extraEnvVars"),
            Volumes("metrics.extraVolumes"),
        ]
    }

    "github.com/traefik/traefik-helm-chart traefik/values.yaml 41.3.0, templates/_podtemplate.tpl"
    "traefik" {
        "deployment.podAnnotations" [
            Env("env"),
            EnvFrom("envFrom"),
            Typed("volumes[].name", Target::Secret, ("type", "secret")),
            Typed("volumes[].name", Target::ConfigMap, ("type", "configMap")),
            Volumes("deployment.additionalVolumes"),
            Containers("deployment.additionalContainers"),
            Containers("deployment.initContainers"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chart_stands_once_in_the_order_of_its_name() {
        let names: Vec<&str> = PRESETS.iter().map(|row| row.chart).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        assert!(PRESETS.iter().all(|row| !row.source.is_empty() && !row.pods.is_empty()));
    }

    #[test]
    fn containers_are_rows_of_what_they_read() {
        let rows = Containers("a").references();
        let rows: Vec<(&str, Option<&str>)> =
            rows.iter().map(|row| (row.path.as_str(), row.key)).collect();
        assert_eq!(
            rows,
            [
                ("a[].env[].valueFrom.configMapKeyRef.name", Some("key")),
                ("a[].env[].valueFrom.secretKeyRef.name", Some("key")),
                ("a[].envFrom[].configMapRef.name", None),
                ("a[].envFrom[].secretRef.name", None),
            ]
        );
    }
}
