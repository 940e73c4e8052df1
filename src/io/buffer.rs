//! The text of a stream, collected from its parts.

#[cfg(target_os = "linux")]
use crate::text::MAX_TEXT;
use std::borrow::Cow;
use std::string::FromUtf8Error;

/// A growing text in one contiguous piece of memory.
pub(super) enum StreamText {
    /// As a string.
    Here(String),
    /// In a separate memory map, with large pages if the system has them: requesting a large text in pages
    /// of 4 kB takes longer than copying it.
    #[cfg(target_os = "linux")]
    Mapped {
        /// The memory; pages after `len` use no physical memory.
        room: &'static mut [u8],
        /// The number of bytes of the text.
        len: usize,
    },
}

/// The size from which on a text is moved to large pages, in bytes.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

impl Default for StreamText {
    fn default() -> Self {
        Self::Here(String::new())
    }
}

impl StreamText {
    /// The same text in large pages, with space for the largest allowed text.
    #[cfg(target_os = "linux")]
    fn in_large_pages(text: &str) -> Option<Self> {
        let room = memmap2::MmapOptions::new().len(MAX_TEXT).no_reserve_swap().map_anon().ok()?;
        // Best effort (MADV_HUGEPAGE): without large pages only the speed differs.
        let _ = room.advise(memmap2::Advice::HugePage);
        // The text lives until the end of the process.
        let room: &'static mut memmap2::MmapMut = Box::leak(Box::new(room));
        room[..text.len()].copy_from_slice(text.as_bytes());
        Some(Self::Mapped { room, len: text.len() })
    }

    /// The number of bytes.
    pub(super) fn len(&self) -> usize {
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped { len, .. } => *len,
            Self::Here(text) => text.len(),
        }
    }

    /// Appends a part; the whole must not become longer than [`MAX_TEXT`].
    pub(super) fn push(&mut self, part: &str) {
        #[cfg(target_os = "linux")]
        if let Self::Here(text) = self
            && text.len() < LARGE
            && text.len() + part.len() >= LARGE
            && let Some(mapped) = Self::in_large_pages(text)
        {
            *self = mapped;
        }
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped { room, len } => {
                let end = *len + part.len();
                room[*len..end].copy_from_slice(part.as_bytes());
                *len = end;
            }
            Self::Here(text) => text.push_str(part),
        }
    }

    /// The bytes, on the heap.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped { room, len } => room[..len].to_vec(),
            Self::Here(text) => text.into_bytes(),
        }
    }

    /// The text.
    ///
    /// # Errors
    /// [`FromUtf8Error`], which cannot happen: every part was UTF-8 when it was added.
    pub(super) fn into_text(self) -> Result<Cow<'static, str>, FromUtf8Error> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped { room, len } => match std::str::from_utf8(&room[..len]) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(_) => String::from_utf8(room[..len].to_vec()).map(Cow::Owned),
            },
            Self::Here(text) => Ok(Cow::Owned(text)),
        }
    }
}
