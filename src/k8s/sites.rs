//! SITES: every place in a pod spec that names a ConfigMap or a Secret, and which keys it reads.
//!
//! From `k8s.io/api/core/v1/types.go`. The rows of containers hold for `initContainers`,
//! `containers` and `ephemeralContainers` alike. They are part of scheme v1: a test compares
//! them with `testdata/golden/v1-rows.txt`.

use super::providers::Target;
use super::{Since, TableRow};
use crate::yaml::path::{FieldPath, PathStep};
use smol_str::SmolStr;
use std::sync::{Arc, LazyLock};

/// The node at which the path of a site begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteRoot {
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
    /// The name of the site in reports.
    pub id: SmolStr,
    /// The node at which the path begins.
    pub under: SiteRoot,
    /// The path to the mapping that names the source.
    pub path: FieldPath,
    /// The field of that mapping that holds the name.
    pub name: SmolStr,
    /// The kind of the named object.
    pub target: Target,
    /// Which keys it reads.
    pub reads: Reads,
    /// The fields of the pod spec below which kustomize rewrites the name at this site (see
    /// [`super::kustomize_names`]); empty if kustomize does not rewrite it.
    pub kustomize: &'static [&'static str],
    /// Which users get stamps because of this row.
    pub since: Since,
}

impl Site {
    /// A place that the configuration declares, with the path as it is written there. It reads the key that a
    /// field beside the name holds, or all keys.
    pub fn configured(
        written: &str,
        path: FieldPath,
        name: SmolStr,
        target: Target,
        has_key: bool,
    ) -> TableRow<Self> {
        TableRow::Configured(Arc::new(Self {
            id: format!("configured: {written}").into(),
            under: SiteRoot::Object,
            path,
            name,
            target,
            reads: if has_key { Reads::Key } else { Reads::Files },
            kustomize: &[],
            since: Since::OptIn,
        }))
    }

    /// The first field of its path; empty for a path without fields.
    pub fn field(&self) -> &str {
        match self.path.steps() {
            [PathStep::Field(name), ..] => name,
            _ => "",
        }
    }
}

/// The lists of containers in a pod spec.
pub const CONTAINER_LISTS: &[&str] = &["initContainers", "containers", "ephemeralContainers"];

const CONTAINERS: &[&str] = &["containers", "initContainers"];
const VOLUMES: &[&str] = &["volumes"];
const PULL: &[&str] = &["imagePullSecrets"];
const NOT: &[&str] = &[];

macro_rules! sites {
    ($($id:literal $under:ident $path:literal $name:literal $target:ident $reads:ident $kustomize:ident $since:ident)*) => {
        /// One row for each place.
        pub static SITES: LazyLock<Vec<Site>> = LazyLock::new(|| vec![$(Site {
            id: SmolStr::new_static($id),
            under: SiteRoot::$under,
            path: FieldPath::parse($path),
            name: SmolStr::new_static($name),
            target: Target::$target,
            reads: Reads::$reads,
            kustomize: $kustomize,
            since: Since::$since,
        },)*]);
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
    // CSIVolumeSource and the legacy volume plugins: the kubelet or a driver uses the Secret to
    // mount the volume.
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

/// The sites as a tree of the fields of a pod spec, so that one pass finds them all.
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
            SiteRoot::Object => {}
            SiteRoot::PodSpec => root.add(site),
            SiteRoot::Volume => root.field("volumes").item().add(site),
            SiteRoot::Container => {
                for list in CONTAINER_LISTS {
                    root.field(list).item().add(site);
                }
            }
        }
    }
    root.field("volumes").item().is_volume = true;
    root
});

impl SiteTree {
    fn add(&mut self, site: &'static Site) {
        let end = site.path.steps().iter().fold(self, |at, step| match step {
            PathStep::Field(name) => at.field(name),
            // The paths of sites have no other steps.
            PathStep::EachItem | PathStep::AnyField | PathStep::AnyWay => at.item(),
        });
        end.site = Some(site);
    }

    fn field(&mut self, name: &'static str) -> &mut Self {
        let known = self.fields.iter().position(|(known, _)| *known == name);
        let index = known.unwrap_or_else(|| {
            self.fields.push((name, Self::default()));
            self.fields.len() - 1
        });
        &mut self.fields[index].1
    }

    fn item(&mut self) -> &mut Self {
        self.items.get_or_insert_with(Box::default)
    }
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
                SiteRoot::Container => CONTAINER_LISTS.len(),
                _ => 1,
            })
            .sum();
        assert_eq!(count(&SITE_TREE), expected);
    }
}
