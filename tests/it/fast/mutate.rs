//! Real documents with a few changes. The loop has a seed, so each run has the same texts.

/// A simple generator of random numbers (xorshift64*), which is good enough for tests.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The texts that are inserted: everything that has a meaning in YAML.
const PIECES: &[&str] = &[
    ":",
    ": ",
    ":\n",
    "- ",
    "-",
    "-\n",
    "#",
    " #",
    "# c\n",
    "\"",
    "'",
    "''",
    "\\",
    "\\n",
    "\\\n",
    "\\x41",
    "\\/",
    "|",
    "|\n",
    "|-\n",
    ">\n",
    ">-\n",
    "|+\n",
    "|2\n",
    ">+\n",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "? ",
    "?",
    "&a ",
    "*a",
    "!t ",
    "!!str ",
    "%",
    "@",
    "`",
    "~",
    "<<: ",
    "<<",
    "...",
    "...\n",
    "---",
    "\t",
    "\r\n",
    "\r",
    "\n",
    "\n\n",
    "\n  \n",
    " ",
    "  ",
    "    ",
    "a",
    "a: b\n",
    "  a: b\n",
    "- a\n",
    "  - a\n",
    "- - a\n",
    "- a: b\n",
    "\"a\": b\n",
    "'a': b\n",
    "a:\n",
    "[a, b]",
    "{a: b}",
    "{}",
    "[]",
    ".inf",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{7f}",
    "\u{1}",
    "text",
    "a b",
    "  text\n",
    "x: |\n  y\n",
    "x: \"y\n  z\"\n",
    "x: 'y\n\n  z'\n",
    "x: y\n  z\n",
    "- # c\n",
    "# c",
    "a : b",
    "a:b",
    "http://a/b#c",
    ":a",
    ":1",
    "?a",
    "?*",
    "::",
    " :",
    " : ",
    " :\n",
    "\\U0001F510",
    "\\U",
    "|2-\n",
    "|1\n",
    ">4\n",
    "|-2\n",
    "x: |1\n  y\n",
    ",]",
    ",\n]",
    ", }",
    "\n]",
    "\n}",
    "[\n",
    "{\n",
    "x: [\ny,\n-z\n]\n",
    "&",
    "!",
    "[ # c\n",
    ", # c\n",
    " # c\n]",
    "#c\n",
    "[*a, *b]",
    "[*a ,*b\n]",
    "{a: *a}",
    "\n...\n",
    "\n... # c\n",
    "\n...# c\n",
    "\n...\n# c\n",
    "... ",
];

/// Valid and invalid anchors, before a value or instead of one.
const ANCHORS: &[&str] = &[
    "&a ",
    "&a ",
    "&a ",
    "&b ",
    "&b ",
    "&a-b_1  ",
    "&a # c\n",
    "&a \n",
    "&a\n",
    "&a\n\n  # c\n",
    "&a\r\n",
    "&a\t",
    "&a#c ",
    "&a: ",
    "&a, ",
    "&a.b ",
    "&é ",
    "& ",
    "&a",
    "&a &b ",
    "&a !t ",
    "!t &a ",
    "&a *a ",
    "&a *b",
    "&a |\n",
    "&a >-\n",
    "&a \"",
    "&a '",
    "&a [",
    "&a {}",
    "&a - ",
    "&a ? ",
    "&a x: ",
    "&a x : ",
    "&a .inf",
    "&a ~",
    "&a x\n   y",
    "&a\n  x",
    "&a\n  x: y\n",
    "&a\n  - x\n",
    "&a\n- x\n",
];

/// Aliases instead of a value, and texts that only begin like an alias.
const ALIASES: &[&str] = &[
    "*a",
    "*a",
    "*a",
    "*a",
    "*b",
    "*b",
    "*a-b_1",
    "*a ",
    "*a  # c",
    "*a#c",
    "*a : b",
    "*a: b",
    "*a:",
    "*a text",
    "*a\t",
    "*a # c\n  x: y",
    "*a,",
    "*a.b",
    "*",
    "* a",
    "[*a]",
    "[*a, *b]",
    "{a: *a}",
    "*a *b",
    "&a *a",
    "!t *a",
    "*a\n  x: y",
    "*a\n    text",
    "*a\n- x",
    "- *a",
    "- - *a",
    "*a |\n",
    "*a\r",
    "\n  *a",
    "\n    *a : b",
    "a*a",
    "\"*a\"",
    "<<: *a",
];

/// Lines with anchors or aliases.
const ENTRIES: &[&str] = &[
    "x: *a\n",
    "y: *b\n",
    "- *a\n",
    "- *b # c\n",
    "- - *a\n",
    "x: &a y\n",
    "y: &b \"z\"\n",
    "x: &a\n",
    "x: &a\n  y: z\n",
    "x: &b\n  - y\n  - *a\n",
    "x: &b\n- y\n",
    "x: &a\n  y: *a\n",
    "x: &a\n  y: &b z\n  z: *b\n",
    "x: &a |\n  y\n",
    "x: &a\n  |\n  y\n",
    "x: &a [y, z]\n",
    "- &a\n",
    "- &a x\n",
    "- &b\n  x: y\n",
    "- &a\n  - x\n",
    "- &a x: y\n",
    "- x: &a y\n",
    "<<: *a\n",
    "<<: [*a, *b]\n",
    "*a : b\n",
    "&a x: y\n",
    "*a\n",
    "&a\n",
];

