//! The configuration file `.rollstamp.yaml`, which is also the `spec` of the KRM function's
//! configuration. Every key is described in docs/configuration.md and docs/rollstamp.schema.json.

use crate::config::name_reference::{self, NamePlace, SuffixRow};
use crate::config::options::{self, UnitRule};
use crate::config::policy::Declared;
use crate::config::policy::{Encrypted, HotReload, IgnoreRule, Rules, Silence, UserSite, glob};
use crate::finding::{Code, Severity};
use crate::k8s::kinds::{NoRoll, Rolls, WorkloadKind};
use crate::k8s::providers::{Content, Encoding, Provider, Target};
use crate::k8s::sites::{Reads, Site, Under};
use crate::k8s::{Row, Since};
use crate::yaml::path::FieldPath;
use globset::{GlobBuilder, GlobSet};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The name of the file, looked for from the named path upwards.
pub const FILE_NAME: &str = ".rollstamp.yaml";

/// What the file may say; every key is optional and an unknown one is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Config {
    /// What is written.
    pub mode: Mode,
    /// How names after content are made.
    pub suffix: SuffixRow,
    /// More places that name a source or only seem to.
    pub names: Vec<NamePlace>,
    /// Files of kustomize that say more such places, from the folder of this file.
    pub name_references: Vec<String>,
    /// The annotation key of the stamp.
    pub annotation: Option<String>,
    /// The namespace of objects that name none.
    pub namespace: Option<String>,
    /// What one apply receives of a named folder.
    pub unit: Option<Unit>,
    /// Files that one apply receives together, wherever they lie.
    pub units: Vec<UnitRow>,
    /// Whether errors refuse, and references without a source are errors.
    pub strict: bool,
    /// The file with the key for digests of Secrets, from the folder of the configuration.
    pub hash_key_file: Option<String>,
    /// Whether a run without a hash key is an error.
    pub require_hash_key: bool,
    /// What becomes of sources that SOPS has encrypted.
    pub encrypted: EncryptedChoice,
    /// Whether volumes that a reload sidecar watches still roll their pods.
    pub hot_reload_sidecars: HotReloadChoice,
    /// More kinds that hold pod templates.
    pub workloads: Vec<WorkloadRow>,
    /// More places in which a workload names a source.
    pub references: Vec<ReferenceRow>,
    /// More kinds whose content pods read.
    pub sources: Vec<SourceRow>,
    /// What takes no part.
    pub ignore: Vec<IgnoreRow>,
    /// How much each kind of finding matters.
    pub levels: BTreeMap<String, Level>,
    /// Findings that are known and meant to be so.
    pub silence: Vec<SilenceRow>,
}

/// What is written into manifests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// An annotation in the pod template.
    #[default]
    Annotation,
    /// Names after content, which every referrer follows.
    Suffix,
}

impl From<Mode> for options::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Annotation => Self::Annotation,
            Mode::Suffix => Self::Suffix,
        }
    }
}

/// See [`UnitRule`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// The files of each folder.
    Dir,
    /// The whole tree.
    Tree,
    /// Each file by itself.
    File,
}

impl From<Unit> for UnitRule {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Dir => Self::Dir,
            Unit::Tree => Self::Tree,
            Unit::File => Self::File,
        }
    }
}

/// What one apply receives.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UnitRow {
    /// What findings call it; its first glob, if absent.
    pub name: Option<String>,
    /// Globs over its files, from the folder of the configuration.
    pub files: Vec<String>,
    /// Globs over files whose sources it reads, and that others apply.
    #[serde(default)]
    pub also: Vec<String>,
}

/// See [`Encrypted`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EncryptedChoice {
    /// The encrypted text counts.
    #[default]
    Hash,
    /// Encrypted sources take no part.
    Skip,
}

/// See [`HotReload`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HotReloadChoice {
    /// They do.
    #[default]
    Roll,
    /// They do not.
    Skip,
}

/// A kind that holds pod templates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WorkloadRow {
    /// The API group; empty for the core group.
    #[serde(default)]
    pub group: String,
    /// The kind.
    pub kind: String,
    /// The ways to its pod templates, with dots: `spec.template`, `spec.tasks[].template`; `\.` is a dot
    /// in the name of a field.
    pub templates: Vec<String>,
    /// Whether a change of a template replaces its pods.
    #[serde(default = "yes")]
    pub stamp: bool,
}

