//! Findings as the `results` of a KRM function (KRM Functions Specification v1, `ResourceList`).
//! kustomize ignores them; kpt shows them and keeps them in files.

use super::Locator;
use crate::extract::Object;
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultRow<'a> {
    message: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_ref: Option<ResourceRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileRow<'a>>,
    tags: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRef<'a> {
    api_version: String,
    kind: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

#[derive(Serialize)]
struct FileRow<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
}

/// The findings of an outcome as JSON, one object each.
pub fn results(outcome: &Outcome) -> Vec<String> {
    let locator = Locator::new(outcome);
    let rows = outcome.findings.iter();
    rows.map(|finding| serde_json::to_string(&row(outcome, finding, &locator)).unwrap_or_default())
        .collect()
}

fn row<'a>(outcome: &'a Outcome, finding: &Finding, locator: &Locator<'_>) -> ResultRow<'a> {
    let object = finding.place.and_then(|place| {
        let mut objects = outcome.facts[place.file.index()].objects.iter();
        objects.find(|object| {
            let whole = object.place.span;
            whole.start <= place.span.start && place.span.end <= whole.end
        })
    });
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str(&format!("; {help}"));
    }
    let mut tags = BTreeMap::from([("code", finding.code.name().to_owned())]);
    if let Some(place) = finding.place {
        let position = locator.position(place);
        tags.insert("place", format!("{}:{}", position.line, position.column));
    }
    ResultRow {
        message,
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "info",
        },
        resource_ref: object.map(reference),
        file: object.and_then(|object| {
            let from = object.from_file.as_ref()?;
            Some(FileRow { path: &from.path, index: from.index })
        }),
        tags,
    }
}

fn reference(object: &Object) -> ResourceRef<'_> {
    let id = &object.id;
    ResourceRef {
        api_version: match id.group.as_str() {
            "" => id.version.to_string(),
            group => format!("{group}/{}", id.version),
        },
        kind: &id.kind,
        name: &id.name,
        namespace: id.namespace.as_deref(),
    }
}
