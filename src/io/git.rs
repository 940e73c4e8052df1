//! Reads a revision from git, without a checkout: names and bytes come from the `git` program, which users
//! of a repository have, and which handles alternates, packs, partial clones and SHA-256. rollstamp only
//! calls commands that read. Except for the builder of `--build`, `git` is the only program that rollstamp
//! runs, and only if the command line names a revision.

use super::disk::Disk;
use super::git_store::Store;
use super::{display, here, kustomizations, relative, utf8, walk};
use crate::config::options::Options;
use crate::impact::history::Commit;
use crate::k8s::kustomize_names::FILE_NAMES;
use crate::process::Loaded;
use crate::text::input::{Found, Input};
use anyhow::{Context, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// A repository.
#[derive(Clone)]
pub struct Repository {
    top: PathBuf,
    /// The path from its root to the working directory, with `/` between folders.
    prefix: String,
}

/// A revision of a repository: all its files by path.
#[derive(Clone)]
pub struct Revision {
    repository: Repository,
    /// The commit.
    pub id: String,
    files: Arc<BTreeMap<String, Blob>>,
    store: Arc<Mutex<Store>>,
}

/// Reads revisions one after the other.
pub struct Revisions {
    repository: Repository,
    store: Arc<Mutex<Store>>,
}

impl Revisions {
    /// The next revision.
    ///
    /// # Errors
    /// When there is no such revision.
    pub fn read(&mut self, revision: &str) -> anyhow::Result<Revision> {
        self.repository.read(revision, Arc::clone(&self.store))
    }
}

/// A file of a revision.
#[derive(Clone)]
struct Blob {
    id: String,
    is_link: bool,
}

/// REV and PATH of `REV:PATH`; `None` if a file with this name exists, or if it is a path of Windows.
pub fn split(path: &Path) -> Option<(&str, &str)> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let (revision, inside) = path.to_str()?.split_once(':')?;
    let is_drive = revision.len() == 1 && inside.starts_with(['\\', '/']);
    (!revision.is_empty() && !is_drive).then_some((revision, inside))
}

/// The output of `git` in a folder. With `index`, git uses that file as the index instead of the
/// repository's own.
pub(super) fn git(
    folder: &Path,
    arguments: &[&str],
    index: Option<&Path>,
) -> anyhow::Result<Vec<u8>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        // git must write nothing into the repository, not even a cache.
        .env("GIT_OPTIONAL_LOCKS", "0")
        .envs(index.map(|index| ("GIT_INDEX_FILE", index)))
        .stdin(Stdio::null())
        .output()
        .context("failed to run `git`; without it, name two folders")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().next().unwrap_or_default().trim_start_matches("fatal: ");
        bail!("`git {}` failed: {said}", arguments[0]);
    }
    Ok(output.stdout)
}

fn line(folder: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let text = String::from_utf8(git(folder, arguments, None)?).context("git says no UTF-8")?;
    Ok(text.trim_end_matches('\n').to_owned())
}

impl Repository {
    /// The repository around a file or folder.
    ///
    /// # Errors
    /// When there is none, or no `git`.
    pub fn around(path: &Path) -> anyhow::Result<Self> {
        // The path itself may exist in a revision only.
        let folder = path.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let top = PathBuf::from(line(folder, &["rev-parse", "--show-toplevel"])?);
        let top = std::fs::canonicalize(&top).unwrap_or(top);
        let here = here().unwrap_or_default();
        let prefix = here.strip_prefix(&top).map(display).unwrap_or_default();
        Ok(Self { top, prefix })
    }

    /// The last common commit of the working tree and its upstream branch.
    ///
    /// # Errors
    /// When there is no upstream branch.
    pub fn merge_base(&self) -> anyhow::Result<String> {
        let upstreams = ["@{upstream}", "origin/HEAD", "origin/main", "origin/master"];
        let upstream = upstreams.into_iter().find_map(|name| self.commit(name).ok());
        let Some(upstream) = upstream else {
            bail!("no upstream branch: name the revision that counts as before with --base");
        };
        line(&self.top, &["merge-base", "HEAD", &upstream])
            .context("no merge base: a shallow clone needs `git fetch --unshallow`")
    }

