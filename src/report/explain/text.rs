//! The explanation for people: one block for each workload, with its sources in order; sources that do not
//! count come last.

use super::layout::{self, Layout, Row, Shown};
use super::{Explained, NamedReference, explained, named_keys, overlay, taken, taken_keys, words};
use crate::extract::{Reference, Source, SourceId};
use crate::k8s::sites::SiteRoot;
use crate::outcome::Outcome;
use crate::plan::{CountedRead, Decision, Reason, State, TakenValues, missing_keys};
use crate::report::impact::words::overlays as of_overlays;
use crate::report::locator::Locator;
use crate::report::phrase::listed;
use crate::report::{ExplainView, count, plain};
use crate::text::Place;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The number of keys of a list that are shown, unless all are requested.
const FEW: usize = 8;

/// Explains the chosen workloads.
pub(in crate::report) fn write(asked: &ExplainView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let view = &asked.view;
    let writer = Writer {
        outcome: view.outcome,
        locator: view.locator(),
        few: if view.show_all { usize::MAX } else { FEW },
        layout: Layout { colour: view.colour },
    };
    let workloads = explained(asked);
    let workloads = workloads.iter().map(|explained| {
        let file = explained.object.place.file;
        (writer.workload(explained), overlay(view.outcome, file))
    });
    let readers = taken(asked);
    let readers = readers
        .iter()
        .map(|taken| (writer.values_reader(taken), overlay(view.outcome, taken.file)));
    // A block that is equal in several overlays is written once.
    let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (block, overlay) in workloads.chain(readers) {
        let same = overlay.and_then(|_| known.get(&block).copied());
        let at = same.unwrap_or(blocks.len());
        if same.is_none() {
            known.insert(block.clone(), at);
            blocks.push((block, Vec::new()));
        }
        blocks[at].1.extend(overlay.map(str::to_owned));
    }
    for (i, (block, overlays)) in blocks.iter().enumerate() {
        if i > 0 {
            out.write_all(b"\n")?;
        }
        let (head, rest) = block.split_once('\n').unwrap_or((block, ""));
        writeln!(out, "{head}")?;
        if let Some(overlays) = of_overlays(overlays, view.show_all) {
            writeln!(out, "  {}", plain(&overlays))?;
        }
        out.write_all(rest.as_bytes())?;
    }
    Ok(())
}

struct Writer<'a> {
    outcome: &'a Outcome,
    locator: Locator<'a>,
    few: usize,
    layout: Layout,
}

/// The references of a workload to one name.
struct Group<'a> {
    name: String,
    /// The source whose entries count.
    counted: Option<SourceId>,
    reads: Vec<(NamedReference<'a>, &'a Reason)>,
}

impl<'a> Writer<'a> {
    fn workload(&self, view: &Explained<'a>) -> String {
        let object = view.object;
        let mut head = self.layout.bold(&plain(&object.id.to_string()));
        if let Some(path) = &view.path {
            head.push_str(&format!(" {}", plain(path)));
        }
        let place = self.locator.line(object.place_of_name());
        let mut out = format!("{head}  {}\n", plain(&place));
        out.push_str(&self.state(view));
        let (counted, others): (Vec<Group<'_>>, Vec<Group<'_>>) =
            groups(view).into_iter().partition(|g| g.counted.is_some());
        if !counted.is_empty() {
            let keys = counted.iter().map(|g| read(g).len()).sum();
            let head = match view.decision() {
                Decision::Stamp { .. } => "in the stamp",
                _ => "read",
            };
            let (keys, sources) = (count(keys, "key"), count(counted.len(), "source"));
            out.push_str(&format!("  {head}: {keys} of {sources}\n"));
            let shown = counted.iter().filter_map(|g| self.counted(view, g));
            self.layout.sources(&mut out, &shown.collect::<Vec<_>>());
        }
        let undecided = self.undecided(view);
        if !undecided.is_empty() {
            out.push_str("  named, as its file says:\n");
            self.layout.sources(&mut out, &undecided);
        }
        if !others.is_empty() {
            out.push_str(match counted.as_slice() {
                [] => "  named, but not counted:\n",
                _ => "  not counted:\n",
            });
            let shown = others.iter().map(|g| self.other(view, g));
            self.layout.sources(&mut out, &shown.collect::<Vec<_>>());
        }
        out
    }

