//! The settings of a run: the command line, completed from the configuration.

use super::args::Common;
use crate::config::file;
use crate::config::name_reference;
use crate::config::options::{Goal, NamingRule, Options, STAMP_KEY, annotation_key};
use crate::config::settings::Settings;
use crate::digest::HashKey;
use crate::io::{self, files, git, krm};
use anyhow::{Context, anyhow, bail};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The settings of the user, and their origin.
#[derive(Default)]
pub(super) struct Configured {
    /// The settings; the command line has priority over the configuration.
    pub(super) settings: Settings,
    /// The folder of the configuration.
    pub(super) root: Option<PathBuf>,
    /// The file of the configuration, with its text.
    pub(super) file: Option<(PathBuf, String)>,
}

/// The settings of the user. The command line has priority over the configuration.
pub(super) fn settings(
    paths: &[PathBuf],
    common: &Common,
    call: Option<&krm::Call>,
) -> anyhow::Result<Configured> {
    let Configured { settings, root, file } = configuration(paths, common, call)?;
    let settings = match &root {
        Some(folder) => settings.in_folder(folder),
        // The paths of a call are relative to the folder of the caller.
        None => settings,
    };
    require_own_files(&settings, root.as_deref().unwrap_or(Path::new(".")))?;
    Ok(Configured { settings: common.settings.clone().over(settings), root, file })
}

/// Checks the paths in a configuration. A configuration may come from a stranger, so the files that it
/// names must be in its own repository: no other file can be read or quoted. A key may be anywhere, because
/// nothing of it is ever printed.
fn require_own_files(configuration: &Settings, folder: &Path) -> anyhow::Result<()> {
    let outside = configuration.name_references.iter().find(|path| !files::is_inside(folder, path));
    if let Some(path) = outside {
        bail!(
            "the configuration: nameReferences: {} leads out of the repository: copy the file into the repository",
            path.display()
        );
    }
    match &configuration.hash_key_file {
        Some(key) if !files::is_file(key) => {
            bail!("the configuration: hashKeyFile: {} is no file", key.display())
        }
        _ => Ok(()),
    }
}

