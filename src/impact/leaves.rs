//! Finds the leaves in which two nodes differ. This works if both have the same shape, which is nearly always so
//! if a name, an image or a value changed; then no value of the other leaves is needed.

use crate::yaml::value::value;
use crate::yaml::{Cursor, Kind, NodeId, Style};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// One step from a field to the next.
#[derive(Clone)]
pub(super) enum FieldStep {
    /// The field of this name.
    Field(String),
    /// The item of this name, or at this position of a list without names.
    Item(String),
}

/// A leaf that is written differently in both nodes.
pub(super) struct ChangedLeaf {
    /// The way to it.
    pub(super) way: Vec<FieldStep>,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// The leaves in which two nodes differ, in the order in which a comparison names them: fields by name, items by
/// position. `None` if the nodes may differ in more than leaves, or if a document is JSON or has anchors, tags or
/// merge keys.
pub(super) fn changed(was: Cursor<'_>, is: Cursor<'_>) -> Option<Vec<ChangedLeaf>> {
    let is_plain = |node: Cursor<'_>| node.document().is_plain_yaml();
    let (old, new) = (was.subtree(), is.subtree());
    if !is_plain(was) || !is_plain(is) || old.len() != new.len() {
        return None;
    }
    let (mut found, from) = (Vec::new(), (was.id().0, is.id().0));
    for (i, (one, other)) in (0..).zip(old.iter().zip(new)) {
        let ends = (one.jump.checked_sub(from.0)?, other.jump.checked_sub(from.1)?);
        if one.kind != other.kind || ends.0 != ends.1 || one.has_merge || other.has_merge {
            return None;
        }
        if one.kind == Kind::Scalar {
            let raw = (was.to(NodeId(from.0 + i)).raw(), is.to(NodeId(from.1 + i)).raw());
            let is_block = matches!(one.style, Style::Literal | Style::Folded);
            let is_same = raw.0 == raw.1
                && one.style == other.style
                && (!is_block || one.indent == other.indent);
            if !is_same {
                found.push(i);
            }
        }
    }
    let mut walk = LeafWalk { from, way: Vec::new(), found: Vec::new() };
    walk.visit(was, is, &found)?;
    Some(walk.found)
}

/// The pass over two nodes of the same shape.
struct LeafWalk {
    /// The positions of both nodes on their tapes.
    from: (u32, u32),
    way: Vec<FieldStep>,
    found: Vec<ChangedLeaf>,
}

impl LeafWalk {
    /// `changed` are the leaves below the nodes that are written differently, by their distance from the
    /// outermost nodes.
    fn visit(&mut self, was: Cursor<'_>, is: Cursor<'_>, changed: &[u32]) -> Option<()> {
        if changed.is_empty() {
            return Some(());
        }
        match was.kind() {
            Kind::Mapping => {
                let mut fields = Vec::new();
                for ((key, was_at), (_, is_at)) in was.pairs().zip(is.pairs()) {
                    let below = self.below(was_at, changed);
                    if changed.binary_search(&(key.id().0 - self.from.0)).is_ok() {
                        return None;
                    }
                    if !below.is_empty() {
                        fields.push((key.key().ok()?, was_at, is_at, below));
                    }
                }
                for (name, ..) in &fields {
                    if was.pairs().filter(|(key, _)| key.is_key(name)).count() != 1 {
                        return None;
                    }
                }
                fields.sort_by(|(one, ..), (other, ..)| one.cmp(other));
                for (name, was_at, is_at, below) in fields {
                    self.way.push(FieldStep::Field(name.into_owned()));
                    self.visit(was_at, is_at, below)?;
                    self.way.pop();
                }
            }
            Kind::Sequence => {
                let names = names(was);
                if names != self::names(is) {
                    return None;
                }
                for (i, (was_at, is_at)) in was.items().zip(is.items()).enumerate() {
                    let below = self.below(was_at, changed);
                    if below.is_empty() {
                        continue;
                    }
                    let name = names.as_ref().map(|names| names[i].to_string());
                    self.way.push(FieldStep::Item(name.unwrap_or_else(|| i.to_string())));
                    self.visit(was_at, is_at, below)?;
                    self.way.pop();
                }
            }
            Kind::Scalar => {
                let (before, after) = (value(was)?, value(is)?);
                self.found.push(ChangedLeaf { way: self.way.clone(), before, after });
            }
            Kind::Alias => return None,
        }
        Some(())
    }

    /// The changed leaves in a node of the first tape.
    fn below<'c>(&self, node: Cursor<'_>, changed: &'c [u32]) -> &'c [u32] {
        let (start, end) = (node.id().0 - self.from.0, node.node().jump - self.from.0);
        let first = changed.partition_point(|&at| at < start);
        &changed[first..changed.partition_point(|&at| at < end)]
    }
}

/// The fields that identify an item of a list, in the order in which they are tried. The strategic merge of
/// `kubectl` uses the same fields.
pub(super) const ITEM_NAMES: [&str; 2] = ["name", "mountPath"];

/// The items of a list by the field that identifies them, as in a comparison of fields.
fn names(list: Cursor<'_>) -> Option<Vec<Cow<'_, str>>> {
    ITEM_NAMES.into_iter().find_map(|field| {
        let names: Option<Vec<Cow<'_, str>>> =
            list.items().map(|item| item.get(field)?.str()).collect();
        names.filter(|names| names.iter().collect::<BTreeSet<_>>().len() == names.len())
    })
}

#[cfg(test)]
mod tests {
    use super::{FieldStep, changed};
    use crate::yaml::{Cursor, Document, parse, split};

    fn document(text: &str) -> Document {
        let chunk = split::chunks(text).next().unwrap().unwrap();
        parse(text, chunk.span).unwrap().remove(0)
    }

    /// The ways of the changed leaves, with `/` between steps.
    fn ways(one: &str, other: &str) -> Option<Vec<String>> {
        let (was, is) = (document(one), document(other));
        let found = changed(Cursor::root(&was, one), Cursor::root(&is, other))?;
        let way = |way: Vec<FieldStep>| {
            let steps = way.into_iter().map(|step| match step {
                FieldStep::Field(name) | FieldStep::Item(name) => name,
            });
            steps.collect::<Vec<String>>().join("/")
        };
        Some(found.into_iter().map(|leaf| way(leaf.way)).collect())
    }

    #[test]
    fn leaves_are_found_by_name_in_the_order_of_the_fields() {
        let one = "b:\n- name: web\n  v: 1\n- name: job\n  v: 1\na: [{r: 1}, {r: 1}]\n";
        let other = "b:\n- name: web\n  v: 1\n- name: job\n  v: 2\na: [{r: 1}, {r: 2}]\n";
        assert_eq!(ways(one, other).unwrap(), ["a/1/r", "b/job/v"]);
        assert!(ways(one, one).unwrap().is_empty());
    }

    #[test]
    fn what_may_differ_in_more_than_leaves_is_left_to_others() {
        assert!(ways("a: 1\n", "b: 1\n").is_none());
        assert!(ways("a: 1\n", "a: 1\nb: 1\n").is_none());
        assert!(ways("- name: web\n", "- name: job\n").is_none());
        assert!(ways("a: 1\na: 1\n", "a: 1\na: 2\n").is_none());
        assert!(ways("a: &x 1\nb: *x\n", "a: &x 2\nb: *x\n").is_none());
        assert!(ways("{\"a\": 1}\n", "{\"a\": 2}\n").is_none());
    }
}
