//! Reads the annotations and labels of other tools in a pod template that roll its pods, and the
//! chart and template that Helm writes about its objects.

use super::annotation;
use crate::config::foreign::ForeignRules;
use crate::config::options::STAMP_KEY;
use crate::k8s::foreign::{
    CHECKSUMS, HELM_4_TEMPLATE, HELM_SOURCE, UPGRADE_HOOKS, VERSION_LABELS, VersionLabel,
};
use crate::k8s::sites::CONTAINER_LISTS;
use crate::text::Span;
use crate::yaml::Cursor;
use smol_str::SmolStr;

/// Names in a pod template's metadata, each with its place.
#[derive(Default)]
pub struct Marks {
    /// Annotations that another tool computed.
    pub checksums: Vec<(String, Span)>,
    /// Labels whose value is a version.
    pub versions: Vec<(String, Span)>,
    /// The checksums that the configuration may repair, each once.
    pub repairable: Vec<Checksum>,
    /// The labels that the configuration may drop.
    pub droppable: Vec<(&'static VersionLabel, Span)>,
    /// Whether an annotation says that all of them stay.
    pub stay: bool,
}

/// The marks of a pod template without any.
pub(super) static NONE: Marks = Marks {
    checksums: Vec::new(),
    versions: Vec::new(),
    repairable: Vec::new(),
    droppable: Vec::new(),
    stay: false,
};

impl Marks {
    /// Boxes the marks, unless there are none: most pod templates have none.
    pub(super) fn if_any(self) -> Option<Box<Self>> {
        let lists_none = self.checksums.is_empty()
            && self.versions.is_empty()
            && self.repairable.is_empty()
            && self.droppable.is_empty();
        (!lists_none).then(|| self.into())
    }
}

/// Whether an object has a selector. A workload without one may select its pods by all labels.
pub(super) fn has_selector(object: Cursor<'_>) -> bool {
    let selector = object.at(["spec", "selector"]);
    selector.is_some_and(|selector| selector.is_mapping() && selector.pairs().next().is_some())
}

/// An annotation of a pod template that another tool computed.
pub struct Checksum {
    /// The key of the annotation.
    pub key: String,
    /// The value of the annotation, if it is a string.
    pub value: Option<String>,
    /// Where the key is written.
    pub at: Span,
}

/// The origin that Helm writes about an object that it rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The chart: its name, or `PARENT/charts/NAME` for a subchart.
    pub chart: SmolStr,
    /// The template in it, as `templates/config.yaml`.
    pub template: SmolStr,
    /// Whether the origin comes from Helm 4, which also passes hooks to a post-renderer.
    pub shows_hooks: bool,
}

impl Rendered {
    /// Reads the origin from the comment before an object, or from its annotations.
    pub(super) fn of(object: Cursor<'_>) -> Option<Self> {
        let document = object.document();
        let root = object.to(document.root());
        let before = &object.text()[document.span.start as usize..root.node().span.start as usize];
        let before = before.trim_start_matches('\u{feff}');
        let mut sources = before.lines().filter_map(|line| line.strip_prefix(HELM_SOURCE));
        if let Some(path) = sources.next() {
            return Self::at(path.trim_end(), false);
        }
        let (path, _) = annotation(object.get("metadata")?, HELM_4_TEMPLATE)?;
        Self::at(&path, true)
    }

    /// `shop/charts/redis/templates/config.yaml`
    fn at(path: &str, shows_hooks: bool) -> Option<Self> {
        let mut chart = path.find('/')?;
        while let Some(below) = path[chart..].strip_prefix("/charts/") {
            chart += "/charts/".len() + below.find('/')?;
        }
        let template = &path[chart + 1..];
        let is_inside = ["templates/", "crds/"].iter().any(|folder| template.starts_with(folder));
        (chart > 0 && is_inside).then(|| Self {
            chart: path[..chart].into(),
            template: template.into(),
            shows_hooks,
        })
    }

    /// Whether the other object comes from this chart or from one of its subcharts.
    pub fn holds(&self, other: &Self) -> bool {
        let below = other.chart.strip_prefix(self.chart.as_str());
        below.is_some_and(|below| below.is_empty() || below.starts_with("/charts/"))
    }
}

/// Whether an upgrade creates this hook again.
pub(super) fn is_of_upgrade(hooks: &str) -> bool {
    hooks.split(',').any(|hook| UPGRADE_HOOKS.contains(&hook.trim()))
}

/// On a workload, with the value `keep`: the checksums and version labels of other tools in its pod
/// template do not change.
pub const FOREIGN: &str = "rollstamp.dev/foreign";

/// Reads the metadata of a pod template. `stamp` is the key of our own annotation.
pub(super) fn read(
    metadata: Cursor<'_>,
    pod_spec: Cursor<'_>,
    stamp: &str,
    rules: &ForeignRules,
) -> Marks {
    let mut marks = Marks::default();
    let fields = |name: &str| {
        let pairs = metadata.get(name).into_iter().flat_map(Cursor::pairs);
        pairs.filter_map(|(key, value)| Some((key.key().ok()?, key, value)))
    };
    for (name, key, value) in fields("annotations") {
        if name == STAMP_KEY || name == stamp || name.starts_with("rollstamp.dev/") {
            continue;
        }
        if CHECKSUMS.iter().any(|pattern| pattern.matches(&name)) {
            marks.checksums.push((name.to_string(), key.span()));
        }
        if rules.is_checksum(&name) && !marks.repairable.iter().any(|known| known.key == name) {
            let value = value.str().map(|text| text.into_owned());
            marks.repairable.push(Checksum { key: name.into_owned(), value, at: key.span() });
        }
    }
    for (name, key, value) in fields("labels") {
        if !VERSION_LABELS.iter().any(|row| row.name == name) {
            continue;
        }
        let Some(row) = VersionLabel::of(&name, value.str().as_deref()) else {
            continue;
        };
        if row.is_droppable() && !marks.droppable.iter().any(|(known, _)| *known == row) {
            marks.droppable.push((row, key.span()));
        }
        if !(row.of_image && is_in_an_image(value, pod_spec)) {
            marks.versions.push((name.into_owned(), key.span()));
        }
    }
    marks
}

/// Whether the version is part of an image: then a new version rolls the pods even without the
/// label.
fn is_in_an_image(version: Cursor<'_>, pod_spec: Cursor<'_>) -> bool {
    let Some(version) = version.str() else {
        return false;
    };
    let version = version.trim_start_matches('v');
    !version.is_empty()
        && CONTAINER_LISTS
            .iter()
            .flat_map(|list| pod_spec.list(list))
            .filter_map(|container| container.string("image"))
            .any(|image| image.contains(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_holds_those_inside_of_it() {
        let of = |path| Rendered::at(path, false);
        let shop = of("shop/templates/a/config.yaml").unwrap();
        let redis = of("shop/charts/redis/templates/config.yaml").unwrap();
        assert_eq!(
            (shop.chart.as_str(), shop.template.as_str()),
            ("shop", "templates/a/config.yaml")
        );
        assert_eq!(redis.chart, "shop/charts/redis");
        assert!(shop.holds(&redis) && shop.holds(&shop) && !redis.holds(&shop));
        assert!(!of("shop/charts/r/templates/x").unwrap().holds(&redis));
        for path in ["", "x", "/templates/x", "a/b/c", "shop/charts/redis"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