    fn state(&self, view: &Explained<'a>) -> String {
        let present = plain(view.template.present().unwrap_or("unreadable"));
        let state = match view.decision() {
            Decision::LeftAlone(_) | Decision::Ignored => "left alone".to_owned(),
            Decision::Stamp { value, state } => match state {
                State::Missing => format!("missing, must be {value}"),
                State::Stale => format!("stale, must be {value}\n                but is {present}"),
                State::Current => format!("up to date, {value}"),
            },
            Decision::None { left_over: true } => "left over, must go".to_owned(),
            Decision::Unverifiable { present: true } => format!("stays {present}"),
            Decision::None { left_over: false }
            | Decision::Unverifiable { present: false }
            | Decision::NotStamped => "none".to_owned(),
            Decision::Refused => "refused".to_owned(),
        };
        match words::state(view) {
            None => format!("  stamp: {state}\n"),
            Some(why) if matches!(view.decision(), Decision::Stamp { .. }) => {
                format!("  stamp: {state}\n         {}\n", plain(&why))
            }
            Some(why) => layout::wrapped(&plain(&format!("stamp: {state}; {why}")), 2),
        }
    }

    /// A source that counts, with the keys that are read.
    fn counted(&self, view: &Explained<'_>, group: &Group<'_>) -> Option<Shown> {
        let at = group.counted?;
        let provider = self.outcome.manifests.owner(at);
        let source = &self.outcome.manifests[at];
        let mut said = self.locator.line(provider.place_of_name());
        if provider.id.kind != source.target.name() {
            said.push_str(&format!(", from {}", provider.id));
        }
        let mut notes: Vec<String> =
            words::flaws(source).into_iter().map(|flaw| format!("refused: {flaw}")).collect();
        let rows = group.reads.iter().map(|(reference, reason)| {
            let said = match reason {
                Reason::Counted(counted) => {
                    let mut keys = names(source, &counted.entries);
                    if keys.is_empty() {
                        keys.extend(counted.missing.iter().map(String::as_str));
                    }
                    let keys = self.listed(&keys);
                    let why = words::why(reference, counted, source);
                    if keys.is_empty() { why } else { format!("{keys} ({why})") }
                }
                _ => format!("nothing: {}", self.why_not(reference, reason)),
            };
            self.row(view, reference, said)
        });
        let mut read = read(group);
        let ignored: BTreeSet<usize> =
            counted(group).flat_map(|c| c.ignored.iter().copied()).collect();
        if !ignored.is_empty() {
            let ignored: Vec<usize> = ignored.iter().copied().collect();
            notes.push(words::left_out(source, &ignored, &self.listed(&names(source, &ignored))));
        }
        read.extend(ignored);
        let unread: Vec<usize> = (0..source.entries.len()).filter(|i| !read.contains(i)).collect();
        if !unread.is_empty() {
            let unread = self.listed(&names(source, &unread));
            notes.push(format!("not read: {unread}"));
        }
        Some(Shown { name: group.name.clone(), said, rows: rows.collect(), notes })
    }

    /// A source that does not count, with the reason: once, if it is the same for all references.
    fn other(&self, view: &Explained<'_>, group: &Group<'_>) -> Shown {
        let whys: Vec<String> =
            group.reads.iter().map(|(reference, reason)| self.why_not(reference, reason)).collect();
        let same = whys.iter().all(|why| *why == whys[0]);
        let places = group.reads.iter().filter_map(|(_, reason)| match reason {
            Reason::Filled(_) => None,
            _ => reason.source(),
        });
        let place = places
            .map(|at| self.locator.line(self.outcome.manifests.owner(at).place_of_name()))
            .next();
        let why = same.then(|| whys[0].clone());
        let said: Vec<String> = place.into_iter().chain(why).collect();
        let rows = group.reads.iter().zip(&whys).map(|((reference, _), why)| {
            let keys = self.listed(&named_keys(reference));
            let said = match (keys.as_str(), same) {
                (_, true) => keys,
                ("", false) => why.clone(),
                (_, false) => format!("{keys} ({why})"),
            };
            self.row(view, reference, said)
        });
        Shown {
            name: group.name.clone(),
            said: said.join(", "),
            rows: rows.collect(),
            notes: Vec::new(),
        }
    }

