//! Reasons as enums with one fixed sentence each.

/// Declares an enum of reasons, each with its sentence. The sentence is also the documentation of
/// the variant, and the documentation of the enum says how the sentences are completed.
macro_rules! reasons {
    ($(#[$attribute:meta])* $visible:vis enum $name:ident { $($variant:ident $text:literal)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $visible enum $name {
            $(#[doc = $text] $variant,)+
        }

        impl $name {
            /// The sentence.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }
    };
}

pub(super) use reasons;
