//! Objects that make, or change, other objects in the cluster: what pods read is not what the manifests
//! beside them say, and nobody can know it without what the controller knows.

/// Such an object, by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Indirect {
    /// It installs a Helm chart.
    HelmRelease,
    /// It applies a folder of this or another repository, with variables and patches of its own.
    FluxKustomization,
    /// It applies a folder of this or another repository, or a chart, with changes of its own.
    Application,
}

impl Indirect {
    /// What people call one.
    pub fn noun(self) -> &'static str {
        match self {
            Self::HelmRelease => "Helm release",
            Self::FluxKustomization => "Flux Kustomization",
            Self::Application => "Argo CD application",
        }
    }
}

/// The kinds: API group, kind, what an object does.
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

/// The API group of what makes artifacts of folders for Flux (fluxcd.io/flux/components/source/artifactgenerators).
pub const ARTIFACT_GROUP: &str = "source.extensions.fluxcd.io";

/// What an object of a kind does beside itself, if anything.
pub fn indirect(group: &str, kind: &str) -> Option<Indirect> {
    let mut rows = KINDS.iter();
    rows.find(|(g, k, _)| *g == group && *k == kind).map(|(_, _, does)| *does)
}
