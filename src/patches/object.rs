//! Writes stamps into the patches of the object by which a controller applies a folder
//! (`spec.patches` of a Flux `Kustomization`, `spec.source.kustomize.patches` of an Argo CD
//! `Application`), if the folder has no stamps file for them. The patches stand between two
//! comments, so that rollstamp finds them again.

use super::file::{StampPatch, items, listed};
use crate::text::{Span, end_of_lines, line_range};
use crate::yaml::{Cursor, Edit, Kind, parse};
use serde_json::Value;

/// The comment before the patches.
const BEGIN: &str = "# Stamps, made by `rollstamp write --build`; do not edit.";
/// The comment after the patches.
const END: &str = "# The end of the stamps.";

/// The patches of rollstamp in the document of an object.
pub fn listed_in(text: &str, document: Span, annotation: &str) -> Vec<StampPatch> {
    let Some(block) = block(text, document) else { return Vec::new() };
    let indent = indent_of(block.of(text));
    let lines = block.of(text).lines().filter(|line| !line.trim_start().starts_with('#'));
    let documents = lines.map(|line| {
        let line = line.get(indent..).unwrap_or_default();
        match line.strip_prefix("- ") {
            Some(first) => format!("---\n{first}\n"),
            None => format!("{}\n", line.get(2..).unwrap_or_default()),
        }
    });
    listed(&documents.collect::<String>(), annotation)
}

/// The edit after which the list of patches at the path `way` in the object of this document holds
/// exactly these patches of rollstamp, and still the patches of others; `None` if no edit is
/// needed.
///
/// # Errors
/// The reason why the text cannot be edited.
pub fn in_object(
    text: &str,
    document: Span,
    way: &[&str],
    patches: &[StampPatch],
    annotation: &str,
) -> Result<Option<Edit>, String> {
    let edit = match block(text, document) {
        None if patches.is_empty() => return Ok(None),
        None => insertion(text, document, way, patches, annotation)?,
        Some(block) if patches.is_empty() => removal(text, document, way, block),
        Some(block) => {
            let indent = indent_of(block.of(text));
            let replacement = made(patches, indent, annotation)?;
            Edit { span: block, replacement }
        }
    };
    if edit.span.of(text).replace("\r\n", "\n") == edit.replacement {
        return Ok(None);
    }
    prove(text, document, way, &edit, (patches.len(), annotation))?;
    Ok(Some(edit))
}

