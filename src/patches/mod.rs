//! Stamps for each overlay: a generated file of `PatchTransformer`s beside a kustomization, and the
//! entry in the kustomization that names it.
//!
//! A workload in a base can need different stamps in different overlays, so no stamp in the base is
//! right for all. kustomize's built-in `PatchTransformer` (sigs.k8s.io/kustomize/api, `builtin`)
//! needs no plugin: `kubectl kustomize`, Flux and Argo CD run it. As the last transformer of an
//! overlay it sees final names, and a missing target is not an error.

mod file;
mod object;
mod release;
mod wiring;

pub use file::{FILE_NAME, Stamp, StampPatch, post_renderers, read, write};
pub use object::{in_object, listed_in};
pub use release::{ByKind, Dropped, steady_release};
pub use wiring::{Wiring, unwire, wire};
