//! Computes the changes of stamps files and of the kustomizations that name them.

use super::Exit;
use super::args::Common;
use super::run::{print, start};
use crate::config::options::Goal;
use crate::finding::{Code, Finding, Severity};
use crate::io::overlays::{self as on_disk, ObjectPatches, Overlay};
use crate::io::{self, write};
use crate::overlays::{self, Summary};
use crate::patches::{self, Wiring};
use crate::report::Verb;
use crate::yaml::EditSet;
use anyhow::{anyhow, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A stamps file that changes, with its entry in the kustomization.
pub(super) struct StampsChange {
    /// The folder of the overlay.
    folder: String,
    /// The stamps file, or a file with objects by which controllers apply folders.
    stamps: PathBuf,
    /// The number of stamps in it.
    count: usize,
    before: Option<String>,
    after: Option<String>,
    pub(super) kustomization: PathBuf,
    text: String,
    edits: EditSet,
}

/// The changes of `strip`: it removes stamps files of rollstamp with their entries, and patches of
/// rollstamp in the objects of Flux and Argo CD.
pub(super) fn strip(paths: &[PathBuf], annotation: &str) -> (Vec<StampsChange>, Vec<Finding>) {
    let overlays = on_disk::below(paths);
    let summary = Summary::default();
    let built =
        overlays.iter().map(|overlay| BuiltOverlay { overlay, summary: &summary, shared: None });
    changes(built.map(|built| (built.overlay.path.as_path(), Some(built))), annotation, false)
}

/// The changes for overlays, each with the path of its kustomization; `None` is an overlay that was not
/// built. Overlays of one kustomization share a stamps file.
pub(super) fn changes<'a>(
    built: impl Iterator<Item = (&'a Path, Option<BuiltOverlay<'a>>)>,
    annotation: &str,
    all: bool,
) -> (Vec<StampsChange>, Vec<Finding>) {
    let mut of_file: BTreeMap<&Path, Option<Vec<BuiltOverlay<'a>>>> = BTreeMap::new();
    for (path, built) in built {
        let group = of_file.entry(path).or_insert_with(|| Some(Vec::new()));
        // The stamps of an overlay that was not built are unknown.
        *group = group.take().zip(built).map(|(mut group, built)| {
            group.push(built);
            group
        });
    }
    let (mut changes, mut findings) = (Vec::new(), Vec::new());
    let mut objects: BTreeMap<&Path, Vec<OfObject<'_>>> = BTreeMap::new();
    for group in of_file.values().flatten() {
        match change(group, annotation, all) {
            Err(finding) => findings.push(finding),
            Ok(FolderChange { file, of_objects }) => {
                changes.extend(file);
                for (built, patches) in group.iter().zip(of_objects) {
                    if let Some(object) = built.overlay.patches() {
                        let all = objects.entry(object.file.as_path()).or_default();
                        all.push((built.overlay, object, patches));
                    }
                }
            }
        }
    }
    for (file, objects) in objects {
        match in_objects(file, objects, annotation) {
            Ok(change) => changes.extend(change),
            Err(finding) => findings.push(finding),
        }
    }
    (changes, findings)
}

/// An overlay, the patches of the object that applies it, and the patches of rollstamp that these must
/// contain.
type OfObject<'a> = (&'a Overlay, &'a ObjectPatches, Vec<patches::StampPatch>);

/// The changes in a file with objects by which controllers apply folders.
fn in_objects(
    file: &Path,
    mut objects: Vec<OfObject<'_>>,
    annotation: &str,
) -> Result<Option<StampsChange>, Finding> {
    // From the end, so that the offsets before an edit stay valid.
    objects.sort_by_key(|(_, object, _)| std::cmp::Reverse(object.at));
    let Some((first, text)) = objects.first().map(|(overlay, object, _)| (*overlay, &object.text))
    else {
        return Ok(None);
    };
    let (mut after, mut count) = (text.clone(), 0);
    for (overlay, object, patches) in &objects {
        count += patches.len();
        let edit = patches::in_object(text, object.at, object.way, patches, annotation);
        let edit = edit.map_err(|why| {
            let message = format!("{}: the stamps cannot be written there: {why}", overlay.folder);
            let help = format!("write `{}` out in lines", object.way.join("."));
            refused(message, file, &help)
        })?;
        if let Some(edit) = edit {
            after.replace_range(edit.span.range(), &edit.replacement);
        }
    }
    Ok((after != *text).then(|| StampsChange {
        folder: first.folder.clone(),
        stamps: file.to_path_buf(),
        count,
        after: Some(after),
        before: Some(text.clone()),
        kustomization: first.path.clone(),
        text: first.text.clone(),
        edits: EditSet::default(),
    }))
}

