//! FILLERS: the objects that make a program in the cluster create or fill ConfigMaps and Secrets,
//! in addition to the kinds of [`super::providers`].
//!
//! These rows were added after scheme v1, so none of them changes a stamp by itself: a created
//! source is looked for only if nothing in the apply unit has its name, and a filled source counts
//! with the content of its manifest, unless the configuration says `filledSources: external`.
//!
//! The CA injector of cert-manager has no row, because it fills webhooks, API services and
//! `CustomResourceDefinitions` (cert-manager.io/docs/concepts/ca-injector), which no pod reads. The
//! `PushSecret` of External Secrets has no row, because it reads a Secret
//! (external-secrets.io/latest/api/pushsecret).

use super::Since;
use super::providers::Target;
use crate::yaml::path::FieldPath;
use Condition::{Annotation, Field, Label};
use std::sync::LazyLock;

/// Objects that make a program in the cluster create or fill a source.
#[derive(Debug)]
pub struct Filler {
    /// The unique name of the row.
    pub id: &'static str,
    /// The name of the program in messages.
    pub by: &'static str,
    /// The API groups of the objects.
    pub groups: &'static [&'static str],
    /// The kind of the objects.
    pub kind: &'static str,
    /// At least one of these conditions must hold. Empty: every object matches.
    pub when: Vec<Condition>,
    /// The effect of the object on the program.
    pub fills: Fills,
    /// Which users get other stamps because of this row: only those who opt in.
    pub since: Since,
}

/// A condition about an object.
#[derive(Clone, Debug)]
pub enum Condition {
    /// It has this annotation; with a value, the annotation has this value.
    Annotation(&'static str, Option<&'static str>),
    /// It has this label with this value.
    Label(&'static str, &'static str),
    /// It has this field.
    Field(FieldPath),
}

/// The effect of an object on a program.
#[derive(Debug)]
pub enum Fills {
    /// The program fills the object itself, which is a source.
    Itself,
    /// The program creates another object, which is a source.
    Makes {
        /// The kind of the source.
        target: Target,
        /// The path to its name, or to its names.
        name: FieldPath,
        /// The namespaces in which the program creates the source.
        reach: Reach,
    },
}

/// The namespaces in which a source is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The namespace of the object.
    Own,
    /// Namespaces that a pattern or a label selects: any namespace may be among them.
    Any,
}

/// A source that a program creates in every namespace, without any manifest.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// The kind of the source.
    pub target: Target,
    /// The name of the source.
    pub name: &'static str,
    /// The name of the program in messages.
    pub by: &'static str,
}

/// One row for each source that is in every namespace.
pub const PUBLISHED: &[Published] = &[
    // kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin (the bundle for API servers);
    // pkg/controller/certificates/rootcacertpublisher/publisher.go, RootCACertConfigMapName
    Published { target: Target::ConfigMap, name: "kube-root-ca.crt", by: "Kubernetes" },
    // docs.redhat.com OpenShift Container Platform, "Configuring certificates": the service CA bundle of
    // every namespace; github.com/openshift/service-ca-operator
    Published { target: Target::ConfigMap, name: "openshift-service-ca.crt", by: "OpenShift" },
];

const SERVICE_CA: &str = "the service CA of OpenShift";
const VAULT: &str = "the Vault Secrets Operator";
const CERT_MANAGER: &str = "cert-manager";
const REFLECTOR: &str = "reflector";
const REPLICATOR: &str = "kubernetes-replicator";
const CORE: &[&str] = &[""];
const INGRESS: &[&str] = &["networking.k8s.io", "extensions"];

/// The annotations that make cert-manager's shims create a Certificate.
const ISSUERS: &[Condition] = &[
    Annotation("cert-manager.io/issuer", None),
    Annotation("cert-manager.io/cluster-issuer", None),
    Annotation("kubernetes.io/tls-acme", Some("true")),
];

fn row(
    id: &'static str,
    by: &'static str,
    (groups, kind): (&'static [&'static str], &'static str),
    when: &[Condition],
    fills: Fills,
) -> Filler {
    let when = when.to_vec();
    Filler { id, by, groups, kind, when, fills, since: Since::OptIn }
}

fn makes(target: Target, name: &str, reach: Reach) -> Fills {
    Fills::Makes { target, name: FieldPath::parse(name), reach }
}