    /// An object of Flux, and the sources of its values.
    fn values_reader(&self, taken: &TakenValues) -> String {
        let manifests = &self.outcome.manifests;
        let reader = taken.reader(manifests);
        let place = |span| Place { file: taken.file, span };
        let head = self.layout.bold(&plain(&reader.id.to_string()));
        let at = self.locator.line(place(reader.name_span));
        let mut out = format!("{head}  {}\n", plain(&at));
        out.push_str(&format!("  values: {}\n", words::made_of_values(reader)));
        let shown = taken.references(manifests).map(|(reference, means)| {
            let mut said = words::meant_source(reference, means, reader, &self.locator);
            let mut notes = Vec::new();
            let mut keys = Vec::new();
            let source = means.one().map(|at| &manifests[at]);
            if let Some((at, source)) = means.one().zip(source) {
                keys = taken_keys(reference, source);
                let unread = source.entries.iter().map(|entry| entry.key.as_str());
                let unread: Vec<&str> = unread.filter(|key| !keys.contains(key)).collect();
                if !unread.is_empty() {
                    notes.push(format!("not read: {}", self.listed(&unread)));
                }
                let line = self.locator.line(manifests.owner(at).place_of_name());
                said = format!("{line}, {said}");
            }
            let wanted = reference.keys();
            let is_missing = source
                .is_some_and(|of| !of.filled_in_cluster && !missing_keys(&wanted, of).is_empty());
            let said_of_keys = match (&reference.key, keys.as_slice()) {
                (Some(key), _) if is_missing => format!("{key} (not there)"),
                (Some(key), _) if source.is_some_and(|of| of.whole) => {
                    format!("{key} ({})", words::MIXED)
                }
                (Some(key), _) => key.to_string(),
                (None, []) => "all keys".to_owned(),
                (None, keys) => format!("{} (all keys)", self.listed(keys)),
            };
            let line = self.locator.position(place(reference.at)).line;
            let row = Row {
                line: format!("line {line}"),
                said: said_of_keys,
                site: reader.field.to_owned(),
            };
            let name = format!("{} {}", reference.target.name(), reference.name);
            Shown { name, said, rows: vec![row], notes }
        });
        self.layout.sources(&mut out, &shown.collect::<Vec<_>>());
        out
    }

    /// The sources that a workload names if its stamp was not decided.
    fn undecided(&self, view: &Explained<'a>) -> Vec<Shown> {
        let mut shown: Vec<Shown> = Vec::new();
        for reference in view.undecided() {
            let name = format!("{} {}", reference.site.target.name(), reference.name);
            let row = self.row(view, &reference, self.listed(&named_keys(&reference)));
            match shown.iter_mut().find(|source| source.name == name) {
                Some(source) => source.rows.push(row),
                None => shown.push(Shown {
                    name,
                    said: String::new(),
                    rows: vec![row],
                    notes: Vec::new(),
                }),
            }
        }
        shown
    }

    fn why_not(&self, reference: &Reference, reason: &Reason) -> String {
        words::why_not(reference, reason, &self.locator).unwrap_or_default()
    }

    fn row(&self, view: &Explained<'_>, reference: &NamedReference<'_>, said: String) -> Row {
        let line = self.locator.position(view.place(reference)).line;
        Row {
            line: format!("line {line}"),
            said,
            site: words::site(
                &reference.site,
                &reference.spot,
                reference.name,
                one_container(view),
            ),
        }
    }

    fn listed(&self, keys: &[&str]) -> String {
        listed(keys, self.few)
    }
}

/// The references by the name of their source, in the order of the text.
fn groups<'a>(view: &Explained<'a>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (reference, reason) in view.reads() {
        let name = format!("{} {}", reference.site.target.name(), reference.name);
        let at = match groups.iter().position(|g| g.name == name) {
            Some(at) => at,
            None => {
                groups.push(Group { name, counted: None, reads: Vec::new() });
                groups.len() - 1
            }
        };
        if let Reason::Counted(counted) = reason {
            groups[at].counted = Some(counted.source);
        }
        groups[at].reads.push((reference, reason));
    }
    groups
}

fn counted<'g>(group: &'g Group<'_>) -> impl Iterator<Item = &'g CountedRead> {
    group.reads.iter().filter_map(|(_, reason)| match reason {
        Reason::Counted(counted) => Some(&**counted),
        _ => None,
    })
}

/// The entries of a group that count.
fn read(group: &Group<'_>) -> BTreeSet<usize> {
    counted(group).flat_map(|c| c.entries.iter().copied()).collect()
}

fn names<'s>(source: &'s Source, entries: &[usize]) -> Vec<&'s str> {
    entries.iter().map(|&i| source.entries[i].key.as_str()).collect()
}

/// Whether only one container reads sources, so that its name need not be shown for a mount.
fn one_container(view: &Explained<'_>) -> bool {
    let mut containers = BTreeSet::new();
    for reference in view.references() {
        if reference.site.under == SiteRoot::Container {
            containers.insert((reference.spot.list, reference.spot.owner.as_str()));
        }
        let mounts = reference.spot.mounts.iter();
        containers.extend(mounts.map(|m| (m.list, m.container.as_str())));
    }
    containers.len() < 2
}
