//! Searches for bytes, eight at a time.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks the zero bytes of a word; the lowest mark is always right.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGH
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let eight: [u8; 8] = bytes.get(at..at + 8)?.try_into().ok()?;
    Some(u64::from_le_bytes(eight))
}

/// The first place from `at` on that holds one of three bytes, or the end.
#[inline(always)]
pub(super) fn find3(bytes: &[u8], at: usize, [a, b, c]: [u8; 3]) -> usize {
    let mut at = at;
    let (wa, wb, wc) = (ONES * u64::from(a), ONES * u64::from(b), ONES * u64::from(c));
    // The search by words is faster for near bytes; for far bytes, the vector search of memchr is
    // faster.
    for _ in 0..3 {
        let Some(word) = word(bytes, at) else { break };
        let hits = zeros(word ^ wa) | zeros(word ^ wb) | zeros(word ^ wc);
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    match bytes.get(at..) {
        Some(rest) => memchr::memchr3(a, b, c, rest).map_or(bytes.len(), |i| at + i),
        None => bytes.len(),
    }
}

/// The first place from `at` on that holds no space, or the end.
#[inline(always)]
pub(super) fn skip_spaces(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(word) = word(bytes, at) {
        let other = word ^ (ONES * u64::from(b' '));
        if other != 0 {
            return at + (other.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at) == Some(&b' ') {
        at += 1;
    }
    at.min(bytes.len())
}

/// The start of the line behind the one that holds `at`.
#[inline(always)]
pub(super) fn next_line(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at..) {
        Some(rest) => memchr::memchr(b'\n', rest).map_or(bytes.len(), |i| at + i + 1),
        None => bytes.len(),
    }
}

/// The end of the content of a line that ends before `next`.
pub(super) fn line_end(bytes: &[u8], at: usize, next: usize) -> usize {
    let mut end = next;
    while end > at && matches!(bytes[end - 1], b'\n' | b'\r') {
        end -= 1;
    }
    end
}

/// Which rare bytes a text contains.
#[derive(Clone, Copy, Default)]
pub(super) struct Characters {
    /// A byte below the space other than tab, line feed and carriage return; or DEL.
    pub(super) control: bool,
    pub(super) tab: bool,
    pub(super) carriage_return: bool,
    pub(super) not_ascii: bool,
}

/// One pass without branches, so that the compiler uses vector instructions.
pub(super) fn characters(bytes: &[u8]) -> Characters {
    let (mut control, mut tab, mut carriage_return, mut high) = (0_u8, 0_u8, 0_u8, 0_u8);
    for &byte in bytes {
        let is_tab = u8::from(byte == b'\t');
        let is_return = u8::from(byte == b'\r');
        let is_feed = u8::from(byte == b'\n');
        control |=
            (u8::from(byte < b' ') & !(is_tab | is_return | is_feed)) | u8::from(byte == 0x7F);
        tab |= is_tab;
        carriage_return |= is_return;
        high |= byte;
    }
    Characters {
        control: control != 0,
        tab: tab != 0,
        carriage_return: carriage_return != 0,
        not_ascii: high >= 0x80,
    }
}

/// Whether every carriage return stands before a line feed.
pub(super) fn only_line_ends(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'))
}
