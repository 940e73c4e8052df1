//! Writes an impact for a terminal: the most urgent answers first, one block for each answer.

use super::words::{self, Line};
use super::{ImpactView, Locators};
use crate::impact::graph::{Graph, Layer};
use crate::impact::{Answer, Impact, IndirectChange, Namesakes, Silent, SourceChange, Workload};
use crate::report::plain;
use std::borrow::Cow;
use std::io::{self, Write};

/// Writes the whole impact.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(view: &ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let locators = view.locators();
    let namesakes = view.impact.namesakes();
    let page = Page { view, locators: &locators, namesakes: &namesakes };
    writeln!(out, "{}", words::summary(&view.impact.counts()))?;
    if let Some(savings) = words::savings(&view.impact.savings(), &view.impact.counts()) {
        writeln!(out, "{savings}")?;
    }
    if let Some(unknown) = words::unknown(&view.impact.counts()) {
        writeln!(out, "{unknown}")?;
    }
    for (answer, head, style) in BLOCKS {
        let workloads: Vec<&Workload> = view.workloads().filter(|w| w.answer == *answer).collect();
        if workloads.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", page.styled(head, style))?;
        let names = workloads.iter().map(|w| w.name.to_string().chars().count()).max();
        for workload in workloads {
            out.write_all(page.workload(workload, names.unwrap_or(0)).as_bytes())?;
        }
    }
    page.values(out)?;
    page.indirect(out)?;
    page.quiet(out)
}

/// Writes a graph as lists: each source, its keys, and the workloads that read each key.
///
/// # Errors
/// When `out` cannot be written to.
pub fn graph(graph: &Graph, out: &mut dyn Write) -> io::Result<()> {
    let mut right_of = vec![Vec::new(); graph.nodes.len()];
    for &(from, to) in &graph.edges {
        right_of[from].push(to);
    }
    let label = |node: usize| plain(&graph.nodes[node].label);
    for (i, node) in graph.nodes.iter().enumerate().filter(|(_, n)| n.layer == Layer::Source) {
        writeln!(out, "{}", plain(&node.label))?;
        for &next in &right_of[i] {
            if graph.nodes[next].layer == Layer::Workload {
                writeln!(out, "  -> {}", label(next))?;
                continue;
            }
            let readers = right_of[next].iter().map(|&reader| label(reader));
            let readers: Vec<Cow<'_, str>> = readers.collect();
            match readers.is_empty() {
                true => writeln!(out, "  {}", label(next))?,
                false => writeln!(out, "  {} -> {}", label(next), readers.join(", "))?,
            }
        }
    }
    Ok(())
}

/// The blocks in order, each with its heading and its ANSI style. A workload that stays although its pod
/// template changed is in the block of quiet ones.
const BLOCKS: &[(Answer, &str, &str)] = &[
    (Answer::Stale, "STALE: pods keep the old configuration", "1;31"),
    (Answer::Rolls, "ROLLS: what its pods read changed", "1;33"),
    (Answer::Template, "ROLLS: its pod template changed", "1;33"),
    (Answer::Needless, "NEEDLESS: rolls, and nothing that it reads changed", "1;35"),
    (Answer::Once, "ONCE: rolls for its stamp", "1;36"),
    (Answer::New, "NEW", "1;32"),
    (Answer::Gone, "GONE", "1;32"),
];

struct Page<'v, 'a> {
    view: &'v ImpactView<'a>,
    locators: &'v Locators<'a>,
    namesakes: &'v Namesakes<'a>,
}

