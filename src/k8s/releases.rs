//! RELEASES: kinds whose objects name a chart and hold values for it. A program in the cluster creates the
//! pods of the chart, so the object holds no pod template. Its values can hold the annotations of the pods,
//! and only the configuration says at which path.

use super::TableRow;
use super::sites::Site;
use crate::yaml::path::FieldPath;
use smol_str::SmolStr;
use std::sync::LazyLock;

/// A kind whose objects hold values for a chart.
#[derive(Debug, PartialEq, Eq)]
pub struct ReleaseKind {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The paths from the object to the name of its chart.
    pub charts: Vec<FieldPath>,
    /// The path to the values, with slashes.
    pub values: &'static str,
    /// The path to the namespace of the pods; if it is absent, the pods run in the namespace of the object.
    pub namespace: FieldPath,
}

/// One row for each kind.
pub static RELEASES: LazyLock<Vec<ReleaseKind>> = LazyLock::new(|| {
    vec![
        // fluxcd.io/flux/components/helm/helmreleases: a `chartRef` names an OCIRepository or a HelmChart
        ReleaseKind {
            group: "helm.toolkit.fluxcd.io",
            kind: "HelmRelease",
            charts: FieldPath::all(&["spec/chart/spec/chart", "spec/chartRef/name"]),
            values: "spec/values",
            namespace: FieldPath::parse("spec/targetNamespace"),
        },
        // argo-cd.readthedocs.io/en/stable/user-guide/helm/#values: `valuesObject`
        ReleaseKind {
            group: "argoproj.io",
            kind: "Application",
            charts: FieldPath::all(&["spec/source/chart"]),
            values: "spec/source/helm/valuesObject",
            namespace: FieldPath::parse("spec/destination/namespace"),
        },
    ]
});

/// The row of a kind, if its objects hold values for a chart.
pub fn release(group: &str, kind: &str) -> Option<&'static ReleaseKind> {
    RELEASES.iter().find(|row| row.group == group && row.kind == kind)
}

/// Pods that a program in the cluster creates from the values of an object: the place of their annotations in
/// the object, and the sources that they read.
#[derive(Debug, PartialEq, Eq)]
pub struct ReleasedPods {
    /// The chart of which the object must be a release; any, if absent.
    pub chart: Option<SmolStr>,
    /// The beginning of the path to the annotations, up to its last `*` or `[]`. The object must have this
    /// part.
    pub head: FieldPath,
    /// The other fields of the path, which may be absent.
    pub fields: Vec<SmolStr>,
    /// Fields in the mapping at the end of `head`, with texts: pods with such a text get no stamp.
    pub unless: Vec<(SmolStr, SmolStr)>,
    /// The places in the object that name what the pods read.
    pub references: Vec<ReleasedReference>,
}

/// A place in an object with the name of a source that these pods read.
#[derive(Debug, PartialEq, Eq)]
pub struct ReleasedReference {
    /// The place.
    pub site: TableRow<Site>,
    /// The field beside the name with the only key that is read; `None` for all keys.
    pub key: Option<SmolStr>,
    /// Fields beside the name, with the texts that they must have.
    pub when: Vec<(SmolStr, SmolStr)>,
}

/// Whether a text names this chart: its own name, or the last part of a path or an address.
pub fn names_chart(text: &str, chart: &str) -> bool {
    text == chart || text.trim_end_matches('/').rsplit('/').next() == Some(chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_is_named_alone_or_at_the_end_of_a_path() {
        assert!(names_chart("grafana", "grafana") && names_chart("./charts/grafana/", "grafana"));
        assert!(!names_chart("grafana-agent", "grafana") && !names_chart("grafana/x", "grafana"));
    }
}
