//! The text of a stream, gathered from its parts.

use std::borrow::Cow;
use std::string::FromUtf8Error;

/// A text that grows, in one piece of memory.
pub(super) enum Whole {
    /// In memory of its own, which the system hands out in large pages where it can: to ask for every
    /// 4 kB of a large stream takes longer than to copy it.
    #[cfg(target_os = "linux")]
    Mapped {
        /// The memory; the pages behind `len` take no room.
        room: &'static mut [u8],
        /// How many bytes the text has.
        len: usize,
    },
    /// As a string.
    Here(String),
}

impl Whole {
    /// An empty text that will not be longer than so many bytes.
    #[cfg(target_os = "linux")]
    pub(super) fn with_room(most: usize) -> Self {
        let mapped = memmap2::MmapOptions::new()
            .len(most)
            .no_reserve_swap()
            .map_anon();
        match mapped {
            Ok(room) => {
                // Only a wish: without large pages all is the same, but slower.
                let _ = room.advise(memmap2::Advice::HugePage);
                // The text is wanted to the end of the process.
                let room: &'static mut memmap2::MmapMut = Box::leak(Box::new(room));
                Self::Mapped { room, len: 0 }
            }
            Err(_) => Self::Here(String::new()),
        }
    }

    /// An empty text.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn with_room(_: usize) -> Self {
        Self::Here(String::new())
    }

    /// How many bytes it has.
    pub(super) fn len(&self) -> usize {
        match self {
            #[cfg(target_os = "linux")]
            Self::Mapped { len, .. } => *len,
            Self::Here(text) => text.len(),
        }
    }

    /// Appends a part.
    pub(super) fn push(&mut self, part: &str) {
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
    /// Never: all parts were text. But nobody can tell that to the compiler.
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
