//! Finds volume claims that only one node or one pod can use at a time.

use super::disruption::{NearbyObject, Stuck};
use crate::k8s::disruption::EXCLUSIVE;
use serde_json::Value;
use smol_str::SmolStr;

/// Of the claims that a pod template names, the first that only one node or one pod can use at a time,
/// according to its manifest: a new pod that must start before an old one is deleted may wait for the volume
/// forever.
pub(super) fn exclusive(claims: &[SmolStr], neighbours: &[&NearbyObject]) -> Option<Stuck> {
    claims.iter().find_map(|name| {
        let mut near = neighbours.iter();
        let is_meant =
            |n: &&&NearbyObject| n.name.kind == "PersistentVolumeClaim" && n.name.name == *name;
        let claimed = near.find(is_meant)?;
        let modes = claimed.object.pointer("/spec/accessModes").and_then(Value::as_array)?;
        let modes: Vec<&str> = modes.iter().filter_map(Value::as_str).collect();
        // A claim that also allows a shared mode may be bound in that mode.
        let is_exclusive = !modes.is_empty() && modes.iter().all(|mode| EXCLUSIVE.contains(mode));
        is_exclusive.then(|| Stuck {
            claim: name.to_string(),
            is_one_pod: modes.contains(&"ReadWriteOncePod"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::*;
    use serde_json::json;

    fn stuck(modes: Value) -> Option<Stuck> {
        let claim = NearbyObject {
            group: String::new(),
            name: Name {
                kind: "PersistentVolumeClaim".to_owned(),
                namespace: None,
                name: "uploads".to_owned(),
            },
            object: json!({ "spec": { "accessModes": modes } }),
        };
        exclusive(&["other".into(), "uploads".into()], &[&claim])
    }

    #[test]
    fn only_a_claim_without_a_shared_mode_holds_a_new_pod_back() {
        assert!(stuck(json!(["ReadWriteOnce"])).is_some_and(|s| !s.is_one_pod));
        assert!(stuck(json!(["ReadWriteOncePod"])).is_some_and(|s| s.is_one_pod));
        assert_eq!(stuck(json!(["ReadWriteOnce", "ReadWriteMany"])), None);
        assert_eq!(stuck(json!(["ReadWriteMany"])), None);
    }
}
