//! Findings as the `results` of a KRM function (KRM Functions Specification v1, `ResourceList`).
//! kustomize ignores them; kpt shows them and keeps them in files.

use super::locator::Locator;
use super::{Format, View};
use crate::extract::Object;
use crate::finding::{Finding, Severity};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The items of `results`. No option selects this format: it is used for every answer to a ResourceList.
pub struct Results;

impl Format for Results {
    /// Every finding as a JSON object on its own line.
    fn outcome(&self, view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
        let locator = view.locator();
        for finding in view.findings() {
            serde_json::to_writer(&mut *out, &row(finding, &locator))?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultRow<'a> {
    message: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_ref: Option<ResourceRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<KrmFile<'a>>,
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
struct KrmFile<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
}

fn row<'a>(finding: &'a Finding, locator: &Locator<'a>) -> ResultRow<'a> {
    let object = locator.object_at(finding);
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str(&format!("; {help}"));
    }
    let mut tags = BTreeMap::from([("code", finding.code.name().to_owned())]);
    if let Some(position) = finding.place.map(|place| locator.position(place)) {
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
            Some(KrmFile { path: &from.path, index: from.index })
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
