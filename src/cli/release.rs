//! Prints the patch that removes checksums and version labels of a chart from the pod templates of a
//! release.

use super::Exit;
use super::args::Common;
use super::run::{print, start_with};
use crate::config::foreign::VersionLabels;
use crate::config::options::{Goal, Options};
use crate::config::settings::Settings;
use crate::patches::{self, ByKind};
use crate::plan::MarkMapping;
use crate::report::Verb;

/// `rollstamp patches --steady-release`: prints this patch as `spec.postRenderers` of a Flux HelmRelease.
/// It is the same for all versions of the chart.
pub(super) fn steady_release(common: &Common) -> anyhow::Result<Exit> {
    let drop_labels = |_: &Settings, options: &mut Options| {
        options.rules.foreign.version_labels = VersionLabels::Drop;
        Ok(())
    };
    let Some(mut run) = start_with(&[], common, Verb::Write, Goal::Stamp, drop_labels)? else {
        return Ok(Exit::Trouble);
    };
    run.outcome.group();
    run.say_findings()?;
    if run.outcome.refused() {
        run.say("rollstamp: refused; nothing was printed");
        return Ok(Exit::Trouble);
    }
    let manifests = &run.outcome.manifests;
    let (mut dropped, mut kept) = (ByKind::new(), ByKind::new());
    for planned in &run.outcome.plan.workloads {
        let (object, template) = (&manifests[planned.object], &manifests[planned.template]);
        // The patch names no workload, so it is only possible for kinds with one fixed place of the pod
        // template.
        let is_plain = object.id.group == "apps" && template.path.to_string() == "spec.template";
        if !template.kind.built_in || !is_plain {
            continue;
        }
        let kind = (object.id.group.to_string(), object.id.kind.to_string());
        let marks = &planned.foreign.marks;
        let goes = |on: MarkMapping, key: &str| {
            marks.iter().any(|mark| mark.on == on && mark.key == key && mark.value.is_none())
        };
        for mark in &template.marks().repairable {
            let keys =
                if goes(MarkMapping::Annotations, &mark.key) { &mut dropped } else { &mut kept };
            keys.entry(kind.clone()).or_default().annotations.insert(mark.key.clone());
        }
        for (row, _) in &template.marks().droppable {
            let keys = if goes(MarkMapping::Labels, row.name) { &mut dropped } else { &mut kept };
            keys.entry(kind.clone()).or_default().labels.insert(row.name.to_owned());
        }
    }
    // A key that one workload of a kind must keep is kept for all of that kind.
    for (kind, keys) in &mut dropped {
        if let Some(kept) = kept.get(kind) {
            keys.annotations.retain(|key| !kept.annotations.contains(key));
            keys.labels.retain(|key| !kept.labels.contains(key));
        }
    }
    print(|out| out.write_all(patches::steady_release(&dropped).as_bytes()))?;
    Ok(Exit::Clean)
}