/// `rollstamp patches`: writes the stamps file of one overlay from the output of its builder on the
/// standard input.
pub(super) fn patches(
    folder: &Path,
    wire: bool,
    show_diffs: bool,
    all: bool,
    common: &Common,
) -> anyhow::Result<Exit> {
    let Some(overlay) = on_disk::of(folder) else {
        bail!("{} holds no kustomization: name the folder of the overlay", folder.display());
    };
    let Some(mut run) = start(&[], common, Verb::Write, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    let summary = overlays::summary(&run.outcome);
    let built = BuiltOverlay { overlay: &overlay, summary: &summary, shared: None };
    let made = change(&[built], &run.options.annotation, all).map(|made| made.file);
    let mut lines = Vec::new();
    match made {
        Err(finding) => run.outcome.add(vec![finding]),
        Ok(None) => {}
        Ok(Some(mut change)) => {
            if !wire && !change.edits.is_empty() {
                change.edits = EditSet::default();
                run.outcome.add(vec![change.not_named()]);
            }
            if run.outcome.refused() {
                run.say("rollstamp: refused; nothing was written");
            } else if show_diffs {
                print(|out| common.output.diffs(&mut std::iter::once(change.diff()), out))?;
            } else {
                let findings = change.write();
                if findings.is_empty() {
                    lines.push(change.line());
                }
                run.outcome.add(findings);
            }
        }
    }
    run.say_findings()?;
    if !common.quiet {
        lines.iter().for_each(|line| run.say(line));
    }
    Ok(run.exit())
}

/// `rollstamp patches --for-helmrelease`: the stamps of a rendered release as patches for
/// `spec.postRenderers` of a Flux HelmRelease.
pub(super) fn for_helm_release(common: &Common) -> anyhow::Result<Exit> {
    let Some(mut run) = start(&[], common, Verb::Write, Goal::Stamp)? else {
        return Ok(Exit::Trouble);
    };
    run.say_findings()?;
    if run.outcome.refused() {
        run.say("rollstamp: refused; nothing was printed");
        return Ok(Exit::Trouble);
    }
    let needs = overlays::summary(&run.outcome).needs;
    let stamped: Vec<patches::StampPatch> = needs.into_iter().map(|need| need.patch).collect();
    let block = patches::post_renderers(&stamped, &run.options.annotation);
    let block = block.map_err(|nameless| {
        anyhow!("a {} without a name (`generateName`): no patch can name it", nameless.kind)
    })?;
    print(|out| out.write_all(block.as_bytes()))?;
    Ok(Exit::Clean)
}

/// An overlay that was built.
pub(super) struct BuiltOverlay<'a> {
    pub(super) overlay: &'a Overlay,
    pub(super) summary: &'a Summary,
    /// The stamps that shared files hold or get in this run.
    pub(super) shared: Option<&'a BTreeMap<overlays::BuiltName, Vec<patches::Stamp>>>,
}

