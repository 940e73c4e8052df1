//! SIDECARS: programs that run beside the main program of a pod, watch files or objects, and tell
//! the main program to reload.
//!
//! A row says how to recognise such a sidecar and what it watches. It changes a stamp only if the
//! user asks for that, because a manifest does not show whether the main program really reloads.

/// A program that runs as a sidecar.
#[derive(Debug, PartialEq, Eq)]
pub struct SidecarProgram {
    /// Its name in reports. An image is this program if its last path element contains the name, so
    /// that mirrors are recognised.
    pub name: &'static str,
    /// The flags whose values are the paths that it watches.
    pub watches: &'static [Watch],
    /// The environment variable with the label by which it finds objects through the API server. No
    /// pod spec refers to these objects.
    pub label: Option<&'static str>,
    /// Settings with which it reads once and ends. As an init container it always reads once.
    pub once: &'static [OneShot],
    /// The source of this row.
    pub origin: &'static str,
}

/// A flag, without its dashes, whose value is a path to watch. It may be repeated.
#[derive(Debug, PartialEq, Eq)]
pub enum Watch {
    /// A directory, without the directories below it.
    Directory(&'static str),
    /// One file.
    File(&'static str),
}

/// A setting with which a sidecar reads only once.
#[derive(Debug, PartialEq, Eq)]
pub enum OneShot {
    /// A flag whose value is a duration of zero.
    ZeroFlag(&'static str),
    /// An environment variable with this value.
    Env(&'static str, &'static str),
}

/// One row for each program.
pub const RELOADERS: &[SidecarProgram] = &[
    SidecarProgram {
        name: "configmap-reload",
        watches: &[Watch::Directory("volume-dir")],
        label: None,
        once: &[],
        origin: "github.com/jimmidyson/configmap-reload: configmap-reload.go waits for a new `..data` in each `-volume-dir` itself",
    },
    SidecarProgram {
        name: "prometheus-config-reloader",
        watches: &[Watch::Directory("watched-dir"), Watch::File("config-file")],
        label: None,
        once: &[OneShot::ZeroFlag("watch-interval")],
        origin: "github.com/prometheus-operator/prometheus-operator: cmd/prometheus-config-reloader/main.go, `directory to watch non-recursively`, `when set to 0, the program runs only once and exits`",
    },
    SidecarProgram {
        name: "k8s-sidecar",
        watches: &[],
        label: Some("LABEL"),
        once: &[OneShot::Env("METHOD", "LIST")],
        origin: "github.com/kiwigrid/k8s-sidecar: README, src/sidecar.py",
    },
];

/// The row of an image, if it is one of these programs.
pub fn reloader(image: &str) -> Option<&'static SidecarProgram> {
    let without_digest = image.split('@').next().unwrap_or_default();
    let last = without_digest.rsplit('/').next().unwrap_or_default();
    let program = last.split(':').next().unwrap_or_default();
    RELOADERS.iter().find(|row| program.contains(row.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_recognised_by_their_last_path_element() {
        for (image, name) in [
            ("ghcr.io/jimmidyson/configmap-reload:v0.15.0", Some("configmap-reload")),
            ("jimmidyson/configmap-reload", Some("configmap-reload")),
            ("registry:5000/mirrored-configmap-reload@sha256:00", Some("configmap-reload")),
            (
                "quay.io/prometheus-operator/prometheus-config-reloader:v0.89.0",
                Some("prometheus-config-reloader"),
            ),
            ("kiwigrid/k8s-sidecar:2.5.0", Some("k8s-sidecar")),
            ("k8s-sidecar.example/web:1", None),
            ("stakater/reloader:v1", None),
            ("", None),
        ] {
            assert_eq!(reloader(image).map(|row| row.name), name, "{image}");
        }
    }
}
