//! The configuration file `.rollstamp.yaml`, which is also the `spec` of the KRM function's
//! configuration. Every key is described in docs/configuration.md and docs/rollstamp.schema.json.

use crate::compat::labels::LabelSelector;
use crate::compat::selection::After;
use crate::compat::selection::Follow;
use crate::compat::{reloader, selection};
use crate::config::foreign::{self, Tie, TieRow};
use crate::config::name_reference;
use crate::config::policy::{
    Collector, DeclaredUnit, IgnoreRule, Rules, UserSite, glob, not_a_path, path,
};
use crate::config::settings::{
    CollectorRow, Foreign, IgnoreRow, ReferenceRow, ReloaderOptions, Settings, SilenceRow,
    SourceRow, UnitRow, said,
};
use crate::config::workload_row;
use crate::finding::Code;
use crate::finding::silence::Silence;
use crate::k8s::Since;
use crate::k8s::controllers::RELOADER_KEYS;
use crate::k8s::providers::{Content, Encoding, Provider, Target};
use crate::k8s::sites::Site;
use crate::text::{Position, Span, position};
use crate::yaml::path::FieldPath;
use crate::yaml::{Cursor, strict};
use globset::{GlobBuilder, GlobSet};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The name of the file; it is looked for from the named path upwards.
pub const FILE_NAME: &str = ".rollstamp.yaml";

/// Reads the text of a configuration file.
///
/// # Errors
/// The first part of the text that is not understood, with its line if the parser knows it.
pub fn parse(text: &str) -> Result<Settings, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(Settings::default());
    }
    serde_yaml::from_str::<Option<Settings>>(text)
        .map(Option::unwrap_or_default)
        .map_err(|error| unknown_key(text, &error).unwrap_or_else(|| said(error)))
}

/// The places of the rules in a configuration file.
#[derive(Clone, Debug, Default)]
pub struct RulePlaces {
    /// Each rule under `ignore`.
    pub ignore: Vec<Span>,
    /// Each rule under `silence`.
    pub silence: Vec<Span>,
}

/// Finds the rules in the text of a configuration file.
pub fn places(text: &str) -> RulePlaces {
    let documents = strict::documents(text).unwrap_or_default();
    let Some(document) = documents.first() else { return RulePlaces::default() };
    let root = Cursor::root(document, text);
    let spans = |field| root.list(field).map(Cursor::span).collect();
    RulePlaces { ignore: spans("ignore"), silence: spans("silence") }
}

/// The message for an unknown key: its place, and the known key that may be meant.
fn unknown_key(text: &str, error: &serde_yaml::Error) -> Option<String> {
    let message = error.to_string();
    let (_, rest) = message.split_once("unknown field `")?;
    let (key, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let near = known.map(|name| (strsim::damerau_levenshtein(key, name), name)).min();
    let documents = strict::documents(text).ok()?;
    let mut waiting = vec![Cursor::root(documents.first()?, text)];
    let mut at = None;
    while let Some(node) = waiting.pop() {
        let mut below = Vec::new();
        for (name, value) in node.pairs() {
            if name.is_key(key) {
                at = Some(at.map_or(name.span().start, |at: u32| at.min(name.span().start)));
            }
            below.push(value.target());
        }
        below.extend(node.items());
        waiting.extend(below);
    }
    let Position { line, column } = position(text, at? as usize);
    let hint = match near {
        Some((distance, name)) if distance <= 3 => format!(" (did you mean `{name}`?)"),
        _ => String::new(),
    };
    Some(format!("line {line}, column {column}: there is no key `{key}`{hint}"))
}

/// The `apiVersion` of the configuration of a KRM function or a kustomize plugin.
pub const API_VERSION: &str = "rollstamp.dev/v1alpha1";
/// Its `kind`.
pub const KIND: &str = "Rollstamp";

/// The `functionConfig` of a KRM function, or the configuration of a kustomize plugin.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Function {
    #[serde(rename = "apiVersion")]
    _api_version: IgnoredAny,
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    #[serde(rename = "metadata")]
    _metadata: Option<IgnoredAny>,
    spec: Option<Settings>,
    #[serde(rename = "argsOneLiner")]
    _args_one_liner: Option<IgnoredAny>,
    #[serde(rename = "argsFromFile")]
    _args_from_file: Option<IgnoredAny>,
}