/// The finding about a folder that controllers apply in ways that need different stamps under one name.
fn differ(built: &[BuiltOverlay<'_>], patch: &patches::StampPatch) -> Finding {
    let labels: Vec<&str> = built.iter().map(|of| of.overlay.folder.as_str()).collect();
    let folder = built.first().map(|of| of.overlay.path.with_file_name(""));
    let folder = folder.map_or_else(String::new, |folder| on_disk::name(&folder));
    let message = format!(
        "{} {} needs different stamps where {} apply {folder}, and one stamps file cannot hold both",
        patch.kind,
        patch.name,
        labels.join(" and ")
    );
    let help = "give each a folder of its own with a kustomization that includes this one";
    refused(message, built[0].overlay.file(), help)
}

/// The finding about a workload that needs its own stamp in a folder without a kustomization.
fn nowhere(overlay: &Overlay, patch: &patches::StampPatch) -> Finding {
    let message = format!(
        "{} {} needs a stamp of its own in what {} applies, and its folder has no kustomization that could name a stamps file",
        patch.kind, patch.name, overlay.folder
    );
    let help = "make a kustomization there: `kustomize create --autodetect --recursive`";
    refused(message, overlay.file(), help)
}

/// The finding about a stamp that cannot be written into a file, with its help.
fn refused(message: String, file: &Path, help: &str) -> Finding {
    Finding::new(Code::EditRefused, message).in_file(on_disk::name(file)).help(help).refusing()
}

/// The same patches with the names that patches of the objects use.
fn seen_by_patches(
    built: &[BuiltOverlay<'_>],
    mut wanted: Vec<Vec<patches::StampPatch>>,
) -> Vec<Vec<patches::StampPatch>> {
    for (of, patches) in built.iter().zip(&mut wanted) {
        for patch in patches {
            if let Some(name) = of.overlay.name_in_patches(&patch.name) {
                patch.name = name.into();
            }
        }
    }
    wanted
}

/// The changes for the overlays of one kustomization; `None` if no change is needed.
fn change(
    built: &[BuiltOverlay<'_>],
    annotation: &str,
    all: bool,
) -> Result<FolderChange, Finding> {
    let Some(overlay) = built.first().map(|built| built.overlay) else {
        return Ok(FolderChange::default());
    };
    let stamps = overlay.path.with_file_name(patches::FILE_NAME);
    let before = io::small_text(&stamps).ok();
    let entries = match &before {
        None => Vec::new(),
        Some(text) => patches::read(text, annotation).ok_or_else(|| {
            let name = on_disk::name(&stamps);
            let message = format!("{name} is not as rollstamp makes it; it is left alone");
            let help = "move what was written by hand to another file and delete this one";
            refused(message, &stamps, help)
        })?,
    };
    let wanted: Vec<Vec<patches::StampPatch>> = built
        .iter()
        .map(|of| {
            let own = of.overlay.patches();
            let mut own = own.map_or_else(Vec::new, |object| {
                patches::listed_in(&object.text, object.at, annotation)
            });
            for entry in &mut own {
                entry.name = of.overlay.built_name(&entry.name).into();
            }
            let entries: Vec<&patches::StampPatch> = entries.iter().chain(&own).collect();
            overlays::patches(of.summary, of.shared, &entries, all)
        })
        .collect();
    let summaries: Vec<&Summary> = built.iter().map(|of| of.summary).collect();
    let together = match overlays::together(wanted.clone(), &summaries) {
        Ok(patches) if overlay.has_own() => Ok(patches),
        Ok(patches) => patches.first().map_or(Ok(Vec::new()), |p| Err(nowhere(overlay, p))),
        Err(patch) => Err(differ(built, &patch)),
    };
    let can_hold = |(of, patches): (&BuiltOverlay<'_>, &Vec<patches::StampPatch>)| {
        let is_alone = |patch: &patches::StampPatch| {
            let same = |p: &&patches::StampPatch| p.kind == patch.kind && p.name == patch.name;
            patches.iter().filter(same).count() == 1
        };
        let has_name =
            |patch: &patches::StampPatch| of.overlay.name_in_patches(&patch.name).is_some();
        let is_held = |patch: &patches::StampPatch| is_alone(patch) && has_name(patch);
        patches.is_empty() || (of.overlay.patches().is_some() && patches.iter().all(is_held))
    };
    let (wanted, of_objects) = match together {
        Ok(patches) => (patches, vec![Vec::new(); built.len()]),
        Err(finding) => match built.iter().zip(&wanted).all(can_hold) {
            true => (Vec::new(), seen_by_patches(built, wanted)),
            false => return Err(finding),
        },
    };
    if !overlay.has_own() {
        return Ok(FolderChange { file: None, of_objects });
    }
    let after = match wanted.is_empty() {
        true => None,
        false => Some(patches::write(&wanted, annotation).map_err(|nameless| {
            let message = format!(
                "a {} without a name (`generateName`) has no stamp, and no patch can name it",
                nameless.kind
            );
            Finding::new(Code::EditRefused, message)
                .in_file(on_disk::name(&overlay.path))
                .help("give it a name, or stamp what the builder prints: `… | rollstamp`")
        })?),
    };
    let wiring = match after {
        Some(_) => patches::wire(&overlay.text, patches::FILE_NAME),
        None => patches::unwire(&overlay.text, patches::FILE_NAME),
    };
    let wiring = wiring.map_err(|refusal| {
        let name = on_disk::name(&overlay.path);
        let at = crate::text::position(&overlay.text, refusal.at.start as usize);
        let message = format!(
            "{name}:{}:{}: `transformers` cannot be edited: {}",
            at.line, at.column, refusal.message
        );
        let help = format!("name {} there by hand as the last transformer", patches::FILE_NAME);
        refused(message, &overlay.path, &help)
    })?;
    let edits = match wiring {
        Wiring::Done => EditSet::default(),
        Wiring::Edit(edit) => EditSet::new(vec![edit]).unwrap_or_default(),
    };
    // A checkout may have other line ends.
    let same = |text: &String| text.replace("\r\n", "\n");
    let is_same = before.as_ref().map(same) == after.as_ref().map(same);
    if is_same && edits.is_empty() {
        return Ok(FolderChange { file: None, of_objects });
    }
    let change = StampsChange {
        folder: overlay.folder.clone(),
        stamps,
        count: wanted.len(),
        after: if is_same { before.clone() } else { after },
        before,
        kustomization: overlay.path.clone(),
        text: overlay.text.clone(),
        edits,
    };
    Ok(FolderChange { file: Some(change), of_objects })
}

/// The changes for the overlays of one kustomization.
#[derive(Default)]
struct FolderChange {
    /// The stamps file.
    file: Option<StampsChange>,
    /// For each overlay, the patches that the object which applies it must hold.
    of_objects: Vec<Vec<patches::StampPatch>>,
}

impl StampsChange {
    /// Writes the change: a new file is written before its entry, and an entry is removed before its file,
    /// so that no kustomization ever names a missing file.
    pub(super) fn write(&self) -> Vec<Finding> {
        let file = || {
            let name = on_disk::name(&self.stamps);
            write::file(&self.stamps, &name, self.before.as_deref(), self.after.as_deref())
        };
        let entry = || {
            let name = on_disk::name(&self.kustomization);
            write::all(&[write::Replacement {
                path: &self.kustomization,
                name: &name,
                before: &self.text,
                edits: &self.edits,
                kind: write::WriteGroup::Alone,
            }])
            .1
        };
        let mut findings = Vec::new();
        if self.after.is_some() {
            findings.extend(file());
            if findings.is_empty() && !self.edits.is_empty() {
                findings.extend(entry());
            }
        } else {
            if !self.edits.is_empty() {
                findings.extend(entry());
            }
            if findings.is_empty() {
                findings.extend(file());
            }
        }
        findings
    }

    /// A line for people: `overlays/prod/stamps.rollstamp.yaml: 2 stamps, named in kustomization.yaml`.
    pub(super) fn line(&self) -> String {
        let name = on_disk::name(&self.stamps);
        let kustomization = self.kustomization.file_name().unwrap_or_default().to_string_lossy();
        let (what, entry) = match &self.after {
            None => ("removed".to_owned(), "and its entry in"),
            Some(_) => (crate::report::count(self.count, "stamp"), "named in"),
        };
        match self.edits.is_empty() {
            true => format!("{name}: {what}"),
            false => format!("{name}: {what}, {entry} {kustomization}"),
        }
    }

    /// The finding of `patches` without `--wire`.
    fn not_named(&self) -> Finding {
        let name = on_disk::name(&self.kustomization);
        let mut finding = match self.after {
            Some(_) => Finding::new(
                Code::UnwiredPatches,
                format!(
                    "{name} does not name {}, so its stamps have no effect",
                    patches::FILE_NAME
                ),
            )
            .help("add --wire, or name it there by hand as the last entry of `transformers`"),
            None => Finding::new(
                Code::UnwiredPatches,
                format!("{name} names {}, which holds no stamp any more", patches::FILE_NAME),
            )
            .help("add --wire, or take the entry out of `transformers` by hand"),
        };
        finding = finding.in_file(name);
        finding.severity = Severity::Warning;
        finding
    }

    /// The finding of `check`.
    pub(super) fn finding(&self) -> Finding {
        let name = on_disk::name(&self.stamps);
        let (code, message) = match (&self.before, &self.after) {
            (Some(_), None) => {
                (Code::OrphanPatches, format!("{name} has stamps that no workload needs"))
            }
            (Some(before), Some(after)) if before == after => (
                Code::UnwiredPatches,
                format!("{} does not name {}", self.folder, patches::FILE_NAME),
            ),
            (Some(_), _) => {
                (Code::OrphanPatches, format!("{name} has other stamps than it should have"))
            }
            (None, _) => {
                (Code::UnwiredPatches, format!("{} needs a {}", self.folder, patches::FILE_NAME))
            }
        };
        Finding::new(code, message)
            .in_file(name)
            .help("run `rollstamp write --build` with the same builder and paths")
    }

    /// The change as a unified diff without context, because a kustomization can hold values of Secrets.
    pub(super) fn diff(&self) -> String {
        let mut diff = String::new();
        let before = self.before.as_deref().unwrap_or_default();
        let after = self.after.as_deref().unwrap_or_default();
        let exists = (self.before.is_some(), self.after.is_some());
        diff += &crate::report::diff::of_texts(&on_disk::name(&self.stamps), before, after, exists);
        let wired = self.edits.apply(&self.text);
        let name = on_disk::name(&self.kustomization);
        diff += &crate::report::diff::of_texts(&name, &self.text, &wired, (true, true));
        diff
    }
}
