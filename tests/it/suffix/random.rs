//! Random ConfigMaps and Secrets in the forms that people write: every style of scalar, and texts that a
//! reader may read wrongly.

use std::fmt::Write as _;

/// A simple generator of random numbers; the same seed gives the same objects in each run.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

const PIECES: &[&str] = &[
    "a",
    "B",
    "0",
    " ",
    "x=1",
    "<",
    ">",
    "&",
    "\"",
    "'",
    "\\",
    "/",
    "#",
    ": ",
    "- ",
    "é",
    "日本",
    "😀",
    "\u{2028}",
    "\u{feff}",
    "%",
    "{",
    "}",
    "[",
    "]",
    ",",
    "*",
    "!",
    "|",
    "@",
    "`",
    "${VAR}",
    "{{ x }}",
    "true",
    "null",
    "1e3",
    "0x1f",
    "yes",
    "~",
    "\u{a0}",
    "key: value",
];

/// Plain scalars that kubectl reads as strings.
const PLAIN: &[&str] = &[
    "abc",
    "a b",
    "a-b",
    "v1.2.3",
    "2020-01-02",
    "2020-1-2",
    "2001-12-14t21:59:43.10-05:00",
    "2001-12-14 21:59:43.1",
    "1.2.3",
    "http://x/y?z=1",
    "a#b",
    "info",
    "10m",
    "1_a",
    "-x",
    "é",
    "2020-02-30",
    "2020-01-02T03:04:05Z",
    "127.0.0.1",
    "a, b",
    "0x",
    "1e",
];

pub(super) fn text(dice: &mut Dice) -> String {
    (0..dice.roll(8)).map(|_| dice.pick(PIECES)).collect()
}

fn lines(dice: &mut Dice) -> Vec<String> {
    let safe = ["a", "b c", "# d", "e: f", "  g", "<h>", "é", "k=\"v\"", "- i", "j\\n"];
    let mut lines: Vec<String> = (0..=dice.roll(4)).map(|_| dice.pick(&safe).to_owned()).collect();
    // The first line decides the indentation.
    lines[0] = lines[0].trim_start().to_owned();
    lines
}

fn double(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                write!(out, "\\u{:04x}", u32::from(c)).unwrap();
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value as it is written after `key:`, with its line end.
fn value(dice: &mut Dice) -> String {
    match dice.roll(8) {
        0 => format!(" {}\n", dice.pick(PLAIN)),
        1 => " \"\"\n".to_owned(),
        2 => {
            let text: String = text(dice)
                .chars()
                .filter(|c| !matches!(c, '\u{2028}' | '\u{feff}' | '\u{7f}'))
                .collect();
            format!(" '{}'\n", text.replace('\'', "''"))
        }
        3 => {
            let words: Vec<String> =
                (0..30).map(|_| dice.pick(&["one", "two", "three"]).to_owned()).collect();
            let glue = dice.pick(&[" ", "\n    ", "  "]);
            format!(" \"{}\"\n", words.join(glue))
        }
        4 | 5 => format!(" {}\n", double(&text(dice))),
        style => {
            let mark = if style == 6 { "|" } else { ">" };
            let chomp = dice.pick(&["", "-", "+"]);
            let body: String = lines(dice).iter().map(|line| format!("    {line}\n")).collect();
            let tail = if dice.roll(3) == 0 { "\n" } else { "" };
            format!(" {mark}{chomp}\n{body}{tail}")
        }
    }
}

fn base64(dice: &mut Dice) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = dice.roll(40);
    let mut out: String = (0..groups * 4).map(|_| char::from(LETTERS[dice.roll(64)])).collect();
    if dice.roll(2) == 0 {
        out.push_str("MQ==");
    }
    if out.len() >= 70 && dice.roll(2) == 0 {
        // Wrapped as by kustomize's generators.
        let wrapped = out.as_bytes().chunks(70);
        let lines = wrapped.map(|line| format!("    {}\n", String::from_utf8_lossy(line)));
        return format!(" |\n{}", lines.collect::<String>());
    }
    match out.is_empty() {
        true => " \"\"\n".to_owned(),
        false => format!(" {out}\n"),
    }
}

fn field(dice: &mut Dice, name: &str, value: impl Fn(&mut Dice) -> String) -> String {
    let count = dice.roll(5);
    if count == 0 {
        return match dice.roll(3) {
            0 => format!("{name}: {{}}\n"),
            _ => String::new(),
        };
    }
    let mut out = format!("{name}:\n");
    for i in 0..count {
        let key = dice.pick(&["a", "B", "a.b", "a-b", "a_b", "app.yaml", "Z", "x1", ".env"]);
        let key = format!("{key}{i}{name}");
        let key = if dice.roll(4) == 0 { format!("\"{key}\"") } else { key };
        write!(out, "  {key}:{}", value(dice)).unwrap();
    }
    out
}

/// The text of an object of this name, with the lines of its annotations.
pub(super) fn object(dice: &mut Dice, name: &str, annotations: &str) -> String {
    let is_secret = dice.roll(3) == 0;
    let kind = if is_secret { "Secret" } else { "ConfigMap" };
    let mut out = format!(
        "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n{annotations}  labels: {{app: x}}\n"
    );
    if is_secret {
        if dice.roll(2) == 0 {
            out.push_str(dice.pick(&[
                "type: Opaque\n",
                "type: \"\"\n",
                "type: kubernetes.io/tls\n",
            ]));
        }
        out.push_str(&field(dice, "data", base64));
        out.push_str(&field(dice, "stringData", value));
    } else {
        out.push_str(&field(dice, "data", value));
        out.push_str(&field(dice, "binaryData", base64));
    }
    if dice.roll(6) == 0 {
        out.push_str("immutable: true\n");
    }
    out
}