/// Reads the configuration of a function from JSON. It is an object of kind `Rollstamp`, whose
/// `spec` has the keys of the file, or a ConfigMap, as `kustomize fn run DIR -- key=value` and `kpt
/// fn eval` create it.
///
/// # Errors
/// Another kind, or the first part of the text that is not understood.
pub fn of_function(json: &str) -> Result<Settings, String> {
    let object: serde_json::Value = serde_json::from_str(json).map_err(said)?;
    let field = |name: &str| object.get(name).and_then(serde_json::Value::as_str);
    match (field("apiVersion"), field("kind")) {
        (Some(API_VERSION), Some(KIND)) => serde_json::from_value::<Function>(object)
            .map(|function| function.spec.unwrap_or_default())
            .map_err(said),
        (None | Some("v1"), None | Some("ConfigMap")) => of_data(object.get("data")),
        (api_version, kind) => Err(format!(
            "it is a {} of {}, not a {KIND} of {API_VERSION}",
            kind.unwrap_or("thing without a kind"),
            api_version.unwrap_or("no apiVersion")
        )),
    }
}

fn of_data(data: Option<&serde_json::Value>) -> Result<Settings, String> {
    let schema = Settings::schema();
    let mut settings = serde_json::Map::new();
    for (name, value) in data.and_then(serde_json::Value::as_object).into_iter().flatten() {
        let value = match value.as_str() {
            // All values of a ConfigMap are strings; they are read as YAML, unless the setting is a
            // text.
            Some(text) if !is_text(&schema["properties"][name]) => {
                serde_yaml::from_str(text).map_err(|error| format!("{name}: {}", said(error)))?
            }
            _ => value.clone(),
        };
        settings.insert(name.clone(), value);
    }
    serde_json::from_value(serde_json::Value::Object(settings)).map_err(said)
}

/// Whether a setting is a text, even if the value looks like another type.
fn is_text(schema: &serde_json::Value) -> bool {
    match &schema["type"] {
        serde_json::Value::Array(types) => types.iter().any(|t| t == "string"),
        one => one == "string",
    }
}

/// Turns the settings of the file into rules for a run.
///
/// # Errors
/// A glob, a path or a code that is not valid.
pub fn rules(settings: &Settings) -> Result<Rules, String> {
    let workloads = workload_row::rules(&settings.workloads)?;
    let mut rules = Rules {
        encrypted: settings.encrypted.unwrap_or_default(),
        filled: settings.filled_sources.unwrap_or_default(),
        hot_reload: settings.hot_reload_sidecars.unwrap_or_default(),
        foreign: foreign(&settings.foreign)?,
        workloads: workloads.templates,
        released: workloads.released,
        sites: each(&settings.references, site)?,
        names: each(&settings.names, name_reference::row)?,
        providers: each(&settings.sources, provider)?,
        units: each(&settings.units, unit)?,
        ignore: each(&settings.ignore, ignore)?,
        collectors: each(&settings.collectors, collector)?,
        compat: compat(settings)?,
        ..Rules::default()
    };
    rules.findings.silence = each(&settings.silence, silence)?;
    for (name, level) in &settings.levels {
        rules.findings.of_code.insert(code(name)?, *level);
    }
    Ok(rules)
}

fn each<T, U>(rows: &[T], rule: impl Fn(&T) -> Result<U, String>) -> Result<Vec<U>, String> {
    rows.iter().map(rule).collect()
}

/// The rules for checksums and version labels of other tools.
fn foreign(row: &Foreign) -> Result<foreign::ForeignRules, String> {
    let mut rules = foreign::ForeignRules {
        checksums: row.checksums.unwrap_or_default(),
        version_labels: row.version_labels.unwrap_or_default(),
        ..foreign::ForeignRules::default()
    };
    if !row.r#match.is_empty() {
        let mut keys = GlobSet::builder();
        for text in &row.r#match {
            keys.add(globset::Glob::new(text).map_err(|error| error.to_string())?);
        }
        rules.keys = keys.build().map_err(|error| error.to_string())?;
        let named = row.r#match.iter().filter(|text| !foreign::ForeignRules::has_wildcard(text));
        rules.named = named.cloned().collect();
    }
    let own = row.ties.iter().map(|(key, tie)| (key, tie));
    for (key, tie) in own.chain(&row.tie) {
        let tie = match tie {
            TieRow::To(to) => Tie::To(*to),
            TieRow::Sources(names) => Tie::Sources(each(names, |name| tied(key, name))?),
        };
        rules.ties.push((glob(key)?, tie));
    }
    // The ties of the command line come first, then those of the map, sorted by key. The stable
    // sort keeps this order.
    rules.ties.sort_by_key(|(glob, _)| foreign::ForeignRules::has_wildcard(glob.glob().glob()));
    Ok(rules)
}

