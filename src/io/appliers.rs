//! Finds the objects by which a controller builds a folder of the repository and applies it, and the files
//! that their builds read.

use super::disk::{Disk, RealPaths};
use super::on_disk::{FoundApplier, ListedResource, OnDisk, file_in, text};
use crate::finding::divergence::UnknownVariable;
use crate::k8s::id::Identity;
use crate::k8s::indirect::{ARTIFACT_GROUP, Indirect, SOURCE_GROUP};
use crate::process::Loaded;
use crate::resolve::may_be_one;
use crate::scope::kustomize::{
    ARGO_GROUP, Applied, Applier, ApplierChange, Directory, FLUX_GROUP, Globs, InRepository,
    Substitute, Variables, applications, applier_change, appliers, artifact_folders, repositories,
    variable_sources,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The objects whose folders are in the same repository: in the loaded texts, if any, and in the
/// repositories around the folders.
pub(super) fn find(
    loaded: Option<&Loaded>,
    folders: &[PathBuf],
    stamp: &str,
    disk: &dyn Disk,
) -> Vec<FoundApplier> {
    let mut seen = BTreeSet::new();
    let mut repositories = Repositories::default();
    let mut texts = Vec::new();
    for (file, root) in files(loaded, folders, disk) {
        if !seen.insert(file.clone()) {
            continue;
        }
        let Some(text) = text(disk, &file) else { continue };
        if [SOURCE_GROUP, ARTIFACT_GROUP].iter().any(|group| text.contains(group)) {
            repositories.texts.entry(root.clone()).or_default().push(text.clone());
        }
        if [FLUX_GROUP, ARGO_GROUP].iter().any(|group| text.contains(group)) {
            if !repositories.origins.contains_key(&root) {
                repositories.origins.insert(root.clone(), origin(&root));
            }
            texts.push((file, root, text));
        }
    }
    let mut found = Vec::new();
    for (file, root, text) in texts {
        let mut applied = match text.contains(FLUX_GROUP) {
            true => appliers(&text, stamp),
            false => Vec::new(),
        };
        if text.contains(ARGO_GROUP) && text.contains("Application") {
            let repository = InRepository {
                folders: &|url, globs| {
                    repositories.has_address(&root, url).then(|| folders_of(&root, globs, disk))?
                },
                files: &|url, globs| {
                    repositories.has_address(&root, url).then(|| files_of(&root, globs, disk))?
                },
            };
            applied.extend(applications(&text, stamp, &repository));
        }
        let mut here = Vec::new();
        let mut elsewhere = BTreeSet::new();
        for applier in applied {
            let folder = repositories.folder(&root, &applier, disk);
            let folder = folder.and_then(|folder| disk.real(&root.join(folder)));
            match folder.filter(|f| disk.is_dir(f) && f.starts_with(&root)) {
                Some(folder) => here.push((folder, applier)),
                None => drop(elsewhere.insert(applier.at)),
            }
        }
        for (folder, mut applier) in here {
            applier.is_whole &= !elsewhere.contains(&applier.at);
            let (file, text, root) = (file.clone(), text.clone(), root.clone());
            found.push(FoundApplier { file, text, root, folder, applier });
        }
    }
    found
}

/// The files that may hold such an object or a repository, each with the root of its own repository: the
/// loaded texts that may hold one, and all other files below the roots.
fn files(loaded: Option<&Loaded>, folders: &[PathBuf], disk: &dyn Disk) -> Vec<(PathBuf, PathBuf)> {
    let named: BTreeSet<PathBuf> = folders.iter().filter_map(|f| disk.real(f)).collect();
    let mut roots: BTreeMap<OsString, PathBuf> = BTreeMap::new();
    let mut root_of = |folder: &Path| -> PathBuf {
        if let Some(known) = roots.get(folder.as_os_str()) {
            return known.clone();
        }
        let mut above = folder.ancestors();
        let repository = above.find(|f| disk.is_repository(f)).map(Path::to_path_buf);
        // Outside of a repository, the named folder is treated as a repository.
        let named = || named.iter().find(|named| folder.starts_with(named)).cloned();
        let root = repository.or_else(named).unwrap_or_else(|| folder.to_path_buf());
        roots.insert(folder.as_os_str().to_owned(), root.clone());
        root
    };
    let mut files = Vec::new();
    let mut real = RealPaths::new(disk);
    let mut more: BTreeSet<PathBuf> = named.iter().map(|folder| root_of(folder)).collect();
    for (number, input) in loaded.into_iter().flat_map(|l| &l.inputs).enumerate() {
        let Some(path) = &input.path else { continue };
        let is_named = matches!(input.found, crate::text::input::Found::Named);
        let facts = loaded.and_then(|loaded| loaded.facts.get(number)).and_then(Option::as_ref);
        let of_kinds = [Indirect::FluxKustomization, Indirect::Application];
        let may_hold = facts.is_none_or(|f| {
            f.names_repository || f.indirect.iter().any(|object| of_kinds.contains(&object.does))
        });
        if !may_hold && !is_named {
            continue;
        }
        let Some(real) = real.of(path) else { continue };
        let root = root_of(real.parent().unwrap_or(&real));
        if is_named && disk.is_repository(&root) {
            more.insert(root.clone());
        }
        if may_hold {
            files.push((real, root));
        }
    }
    for root in more {
        // Files below a named folder are already loaded.
        let is_loaded =
            |path: &Path| loaded.is_some() && named.iter().any(|folder| path.starts_with(folder));
        if is_loaded(&root) {
            continue;
        }
        let others = disk.manifests(&root).into_iter().filter(|path| !is_loaded(path));
        files.extend(others.map(|path| (path, root.clone())));
    }
    files
}

/// The texts that define the repositories of Flux, by the root of their own repository.
#[derive(Default)]
struct Repositories {
    /// The texts.
    texts: BTreeMap<PathBuf, Vec<String>>,
    /// The address that git calls `origin`, read once.
    origins: BTreeMap<PathBuf, Option<String>>,
}

impl Repositories {
    /// The texts below a root that contain a word.
    fn with<'a>(&'a self, root: &Path, word: &'a str) -> impl Iterator<Item = &'a str> {
        let texts = self.texts.get(root).into_iter().flatten();
        texts.map(String::as_str).filter(move |text| text.contains(word))
    }

    /// Whether the repository has this address.
    fn has_address(&self, root: &Path, url: &str) -> bool {
        let own = self.origins.get(root).and_then(Option::as_ref);
        own.is_some_and(|own| *own == address(url))
    }

    /// The folder that an object applies, relative to the root of the repository; `None` if it is in
    /// another repository. An artifact may be made from folders of this repository.
    fn folder(&self, root: &Path, applier: &Applier, disk: &dyn Disk) -> Option<String> {
        let (source, folder) = (&applier.source, &applier.folder);
        if source.group == ARGO_GROUP {
            let is_own = self.has_address(root, &source.name);
            // Argo CD treats such a folder as a chart.
            let is_chart = disk.is_file(&root.join(folder).join("Chart.yaml"));
            return (is_own && !is_chart).then(|| folder.clone());
        }
        if source.kind != "ExternalArtifact" {
            return self.is_own(root, source).then(|| folder.clone());
        }
        let texts = self.with(root, ARTIFACT_GROUP);
        let made = texts.flat_map(|text| artifact_folders(text, &source.name, folder));
        let made: BTreeSet<(Identity, String)> = made.collect();
        match made.first() {
            Some((of, folder)) if made.len() == 1 && self.is_own(root, of) => Some(folder.clone()),
            _ => None,
        }
    }

    /// Whether a repository that Flux reads is the one around the object that names it. A repository with
    /// the name `flux-system` is; another one that is defined here must have the same address; one that is
    /// not defined here counts as this one, because the folder exists.
    fn is_own(&self, root: &Path, wanted: &Identity) -> bool {
        if wanted.name == "flux-system" {
            return true;
        }
        let texts = self.with(root, &wanted.name);
        let defined: Vec<Option<String>> =
            texts.flat_map(|text| repositories(text, &wanted.kind, &wanted.name)).collect();
        let mut addresses = defined.iter().flatten();
        defined.is_empty() || addresses.any(|url| self.has_address(root, url))
    }
}

/// Texts that define sources of variables, by the root of their repository.
#[derive(Default)]
pub(super) struct VariableSources(BTreeMap<PathBuf, Vec<(PathBuf, String)>>);

impl VariableSources {
    /// The texts below a root that contain a word.
    fn with<'a>(
        &'a mut self,
        root: &Path,
        word: &'a str,
        disk: &dyn Disk,
    ) -> impl Iterator<Item = &'a (PathBuf, String)> {
        let texts = self.0.entry(root.to_path_buf()).or_insert_with(|| {
            let files = disk.manifests(root).into_iter();
            let texts = files.filter_map(|path| Some((path.clone(), text(disk, &path)?)));
            let matters =
                |text: &str| ["ConfigMap", "Secret"].iter().any(|word| text.contains(word));
            texts.filter(|(_, text)| matters(text)).collect()
        });
        texts.iter().filter(move |(_, text)| text.contains(word))
    }

    /// The variables of an object. `all` are the kustomizations, which show which of several sources with
    /// one name is meant, and whether one is changed before it is applied.
    fn variables(
        &mut self,
        found: &FoundApplier,
        all: &BTreeMap<PathBuf, OnDisk>,
        disk: &dyn Disk,
    ) -> Variables {
        let mut variables = Variables::default();
        for substitute in &found.applier.substitutes {
            let why = match substitute {
                Substitute::Inline(name, value) => {
                    variables.known.insert(name.clone(), value.clone());
                    continue;
                }
                Substitute::Unknown => UnknownVariable::UnreadableList,
                Substitute::From { target, name } => {
                    let namespace = found.applier.id.namespace.as_deref();
                    let mut candidates: Vec<_> = self
                        .with(&found.root, name, disk)
                        .flat_map(|(path, text)| {
                            variable_sources(text, name).into_iter().map(move |s| (path, s))
                        })
                        .filter(|(_, source)| {
                            let own = source.namespace.as_deref();
                            source.target == *target && may_be_one(own, namespace)
                        })
                        .collect();
                    if candidates.len() > 1 {
                        let near = beside(&found.file, all);
                        let is_near = |path: &Path| near.contains(path);
                        if candidates.iter().any(|(path, _)| is_near(path)) {
                            candidates.retain(|(path, _)| is_near(path));
                        }
                    }
                    let is_plain = |value: &str| !value.contains("${");
                    match candidates.as_slice() {
                        [] => UnknownVariable::NotHere(*target, name.clone()),
                        [(path, source)] => match &source.values {
                            Some(values)
                                if !is_changed(path, all)
                                    && values.iter().all(|(_, v)| is_plain(v.text())) =>
                            {
                                variables.known.extend(values.iter().cloned());
                                continue;
                            }
                            Some(_) => UnknownVariable::Changed(*target, name.clone()),
                            None => UnknownVariable::Unreadable(*target, name.clone()),
                        },
                        _ => UnknownVariable::Several(*target, name.clone()),
                    }
                }
            };
            // It may override earlier values.
            variables.known.clear();
            variables.open = Some(why);
        }
        variables
    }
}

