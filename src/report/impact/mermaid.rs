//! Writes an impact as a Mermaid flowchart, which GitHub and GitLab draw in comments and documents. The
//! syntax: <https://mermaid.js.org/syntax/flowchart.html>.

use super::paint::{LEGEND, class, colours};
use crate::impact::graph::{Graph, Layer};
use crate::report::Format;
use crate::report::plain::escaped;
use std::io::{self, Write};

/// A Mermaid flowchart.
pub struct Mermaid;

impl Format for Mermaid {
    fn graph(&self, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "flowchart LR")?;
        if graph.hidden_keys > 0 {
            writeln!(out, "  %% {} keys are too many to show one by one", graph.hidden_keys)?;
        }
        for (i, node) in graph.nodes.iter().enumerate() {
            let label = escaped(&node.label, LABEL);
            let shape = match node.layer {
                Layer::Source => format!("[(\"{label}\")]"),
                Layer::Key => format!("([\"{label}\"])"),
                Layer::Workload => format!("[\"{label}\"]"),
            };
            writeln!(out, "  n{i}{shape}:::{}", class(node))?;
        }
        for (from, to) in &graph.edges {
            writeln!(out, "  n{from} --> n{to}")?;
        }
        for paint in LEGEND {
            let (fill, line) = colours(paint);
            writeln!(out, "  classDef {paint} fill:{fill},stroke:{line},color:#1f2328")?;
        }
        Ok(())
    }
}

/// In a label in quotes, entities replace characters that would end it.
const LABEL: &[(char, &str)] =
    &[('"', "#quot;"), ('#', "#35;"), ('&', "#amp;"), ('<', "#lt;"), ('>', "#gt;"), ('`', "#96;")];
