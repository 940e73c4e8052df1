//! Go's parser of patterns.

use super::class::CharacterSet;
use regex_syntax::hir::{Hir, Look, Repetition};

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// Go's own compiler refuses it. v1.4.21 of Reloader panics, later ones skip the entry.
    Invalid(&'static str),
    /// Its meaning depends on the version of Go, or it is too large to compile here.
    Untranslated(&'static str),
}

/// The maximum height of the tree. Go refuses trees of more than 1,000 nodes; no real list of names
/// is that deep.
const MAX_DEPTH: u32 = 100;

/// The flags that `(?i)` and others change.
#[derive(Clone, Copy, Default)]
struct Flags {
    fold: bool,
    lines: bool,
    dot_all: bool,
}

/// A piece of a pattern, and the counter that Go keeps for it.
struct Piece {
    hir: Hir,
    /// The product of nested repetition counts.
    repeats: u32,
    depth: u32,
}

/// The content of a pair of parentheses, or of the whole pattern.
struct Frame {
    /// The flags to restore after it.
    flags: Flags,
    alternatives: Vec<Piece>,
    /// The pieces since the last `|`.
    pieces: Vec<Piece>,
}

impl Frame {
    fn new(flags: Flags) -> Self {
        Self { flags, alternatives: Vec::new(), pieces: Vec::new() }
    }

    fn bar(&mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        self.alternatives.push(joined(pieces, Hir::concat));
    }

    fn close(mut self) -> Piece {
        self.bar();
        joined(self.alternatives, Hir::alternation)
    }
}

fn joined(pieces: Vec<Piece>, join: fn(Vec<Hir>) -> Hir) -> Piece {
    let most = |of: fn(&Piece) -> u32, least| pieces.iter().map(of).max().unwrap_or(least);
    let (repeats, depth) = (most(|piece| piece.repeats, 1), most(|piece| piece.depth, 0) + 1);
    Piece { hir: join(pieces.into_iter().map(|piece| piece.hir).collect()), repeats, depth }
}

struct PatternParser {
    flags: Flags,
    frames: Vec<Frame>,
    open: Frame,
}

/// A repetition count; without `most`, there is no upper limit.
struct Times {
    least: u32,
    most: Option<u32>,
}

/// The tree of a pattern.
pub(super) fn parse(pattern: &str) -> Result<Hir, Unusable> {
    let flags = Flags::default();
    let mut parser = PatternParser { flags, frames: Vec::new(), open: Frame::new(flags) };
    let mut rest = pattern;
    let mut was_repeat = false;
    while let Some(first) = rest.chars().next() {
        let mut is_repeat = false;
        let tail = &rest[first.len_utf8()..];
        rest = match first {
            '(' if tail.starts_with('?') => parser.group(tail)?,
            '(' => {
                parser.enter();
                tail
            }
            '|' => {
                parser.open.bar();
                tail
            }
            ')' => {
                parser.leave()?;
                tail
            }
            '^' | '$' => {
                let look = match (first, parser.flags.lines) {
                    ('^', false) => Look::Start,
                    ('^', true) => Look::StartLF,
                    (_, false) => Look::End,
                    (_, true) => Look::EndLF,
                };
                parser.push(Hir::look(look))?;
                tail
            }
            '.' => {
                let newline = if parser.flags.dot_all {
                    CharacterSet::empty()
                } else {
                    CharacterSet::of(10, 10)
                };
                parser.push(newline.negate_if(true).hir())?;
                tail
            }
            '[' => parser.class(tail)?,
            '*' | '+' | '?' => {
                is_repeat = true;
                let (least, most) = match first {
                    '*' => (0, None),
                    '+' => (1, None),
                    _ => (0, Some(1)),
                };
                parser.repeat(&Times { least, most }, false, tail, was_repeat)?
            }
            '{' => match times(tail)? {
                None => {
                    parser.literal('{'.into())?;
                    tail
                }
                Some((times, after)) => {
                    is_repeat = true;
                    parser.repeat(&times, true, after, was_repeat)?
                }
            },
            '\\' => parser.escape(tail)?,
            _ => {
                parser.literal(first.into())?;
                tail
            }
        };
        was_repeat = is_repeat;
    }
    match parser.frames.is_empty() {
        true => Ok(parser.open.close().hir),
        false => Err(Unusable::Invalid("a `)` is missing")),
    }
}

impl PatternParser {
    fn push(&mut self, hir: Hir) -> Result<(), Unusable> {
        self.push_piece(Piece { hir, repeats: 1, depth: 1 })
    }

    fn push_piece(&mut self, piece: Piece) -> Result<(), Unusable> {
        if piece.depth > MAX_DEPTH {
            return Err(Unusable::Untranslated("it is nested too deeply"));
        }
        self.open.pieces.push(piece);
        Ok(())
    }

    fn literal(&mut self, code: u32) -> Result<(), Unusable> {
        let set = CharacterSet::of(code, code).fold_if(self.flags.fold);
        self.push(set.hir())
    }

    fn enter(&mut self) {
        let outer = std::mem::replace(&mut self.open, Frame::new(self.flags));
        self.frames.push(outer);
    }

    fn leave(&mut self) -> Result<(), Unusable> {
        let outer = self.frames.pop().ok_or(Unusable::Invalid("a `(` is missing"))?;
        let inner = std::mem::replace(&mut self.open, outer);
        self.flags = inner.flags;
        self.push_piece(inner.close())
    }

    /// `parsePerlFlags`: parses the text after `(`, from the `?` on.
    fn group<'p>(&mut self, rest: &'p str) -> Result<&'p str, Unusable> {
        let named = rest.strip_prefix("?P<").or_else(|| rest.strip_prefix("?<"));
        if let Some(named) = named {
            let is_name = |name: &str| {
                !name.is_empty() && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric())
            };
            return match named.split_once('>') {
                Some((name, after)) if is_name(name) => {
                    self.enter();
                    Ok(after)
                }
                _ => Err(Unusable::Invalid("the name of a group is none")),
            };
        }
        let mut flags = self.flags;
        let mut on = true;
        let mut saw_flag = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_all = on,
                // The flag only selects between several matches, so it does not matter here.
                'U' => {}
                '-' if on => {
                    (on, saw_flag) = (false, false);
                    continue;
                }
                ':' | ')' if on || saw_flag => {
                    if c == ':' {
                        self.enter();
                    }
                    self.flags = flags;
                    return Ok(&rest[at + 1..]);
                }
                _ => break,
            }
            saw_flag = true;
        }
        Err(Unusable::Invalid("a group begins with `(?` in a way that Go does not know"))
    }

    /// `repeat`: the last piece, repeated. `after` follows the operator.
    fn repeat<'p>(
        &mut self,
        times: &Times,
        counted: bool,
        after: &'p str,
        was_repeat: bool,
    ) -> Result<&'p str, Unusable> {
        let (after, greedy) = match after.strip_prefix('?') {
            Some(rest) => (rest, false),
            None => (after, true),
        };
        if was_repeat {
            return Err(Unusable::Invalid("a repetition is repeated"));
        }
        let Some(piece) = self.open.pieces.pop() else {
            return Err(Unusable::Invalid("there is nothing to repeat"));
        };
        let repeats = match (counted, times.most.unwrap_or(times.least)) {
            // Go does not check below `{0}`, and `{0,}` multiplies nothing.
            (true, 0) if times.most.is_some() => 1,
            (true, most) => most.max(1).saturating_mul(piece.repeats),
            (false, _) => piece.repeats,
        };
        let is_large = times.least >= 2 || times.most.is_some_and(|most| most >= 2);
        if counted && is_large && repeats > 1000 {
            return Err(Unusable::Invalid("it repeats more than 1000 times"));
        }
        let (min, max, sub) = (times.least, times.most, Box::new(piece.hir));
        let hir = Hir::repetition(Repetition { min, max, greedy, sub });
        self.push_piece(Piece { hir, repeats, depth: piece.depth + 1 })?;
        Ok(after)
    }

    /// Parses the text after `\`, outside of a class.
    fn escape<'p>(&mut self, rest: &'p str) -> Result<&'p str, Unusable> {
        let look = match rest.chars().next() {
            Some('A') => Some(Look::Start),
            Some('b') => Some(Look::WordAscii),
            Some('B') => Some(Look::WordAsciiNegate),
            Some('z') => Some(Look::End),
            Some('Q') => {
                let quoted = &rest[1..];
                let (quoted, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                for c in quoted.chars() {
                    self.literal(c.into())?;
                }
                return Ok(after);
            }
            _ => None,
        };
        if let Some(look) = look {
            self.push(Hir::look(look))?;
            return Ok(&rest[1..]);
        }
        if let Some((set, after)) = escaped_set(rest, self.flags.fold)? {
            self.push(set.hir())?;
            return Ok(after);
        }
        let (code, after) = escaped_char(rest)?;
        self.literal(code)?;
        Ok(after)
    }

    /// `parseClass`: parses the text after `[`.
    fn class<'p>(&mut self, rest: &'p str) -> Result<&'p str, Unusable> {
        let fold = self.flags.fold;
        let (mut rest, negate) = match rest.strip_prefix('^') {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let mut set = CharacterSet::empty();
        let mut first = true;
        while first || !rest.starts_with(']') {
            first = false;
            if let Some((name, after)) =
                rest.strip_prefix("[:").and_then(|named| named.split_once(":]"))
            {
                let class = CharacterSet::posix(name, fold);
                set.add(&class.ok_or(Unusable::Invalid("no class has this name"))?);
                rest = after;
                continue;
            }
            if let Some(escaped) = rest.strip_prefix('\\')
                && let Some((class, after)) = escaped_set(escaped, fold)?
            {
                set.add(&class);
                rest = after;
                continue;
            }
            let (lo, after) = class_char(rest)?;
            rest = after;
            let mut hi = lo;
            if let Some(upper) = rest.strip_prefix('-')
                && !upper.is_empty()
                && !upper.starts_with(']')
            {
                (hi, rest) = class_char(upper)?;
                if hi < lo {
                    return Err(Unusable::Invalid("a range of characters ends before it begins"));
                }
            }
            set.add(&CharacterSet::of(lo, hi).fold_if(fold));
        }
        self.push(set.negate_if(negate).hir())?;
        Ok(&rest[1..])
    }
}