/// The address of the repository that git calls `origin`.
fn origin(root: &Path) -> Option<String> {
    let config = std::fs::read_to_string(root.join(".git/config")).ok()?;
    let (_, section) = config.split_once("[remote \"origin\"]")?;
    let section = section.split("\n[").next().unwrap_or_default();
    let mut lines = section.lines().filter_map(|line| line.trim().strip_prefix("url"));
    let url = lines.find_map(|rest| rest.trim_start().strip_prefix('='))?;
    Some(address(url.trim()))
}

/// The address of a repository, in one form for all protocols.
fn address(url: &str) -> String {
    let url = url.split_once("://").map_or(url, |(_, rest)| rest);
    let url = url.split_once('@').map_or(url, |(_, rest)| rest);
    url.trim_end_matches('/').trim_end_matches(".git").replace(':', "/").to_lowercase()
}

/// The folders that a git generator of Argo CD matches: `*` matches any text inside one name.
fn folders_of(root: &Path, globs: &Globs, disk: &dyn Disk) -> Option<Vec<String>> {
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for file in disk.manifests(root).into_iter().chain(disk.kustomized(root)) {
        let above = file.ancestors().take_while(|folder| *folder != root);
        let below = above.filter_map(|folder| folder.strip_prefix(root).ok());
        folders.extend(below.map(super::display));
    }
    let named = named(folders, globs, true)?;
    Some(named.into_iter().filter(|folder| disk.is_dir(&root.join(folder))).collect())
}

