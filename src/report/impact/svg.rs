//! Draws an impact as a picture: sources, keys and workloads in three columns, each name on its own line,
//! so that a hundred workloads stay readable.
//!
//! The three layers are known, so the layout is simple; a general layout would take longer (`layout-rs`
//! 0.1.3 took 35 s for 200 nodes in a debug build) and cross more lines. Each column is ordered by the
//! average position of its neighbours on the left (Sugiyama's barycentres).

use super::paint::{LEGEND, class, colours};
use crate::impact::graph::{Graph, Layer};
use crate::impact::history::History;
use crate::report::Format;
use crate::report::plain::{XML, escaped};
use std::io::{self, Write};

/// A picture.
pub struct Svg;

impl Format for Svg {
    fn graph(&self, graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
        Picture::new(graph).write(out)
    }

    fn history(&self, history: &History, out: &mut dyn Write) -> io::Result<()> {
        super::history::svg(history, out)
    }
}

/// The height of a line, the height of a box, and the width of a letter, in pixels.
const LINE: f64 = 26.0;
const BOX: f64 = 20.0;
const LETTER: f64 = 7.3;
const GAP: f64 = 90.0;
const MARGIN: f64 = 16.0;
/// The maximum number of letters of a name; longer names are cut.
const MOST_LETTERS: usize = 48;

struct Picture<'g> {
    graph: &'g Graph,
    /// The left end and the vertical middle of the box of each node.
    places: Vec<(f64, f64)>,
    /// The width of the boxes of each layer.
    widths: [f64; 3],
    size: (f64, f64),
}

impl<'g> Picture<'g> {
    fn new(graph: &'g Graph) -> Self {
        let layers = [Layer::Source, Layer::Key, Layer::Workload];
        let mut order: [Vec<usize>; 3] = layers.map(|layer| {
            (0..graph.nodes.len()).filter(|&i| graph.nodes[i].layer == layer).collect()
        });
        let mut row = vec![0.0; graph.nodes.len()];
        let mut left_of: Vec<Vec<usize>> = vec![Vec::new(); graph.nodes.len()];
        for &(from, to) in &graph.edges {
            left_of[to].push(from);
        }
        for (number, column) in order.iter_mut().enumerate() {
            if number > 0 {
                let mean = |node: usize| {
                    let left = &left_of[node];
                    match left.len() {
                        0 => f64::MAX,
                        n => left.iter().map(|&from| row[from]).sum::<f64>() / n as f64,
                    }
                };
                let mut keyed: Vec<(f64, usize)> =
                    column.iter().map(|&node| (mean(node), node)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                *column = keyed.into_iter().map(|(_, node)| node).collect();
            }
            for (i, &node) in column.iter().enumerate() {
                row[node] = i as f64 + 0.5;
            }
        }
        settle(graph, &order, &mut row);
        let widths = layers.map(|layer| {
            let of_layer = graph.nodes.iter().filter(|node| node.layer == layer);
            let longest = of_layer.map(|node| shortened(&node.label).chars().count()).max();
            longest.map_or(0.0, |letters| letters as f64 * LETTER + 16.0)
        });
        let mut left = [MARGIN; 3];
        for column in 1..3 {
            let gap = if widths[column - 1] > 0.0 { GAP } else { 0.0 };
            left[column] = left[column - 1] + widths[column - 1] + gap;
        }
        let top = 2.0 * MARGIN + LINE;
        let places = graph
            .nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (left[node.layer as usize], top + row[i] * LINE));
        let places: Vec<(f64, f64)> = places.collect();
        let bottom = places.iter().map(|place| place.1).fold(top, f64::max);
        let size = ((left[2] + widths[2] + MARGIN).max(LEGEND_WIDTH), bottom + LINE + MARGIN);
        Self { graph, places, widths, size }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let (width, height) = self.size;
        writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"ui-monospace, SFMono-Regular, Menlo, Consolas, monospace\" font-size=\"12\">"
        )?;
        writeln!(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>")?;
        self.legend(out)?;
        for &(from, to) in &self.graph.edges {
            let (x, y) = self.places[from];
            let start = x + self.widths[self.graph.nodes[from].layer as usize];
            let (end, below) = self.places[to];
            let (_, line) = colours(class(&self.graph.nodes[to]));
            let middle = f64::midpoint(start, end);
            writeln!(
                out,
                "<path d=\"M{start:.1} {y:.1}C{middle:.1} {y:.1} {middle:.1} {below:.1} {end:.1} {below:.1}\" fill=\"none\" stroke=\"{line}\" stroke-opacity=\"0.55\"/>"
            )?;
        }
        for (node, (x, y)) in self.graph.nodes.iter().zip(&self.places) {
            let (fill, line) = colours(class(node));
            let width = self.widths[node.layer as usize];
            let (label, whole) = (escaped(&shortened(&node.label), XML), escaped(&node.label, XML));
            writeln!(
                out,
                "<g><title>{whole}: {}</title><rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{BOX}\" rx=\"4\" fill=\"{fill}\" stroke=\"{line}\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"#1f2328\">{label}</text></g>",
                class(node),
                y - BOX / 2.0,
                x + 8.0,
                y + 4.0
            )?;
        }
        writeln!(out, "</svg>")
    }