impl Page<'_, '_> {
    fn styled(&self, text: &str, style: &str) -> String {
        match self.view.colour {
            true => format!("\u{1b}[{style}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn workload(&self, workload: &Workload, names: usize) -> String {
        let name = plain(&workload.name.to_string()).into_owned();
        let pad = " ".repeat(names.saturating_sub(name.chars().count()));
        let pods = workload.disruption.as_ref().map(|d| words::pods(d, &workload.name.name));
        let pods = pods.filter(|_| workload.answer.replaces_pods()).unwrap_or_default();
        let head = format!("  {}{pad}  {pods}", self.styled(&name, "1"));
        let mut text = format!("{}\n", head.trim_end());
        let all = self.view.show_all;
        if let Some(place) = words::place(&workload.overlays, self.namesakes.unit(workload), all) {
            text.push_str(&self.folded(&plain(&place), 4));
        }
        for trouble in words::troubles(workload) {
            text.push_str(&self.folded(&self.styled(&plain(&trouble), "31"), 4));
        }
        if let Some(held) = words::held(workload) {
            text.push_str(&self.folded(&held, 4));
        }
        if workload.is_resumed {
            text.push_str(&self.folded(words::RESUMED, 4));
        }
        if workload.is_unknown {
            let why = "what overlays make of it is not known";
            text.push_str(&self.folded(why, 4));
        }
        text.push_str(&self.lines(&plain_lines(words::lines(workload))));
        if self.view.show_all {
            let notes = workload.disruption.as_ref().map(words::notes).unwrap_or_default();
            text.extend(notes.iter().map(|note| self.folded(&plain(note), 4)));
        }
        text
    }

    /// Reasons in columns, if the terminal is wide enough.
    fn lines(&self, lines: &[Line]) -> String {
        let widest = |of: fn(&Line) -> &str, most: usize| {
            let widths = lines.iter().map(|line| of(line).chars().count());
            widths.filter(|width| *width <= most).max().unwrap_or(0)
        };
        let (head, said) = (widest(|l| &l.head, 40), widest(|l| &l.said, 40));
        let site = widest(|l| &l.site, 60);
        let mut text = String::new();
        for line in lines {
            let place = line.at.map(|at| self.locators.spot(at));
            let place = place
                .map(|spot| format!("{}:{}", plain(spot.file), spot.position.line))
                .unwrap_or_default();
            let whole = format!(
                "    {:head$}  {:said$}  {:site$}  {place}",
                line.head, line.said, line.site
            );
            if whole.trim_end().chars().count() <= self.view.width {
                text.push_str(whole.trim_end());
                text.push('\n');
                continue;
            }
            text.push_str(&self.folded(&format!("{}: {}", line.head, line.said), 4));
            let rest = [line.site.as_str(), &place].into_iter().filter(|part| !part.is_empty());
            let rest = rest.collect::<Vec<_>>().join(", ");
            if !rest.is_empty() {
                text.push_str(&self.folded(&rest, 6));
            }
        }
        text
    }

    /// A text with a margin, in lines as wide as the terminal.
    fn folded(&self, text: &str, margin: usize) -> String {
        let mut folded = String::new();
        let mut width = 0;
        for word in text.split(' ') {
            let length = word.chars().filter(|c| !c.is_control()).count();
            if width > 0 && width + 1 + length > self.view.width {
                folded.push('\n');
                width = 0;
            }
            if width == 0 {
                folded.push_str(&" ".repeat(margin));
                width = margin + length;
            } else {
                folded.push(' ');
                width += 1 + length;
            }
            folded.push_str(word);
        }
        folded.push('\n');
        folded
    }

    /// The objects of Flux that take changed values.
    fn values(&self, out: &mut dyn Write) -> io::Result<()> {
        let readers = self.view.values_readers();
        if readers.is_empty() {
            return Ok(());
        }
        let head = "VALUES: Flux takes changed values, and renders them in the cluster";
        writeln!(out, "\n{}", self.styled(head, "1;33"))?;
        for reader in readers {
            let mut text = format!("  {}\n", self.styled(&plain(&reader.name.to_string()), "1"));
            if let Some(overlays) = words::overlays(&reader.overlays, self.view.show_all) {
                text.push_str(&self.folded(&plain(&overlays), 4));
            }
            text.push_str(&self.folded(&plain(&words::values(reader)), 4));
            text.push_str(&self.lines(&plain_lines(words::taken(reader))));
            out.write_all(text.as_bytes())?;
        }
        Ok(())
    }

    /// The objects of which it is not known what their controllers make.
    fn indirect(&self, out: &mut dyn Write) -> io::Result<()> {
        let objects = self.view.indirect();
        if objects.is_empty() {
            return Ok(());
        }
        let head = "NOT COMPARED: controllers make other objects of these in the cluster";
        writeln!(out, "\n{}", self.styled(head, "1;33"))?;
        let line = |object: &IndirectChange| Line {
            head: object.name.to_string(),
            said: words::indirect_change(object, self.view.show_all),
            site: String::new(),
            at: Some(object.at),
        };
        out.write_all(self.lines(&plain_lines(objects.iter().map(line).collect())).as_bytes())?;
        Ok(())
    }

    /// The changed sources that roll no workload, with the reason.
    fn quiet(&self, out: &mut dyn Write) -> io::Result<()> {
        let Impact { sources, .. } = self.view.impact;
        if !self.view.only.is_empty() && !self.view.only.contains(&Answer::Quiet) {
            return Ok(());
        }
        let changed =
            |w: &&Workload| w.answer == Answer::Quiet && (w.is_resumed || !w.reasons.is_empty());
        let held: Vec<&Workload> = self.view.workloads().filter(changed).collect();
        let shown = |source: &&SourceChange| match source.silent {
            None => !source.unread_keys().is_empty(),
            Some(Silent::StaleReaders | Silent::ValuesReader) => false,
            Some(Silent::WithReader) => self.view.show_all,
            Some(_) => true,
        };
        let sources: Vec<&SourceChange> = sources.iter().filter(shown).collect();
        if held.is_empty() && sources.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\n{}",
            self.styled("QUIET: changes, and no pod is replaced for it", "1;34")
        )?;
        let names = held.iter().map(|w| w.name.to_string().chars().count()).max();
        for workload in held {
            out.write_all(self.workload(workload, names.unwrap_or(0)).as_bytes())?;
        }
        for source in sources {
            let mut said = words::silent_of(source);
            let (unit, all) = (self.namesakes.unit_of_source(source), self.view.show_all);
            if let Some(place) = words::place(&source.overlays, unit, all) {
                said.push_str(&format!(" ({place})"));
            }
            let said = plain(&said);
            let name = self.styled(&plain(&source.name.to_string()), "1");
            out.write_all(self.folded(&format!("{name} {said}"), 2).as_bytes())?;
        }
        Ok(())
    }
}

/// Lines without characters that [act](plain) on the terminal.
fn plain_lines(lines: Vec<Line>) -> Vec<Line> {
    let lines = lines.into_iter().map(|line| Line {
        head: plain(&line.head).into_owned(),
        said: plain(&line.said).into_owned(),
        site: plain(&line.site).into_owned(),
        at: line.at,
    });
    lines.collect()
}