/// The files that such a generator matches, each with its text. `*` matches any text inside one name, or
/// across names (`ARGOCD_APPLICATIONSET_CONTROLLER_ENABLE_NEW_GIT_FILE_GLOBBING`): `None` if this makes a
/// difference, or if hidden files, which are not read, may match.
fn files_of(root: &Path, globs: &Globs, disk: &dyn Disk) -> Option<Vec<(String, String)>> {
    let all = disk.manifests(root);
    let all: BTreeSet<String> =
        all.iter().filter_map(|file| file.strip_prefix(root).ok()).map(super::display).collect();
    let is_manifest = |(glob, _): &(String, bool)| {
        let is_hidden = glob.starts_with('.') || glob.contains("/.");
        !is_hidden && [".json", ".yaml", ".yml"].iter().any(|ending| glob.ends_with(ending))
    };
    let found = named(all.clone(), globs, true)?;
    if !globs.iter().all(is_manifest) || found != named(all, globs, false)? {
        return None;
    }
    found.into_iter().map(|name| Some((name.clone(), text(disk, &root.join(name))?))).collect()
}

/// The names that globs match; with `in_one`, `*` matches only inside one name of a path.
fn named(names: BTreeSet<String>, globs: &Globs, in_one: bool) -> Option<Vec<String>> {
    let matchers: Vec<(globset::GlobMatcher, bool)> = globs
        .iter()
        .map(|(glob, excludes)| {
            let glob = globset::GlobBuilder::new(glob).literal_separator(in_one).build().ok()?;
            Some((glob.compile_matcher(), *excludes))
        })
        .collect::<Option<_>>()?;
    let is_named = |name: &String, excludes: bool| {
        matchers.iter().any(|(glob, of)| *of == excludes && glob.is_match(name))
    };
    let is_meant = |name: &String| is_named(name, false) && !is_named(name, true);
    Some(names.into_iter().filter(is_meant).collect())
}

