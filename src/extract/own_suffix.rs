//! Reads the parts of a name after its content: the suffix, the name without a suffix, and the
//! place of the marker.

use super::hash_suffix::{Reading, kustomize_suffix};
use super::source::Provided;
use super::{BASE_NAME, MODE, NEEDS_HASH_SUFFIX, Reader, annotation, text_of};
use crate::config::options::{Mode, SuffixHash};
use crate::digest::name_hash::{self, Stored, is_suffixed};
use crate::finding::naming::NoSuffix;
use crate::finding::{Code, Finding};
use crate::k8s::providers::Target;
use crate::k8s::recreated::{AnnotationTest, RECREATED, Recreated};
use crate::text::Span;
use crate::yaml::insert::{self, Refusal, Slot};
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Cursor, Edit, Style};
use base64::Engine as _;

/// The facts for a name after its content.
pub struct Naming {
    /// The name without a suffix in the marker; `None` without a marker.
    pub base: Option<String>,
    /// Whether the marker says that rollstamp wrote the field `immutable`.
    pub froze: bool,
    /// The mode in the annotation of the object.
    pub mode: Option<Mode>,
    /// The suffix of its content, or the reason why it has none.
    pub suffix: Result<String, NoSuffix>,
    /// Whether the name already ends in that suffix, and another tool wrote it.
    pub is_suffixed: bool,
    /// The place of the marker of rollstamp; in a kustomize build, of the marker of kustomize.
    pub marker: Result<Slot, Refusal>,
    /// The field `immutable`.
    pub frozen: ImmutableField,
}

/// The text after the name in the marker of a source, if rollstamp wrote the field `immutable`.
pub const FROZEN: &str = ", immutable";

/// The field `immutable` of a source. rollstamp writes it before all other fields, and records it
/// in the marker.
pub enum ImmutableField {
    /// The field is absent; the edit adds it.
    Absent(Edit),
    /// rollstamp wrote the field; the edit removes it.
    Ours(Edit),
    /// The user or another tool wrote the field, or no edit can add it.
    Theirs,
}

/// Whether the references of an object can follow a source that gets another name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowsRenames {
    /// The mode in the annotation of the object.
    pub mode: Option<Mode>,
    /// Whether the apply creates the object again, so that all its fields can change.
    pub recreated: bool,
}

impl FollowsRenames {
    /// Reads the metadata of an object with references.
    pub(super) fn read(reader: &mut Reader<'_>, metadata: Option<Cursor<'_>>) -> Self {
        let Some(metadata) = metadata else {
            return Self::default();
        };
        let annotations = metadata.get("annotations");
        let is = |row: &Recreated| {
            let found = annotations.and_then(|annotations| text_of(annotations, row.annotation));
            found.is_some_and(|(value, _)| match row.says {
                AnnotationTest::Anything => true,
                AnnotationTest::Contains(part) => value.contains(part),
            })
        };
        let generated = metadata.string("generateName").is_some();
        let recreated = generated || RECREATED.iter().any(is);
        Self { mode: mode(reader, metadata, ""), recreated }
    }
}

/// The mode in the annotation of an object of this kind; a word that is not a mode is an error.
fn mode(reader: &mut Reader<'_>, metadata: Cursor<'_>, kind: &str) -> Option<Mode> {
    let (word, at) = annotation(metadata, MODE)?;
    let found = Mode::named(&word);
    if found.is_none() {
        let message = format!("`{MODE}` is neither `annotation` nor `suffix`");
        let finding = reader.locate(Finding::new(Code::UnknownName, message), at.span(), kind);
        reader.facts.findings.push(finding);
    }
    found
}

/// Reads the facts for a name after its content, if such a name is wanted or already exists.
pub(super) fn read(reader: &mut Reader<'_>, object: Provided<'_, '_>) -> Option<Naming> {
    let Provided { node, ancestors, row, id } = object;
    if !row.group.is_empty() {
        return None;
    }
    let metadata = node.get("metadata")?;
    let base = annotation(metadata, BASE_NAME).map(|(base, _)| base);
    let froze = base.as_ref().is_some_and(|base| base.ends_with(FROZEN));
    let base = base.map(|base| base.strip_suffix(FROZEN).map(str::to_owned).unwrap_or(base));
    let mode = mode(reader, metadata, &row.kind);
    let wanted = mode.unwrap_or(reader.options.mode) == Mode::Suffix;
    if !wanted && base.is_none() {
        return None;
    }
    let plain = match &base {
        Some(base) if is_suffixed(&id.name, base) => base.as_str(),
        _ => id.name.as_str(),
    };
    let hash = reader.options.naming.hash;
    let suffix = suffix_of(node, row.provides, plain, hash);
    let is_suffixed = base.is_none() && name_hash::looks_suffixed(&id.name) && {
        let (plain, letters) = id.name.split_at(id.name.len() - 11);
        let again = suffix_of(node, row.provides, plain, hash);
        again.is_ok_and(|suffix| letters.ends_with(&suffix))
    };
    let is_inside = super::build_notes::read(metadata, &id.kind).is_some_and(|o| o.inside);
    let marker = insert::find(
        node.document(),
        node.text(),
        ancestors,
        node.id(),
        &["metadata", "annotations"],
        if is_inside { NEEDS_HASH_SUFFIX } else { BASE_NAME },
    );
    let frozen = frozen(node, froze);
    Some(Naming { base, froze, mode, suffix, is_suffixed, marker, frozen })
}

