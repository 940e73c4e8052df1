//! A second implementation of the digest and of the decision which workloads are stamped, on `serde_yaml`
//! values.
//!
//! Written only from docs/scheme.md and the documents of Kubernetes and kustomize. It shares no code with
//! the program: if the two differ, one of them has read the scheme wrongly. Not implemented here: providers
//! that a controller fills, control annotations, kustomize plugins.

pub(crate) mod kustomize;
pub(crate) mod read;
pub(crate) mod sites;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_yaml::Value;
use sha2::{Digest as _, Sha256};

use read::{Document, Object, annotation, at, documents, objects, text};
use sites::{Read, group, reads, workload_kind};

/// The result that the scheme requires for one workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// This stamp.
    Stamp(String),
    /// No stamp, and a left-over one is removed.
    None,
    /// It has reads, but none of its sources is in the unit: an existing stamp stays.
    Unverifiable,
    /// Its kind is not stamped.
    NotStamped,
    /// A source that it reads cannot be read as the API server would.
    Refused,
}

/// Target, name and namespace of a source.
pub(crate) type Identity = (&'static str, String, Option<String>);

/// An object that holds a pod template.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) expected: Expected,
    /// Its place: document, item of the list, path to the template.
    pub(crate) place: (usize, Option<usize>, &'static [&'static str]),
    /// Its references, with the source that each one resolves to.
    pub(crate) reads: Vec<(Read, Option<Identity>)>,
    /// The lines that its references add to the stamp: source and keys.
    pub(crate) counted: BTreeSet<Counted>,
}

/// Target and name of a source, and the keys of it that one reference reads.
pub(crate) type Counted = (String, String, BTreeSet<String>);

struct Source {
    identity: Identity,
    file: usize,
    is_hook: bool,
    is_content_named: bool,
    is_refused: bool,
    data: BTreeMap<String, Vec<u8>>,
    binary: BTreeMap<String, Vec<u8>>,
    /// The entries that every reading reference adds instead of its keys, because the controller fills a
    /// template with all of them.
    always: BTreeMap<String, Vec<u8>>,
}

/// The sources of one identity, reduced to the copy that counts.
struct Chosen {
    source: Source,
    is_content_named: bool,
    is_refused: bool,
}

/// The workloads of one stream, in document order.
pub(crate) fn stamps(stream: &str, hash_key: Option<&[u8]>) -> Result<Vec<Workload>, String> {
    Ok(unit(&[stream], hash_key)?.remove(0))
}

/// The workloads of several files of one apply unit.
pub(crate) fn unit(files: &[&str], hash_key: Option<&[u8]>) -> Result<Vec<Vec<Workload>>, String> {
    let mut parsed: Vec<(Vec<Document>, Vec<Object>)> = Vec::new();
    for file in files {
        let documents = documents(file)?;
        let objects = objects(&documents);
        parsed.push((documents, objects));
    }
    let mut sources = Vec::new();
    for (file, (documents, objects)) in parsed.iter().enumerate() {
        sources.extend(
            objects
                .iter()
                .filter_map(|object| source(file, object, &documents[object.document].text)),
        );
    }
    let chosen = choose(sources);
    Ok(parsed
        .iter()
        .map(|(_, objects)| {
            objects.iter().filter_map(|object| workload(object, &chosen, hash_key)).collect()
        })
        .collect())
}

fn workload(
    object: &Object,
    sources: &BTreeMap<Identity, Chosen>,
    hash_key: Option<&[u8]>,
) -> Option<Workload> {
    let kind = workload_kind(&object.api_version, &object.kind)?;
    let namespace = text(&object.value, &["metadata", "namespace"]);
    let spec = at(&object.value, kind.template)?.get("spec")?;
    let mut is_ambiguous = false;
    let mut resolved = Vec::new();
    for read in reads(kind, spec) {
        let mut candidates = candidates(&read, namespace.as_ref(), sources);
        let source = candidates.pop().filter(|_| candidates.is_empty());
        is_ambiguous |= !candidates.is_empty() && read.keys.reads();
        resolved.push((read, source));
    }
    let counted = |(read, source): &(Read, Option<Identity>)| {
        let chosen = sources.get(source.as_ref()?)?;
        let keys = read_entries(read, &chosen.source);
        let keys = keys.into_keys().map(str::to_owned).collect();
        let counts = read.keys.reads() && !chosen.is_content_named;
        counts.then(|| (read.target.to_owned(), read.name.clone(), keys))
    };
    Some(Workload {
        expected: match (kind.is_stamped, is_ambiguous) {
            (false, _) => Expected::NotStamped,
            // The design calls it an error; that nothing is written then follows from promise 2.
            (true, true) => Expected::Refused,
            (true, false) => expected(&resolved, sources, hash_key),
        },
        kind: object.kind.clone(),
        name: text(&object.value, &["metadata", "name"]).unwrap_or_default(),
        namespace,
        place: (object.document, object.item, kind.template),
        counted: resolved.iter().filter_map(counted).collect(),
        reads: resolved,
    })
}

