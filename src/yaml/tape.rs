//! The span tape: one entry for each node, in the order of the text. Nodes hold spans, not text.

use crate::text::Span;
use std::cell::Cell;

/// The kind of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A mapping: its children are keys and values in turn.
    Mapping,
    /// A sequence: its children are its items.
    Sequence,
    /// A scalar. An absent value is a plain scalar with an empty span.
    Scalar,
    /// An alias, `*name`. [`Document::target`] is the node that it stands for.
    Alias,
}

/// How a node is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A collection laid out by indentation.
    Block,
    /// A collection in brackets.
    Flow,
    /// A scalar without quotes.
    Plain,
    /// `'...'`
    Single,
    /// `"..."`
    Double,
    /// `|`
    Literal,
    /// `>`
    Folded,
    /// A JSON string, with JSON's escapes.
    JsonString,
    /// A JSON number, `true`, `false` or `null`.
    JsonLiteral,
}

/// The position of a node on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NodeId(pub u32);

/// One node.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    /// Mapping, sequence, scalar or alias.
    pub kind: Kind,
    /// The layout of a collection, or the quotes of a scalar.
    pub style: Style,
    /// Whether it has an anchor or a tag (see [`Tape::props`]).
    pub has_props: bool,
    /// Whether it is a mapping with a `<<` key that is not quoted.
    pub has_merge: bool,
    /// The bytes of the node without its anchor and tag. A block scalar begins at its header,
    /// a block collection at its first child's key or dash and ends with its last child.
    pub span: Span,
    /// The column of its first byte, in bytes from 0. For a block scalar: of the content.
    pub indent: u32,
    /// The position of the next node that is not inside this one.
    pub jump: u32,
}

/// The anchor and the tag of a node, or the target of an alias.
#[derive(Clone, Copy, Debug)]
pub struct Props {
    /// The node they belong to.
    pub node: NodeId,
    /// `&name`, with the ampersand.
    pub anchor: Option<Span>,
    /// `!tag`, as written.
    pub tag: Option<Tag>,
    /// The number of aliases that refer to this node.
    pub aliases: u32,
    /// The target, if the node is an alias.
    pub target: Option<NodeId>,
}

/// A tag, as far as it matters for resolving a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// `!!str`
    Str,
    /// `!!int`
    Int,
    /// `!!float`
    Float,
    /// `!!bool`
    Bool,
    /// `!!null`
    Null,
    /// `!!binary`
    Binary,
    /// `!!timestamp`
    Timestamp,
    /// `!!merge`
    Merge,
    /// `!`, the non-specific tag.
    NonSpecific,
    /// Any other tag: go-yaml ignores it and reads the scalar as a string.
    Other,
}

/// The nodes of one document.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// In the order of the text; the first is the root.
    pub nodes: Vec<Node>,
    /// The anchors, tags and alias targets, sorted by node. Few nodes have any.
    pub props: Vec<Props>,
}

thread_local! {
    /// Memory of an earlier tape, kept because every document needs a tape for a short time.
    static SPARE: Cell<Vec<Node>> = const { Cell::new(Vec::new()) };
}

/// The largest tape, in nodes, whose memory is kept for the next document.
const MAX_SPARE: usize = 1 << 16;

/// An empty list of nodes that reuses the memory of an earlier tape of this thread.
pub(super) fn no_nodes() -> Vec<Node> {
    SPARE.take()
}

impl Drop for Tape {
    fn drop(&mut self) {
        let mut nodes = std::mem::take(&mut self.nodes);
        if nodes.capacity() > MAX_SPARE {
            return;
        }
        nodes.clear();
        // At the end of a thread, its thread-local memory may already be freed.
        let _ = SPARE.try_with(|spare| {
            let other = spare.take();
            spare.set(if other.capacity() > nodes.capacity() { other } else { nodes });
        });
    }
}

/// A tape, and the span of its document in the text.
#[derive(Clone, Debug)]
pub struct Document {
    /// The whole document, with the comments before and after it, without the `---` line.
    pub span: Span,
    /// Where the text that it was read from begins in its file, in bytes. Its own spans count from the
    /// beginning of the text; spans that leave this module ([`Cursor::span`](super::Cursor::span),
    /// [`insert::find`](super::insert::find)) from the beginning of the file.
    pub base: u32,
    /// Whether `kubectl` reads it as JSON, not as YAML in JSON style.
    pub json: bool,
    /// Its nodes. Invariant: at least one.
    pub tape: Tape,
}

/// A field of a mapping, found by its name.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key.
    pub key: NodeId,
    /// The value. If it is an alias, the alias itself.
    pub value: NodeId,
    /// An earlier key of the same name in the same mapping. `kubectl` uses the last one.
    pub duplicate: Option<NodeId>,
}

impl Tape {
    /// The anchor, tag or target of a node, if it has one.
    pub fn props(&self, node: NodeId) -> Option<&Props> {
        let at = self.props.binary_search_by_key(&node, |p| p.node).ok()?;
        Some(&self.props[at])
    }
}

impl Document {
    /// Whether it is YAML without anchors, tags and aliases, so that each text is the value of one field only.
    pub fn is_plain_yaml(&self) -> bool {
        !self.json && self.tape.props.is_empty()
    }