fn frozen(object: Cursor<'_>, froze: bool) -> ImmutableField {
    const FIELD: &str = "immutable";
    let text = object.text();
    let mut pairs = object.pairs();
    let Some((first, value)) = pairs.next() else {
        return ImmutableField::Theirs;
    };
    // Places in the text, which may be a part of the file.
    let (start, end) = (first.node().span.start as usize, value.node().span.end as usize);
    let edit =
        |span: Span, replacement| Edit { span: span.behind(object.document().base), replacement };
    if object.field(FIELD).is_some() {
        let Some((next, _)) = pairs.next() else {
            return ImmutableField::Theirs;
        };
        let next = next.node().span.start as usize;
        let alone = text[end..next].trim().trim_start_matches(',').is_empty();
        return match froze && first.is_key(FIELD) && value.is_true() && alone {
            true => ImmutableField::Ours(edit(Span::new(start, next), String::new())),
            false => ImmutableField::Theirs,
        };
    }
    let quote = if object.document().json { "\"" } else { "" };
    let gap = match object.style() {
        Style::Flow => match &text[object.node().span.start as usize + 1..start] {
            "" => ", ".to_owned(),
            gap => format!(",{gap}"),
        },
        _ => {
            let line = crate::text::line_range(text, start);
            let newline = if text[line.end..].starts_with("\r\n") { "\r\n" } else { "\n" };
            format!("{newline}{}", " ".repeat(start - line.start))
        }
    };
    ImmutableField::Absent(edit(
        Span::new(start, start),
        format!("{quote}{FIELD}{quote}: true{gap}"),
    ))
}

/// The suffix of an object whose name without one is `name`.
fn suffix_of(
    object: Cursor<'_>,
    target: Target,
    name: &str,
    hash: SuffixHash,
) -> Result<String, NoSuffix> {
    if ends_without_newline(object) {
        return Err(NoSuffix::OpenBlock);
    }
    match hash {
        SuffixHash::Kustomize => {
            kustomize_suffix(object, target, Reading::Exact).ok_or(NoSuffix::ReadDifferently)
        }
        SuffixHash::Kubectl => stored(object, target, name)
            .map(|stored| name_hash::kubectl(target, &stored))
            .ok_or(NoSuffix::NotStorable),
    }
}

/// Whether a block scalar ends the text without a line end: kubectl adds a line end.
fn ends_without_newline(object: Cursor<'_>) -> bool {
    !object.text().ends_with('\n')
        && object.subtree().last().is_some_and(|last| {
            matches!(last.style, Style::Literal | Style::Folded)
                && last.span.end as usize == object.text().len()
        })
}

/// The object as the API server stores it after `kubectl` sent it, with `stringData` merged.
fn stored(object: Cursor<'_>, target: Target, name: &str) -> Option<Stored> {
    let is_secret = target == Target::Secret;
    let secret_type = match object.get("type").filter(|_| is_secret).map(Cursor::value) {
        None | Some(Ok(Value::Null)) => String::new(),
        Some(Ok(Value::Str(text))) => text.into_owned(),
        Some(_) => return None,
    };
    let immutable = match object.get("immutable").map(Cursor::value) {
        None | Some(Ok(Value::Null)) => None,
        Some(Ok(Value::Bool(value))) => Some(value),
        Some(_) => return None,
    };
    let mut data = entries(object, "data")?;
    let mut binary = Vec::new();
    if is_secret {
        normal(&mut data)?;
        for (key, value) in entries(object, "stringData")? {
            data.retain(|(known, _)| *known != key);
            let value = base64::engine::general_purpose::STANDARD.encode(value);
            data.push((key, value));
        }
    } else {
        binary = entries(object, "binaryData")?;
        normal(&mut binary)?;
    }
    data.sort();
    binary.sort();
    Some(Stored { name: name.to_owned(), data, binary, secret_type, immutable })
}

/// Writes base64 on one line, as the cluster returns it.
fn normal(entries: &mut [(String, String)]) -> Option<()> {
    for (_, value) in entries {
        let bytes = resolve::decode_base64(value.as_bytes())?;
        *value = base64::engine::general_purpose::STANDARD.encode(bytes);
    }
    Some(())
}

/// The entries of a field; a null value counts as an empty one.
fn entries(object: Cursor<'_>, field: &str) -> Option<Vec<(String, String)>> {
    let Some(field) = object.field(field) else {
        return Some(Vec::new());
    };
    let mapping = field.value.target();
    if mapping.is_null() {
        return Some(Vec::new());
    }
    if !mapping.is_mapping() || mapping.node().has_merge || field.duplicate.is_some() {
        return None;
    }
    let mut entries: Vec<(String, String)> = Vec::new();
    for (key, value) in mapping.pairs() {
        let key = key.key().ok()?.into_owned();
        if entries.iter().any(|(known, _)| *known == key) {
            return None;
        }
        match value.value() {
            Ok(Value::Str(value)) => entries.push((key, value.into_owned())),
            Ok(Value::Null) => {}
            _ => return None,
        }
    }
    Some(entries)
}