/// A place in an object that names a source.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ReferenceRow {
    /// The API group of the workload; any, if absent.
    pub group: Option<String>,
    /// The kind of the workload; any, if absent.
    pub kind: Option<String>,
    /// The way from the object to the name, with dots; `[]` behind a field means each item.
    pub path: String,
    /// What is named.
    pub target: TargetChoice,
    /// The field beside the name that holds the one key that is read; all keys, if absent.
    pub key: Option<String>,
}

/// `ConfigMap` or `Secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum TargetChoice {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
}

impl From<TargetChoice> for Target {
    fn from(choice: TargetChoice) -> Self {
        match choice {
            TargetChoice::ConfigMap => Self::ConfigMap,
            TargetChoice::Secret => Self::Secret,
        }
    }
}

/// A kind whose content pods read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SourceRow {
    /// The API group; empty for the core group.
    #[serde(default)]
    pub group: String,
    /// The kind.
    pub kind: String,
    /// What references to it say.
    pub provides: TargetChoice,
    /// The ways to the name of what it provides; the first that is there counts.
    #[serde(default)]
    pub name: Vec<String>,
    /// The ways to what decides its content. Whoever reads a key of it reads all of these.
    pub content: Vec<String>,
}

/// What takes no part. All that is said must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct IgnoreRow {
    /// The kind of the source or the workload.
    pub kind: Option<String>,
    /// Its namespace.
    pub namespace: Option<String>,
    /// A glob over its name.
    pub name: Option<String>,
    /// Labels that it has.
    pub labels: BTreeMap<String, String>,
    /// Globs over keys: of a source only these take no part.
    pub keys: Vec<String>,
    /// Why, for those who read the file.
    pub reason: Option<String>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// It is not said.
    Off,
    /// Worth knowing.
    Note,
    /// Probably a mistake.
    Warning,
    /// `check` fails.
    Error,
}

/// A finding that is known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SilenceRow {
    /// Its code.
    pub code: String,
    /// A glob over its object, as in `Deployment shop/web`; any, if absent.
    pub object: Option<String>,
    /// Why it may stay.
    pub reason: String,
}

fn yes() -> bool {
    true
}

/// Reads the text of a configuration file.
///
/// # Errors
/// The first thing that is not understood, with its line where the reader knows it.
pub fn parse(text: &str) -> Result<Config, String> {
    let text = text.trim_start_matches('\u{feff}');
    if text.trim().is_empty() {
        return Ok(Config::default());
    }
    serde_yaml::from_str::<Option<Config>>(text)
        .map(Option::unwrap_or_default)
        .map_err(|error| error.to_string())
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
    spec: Option<Config>,
    #[serde(rename = "argsOneLiner")]
    _args_one_liner: Option<IgnoredAny>,
    #[serde(rename = "argsFromFile")]
    _args_from_file: Option<IgnoredAny>,
}

/// Reads the configuration of a function from JSON: an object of our own kind, whose `spec` says
/// what the file says, or a ConfigMap, as `kustomize fn run DIR -- key=value` and `kpt fn eval` make
/// it.
///
/// # Errors
/// Another kind, or the first thing that is not understood.
pub fn of_function(json: &str) -> Result<Config, String> {
    let object: serde_json::Value = serde_json::from_str(json).map_err(|e| e.to_string())?;
    let field = |name: &str| object.get(name).and_then(serde_json::Value::as_str);
    match (field("apiVersion"), field("kind")) {
        (Some(API_VERSION), Some(KIND)) => serde_json::from_value::<Function>(object)
            .map(|function| function.spec.unwrap_or_default())
            .map_err(|error| error.to_string()),
        (None | Some("v1"), None | Some("ConfigMap")) => of_data(object.get("data")),
        (api_version, kind) => Err(format!(
            "it is a {} of {}, not a {KIND} of {API_VERSION}",
            kind.unwrap_or("thing without a kind"),
            api_version.unwrap_or("no apiVersion")
        )),
    }
}

/// Settings that are texts whatever they look like.
const TEXTS: &[&str] = &["annotation", "namespace", "hashKeyFile"];