/// `ConfigMap/name`
fn tied(key: &str, text: &str) -> Result<(Target, String), String> {
    let found = text.split_once('/').and_then(|(kind, name)| {
        let target = Target::of_kind(kind)?;
        (!name.is_empty() && !name.contains('/')).then(|| (target, name.to_owned()))
    });
    found
        .ok_or_else(|| format!("foreign.tie: {key}: `{text}` is not ConfigMap/NAME or Secret/NAME"))
}

fn collector(row: &CollectorRow) -> Result<Collector, String> {
    if row.labels.is_empty() {
        return Err("collectors: a row without labels would collect everything".to_owned());
    }
    Ok(Collector {
        group: row.group.clone(),
        kind: row.kind.clone(),
        workload: row.workload.as_deref().map(glob).transpose()?,
        target: row.target,
        labels: row.labels.clone().into_iter().collect(),
    })
}

/// The controllers whose annotations decide, with their options.
fn compat(settings: &Settings) -> Result<selection::ControllerRules, String> {
    if settings.collectors.len() > Collector::MOST {
        return Err(format!("collectors: more than {} rows", Collector::MOST));
    }
    let compat = &settings.compat;
    let options = reloader(&compat.reloader_options)?;
    let select = settings.select.unwrap_or_default();
    let reloader = (compat.reloader == Some(Follow::Follow)).then_some(options);
    let wave = compat.wave == Some(Follow::Follow);
    let after = After { select, follows: reloader.is_some() || wave };
    Ok(selection::ControllerRules { select, after, reloader, wave })
}

/// The options of Reloader, as its flags read them.
///
/// # Errors
/// A value that its flags do not accept, and a flag that changes no key.
pub fn reloader(row: &ReloaderOptions) -> Result<reloader::ReloaderFlags, String> {
    let wrong = |key: &str, value: &str| format!("compat.reloaderOptions.{key}: `{value}`");
    let target = |text: &String| match text.to_ascii_lowercase().as_str() {
        "configmaps" => Ok(Target::ConfigMap),
        "secrets" => Ok(Target::Secret),
        _ => Err(wrong("resourcesToIgnore", text)),
    };
    let workload = |text: &String| match text.as_str() {
        "jobs" => Ok("Job".to_owned()),
        "cronjobs" => Ok("CronJob".to_owned()),
        _ => Err(wrong("ignoredWorkloadTypes", text)),
    };
    let labels = |key: &str, texts: &[String]| {
        LabelSelector::parse(texts)
            .map_err(|error| format!("compat.reloaderOptions.{key}: {error}"))
    };
    let known = |flag: &String| RELOADER_KEYS.iter().any(|row| row.flag == Some(flag.as_str()));
    if let Some(flag) = row.keys.keys().find(|flag| !known(flag)) {
        return Err(wrong("keys", flag));
    }
    Ok(reloader::ReloaderFlags {
        auto_reload_all: row.auto_reload_all,
        resources_to_ignore: each(&row.resources_to_ignore, target)?,
        ignored_workloads: each(&row.ignored_workload_types, workload)?,
        namespaces: row.namespaces.clone(),
        namespaces_to_ignore: row.namespaces_to_ignore.clone(),
        namespace_labels: labels("namespaceSelector", &row.namespace_selector)?,
        resource_labels: labels("resourceLabelSelector", &row.resource_label_selector)?,
        keys: row.keys.clone(),
    })
}

fn silence(row: &SilenceRow) -> Result<Silence, String> {
    if row.reason.trim().is_empty() {
        return Err(format!("silence: {}: a reason is missing", row.code));
    }
    let object = row.object.as_deref().map(glob).transpose()?;
    Ok(Silence { code: code(&row.code)?, object })
}

