//! Reads the keys of a source, each with the digest of its value.

use super::carried;
use super::fillers;
use super::hash_suffix::is_content_named;
use super::ids::ObjectId;
use super::own_suffix::{self, Naming};
use super::{IgnoredBy, Reader, is_sops, labels, text_of, values_from};
use crate::compat::reloader::Tags;
use crate::config::policy::{Encrypted, FilledSources};
use crate::digest::ValueDigest;
use crate::finding::{Code, Finding};
use crate::k8s::fillers::Filler;
use crate::k8s::id::Identity;
use crate::k8s::providers::{Content, Encoding, Provider, Target};
use crate::text::{Span, offset};
use crate::yaml::path::FieldPath;
use crate::yaml::resolve::{self, Value};
use crate::yaml::{Cursor, Kind, NodeId, canonical};
use smol_str::{SmolStr, format_smolstr};
use std::borrow::Cow;

/// A ConfigMap or Secret that references can name, and its content.
pub struct Source {
    /// The object that provides it.
    pub object: ObjectId,
    /// The kind that references to it name.
    pub target: Target,
    /// The name that references to it use.
    pub name: SmolStr,
    /// The namespace in which it is, if one is written.
    pub namespace: Option<SmolStr>,
    /// Its keys, sorted; a key can occur once for `data` and once for `binaryData`.
    pub entries: Box<[Entry]>,
    /// Whether its name ends in the hash of its own content.
    pub content_named: bool,
    /// Whether the keys are not known separately, so that a reference to one key reads all.
    pub whole: bool,
    /// Whether a controller in the cluster fills it, so that only its name is known.
    pub filled_in_cluster: bool,
    /// If a controller fills it: the digest of the fields that describe the content.
    pub recipe: Option<Box<ValueDigest>>,
    /// The program that fills it in the cluster in addition to its manifest, if any.
    pub filler: Option<&'static Filler>,
    /// Whether a control annotation or a rule says that no pods roll because of it.
    pub ignored: Option<IgnoredBy>,
    /// A field of content that cannot be read as keys and values.
    pub malformed: Option<Box<Malformed>>,
    /// The facts for a name after its content; `None` if no such name is wanted.
    pub naming: Option<Box<Naming>>,
    /// The meaning of its annotations for Reloader, if Reloader is followed.
    pub tags: Tags,
    /// Whether a change of it reaches Flux at once.
    pub watched: bool,
    /// The rows of the configuration that collect it by its labels: one bit for each row.
    pub collected: u64,
}

/// A field of content that is not a mapping.
pub struct Malformed {
    /// The field, with dots between names.
    pub field: String,
    /// The bytes of the field.
    pub at: Span,
}

/// One key of a source.
#[derive(Clone)]
pub struct Entry {
    /// The key as it reaches the cluster.
    pub key: SmolStr,
    /// The digest of the bytes that a pod gets; for a flawed value, the digest of no bytes.
    pub digest: ValueDigest,
    /// The number of bytes that a pod gets.
    pub size: u32,
    /// Whether it can be an environment variable.
    pub env: bool,
    /// The reason why the API server will refuse the value, if any.
    pub flaw: Option<Box<Flaw>>,
    /// Whether a control annotation or a rule says that no pods roll because of it.
    pub ignored: Option<IgnoredBy>,
    /// Where the key is written.
    pub at: Span,
}

impl Entry {
    /// Whether a pod sees no difference between the two; the places in the text do not count.
    pub fn same_content(&self, other: &Self) -> bool {
        (&self.key, &self.digest, self.size, self.env, &self.flaw, self.ignored)
            == (&other.key, &other.digest, other.size, other.env, &other.flaw, other.ignored)
    }
}

/// The problem of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The value is not a string; the text says what it is.
    NotAString(&'static str),
    /// The value cannot be decoded; the text says why.
    Unreadable(&'static str),
}

impl Flaw {
    /// Completes "the value of `key` is ...".
    pub fn describe(&self) -> String {
        match self {
            Self::NotAString(what) => format!("{what}, not a string"),
            Self::Unreadable(why) => format!("unreadable: {why}"),
        }
    }

    /// The help for the problem.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotAString(_) => "put the value in quotes",
            Self::Unreadable(_) => "write the value in a form that `kubectl` reads",
        }
    }
}

impl Source {
    /// Whether a pod sees no difference between the two sources.
    pub fn same_content(&self, other: &Self) -> bool {
        self.target == other.target
            && self.entries.len() == other.entries.len()
            && self.entries.iter().zip(&other.entries).all(|(one, two)| one.same_content(two))
    }

    /// The entries of a key.
    pub fn get(&self, key: &str) -> &[Entry] {
        let start = self.entries.partition_point(|e| e.key.as_str() < key);
        let len = self.entries[start..].partition_point(|e| e.key == key);
        &self.entries[start..start + len]
    }
}