fn of_data(data: Option<&serde_json::Value>) -> Result<Config, String> {
    let mut settings = serde_json::Map::new();
    for (name, value) in data.and_then(serde_json::Value::as_object).into_iter().flatten() {
        let value = match value.as_str() {
            // All values of a ConfigMap are strings; what they hold is YAML.
            Some(text) if !TEXTS.contains(&name.as_str()) => {
                serde_yaml::from_str(text).map_err(|error| format!("{name}: {error}"))?
            }
            _ => value.clone(),
        };
        settings.insert(name.clone(), value);
    }
    serde_json::from_value(serde_json::Value::Object(settings)).map_err(|error| error.to_string())
}

/// Turns what the file says into rules for a run.
///
/// # Errors
/// A glob, a path or a code that is not one.
pub fn rules(config: &Config) -> Result<Rules, String> {
    let mut rules = Rules {
        encrypted: match config.encrypted {
            EncryptedChoice::Hash => Encrypted::Hash,
            EncryptedChoice::Skip => Encrypted::Skip,
        },
        hot_reload: match config.hot_reload_sidecars {
            HotReloadChoice::Roll => HotReload::Roll,
            HotReloadChoice::Skip => HotReload::Skip,
        },
        ..Rules::default()
    };
    for row in &config.workloads {
        rules.workloads.push(workload(row)?);
    }
    for row in &config.references {
        rules.sites.push(site(row)?);
    }
    for row in &config.names {
        rules.names.push(name_reference::row(row)?);
    }
    for row in &config.sources {
        rules.providers.push(provider(row)?);
    }
    for row in &config.units {
        rules.units.push(unit(row)?);
    }
    for row in &config.ignore {
        rules.ignore.push(ignore(row)?);
    }
    for (name, level) in &config.levels {
        let severity = match level {
            Level::Off => None,
            Level::Note => Some(Severity::Note),
            Level::Warning => Some(Severity::Warning),
            Level::Error => Some(Severity::Error),
        };
        rules.levels.insert(code(name)?, severity);
    }
    for row in &config.silence {
        if row.reason.trim().is_empty() {
            return Err(format!("silence: {}: a reason is missing", row.code));
        }
        rules.silence.push(Silence::new(code(&row.code)?, row.object.as_deref())?);
    }
    Ok(rules)
}

fn unit(row: &UnitRow) -> Result<Declared, String> {
    let Some(first) = row.files.first() else {
        return Err("units: no glob under `files`".to_owned());
    };
    Ok(Declared {
        name: row.name.clone().unwrap_or_else(|| first.clone()),
        files: globs(&row.files)?,
        also: globs(&row.also)?,
    })
}

/// Globs over paths: `*` stays inside of a folder, `**` does not.
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

fn workload(row: &WorkloadRow) -> Result<Arc<WorkloadKind>, String> {
    if row.templates.is_empty() {
        return Err(format!("workloads: {}: no path to a pod template", row.kind));
    }
    Ok(Arc::new(WorkloadKind {
        groups: vec![row.group.as_str().into()],
        kind: row.kind.as_str().into(),
        templates: paths(&row.templates)?,
        rolls: if row.stamp { Rolls::Yes } else { Rolls::No(NoRoll::Configured) },
        built_in: false,
        since: Since::OptIn,
    }))
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
        provides: row.provides.into(),
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
    let reads = match row.key {
        Some(_) => Reads::Key,
        None => Reads::Files,
    };
    Ok(UserSite {
        group: row.group.clone(),
        kind: row.kind.clone(),
        key: row.key.clone(),
        site: Row::Configured(Arc::new(Site {
            id: format!("configured: {}", row.path).into(),
            under: Under::Object,
            path,
            name,
            target: row.target.into(),
            reads,
            kustomize: &[],
            since: Since::OptIn,
        })),
    })
}

fn paths(texts: &[String]) -> Result<Vec<FieldPath>, String> {
    texts.iter().map(|text| path(text)).collect()
}

/// `spec.tasks[].template`
fn path(dotted: &str) -> Result<FieldPath, String> {
    let path = FieldPath::dotted(dotted);
    if path.is_whole() { Ok(path) } else { Err(not_a_path(dotted)) }
}

fn not_a_path(text: &str) -> String {
    format!("not a path of fields: `{text}`")
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
    fn codes_and_paths_are_checked() {
        let levels = parse("levels: {missing-kay: off}").unwrap();
        assert!(rules(&levels).err().unwrap().contains("`missing-key`"));
        let workloads = parse("workloads: [{kind: X, templates: ['spec..x']}]").unwrap();
        assert!(rules(&workloads).err().unwrap().contains("spec..x"));
    }
}
