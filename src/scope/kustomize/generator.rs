//! A generator of a kustomization: its fields, and its output as keys and digests of their values.

use super::fields::{
    KustomizationField, UnreadableKustomization, fields, has_control_keys, is_empty,
};
use super::material::Material;
use super::variables::variables;
use crate::compat::reloader::Tags;
use crate::config::options::Options;
use crate::config::policy::RuleSubject;
use crate::digest::{HashKey, ValueDigest};
use crate::extract::{Entry, IgnoredBy, ObjectId, Source};
use crate::finding::divergence::{Must, UnknownContent};
use crate::k8s::providers::Target;
use crate::text::Span;
use crate::text::offset;
use crate::yaml::Cursor;
use crate::yaml::resolve::Value;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The effect of a generator if the name already exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Behavior {
    /// No source with this name may exist.
    Create,
    /// The keys of the generator are added to the source, or replace keys of it.
    Merge,
    /// The source is replaced.
    Replace,
}

/// A ConfigMap or Secret that is generated.
#[derive(Clone)]
pub(super) struct Generator {
    /// The kind of the generated object.
    pub(super) target: Target,
    /// The name, without a hash.
    pub(super) name: String,
    /// The namespace that the entry names.
    pub(super) namespace: Option<String>,
    /// The effect if the name already exists.
    pub(super) behavior: Behavior,
    /// Whether its name gets a hash.
    pub(super) hashed: bool,
    /// The parts of its content.
    pub(super) parts: Vec<GeneratorPart>,
    /// The reason why its content is not known.
    pub(super) unknown: Option<UnknownContent>,
    /// The field that lists it.
    pub(super) at: Span,
}

/// A part of the content of a generator.
#[derive(Clone)]
pub(super) enum GeneratorPart {
    /// A literal key and value.
    Literal(String, String),
    /// The whole content of a file, under a key.
    File(String, String),
    /// The lines of a file, each a key and a value.
    Env(String),
}

/// The fields of a generator.
const GENERATOR: &[&str] =
    &["name", "namespace", "behavior", "literals", "files", "envs", "env", "options", "type"];

/// The fields of its options.
const OPTIONS: &[&str] = &["disableNameSuffixHash", "labels", "annotations", "immutable"];

/// The source that a generator makes alone, or the reason why its content is not known.
pub(super) fn source(
    generator: &Generator,
    files: &BTreeMap<String, Material>,
    options: &Options,
) -> (Source, Option<UnknownContent>) {
    let key = options.hash_key.as_ref();
    // It may get labels in many ways, so a rule with a condition on labels does not hold.
    let subject = RuleSubject {
        kind: generator.target.name(),
        namespace: generator.namespace.as_deref().or(options.namespace.as_deref()),
        name: &generator.name,
        labels: &[],
    };
    let rules = &options.rules.ignore;
    let mut entries: Vec<Entry> = Vec::new();
    let mut unknown = generator.unknown.clone();
    for part in &generator.parts {
        let read = pairs(part, files).and_then(|pairs| {
            pairs
                .into_iter()
                .map(|(name, value)| entry(generator, name, value, key))
                .collect::<Result<Vec<Entry>, UnknownContent>>()
        });
        match read {
            Ok(read) => entries.extend(read),
            Err(why) => unknown = unknown.or(Some(why)),
        }
    }
    for entry in &mut entries {
        let is_ignored = rules.iter().any(|rule| rule.ignores_key(&subject, &entry.key));
        entry.ignored = is_ignored.then_some(IgnoredBy::Rule);
    }
    entries.sort_by(|a, b| (&a.key, !a.env).cmp(&(&b.key, !b.env)));
    if entries.windows(2).any(|pair| pair[0].key == pair[1].key) {
        unknown = unknown.or(Some(UnknownContent::KeyTwice));
    }
    let source = Source {
        object: ObjectId::at(0),
        target: generator.target,
        name: generator.name.as_str().into(),
        namespace: generator.namespace.as_deref().map(SmolStr::from),
        entries: entries.into(),
        content_named: generator.hashed,
        whole: false,
        filled_in_cluster: false,
        filler: None,
        ignored: rules.iter().any(|rule| rule.ignores(&subject)).then_some(IgnoredBy::Rule),
        malformed: None,
        naming: None,
        recipe: None,
        tags: Tags::default(),
        // It may get labels in many ways.
        watched: true,
        collected: 0,
    };
    // A source that is named after its content rolls pods by its name, so its content need not be
    // known.
    let unknown = unknown.filter(|_| !generator.hashed);
    (source, unknown)
}

