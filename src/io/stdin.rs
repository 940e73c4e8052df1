//! Reads the standard input in one thread, while other threads extract the facts of the earlier part.

use super::buffer::StreamText;
use super::stdout::STDIN;
use super::utf8;
use crate::config::options::Options;
use crate::extract::{self, Facts, Joining, PART, Part};
use crate::process::Loaded;
use crate::text::input::{Found, Input};
use crate::text::{FileId, MAX_TEXT, Span, offset};
use crate::yaml::insert::line_end;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Reads the next part of a stream: appends it to a buffer, and returns the number of bytes, 0 at the end.
pub type Blocks = Box<dyn FnMut(&mut Vec<u8>) -> io::Result<usize>>;

/// A stream whose first block was read.
pub struct Arriving {
    source: Blocks,
    /// The approximate number of bytes that are read at a time.
    block: usize,
    /// The expected number of bytes, if it is known.
    expected: usize,
    /// The bytes that were read and not yet passed to a thread.
    bytes: Vec<u8>,
    /// The start of the last document, whose end was not read yet; `None` after the end of the stream.
    last: Option<usize>,
}

/// Some documents of a stream, each of them complete.
struct Segment {
    number: usize,
    start: u32,
    text: String,
}

/// The segments that wait for a thread, and the facts of those that were read.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Segment>,
    /// Buffers for reuse.
    spare: Vec<Vec<u8>>,
    /// The joined facts of the first segments.
    first: Joining,
    /// The number of these segments.
    joined: usize,
    /// The facts of later segments that were ready before an earlier one.
    later: BTreeMap<usize, Facts>,
    closed: bool,
}

impl Arriving {
    /// Reads the beginning of the standard input: at least its whole first document.
    ///
    /// # Errors
    /// When the system cannot read it.
    pub fn begin() -> io::Result<Self> {
        let (source, expected) = standard_input()?;
        Self::of(source, PART, expected)
    }

    /// The same for any reader, in blocks of at least this number of bytes.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn of(source: Blocks, block: usize, expected: usize) -> io::Result<Self> {
        let mut arriving =
            Self { source, block, expected, bytes: Vec::with_capacity(block), last: None };
        arriving.more()?;
        Ok(arriving)
    }

    /// The text that was read so far, if it is UTF-8.
    pub fn head(&self) -> Option<&str> {
        let whole = &self.bytes[..self.last.unwrap_or(self.bytes.len())];
        std::str::from_utf8(whole).ok()
    }

    /// Reads the rest, and extracts its facts at the same time.
    ///
    /// # Errors
    /// When the system cannot read it.
    pub fn finish(mut self, loaded: &mut Loaded, options: &Options) -> io::Result<()> {
        let together = match self.last {
            Some(_) => self.together(options)?,
            None => None,
        };
        match together {
            Some((text, facts)) => push(loaded, text, Some(facts)),
            None => self.whole(loaded)?,
        }
        Ok(())
    }

    /// Reads the rest; its facts are extracted later.
    ///
    /// # Errors
    /// When the system cannot read it.
    pub fn whole(mut self, loaded: &mut Loaded) -> io::Result<()> {
        // With space for the last read, which returns nothing.
        let more = self.expected.saturating_sub(self.bytes.len()) + PART;
        self.bytes.reserve(more);
        while (self.source)(&mut self.bytes)? > 0 {}
        match utf8(self.bytes, STDIN) {
            Ok(text) => push(loaded, text.into(), None),
            Err(finding) => loaded.findings.push(finding),
        }
        Ok(())
    }

    /// Reads at least one more block, up to the beginning of a document.
    fn more(&mut self) -> io::Result<()> {
        self.last = None;
        loop {
            let known = self.bytes.len();
            while self.bytes.len() < known + self.block {
                if (self.source)(&mut self.bytes)? == 0 {
                    return Ok(());
                }
            }
            let from = known.saturating_sub(3);
            if let Some(at) = memchr::memmem::rfind(&self.bytes[from..], b"\n---") {
                self.last = Some(from + at + 1);
                return Ok(());
            }
        }
    }

    /// Reads the rest while other threads extract the facts of the earlier part. `None` if the stream must
    /// be handled as a whole, because it is not UTF-8, is too large, or has two sorts of line ends; then
    /// `bytes` again holds everything that was read.
    fn together(&mut self, options: &Options) -> io::Result<Option<(Cow<'static, str>, Facts)>> {
        let (queue, changed) = (Mutex::new(Queue::default()), Condvar::new());
        let work = || {
            while let Some(segment) = next(&queue, &changed) {
                read(segment, options, &queue);
            }
        };
        let text = std::thread::scope(|scope| {
            for _ in 1..options.jobs {
                scope.spawn(work);
            }
            let text = self.hand_on(options, &queue, &changed);
            lock(&queue).closed = true;
            changed.notify_all();
            if matches!(text, Ok(Some(_))) {
                work();
            } else {
                lock(&queue).waiting.clear();
            }
            text
        })?;
        let Some(text) = text else { return Ok(None) };
        let text = text.into_text().map_err(io::Error::other)?;
        let queue = queue.into_inner().unwrap_or_default();
        let facts = queue.first.finish().seen(&text, &options.annotation);
        Ok(Some((text, facts)))
    }

    fn hand_on(
        &mut self,
        options: &Options,
        queue: &Mutex<Queue>,
        changed: &Condvar,
    ) -> io::Result<Option<StreamText>> {
        let mut whole = StreamText::default();
        let mut ends = None;
        for number in 0.. {
            let mut rest = lock(queue).spare.pop().unwrap_or_default();
            rest.clear();
            let end = self.last.unwrap_or(self.bytes.len());
            rest.extend_from_slice(&self.bytes[end..]);
            let mut bytes = std::mem::replace(&mut self.bytes, rest);
            bytes.truncate(end);
            let text = String::from_utf8(bytes);
            let fits = |text: &String| {
                let same_ends = *ends.get_or_insert_with(|| line_end(text)) == line_end(text);
                same_ends && whole.len() + text.len() <= MAX_TEXT
            };
            let text = match text {
                Ok(text) if { fits }(&text) => text,
                odd => {
                    let mut all = whole.into_bytes();
                    all.extend(odd.map_or_else(|error| error.into_bytes(), String::into_bytes));
                    all.append(&mut self.bytes);
                    self.bytes = all;
                    return Ok(None);
                }
            };
            let start = offset(whole.len());
            whole.push(&text);
            let segment = Segment { number, start, text };
            let mut open = lock(queue);
            if open.waiting.len() < 2 * (options.jobs - 1) {
                open.waiting.push_back(segment);
                drop(open);
                changed.notify_one();
            } else {
                // Back-pressure: with a full queue, the reading thread extracts a segment itself.
                drop(open);
                read(segment, options, queue);
            }
            if self.last.is_none() {
                break;
            }
            self.more()?;
        }
        Ok(Some(whole))
    }
}

