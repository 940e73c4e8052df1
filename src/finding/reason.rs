//! Reasons as enums with one sentence each.

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

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.text())
            }
        }
    };
}

/// The same for reasons with fields, which their sentences name in braces.
macro_rules! reasons_with_fields {
    ($(#[$attribute:meta])* $visible:vis enum $name:ident {
        $($variant:ident $(($($field:ident: $type:ty),+))? $text:literal)+
    }) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
        $visible enum $name {
            $(#[doc = $text] $variant $(($($type),+))?,)+
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self { $(Self::$variant $(($($field),+))? => write!(f, $text),)+ }
            }
        }
    };
}

pub(super) use {reasons, reasons_with_fields};