/// The variables in the output of a generator.
pub(super) fn made_of(generator: &Generator, material: &BTreeMap<String, Material>) -> Vec<String> {
    let of_file = |path: &String| {
        let text = material.get(path).and_then(|file| std::str::from_utf8(&file.0).ok());
        variables(text.unwrap_or_default())
    };
    // Values of a Secret are written in base64, which contains no variables.
    let parts = generator.parts.iter().filter(|_| generator.target == Target::ConfigMap);
    let found = parts.flat_map(|part| match part {
        GeneratorPart::Literal(key, value) => [variables(key), variables(value)].concat(),
        GeneratorPart::File(key, path) => [variables(key), of_file(path)].concat(),
        GeneratorPart::Env(path) => of_file(path),
    });
    found.chain(variables(&generator.name)).collect()
}

type Pairs<'a> = Vec<(&'a str, &'a [u8])>;

fn pairs<'a>(
    part: &'a GeneratorPart,
    files: &'a BTreeMap<String, Material>,
) -> Result<Pairs<'a>, UnknownContent> {
    let content = |path: &String| match files.get(path) {
        Some(material) => Ok(material.0.as_slice()),
        None => Err(UnknownContent::NoFile(path.clone())),
    };
    match part {
        GeneratorPart::Literal(key, value) => Ok(vec![(key, value.as_bytes())]),
        GeneratorPart::File(key, path) => Ok(vec![(key, content(path)?)]),
        GeneratorPart::Env(path) => {
            lines(content(path)?).ok_or_else(|| UnknownContent::NotEnvFile(path.clone()))
        }
    }
}

/// The lines of an env file as kustomize reads them. `None` if kustomize refuses the file, or would
/// read the environment.
fn lines(content: &[u8]) -> Option<Pairs<'_>> {
    let text = std::str::from_utf8(content).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    for line in text.split('\n') {
        // The scanner of kustomize fails on longer lines.
        if line.len() >= 65_536 {
            return None;
        }
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (key, value) = line.split_once('=')?;
        if key.is_empty() || key.contains(char::is_whitespace) {
            return None;
        }
        pairs.push((key, value.as_bytes()));
    }
    Some(pairs)
}

fn entry(
    generator: &Generator,
    name: &str,
    value: &[u8],
    key: Option<&HashKey>,
) -> Result<Entry, UnknownContent> {
    let text = std::str::from_utf8(value).ok();
    let is_binary = generator.target == Target::ConfigMap && text.is_none();
    if generator.target == Target::ConfigMap
        && let Some(text) = text
        && text.chars().any(is_lost)
    {
        return Err(UnknownContent::LostCharacters(name.to_owned()));
    }
    Ok(Entry {
        key: name.into(),
        digest: ValueDigest::of(generator.target, value, key),
        size: offset(value.len()),
        env: !is_binary,
        flaw: None,
        ignored: None,
        at: Span::new(0, 0),
    })
}