/// An object of a kind that provides something.
#[derive(Clone, Copy)]
pub(super) struct Provided<'o, 'a> {
    /// The mapping of the object.
    pub(super) node: Cursor<'a>,
    /// The nodes above it, aliases not followed.
    pub(super) ancestors: &'o [NodeId],
    /// The row of its kind.
    pub(super) row: &'o Provider,
    /// The identity of the object.
    pub(super) id: &'o Identity,
}

impl Provided<'_, '_> {
    /// A finding about the object, at a place in it; its line is shown unless it stands in a Secret.
    pub(super) fn finding(
        self,
        reader: &Reader<'_>,
        code: Code,
        at: Span,
        message: String,
    ) -> Finding {
        let finding = Finding::new(code, message).about(self.id.to_string());
        reader.locate(finding, at, &self.row.kind)
    }
}

/// Reads the sources of an object: one source for most kinds, several if a name path has items.
pub(super) fn read(reader: &mut Reader<'_>, object: Provided<'_, '_>) -> Vec<Source> {
    let Provided { node, row, id, .. } = object;
    let namespace = row.namespaces.iter().find_map(|path| {
        let namespace = path.end(node)?.str()?;
        (!namespace.is_empty()).then(|| SmolStr::from(namespace))
    });
    let control = SourceControl::read(node);
    let is_skipped = reader.options.rules.encrypted == Encrypted::Skip && is_sops(node);
    let ignored =
        reader.ignored(control.ignored, node, id).or(is_skipped.then_some(IgnoredBy::Rule));
    let tags = carried::of_source(reader, node, row.provides, namespace.as_deref());
    let collected = carried::collected(reader, node, row.provides);
    let filler = fillers::fills(node, &row.group, &row.kind);
    let is_external = filler.is_some() && reader.options.rules.filled == FilledSources::External;
    let source = |name| Source {
        object: ObjectId::at(0),
        target: row.provides,
        name,
        namespace: namespace.clone(),
        entries: Box::default(),
        content_named: false,
        whole: false,
        filled_in_cluster: false,
        recipe: None,
        filler,
        ignored,
        malformed: None,
        naming: None,
        tags,
        watched: values_from::is_watched(node),
        collected,
    };
    let names = names(node, row).into_iter();
    if row.contents.is_empty() || filled_by_type(node, row) || is_external {
        let recipe = recipe(reader, node, row.provides).map(Box::new);
        let filled =
            |name| Source { filled_in_cluster: true, recipe: recipe.clone(), ..source(name) };
        return names.map(filled).collect();
    }
    let Some(name) = names.into_iter().next() else {
        return Vec::new();
    };
    let is_there = |path: &FieldPath| path.end(node).is_some_and(|at| !at.is_null());
    let whole = row.whole_if.iter().any(is_there);
    let mut contents = Contents { object, whole, entries: Vec::new(), malformed: None };
    contents.read(reader);
    let Contents { mut entries, malformed, .. } = contents;
    control.apply(reader, &mut entries, object);
    ignore_keys_by_rule(reader, object, &mut entries);
    let source = Source {
        content_named: is_content_named(object),
        entries: entries.into(),
        whole,
        malformed: malformed.map(Box::new),
        naming: own_suffix::read(reader, object).map(Box::new),
        ..source(name)
    };
    super::api_limits::check(reader, object, &source);
    vec![source]
}

/// The digest of the fields that describe how an object is filled in the cluster, or what it
/// creates there: its `spec`, or, without one, its `data`, as JSON in one fixed form.
pub(super) fn recipe(
    reader: &Reader<'_>,
    object: Cursor<'_>,
    target: Target,
) -> Option<ValueDigest> {
    let recipe = object.get("spec").or_else(|| object.get("data"))?;
    let text = canonical::json(recipe).unwrap_or_else(|| recipe.raw().to_owned());
    Some(ValueDigest::of(target, text.as_bytes(), reader.options.hash_key.as_ref()))
}

/// The names of the sources of an object: the values at the first path that has any.
fn names(object: Cursor<'_>, row: &Provider) -> Vec<SmolStr> {
    let named = |path: &FieldPath| {
        let mut found = Vec::new();
        path.each(object, &mut |at| {
            found.extend(at.str().filter(|name| !name.is_empty()).map(SmolStr::from));
        });
        found
    };
    row.names.iter().map(named).find(|found| !found.is_empty()).unwrap_or_default()
}

fn filled_by_type(object: Cursor<'_>, row: &Provider) -> bool {
    !row.filled_if_type.is_empty()
        && object.string("type").is_some_and(|found| row.filled_if_type.contains(&found.as_str()))
}

