//! Sets of characters, as Go's patterns write them.

use regex_syntax::ast::ClassAsciiKind;
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind};

/// A set of characters.
#[derive(Clone)]
pub(super) struct CharacterSet(ClassUnicode);

/// `\d`, `\s` and `\w` of `perl_groups.go`, each as the content of a pair of brackets.
const PERL: &[(char, &str)] = &[('d', "[:digit:]"), ('s', "\\t\\n\\f\\r "), ('w', "[:word:]")];

/// Categories and scripts of Unicode whose names every version of Go accepts, limited to ASCII, each
/// as the content of a pair of brackets.
const UNICODE: &[(&str, &str)] = &[
    ("Any", "[:ascii:]"),
    ("L", "[:alpha:]"),
    ("Lu", "[:upper:]"),
    ("Ll", "[:lower:]"),
    ("M", ""),
    ("N", "[:digit:]"),
    ("Nd", "[:digit:]"),
    ("Pd", "\\-"),
    ("Z", " "),
    ("C", "[:cntrl:]"),
    ("Latin", "[:alpha:]"),
    ("Greek", ""),
    ("Cyrillic", ""),
    ("Han", ""),
];

impl CharacterSet {
    pub(super) fn empty() -> Self {
        Self(ClassUnicode::empty())
    }

    /// Surrogates are not characters of a text, so they are left out.
    pub(super) fn of(lo: u32, hi: u32) -> Self {
        let parts = [(lo, hi.min(0xD7FF)), (lo.max(0xE000), hi)];
        let parts = parts.into_iter().filter(|(lo, hi)| lo <= hi).filter_map(|(lo, hi)| {
            Some(ClassUnicodeRange::new(char::from_u32(lo)?, char::from_u32(hi)?))
        });
        Self(ClassUnicode::new(parts))
    }

    /// The set of `[content]`, in which the `regex` crates and Go do not differ.
    fn of_brackets(content: &str) -> Option<Self> {
        if content.is_empty() {
            return Some(Self::empty());
        }
        // The crate makes a literal of a set with one member, but never of an inverted one.
        let inverse = regex_syntax::parse(&format!("[^{content}]")).ok()?;
        match inverse.into_kind() {
            HirKind::Class(Class::Unicode(class)) => Some(Self(class).negate_if(true)),
            _ => None,
        }
    }

    /// The set of `\d` or of another escape; a capital letter inverts it.
    pub(super) fn perl(letter: char, fold: bool) -> Option<Self> {
        let (_, content) = PERL.iter().find(|(name, _)| *name == letter.to_ascii_lowercase())?;
        let set = Self::of_brackets(content)?.fold_if(fold);
        Some(set.negate_if(letter.is_ascii_uppercase()))
    }

    /// The set of `[:name:]` or `[:^name:]`. Both have the names of `perl_groups.go`.
    pub(super) fn posix(name: &str, fold: bool) -> Option<Self> {
        let plain = name.strip_prefix('^').unwrap_or(name);
        // The crate takes an unknown name for the characters of a set.
        ClassAsciiKind::from_name(plain)?;
        let set = Self::of_brackets(&format!("[:{plain}:]"))?.fold_if(fold);
        Some(set.negate_if(plain.len() < name.len()))
    }

    /// The set of `\p{name}`.
    pub(super) fn unicode(name: &str, fold: bool) -> Option<Self> {
        let (_, content) = UNICODE.iter().find(|(known, _)| *known == name)?;
        Some(Self::of_brackets(content)?.fold_if(fold))
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.union(&other.0);
    }

    /// Adds characters that differ from a member only in case. Two characters beyond ASCII differ
    /// so from an ASCII letter: U+017F from `s` and U+212A from `k`.
    pub(super) fn fold_if(mut self, fold: bool) -> Self {
        let orbits =
            ('a'..='z').zip('A'..='Z').filter(|_| fold).map(|(lower, upper)| match lower {
                's' => vec![lower, upper, '\u{17F}'],
                'k' => vec![lower, upper, '\u{212A}'],
                _ => vec![lower, upper],
            });
        let has = |c: &char| self.0.iter().any(|range| (range.start()..=range.end()).contains(c));
        let more = orbits.filter(|orbit| orbit.iter().any(has)).flatten();
        let more = ClassUnicode::new(more.map(|c| ClassUnicodeRange::new(c, c)));
        self.0.union(&more);
        self
    }

    pub(super) fn negate_if(mut self, negate: bool) -> Self {
        if negate {
            self.0.negate();
        }
        self
    }

    pub(super) fn hir(&self) -> Hir {
        Hir::class(Class::Unicode(self.0.clone()))
    }
}
