//! Sets of characters, as Go's patterns write them.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};

/// A set of characters.
#[derive(Clone, Default)]
pub(super) struct CharacterSet(Vec<(u32, u32)>);

/// `\d`, `\s` and `\w` of `perl_groups.go`.
const PERL: &[(char, &[(u8, u8)])] = &[
    ('d', &[(b'0', b'9')]),
    ('s', &[(b'\t', b'\n'), (0x0C, b'\r'), (b' ', b' ')]),
    ('w', &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')]),
];

/// `[:alnum:]` and so on, of `perl_groups.go`.
const POSIX: &[(&str, &[(u8, u8)])] = &[
    ("alnum", &[(b'0', b'9'), (b'A', b'Z'), (b'a', b'z')]),
    ("alpha", &[(b'A', b'Z'), (b'a', b'z')]),
    ("ascii", &[(0, 0x7F)]),
    ("blank", &[(b'\t', b'\t'), (b' ', b' ')]),
    ("cntrl", &[(0, 0x1F), (0x7F, 0x7F)]),
    ("digit", &[(b'0', b'9')]),
    ("graph", &[(b'!', b'~')]),
    ("lower", &[(b'a', b'z')]),
    ("print", &[(b' ', b'~')]),
    ("punct", &[(b'!', b'/'), (b':', b'@'), (b'[', b'`'), (b'{', b'~')]),
    ("space", &[(b'\t', b'\r'), (b' ', b' ')]),
    ("upper", &[(b'A', b'Z')]),
    ("word", &[(b'0', b'9'), (b'A', b'Z'), (b'_', b'_'), (b'a', b'z')]),
    ("xdigit", &[(b'0', b'9'), (b'A', b'F'), (b'a', b'f')]),
];

/// Categories and scripts of Unicode whose names every version of Go accepts, limited to ASCII.
const UNICODE: &[(&str, &[(u8, u8)])] = &[
    ("Any", &[(0, 0x7F)]),
    ("L", &[(b'A', b'Z'), (b'a', b'z')]),
    ("Lu", &[(b'A', b'Z')]),
    ("Ll", &[(b'a', b'z')]),
    ("M", &[]),
    ("N", &[(b'0', b'9')]),
    ("Nd", &[(b'0', b'9')]),
    ("Pd", &[(b'-', b'-')]),
    ("Z", &[(b' ', b' ')]),
    ("C", &[(0, 0x1F), (0x7F, 0x7F)]),
    ("Latin", &[(b'A', b'Z'), (b'a', b'z')]),
    ("Greek", &[]),
    ("Cyrillic", &[]),
    ("Han", &[]),
];

impl CharacterSet {
    pub(super) fn of(lo: u32, hi: u32) -> Self {
        Self(vec![(lo, hi)])
    }

    fn of_row(row: &[(u8, u8)]) -> Self {
        Self(row.iter().map(|&(lo, hi)| (lo.into(), hi.into())).collect())
    }

    /// The set of `\d` or of another escape; a capital letter inverts it.
    pub(super) fn perl(letter: char, fold: bool) -> Option<Self> {
        let (_, row) = PERL.iter().find(|(name, _)| *name == letter.to_ascii_lowercase())?;
        Some(Self::of_row(row).fold_if(fold).negate_if(letter.is_ascii_uppercase()))
    }

    /// The set of `[:name:]` or `[:^name:]`.
    pub(super) fn posix(name: &str, fold: bool) -> Option<Self> {
        let plain = name.strip_prefix('^').unwrap_or(name);
        let (_, row) = POSIX.iter().find(|(known, _)| *known == plain)?;
        Some(Self::of_row(row).fold_if(fold).negate_if(plain.len() < name.len()))
    }

    /// The set of `\p{name}`.
    pub(super) fn unicode(name: &str, fold: bool) -> Option<Self> {
        let (_, row) = UNICODE.iter().find(|(known, _)| *known == name)?;
        Some(Self::of_row(row).fold_if(fold))
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    /// Adds characters that differ from a member only in case. Two characters beyond ASCII differ
    /// so from an ASCII letter: U+017F from `s` and U+212A from `k`.
    pub(super) fn fold_if(mut self, fold: bool) -> Self {
        if !fold {
            return self;
        }
        let mut folded = Vec::new();
        for &(lo, hi) in &self.0 {
            let has = |c: char| (lo..=hi).contains(&u32::from(c));
            for (lower, upper) in ('a'..='z').zip('A'..='Z') {
                let beyond = match lower {
                    's' => Some('\u{17F}'),
                    'k' => Some('\u{212A}'),
                    _ => None,
                };
                if has(lower) || has(upper) || beyond.is_some_and(has) {
                    let orbit = [Some(lower), Some(upper), beyond].into_iter().flatten();
                    folded.extend(orbit.map(|c| (u32::from(c), u32::from(c))));
                }
            }
        }
        self.0.extend(folded);
        self
    }

    pub(super) fn negate_if(self, negate: bool) -> Self {
        if !negate {
            return self;
        }
        let mut class = self.class();
        class.negate();
        let ranges = class.iter();
        Self(ranges.map(|range| (range.start().into(), range.end().into())).collect())
    }

    /// Surrogates are not characters of a text, so they are left out.
    fn class(&self) -> ClassUnicode {
        let char_at = |code| char::from_u32(code);
        ClassUnicode::new(self.0.iter().flat_map(|&(lo, hi)| {
            let below = (lo, hi.min(0xD7FF));
            let above = (lo.max(0xE000), hi);
            [below, above].into_iter().filter(|(lo, hi)| lo <= hi).filter_map(move |(lo, hi)| {
                Some(ClassUnicodeRange::new(char_at(lo)?, char_at(hi)?))
            })
        }))
    }

    pub(super) fn hir(&self) -> Hir {
        Hir::class(Class::Unicode(self.class()))
    }
}
