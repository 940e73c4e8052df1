//! Numbers for the objects, sources, pod templates, references and mentions of a run. Each has its
//! own number type, so that they cannot be confused.

use crate::text::offset;
use std::fmt;
use std::marker::PhantomData;

/// A number that names one item of a list.
pub trait Id: Copy {
    /// The number of the item at this position of its list.
    fn at(position: usize) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(u32);

            impl $name {
                /// The number of the item at this position of its list.
                pub fn at(position: usize) -> Self {
                    Self(offset(position))
                }

                /// The position in its list.
                pub fn index(self) -> usize {
                    self.0 as usize
                }
            }

            impl Id for $name {
                fn at(position: usize) -> Self {
                    Self::at(position)
                }
            }
        )+
    };
}

ids! {
    /// The number of an [`Object`](super::Object), in the order of the input.
    ObjectId;
    /// The number of a [`Source`](super::Source), in the order of the input.
    SourceId;
    /// The number of a [`Template`](super::Template), in the order of the input.
    TemplateId;
    /// The number of a [`Reference`](super::Reference), in the order of the input.
    ReferenceId;
    /// The number of a [`Mention`](super::Mention), in the order of the input.
    MentionId;
}

/// A range of numbers: the items of one owner. Owners are in order, so that the ranges of all
/// owners cover the whole list.
pub struct Ids<T> {
    start: u32,
    end: u32,
    of: PhantomData<T>,
}

impl<T: Id> Ids<T> {
    /// The numbers of the items at these positions.
    pub fn over(positions: std::ops::Range<usize>) -> Self {
        Self { start: offset(positions.start), end: offset(positions.end), of: PhantomData }
    }

    /// The positions in their list.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The number of items.
    pub fn len(self) -> usize {
        self.range().len()
    }

    /// Whether the range is empty.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The numbers in order.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = T> + ExactSizeIterator {
        self.range().map(T::at)
    }

    /// The numbers of the same items in a list that has `by` more items before them.
    #[must_use]
    pub(super) fn behind(self, by: usize) -> Self {
        let range = self.range();
        Self::over(range.start + by..range.end + by)
    }
}

impl<T> Clone for Ids<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Ids<T> {}

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self { start: 0, end: 0, of: PhantomData }
    }
}

impl<T> fmt::Debug for Ids<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}
