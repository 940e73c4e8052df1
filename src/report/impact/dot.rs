//! Writes an impact as a graph for Graphviz: `rollstamp impact -o dot ... | dot -Tsvg`. The language:
//! <https://graphviz.org/doc/info/lang.html>.

use super::paint::{class, colours};
use crate::impact::graph::{Graph, Layer};
use crate::report::Format;
use std::io::{self, Write};

/// A graph for Graphviz.
pub struct Dot;

impl Format for Dot {
    fn graph(&self, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "digraph rollstamp {{")?;
        writeln!(out, "  rankdir=LR; nodesep=0.1; ranksep=1.5;")?;
        writeln!(out, "  node [style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11];")?;
        for (i, node) in graph.nodes.iter().enumerate() {
            let (fill, line) = colours(class(node));
            let shape = match node.layer {
                Layer::Source => "cylinder",
                Layer::Key => "plain",
                Layer::Workload => "box",
            };
            let label: String = node.label.chars().filter(|c| !c.is_control()).collect();
            let label = label.replace('\\', "\\\\").replace('"', "\\\"");
            writeln!(
                out,
                "  n{i} [label=\"{label}\", shape={shape}, fillcolor=\"{fill}\", color=\"{line}\"];"
            )?;
        }
        for (from, to) in &graph.edges {
            writeln!(out, "  n{from} -> n{to};")?;
        }
        writeln!(out, "}}")
    }
}
