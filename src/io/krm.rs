//! The two protocols in which kustomize and kpt run the program: as a KRM function, with a ResourceList on
//! the standard input, and as the older exec plugin, with the path of its configuration (KRM Functions
//! Specification v1; kustomize api/internal/plugins/execplugin, v5.8.1).

use crate::text::line_range;
use crate::yaml::{self, Cursor, Style, canonical};
use std::ffi::OsString;
use std::path::Path;

/// The name with which kustomize runs an exec plugin: the kind of its configuration.
const KIND: &str = "Rollstamp";

/// A ResourceList on the standard input.
pub struct Call {
    /// Its `functionConfig` as JSON, or the error if it cannot be read.
    pub config: Option<std::io::Result<String>>,
    /// The place for `results`.
    pub results: Option<ResultsPlace>,
}

/// The place before the first field of a ResourceList.
pub struct ResultsPlace {
    /// Its first byte.
    pub at: usize,
    /// The indentation of the fields; `None` if the list is in flow style.
    pub indent: Option<usize>,
    /// The line end of the text.
    pub line_end: &'static str,
}

impl ResultsPlace {
    /// The field with these items, each a JSON object on one line; empty without items.
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

/// Recognises a ResourceList. `None` for a text that cannot be read; the finding about it comes later.
pub fn call(text: &str) -> Option<Call> {
    memchr::memmem::find(text.as_bytes(), b"ResourceList")?;
    let chunk = yaml::split::chunks(text).find_map(Result::ok)?;
    let documents = yaml::parse(text, chunk.span).ok()?;
    let document = documents.first()?;
    let root = Cursor::root(document, text);
    let is_list = root.string("kind")? == "ResourceList"
        && root.string("apiVersion")?.starts_with("config.kubernetes.io/");
    if !is_list {
        return None;
    }
    Some(Call { config: root.get("functionConfig").map(json), results: results(root) })
}

fn results(root: Cursor<'_>) -> Option<ResultsPlace> {
    if root.get("results").is_some() {
        return None;
    }
    let (first, _) = root.pairs().next()?;
    let (text, at) = (root.text(), first.span().start as usize);
    let is_in_braces = root.style() == Style::Flow;
    let line = line_range(text, at).start;
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
    /// The configuration as JSON, or the error if it cannot be read.
    pub config: std::io::Result<String>,
    /// The arguments after the configuration.
    pub arguments: Vec<OsString>,
}

/// Recognises a call by kustomize as an exec plugin: by the name of the kind, with the path of a file,
/// and with the folder of the kustomization in the environment.
pub fn plugin(arguments: &[OsString]) -> Option<PluginCall> {
    let [program, config, rest @ ..] = arguments else { return None };
    let name = Path::new(program).file_stem();
    std::env::var_os("KUSTOMIZE_PLUGIN_CONFIG_ROOT")?;
    name.is_some_and(|name| name == KIND)
        .then(|| PluginCall { config: configuration(Path::new(config)), arguments: rest.to_vec() })
}

fn configuration(path: &Path) -> std::io::Result<String> {
    let text = std::fs::read_to_string(path)?;
    let chunk = yaml::split::chunks(&text).find_map(Result::ok);
    let documents = chunk.and_then(|chunk| yaml::parse(&text, chunk.span).ok());
    match documents.as_deref() {
        Some([document, ..]) => json(Cursor::root(document, &text)),
        _ => Err(unreadable()),
    }
}

fn json(node: Cursor<'_>) -> std::io::Result<String> {
    canonical::json(node).ok_or_else(unreadable)
}

fn unreadable() -> std::io::Error {
    std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not YAML")
}