/// The output of a program, loaded like a standard input.
pub fn printed(text: String) -> Loaded {
    let mut loaded = Loaded::default();
    push(&mut loaded, text.into(), None);
    loaded
}

fn push(loaded: &mut Loaded, text: Cow<'static, str>, facts: Option<Facts>) {
    loaded.push(Input::new(STDIN, Found::Stream), Some(text), facts);
}

/// Locks the queue; a panic of another thread ends the run anyway.
fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn next(queue: &Mutex<Queue>, changed: &Condvar) -> Option<Segment> {
    let mut open = lock(queue);
    loop {
        if let Some(segment) = open.waiting.pop_front() {
            return Some(segment);
        }
        if open.closed {
            return None;
        }
        open = changed.wait(open).unwrap_or_else(PoisonError::into_inner);
    }
}

/// The standard input is the only file of its run.
const FILE: FileId = FileId(0);

fn read(segment: Segment, options: &Options, queue: &Mutex<Queue>) {
    let Segment { number, start, text } = segment;
    let part = Part { text: &text, span: Span::new(0, text.len()), base: start };
    let facts = extract::extract_part(FILE, part, options);
    let mut open = lock(queue);
    open.spare.push(text.into_bytes());
    open.later.insert(number, facts);
    let Queue { first, joined, later, .. } = &mut *open;
    while let Some(facts) = later.remove(joined) {
        first.add(facts);
        *joined += 1;
    }
}

/// The standard input without the buffer of the standard library, and the expected number of bytes. The
/// buffer of a pipe is enlarged if the system allows it; the size of a file is known.
#[cfg(target_os = "linux")]
fn standard_input() -> io::Result<(Blocks, usize)> {
    use std::os::fd::AsFd as _;
    let stdin = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    super::widen(&stdin);
    let expected = stdin.metadata().ok().filter(|m| m.is_file());
    let expected = expected.map_or(0, |m| usize::try_from(m.len()).unwrap_or(0).min(MAX_TEXT));
    let source = move |buffer: &mut Vec<u8>| super::read_some(&stdin, buffer, PART);
    Ok((Box::new(source), expected))
}

#[cfg(not(target_os = "linux"))]
fn standard_input() -> io::Result<(Blocks, usize)> {
    use io::Read as _;
    let source = |buffer: &mut Vec<u8>| io::stdin().lock().take(PART as u64).read_to_end(buffer);
    Ok((Box::new(source), 0))
}