/// One row for each sort of object that makes a program create or fill a source.
pub static FILLERS: LazyLock<Vec<Filler>> = LazyLock::new(|| {
    let secret = |name| makes(Target::Secret, name, Reach::Own);
    let copy = |target| makes(target, "metadata/name", Reach::Any);
    let config_map = (CORE, "ConfigMap");
    let core_secret = (CORE, "Secret");
    // docs.redhat.com OpenShift Container Platform, "Securing service traffic using service serving
    // certificate secrets"; github.com/openshift/service-ca-operator pkg/controller/api/api.go
    let serving: &[(&str, &str)] = &[
        (
            "serving-cert",
            "metadata/annotations/service.beta.openshift.io\\/serving-cert-secret-name",
        ),
        (
            "serving-cert-alpha",
            "metadata/annotations/service.alpha.openshift.io\\/serving-cert-secret-name",
        ),
    ];
    let serving =
        serving.iter().map(|(id, name)| row(id, SERVICE_CA, (CORE, "Service"), &[], secret(name)));
    // developer.hashicorp.com/vault/docs/platform/k8s/vso/api-reference: `destination`
    let vault: &[(&str, &str)] = &[
        ("vault-static-secret", "VaultStaticSecret"),
        ("vault-dynamic-secret", "VaultDynamicSecret"),
        ("vault-pki-secret", "VaultPKISecret"),
        ("hcp-vault-secrets-app", "HCPVaultSecretsApp"),
    ];
    let vault = vault.iter().map(|&(id, kind)| {
        row(id, VAULT, (&["secrets.hashicorp.com"], kind), &[], secret("spec/destination/name"))
    });
    let rest = [
        // github.com/openshift/service-ca-operator, README: "configmap cabundle injector"
        row(
            "inject-cabundle",
            SERVICE_CA,
            config_map,
            &[
                Annotation("service.beta.openshift.io/inject-cabundle", Some("true")),
                Annotation("service.alpha.openshift.io/inject-cabundle", Some("true")),
            ],
            Fills::Itself,
        ),
        // github.com/openshift/cluster-network-operator pkg/controller/configmap_ca_injector
        row(
            "inject-trusted-cabundle",
            "the network operator of OpenShift",
            config_map,
            &[Label("config.openshift.io/inject-trusted-cabundle", "true")],
            Fills::Itself,
        ),
        // cert-manager.io/docs/trust/trust-manager/api-reference: a Bundle is written to every namespace
        // that it selects, under its own name
        row(
            "trust-bundle-config-map",
            "trust-manager",
            (&["trust.cert-manager.io"], "Bundle"),
            &[Field(FieldPath::parse("spec/target/configMap"))],
            copy(Target::ConfigMap),
        ),
        row(
            "trust-bundle-secret",
            "trust-manager",
            (&["trust.cert-manager.io"], "Bundle"),
            &[Field(FieldPath::parse("spec/target/secret"))],
            copy(Target::Secret),
        ),
        // cert-manager.io/docs/usage/ingress: ingress-shim
        row(
            "ingress-shim",
            CERT_MANAGER,
            (INGRESS, "Ingress"),
            ISSUERS,
            secret("spec/tls[]/secretName"),
        ),
        // cert-manager.io/docs/usage/gateway
        row(
            "gateway-shim",
            CERT_MANAGER,
            (&["gateway.networking.k8s.io"], "Gateway"),
            ISSUERS,
            secret("spec/listeners[]/tls/certificateRefs[]/name"),
        ),
        // github.com/emberstack/kubernetes-reflector, README: annotations of the source and of the mirror
        row(
            "reflects-config-map",
            REFLECTOR,
            config_map,
            &[Annotation("reflector.v1.k8s.emberstack.com/reflects", None)],
            Fills::Itself,
        ),
        row(
            "reflects-secret",
            REFLECTOR,
            core_secret,
            &[Annotation("reflector.v1.k8s.emberstack.com/reflects", None)],
            Fills::Itself,
        ),
        row(
            "reflection-config-map",
            REFLECTOR,
            config_map,
            &[Annotation("reflector.v1.k8s.emberstack.com/reflection-auto-enabled", Some("true"))],
            copy(Target::ConfigMap),
        ),
        row(
            "reflection-secret",
            REFLECTOR,
            core_secret,
            &[Annotation("reflector.v1.k8s.emberstack.com/reflection-auto-enabled", Some("true"))],
            copy(Target::Secret),
        ),
        // github.com/mittwald/kubernetes-replicator, README: pull-based and push-based replication
        row(
            "replicate-from-config-map",
            REPLICATOR,
            config_map,
            &[Annotation("replicator.v1.mittwald.de/replicate-from", None)],
            Fills::Itself,
        ),
        row(
            "replicate-from-secret",
            REPLICATOR,
            core_secret,
            &[Annotation("replicator.v1.mittwald.de/replicate-from", None)],
            Fills::Itself,
        ),
        row(
            "replicate-to-config-map",
            REPLICATOR,
            config_map,
            &[
                Annotation("replicator.v1.mittwald.de/replicate-to", None),
                Annotation("replicator.v1.mittwald.de/replicate-to-matching", None),
            ],
            copy(Target::ConfigMap),
        ),
        row(
            "replicate-to-secret",
            REPLICATOR,
            core_secret,
            &[
                Annotation("replicator.v1.mittwald.de/replicate-to", None),
                Annotation("replicator.v1.mittwald.de/replicate-to-matching", None),
            ],
            copy(Target::Secret),
        ),
        // github.com/redhat-cop/vault-config-operator, the page about secret management: VaultSecret
        row(
            "redhat-vault-secret",
            "the Vault Config Operator",
            (&["redhatcop.redhat.io"], "VaultSecret"),
            &[],
            secret("spec/output/name"),
        ),
        // github.com/ricoberger/vault-secrets-operator, README
        row(
            "ricoberger-vault-secret",
            "vault-secrets-operator",
            (&["ricoberger.de"], "VaultSecret"),
            &[],
            secret("metadata/name"),
        ),
        // github.com/1Password/onepassword-operator, USAGEGUIDE.md
        row(
            "one-password-item",
            "the 1Password operator",
            (&["onepassword.com"], "OnePasswordItem"),
            &[],
            secret("metadata/name"),
        ),
    ];
    serving.chain(vault).chain(rest).collect()
});

/// The rows for objects of a kind.
pub fn fillers(group: &str, kind: &str) -> impl Iterator<Item = &'static Filler> {
    FILLERS.iter().filter(move |row| row.kind == kind && row.groups.contains(&group))
}

/// The source with this name that is in every namespace, if there is one.
pub fn published(target: Target, name: &str) -> Option<&'static Published> {
    PUBLISHED.iter().find(|row| row.target == target && row.name == name)
}