/// The state while the fields of content are read.
struct Contents<'o, 'a> {
    object: Provided<'o, 'a>,
    /// Whether the keys are not known separately, see [`Source::whole`].
    whole: bool,
    entries: Vec<Entry>,
    malformed: Option<Malformed>,
}

/// A key of a mapping of content and its value.
struct KeyAndValue<'a> {
    name: SmolStr,
    key: Cursor<'a>,
    value: Cursor<'a>,
    /// Whether it comes from a merge key.
    merged: bool,
}

impl<'a> Contents<'_, 'a> {
    fn read(&mut self, reader: &mut Reader<'_>) {
        let Provided { node, row, .. } = self.object;
        for content in &row.contents {
            let Some(field) = content.path.end(node) else {
                continue;
            };
            if content.encoding == Encoding::Tree {
                self.tree(reader, content, field);
            } else if field.is_mapping() {
                for pair in self.pairs(reader, field) {
                    self.pair(reader, content, &pair);
                }
            } else if field.is_null() {
                continue;
            } else if self.whole && field.str().is_some() {
                // An old SealedSecret holds one text for all keys.
                let name = SmolStr::default();
                self.pair(
                    reader,
                    content,
                    &KeyAndValue { name, key: field, value: field, merged: false },
                );
            } else {
                let (field, at) = (content.path.to_string(), field.span());
                self.malformed.get_or_insert(Malformed { field, at });
            }
        }
        self.entries.sort_by(|a, b| (&a.key, !a.env).cmp(&(&b.key, !b.env)));
    }

    /// Adds the entry of a field that counts as one text, independent of its layout.
    fn tree(&mut self, reader: &Reader<'_>, content: &Content, field: Cursor<'a>) {
        if let Some(text) = canonical::json(field) {
            let key = content.path.to_string().into();
            self.push(reader, key, text.as_bytes(), true, field.span(), None);
        }
    }

    /// Adds the entry of a key.
    fn pair(&mut self, reader: &mut Reader<'_>, content: &Content, pair: &KeyAndValue<'a>) {
        let nothing = Cow::Borrowed(&[][..]);
        let (bytes, flaw) = match pair.value.value() {
            Ok(Value::Null) => return null_value(reader, self.object, pair),
            Ok(Value::Str(text)) => (self.bytes(reader, content, pair, text), None),
            Ok(other) => (nothing, Some(Flaw::NotAString(other.type_name()))),
            Err(error) if pair.value.target().kind() == Kind::Scalar => {
                (nothing, Some(Flaw::Unreadable(error.0)))
            }
            Err(error) => (nothing, Some(Flaw::NotAString(error.0))),
        };
        if content.overrides {
            // The entry with a flaw stays, because the API server refuses the object in any case.
            self.entries.retain(|e| e.key != pair.name || e.flaw.is_some());
        }
        let key = match content.prefix {
            prefix if self.whole && !prefix.is_empty() => format_smolstr!("{prefix}{}", pair.name),
            _ => pair.name.clone(),
        };
        self.push(reader, key, &bytes, content.env, pair.key.span(), flaw);
    }

    fn push(
        &mut self,
        reader: &Reader<'_>,
        key: SmolStr,
        bytes: &[u8],
        env: bool,
        at: Span,
        flaw: Option<Flaw>,
    ) {
        let target = self.object.row.provides;
        self.entries.push(Entry {
            key,
            digest: ValueDigest::of(target, bytes, reader.options.hash_key.as_ref()),
            size: offset(bytes.len()),
            env,
            flaw: flaw.map(Box::new),
            ignored: None,
            at,
        });
    }

    /// The bytes that a pod gets for a value.
    fn bytes<'t>(
        &self,
        reader: &mut Reader<'_>,
        content: &Content,
        pair: &KeyAndValue<'_>,
        text: Cow<'t, str>,
    ) -> Cow<'t, [u8]> {
        let is_encrypted = || text.starts_with("ENC[") && is_sops(self.object.node);
        if content.encoding == Encoding::Base64 && !is_encrypted() {
            match resolve::decode_base64(text.as_bytes()) {
                Some(bytes) => return Cow::Owned(bytes),
                None => bad_base64(reader, self.object, content, pair),
            }
        }
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }

    /// The entries of a mapping as the cluster gets them: with merges applied, and the last of
    /// equal keys.
    fn pairs(&self, reader: &mut Reader<'_>, mapping: Cursor<'a>) -> Vec<KeyAndValue<'a>> {
        let id = self.object.id;
        let mut found: Vec<KeyAndValue<'a>> = Vec::new();
        let mut wrong: Option<(Cursor<'a>, &'static str)> = None;
        collect(mapping, false, 0, &mut found, &mut wrong);
        if let Some((key, what)) = wrong {
            let message = format!("{id} has {what} where a key must be a string");
            let finding = self.object.finding(reader, Code::InvalidObject, key.span(), message);
            reader.facts.findings.push(finding.refusing());
        }
        // A stable sort keeps the order of equal keys: the last one counts.
        found.sort_by(|a, b| a.name.cmp(&b.name));
        let mut unique: Vec<KeyAndValue<'a>> = Vec::with_capacity(found.len());
        for pair in found {
            let Some(last) = unique.last_mut().filter(|last| last.name == pair.name) else {
                unique.push(pair);
                continue;
            };
            if !pair.merged && !last.merged {
                let key = &pair.name;
                let message = format!("the key `{key}` of {id} occurs twice; the last one counts");
                let at = pair.key.span();
                let finding = self.object.finding(reader, Code::DuplicateKey, at, message);
                let mut finding = finding.related(reader.place(last.key), "the first one");
                finding.severity = crate::finding::Severity::Warning;
                reader.facts.findings.push(finding);
            }
            *last = pair;
        }
        unique
    }
}