    /// The root node.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// A node by its position.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.tape.nodes[id.0 as usize]
    }

    /// The node behind an alias, or the node itself.
    pub fn target(&self, id: NodeId) -> NodeId {
        if self.node(id).kind != Kind::Alias {
            return id;
        }
        self.tape.props(id).and_then(|p| p.target).unwrap_or(id)
    }

    /// The children of a collection: items, or keys and values in turn. A scalar has none.
    pub fn children(&self, id: NodeId) -> Children<'_> {
        let node = self.node(id);
        let end = match node.kind {
            Kind::Mapping | Kind::Sequence => node.jump,
            Kind::Scalar | Kind::Alias => id.0 + 1,
        };
        Children { document: self, next: id.0 + 1, end }
    }

    /// The keys and values of a mapping as they are written, with duplicates and `<<`.
    pub fn pairs(&self, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let nodes = self.tape.nodes.as_slice();
        let mapping = &nodes[id.0 as usize];
        let (mut next, end) = match mapping.kind {
            Kind::Mapping => (id.0 + 1, mapping.jump),
            _ => (0, 0),
        };
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let key = next;
            let value = nodes[key as usize].jump;
            next = nodes[value as usize].jump;
            Some((NodeId(key), NodeId(value)))
        })
    }

    /// The items of a sequence, aliases followed. Any other node has none.
    pub fn items(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let id = self.target(id);
        let is_sequence = self.node(id).kind == Kind::Sequence;
        self.children(id).filter(move |_| is_sequence).map(|item| self.target(item))
    }

    /// The field `name` of a mapping as `kubectl` reads it: the last of several, with `<<` applied
    /// at its position (go-yaml v2: a later `<<` has priority over an earlier key). Aliases on the
    /// path to the mapping are followed.
    pub fn field(&self, text: &str, mapping: NodeId, name: &str) -> Option<Field> {
        self.field_within(text, mapping, name, 0)
    }

    fn field_within(&self, text: &str, mapping: NodeId, name: &str, depth: usize) -> Option<Field> {
        let mapping = self.target(mapping);
        let has_merge = self.node(mapping).has_merge;
        let mut found: Option<Field> = None;
        for (key, value) in self.pairs(mapping) {
            if self.is_key(text, key, name) {
                found = Some(Field { key, value, duplicate: found.map(|f| f.key) });
            } else if has_merge && depth < super::MAX_DEPTH && self.is_merge_key(text, key) {
                let merged = self.target(value);
                // The first mapping of a merged list has priority, so the search ends at the first
                // match.
                let hit = if self.node(merged).kind == Kind::Sequence {
                    self.items(merged)
                        .find_map(|item| self.field_within(text, item, name, depth + 1))
                } else {
                    self.field_within(text, merged, name, depth + 1)
                };
                found = hit.or(found);
            }
        }
        found
    }

    /// The value of the field `name`; for an alias, its target.
    pub fn value(&self, text: &str, mapping: NodeId, name: &str) -> Option<NodeId> {
        let field = self.field(text, mapping, name)?;
        Some(self.target(field.value))
    }

    /// Whether `key` is a scalar that reads `name`.
    #[inline]
    pub fn is_key(&self, text: &str, key: NodeId, name: &str) -> bool {
        let node = self.node(key);
        // Fast path: nearly every key is plain and nearly every key is a different one.
        if node.kind == Kind::Scalar && node.style == Style::Plain {
            let len = (node.span.end - node.span.start) as usize;
            return len == name.len() && &text.as_bytes()[node.span.range()] == name.as_bytes();
        }
        self.is_decoded_key(text, key, name)
    }

    fn is_decoded_key(&self, text: &str, key: NodeId, name: &str) -> bool {
        let node = self.node(self.target(key));
        if node.kind != Kind::Scalar {
            return false;
        }
        let raw = node.span.of(text);
        match node.style {
            Style::Plain => raw == name,
            Style::Double | Style::Single | Style::JsonString => {
                raw.get(1..raw.len().saturating_sub(1)) == Some(name)
                    || (raw.contains(['\\', '\n', '\''])
                        && super::scalar::decode(text, node).is_ok_and(|s| s == name))
            }
            _ => super::scalar::decode(text, node).is_ok_and(|s| s == name),
        }
    }

    /// Whether `key` is a merge key: go-yaml takes a plain `<<`, or one tagged `!!merge`.
    pub fn is_merge_key(&self, text: &str, key: NodeId) -> bool {
        let node = self.node(key);
        node.kind == Kind::Scalar
            && node.style == Style::Plain
            && node.span.of(text) == "<<"
            && matches!(self.tag(key), None | Some(Tag::Merge))
    }

    /// The tag of a node.
    pub fn tag(&self, id: NodeId) -> Option<Tag> {
        if !self.node(id).has_props {
            return None;
        }
        self.tape.props(id).and_then(|p| p.tag)
    }

    /// The number of aliases that refer to this node.
    pub fn aliases(&self, id: NodeId) -> u32 {
        if !self.node(id).has_props {
            return 0;
        }
        self.tape.props(id).map_or(0, |p| p.aliases)
    }
}

/// Iterates over the children of a collection: each node holds the position of the next one.
pub struct Children<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.next >= self.end {
            return None;
        }
        let id = NodeId(self.next);
        self.next = self.document.node(id).jump;
        Some(id)
    }
}