/// Some consecutive lines of a document, changed in up to four places.
pub(crate) fn mutate(document: &str, numbers: &mut Numbers) -> String {
    let lines: Vec<&str> = document.split_inclusive('\n').collect();
    let most = 1 + numbers.below(40);
    let first = match numbers.below(3) {
        0 => 0,
        _ => numbers.below(lines.len()),
    };
    // Indented lines are moved to the left, so that they can be a document.
    let margin = lines[first..]
        .iter()
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .next()
        .unwrap_or(0);
    let mut text = String::new();
    for line in lines[first..].iter().take(most) {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        text.push_str(&line[blanks.min(margin)..]);
    }
    let mut edits = numbers.below(5);
    if numbers.below(3) == 0 {
        for _ in 0..1 + numbers.below(4) {
            name(&mut text, numbers);
        }
        edits /= 2;
    }
    for _ in 0..edits {
        edit(&mut text, numbers);
    }
    text
}

/// Writes an anchor or an alias at a place where the text has a value or an entry.
fn name(text: &mut String, numbers: &mut Numbers) {
    // After a colon or a dash, and at the first byte of a line.
    let (mut values, mut entries) = (Vec::new(), Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        entries.push(start + line.len() - line.trim_start_matches(' ').len());
        for mark in [": ", ":\n", "- ", "-\n"] {
            values.extend(line.find(mark).map(|at| start + at + 1));
        }
        start += line.len();
    }
    values.sort_unstable();
    values.dedup();
    let from = |places: &[usize], numbers: &mut Numbers| match places {
        [] => 0,
        _ => places[numbers.below(places.len())],
    };
    match numbers.below(8) {
        0..=2 => {
            // An anchor, and below it an alias.
            let index = numbers.below(values.len());
            let below = from(&values[values.len().min(index + 1)..], numbers);
            if below > 0 {
                let end = text[below..].find('\n').map_or(text.len(), |i| below + i);
                let alias = numbers.pick(&["*a", "*a", "*a", "*a # c", "*b", "[*a, b]"]);
                text.replace_range(below..end, &format!(" {alias}"));
                text.insert_str(values[index], " &a");
            }
        }
        3 | 4 => {
            let at = from(&values, numbers);
            let anchor = numbers.pick(ANCHORS);
            // At the end of a line the blank stands before the anchor.
            let blank = if text[at..].starts_with(' ') { "" } else { " " };
            let at = at + 1 - blank.len();
            text.insert_str(at, &format!("{blank}{anchor}"));
        }
        5 | 6 => {
            let at = from(&values, numbers);
            let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
            let alias = numbers.pick(ALIASES);
            text.replace_range(at..end, &format!(" {alias}"));
        }
        _ => {
            let at = from(&entries, numbers);
            let line = text[..at].rfind('\n').map_or(0, |i| i + 1);
            let margin = text[line..at].to_owned();
            let lines: String = numbers
                .pick(ENTRIES)
                .split_inclusive('\n')
                .map(|line| format!("{margin}{line}"))
                .collect();
            text.insert_str(line, &lines);
        }
    }
}

fn edit(text: &mut String, numbers: &mut Numbers) {
    let from = place(text, numbers);
    match numbers.below(8) {
        0..=2 => text.insert_str(from, numbers.pick(PIECES)),
        3 => {
            let to = text[from..].chars().next().map_or(0, char::len_utf8);
            text.replace_range(from..from + to, numbers.pick(PIECES));
        }
        4 => {
            let to = text[from..].chars().next().map_or(0, char::len_utf8);
            text.replace_range(from..from + to, "");
        }
        5 => {
            // More or less indentation for one line.
            let line = text[..from].rfind('\n').map_or(0, |i| i + 1);
            if numbers.below(2) == 0 {
                text.insert_str(line, numbers.pick(&[" ", "  ", "    "]));
            } else if text[line..].starts_with(' ') {
                text.replace_range(line..=line, "");
            }
        }
        6 => {
            // A copy of a line at another place.
            let line = text[..from].rfind('\n').map_or(0, |i| i + 1);
            let end = text[from..].find('\n').map_or(text.len(), |i| from + i + 1);
            let copy = text[line..end].to_owned();
            let place = place(text, numbers);
            let to = text[..place].rfind('\n').map_or(0, |i| i + 1);
            text.insert_str(to, &copy);
        }
        _ => {
            if numbers.below(4) == 0 {
                *text = text.replace('\n', "\r\n");
            } else {
                text.truncate(from);
            }
        }
    }
}

fn place(text: &str, numbers: &mut Numbers) -> usize {
    let mut at = numbers.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
