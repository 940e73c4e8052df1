//! Reads anchors before a value, and aliases as a whole value after a key or a dash; inside
//! brackets, aliases only.

use super::{Declined, FastParser, Result, scan};
use crate::text::{Span, offset};
use crate::yaml::tape::{Kind, Node, NodeId, Props, Style};

/// The limit for anchors of one document, because each alias searches all of them.
const MOST_ANCHORS: usize = 128;

/// Limits, in nodes that come from aliases and in nodes of the expanded document. Below them,
/// go-yaml allows aliases to make up to 99 % of the document.
const MOST_ALIASED: u64 = 50;
const MOST_EXPANDED: u64 = 400_000;

/// An anchor by its name.
pub(super) struct Anchor {
    name: Span,
    /// Where its props are.
    props: usize,
}

impl FastParser<'_> {
    /// A value after the anchor at `at`: on the same line, or on the lines below.
    #[cold]
    pub(super) fn anchored(&mut self, at: usize, column: u32, parent: u32) -> Result<usize> {
        let end = self.name(at)?;
        let anchor = Span::new(at, end);
        let value = scan::skip_spaces(self.bytes, end);
        match self.byte(value) {
            b'\n' | b'\r' | b'#' => {
                self.awaits(end);
                self.pending = Some(anchor);
                Ok(scan::next_line(self.bytes, value))
            }
            b'&' | b'*' => Err(Declined("an anchor before an anchor")),
            _ => {
                let node = self.announce(anchor)?;
                let next = self.value(value, column + offset(value - at), parent)?;
                self.nodes[node].has_props = true;
                Ok(next)
            }
        }
    }

    /// A node on the lines below its anchor; as [`Parser::nested`].
    #[cold]
    pub(super) fn nested_anchored(
        &mut self,
        anchor: Span,
        at: usize,
        column: u32,
        parent: u32,
    ) -> Result<usize> {
        let node = self.announce(anchor)?;
        let next = self.nested(at, column, Some(parent))?;
        self.nodes[node].has_props = true;
        Ok(next)
    }

    /// Records the anchor of the node that is pushed next, and returns its position.
    fn announce(&mut self, anchor: Span) -> Result<usize> {
        if self.anchors.len() == MOST_ANCHORS {
            return Err(Declined("many anchors"));
        }
        let node = self.nodes.len();
        self.anchors.push(Anchor {
            name: Span::new(anchor.start as usize + 1, anchor.end as usize),
            props: self.props.len(),
        });
        self.props.push(Props {
            node: NodeId(offset(node)),
            anchor: Some(anchor),
            tag: None,
            aliases: 0,
            target: None,
        });
        Ok(node)
    }

    /// The value at `at`, which is an alias. Returns the start of the line behind it.
    #[cold]
    pub(super) fn alias(&mut self, at: usize, column: u32) -> Result<usize> {
        let end = self.name(at)?;
        self.stands_for(at, end, column)?;
        self.rest_of_line(end)
    }

    /// An alias inside of brackets; returns its end.
    #[cold]
    pub(super) fn flow_alias(&mut self, at: usize, column: u32) -> Result<usize> {
        let end = self.name_before(at, b" \n\r,]}")?;
        self.stands_for(at, end, column)?;
        Ok(end)
    }

    /// Pushes an alias as a node. Its target is the last earlier node with this anchor name.
    fn stands_for(&mut self, at: usize, end: usize, column: u32) -> Result<()> {
        let name = &self.bytes[at + 1..end];
        let anchor = self
            .anchors
            .iter()
            .rev()
            .find(|anchor| &self.bytes[anchor.name.range()] == name)
            .ok_or(Declined("an alias without an anchor"))?;
        let props = anchor.props;
        let target = self.props[props].node;
        if self.nodes[target.0 as usize].jump == 0 {
            return Err(Declined("an alias inside its own target"));
        }
        self.props[props].aliases += 1;
        let node = offset(self.nodes.len());
        self.props.push(Props {
            node: NodeId(node),
            anchor: None,
            tag: None,
            aliases: 0,
            target: Some(target),
        });
        self.last_end = offset(end);
        self.nodes.push(Node {
            kind: Kind::Alias,
            style: Style::Plain,
            has_props: true,
            has_merge: false,
            span: Span::new(at, end),
            indent: column,
            jump: node + 1,
        });
        Ok(())
    }

    /// The end of the name behind the mark at `at`. `kubectl` takes letters, digits, `_` and `-`.
    fn name(&self, at: usize) -> Result<usize> {
        self.name_before(at, b" \n\r")
    }

    fn name_before(&self, at: usize, ends: &[u8]) -> Result<usize> {
        let mut end = at + 1;
        while matches!(self.byte(end), b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-') {
            end += 1;
        }
        if end > at + 1 && ends.contains(&self.byte(end)) {
            Ok(end)
        } else {
            Err(Declined("an unusual name of an anchor"))
        }
    }

    /// Declines documents that could be alias bombs.
    ///
    /// An alias counts as many nodes as its target has, including the nodes of aliases inside the
    /// target; all of these come before it in the text.
    #[cold]
    pub(super) fn no_bomb(&self) -> Result<()> {
        // For each alias so far: its node, and the number of nodes of all aliases up to it.
        let mut sums: Vec<(u32, u64)> = vec![(0, 0)];
        let before = |sums: &[(u32, u64)], node: u32| {
            let next = sums.partition_point(|(alias, _)| *alias < node);
            sums[next.saturating_sub(1)].1
        };
        let mut aliased = 0_u64;
        for props in &self.props {
            let Some(NodeId(target)) = props.target else { continue };
            let end = self.nodes[target as usize].jump;
            let inside = before(&sums, end) - before(&sums, target);
            aliased = aliased.saturating_add(u64::from(end - target)).saturating_add(inside);
            sums.push((props.node.0, aliased));
        }
        let nodes = self.nodes.len() as u64;
        if aliased > 100
            && (aliased > nodes.saturating_mul(MOST_ALIASED)
                || aliased.saturating_add(nodes) > MOST_EXPANDED)
        {
            return Err(Declined("many aliases"));
        }
        Ok(())
    }
}