/// The configuration of a run and its folder: the named file, or the one found above the paths.
fn configuration(
    paths: &[PathBuf],
    common: &Common,
    call: Option<&krm::Call>,
) -> anyhow::Result<Configured> {
    let of_call = call.and_then(|call| call.config.as_ref());
    let wrong = |error: String| anyhow!("the functionConfig of the list: {error}");
    let handed_over = match (&common.given, of_call) {
        (Some(config), _) => Some(config.clone()),
        (None, Some(Err(error))) => return Err(wrong(error.to_string())),
        (None, Some(Ok(json))) => Some(file::of_function(json).map_err(wrong)?),
        (None, None) => None,
    };
    if let Some(config) = handed_over {
        if common.config.is_some() {
            bail!(
                "two configurations apply: the caller hands one over, and --config names another"
            );
        }
        return Ok(Configured { settings: config, ..Configured::default() });
    }
    if common.no_config {
        return Ok(Configured::default());
    }
    if let Some(revision) = &common.config_from {
        return of_revision(paths, revision).context("--config-from");
    }
    let path = match &common.config {
        Some(path) => path.clone(),
        None => {
            let mut found: Vec<PathBuf> = paths
                .iter()
                .filter(|path| path.as_os_str() != "-")
                .filter_map(|path| files::above(path, file::FILE_NAME))
                .collect();
            found.dedup();
            match found.as_slice() {
                [] => return Ok(Configured::default()),
                [path] if files::is_inside(path.parent().unwrap_or(path), path) => path.clone(),
                [path] => bail!(
                    "{} is a symbolic link that leads out of the repository: name the file with --config",
                    path.display()
                ),
                [one, two, ..] => bail!(
                    "two configurations apply, {} and {}: name one with --config",
                    one.display(),
                    two.display()
                ),
            }
        }
    };
    let text = io::small_text(&path)
        .with_context(|| format!("failed to read the configuration {}", path.display()))?;
    let config = file::parse(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    let folder = path.parent().map(|folder| match folder.as_os_str() {
        name if name.is_empty() => PathBuf::from("."),
        _ => folder.to_path_buf(),
    });
    Ok(Configured { settings: config, root: folder, file: Some((path, text)) })
}

/// The configuration in a revision of git, looked for from the paths upwards; without a path, from the
/// working directory. The files that it names are also read from the revision, except a key, which is never
/// in one.
fn of_revision(paths: &[PathBuf], revision: &str) -> anyhow::Result<Configured> {
    let mut paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    paths.retain(|path| path.as_os_str() != "-");
    if paths.is_empty() {
        paths.push(Path::new("."));
    }
    let repository = git::Repository::around(paths[0])?;
    let revision = repository.revision(revision)?;
    let mut found = Vec::new();
    for path in paths {
        found.extend(revision.above(&repository.inside(path)?, file::FILE_NAME));
    }
    found.dedup();
    let path = match found.as_slice() {
        [] => return Ok(Configured::default()),
        [path] => path,
        [one, two, ..] => {
            bail!("two configurations apply, {one} and {two}: name one with --config")
        }
    };
    let text = revision.text(path)?;
    let mut settings = file::parse(&text).map_err(|error| anyhow!("{path}: {error}"))?;
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for named in std::mem::take(&mut settings.name_references) {
        let inside = Path::new("/").join(folder).join(&named);
        let inside = git::cleaned(&inside).to_string_lossy().trim_start_matches('/').to_owned();
        let text = revision.text(&inside).context("nameReferences")?;
        settings.name_reference_texts.push((inside, text));
    }
    let name = PathBuf::from(format!("{}:{path}", &revision.id[..revision.id.len().min(12)]));
    let root = revision.on_disk(folder);
    Ok(Configured { settings, root: Some(root), file: Some((name, text)) })
}

/// Reads the files that the settings name, and turns the settings into the options of a run.
pub(super) fn options(
    settings: &Settings,
    jobs: Option<NonZeroUsize>,
    goal: Goal,
) -> anyhow::Result<Options> {
    let hash_key = settings.hash_key_file.as_deref().map(hash_key).transpose()?;
    if settings.require_hash_key && hash_key.is_none() {
        bail!("the configuration requires a hash key: name its file with --hash-key-file");
    }
    let annotation = match &settings.annotation {
        Some(key) => annotation_key(key).map_err(|error| anyhow!("annotation: {error}"))?,
        None => STAMP_KEY.to_owned(),
    };
    let mut rules = file::rules(settings).map_err(|error| anyhow!("the configuration: {error}"))?;
    let mut texts = settings.name_reference_texts.clone();
    for path in &settings.name_references {
        let name = path.display().to_string();
        let text = io::small_text(path).with_context(|| format!("failed to read {name}"))?;
        texts.push((name, text));
    }
    for (name, text) in texts {
        let rows = name_reference::rows(&text);
        rules.names.extend(rows.map_err(|error| anyhow!("{name}: {error}"))?);
    }
    let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Ok(Options {
        annotation,
        namespace: settings.namespace.clone(),
        hash_key,
        goal,
        strict: settings.strict,
        rules,
        mode: settings.mode.unwrap_or_default(),
        naming: NamingRule {
            hash: settings.suffix.hash.unwrap_or_default(),
            all_sources: settings.suffix.all_sources,
            immutable: settings.suffix.immutable,
        },
        makes_stamps_files: false,
        weighs_foreign: false,
        compares: false,
        unit: settings.unit.unwrap_or_default(),
        migrate: None,
        jobs: jobs.map_or_else(available, NonZeroUsize::get),
    })
}

fn hash_key(path: &Path) -> anyhow::Result<HashKey> {
    let bytes = io::small_bytes(path)
        .with_context(|| format!("failed to read the hash key {}", path.display()))?;
    HashKey::new(bytes).with_context(|| format!("the hash key {} is empty", path.display()))
}

/// Compiles the globs of `--exclude`.
pub(super) fn exclude(globs: &[String]) -> anyhow::Result<globset::GlobSet> {
    let mut set = globset::GlobSetBuilder::new();
    for glob in globs {
        set.add(
            globset::Glob::new(glob)
                .with_context(|| format!("failed to read the glob `{glob}`"))?,
        );
    }
    set.build().context("failed to read the globs of --exclude")
}
