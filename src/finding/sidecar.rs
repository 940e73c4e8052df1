//! The reasons why a sidecar that reloads a volume may not be enough.

use super::reason::reasons;

reasons! {
    /// The reason why a change in a watched volume may still need new pods: completes "the sidecar
    /// watches the volume, but ...".
    pub enum SidecarDoubt {
        OneFile "only one of its files is watched"
        InitContainer "an init container reads it once"
        SeveralReaders "several containers read it, and nothing says which one reloads"
    }
}
