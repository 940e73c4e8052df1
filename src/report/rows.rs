//! The parts that several JSON reports have in common.

use super::Spot;
use crate::impact::Name;
use crate::k8s::id::Identity;
use serde::Serialize;
use std::io::{self, Write};

/// Writes a JSON object over several lines, and a newline.
pub(super) fn document(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    out.write_all(b"\n")
}

/// An object by its name: as one text for people, and as its parts.
#[derive(Serialize)]
pub(super) struct ObjectRow<'a> {
    object: String,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> From<&'a Identity> for ObjectRow<'a> {
    fn from(id: &'a Identity) -> Self {
        let namespace = id.namespace.as_deref();
        Self { object: id.to_string(), kind: &id.kind, namespace, name: &id.name }
    }
}

impl<'a> From<&'a Name> for ObjectRow<'a> {
    fn from(name: &'a Name) -> Self {
        let namespace = name.namespace.as_deref();
        Self { object: name.to_string(), kind: &name.kind, namespace, name: &name.name }
    }
}

/// A line and a column of a file, both from 1.
#[derive(Serialize)]
pub(super) struct PlaceRow<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

impl<'a> From<Spot<'a>> for PlaceRow<'a> {
    fn from(Spot { file, position }: Spot<'a>) -> Self {
        Self { file, line: position.line, column: position.column }
    }
}
