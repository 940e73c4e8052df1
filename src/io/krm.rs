//! The faces for kustomize and kpt: a KRM function, which is called with a ResourceList on its
//! standard input, and the older exec plugin, which is called with the path of its configuration
//! (KRM Functions Specification v1; kustomize api/internal/plugins/execplugin, v5.8.1).

use crate::yaml::{self, Document, Kind, NodeId, Style, canonical};
use std::ffi::OsString;
use std::path::Path;

/// The name under which kustomize calls an exec plugin: the kind of its configuration.
const KIND: &str = "Rollstamp";

/// A ResourceList on the standard input.
pub struct Call {
    /// Its `functionConfig` as JSON; an error, if that cannot be read.
    pub config: Option<std::io::Result<String>>,
    /// Where `results` can go.
    pub results: Option<ResultsPlace>,
}

/// The place before the first field of a ResourceList.
pub struct ResultsPlace {
    /// Its first byte.
    pub at: usize,
    /// How far the fields are indented; nothing where the list is written in braces.
    pub indent: Option<usize>,
    /// How its lines end.
    pub line_end: &'static str,
}

impl ResultsPlace {
    /// The field with these items, each a JSON object on one line; nothing for none.
    pub fn text<'a>(&self, items: impl Iterator<Item = &'a str>) -> String {
        let items: Vec<&str> = items.collect();
        match self.indent {
            _ if items.is_empty() => String::new(),
            None => format!("\"results\": [{}], ", items.join(", ")),
            Some(indent) => {
                let (indent, end) = (" ".repeat(indent), self.line_end);
                let items: String =
                    items.iter().map(|item| format!("{indent}- {item}{end}")).collect();
                format!("results:{end}{items}{indent}")
            }
        }
    }
}

/// Recognises a ResourceList. Text that cannot be read is for others to complain about.
pub fn call(text: &str) -> Option<Call> {
    memchr::memmem::find(text.as_bytes(), b"ResourceList")?;
    let chunk = yaml::split::chunks(text).find_map(Result::ok)?;
    let documents = yaml::parse(text, chunk.span).ok()?;
    let document = documents.first()?;
    let root = document.root();
    let string = |name: &str| {
        let value = document.value(text, root, name)?;
        match yaml::resolve::value(document, text, value) {
            Ok(yaml::resolve::Value::Str(string)) => Some(string),
            _ => None,
        }
    };
    let is_list = string("kind")? == "ResourceList"
        && string("apiVersion")?.starts_with("config.kubernetes.io/");
    if !is_list {
        return None;
    }
    let config = document.value(text, root, "functionConfig");
    Some(Call {
        config: config.map(|node| json(document, text, node)),
        results: results(text, document, root),
    })
}

fn results(text: &str, document: &Document, root: NodeId) -> Option<ResultsPlace> {
    let is_taken = document.value(text, root, "results").is_some();
    if is_taken || document.node(root).kind != Kind::Mapping {
        return None;
    }
    let (first, _) = document.pairs(root).next()?;
    let at = document.node(first).span.start as usize;
    let is_in_braces = document.node(root).style == Style::Flow;
    let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let before = text[line..at].trim_start_matches('\u{feff}');
    let first_line = text.lines().next().unwrap_or_default();
    Some(ResultsPlace {
        at,
        indent: (!is_in_braces).then_some(before.len()),
        line_end: if text[first_line.len()..].starts_with('\r') { "\r\n" } else { "\n" },
    })
}

/// A call by kustomize as an exec plugin.
pub struct PluginCall {
    /// The configuration as JSON, or why it cannot be read.
    pub config: std::io::Result<String>,
    /// The arguments behind the configuration.
    pub arguments: Vec<OsString>,
}

/// Recognises a call by kustomize as an exec plugin: by the name of the kind, with the path of a file,
/// and with the folder of the kustomization in the environment.
pub fn plugin(arguments: &[OsString]) -> Option<PluginCall> {
    let [program, config, rest @ ..] = arguments else {
        return None;
    };
    let name = Path::new(program).file_stem();
    std::env::var_os("KUSTOMIZE_PLUGIN_CONFIG_ROOT")?;
    name.is_some_and(|name| name == KIND)
        .then(|| PluginCall { config: configuration(Path::new(config)), arguments: rest.to_vec() })
}

fn configuration(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let chunk = yaml::split::chunks(&text).find_map(Result::ok);
    let json = chunk.and_then(|chunk| {
        let documents = yaml::parse(&text, chunk.span).ok()?;
        let document = documents.first()?;
        canonical::json(document, &text, document.root())
    });
    json.ok_or_else(unreadable)
}

fn json(document: &Document, text: &str, node: NodeId) -> std::io::Result<String> {
    canonical::json(document, text, node).ok_or_else(unreadable)
}

fn unreadable() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not YAML")
}