fn expected(
    reads: &[(Read, Option<Identity>)],
    sources: &BTreeMap<Identity, Chosen>,
    hash_key: Option<&[u8]>,
) -> Expected {
    let reading = || reads.iter().filter(|(read, _)| read.keys.reads());
    let known = || reading().filter_map(|(read, source)| Some((read, &sources[source.as_ref()?])));
    if known().all(|(_, chosen)| chosen.is_content_named) {
        // The design says nothing of content-named sources beside external ones; keeping is the safe side.
        let is_external = reading().any(|(_, source)| source.is_none());
        return if is_external { Expected::Unverifiable } else { Expected::None };
    }
    if known().any(|(_, chosen)| chosen.is_refused && !chosen.is_content_named) {
        return Expected::Refused;
    }
    let mut lines = BTreeSet::new();
    for (read, chosen) in known().filter(|(_, chosen)| !chosen.is_content_named) {
        for (key, value) in read_entries(read, &chosen.source) {
            let digest = match hash_key {
                Some(hash_key) if read.target == "Secret" => keyed(hash_key, value),
                _ => hex(&Sha256::digest(value)),
            };
            lines.insert(format!("{}/{}\t{key}\t{digest}\n", read.target, read.name));
        }
    }
    let lines: String = lines.into_iter().collect();
    Expected::Stamp(hex(&Sha256::digest(format!("rollstamp/v1\n{lines}"))))
}

/// The entries of its source that a reference adds.
fn read_entries<'s>(read: &Read, source: &'s Source) -> BTreeMap<&'s str, &'s [u8]> {
    let binary = source.binary.iter().filter(|_| read.keys.with_binary());
    let of_keys = source.data.iter().chain(binary).filter(|(key, _)| read.keys.has(key));
    let of_keys = of_keys.filter(|_| source.always.is_empty());
    of_keys.chain(&source.always).map(|(key, value)| (key.as_str(), value.as_slice())).collect()
}

fn keyed(hash_key: &[u8], value: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(hash_key).expect("HMAC takes a key of any length");
    mac.update(value);
    hex(&mac.finalize().into_bytes())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a String takes everything");
        hex
    })
}

/// docs/scheme.md: the exact identity, else those with one side's namespace missing.
fn candidates(
    read: &Read,
    namespace: Option<&String>,
    sources: &BTreeMap<Identity, Chosen>,
) -> Vec<Identity> {
    let exact = (read.target, read.name.clone(), namespace.cloned());
    if sources.contains_key(&exact) {
        return vec![exact];
    }
    let is_meant = |(target, name, source): &&Identity| {
        *target == read.target && *name == read.name && (namespace.is_none() || source.is_none())
    };
    sources.keys().filter(is_meant).cloned().collect()
}

/// docs/scheme.md: equal copies count once, within a file the last one, between files none.
fn choose(sources: Vec<Source>) -> BTreeMap<Identity, Chosen> {
    let mut copies: BTreeMap<Identity, Vec<Source>> = BTreeMap::new();
    for source in sources {
        copies.entry(source.identity.clone()).or_default().push(source);
    }
    copies
        .into_iter()
        .map(|(identity, mut copies)| {
            let is_content_named = copies.iter().all(|copy| copy.is_content_named);
            if copies.iter().any(|copy| !copy.is_hook) {
                copies.retain(|copy| !copy.is_hook);
            }
            let mut last_of_file: BTreeMap<usize, Source> = BTreeMap::new();
            for copy in copies {
                last_of_file.insert(copy.file, copy);
            }
            let mut last_of_file = last_of_file.into_values();
            let source = last_of_file.next().expect("an identity has a source");
            let differs = last_of_file.any(|other| {
                (&other.data, &other.binary, &other.always)
                    != (&source.data, &source.binary, &source.always)
            });
            let is_refused = source.is_refused || differs;
            (identity, Chosen { source, is_content_named, is_refused })
        })
        .collect()
}

