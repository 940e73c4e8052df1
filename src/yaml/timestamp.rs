//! Timestamps in plain scalars, as Go's YAML readers find them: go-yaml v2 (`kubectl`) leaves them
//! as strings; go-yaml v3 (kustomize) parses them and writes them again in RFC 3339.

/// A date, or a date and a time of day, in one of the layouts of both readers (`parseTimestamp` in
/// their `resolve.go`). The day exists in the calendar.
pub(crate) struct Timestamp<'a> {
    year: u32,
    month: u32,
    day: u32,
    time: Option<TimeOfDay<'a>>,
}

struct TimeOfDay<'a> {
    hour: u32,
    minute: u32,
    second: u32,
    /// The digits after the second.
    fraction: &'a str,
    /// Whether they follow a comma, which the v2 reader does not accept.
    comma: bool,
    /// `Z` or `+02:00`; empty if there is a blank instead of the `T`, because no zone is allowed
    /// then.
    zone: &'a str,
}

impl<'a> Timestamp<'a> {
    /// Reads a whole text.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text;
        let year = number(&mut rest, 4)?;
        if text.len() - rest.len() != 4 {
            return None;
        }
        expect(&mut rest, '-')?;
        let month = number(&mut rest, 2)?;
        expect(&mut rest, '-')?;
        let day = number(&mut rest, 2)?;
        if !is_day(year, month, day) {
            return None;
        }
        let time = if rest.is_empty() { None } else { Some(TimeOfDay::parse(rest)?) };
        Some(Self { year, month, day, time })
    }

    /// Whether go-yaml v2 reads the text as a timestamp.
    pub(crate) fn is_of_v2(&self) -> bool {
        self.time.as_ref().is_none_or(|time| !time.comma)
    }

    /// The text that go-yaml v3 writes: RFC 3339 as Go formats it, to the nanosecond.
    pub(crate) fn to_rfc3339(&self) -> String {
        let date = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        let Some(TimeOfDay { hour, minute, second, fraction, zone, .. }) = self.time else {
            return format!("{date}T00:00:00Z");
        };
        let fraction = fraction[..fraction.len().min(9)].trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        let zone = if matches!(zone, "" | "+00:00" | "-00:00") { "Z" } else { zone };
        format!("{date}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}")
    }
}

impl<'a> TimeOfDay<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut rest = text.strip_prefix(['T', 't', ' '])?;
        let zoned = !text.starts_with(' ');
        let hour = number(&mut rest, 2)?;
        expect(&mut rest, ':')?;
        let minute = number(&mut rest, 2)?;
        expect(&mut rest, ':')?;
        let second = number(&mut rest, 2)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let mut fraction = "";
        let comma = rest.starts_with(',');
        if let Some(after) = rest.strip_prefix(['.', ',']) {
            let length = after.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                return None;
            }
            (fraction, rest) = after.split_at(length);
        }
        let zone = rest;
        let good = if zoned { zone == "Z" || is_offset(zone) } else { zone.is_empty() };
        good.then_some(Self { hour, minute, second, fraction, comma, zone })
    }
}

/// Whether a plain scalar looks like a date: it begins with a digit and contains a dash.
pub(crate) fn is_dated(plain: &str) -> bool {
    plain.starts_with(|c: char| c.is_ascii_digit()) && plain.contains('-')
}

/// Whether any version of a Go reader may read a plain scalar as a timestamp.
pub(crate) fn may_be_read(plain: &str) -> bool {
    is_dated(plain) && plain.bytes().all(|b| b.is_ascii_digit() || b"-:.+TtZz \t".contains(&b))
}

/// `+02:00`
fn is_offset(zone: &str) -> bool {
    let two = |part: &str, most: u32| {
        let good = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        good && part.parse().is_ok_and(|value: u32| value <= most)
    };
    let parts = zone.strip_prefix(['+', '-']).and_then(|offset| offset.split_once(':'));
    parts.is_some_and(|(hours, minutes)| two(hours, 24) && two(minutes, 59))
}

/// Takes a number of one to `most` digits from the start of a text.
fn number(rest: &mut &str, most: usize) -> Option<u32> {
    let length = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value = rest[..length].parse().ok()?;
    *rest = &rest[length..];
    Some(value)
}

/// Takes this character from the start of a text.
fn expect(rest: &mut &str, what: char) -> Option<()> {
    *rest = rest.strip_prefix(what)?;
    Some(())
}

/// Whether the calendar has this day.
fn is_day(year: u32, month: u32, day: u32) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_written_as_go_does() {
        for (text, time) in [
            ("2020-01-02", Some("2020-01-02T00:00:00Z")),
            ("2020-1-2", Some("2020-01-02T00:00:00Z")),
            ("2020-1-2T3:4:5.120+02:00", Some("2020-01-02T03:04:05.12+02:00")),
            ("2020-1-2t3:4:5-00:00", Some("2020-01-02T03:04:05Z")),
            ("2020-01-02 03:04:05", Some("2020-01-02T03:04:05Z")),
            ("2020-01-02 03:04:05,5", Some("2020-01-02T03:04:05.5Z")),
            ("2020-01-02 03:04:05Z", None),
            ("2020-02-30", None),
            ("2020-01-02T03:04:05", None),
            ("12020-01-02", None),
            ("202-01-02", None),
            ("x", None),
        ] {
            let read = Timestamp::parse(text).map(|time| time.to_rfc3339());
            assert_eq!(read.as_deref(), time, "{text}");
        }
        assert!(Timestamp::parse("2020-01-02 03:04:05,5").is_some_and(|time| !time.is_of_v2()));
    }
}
