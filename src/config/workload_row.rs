//! A row of `workloads`: a kind that holds pod templates, or a kind that holds the annotations of pods which a
//! program in the cluster creates from it.

use crate::config::policy::path;
use crate::k8s::Since;
use crate::k8s::kinds::{NoRoll, Rolls, WorkloadKind};
use crate::k8s::presets::{self, PRESETS, Preset, PresetPods};
use crate::k8s::providers::Target;
use crate::k8s::releases::{self, RELEASES, ReleasedPods, ReleasedReference};
use crate::k8s::sites::Site;
use crate::yaml::path::PathStep;
use crate::yaml::resolve;
use schemars::JsonSchema;
use serde::Deserialize;
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A kind that holds pod templates, or the annotations of pods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("anyOf" = [
    {"required": ["kind", "templates"]},
    {"required": ["kind", "annotations"]},
    {"required": ["preset"]}
]))]
pub struct WorkloadRow {
    /// The name of a chart whose `annotations` and `references` rollstamp knows
    /// (docs/reference/presets.md); `kind` is HelmRelease, if absent
    pub preset: Option<String>,
    /// The API group; empty for the core group
    pub group: String,
    /// The kind
    pub kind: String,
    /// Only releases of this chart: the name of the chart, or the last part of its path or address, in a
    /// HelmRelease or an Argo CD Application
    pub chart: Option<String>,
    /// The paths of the pod templates, with dots: `spec.template`, `spec.tasks[].template`. `[]`
    /// behind a field means each item, `*` means each value of a mapping, and `**` alone means
    /// every part that looks like a pod template
    #[schemars(length(min = 1))]
    pub templates: Vec<String>,
    /// Instead of `templates`: the path of the mapping from which a program takes the annotations of the
    /// pods that it creates, such as `spec.values.podAnnotations`. Absent fields behind the last `[]` or `*`
    /// are added
    pub annotations: Option<String>,
    /// With `annotations`: fields of the mapping at its last `[]` or `*`, each with the texts for which
    /// the pods get no stamp, such as `type: [job, cronjob]`
    pub unless: BTreeMap<String, Vec<String>>,
    /// With `annotations`: the places in the same object that name a source which these pods read, in
    /// addition to the top-level `references`
    pub references: Vec<ReleasedRow>,
    /// Whether a change of a template replaces its pods; with `false`, rollstamp knows the kind and
    /// does not stamp it
    #[serde(default = "yes")]
    pub stamp: bool,
}

fn yes() -> bool {
    true
}

/// A place in an object that names a source which the pods read that a program creates from it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReleasedRow {
    /// The path from the object to the name, with dots. Where it begins like the path of the annotations,
    /// `[]` and `*` mean the same items in both. Elsewhere each of them means all items of a list or all
    /// values of a mapping
    pub path: String,
    /// The kind of the named object
    pub target: Target,
    /// The field beside the name that holds the only key that is read; all keys, if absent
    pub key: Option<String>,
    /// Fields beside the name that must have these texts: `type: secret`
    #[serde(default)]
    pub when: BTreeMap<String, String>,
}

/// The parsed rows of `workloads`.
#[derive(Debug, Default)]
pub struct WorkloadRules {
    /// Kinds that hold pod templates.
    pub templates: Vec<Arc<WorkloadKind>>,
    /// Kinds that hold the annotations of pods, one entry for each path.
    pub released: Vec<Arc<WorkloadKind>>,
}

/// Reads the rows.
///
/// # Errors
/// A row that says too little or too much, a path that is not one, and a preset that is not known.
pub fn rules(rows: &[WorkloadRow]) -> Result<WorkloadRules, String> {
    let mut rules = WorkloadRules::default();
    for row in rows {
        match &row.preset {
            Some(name) => rules.released.extend(of_preset(row, name)?),
            None if row.annotations.is_some() => rules.released.push(released(row)?),
            None => rules.templates.push(templates(row)?),
        }
    }
    Ok(rules)
}

fn kind(row: &WorkloadRow) -> WorkloadKind {
    WorkloadKind {
        groups: vec![row.group.as_str().into()],
        kind: row.kind.as_str().into(),
        templates: Vec::new(),
        rolls: if row.stamp { Rolls::Yes } else { Rolls::No(NoRoll::Configured) },
        built_in: false,
        released: None,
        since: Since::OptIn,
    }
}