/// `parseClassChar`.
fn class_char(rest: &str) -> Result<(u32, &str), Unusable> {
    if let Some(escaped) = rest.strip_prefix('\\') {
        return escaped_char(escaped);
    }
    let c = rest.chars().next().ok_or(Unusable::Invalid("a `]` is missing"))?;
    Ok((c.into(), &rest[c.len_utf8()..]))
}

/// A set after `\`: `parseUnicodeClass` and `parsePerlClassEscape`.
fn escaped_set(rest: &str, fold: bool) -> Result<Option<(CharacterSet, &str)>, Unusable> {
    let Some(first) = rest.chars().next() else { return Ok(None) };
    let after = &rest[first.len_utf8()..];
    if !matches!(first, 'p' | 'P') {
        return Ok(CharacterSet::perl(first, fold).map(|set| (set, after)));
    }
    let no_class = Unusable::Invalid("no class has this name");
    let (name, after) = match after.strip_prefix('{') {
        Some(named) => named.split_once('}').ok_or(no_class)?,
        None => {
            let letter = after.chars().next().ok_or(no_class)?;
            after.split_at(letter.len_utf8())
        }
    };
    let plain = name.strip_prefix('^').unwrap_or(name);
    let is_inverse = (first == 'P') != (plain.len() < name.len());
    match CharacterSet::unicode(plain, fold) {
        Some(set) => Ok(Some((set.negate_if(is_inverse), after))),
        None => {
            Err(Unusable::Untranslated("which Unicode classes there are depends on Go's version"))
        }
    }
}