fn source(file: usize, object: &Object, document: &str) -> Option<Source> {
    let target = match (group(&object.api_version), object.kind.as_str()) {
        ("", "ConfigMap") => "ConfigMap",
        ("", "Secret") => "Secret",
        ("bitnami.com", "SealedSecret") => return sealed_secret(file, object, document),
        _ => return None,
    };
    let value = &object.value;
    let name = text(value, &["metadata", "name"])?;
    let mut source = Source {
        identity: (target, name, text(value, &["metadata", "namespace"])),
        file,
        is_hook: annotation(value, "helm.sh/hook").is_some(),
        is_content_named: kustomize::is_content_named(target, value),
        is_refused: false,
        data: BTreeMap::new(),
        binary: BTreeMap::new(),
        always: BTreeMap::new(),
    };
    let is_sops = value.get("sops").is_some_and(Value::is_mapping);
    let plain = |text: &str| text.as_bytes().to_vec();
    let encoded = |text: &str| {
        let stays = is_sops && text.starts_with("ENC[");
        if stays { plain(text) } else { decode_base64(text).unwrap_or_else(|| plain(text)) }
    };
    let mut is_refused = false;
    let mut entries = |field: &str, read: &dyn Fn(&str) -> Vec<u8>| {
        let (entries, is_readable) = entries(value.get(field), document, read);
        is_refused |= !is_readable;
        entries
    };
    if target == "ConfigMap" {
        source.data = entries("data", &plain);
        source.binary = entries("binaryData", &encoded);
    } else {
        source.data = entries("data", &encoded);
        source.data.extend(entries("stringData", &plain));
    }
    source.is_refused = is_refused;
    Some(source)
}

/// The entries of a SealedSecret: its encrypted texts, under the name of the Secret that it creates.
fn sealed_secret(file: usize, object: &Object, document: &str) -> Option<Source> {
    let value = &object.value;
    let own_name = text(value, &["metadata", "name"]);
    let name = text(value, &["spec", "template", "metadata", "name"]).or(own_name)?;
    let plain = |text: &str| text.as_bytes().to_vec();
    let read = |path: &[&str]| entries(at(value, path), document, &plain);
    let (data, is_readable) = read(&["spec", "encryptedData"]);
    let (template, _) = read(&["spec", "template", "data"]);
    let (legacy, _) = read(&["spec", "data"]);
    let mut always = BTreeMap::new();
    if !(template.is_empty() && legacy.is_empty()) {
        let parts = [("encryptedData", &data), ("template.data", &template), ("data", &legacy)];
        for (prefix, entries) in parts {
            always.extend(
                entries.iter().map(|(key, value)| (format!("{prefix}/{key}"), value.clone())),
            );
        }
    }
    Some(Source {
        identity: ("Secret", name, text(value, &["metadata", "namespace"])),
        file,
        is_hook: annotation(value, "helm.sh/hook").is_some(),
        is_content_named: false,
        is_refused: !is_readable,
        data,
        binary: BTreeMap::new(),
        always,
    })
}

/// The entries of one field, and whether the API server would read all of them.
fn entries(
    field: Option<&Value>,
    document: &str,
    read: &dyn Fn(&str) -> Vec<u8>,
) -> (BTreeMap<String, Vec<u8>>, bool) {
    let mapping = match field {
        None | Some(Value::Null) => return (BTreeMap::new(), true),
        Some(Value::Mapping(mapping)) => mapping,
        Some(_) => return (BTreeMap::new(), false),
    };
    let mut is_readable = true;
    let mut found = BTreeMap::new();
    for (key, value) in mapping {
        let mut key = key_text(key);
        match value {
            Value::Null => continue,
            Value::String(text)
                if read::is_no_text_in_yaml_1_1(text)
                    && read::is_plain_value(document, &key, text) =>
            {
                is_readable = false;
            }
            Value::String(text) => {
                if let Some(bool) =
                    read::bool_in_yaml_1_1(&key).filter(|_| read::is_plain_key(document, &key))
                {
                    key = bool.to_string();
                }
                found.insert(key, read(text));
            }
            _ => is_readable = false,
        }
    }
    (found, is_readable)
}

/// A key in the form that it has in JSON.
pub(crate) fn key_text(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Decodes base64 as Go's `StdEncoding` does: CR and LF are ignored, the padding is required, and unused bits
/// do not count.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut n_bits) = (0_u32, 0);
    for byte in &text[..text.len() - padding] {
        let digit = ALPHABET.iter().position(|letter| letter == byte)?;
        bits = bits << 6 | u32::try_from(digit).expect("six bits");
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits & 0xff) as u8);
        }
    }
    Some(bytes)
}

mod tests;