/// The lines from one comment to the other.
fn block(text: &str, document: Span) -> Option<Span> {
    let own = document.of(text);
    let begin = own.find(BEGIN)?;
    let end = begin + own[begin..].find(END)? + END.len();
    let (begin, end) = (line_range(own, begin).start, end_of_lines(own, end));
    let start = document.start as usize;
    Some(Span::new(start + begin, start + end))
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn made(patches: &[StampPatch], indent: usize, annotation: &str) -> Result<String, String> {
    let space = " ".repeat(indent);
    let items = items(patches, &space, annotation)
        .map_err(|nameless| format!("a {} without a name has no patch", nameless.kind))?;
    Ok(format!("{space}{BEGIN}\n{items}{space}{END}\n"))
}

/// Inserts after the last existing patch, or as a new field at the end of the existing mapping.
fn insertion(
    text: &str,
    document: Span,
    way: &[&str],
    patches: &[StampPatch],
    annotation: &str,
) -> Result<Edit, String> {
    let documents = parse(text, document).map_err(|error| error.message)?;
    let root = documents.first().map(|document| Cursor::root(document, text));
    let mut node = root.ok_or("it is empty")?;
    let mut rest = way;
    while let [field, behind @ ..] = rest
        && let Some(next) = node.get(field)
    {
        (node, rest) = (next, behind);
    }
    let there = way[..way.len() - rest.len()].join(".");
    let is_block = !node.raw().trim_start().starts_with(['{', '[']);
    let kind = if rest.is_empty() { Kind::Sequence } else { Kind::Mapping };
    if node.kind() != kind || !is_block || node.is_shared() {
        let what = if rest.is_empty() { "list" } else { "mapping" };
        return Err(format!("`{there}` is no {what} in lines"));
    }
    if there.is_empty() {
        return Err(format!("it has no `{}`", way[0]));
    }
    let mut indent = indent_of(&text[line_range(text, node.span().start as usize).start..]);
    let mut before = String::new();
    for field in rest {
        before.push_str(&format!("{}{field}:\n", " ".repeat(indent)));
        indent += 2;
    }
    let at = end_of_lines(text, node.span().end as usize);
    let feed = if text[..at].ends_with('\n') { "" } else { "\n" };
    let replacement = format!("{feed}{before}{}", made(patches, indent, annotation)?);
    Ok(Edit { span: Span::new(at, at), replacement })
}

/// Removes the lines, and the fields on the path that hold nothing else: `patches`, and the fields
/// above it that hold only the patches. At least one field of `spec` remains.
fn removal(text: &str, document: Span, way: &[&str], block: Span) -> Edit {
    let (mut from, end) = (block.start as usize, block.end as usize);
    let next = text[end..document.end as usize].lines().find(|line| !line.trim().is_empty());
    for (depth, field) in way.iter().enumerate().skip(1).rev() {
        let line = line_range(text, from.saturating_sub(1)).start;
        let head = &text[line..from];
        let is_only = line >= document.start as usize && head.trim() == format!("{field}:");
        let indent = indent_of(head);
        // A list may have the same indentation as its field.
        let goes_on = next.is_some_and(|next| {
            let is_item = next.trim_start().starts_with("- ");
            let is_list = depth + 1 == way.len();
            indent_of(next) > indent || (is_list && is_item && indent_of(next) == indent)
        });
        if !is_only || goes_on {
            break;
        }
        from = line;
    }
    Edit { span: Span::new(from, end), replacement: String::new() }
}

/// Checks that only patches of rollstamp changed, and that their number is right.
fn prove(
    text: &str,
    document: Span,
    way: &[&str],
    edit: &Edit,
    (count, annotation): (usize, &str),
) -> Result<(), String> {
    let mut after = document.of(text).to_owned();
    let start = document.start as usize;
    let range = edit.span.start as usize - start..edit.span.end as usize - start;
    after.replace_range(range, &edit.replacement);
    let read = |text: &str| -> Result<(Value, usize), String> {
        let mut object: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let own = without_own(&mut object, way, annotation);
        Ok((object, own))
    };
    let (before, (after, own)) = (read(document.of(text))?, read(&after)?);
    match before.0 == after && own == count {
        true => Ok(()),
        false => Err("more than the stamps would change".to_owned()),
    }
}

/// Removes the patches of rollstamp, and the fields that are empty afterwards, and counts the
/// patches.
fn without_own(object: &mut Value, way: &[&str], annotation: &str) -> usize {
    let Some((field, rest)) = way.split_first() else {
        let Some(list) = object.as_array_mut() else { return 0 };
        let all = list.len();
        list.retain(|item| !item["patch"].as_str().is_some_and(|p| p.contains(annotation)));
        return all - list.len();
    };
    let Some(mapping) = object.as_object_mut() else { return 0 };
    let Some(value) = mapping.get_mut(*field) else { return 0 };
    let own = without_own(value, rest, annotation);
    let is_empty = value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty);
    if is_empty {
        mapping.remove(*field);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patches::Stamp;

    fn patch(name: &str, value: &str) -> StampPatch {
        StampPatch {
            group: "apps".into(),
            kind: "Deployment".into(),
            name: name.into(),
            namespace: None,
            version: "v1".into(),
            stamps: vec![Stamp {
                way: ["spec", "template", "metadata", "annotations"]
                    .map(|f| crate::yaml::path::Step::Field(f.into()))
                    .to_vec(),
                missing: 2,
                value: value.into(),
            }],
        }
    }

    const FLUX: &[&str] = &["spec", "patches"];
    const ARGO: &[&str] = &["spec", "source", "kustomize", "patches"];

    fn edited(text: &str, way: &[&str], patches: &[StampPatch]) -> String {
        let whole = Span::new(0, text.len());
        let mut done = text.to_owned();
        if let Some(edit) = in_object(text, whole, way, patches, "checksum/rollstamp").unwrap() {
            done.replace_range(edit.span.range(), &edit.replacement);
        }
        done
    }

    #[test]
    fn stamps_come_change_and_go() {
        for (way, text) in [
            (FLUX, "kind: Kustomization\nspec:\n  path: ./a\n  # why\n  prune: true\n"),
            (FLUX, "spec:\n  patches:\n    - patch: |\n        kind: A\n  path: ./a\n"),
            (FLUX, "spec:\n  path: ./a\n  patches:\n  - patch: |\n      kind: A\nstatus: {}\n"),
            (ARGO, "spec:\n  source:\n    path: a\n    repoURL: x\n  project: p\n"),
            (ARGO, "spec:\n  source:\n    kustomize:\n      namePrefix: a-\n    path: a\n"),
            (
                ARGO,
                "spec:\n  source:\n    path: a\n    kustomize:\n      patches:\n      - patch: |\n          kind: A\n",
            ),
        ] {
            let one = edited(text, way, &[patch("web", "a1")]);
            let two = edited(&one, way, &[patch("api", "b2"), patch("web", "c3")]);
            assert!(one.contains("a1") && two.contains("c3") && !two.contains("a1"), "{two}");
            assert_eq!(edited(&two, way, &[patch("api", "b2"), patch("web", "c3")]), two);
            let found = listed_in(&two, Span::new(0, two.len()), "checksum/rollstamp");
            let names: Vec<&str> = found.iter().map(|listed| listed.name.as_str()).collect();
            assert_eq!(names, ["api", "web"], "{two}");
            assert_eq!(edited(&two, way, &[]), text);
        }
        for (way, flow) in [
            (FLUX, "spec: {path: ./a}\n"),
            (ARGO, "spec:\n  source: {path: a}\n"),
            (ARGO, "spec:\n  source:\n    kustomize: {}\n"),
            (ARGO, "spec:\n  source:\n    kustomize:\n"),
        ] {
            let whole = Span::new(0, flow.len());
            let refused = in_object(flow, whole, way, &[patch("web", "a")], "checksum/rollstamp");
            assert!(refused.is_err(), "{flow}");
        }
    }
}