/// Collects the pairs of a mapping in the order in which go-yaml v2 sets them.
fn collect<'a>(
    mapping: Cursor<'a>,
    merged: bool,
    depth: usize,
    found: &mut Vec<KeyAndValue<'a>>,
    wrong: &mut Option<(Cursor<'a>, &'static str)>,
) {
    let mapping = mapping.target();
    for (key, value) in mapping.pairs() {
        if mapping.node().has_merge && key.is_merge_key() {
            let target = value.target();
            if depth >= crate::yaml::MAX_DEPTH {
                *wrong = Some((key, "merge keys nested too deep"));
            } else if target.is_sequence() {
                // Earlier mappings have priority, so they are set last.
                let items: Vec<Cursor<'a>> = target.items().collect();
                for item in items.into_iter().rev() {
                    collect(item, true, depth + 1, found, wrong);
                }
            } else {
                collect(target, true, depth + 1, found, wrong);
            }
            continue;
        }
        match key.key() {
            Ok(name) => found.push(KeyAndValue { name: name.into(), key, value, merged }),
            Err(error) => *wrong = Some((key, error.0)),
        }
    }
}

fn ignore_keys_by_rule(reader: &Reader<'_>, object: Provided<'_, '_>, entries: &mut [Entry]) {
    let rules = &reader.options.rules.ignore;
    if rules.is_empty() {
        return;
    }
    let labels = labels(object.node);
    let subject = reader.subject(object.id, &labels);
    for entry in entries {
        let is_ignored = rules.iter().any(|rule| rule.ignores_key(&subject, &entry.key));
        entry.ignored = entry.ignored.or(is_ignored.then_some(IgnoredBy::Rule));
    }
}

/// The control annotations of a source.
struct SourceControl<'a> {
    ignored: bool,
    ignore_keys: Option<(String, Cursor<'a>)>,
}

impl<'a> SourceControl<'a> {
    fn read(object: Cursor<'a>) -> Self {
        let annotations = object.at(["metadata", "annotations"]);
        let find = |name| text_of(annotations?, name);
        Self {
            ignored: find(super::IGNORE).is_some_and(|(value, _)| value == "true"),
            ignore_keys: find(super::IGNORE_KEYS),
        }
    }

    fn apply(&self, reader: &mut Reader<'_>, entries: &mut [Entry], object: Provided<'_, '_>) {
        let Some((keys, at)) = &self.ignore_keys else {
            return;
        };
        let id = object.id;
        for key in super::names_in(keys) {
            let mut any = false;
            for entry in entries.iter_mut().filter(|e| e.key == key) {
                entry.ignored = Some(IgnoredBy::Annotation);
                any = true;
            }
            if !any {
                let message =
                    format!("{id} has no key `{key}` that `{}` could ignore", super::IGNORE_KEYS);
                let finding = object.finding(reader, Code::UnknownName, at.span(), message);
                reader.facts.findings.push(finding);
            }
        }
    }
}

fn null_value(reader: &mut Reader<'_>, object: Provided<'_, '_>, pair: &KeyAndValue<'_>) {
    let message = format!("the value of `{}` of {} is null", pair.name, object.id);
    let finding = object.finding(reader, Code::NullValue, pair.key.span(), message);
    let help = "write \"\" for an empty value, or remove the key";
    reader.facts.findings.push(finding.help(help));
}

fn bad_base64(
    reader: &mut Reader<'_>,
    object: Provided<'_, '_>,
    content: &Content,
    pair: &KeyAndValue<'_>,
) {
    let (id, key) = (object.id, &pair.name);
    let help = match object.row.provides {
        Target::Secret => "encode the value, or move it to `stringData`",
        Target::ConfigMap => "encode the value, or move it to `data`",
    };
    let message = format!("`{}` of {id} holds no base64 under `{key}`", content.path);
    let finding = object.finding(reader, Code::InvalidBase64, pair.key.span(), message);
    reader.facts.findings.push(finding.help(help));
}
