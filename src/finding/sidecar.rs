//! Why a sidecar that reloads a volume may not be enough.

/// Why a change in a watched volume may still need new pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The sidecar watches one file of the volume, and the volume has more.
    OneFile,
    /// An init container reads the volume, once.
    InitContainer,
    /// Several containers read the volume, and it is not known which of them the sidecar tells.
    SeveralReaders,
}

impl Doubt {
    /// Completes "the sidecar watches the volume, but ...".
    pub fn text(self) -> &'static str {
        match self {
            Self::OneFile => "only one of its files is watched",
            Self::InitContainer => "an init container reads it once",
            Self::SeveralReaders => {
                "several containers read it, and nothing says which one reloads"
            }
        }
    }
}