fn templates(row: &WorkloadRow) -> Result<Arc<WorkloadKind>, String> {
    if row.kind.is_empty() {
        return Err("workloads: a row without a kind".to_owned());
    }
    if row.templates.is_empty() {
        return Err(format!(
            "workloads: {}: no path to a pod template, and none to the annotations of pods",
            row.kind
        ));
    }
    if row.chart.is_some() || !row.unless.is_empty() || !row.references.is_empty() {
        return Err(format!(
            "workloads: {}: `chart`, `unless` and `references` go with `annotations`",
            row.kind
        ));
    }
    let templates = row.templates.iter().map(|text| path(text)).collect::<Result<_, _>>()?;
    Ok(Arc::new(WorkloadKind { templates, ..kind(row) }))
}

fn released(row: &WorkloadRow) -> Result<Arc<WorkloadKind>, String> {
    let wrong = |what: &str| Err(format!("workloads: {}: {what}", row.kind));
    if row.kind.is_empty() {
        return Err("workloads: a row without a kind".to_owned());
    }
    if !row.templates.is_empty() {
        return wrong("`templates` and `annotations` in one row: write two");
    }
    if row.chart.is_some() && releases::release(&row.group, &row.kind).is_none() {
        let kinds: Vec<String> =
            RELEASES.iter().map(|row| format!("{} of {}", row.kind, row.group)).collect();
        return wrong(&format!("`chart` goes with {}", kinds.join(" and ")));
    }
    let whole = path(row.annotations.as_deref().unwrap_or_default())?;
    if whole.steps().contains(&PathStep::AnyWay) {
        return wrong("`annotations` is one path, without `**`");
    }
    let head = whole.steps().iter().rposition(|step| step.field().is_none()).map_or(0, |at| at + 1);
    let (head, behind) = whole.split_at(head);
    let fields: Vec<SmolStr> =
        behind.iter().filter_map(PathStep::field).map(SmolStr::from).collect();
    if fields.is_empty() {
        return wrong("`annotations` ends in no field");
    }
    if let Some(odd) = fields.iter().find(|name| !is_plain(name)) {
        return wrong(&format!("`{odd}` in `annotations` would need quotes"));
    }
    let references = row.references.iter().map(reference).collect::<Result<_, _>>()?;
    let unless = row.unless.iter().flat_map(|(field, texts)| {
        texts.iter().map(|text| (field.as_str().into(), text.as_str().into()))
    });
    let pods = ReleasedPods {
        chart: row.chart.as_deref().map(SmolStr::from),
        head,
        fields,
        unless: unless.collect(),
        references,
    };
    Ok(Arc::new(WorkloadKind { released: Some(Box::new(pods)), ..kind(row) }))
}

/// Whether a name can be the key of a YAML mapping without quotes.
fn is_plain(name: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(is_safe)
        && resolve::is_plain_string(name)
}

fn reference(row: &ReleasedRow) -> Result<ReleasedReference, String> {
    let whole = path(&row.path)?;
    // A path that ends in `*` names each value of a mapping.
    let (path, name) = match whole.split_last() {
        Some(split) => split,
        None => (whole, SmolStr::default()),
    };
    let text = |(field, text): (&String, &String)| (field.as_str().into(), text.as_str().into());
    Ok(ReleasedReference {
        site: Site::configured(&row.path, path, name, row.target, row.key.is_some()),
        key: row.key.as_deref().map(SmolStr::from),
        when: row.when.iter().map(text).collect(),
    })
}

/// The rows that a preset stands for.
fn of_preset(row: &WorkloadRow, name: &str) -> Result<Vec<Arc<WorkloadKind>>, String> {
    if row.annotations.is_some() || !row.templates.is_empty() || !row.references.is_empty() {
        return Err(format!(
            "workloads: preset {name}: it says `annotations` and `references` itself; write a row of its own beside it"
        ));
    }
    let Some(preset) = presets::preset(name) else {
        let nearest = PRESETS.iter().min_by_key(|row| strsim::damerau_levenshtein(row.chart, name));
        let nearest = nearest.map_or("", |row| row.chart);
        return Err(format!("workloads: there is no preset `{name}` (did you mean `{nearest}`?)"));
    };
    let kind = if row.kind.is_empty() { "HelmRelease" } else { &row.kind };
    let release = RELEASES.iter().find(|release| {
        release.kind == kind && (row.group.is_empty() || row.group == release.group)
    });
    let Some(release) = release else {
        return Err(format!("workloads: preset {name}: a {kind} names no chart"));
    };
    let root = release.values.replace('/', ".");
    let base = WorkloadRow {
        preset: None,
        group: release.group.to_owned(),
        kind: release.kind.to_owned(),
        chart: row.chart.clone().or_else(|| Some(preset.chart.to_owned())),
        ..row.clone()
    };
    preset.pods.iter().map(|pods| released(&of_pods(&base, &root, pods))).collect()
}

