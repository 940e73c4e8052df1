//! Finds pod templates in objects of kinds without a row, by their shape: a mapping with
//! `spec.containers[*].name` under a field `template` or `...Template`.

use crate::yaml::path::{Route, Step};
use crate::yaml::{Cursor, Kind, MAX_DEPTH, Style};

/// The paths from an object to the parts that look like a pod template.
pub(super) fn find(object: Cursor<'_>) -> Vec<Route> {
    let mut found = Vec::new();
    if mentions_containers(object) {
        search(object, &mut Route::default(), &mut found);
    }
    found
}

/// A fast check that excludes most objects with one pass over their nodes.
fn mentions_containers(object: Cursor<'_>) -> bool {
    const KEY: &str = "containers";
    object.subtree().iter().any(|node| {
        let len = node.span.end - node.span.start;
        node.kind == Kind::Scalar
            && match node.style {
                Style::Plain => len as usize == KEY.len() && node.span.of(object.text()) == KEY,
                _ => len as usize == KEY.len() + 2 && node.span.of(object.text()).contains(KEY),
            }
    })
}

fn search(node: Cursor<'_>, route: &mut Route, found: &mut Vec<Route>) {
    if route.len() >= MAX_DEPTH {
        return;
    }
    match node.kind() {
        Kind::Mapping => {
            for (key, value) in node.pairs() {
                // The target of an alias was already searched at its own place.
                if matches!(value.kind(), Kind::Scalar | Kind::Alias) {
                    continue;
                }
                let Ok(name) = key.key() else {
                    continue;
                };
                let is_named = name == "template" || name.ends_with("Template");
                route.0.push(Step::Field(name.into()));
                if is_named && is_pod_template(value) {
                    found.push(route.clone());
                } else {
                    search(value, route, found);
                }
                route.0.pop();
            }
        }
        Kind::Sequence => {
            for (i, item) in node.children().enumerate() {
                route.0.push(Step::Item(i));
                search(item, route, found);
                route.0.pop();
            }
        }
        Kind::Scalar | Kind::Alias => {}
    }
}

fn is_pod_template(node: Cursor<'_>) -> bool {
    let Some(containers) = node.at(["spec", "containers"]) else {
        return false;
    };
    let mut items = containers.items().peekable();
    items.peek().is_some() && items.all(|item| item.get("name").is_some())
}
