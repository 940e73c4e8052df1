//! Stamps in `spec.patches` of a Flux `Kustomization`, for a folder that has no stamps file for them: between
//! two comments, so that they are found again.

use super::file::{StampPatch, items, listed};
use crate::text::Span;
use crate::yaml::{Cursor, Edit, Kind, parse};
use serde_json::Value;

/// The comment before the patches.
const BEGIN: &str = "# Stamps, made by `rollstamp write --build`; do not edit.";
/// The comment behind them.
const END: &str = "# The end of the stamps.";

/// The patches of ours in the document of an object.
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

/// The edit after which `spec.patches` of the object in this document holds these patches of ours, and
/// what others wrote there; nothing, if it does already.
///
/// # Errors
/// Why the text cannot be edited.
pub fn in_object(
    text: &str,
    document: Span,
    patches: &[StampPatch],
    annotation: &str,
) -> Result<Option<Edit>, String> {
    let edit = match block(text, document) {
        None if patches.is_empty() => return Ok(None),
        None => insertion(text, document, patches, annotation)?,
        Some(block) if patches.is_empty() => removal(text, document, block),
        Some(block) => {
            let indent = indent_of(block.of(text));
            let replacement = made(patches, indent, annotation)?;
            Edit { span: block, replacement }
        }
    };
    if edit.span.of(text).replace("\r\n", "\n") == edit.replacement {
        return Ok(None);
    }
    prove(text, document, &edit, patches.len(), annotation)?;
    Ok(Some(edit))
}

/// The lines from one comment to the other.
fn block(text: &str, document: Span) -> Option<Span> {
    let own = document.of(text);
    let begin = own.find(BEGIN)?;
    let begin = own[..begin].rfind('\n').map_or(0, |at| at + 1);
    let end = begin + own[begin..].find(END)? + END.len();
    let end = own[end..].find('\n').map_or(own.len(), |at| end + at + 1);
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

/// Behind the last patch that is there, or as a new field at the end of `spec`.
fn insertion(
    text: &str,
    document: Span,
    patches: &[StampPatch],
    annotation: &str,
) -> Result<Edit, String> {
    let documents = parse(text, document).map_err(|error| error.message)?;
    let root = documents.first().map(|document| Cursor::root(document, text));
    let spec = root.and_then(|root| root.get("spec")).ok_or("it has no `spec`")?;
    let is_block = |node: Cursor<'_>| !node.raw().trim_start().starts_with(['{', '[']);
    let (node, before, indent) = match spec.get("patches") {
        Some(list) if list.kind() == Kind::Sequence && is_block(list) => {
            let line = line_start(text, list.span().start as usize);
            (list, String::new(), indent_of(&text[line..]))
        }
        Some(_) => return Err("`spec.patches` is no list in lines".to_owned()),
        None if spec.kind() == Kind::Mapping && is_block(spec) => {
            let line = line_start(text, spec.span().start as usize);
            let indent = indent_of(&text[line..]);
            (spec, format!("{}patches:\n", " ".repeat(indent)), indent + 2)
        }
        None => return Err("`spec` is no mapping in lines".to_owned()),
    };
    let end = node.span().end as usize;
    let at = match text[..end].ends_with('\n') {
        true => end,
        false => text[end..].find('\n').map_or(text.len(), |next| end + next + 1),
    };
    let feed = if text[..at].ends_with('\n') { "" } else { "\n" };
    let replacement = format!("{feed}{before}{}", made(patches, indent, annotation)?);
    Ok(Edit { span: Span::new(at, at), replacement })
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |line| line + 1)
}

/// Takes the lines out, and the field if nothing else is in it.
fn removal(text: &str, document: Span, block: Span) -> Edit {
    let (start, end) = (block.start as usize, block.end as usize);
    let field = line_start(text, start.saturating_sub(1));
    let is_first = field >= document.start as usize && text[field..start].trim() == "patches:";
    let next = text[end..document.end as usize].lines().find(|line| !line.trim().is_empty());
    let is_last = next.is_none_or(|line| !line.trim_start().starts_with("- "));
    let from = if is_first && is_last { field } else { start };
    Edit { span: Span::new(from, end), replacement: String::new() }
}

/// Nothing but patches of ours has changed, and there are as many as there must be.
fn prove(
    text: &str,
    document: Span,
    edit: &Edit,
    count: usize,
    annotation: &str,
) -> Result<(), String> {
    let mut after = document.of(text).to_owned();
    let start = document.start as usize;
    let range = edit.span.start as usize - start..edit.span.end as usize - start;
    after.replace_range(range, &edit.replacement);
    let read = |text: &str| -> Result<(Value, usize), String> {
        let mut object: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
        let mut own = 0;
        if let Some(spec) = object["spec"].as_object_mut() {
            let mut others = spec.get("patches").and_then(Value::as_array).cloned();
            if let Some(list) = &mut others {
                let all = list.len();
                list.retain(|item| !item["patch"].as_str().is_some_and(|p| p.contains(annotation)));
                own = all - list.len();
            }
            match others.filter(|list| !list.is_empty()) {
                Some(list) => spec.insert("patches".to_owned(), Value::Array(list)),
                None => spec.remove("patches"),
            };
        }
        Ok((object, own))
    };
    let (before, (after, own)) = (read(document.of(text))?, read(&after)?);
    match before.0 == after && own == count {
        true => Ok(()),
        false => Err("more than the stamps would change".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patches::{Stamp, TemplateMetadata};

    fn patch(name: &str, value: &str) -> StampPatch {
        StampPatch {
            group: "apps".into(),
            kind: "Deployment".into(),
            name: name.into(),
            namespace: None,
            version: "v1".into(),
            stamps: vec![Stamp {
                template: ["spec", "template"]
                    .map(|f| crate::yaml::path::Step::Field(f.into()))
                    .to_vec(),
                has: TemplateMetadata::Nothing,
                value: value.into(),
            }],
        }
    }

    fn edited(text: &str, patches: &[StampPatch]) -> String {
        let whole = Span::new(0, text.len());
        let mut done = text.to_owned();
        if let Some(edit) = in_object(text, whole, patches, "checksum/rollstamp").unwrap() {
            done.replace_range(edit.span.range(), &edit.replacement);
        }
        done
    }

    #[test]
    fn stamps_come_change_and_go() {
        for text in [
            "kind: Kustomization\nspec:\n  path: ./a\n  # why\n  prune: true\n",
            "spec:\n  patches:\n    - patch: |\n        kind: A\n  path: ./a\n",
            "spec:\n  path: ./a\n  patches:\n  - patch: |\n      kind: A\nstatus: {}\n",
        ] {
            let one = edited(text, &[patch("web", "a1")]);
            let two = edited(&one, &[patch("api", "b2"), patch("web", "c3")]);
            assert!(one.contains("a1") && two.contains("c3") && !two.contains("a1"), "{two}");
            assert_eq!(edited(&two, &[patch("api", "b2"), patch("web", "c3")]), two);
            let found = listed_in(&two, Span::new(0, two.len()), "checksum/rollstamp");
            let names: Vec<&str> = found.iter().map(|listed| listed.name.as_str()).collect();
            assert_eq!(names, ["api", "web"], "{two}");
            assert_eq!(edited(&two, &[]), text);
        }
        let flow = "spec: {path: ./a}\n";
        let whole = Span::new(0, flow.len());
        assert!(in_object(flow, whole, &[patch("web", "a")], "checksum/rollstamp").is_err());
    }
}