    /// The meaning of the colours in the picture.
    fn legend(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut x = MARGIN;
        let there = |name: &&&str| self.graph.nodes.iter().any(|node| class(node) == **name);
        for name in LEGEND.iter().filter(|name| **name != "plain").filter(there) {
            let (fill, line) = colours(name);
            writeln!(
                out,
                "<rect x=\"{x:.1}\" y=\"{MARGIN}\" width=\"12\" height=\"12\" rx=\"3\" fill=\"{fill}\" stroke=\"{line}\"/><text x=\"{:.1}\" y=\"{:.1}\" fill=\"#57606a\">{name}</text>",
                x + 17.0,
                MARGIN + 10.5
            )?;
            x += 17.0 + name.len() as f64 * LETTER + 16.0;
        }
        if self.graph.hidden_keys > 0 {
            let hidden = self.graph.hidden_keys;
            writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{:.1}\" fill=\"#57606a\">{hidden} keys not shown</text>",
                MARGIN + 10.5
            )?;
        }
        Ok(())
    }
}

/// Moves the names of the shorter columns to the rows of what they are connected to in the longest column: few
/// sources stand in the middle of their many readers.
fn settle(graph: &Graph, order: &[Vec<usize>; 3], row: &mut [f64]) {
    let longest = (0..3).rev().max_by_key(|&column| order[column].len()).unwrap_or(0);
    let others = (0..longest).rev().chain(longest + 1..3);
    for column in others {
        let mut near: Vec<Vec<f64>> = vec![Vec::new(); graph.nodes.len()];
        for &(from, to) in &graph.edges {
            let (node, other) = if column < longest { (from, to) } else { (to, from) };
            near[node].push(row[other]);
        }
        let mut last = 0.0;
        let wanted = order[column].iter().map(|&node| {
            let near = &near[node];
            if !near.is_empty() {
                last = near.iter().sum::<f64>() / near.len() as f64;
            }
            last
        });
        for (&node, settled) in order[column].iter().zip(apart(wanted)) {
            row[node] = settled;
        }
    }
}

/// Rows in the given order that are at least one row apart, as near to the wanted ones as that allows: names
/// that would stand too close form a block, in the middle of where they want to be.
fn apart(wanted: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (i, row) in wanted.enumerate() {
        let mut block = (row - i as f64, 1);
        while let Some(&(above, size)) = blocks.last().filter(|(above, _)| *above > block.0) {
            blocks.pop();
            let all = size + block.1;
            block = ((above * size as f64 + block.0 * block.1 as f64) / all as f64, all);
        }
        blocks.push(block);
    }
    let rows = blocks.into_iter().flat_map(|(row, size)| std::iter::repeat_n(row, size));
    rows.enumerate().map(|(i, row)| row.max(0.5) + i as f64).collect()
}

/// The width for the longest legend.
const LEGEND_WIDTH: f64 = 760.0;

fn shortened(label: &str) -> String {
    let letters = label.chars().count();
    if letters <= MOST_LETTERS {
        return label.to_owned();
    }
    label.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn names_stand_where_they_want_to_and_apart() {
        assert_eq!(apart([50.0, 80.0].into_iter()), [50.0, 80.0]);
        assert_eq!(apart([5.0, 5.0, 5.0].into_iter()), [4.0, 5.0, 6.0]);
        assert_eq!(apart([0.5, 0.5, 9.0].into_iter()), [0.5, 1.5, 9.0]);
    }
}
