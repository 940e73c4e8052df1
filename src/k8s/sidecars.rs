//! RELOADERS: sidecars that follow changed files, or changed objects, for the program beside them.
//!
//! A row says how to recognise one and what it follows. Nothing here changes a stamp unless the
//! user says so: whether the program takes up what it is told cannot be seen in a manifest.

/// A program that runs as a sidecar.
#[derive(Debug, PartialEq, Eq)]
pub struct Reloader {
    /// Its name in reports; the image's last path element contains it, so that mirrors count.
    pub name: &'static str,
    /// The flags whose values it watches.
    pub watches: &'static [Watch],
    /// The variable that names the label of the objects that it finds through the API server: such
    /// objects stand in no pod spec.
    pub label: Option<&'static str>,
    /// With one of these it looks once and ends. So it does as an init container.
    pub once: &'static [Once],
    /// Where this is written down.
    pub origin: &'static str,
}

/// A flag that says what is watched, without its dashes; it may stand several times.
#[derive(Debug, PartialEq, Eq)]
pub enum Watch {
    /// A directory; what lies in the directories below is not watched.
    Directory(&'static str),
    /// One file.
    File(&'static str),
}

/// What makes a sidecar look only once.
#[derive(Debug, PartialEq, Eq)]
pub enum Once {
    /// A flag whose value is a duration of zero.
    ZeroFlag(&'static str),
    /// A variable with this value.
    Env(&'static str, &'static str),
}

/// One row a program.
pub const RELOADERS: &[Reloader] = &[
    Reloader {
        name: "configmap-reload",
        watches: &[Watch::Directory("volume-dir")],
        label: None,
        once: &[],
        origin: "github.com/jimmidyson/configmap-reload: configmap-reload.go waits for a new `..data` in each `-volume-dir` itself",
    },
    Reloader {
        name: "prometheus-config-reloader",
        watches: &[Watch::Directory("watched-dir"), Watch::File("config-file")],
        label: None,
        once: &[Once::ZeroFlag("watch-interval")],
        origin: "github.com/prometheus-operator/prometheus-operator: cmd/prometheus-config-reloader/main.go, `directory to watch non-recursively`, `when set to 0, the program runs only once and exits`",
    },
    Reloader {
        name: "k8s-sidecar",
        watches: &[],
        label: Some("LABEL"),
        once: &[Once::Env("METHOD", "LIST")],
        origin: "github.com/kiwigrid/k8s-sidecar: README, src/sidecar.py",
    },
];

/// The row of an image, if it is one of these programs.
pub fn reloader(image: &str) -> Option<&'static Reloader> {
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