/// Whether kustomize changes a character: it fails on control characters, prints U+0085 as a blank,
/// and may fold the others.
fn is_lost(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Merges with the source of another generator with the same name, or replaces it. Returns whether
/// the result is known; if not, nothing was changed.
pub(super) fn absorb(
    new: &mut Source,
    old: &Source,
    old_namespace: Option<&str>,
    behavior: Behavior,
) -> bool {
    // If only one side has a hash, versions of kustomize differ.
    if old.content_named != new.content_named
        || (old_namespace.is_some() && old_namespace != new.namespace.as_deref())
    {
        return false;
    }
    if behavior != Behavior::Merge {
        return true;
    }
    let mut kept = Vec::new();
    for entry in &old.entries {
        match new.entries.iter().chain(&kept).find(|e| e.key == entry.key) {
            // The API server refuses a key in both `data` and `binaryData`.
            Some(same) if same.env != entry.env => return false,
            Some(_) => {}
            None => kept.push(entry.clone()),
        }
    }
    kept.extend(std::mem::take(&mut new.entries));
    kept.sort_by(|a, b| (&a.key, !a.env).cmp(&(&b.key, !b.env)));
    new.entries = kept.into();
    true
}

/// Reads a generator. `listed` is the entry, under the name of the field that lists it; `global` are the
/// options of all generators.
///
/// # Errors
/// The places where kustomize itself would refuse it.
pub(super) fn read(
    target: Target,
    listed: KustomizationField<'_>,
    global: Option<Cursor<'_>>,
    stamp: &str,
) -> Result<Generator, UnreadableKustomization> {
    let at = listed.at;
    let entry = fields(listed.value, GENERATOR.iter().copied())?;
    let found = |name: &str| entry.iter().find(|(field, _, _)| field == name);
    let text = |name: &str| {
        found(name).and_then(|(_, _, value)| value.str()).filter(|text| !text.is_empty())
    };
    let must = |name: &str, must| {
        let at = found(name).map_or(listed.value.span(), |(_, at, _)| *at);
        UnreadableKustomization::field(name, must, at)
    };
    let mut generator = Generator {
        target,
        name: match text("name") {
            Some(name) => name.into_owned(),
            None => {
                return Err(UnreadableKustomization::field(
                    listed.name,
                    Must::Name,
                    listed.value.span(),
                ));
            }
        },
        namespace: text("namespace").map(String::from),
        behavior: match text("behavior").as_deref() {
            None | Some("" | "create" | "unspecified") => Behavior::Create,
            Some("merge") => Behavior::Merge,
            Some("replace") => Behavior::Replace,
            Some(_) => return Err(must("behavior", Must::Behavior)),
        },
        hashed: true,
        parts: Vec::new(),
        unknown: None,
        at,
    };
    for (name, at, value) in &entry {
        let value = *value;
        let field = KustomizationField { name, at: *at, value };
        if is_empty(value) {
            continue;
        }
        match name.as_str() {
            "name" | "namespace" | "behavior" => {}
            "literals" => {
                for literal in field.texts()? {
                    match literal.split_once('=') {
                        Some((key, value)) if !key.is_empty() => {
                            let value = without_quotes(value).to_owned();
                            generator.parts.push(GeneratorPart::Literal(key.to_owned(), value));
                        }
                        _ => return Err(must("literals", Must::Literals)),
                    }
                }
            }
            "files" => {
                for file in field.texts()? {
                    let (key, path) = match file.split_once('=') {
                        None => (file.rsplit('/').next().unwrap_or_default(), file.as_str()),
                        Some((key, path)) => (key, path),
                    };
                    if key.is_empty() || path.is_empty() || path.contains('=') {
                        return Err(must("files", Must::Files));
                    }
                    let part = GeneratorPart::File(key.to_owned(), path.to_owned());
                    generator.parts.push(part);
                }
            }
            "envs" => generator.parts.extend(field.texts()?.into_iter().map(GeneratorPart::Env)),
            "env" => generator.parts.push(GeneratorPart::Env(field.text()?)),
            "options" => generator.options(value, stamp)?,
            // The token controller fills it.
            "type" if value.str().as_deref() != Some("kubernetes.io/service-account-token") => {}
            other => generator.unknown = Some(UnknownContent::Field(other.to_owned())),
        }
    }
    if let Some(global) = global {
        generator.options(global, stamp)?;
    }
    Ok(generator)
}

impl Generator {
    /// Reads the options of an entry. The entry has no priority over the global options here: the
    /// hash is off if either of them switches it off.
    fn options(&mut self, options: Cursor<'_>, stamp: &str) -> Result<(), UnreadableKustomization> {
        for (name, _, value) in fields(options, OPTIONS.iter().copied())? {
            match (name.as_str(), value.value()) {
                ("disableNameSuffixHash", Ok(Value::Bool(off))) => self.hashed &= !off,
                ("labels" | "immutable", _) | (_, Ok(Value::Null)) => {}
                ("annotations", _) if value.is_mapping() && !has_control_keys(value, stamp) => {}
                _ => self.unknown = Some(UnknownContent::Option(name)),
            }
        }
        Ok(())
    }
}

/// A value without its quotes, if the same quotes stand at both ends.
fn without_quotes(value: &str) -> &str {
    let inner = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_are_read_as_kustomize_does() {
        let text = "\u{feff}A=1\n  B=\"two words\" \n#c\n\nC=a=b\r\nD= x\n";
        let expected: Pairs<'_> =
            vec![("A", b"1"), ("B", b"\"two words\" "), ("C", b"a=b"), ("D", b" x")];
        assert!(lines(text.as_bytes()) == Some(expected));
        assert!(lines(b"HOME\n").is_none());
        assert!(lines(b"A=\xff\n").is_none());
    }
}
