//! Sources, keys and workloads as a graph in three layers, for pictures.

use super::{Answer, Assume, ComparedState, HowChanged, Impact, Side, compare};
use super::{Asked, Namesakes, SourceChange, Workload};
use std::collections::{BTreeMap, BTreeSet};

/// A graph whose edges lead from one layer to the next.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes: sources first, then keys, then workloads.
    pub nodes: Vec<GraphNode>,
    /// Pairs of nodes, by their positions.
    pub edges: Vec<(usize, usize)>,
    /// The number of keys that are not shown because there are too many.
    pub hidden_keys: usize,
}

/// A node.
#[derive(Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// The layer.
    pub layer: Layer,
    /// The text of the node.
    pub label: String,
    /// The change of the node.
    pub paint: Paint,
}

/// A layer of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// ConfigMaps and Secrets.
    Source,
    /// Their keys.
    Key,
    /// Workloads, and objects of Flux that take values.
    Workload,
}

/// The change of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// No change.
    Plain,
    /// A source or a key changed.
    Changed(HowChanged),
    /// The answer for a workload.
    Answer(Answer),
}

/// The maximum number of edges in a picture that shows single keys.
pub const MOST_EDGES: usize = 150;

#[derive(Default)]
struct GraphBuilder {
    graph: Graph,
    known: BTreeMap<(Layer, (String, String), String), usize>,
    edges: BTreeSet<(usize, usize)>,
}

impl GraphBuilder {
    /// The node of a source, a key or a workload. `of` is its apply unit and, for a key, the source.
    fn node(&mut self, layer: Layer, of: (&str, &str), label: &str, paint: Paint) -> usize {
        let key = (layer, (of.0.to_owned(), of.1.to_owned()), label.to_owned());
        *self.known.entry(key).or_insert_with(|| {
            let label = match of.0 {
                place if layer != Layer::Key && !place.is_empty() => format!("{label} in {place}"),
                _ => label.to_owned(),
            };
            self.graph.nodes.push(GraphNode { layer, label, paint });
            self.graph.nodes.len() - 1
        })
    }

    /// The graph with its layers in order.
    fn finish(mut self) -> Graph {
        let mut order: Vec<usize> = (0..self.graph.nodes.len()).collect();
        order.sort_by_key(|&i| self.graph.nodes[i].layer);
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let mut nodes: Vec<Option<GraphNode>> = self.graph.nodes.drain(..).map(Some).collect();
        self.graph.nodes = order.iter().filter_map(|&i| nodes[i].take()).collect();
        self.graph.edges = self.edges.iter().map(|&(a, b)| (place[a], place[b])).collect();
        self.graph.edges.sort_unstable();
        self.graph
    }
}

/// The changes and their readers: each changed source, its keys, and the workloads that read them or the
/// objects that take values from them; and each workload with an answer other than `quiet`.
pub fn of_impact(impact: &Impact) -> Graph {
    let edges = impact.sources.iter().flat_map(|source| &source.keys);
    let edges: usize = edges.map(|key| 1 + key.readers.len()).sum();
    let shows_keys = edges <= MOST_EDGES;
    let mut builder = GraphBuilder::default();
    let namesakes = impact.namesakes();
    for source in &impact.sources {
        of_source(&mut builder, impact, source, &namesakes, shows_keys);
    }
    let places: BTreeMap<String, &str> = impact
        .sources
        .iter()
        .map(|s| (s.name.to_string(), namesakes.unit_of_source(s).unwrap_or_default()))
        .collect();
    for reader in &impact.values_readers {
        let to = builder.node(Layer::Workload, ("", ""), &reader.name.to_string(), Paint::Plain);
        for taken in &reader.keys {
            let source = taken.source.to_string();
            let change = Paint::Changed(taken.change);
            let place = places.get(&source).copied().unwrap_or_default();
            let from = match shows_keys {
                true => builder.node(Layer::Key, (place, &source), &taken.key, change),
                false => builder.node(Layer::Source, (place, ""), &source, change),
            };
            builder.edges.insert((from, to));
        }
    }
    for workload in impact.workloads.iter().filter(|w| w.answer != Answer::Quiet) {
        of_workload(&mut builder, workload, &namesakes);
    }
    builder.finish()
}

fn of_workload(
    builder: &mut GraphBuilder,
    workload: &Workload,
    namesakes: &Namesakes<'_>,
) -> usize {
    let name = workload.name.to_string();
    let place = namesakes.unit(workload).unwrap_or_default();
    builder.node(Layer::Workload, (place, ""), &name, Paint::Answer(workload.answer))
}

fn of_source(
    builder: &mut GraphBuilder,
    impact: &Impact,
    source: &SourceChange,
    namesakes: &Namesakes<'_>,
    shows_keys: bool,
) {
    let name = source.name.to_string();
    let place = namesakes.unit_of_source(source).unwrap_or_default();
    let from = builder.node(Layer::Source, (place, ""), &name, Paint::Changed(source.change));
    for key in &source.keys {
        let from = if shows_keys {
            let of = (place, name.as_str());
            let node = builder.node(Layer::Key, of, &key.key, Paint::Changed(key.change));
            builder.edges.insert((from, node));
            node
        } else {
            builder.graph.hidden_keys += 1;
            from
        };
        for &reader in &key.readers {
            let to = of_workload(builder, &impact.workloads[reader], namesakes);
            builder.edges.insert((from, to));
        }
    }
}

/// All reads of one state: there is no second state, so every key counts as new.
pub fn of_state(
    state: &ComparedState<'_>,
    nothing: &ComparedState<'_>,
    asked: &Asked<'_>,
) -> Graph {
    debug_assert!(nothing.side == Side::Before);
    let asked = Asked { assume: Some(Assume::Written), ..*asked };
    let impact = compare(nothing, state, &asked);
    let mut graph = of_impact(&impact);
    for node in &mut graph.nodes {
        node.paint = Paint::Plain;
    }
    graph
}