    fn commit(&self, revision: &str) -> anyhow::Result<String> {
        let commit = format!("{revision}^{{commit}}");
        line(&self.top, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
    }

    /// A revision and the names of its files.
    ///
    /// # Errors
    /// When there is no such revision.
    pub fn revision(&self, revision: &str) -> anyhow::Result<Revision> {
        let store = Arc::new(Mutex::new(Store::start(&self.top, false)?));
        self.read(revision, store)
    }

    /// Reads revisions one after the other; what they share is read once.
    ///
    /// # Errors
    /// When `git` does not start.
    pub fn revisions(&self) -> anyhow::Result<Revisions> {
        let store = Arc::new(Mutex::new(Store::start(&self.top, true)?));
        Ok(Revisions { repository: self.clone(), store })
    }

    /// The commits of a branch that touch these paths, by its first parents, the oldest first.
    ///
    /// # Errors
    /// When there is no such branch.
    pub fn commits(
        &self,
        branch: &str,
        since: &str,
        paths: &[String],
    ) -> anyhow::Result<Vec<Commit>> {
        let Ok(id) = self.commit(branch) else { bail!("no revision `{branch}`") };
        let said = since;
        let since = format!("--since={said}");
        // git treats a time that it does not understand as the present time.
        let times = line(&self.top, &["rev-parse", &since, "--since=now"])?;
        if let Some((since, now)) = times.split_once('\n')
            && since == now
        {
            bail!("--since: `{said}` is no time before now, such as `90d` or `2026-01-31`");
        }
        let mut arguments = vec![
            "log",
            "--first-parent",
            "--reverse",
            "--format=%H%x09%ct%x09%s",
            &since,
            &id,
            "--",
        ];
        let paths: Vec<String> = paths.iter().map(|path| format!(":(top,literal){path}")).collect();
        arguments.extend(paths.iter().map(String::as_str));
        let listed = String::from_utf8_lossy(&git(&self.top, &arguments, None)?).into_owned();
        let commits = listed.lines().filter_map(|line| {
            let mut parts = line.splitn(3, '\t');
            Some(Commit {
                id: parts.next()?.to_owned(),
                time: parts.next()?.parse().ok()?,
                subject: parts.next().unwrap_or_default().to_owned(),
            })
        });
        Ok(commits.collect())
    }

    /// The files that differ between a revision and the working tree, by their real paths, including added
    /// and removed files, unless git ignores them.
    ///
    /// # Errors
    /// When there is no such revision.
    pub fn changed_since(&self, revision: &str) -> anyhow::Result<BTreeSet<PathBuf>> {
        let Ok(id) = self.commit(revision) else { bail!("no revision `{revision}`") };
        let diff = ["diff", "--name-only", "--no-renames", "--no-relative", "--no-ext-diff", "-z"];
        let changed = git(&self.top, &[&diff[..], &[&id, "--"]].concat(), None)?;
        let new = git(&self.top, &["ls-files", "--others", "--exclude-standard", "-z"], None)?;
        let paths = changed.split(|byte| *byte == 0).chain(new.split(|byte| *byte == 0));
        let paths = paths.filter(|path| !path.is_empty());
        Ok(paths.map(|path| self.top.join(&*String::from_utf8_lossy(path))).collect())
    }

    /// The first parent of a commit.
    pub fn parent(&self, commit: &str) -> Option<String> {
        self.commit(&format!("{commit}^1")).ok()
    }

    fn read(&self, revision: &str, store: Arc<Mutex<Store>>) -> anyhow::Result<Revision> {
        let Ok(id) = self.commit(revision) else { bail!("no revision `{revision}`") };
        let listed = git(&self.top, &["ls-tree", "-r", "-z", "--full-tree", &id], None)?;
        let mut files = BTreeMap::new();
        for entry in listed.split(|byte| *byte == 0) {
            // `100644 blob ID TAB PATH`
            let Ok(entry) = std::str::from_utf8(entry) else { continue };
            let Some((about, path)) = entry.split_once('\t') else { continue };
            let mut about = about.split(' ');
            let (mode, kind, id) = (about.next(), about.next(), about.next());
            if let (Some(mode), Some("blob"), Some(id)) = (mode, kind, id) {
                let blob = Blob { id: id.to_owned(), is_link: mode == "120000" };
                files.insert(path.to_owned(), blob);
            }
        }
        Ok(Revision { repository: self.clone(), id, files: Arc::new(files), store })
    }

    /// The folder of the repository.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The path of a file or folder inside of the repository.
    ///
    /// # Errors
    /// When the path is outside of the repository.
    pub fn inside(&self, path: &Path) -> anyhow::Result<String> {
        let here = here().unwrap_or_default();
        let whole = std::fs::canonicalize(path).unwrap_or_else(|_| cleaned(&here.join(path)));
        match whole.strip_prefix(&self.top) {
            Ok(inside) => Ok(display(inside)),
            Err(_) => bail!("{} lies outside of the repository", path.display()),
        }
    }
}

/// A path without `.` and `..`.
pub fn cleaned(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

impl Revision {
    /// The root of its repository.
    pub fn top(&self) -> &Path {
        &self.repository.top
    }

    /// The path in the working tree for a path of the revision.
    pub fn on_disk(&self, path: &str) -> PathBuf {
        self.repository.top.join(path.trim_start_matches("./"))
    }

    /// Whether a path, relative to the root of the repository, exists.
    pub fn has(&self, path: &str) -> bool {
        self.has_folder(path) || self.follow(path).is_some()
    }

    /// The nearest file with this name in a folder (or the folder of a file) or above it.
    pub fn above(&self, path: &str, name: &str) -> Option<String> {
        let mut folders = Path::new(path).ancestors().map(|folder| display(&folder.join(name)));
        folders.find(|file| self.follow(file).is_some())
    }

    /// The text of a small file.
    ///
    /// # Errors
    /// When it does not exist, is too large, or is not UTF-8.
    pub fn text(&self, path: &str) -> anyhow::Result<String> {
        let bytes = self.follow(path).and_then(|file| self.blob(&file));
        let Some(bytes) = bytes else { bail!("the revision has no file {path}") };
        if bytes.len() as u64 > super::MAX_SMALL {
            bail!("{path} is too large");
        }
        String::from_utf8(bytes).ok().with_context(|| format!("{path} is not UTF-8"))
    }

    /// A path of the revision in the form with which the names of files below it begin.
    pub fn name(&self, path: &str) -> String {
        self.display(&self.from_root(path))
    }

    /// The first letters of its id.
    pub fn short(&self) -> &str {
        &self.id[..self.id.len().min(12)]
    }

    /// A path relative to the root of the repository; `./` means the working directory, as in git.
    pub fn from_root(&self, path: &str) -> String {
        let whole = match path.strip_prefix("./").or((path == ".").then_some("")) {
            Some(rest) => format!("{}/{rest}", self.repository.prefix),
            None => path.to_owned(),
        };
        let whole = cleaned(Path::new(whole.trim_start_matches('/')));
        display(&whole)
    }

    /// A path relative to the working directory, for messages.
    fn display(&self, inside: &str) -> String {
        let here = self.repository.top.join(&self.repository.prefix);
        display(&relative(&self.repository.top.join(inside), Some(&here)))
    }

    fn blob(&self, inside: &str) -> Option<Vec<u8>> {
        let blob = self.files.get(inside)?;
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.bytes(&blob.id).map(|bytes| bytes.to_vec())
    }

    fn inside(&self, path: &Path) -> Option<String> {
        cleaned(path).strip_prefix(&self.repository.top).ok().map(display)
    }

    fn has_folder(&self, inside: &str) -> bool {
        if inside.is_empty() {
            return true;
        }
        let first = format!("{inside}/");
        self.files.range(first.clone()..).next().is_some_and(|(path, _)| path.starts_with(&first))
    }

    /// Follows links inside of the repository.
    fn follow(&self, inside: &str) -> Option<String> {
        let mut at = inside.to_owned();
        for _ in 0..MAX_LINKS {
            if !self.files.get(&at)?.is_link {
                return Some(at);
            }
            let target = String::from_utf8(self.blob(&at)?).ok()?;
            let folder = Path::new(&at).parent().unwrap_or(Path::new(""));
            let top = Path::new("/");
            let whole = cleaned(&top.join(folder).join(&target));
            at = display(whole.strip_prefix(top).ok()?);
        }
        None
    }
}

/// The maximum number of links, as in Linux.
const MAX_LINKS: usize = 40;

impl Disk for Revision {
    fn real(&self, path: &Path) -> Option<PathBuf> {
        let inside = self.inside(path)?;
        let real = match self.follow(&inside) {
            Some(file) => file,
            None => Some(inside).filter(|folder| self.has_folder(folder))?,
        };
        Some(self.repository.top.join(real))
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.inside(path).is_some_and(|inside| self.has_folder(&inside))
    }

    fn is_file(&self, path: &Path) -> bool {
        self.inside(path).is_some_and(|inside| self.follow(&inside).is_some())
    }

    fn is_link(&self, path: &Path) -> bool {
        let inside = self.inside(path);
        inside.and_then(|inside| self.files.get(&inside)).is_some_and(|blob| blob.is_link)
    }

    fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let file = self.follow(&self.inside(path)?)?;
        self.blob(&file)
    }

    fn is_repository(&self, folder: &Path) -> bool {
        folder == self.repository.top
    }

    fn kustomized(&self, root: &Path) -> BTreeSet<PathBuf> {
        let folders = self.files.keys().filter_map(|path| {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            FILE_NAMES.contains(&name).then(|| self.repository.top.join(folder))
        });
        folders.filter(|folder| folder.starts_with(root)).collect()
    }

    fn manifests(&self, root: &Path) -> Vec<PathBuf> {
        let paths = self.files.keys().map(|path| self.repository.top.join(path));
        let is_one = |path: &PathBuf| {
            let below = path.strip_prefix(root).ok().and_then(Path::parent);
            let is_hidden =
                |name: Component<'_>| name.as_os_str().as_encoded_bytes().starts_with(b".");
            below.is_some_and(|folder| !folder.components().any(is_hidden))
                && walk::has_manifest_extension(path)
                && !walk::is_kustomization(path)
        };
        paths.filter(is_one).collect()
    }
}

/// Loads files and folders of a revision, by the rules for those on disk.
///
/// # Errors
/// When a path is not in the revision.
pub fn load(
    revision: &Revision,
    paths: &[String],
    exclude: &globset::GlobSet,
    root: Option<&Path>,
    options: &Options,
) -> anyhow::Result<Loaded> {
    let units = &options.rules.units;
    let mut loaded = Loaded::default();
    let mut folders = Vec::new();
    let mut seen = BTreeSet::new();
    for (position, path) in paths.iter().enumerate() {
        let path = revision.from_root(path);
        if revision.has_folder(&path) {
            folders.push(revision.repository.top.join(&path));
            for inside in below(revision, &path) {
                let under = inside[path.len()..].trim_start_matches('/');
                take(&mut loaded, revision, position, inside, under, exclude, &mut seen);
            }
        } else if let Some(file) = revision.follow(&path)
            && seen.insert(path.clone())
        {
            let name = revision.display(&path);
            match utf8(revision.blob(&file).unwrap_or_default(), &name) {
                Ok(text) => push(&mut loaded, revision, &path, text, (Found::Named, 0)),
                Err(finding) => loaded.findings.push(finding),
            }
        }
    }
    if let Some(root) = root.filter(|_| !units.is_empty()) {
        let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
        for input in &mut loaded.inputs {
            let below = input.path.as_deref().and_then(|path| path.strip_prefix(&root).ok());
            input.below = below.map(display);
        }
    }
    let asked = folders.iter().flat_map(|folder| kustomizations::walk(revision, folder));
    let asked: Vec<PathBuf> = asked.collect();
    kustomizations::load(&mut loaded, &folders, &asked, &options.annotation, revision);
    Ok(loaded)
}

/// The paths below a folder, in the order of a walk.
fn below<'r>(revision: &'r Revision, folder: &str) -> Vec<&'r str> {
    let first = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let paths = revision.files.range(first.clone()..).map(|(path, _)| path.as_str());
    let mut paths: Vec<&str> = paths.take_while(|path| path.starts_with(&first)).collect();
    paths.sort_by_cached_key(|path| path.replace('/', "\0"));
    paths
}

