//! Pod templates in objects of kinds that nobody listed, found by their shape: a mapping with
//! `spec.containers[*].name` under a field `template` or `...Template`.

use super::Reader;
use crate::yaml::verify::Step;
use crate::yaml::{Kind, MAX_DEPTH, NodeId, Style, resolve};

/// The ways from an object to what looks like a pod template.
pub(super) fn find(reader: &Reader<'_>, object: NodeId) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    if mentions_containers(reader, object) {
        let mut steps = Vec::new();
        search(reader, object, &mut steps, &mut found);
    }
    found
}

/// Most objects are done with after this one pass over their nodes.
fn mentions_containers(reader: &Reader<'_>, object: NodeId) -> bool {
    const KEY: &str = "containers";
    let nodes = &reader.document.tape.nodes;
    let end = reader.document.node(object).jump as usize;
    nodes[object.0 as usize..end].iter().any(|node| {
        let len = node.span.end - node.span.start;
        node.kind == Kind::Scalar
            && match node.style {
                Style::Plain => len as usize == KEY.len() && node.span.of(reader.text) == KEY,
                _ => len as usize == KEY.len() + 2 && node.span.of(reader.text).contains(KEY),
            }
    })
}

fn search(reader: &Reader<'_>, node: NodeId, steps: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let document = reader.document;
    if steps.len() >= MAX_DEPTH {
        return;
    }
    match document.node(node).kind {
        Kind::Mapping => {
            for (key, value) in document.pairs(node) {
                // An alias shows a place that was searched where it was written.
                if document.node(value).kind == Kind::Scalar
                    || document.node(value).kind == Kind::Alias
                {
                    continue;
                }
                let Ok(name) = resolve::key(document, reader.text, key) else {
                    continue;
                };
                let is_named = name == "template" || name.ends_with("Template");
                steps.push(Step::Field(name.into()));
                if is_named && is_pod_template(reader, value) {
                    found.push(steps.clone());
                } else {
                    search(reader, value, steps, found);
                }
                steps.pop();
            }
        }
        Kind::Sequence => {
            for (i, item) in document.children(node).enumerate() {
                steps.push(Step::Item(i));
                search(reader, item, steps, found);
                steps.pop();
            }
        }
        Kind::Scalar | Kind::Alias => {}
    }
}

fn is_pod_template(reader: &Reader<'_>, node: NodeId) -> bool {
    let Some(containers) = reader.at(node, "spec/containers") else {
        return false;
    };
    let mut items = reader.document.items(containers).peekable();
    items.peek().is_some()
        && items.all(|item| reader.document.value(reader.text, item, "name").is_some())
}
