//! Writes an impact as one comment of a pull request. The first line is a mark by which a later run finds
//! and replaces the comment. If the comment would be too long, whole rows are left out, the least urgent
//! first.

use super::ImpactView;
use super::words::{self, Line};
use crate::impact::{
    Answer, IndirectChange, Namesakes, Silent, SourceChange, ValuesChange, Workload,
};
use crate::report::Format;
use crate::report::concise::line;
use std::io::{self, Write};

/// One comment of a pull request.
pub struct Markdown;

impl Format for Markdown {
    fn impact(&self, view: &ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
        write(view, out)
    }
}

fn write(view: &ImpactView<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut comment = Comment { text: head(view), most: view.max_length, left_out: 0 };
    let mut urgent = Vec::new();
    let (mut needless, mut quiet) = (Vec::new(), Vec::new());
    let namesakes = view.impact.namesakes();
    for workload in view.workloads() {
        match workload.answer {
            Answer::Stale | Answer::Rolls | Answer::Template => {
                urgent.push(row(workload, &namesakes));
            }
            Answer::Needless | Answer::Once => needless.push(row(workload, &namesakes)),
            Answer::New | Answer::Gone => quiet.push(row(workload, &namesakes)),
            Answer::Quiet if workload.is_resumed || !workload.reasons.is_empty() => {
                quiet.push(row(workload, &namesakes));
            }
            Answer::Quiet => {}
        }
    }
    urgent.extend(view.values_readers().into_iter().map(values_row));
    urgent.extend(view.indirect().iter().map(indirect_row));
    comment.table(HEAD, &urgent, None);
    let counts = view.impact.counts();
    let title = match counts.once {
        0 => format!("{} for nothing", rolls(counts.needless)),
        once => format!("{} for nothing, {once} for the stamp", rolls(counts.needless)),
    };
    comment.table(HEAD, &needless, Some(&title));
    let shown = |source: &&SourceChange| {
        let is_above = |silent| matches!(silent, Silent::StaleReaders | Silent::ValuesReader);
        source.silent.is_some_and(|silent| !is_above(silent))
    };
    let silent = view.impact.sources.iter().filter(shown);
    quiet.extend(silent.map(|source| {
        let mut said = words::silent_of(source);
        if let Some(place) = words::place(&source.overlays, namesakes.unit_of_source(source), false)
        {
            said.push_str(&format!(" ({place})"));
        }
        format!(
            "| 🔇 | {} | | {} |
",
            code(&source.name.to_string()),
            escaped(&said)
        )
    }));
    let title = format!("{} more without a restart", quiet.len());
    comment.table(HEAD, &quiet, Some(&title));
    out.write_all(comment.finish().as_bytes())
}

const HEAD: &str = "| | workload | pods | why |\n|---|---|--:|---|\n";

/// The maximum number of errors in a comment.
const MOST_ERRORS: usize = 5;

fn rolls(n: usize) -> String {
    if n == 1 { "1 rolls".to_owned() } else { format!("{n} roll") }
}

/// The mark for later runs, and the summary.
fn head(view: &ImpactView<'_>) -> String {
    // The mark ends at the first `-->`.
    let title: String = view.title.chars().filter(|c| !c.is_control() && *c != '>').collect();
    let counts = view.impact.counts();
    let savings = words::savings(&view.impact.savings(), &counts);
    let notes = [savings, words::unknown(&counts).map(str::to_owned)];
    let errors = view.not_compared(&view.locators()).into_iter().take(MOST_ERRORS);
    let errors = errors.map(|(side, located)| {
        format!("Not compared, {}: {}", side.name(), code(line(&located).trim_end()))
    });
    let notes = notes.into_iter().flatten().chain(errors).map(|text| format!("\n{text}\n"));
    format!(
        "<!-- rollstamp-impact:{title} -->\n### rollstamp: {}\n{}",
        words::summary(&counts),
        notes.collect::<String>()
    )
}

struct Comment {
    text: String,
    most: usize,
    left_out: usize,
}

/// The space for the text about omitted rows, and for the end of a table, in characters.
const RESERVE: usize = 160;

impl Comment {
    fn has_room(&self, more: usize) -> bool {
        // GitHub counts characters; the number of bytes is never smaller.
        self.text.len() + more + RESERVE <= self.most
    }