/// Every file that is included by a build which also includes this file.
fn beside<'a>(file: &Path, all: &'a BTreeMap<PathBuf, OnDisk>) -> BTreeSet<&'a Path> {
    let each = all.keys().map(|key| below(key, all));
    each.filter(|files| files.contains(file)).flatten().collect()
}

/// The files that a kustomization includes, directly or through others.
fn below<'a>(key: &Path, all: &'a BTreeMap<PathBuf, OnDisk>) -> BTreeSet<&'a Path> {
    let mut files = BTreeSet::new();
    let mut seen: BTreeSet<&Path> = BTreeSet::new();
    let mut waiting: Vec<&OnDisk> = all.get(key).into_iter().collect();
    while let Some(on_disk) = waiting.pop() {
        if !seen.insert(on_disk.path.as_path()) {
            continue;
        }
        for place in on_disk.children.values() {
            match place {
                ListedResource::File(file) => {
                    files.insert(file.as_path());
                }
                ListedResource::Kustomization(base) => waiting.extend(all.get(base)),
                ListedResource::Absent => {}
            }
        }
    }
    files
}

/// Whether a build that includes a file may change its content.
fn is_changed(file: &Path, all: &BTreeMap<PathBuf, OnDisk>) -> bool {
    const CHANGES: &[&str] = &[
        "patches",
        "transformers",
        "replacements",
        "components",
        "vars",
        "namePrefix",
        "nameSuffix",
    ];
    all.iter().any(|(key, on_disk)| {
        CHANGES.iter().any(|field| on_disk.text.contains(field)) && below(key, all).contains(file)
    })
}

impl FoundApplier {
    /// The build of the object as a kustomization, with a unique key that is not the name of a file.
    pub(super) fn on_disk(self, nth: usize, disk: &dyn Disk) -> (PathBuf, OnDisk) {
        let mut children = BTreeMap::new();
        match file_in(disk, &self.folder) {
            Some(kustomization) => {
                children.insert(".".to_owned(), ListedResource::Kustomization(kustomization));
            }
            None => self.raw(&mut children, disk),
        }
        for name in &self.applier.components {
            let real = disk.real(&self.folder.join(name)).filter(|f| f.starts_with(&self.root));
            let place = real.and_then(|folder| file_in(disk, &folder));
            match place {
                Some(place) => {
                    children.insert(name.clone(), ListedResource::Kustomization(place));
                }
                None if self.applier.ignores_missing => {}
                None => {
                    children.insert(name.clone(), ListedResource::Absent);
                }
            }
        }
        let key = self.file.join(format!("#{nth}"));
        let on_disk = OnDisk {
            path: self.file.clone(),
            folder: self.folder.clone(),
            text: self.text.clone(),
            is_component: false,
            reads_elsewhere: false,
            children,
            patches: BTreeMap::new(),
            applied: Some(Box::new(self)),
        };
        (key, on_disk)
    }

