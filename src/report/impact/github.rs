//! Writes an impact as workflow commands at the changed keys. The syntax:
//! <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands>.

use super::{ImpactView, Locators, words};
use crate::impact::{At, Side, Workload};
use crate::report::concise::line;
use crate::report::github::{data, property};
use crate::report::plain;
use crate::text::input::Found;
use std::io::{self, Write};

/// Writes one command for each key that rolls a workload, for each workload that is stale, has no pod for a
/// while or may get stuck, and for each key that an object of Flux takes.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(view: &ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let locators = view.locators();
    for source in &view.impact.sources {
        for key in &source.keys {
            let readers = key.readers.iter().map(|&w| &view.impact.workloads[w]);
            let names = |of: fn(&Workload) -> bool| -> Vec<String> {
                let chosen = readers.clone().filter(|w| of(w));
                chosen.map(|w| w.name.to_string()).collect()
            };
            let rolled = names(|w| w.answer.replaces_pods());
            let stale = names(Workload::is_stale);
            let what = format!("{} of {} {}", key.key, source.name, key.change.name());
            if !rolled.is_empty() {
                let message = format!("{what}: rolls {}", rolled.join(" and "));
                command(view, &locators, "notice", Some(key.at), "rolls", &message, out)?;
            }
            if !stale.is_empty() {
                let message = format!("{what}: {} will not roll", stale.join(" and "));
                command(view, &locators, "warning", Some(key.at), "stale", &message, out)?;
            }
        }
    }
    for workload in view.workloads() {
        let name = &workload.name;
        if workload.is_stale()
            && let Some(held) = words::held(workload)
        {
            let message = format!("{name} keeps the old configuration: {held}");
            command(view, &locators, "warning", Some(workload.at), "stale", &message, out)?;
        }
        for trouble in words::troubles(workload) {
            let title = if workload.may_be_stuck() { "stuck" } else { "downtime" };
            let message = format!("{name}: {trouble}");
            command(view, &locators, "warning", Some(workload.at), title, &message, out)?;
        }
    }
    for reader in view.values_readers() {
        for key in &reader.keys {
            let message = format!(
                "{} of {} {}: {}: {}",
                key.key,
                key.source,
                key.change.name(),
                reader.name,
                words::values(reader)
            );
            command(view, &locators, "notice", Some(key.at), "values", &message, out)?;
        }
    }
    for object in view.indirect() {
        let message = format!("{}: {}", object.name, words::indirect(object));
        command(view, &locators, "notice", Some(object.at), "not compared", &message, out)?;
    }
    for (side, located) in view.not_compared(&locators) {
        let place = located.finding.place.map(|place| At { side, place });
        let message = format!("not compared, {}: {}", side.name(), line(&located).trim_end());
        command(view, &locators, "error", place, "not compared", &message, out)?;
    }
    let summary = words::summary(&view.impact.counts());
    command(view, &locators, "notice", None, "rollstamp impact", &summary, out)
}

fn command(
    view: &ImpactView<'_>,
    locators: &Locators<'_>,
    level: &str,
    at: Option<At>,
    title: &str,
    message: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut properties = Vec::new();
    // Only files that exist after the apply can be shown beside the lines of a pull request.
    if let Some(at) = at.filter(|at| at.side == Side::After) {
        let found = view.after.manifests[at.place.file].input.found;
        if found != Found::Stream {
            let spot = locators.spot(at);
            properties.push(format!("file={}", property(spot.file)));
            properties.push(format!("line={},col={}", spot.position.line, spot.position.column));
        }
    }
    properties.push(format!("title={}", property(title)));
    writeln!(out, "::{level} {}::{}", properties.join(","), data(&plain(message)))
}