    /// Adds a table, collapsed below a title if it has one; omitted rows are counted.
    fn table(&mut self, head: &str, rows: &[String], title: Option<&str>) {
        let Some(first) = rows.first() else { return };
        let open = title.map_or_else(String::new, |title| {
            format!("\n<details><summary>{}</summary>\n", escaped(title))
        });
        if !self.has_room(open.len() + head.len() + first.len()) {
            self.left_out += rows.len();
            return;
        }
        self.text.push_str(&format!("{open}\n{head}"));
        for (i, row) in rows.iter().enumerate() {
            if !self.has_room(row.len()) {
                self.left_out += rows.len() - i;
                break;
            }
            self.text.push_str(row);
        }
        if title.is_some() {
            self.text.push_str("\n</details>\n");
        }
    }

    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let more = format!("\n… and {} more rows: see the log of the run\n", self.left_out);
            self.text.push_str(&more);
        }
        self.text
    }
}

fn row(workload: &Workload, namesakes: &Namesakes<'_>) -> String {
    let sign = match workload.answer {
        Answer::Stale => "⚠️",
        _ if workload.may_be_stuck() => "🛑",
        _ if workload.has_downtime() => "🔻",
        Answer::Rolls | Answer::Template => "🔁",
        Answer::Needless => "💤",
        Answer::Once => "🏷️",
        Answer::New => "✨",
        Answer::Gone => "🗑️",
        Answer::Quiet => "🔇",
    };
    let found = workload.disruption.as_ref();
    let pods = found.and_then(|d| d.pods).map(|pods| pods.to_string()).unwrap_or_default();
    let mut why: Vec<String> = Vec::new();
    why.extend(words::troubles(workload).iter().map(|trouble| format!("**{}**", escaped(trouble))));
    let lines = words::lines(workload);
    why.extend(lines.iter().take(FEW).map(said));
    if lines.len() > FEW {
        why.push(format!("and {} more", lines.len() - FEW));
    }
    why.extend(words::held(workload));
    if workload.is_resumed {
        why.push(words::RESUMED.to_owned());
    }
    let place = words::place(&workload.overlays, namesakes.unit(workload), false);
    why.extend(place.map(|place| escaped(&place)));
    match workload.answer {
        Answer::New => why.push("new".to_owned()),
        Answer::Gone => why.push("gone".to_owned()),
        _ => {}
    }
    format!("| {sign} | {} | {pods} | {} |\n", code(&workload.name.to_string()), why.join("; "))
}

/// The row of an object of Flux that takes changed values.
fn values_row(reader: &ValuesChange) -> String {
    let lines = words::taken(reader);
    let mut why: Vec<String> = lines.iter().take(FEW).map(said).collect();
    if lines.len() > FEW {
        why.push(format!("and {} more", lines.len() - FEW));
    }
    why.push(escaped(&words::values(reader)));
    why.extend(words::overlays(&reader.overlays, false).map(|overlays| escaped(&overlays)));
    format!("| ⎈ | {} | ? | {} |\n", code(&reader.name.to_string()), why.join("; "))
}

/// The row of an object of which it is not known what its controller makes.
fn indirect_row(object: &IndirectChange) -> String {
    let (name, why) = (code(&object.name.to_string()), escaped(&words::indirect(object)));
    format!("| ❔ | {name} | ? | {why} |\n")
}

/// The number of reasons in a row.
const FEW: usize = 5;

fn said(line: &Line) -> String {
    match line.site.is_empty() {
        true => format!("{} {}", escaped(&line.head), code(&line.said)),
        false => format!("{} of {}", code(&line.said), escaped(&line.head)),
    }
}

/// A text as code, with any content.
fn code(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    // Inside a table, a bar ends the cell even in code.
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A text in which all marks of Markdown and HTML are escaped.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '@' | '~' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{Comment, HEAD, code, escaped};

    #[test]
    fn a_comment_is_cut_by_whole_rows() {
        let mut comment = Comment { text: String::new(), most: 1_000, left_out: 0 };
        let rows: Vec<String> = (0..100).map(|i| format!("| row {i} | | | |\n")).collect();
        comment.table(HEAD, &rows, None);
        comment.table(HEAD, &rows, Some("more"));
        let text = comment.finish();
        assert!(text.len() <= 1_000, "{}", text.len());
        assert!(text.lines().all(|line| !line.starts_with('|') || line.ends_with('|')), "{text}");
        assert!(text.contains("more rows"));
    }

    #[test]
    fn marks_of_markdown_do_not_count() {
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(escaped("<b> _x_ @team"), "&lt;b&gt; \\_x\\_ \\@team");
    }
}
