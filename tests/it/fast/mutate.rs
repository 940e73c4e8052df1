//! Real documents with a few things changed: a seeded loop, the same texts in each run.

/// A small generator of numbers (xorshift64*); the tests need no better one.
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

    /// A number below `end`; of nothing, 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// What is written into the texts: whatever means something to YAML.
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
];

/// A window of some lines of a document, changed in up to four places.
pub(crate) fn mutate(document: &str, numbers: &mut Numbers) -> String {
    let lines: Vec<&str> = document.split_inclusive('\n').collect();
    let most = 1 + numbers.below(40);
    let first = match numbers.below(3) {
        0 => 0,
        _ => numbers.below(lines.len()),
    };
    // A window that begins deep in a document is moved to the left, so that it can be one.
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
    for _ in 0..numbers.below(5) {
        edit(&mut text, numbers);
    }
    text
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
            // A line once more, somewhere else.
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
