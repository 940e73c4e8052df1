//! Pieces of the dates and times that Go's readers find in plain scalars.

/// Takes a number of at least so many digits, and reads at most so many, from the start of a text.
pub(crate) fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let digits = rest.bytes().take(most).take_while(u8::is_ascii_digit);
    let length = digits.count();
    if length < least {
        return None;
    }
    let value = rest[..length].parse().ok()?;
    *rest = &rest[length..];
    Some(value)
}

/// Takes this character from the start of a text.
pub(crate) fn expect(rest: &mut &str, what: char) -> Option<()> {
    *rest = rest.strip_prefix(what)?;
    Some(())
}

/// Whether the calendar has this day.
pub(crate) fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day)
}
