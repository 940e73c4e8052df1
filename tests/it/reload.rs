//! The effect of reload sidecars with `hotReloadSidecars: skip`.

use rollstamp::config::options::Options;
use rollstamp::config::policy::{HotReload, Rules};
use rollstamp::finding::Code;
use rollstamp::io::reload;
use rollstamp::outcome::Outcome;
use rollstamp::plan::Decision;
use rollstamp::process::Loaded;
use rollstamp::text::input::{Found, Input};

fn run(text: &str, hot_reload: HotReload) -> Outcome {
    let options = Options { rules: Rules { hot_reload, ..Rules::default() }, ..Options::default() };
    let mut loaded = Loaded::default();
    let input = Input::new("all.yaml", Found::Stream);
    loaded.push(input, Some(text.to_owned().into()), None);
    reload::run(loaded, &options).unwrap()
}

fn is_stamped(outcome: &Outcome) -> bool {
    matches!(outcome.plan.workloads[0].decision, Decision::Stamp { .. })
}

/// The findings about the sidecar.
fn said(outcome: &Outcome) -> Vec<&str> {
    let found = outcome.findings.iter();
    found.filter(|f| f.code == Code::HotReload).map(|f| f.message.as_str()).collect()
}

/// A Deployment with a sidecar that watches `/config`, and its source.
fn manifests(containers: &str, volume: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      volumes:
      - name: config
        {volume}
{containers}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: app
data:
  a: b
"
    )
}

const VOLUME: &str = "configMap: {name: app}";
const SIDECAR: &str = "      - name: watcher
        image: configmap-reload
        args: [--volume-dir=/config]
        volumeMounts: [{name: config, mountPath: /config}]";

fn main_container(more: &str) -> String {
    format!("      containers:\n      - name: web\n        {more}\n{SIDECAR}")
}

#[test]
fn a_watched_volume_reads_nothing_and_a_note_says_so() {
    let text =
        manifests(&main_container("volumeMounts: [{name: config, mountPath: /etc/web}]"), VOLUME);
    assert!(is_stamped(&run(&text, HotReload::Roll)));
    let spared = run(&text, HotReload::Skip);
    assert!(!is_stamped(&spared));
    let message = "the sidecar `watcher` of Deployment web reloads `config`; mounts of it without a subPath are no part of the stamp";
    assert_eq!(said(&spared), [message]);
}

#[test]
fn environment_and_sub_paths_are_read_all_the_same() {
    for more in [
        "envFrom: [{configMapRef: {name: app}}]",
        "volumeMounts: [{name: config, mountPath: /etc/a, subPath: a}]",
        "volumeMounts: [{name: config, mountPath: /etc/a, subPathExpr: $(X)}]",
    ] {
        let text = manifests(&main_container(more), VOLUME);
        assert!(is_stamped(&run(&text, HotReload::Skip)), "{more}");
    }
}

#[test]
fn where_somebody_else_reads_the_volume_it_counts() {
    let mount = "volumeMounts: [{name: config, mountPath: /etc/web}]";
    let second = format!("{}\n      - name: second\n        {mount}", main_container(mount));
    let init = format!(
        "{}\n      initContainers:\n      - name: init\n        {mount}",
        main_container(mount)
    );
    for (containers, why) in
        [(second, "several containers read it"), (init, "an init container reads it once")]
    {
        let outcome = run(&manifests(&containers, VOLUME), HotReload::Skip);
        assert!(is_stamped(&outcome), "{why}");
        let [message] = said(&outcome)[..] else {
            panic!("{why}: {:?}", said(&outcome));
        };
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn one_watched_file_spares_a_volume_of_one_file_only() {
    let containers = "      containers:
      - name: web
        volumeMounts: [{name: config, mountPath: /etc/web}]
      - name: reloader
        image: prometheus-config-reloader:v1
        args: [--config-file=/config/a.yml]
        volumeMounts: [{name: config, mountPath: /config}]";
    let one = "configMap: {name: app, items: [{key: a, path: a.yml}]}";
    assert!(is_stamped(&run(&manifests(containers, VOLUME), HotReload::Skip)));
    assert!(!is_stamped(&run(&manifests(containers, one), HotReload::Skip)));
}
