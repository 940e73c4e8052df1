//! Replaces the loaded files by the output of the overlays that are built from them.

use super::builds::failed;
use crate::finding::Finding;
use crate::impact::NamedRoots;
use crate::io::builds::Builder;
use crate::io::files;
use crate::io::overlays::{self as on_disk, FileDigests, Overlay};
use crate::io::progress::Progress;
use crate::outcome::Outcome;
use crate::overlays;
use crate::parallel;
use crate::process::Loaded;
use crate::text::input::{Found, Input, Skipped};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The overlays of one state, each with its name in reports.
pub(super) struct Overlays(Vec<(String, Overlay)>);

impl Overlays {
    /// The overlays below these paths of the file system.
    pub(super) fn below(paths: &[PathBuf]) -> Self {
        let found = on_disk::below(paths).into_iter();
        Self(found.map(|overlay| (overlay.folder.clone(), overlay)).collect())
    }

    /// The overlays below paths of a folder that stands for another one (a revision); `name` returns the
    /// name of a path below `root` in reports.
    pub(super) fn inside(root: &Path, paths: &[String], name: impl Fn(&str) -> String) -> Self {
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let named = |overlay: Overlay| {
            let inside = overlay.path.parent().and_then(|folder| folder.strip_prefix(root).ok());
            let inside = inside.map(files::name).unwrap_or_default();
            let name = name(&inside);
            (if name.is_empty() { ".".to_owned() } else { name }, overlay)
        };
        Self(on_disk::below(&paths).into_iter().map(named).collect())
    }

    /// The number of overlays.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Removes, on both sides, the overlays that read the same bytes, if the builder reads nothing else.
    /// Names are compared relative to the named paths. Returns the number of removed overlays.
    pub(super) fn without_same(
        sides: (&mut Self, &mut Self),
        roots: (&NamedRoots, &NamedRoots),
        builder: &Builder,
    ) -> usize {
        if builder.version().is_none() {
            return 0;
        }
        let digests = |side: &Self, roots: &NamedRoots| -> BTreeMap<String, [u8; 32]> {
            let mut digests = FileDigests::default();
            let all = side.0.iter();
            all.filter_map(|(name, overlay)| Some((roots.below(name), digests.of(overlay)?)))
                .collect()
        };
        let (old, new) = (digests(sides.0, roots.0), digests(sides.1, roots.1));
        let same: BTreeSet<&String> = old
            .iter()
            .filter(|(name, digest)| new.get(*name) == Some(digest))
            .map(|(n, _)| n)
            .collect();
        sides.0.0.retain(|(name, _)| !same.contains(&roots.0.below(name)));
        sides.1.0.retain(|(name, _)| !same.contains(&roots.1.below(name)));
        same.len()
    }

    /// Builds all overlays, and replaces the loaded texts: one input for each build, with the name of its
    /// folder. The loaded files stay, so that findings can point at them. Returns the names of the overlays
    /// that do not build.
    pub(super) fn build(
        &self,
        builder: &Builder,
        loaded: &mut Loaded,
        jobs: usize,
    ) -> BTreeSet<String> {
        let mut without = BTreeSet::new();
        for input in &mut loaded.inputs {
            input.found = Found::Context;
        }
        loaded.findings.clear();
        loaded.skipped = Skipped::default();
        let progress = Progress::new(self.0.len(), "overlays");
        let built = parallel::map(self.0.len(), jobs, |at| {
            let built = self.0[at].1.printed(builder).map(|printed| printed.text);
            progress.step();
            built
        });
        for ((name, overlay), built) in self.0.iter().zip(built) {
            match built {
                Ok(text) => {
                    let input = Input {
                        folder: name.clone(),
                        depth: 1,
                        ..Input::new(name, Found::Walked(0))
                    };
                    loaded.push(input, Some(text.into()), None);
                }
                Err(failure) => {
                    without.insert(name.clone());
                    let file = overlay.path.file_name().unwrap_or_default().to_string_lossy();
                    let file = format!("{name}/{file}");
                    loaded.findings.push(failed(builder, name, &file, &failure));
                }
            }
        }
        without
    }
}

/// Leaves out the builds of overlays that do not build on the other side: their workloads are neither new
/// nor gone. `other` has the names of these overlays relative to the named paths.
pub(super) fn leave_out(loaded: &mut Loaded, roots: &NamedRoots, other: &BTreeSet<String>) {
    let built = loaded.inputs.iter_mut().filter(|input| input.found == Found::Walked(0));
    for input in built.filter(|input| other.contains(&roots.below(&input.folder))) {
        input.found = Found::Context;
    }
}

/// Changes the places of findings about builds to the source files of the objects, if these are known.
pub(super) fn point_at_files(outcome: &mut Outcome) {
    let mut findings: Vec<Finding> = std::mem::take(&mut outcome.findings);
    for finding in &mut findings {
        let Some(place) = finding.place else { continue };
        if let Some(written) = overlays::written(outcome, place, None) {
            finding.place = Some(written);
            finding.quotable = false;
            finding.related.clear();
        }
    }
    outcome.findings = findings;
}
