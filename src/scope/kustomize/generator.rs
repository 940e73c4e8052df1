//! What a generator generates: keys, and digests of their values.

use super::Material;
use super::kustomization::{Behavior, Generator, Part};
use crate::compat::reloader::Tags;
use crate::config::options::Options;
use crate::config::policy::Subject;
use crate::digest::{HashKey, ValueDigest};
use crate::extract::{By, Entry, ObjectId, Source};
use crate::finding::divergence::UnknownContent;
use crate::k8s::providers::Target;
use crate::text::Span;
use crate::text::offset;
use smol_str::SmolStr;
use std::collections::BTreeMap;

/// The source that a generator makes by itself, or why its content is not known.
pub(super) fn source(
    generator: &Generator,
    files: &BTreeMap<String, Material>,
    options: &Options,
) -> (Source, Option<UnknownContent>) {
    let key = options.hash_key.as_ref();
    // The labels that it will have may come from anywhere, so a rule that asks for one does not hold.
    let subject = Subject {
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
        entry.ignored = is_ignored.then_some(By::Rule);
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
        entries,
        content_named: generator.hashed,
        whole: false,
        filled_in_cluster: false,
        ignored: rules.iter().any(|rule| rule.ignores(&subject)).then_some(By::Rule),
        malformed: None,
        naming: None,
        recipe: None,
        tags: Tags::default(),
        collected: 0,
    };
    // What is named after its content rolls by its name, whatever the content is.
    let unknown = unknown.filter(|_| !generator.hashed);
    (source, unknown)
}

type Pairs<'a> = Vec<(&'a str, &'a [u8])>;

fn pairs<'a>(
    part: &'a Part,
    files: &'a BTreeMap<String, Material>,
) -> Result<Pairs<'a>, UnknownContent> {
    let content = |path: &String| match files.get(path) {
        Some(material) => Ok(material.0.as_slice()),
        None => Err(UnknownContent::NoFile(path.clone())),
    };
    match part {
        Part::Literal(key, value) => Ok(vec![(key, value.as_bytes())]),
        Part::File(key, path) => Ok(vec![(key, content(path)?)]),
        Part::Env(path) => {
            lines(content(path)?).ok_or_else(|| UnknownContent::NotEnvFile(path.clone()))
        }
    }
}

/// The lines of an env file as kustomize reads them. Nothing: it would refuse one, or ask the
/// environment.
fn lines(content: &[u8]) -> Option<Pairs<'_>> {
    let text = std::str::from_utf8(content).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    for line in text.split('\n') {
        // The scanner of kustomize gives up on longer lines.
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

/// Control characters make kustomize fail; it prints U+0085 as a blank; the others it may fold.
fn is_lost(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Adds what another generator of the same name made before, or takes its place. Whether that is known:
/// if not, nothing has changed.
pub(super) fn absorb(
    new: &mut Source,
    old: &Source,
    old_namespace: Option<&str>,
    behavior: Behavior,
) -> bool {
    // With a hash on one side only, versions of kustomize differ.
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
            // A key in `data` and in `binaryData`: the API server refuses that.
            Some(same) if same.env != entry.env => return false,
            Some(_) => {}
            None => kept.push(entry.clone()),
        }
    }
    new.entries.append(&mut kept);
    new.entries.sort_by(|a, b| (&a.key, !a.env).cmp(&(&b.key, !b.env)));
    true
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
