//! Objects whose controllers create or change other objects in the cluster. The manifests do not
//! show what the pods of these objects read, and only the controller knows it.

/// The effect of such an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Indirect {
    /// It installs a Helm chart.
    HelmRelease,
    /// It applies a folder of this or another repository, with its own variables and patches.
    FluxKustomization,
    /// It applies a folder of this or another repository, or a chart, with its own changes.
    Application,
}

impl Indirect {
    /// The noun for such an object in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::HelmRelease => "Helm release",
            Self::FluxKustomization => "Flux Kustomization",
            Self::Application => "Argo CD application",
        }
    }
}

/// The kinds: API group, kind, effect.
const KINDS: &[(&str, &str, Indirect)] = &[
    // fluxcd.io/flux/components/helm/helmreleases
    ("helm.toolkit.fluxcd.io", "HelmRelease", Indirect::HelmRelease),
    // docs.k3s.io/add-ons/helm
    ("helm.cattle.io", "HelmChart", Indirect::HelmRelease),
    ("helm.cattle.io", "HelmChartConfig", Indirect::HelmRelease),
    // fluxcd.io/flux/components/kustomize/kustomizations: `postBuild.substitute`, `patches`
    ("kustomize.toolkit.fluxcd.io", "Kustomization", Indirect::FluxKustomization),
    // argo-cd.readthedocs.io/en/stable/user-guide/application-specification: `source.kustomize`, `helm`
    ("argoproj.io", "Application", Indirect::Application),
    ("argoproj.io", "ApplicationSet", Indirect::Application),
];

/// The API group of the repositories from which Flux takes folders (fluxcd.io/flux/components/source).
pub const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";

/// The API group of objects that make artifacts from folders for Flux
/// (fluxcd.io/flux/components/source/artifactgenerators).
pub const ARTIFACT_GROUP: &str = "source.extensions.fluxcd.io";

/// The effect of an object of this kind on other objects, if any.
pub fn indirect(group: &str, kind: &str) -> Option<Indirect> {
    let mut rows = KINDS.iter();
    rows.find(|(g, k, _)| *g == group && *k == kind).map(|(_, _, does)| *does)
}