/// `parseEscape`: one character after `\`.
fn escaped_char(rest: &str) -> Result<(u32, &str), Unusable> {
    let unknown = || Unusable::Invalid("Go does not know this escape");
    let first = rest.chars().next().ok_or(Unusable::Invalid("a `\\` stands at the end"))?;
    let after = &rest[first.len_utf8()..];
    let is_octal = |b: u8| (b'0'..=b'7').contains(&b);
    let code = match first {
        '0'..='7' => {
            let more = after.bytes().take(2).take_while(|&b| is_octal(b)).count();
            // A single digit other than 0 would be a reference to a group.
            if first != '0' && more == 0 {
                return Err(unknown());
            }
            let code = u32::from_str_radix(&rest[..1 + more], 8).map_err(|_| unknown())?;
            return Ok((code, &after[more..]));
        }
        'x' => {
            let (digits, after) = match after.strip_prefix('{') {
                Some(braced) => braced.split_once('}').ok_or_else(unknown)?,
                None => after.split_at_checked(2).ok_or_else(unknown)?,
            };
            let is_hex = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let significant = digits.trim_start_matches('0');
            if !is_hex || significant.len() > 6 {
                return Err(unknown());
            }
            let code = u32::from_str_radix(digits, 16)
                .or_else(|_| u32::from_str_radix(&format!("0{significant}"), 16))
                .map_err(|_| unknown())?;
            return if code <= u32::from(char::MAX) { Ok((code, after)) } else { Err(unknown()) };
        }
        'a' => 0x07,
        'f' => 0x0C,
        'n' => 0x0A,
        'r' => 0x0D,
        't' => 0x09,
        'v' => 0x0B,
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c.into(),
        _ => return Err(unknown()),
    };
    Ok((code, after))
}

/// `parseRepeat`: the repetition after `{`, and the text after it; `None` if it is not a
/// repetition.
fn times(rest: &str) -> Result<Option<(Times, &str)>, Unusable> {
    let Some((least, rest)) = number(rest) else { return Ok(None) };
    let (most, rest) = match rest.strip_prefix(',') {
        None => (Some(least), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => match number(rest) {
            Some((most, rest)) => (Some(most), rest),
            None => return Ok(None),
        },
    };
    let Some(rest) = rest.strip_prefix('}') else { return Ok(None) };
    if least > 1000 || most.is_some_and(|most| most > 1000 || most < least) {
        return Err(Unusable::Invalid(
            "it repeats more than 1000 times, or more often than it may",
        ));
    }
    Ok(Some((Times { least, most }, rest)))
}

/// `parseInt`: a number without leading zeros; a number that is too large becomes one that is
/// refused later.
fn number(rest: &str) -> Option<(u32, &str)> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || (digits > 1 && rest.starts_with('0')) {
        return None;
    }
    Some((rest[..digits].parse().unwrap_or(u32::MAX), &rest[digits..]))
}
