//! Finds all files of the apply units that the configuration declares, including those that the command
//! line does not name: the named paths must not change a stamp.

use super::walk::{FileKind, Surroundings, walk};
use super::{display, here, relative, utf8};
use crate::config::policy::DeclaredUnit;
use crate::process::Loaded;
use crate::text::input::{Found, Input};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Records the path of each text relative to `root`, the folder of the configuration, and loads the other
/// files of the units of these texts.
pub(super) fn load(
    loaded: &mut Loaded,
    root: &Path,
    units: &[DeclaredUnit],
    exclude: &globset::GlobSet,
    surroundings: &mut Surroundings,
    jobs: usize,
) {
    let Some(root) = super::real(root) else { return };
    let mut there: BTreeSet<PathBuf> = BTreeSet::new();
    for input in &mut loaded.inputs {
        let Some(real) = input.path.as_deref().and_then(real_name) else { continue };
        input.below = real.strip_prefix(&root).ok().map(display);
        there.insert(real);
    }
    let is_touched = |unit: &&DeclaredUnit| {
        let mut below = loaded.inputs.iter().filter_map(|i| i.below.as_deref());
        below.any(|path| unit.files.is_match(path))
    };
    let touched: Vec<&DeclaredUnit> = units.iter().filter(is_touched).collect();
    if touched.is_empty() {
        return;
    }
    let here = here();
    // A folder that cannot be read has no files that a walk over it would find either.
    for met in walk(&root, exclude, surroundings, jobs).into_iter().flatten() {
        let below = met.path.strip_prefix(&root).ok().map(display);
        let Some(below) = below.filter(|_| met.kind == FileKind::Candidate) else { continue };
        let is_held =
            |unit: &&DeclaredUnit| unit.files.is_match(&below) || unit.also.is_match(&below);
        if !touched.iter().any(is_held) || there.contains(&met.path) {
            continue;
        }
        let name = display(&relative(&met.path, here.as_deref()));
        let read = std::fs::read(&met.path).map(|bytes| utf8(bytes, &name));
        let Ok(Ok(text)) = read else { continue };
        let folder = Path::new(&name).parent().unwrap_or(Path::new(""));
        let input = Input {
            folder: display(folder),
            path: Some(met.path),
            kustomization: met.kustomization,
            below: Some(below),
            ..Input::new(name.as_str(), Found::Context)
        };
        loaded.push(input, Some(text.into()), None);
    }
}

/// The real folder of a path, joined with its own name: a link counts at its own place.
pub(super) fn real_name(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
    let folder = super::real(folder.unwrap_or(Path::new(".")))?;
    Some(folder.join(path.file_name()?))
}