fn take(
    loaded: &mut Loaded,
    revision: &Revision,
    position: usize,
    inside: &str,
    under: &str,
    exclude: &globset::GlobSet,
    seen: &mut BTreeSet<String>,
) {
    let (above, name) = under.rsplit_once('/').unwrap_or(("", under));
    let is_hidden = above.split('/').any(|folder| folder.starts_with('.'));
    let is_excluded = !exclude.is_empty()
        && Path::new(under).ancestors().filter(|a| !a.as_os_str().is_empty()).any(|part| {
            exclude.is_match(part) || part.file_name().is_some_and(|n| exclude.is_match(n))
        });
    if is_hidden || is_excluded {
        return;
    }
    if FILE_NAMES.contains(&name) {
        loaded.skipped.kustomizations += 1;
        return;
    }
    if !walk::has_manifest_extension(Path::new(name)) {
        return;
    }
    if is_chart_template(revision, inside) {
        loaded.skipped.templates += 1;
        return;
    }
    let Some(file) = revision.follow(inside) else { return };
    if !seen.insert(inside.to_owned()) {
        return;
    }
    match revision.blob(&file).map(String::from_utf8) {
        Some(Ok(text)) => {
            let depth = under.split('/').count();
            push(loaded, revision, inside, text, (Found::Walked(position), depth));
        }
        _ => loaded.skipped.binary += 1,
    }
}

/// Whether a file is below `templates` of a Helm chart.
fn is_chart_template(revision: &Revision, inside: &str) -> bool {
    let folders = Path::new(inside).ancestors().skip(1);
    folders.filter(|folder| folder.ends_with("templates")).any(|folder| {
        let chart = folder.parent().unwrap_or(Path::new("")).join("Chart.yaml");
        revision.files.contains_key(&display(&chart))
    })
}

fn push(
    loaded: &mut Loaded,
    revision: &Revision,
    inside: &str,
    text: String,
    (found, depth): (Found, usize),
) {
    let name = revision.display(inside);
    let mut folders = Path::new(inside).ancestors().skip(1);
    let kustomization = folders.find_map(|folder| {
        let names = FILE_NAMES.iter().map(|name| display(&folder.join(name)));
        names.into_iter().find(|path| revision.files.contains_key(path))
    });
    let folder = Path::new(&name).parent().map(display).unwrap_or_default();
    let input = Input {
        folder,
        kustomization: kustomization.map(|path| revision.display(&path)),
        depth,
        path: Some(revision.repository.top.join(inside)),
        ..Input::new(name, found)
    };
    loaded.push(input, Some(text.into()), None);
}
