//! RECREATED: annotations of objects that an apply deletes and makes anew, so that nothing in them is
//! immutable.

/// One such annotation.
#[derive(Debug, PartialEq, Eq)]
pub struct Recreated {
    /// Its key.
    pub annotation: &'static str,
    /// What it says.
    pub says: Says,
}

/// What an annotation says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It is there.
    Anything,
    /// Its text holds this.
    Contains(&'static str),
}

/// One row an annotation.
pub const RECREATED: &[Recreated] = &[
    // helm.sh/docs/topics/charts_hooks: `before-hook-creation` is the default
    Recreated { annotation: "helm.sh/hook", says: Says::Anything },
    // argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks and sync-options
    Recreated { annotation: "argocd.argoproj.io/hook", says: Says::Anything },
    Recreated { annotation: "argocd.argoproj.io/sync-options", says: Says::Contains("Force=true") },
    // fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    Recreated { annotation: "kustomize.toolkit.fluxcd.io/force", says: Says::Contains("nabled") },
];