/// The row for some pods of a chart, whose values stand at this path.
fn of_pods(base: &WorkloadRow, root: &str, pods: &PresetPods) -> WorkloadRow {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let unless = pods.unless.iter().map(|(field, all)| ((*field).to_owned(), texts(all)));
    let rows = pods.reads.iter().flat_map(|read| read.references());
    WorkloadRow {
        annotations: Some(format!("{root}.{}", pods.annotations)),
        unless: unless.collect(),
        references: rows
            .map(|row| ReleasedRow {
                path: format!("{root}.{}", row.path),
                target: row.target,
                key: row.key.map(str::to_owned),
                when: row.when.map(|(f, t)| (f.to_owned(), t.to_owned())).into_iter().collect(),
            })
            .collect(),
        ..base.clone()
    }
}

/// The page about the presets, in Markdown. It shows the rows of each preset in the form of a configuration.
pub fn presets_page() -> String {
    let place = |preset: &Preset| {
        let pods = preset.pods.iter().map(|pods| {
            let mut text = format!("- `{}`", pods.annotations);
            for (field, texts) in pods.unless {
                text.push_str(&format!(", unless `{field}` is {}", texts.join(" or ")));
            }
            text.push_str(":\n");
            for row in pods.reads.iter().flat_map(|read| read.references()) {
                let key = row.key.map_or_else(String::new, |key| format!(", key in `{key}`"));
                let when =
                    row.when.map_or_else(String::new, |(f, t)| format!(", where `{f}` is {t}"));
                text.push_str(&format!("  - `{}`: {}{key}{when}\n", row.path, row.target.name()));
            }
            text
        });
        let pods: String = pods.collect();
        format!("\n## {}\n\nRead from {}.\n\n{pods}", preset.chart, preset.source)
    };
    let head = "# Presets

`workloads: [{preset: NAME}]` in [the configuration](../configuration.md) uses one of these rows: rollstamp then
stamps the pods of releases of this chart, in the annotations that their values hold. A release is a HelmRelease of
Flux, or, with `kind: Application`, an Application of Argo CD with `valuesObject`. If the release names a chart with
another name, such as a copy, write `chart: NAME` beside `preset`. Without a row in the configuration, no preset has
an effect.

For each chart, the list shows the paths of the annotations, relative to the values. Below each of them are the paths
to the names of what these pods read. The stamp covers all keys of a named object, unless a field with the key is
given.
";
    let charts = PRESETS.iter().map(place);
    head.to_owned() + &charts.collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WorkloadRules, String> {
        let rows: Vec<WorkloadRow> = serde_yaml::from_str(text).unwrap();
        rules(&rows)
    }

    #[test]
    fn every_preset_is_rows_that_can_be_read() {
        for preset in PRESETS {
            let rules = read(&format!("[{{preset: {}}}]", preset.chart)).unwrap();
            assert_eq!(rules.released.len(), preset.pods.len());
            let own = read(&format!("[{{preset: {}, kind: Application}}]", preset.chart));
            assert!(own.is_ok());
        }
    }

    #[test]
    fn a_row_that_says_too_little_or_too_much_is_an_error() {
        for (row, says) in [
            ("[{kind: X}]", "no path to a pod template"),
            ("[{annotations: spec.a}]", "without a kind"),
            ("[{kind: X, annotations: spec.a, templates: [spec.b]}]", "write two"),
            ("[{kind: X, annotations: 'spec.a[]'}]", "ends in no field"),
            ("[{kind: X, annotations: '**'}]", "without `**`"),
            ("[{kind: X, annotations: spec.yes}]", "would need quotes"),
            ("[{kind: X, annotations: spec..a}]", "not a path"),
            ("[{kind: X, annotations: spec.a, chart: b}]", "goes with HelmRelease"),
            ("[{kind: X, templates: [spec.a], chart: b}]", "go with `annotations`"),
            ("[{preset: grafna}]", "did you mean `grafana`?"),
            ("[{preset: grafana, annotations: spec.a}]", "a row of its own"),
            ("[{preset: grafana, kind: Deployment}]", "names no chart"),
        ] {
            let error = read(row).unwrap_err();
            assert!(error.contains(says), "{row}: {error}");
        }
    }
}
