//! Writes sources and references in columns, so that dozens of them stay readable.

use crate::report::plain;

/// The maximum width of lines, if the names are short enough.
const WIDTH: usize = 120;
/// The margin of sources.
const SOURCE: usize = 4;
/// The margin of references.
const ROW: usize = 6;
/// The maximum width of the column with names of sources.
const WIDEST_NAME: usize = 64;
/// The maximum width of the column with keys.
const WIDEST_KEYS: usize = 60;

/// Replaces the keys of a reference that are equal to many keys of the reference before.
const SAME: &str = "the same keys";

/// A source and its references.
pub(super) struct Shown {
    /// Its kind and name.
    pub(super) name: String,
    /// Its place, or the reason why it does not count.
    pub(super) said: String,
    pub(super) rows: Vec<Row>,
    /// Further notes, one for each line.
    pub(super) notes: Vec<String>,
}

/// A reference.
pub(super) struct Row {
    pub(super) line: String,
    /// The keys that it reads.
    pub(super) said: String,
    pub(super) site: String,
}

/// The settings of the layout.
pub(super) struct Layout {
    pub(super) colour: bool,
}

impl Layout {
    pub(super) fn bold(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Writes sources. Names, lines and keys are columns; the places after them are not cut. Every text is
    /// made [plain].
    pub(super) fn sources(&self, out: &mut String, sources: &[Shown]) {
        let sources: Vec<Shown> = sources.iter().map(Shown::plain).collect();
        let rows = || sources.iter().flat_map(|s| &s.rows);
        let name = widest(sources.iter().map(|s| s.name.len()), WIDEST_NAME);
        let line = widest(rows().map(|r| r.line.len()), usize::MAX);
        let said = widest(rows().map(|r| r.said.len()), WIDEST_KEYS);
        for source in &sources {
            let pad = " ".repeat(name.saturating_sub(source.name.len()));
            let bold = self.bold(&source.name);
            out.push_str(format!("{:SOURCE$}{bold}{pad}  {}", "", source.said).trim_end());
            out.push('\n');
            let mut before = "";
            for row in &source.rows {
                row.write(out, line, said, before);
                before = &row.said;
            }
            for note in &source.notes {
                out.push_str(&wrapped(note, ROW));
            }
        }
    }
}

impl Shown {
    fn plain(&self) -> Self {
        let plain = |text: &String| plain(text).into_owned();
        let row = |row: &Row| Row {
            line: plain(&row.line),
            said: plain(&row.said),
            site: plain(&row.site),
        };
        Self {
            name: plain(&self.name),
            said: plain(&self.said),
            rows: self.rows.iter().map(row).collect(),
            notes: self.notes.iter().map(plain).collect(),
        }
    }
}

impl Row {
    /// Writes the row. If the keys are too long for the column, they come above their place, on as many
    /// lines as they need.
    fn write(&self, out: &mut String, line: usize, said: usize, before: &str) {
        let head = format!("{:ROW$}{:>line$}  ", "", self.line);
        let again = self.said.len() > said && self.said == before;
        let text = if again { SAME } else { &self.said };
        let said = said.max(if again { SAME.len() } else { 0 });
        out.push_str(&head);
        if text.len() > said {
            out.push_str(wrapped(text, head.len()).trim_start());
            out.push_str(&" ".repeat(head.len()));
        } else if said > 0 {
            out.push_str(&format!("{text:said$}  "));
        }
        out.push_str(&self.site);
        out.push('\n');
    }
}

/// The largest width that does not exceed the limit of a column.
fn widest(widths: impl Iterator<Item = usize>, limit: usize) -> usize {
    widths.filter(|&width| width <= limit).max().unwrap_or(0)
}

/// A text in lines of at most [`WIDTH`], as far as its words allow, with a margin. Text in parentheses is
/// not broken.
pub(super) fn wrapped(text: &str, margin: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match words.last_mut() {
            Some(open) if open.starts_with('(') && !open.ends_with(')') => {
                open.push_str(&format!(" {word}"));
            }
            _ => words.push(word.to_owned()),
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if margin + line.len() + 1 + word.len() <= WIDTH => {
                line.push_str(&format!(" {word}"));
            }
            _ => lines.push(word),
        }
    }
    let lines = lines.iter().map(|line| format!("{:margin$}{line}\n", ""));
    lines.collect()
}