fn unit(row: &UnitRow) -> Result<DeclaredUnit, String> {
    let Some(first) = row.files.first() else {
        return Err("units: no glob under `files`".to_owned());
    };
    Ok(DeclaredUnit {
        name: row.name.clone().unwrap_or_else(|| first.clone()),
        files: globs(&row.files)?,
        also: globs(&row.also)?,
    })
}

/// Globs for paths: `*` does not match `/`, `**` does.
fn globs(texts: &[String]) -> Result<GlobSet, String> {
    let mut set = GlobSet::builder();
    for text in texts {
        let text = text.strip_prefix("./").unwrap_or(text);
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        set.add(glob.map_err(|error| error.to_string())?);
    }
    set.build().map_err(|error| error.to_string())
}

fn ignore(row: &IgnoreRow) -> Result<IgnoreRule, String> {
    let says_nothing = row.kind.is_none()
        && row.namespace.is_none()
        && row.name.is_none()
        && row.labels.is_empty()
        && row.keys.is_empty();
    if says_nothing {
        return Err("ignore: a rule that names nothing would ignore everything".to_owned());
    }
    Ok(IgnoreRule {
        kind: row.kind.clone(),
        namespace: row.namespace.clone(),
        name: row.name.as_deref().map(glob).transpose()?,
        labels: row.labels.clone().into_iter().collect(),
        keys: row.keys.iter().map(|key| glob(key)).collect::<Result<_, _>>()?,
    })
}

fn code(name: &str) -> Result<Code, String> {
    let found = Code::ALL.iter().copied().find(|code| code.name() == name);
    found.ok_or_else(|| {
        let nearest = Code::ALL
            .iter()
            .min_by_key(|code| strsim::damerau_levenshtein(code.name(), name))
            .map_or("", |code| code.name());
        format!("no finding has the code `{name}` (did you mean `{nearest}`?)")
    })
}

fn provider(row: &SourceRow) -> Result<Provider, String> {
    let names = match row.name.as_slice() {
        [] => FieldPath::all(&["metadata/name"]),
        names => paths(names)?,
    };
    let contents: Vec<Content> = paths(&row.content)?
        .into_iter()
        .map(|path| Content {
            path,
            encoding: Encoding::Tree,
            env: true,
            overrides: false,
            prefix: "",
        })
        .collect();
    if contents.is_empty() {
        return Err(format!("sources: {}: no path to its content", row.kind));
    }
    let whole_if = contents.iter().map(|content| content.path.clone()).collect();
    Ok(Provider {
        group: row.group.as_str().into(),
        kind: row.kind.as_str().into(),
        provides: row.provides,
        names,
        namespaces: FieldPath::all(&["metadata/namespace"]),
        contents,
        whole_if,
        filled_if_type: &[],
        since: Since::OptIn,
    })
}

fn site(row: &ReferenceRow) -> Result<UserSite, String> {
    let (path, name) = path(&row.path)?.split_last().ok_or_else(|| not_a_path(&row.path))?;
    Ok(UserSite {
        group: row.group.clone(),
        kind: row.kind.clone(),
        key: row.key.clone(),
        site: Site::configured(&row.path, path, name, row.target, row.key.is_some()),
    })
}

fn paths(texts: &[String]) -> Result<Vec<FieldPath>, String> {
    texts.iter().map(|text| path(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let error = parse("annotation: a/b\nanotation: a/c\n").unwrap_err();
        assert!(error.contains("anotation") && error.contains("line 2"), "{error}");
        assert!(parse("").is_ok() && parse("# nothing\n").is_ok());
    }

    #[test]
    fn no_error_says_a_value() {
        for text in ["t0ken, expected x", "- t0ken", "mode: [t0ken]", "strict: t0ken", "123456"] {
            let error = parse(text).unwrap_err();
            assert!(!error.contains("t0ken") && !error.contains("1234"), "{error}");
            assert!(error.contains("expected"), "{error}");
        }
        let error = of_function(r#"{"data": {"strict": "t0ken"}}"#).unwrap_err();
        assert!(!error.contains("t0ken"), "{error}");
    }

    #[test]
    fn codes_and_paths_are_checked() {
        let levels = parse("levels: {missing-kay: off}").unwrap();
        assert!(rules(&levels).err().unwrap().contains("`missing-key`"));
        let workloads = parse("workloads: [{kind: X, templates: ['spec..x']}]").unwrap();
        assert!(rules(&workloads).err().unwrap().contains("spec..x"));
    }
}
