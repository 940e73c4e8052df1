//! Reasons as enums with one fixed sentence each.

/// Declares reasons, each with its sentence, which also documents it. The text of the enum says what the
/// sentences complete.
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
