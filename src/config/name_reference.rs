//! Places of names that users declare: the key `names` of the configuration, and the
//! `nameReference` files of kustomize, which say where custom resources name other objects. Entries
//! about ConfigMaps and Secrets become rows; the others concern only kustomize.

use crate::config::policy::{NameRow, glob};
use crate::config::settings::{NamePlace, NameTarget, said};
use crate::k8s::providers::Target;
use crate::yaml::path::FieldPath;
use serde::Deserialize;

/// The row for a declared place.
///
/// # Errors
/// A glob or a path that is not valid.
pub fn row(row: &NamePlace) -> Result<NameRow, String> {
    let path = match row.path.contains('/') {
        true => FieldPath::parse(&row.path),
        false => FieldPath::dotted(&row.path),
    };
    if !path.is_whole() {
        return Err(format!("names: not a path of fields: `{}`", row.path));
    }
    Ok(NameRow {
        group: row.group.clone(),
        kind: row.kind.clone(),
        path,
        target: match row.target {
            NameTarget::ConfigMap => Some(Target::ConfigMap),
            NameTarget::Secret => Some(Target::Secret),
            NameTarget::Nothing => None,
        },
        name: row.name.as_deref().map(glob).transpose()?,
        of_kustomize: false,
    })
}

/// A file of the `configurations:` of a kustomization. Its other fields do not concern names.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameReferences {
    #[serde(default)]
    name_reference: Vec<Refers>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refers {
    kind: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    field_specs: Vec<FieldSpec>,
}

#[derive(Debug, Deserialize)]
struct FieldSpec {
    path: String,
    kind: Option<String>,
    group: Option<String>,
}

/// Reads the rows of a file.
///
/// # Errors
/// Text that is not such a file.
pub fn rows(text: &str) -> Result<Vec<NameRow>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let read: Option<NameReferences> = serde_yaml::from_str(text).map_err(said)?;
    let mut rows = Vec::new();
    for named in read.into_iter().flat_map(|read| read.name_reference) {
        let is_core = named.group.as_deref().is_none_or(str::is_empty)
            && named.version.as_deref().is_none_or(|v| v.is_empty() || v == "v1");
        let target = named.kind.as_deref().filter(|_| is_core).and_then(Target::of_kind);
        let Some(target) = target else { continue };
        rows.extend(named.field_specs.into_iter().map(|spec| NameRow {
            group: spec.group.filter(|group| !group.is_empty()),
            kind: spec.kind.filter(|kind| !kind.is_empty()),
            path: FieldPath::parse(&spec.path),
            target: Some(target),
            name: None,
            of_kustomize: true,
        }));
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_kustomize_is_read_as_it_is() {
        let text = "namePrefix: []\nnameReference:\n- kind: ConfigMap\n  version: v1\n  fieldSpecs:\n  - kind: Widget\n    group: example.com\n    path: spec/configs[]/name\n    create: false\n- kind: Service\n  fieldSpecs:\n  - path: spec/service\n";
        let rows = rows(text).unwrap();
        assert_eq!(rows.len(), 1);
        let fits = |way: &[&str]| rows[0].fits("example.com", "Widget", way, "x");
        assert!(fits(&["spec", "configs", "name"]));
        assert!(
            !fits(&["spec", "configs"])
                && !rows[0].fits("", "Widget", &["spec", "configs", "name"], "x")
        );
        assert!(super::rows("").unwrap().is_empty() && super::rows("- a").is_err());
    }
}
