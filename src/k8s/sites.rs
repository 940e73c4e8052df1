//! SITES: every place in a pod spec that names a ConfigMap or a Secret, and which keys it reads.
//!
//! From `k8s.io/api/core/v1/types.go`. The rows of containers hold for `initContainers`,
//! `containers` and `ephemeralContainers` alike. They are part of scheme v1: a test compares
//! them with `testdata/golden/v1-rows.txt`.

use super::Since;
use super::providers::Target;
use std::sync::LazyLock;

/// Where a site's path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Under {
    /// The object itself. Only sites of the configuration begin there.
    Object,
    /// The pod spec.
    PodSpec,
    /// Each container of each of the [`CONTAINER_LISTS`].
    Container,
    /// Each volume of the pod spec.
    Volume,
}

/// Which keys of its source a site reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// The key that the field `key` of the reference names, as an environment variable.
    Key,
    /// All keys that can be environment variables.
    Env,
    /// The keys that become files: those under `items`, or all, as far as the volume is mounted.
    Files,
    /// No key: Kubernetes uses the Secret when it mounts a volume or pulls an image, so only names
    /// matter.
    Nothing,
}

/// A place in a pod spec that names a source.
#[derive(Debug, PartialEq, Eq)]
pub struct Site {
    /// Its name in reports.
    pub id: &'static str,
    /// Where the path begins.
    pub under: Under,
    /// The path to the mapping that names the source; `[]` behind a field means each of its items.
    pub path: &'static str,
    /// The field of that mapping that holds the name.
    pub name: &'static str,
    /// The kind that is named.
    pub target: Target,
    /// Which keys it reads.
    pub reads: Reads,
    /// The fields of the pod spec below which kustomize rewrites the name there (see
    /// [`super::kustomize_names`]); none, if kustomize leaves it as it is.
    pub kustomize: &'static [&'static str],
    /// Who gets stamps because of this row.
    pub since: Since,
}

/// The lists of containers in a pod spec.
pub const CONTAINER_LISTS: &[&str] = &["initContainers", "containers", "ephemeralContainers"];

const CONTAINERS: &[&str] = &["containers", "initContainers"];
const VOLUMES: &[&str] = &["volumes"];
const PULL: &[&str] = &["imagePullSecrets"];
const NOT: &[&str] = &[];

macro_rules! sites {
    ($($id:literal $under:ident $path:literal $name:literal $target:ident $reads:ident $kustomize:ident $since:ident)*) => {
        /// One row a place.
        pub const SITES: &[Site] = &[$(Site {
            id: $id,
            under: Under::$under,
            path: $path,
            name: $name,
            target: Target::$target,
            reads: Reads::$reads,
            kustomize: $kustomize,
            since: Since::$since,
        },)*];
    };
}

sites! {
    // EnvVarSource
    "env-config-map-key"   Container "env[]/valueFrom/configMapKeyRef"  "name"       ConfigMap Key     CONTAINERS V1
    "env-secret-key"       Container "env[]/valueFrom/secretKeyRef"     "name"       Secret    Key     CONTAINERS V1
    // EnvFromSource
    "env-from-config-map"  Container "envFrom[]/configMapRef"           "name"       ConfigMap Env     CONTAINERS V1
    "env-from-secret"      Container "envFrom[]/secretRef"              "name"       Secret    Env     CONTAINERS V1
    // ConfigMapVolumeSource, SecretVolumeSource
    "volume-config-map"    Volume    "configMap"                        "name"       ConfigMap Files   VOLUMES    V1
    "volume-secret"        Volume    "secret"                           "secretName" Secret    Files   VOLUMES    V1
    // ConfigMapProjection, SecretProjection
    "projected-config-map" Volume    "projected/sources[]/configMap"    "name"       ConfigMap Files   VOLUMES    V1
    "projected-secret"     Volume    "projected/sources[]/secret"       "name"       Secret    Files   VOLUMES    V1
    // CSIVolumeSource and the volume plugins of old: the kubelet or a driver uses them to mount.
    "csi-node-publish"     Volume    "csi/nodePublishSecretRef"         "name"       Secret    Nothing NOT        V1
    "azure-file"           Volume    "azureFile"                        "secretName" Secret    Nothing NOT        V1
    "cephfs"               Volume    "cephfs/secretRef"                 "name"       Secret    Nothing NOT        V1
    "cinder"               Volume    "cinder/secretRef"                 "name"       Secret    Nothing NOT        V1
    "flex-volume"          Volume    "flexVolume/secretRef"             "name"       Secret    Nothing NOT        V1
    "iscsi"                Volume    "iscsi/secretRef"                  "name"       Secret    Nothing NOT        V1
    "rbd"                  Volume    "rbd/secretRef"                    "name"       Secret    Nothing NOT        V1
    "scale-io"             Volume    "scaleIO/secretRef"                "name"       Secret    Nothing NOT        V1
    "storage-os"           Volume    "storageos/secretRef"              "name"       Secret    Nothing NOT        V1
    // PodSpec
    "image-pull-secret"    PodSpec   "imagePullSecrets[]"               "name"       Secret    Nothing PULL       V1
}