    /// For a folder without a kustomization: every file that may be a manifest, and the kustomizations
    /// below (github.com/fluxcd/pkg/kustomize v1.44.0, `scanManifests`).
    fn raw(&self, children: &mut BTreeMap<String, ListedResource>, disk: &dyn Disk) {
        if let Some(directory) = &self.applier.directory {
            return self.listed(directory, children, disk);
        }
        let name = |path: &Path| super::display(path.strip_prefix(&self.folder).unwrap_or(path));
        let kustomized = disk.kustomized(&self.folder);
        for folder in &kustomized {
            let is_inner = kustomized.iter().any(|f| f != folder && folder.starts_with(f));
            if let Some(file) = file_in(disk, folder).filter(|_| !is_inner) {
                children.insert(name(folder), ListedResource::Kustomization(file));
            }
        }
        for file in disk.manifests(&self.folder) {
            let is_taken = kustomized.iter().any(|folder| file.starts_with(folder));
            let is_yaml = file.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if is_yaml && !is_taken {
                children.insert(name(&file), ListedResource::File(file));
            }
        }
    }

    /// The effect of patches on the object, in builds that include its file, with the file of the patch.
    pub(super) fn amended(
        &self,
        all: &BTreeMap<PathBuf, OnDisk>,
        disk: &dyn Disk,
    ) -> Option<(PathBuf, ApplierChange)> {
        let including = all.iter().filter(|(key, _)| below(key, all).contains(self.file.as_path()));
        let amended = including.filter_map(|(_, on_disk)| {
            let files = on_disk.patches.iter();
            let files = files.filter_map(|(name, path)| Some((name.clone(), text(disk, path)?)));
            let by = on_disk.applied.as_ref().map(|found| &found.applier);
            let applier_change = applier_change(&on_disk.text, by, files, &self.applier.id)?;
            Some((on_disk.path.clone(), applier_change))
        });
        amended.max_by_key(|(_, applier_change)| *applier_change == ApplierChange::More)
    }

    /// The name of the overlay in messages: the object and its file.
    pub(super) fn unit_name(&self, here: Option<&Path>) -> String {
        let file = super::display(&super::relative(&self.file, here));
        format!("{} in {file}", self.applier.label)
    }

    /// The resources of a folder without a kustomization, as a kustomization names them.
    pub(super) fn resources(&self, on_disk: &OnDisk) -> Vec<String> {
        let names = on_disk.children.keys();
        let own = names.filter(|name| !self.applier.components.contains(name));
        own.map(|name| format!("./{name}")).collect()
    }

    /// For a folder without a kustomization: the files that Argo CD applies
    /// (argo-cd.readthedocs.io/en/stable/user-guide/directory).
    fn listed(
        &self,
        directory: &Directory,
        children: &mut BTreeMap<String, ListedResource>,
        disk: &dyn Disk,
    ) {
        let glob = |text: &str| {
            let glob = globset::Glob::new(text).ok().filter(|_| !text.is_empty())?;
            Some(glob.compile_matcher())
        };
        let (include, exclude) = (glob(&directory.include), glob(&directory.exclude));
        for file in disk.manifests(&self.folder) {
            let name = super::display(file.strip_prefix(&self.folder).unwrap_or(&file));
            let is_near = directory.recurse || !name.contains('/');
            let is_in = include.as_ref().is_none_or(|glob| glob.is_match(&name));
            let is_out = exclude.as_ref().is_some_and(|glob| glob.is_match(&name));
            if is_near && is_in && !is_out {
                children.insert(name, ListedResource::File(file));
            }
        }
    }

    /// The object, with the variables that it replaces after the build.
    pub(super) fn applied(
        &self,
        all: &BTreeMap<PathBuf, OnDisk>,
        sources: &mut VariableSources,
        disk: &dyn Disk,
    ) -> Applied {
        let variables = sources.variables(self, all, disk);
        Applied { by: self.applier.clone(), variables }
    }
}
