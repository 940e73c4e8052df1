//! RECREATED: annotations that make an apply delete the object and create it again, so that all of its
//! fields can change.

/// An annotation with this effect.
#[derive(Debug, PartialEq, Eq)]
pub struct Recreated {
    /// The key of the annotation.
    pub annotation: &'static str,
    /// The value that has the effect.
    pub says: AnnotationTest,
}

/// A condition on the value of an annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationTest {
    /// Any value.
    Anything,
    /// A value that contains this text.
    Contains(&'static str),
}

/// One row for each annotation.
pub const RECREATED: &[Recreated] = &[
    // helm.sh/docs/topics/charts_hooks: `before-hook-creation` is the default
    Recreated { annotation: "helm.sh/hook", says: AnnotationTest::Anything },
    // argo-cd.readthedocs.io/en/stable/user-guide/resource_hooks and sync-options
    Recreated { annotation: "argocd.argoproj.io/hook", says: AnnotationTest::Anything },
    Recreated {
        annotation: "argocd.argoproj.io/sync-options",
        says: AnnotationTest::Contains("Force=true"),
    },
    // fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
    Recreated {
        annotation: "kustomize.toolkit.fluxcd.io/force",
        says: AnnotationTest::Contains("nabled"),
    },
];