/// The sites as a tree over the fields of a pod spec, so that one walk finds them all.
#[derive(Debug, Default)]
pub struct SiteTree {
    /// The fields that lead to sites, each with the tree below it.
    pub fields: Vec<(&'static str, Self)>,
    /// If this is a list: the tree below each of its items.
    pub items: Option<Box<Self>>,
    /// The site whose path ends here: this mapping names its source.
    pub site: Option<&'static Site>,
    /// Whether this is an item of `volumes`.
    pub is_volume: bool,
}

/// The tree of [`SITES`], built once.
pub static SITE_TREE: LazyLock<SiteTree> = LazyLock::new(|| {
    let mut root = SiteTree::default();
    for site in SITES.iter().filter(|site| site.since == Since::V1) {
        match site.under {
            Under::Object => {}
            Under::PodSpec => root.add(site.path, site),
            Under::Volume => {
                root.add(&format!("volumes[]/{}", site.path), site);
            }
            Under::Container => {
                for list in CONTAINER_LISTS {
                    root.add(&format!("{list}[]/{}", site.path), site);
                }
            }
        }
    }
    if let Some((_, volumes)) = root.fields.iter_mut().find(|(name, _)| *name == "volumes")
        && let Some(volume) = &mut volumes.items
    {
        volume.is_volume = true;
    }
    root
});

impl SiteTree {
    fn add(&mut self, path: &str, site: &'static Site) {
        let mut at = self;
        for step in path.split('/') {
            let (field, each) = match step.strip_suffix("[]") {
                Some(field) => (field, true),
                None => (step, false),
            };
            let index = match at.fields.iter().position(|(name, _)| *name == field) {
                Some(index) => index,
                None => {
                    at.fields.push((field_name(site, field), Self::default()));
                    at.fields.len() - 1
                }
            };
            at = &mut at.fields[index].1;
            if each {
                at = at.items.get_or_insert_with(Box::default);
            }
        }
        at.site = Some(site);
    }
}

/// The static text of a field: from the site's own path, or one of the lists above it.
fn field_name(site: &'static Site, field: &str) -> &'static str {
    site.path
        .split('/')
        .map(|step| step.trim_end_matches("[]"))
        .chain(CONTAINER_LISTS.iter().copied())
        .find(|name| *name == field)
        .unwrap_or("volumes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_holds_every_site_once_per_list() {
        fn count(tree: &SiteTree) -> usize {
            usize::from(tree.site.is_some())
                + tree.fields.iter().map(|(_, t)| count(t)).sum::<usize>()
                + tree.items.as_deref().map_or(0, count)
        }
        let expected: usize = SITES
            .iter()
            .map(|s| match s.under {
                Under::Container => CONTAINER_LISTS.len(),
                _ => 1,
            })
            .sum();
        assert_eq!(count(&SITE_TREE), expected);
    }
}
