//! A comparison uses facts that were collected while both states were read. It must give the answers that it
//! would find by reading the documents again.

use rollstamp::config::options::{Options, UnitRule};
use rollstamp::impact::{Asked, Assume, ComparedState, NamedRoots, Side, compare};
use rollstamp::io::reload;
use rollstamp::outcome::Outcome;
use rollstamp::process::Loaded;
use rollstamp::text::input::{Found, Input};

/// Workloads in several layouts, with the fields that decide how their pods are replaced.
const STATES: &[&str] = &[
    r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  minReadySeconds: 7
  progressDeadlineSeconds: 9
  strategy:
    type: RollingUpdate
    rollingUpdate:
      maxSurge: 50%
      maxUnavailable: 0
  template:
    metadata:
      labels:
        app: web
        helm.sh/chart: web-1.0
        on: "yes"
      annotations:
        checksum/config: 'abc'
        checksum/rollstamp: "0000000000000000000000000000000000000000000000000000000000000000"
        note: >-
          two
          lines
    spec:
      initContainers:
      - image: "init:1" # first
        name: init
      containers:
      - name: web
        image: registry/web:latest
        imagePullPolicy: Always
        env:
        - name: MODE
          value: "1"
        envFrom:
        - configMapRef:
            name: config
        readinessProbe:
          initialDelaySeconds: 5
      - name: side
        image: 'side:1'
        startupProbe:
          initialDelaySeconds: 30
      volumes:
      - name: files
        persistentVolumeClaim:
          claimName: files
"#,
    r"apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  replicas: 4
  ordinals: {start: 2}
  updateStrategy: {rollingUpdate: {partition: 1, maxUnavailable: 2}}
  template:
    metadata: {labels: {app: web, x: y}, annotations: {note: a, checksum/config: b}}
    spec:
      containers:
      - {name: web, image: web:1, envFrom: [{configMapRef: {name: config}}]}
      - {name: web2, image: web:2}
",
    r"apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: web
spec:
  strategy:
    canary:
      maxSurge: 1
  template:
    metadata: &metadata
      labels:
        app: web
    spec:
      containers:
      - image: web:1
        image: web:2
        name: web
        envFrom: [{configMapRef: {name: config}}]
      - name: web
        image: twin:1
",
    r"apiVersion: batch/v1
kind: CronJob
metadata:
  name: web
spec:
  jobTemplate:
    spec:
      template:
        metadata:
          labels: {app: web}
        spec:
          containers:
          - name: web
            image: web:1
            envFrom: [{configMapRef: {name: config}}]
",
    r"apiVersion: v1
kind: List
items:
- apiVersion: apps/v1
  kind: DaemonSet
  metadata:
    name: web
  spec:
    updateStrategy:
      rollingUpdate:
        maxSurge: 10%
    template:
      metadata:
        labels:
          app: web
      spec:
        containers:
        - name: web
          image: web:1
          envFrom: [{configMapRef: {name: config}}]
",
];

const BESIDE: &str = r"---
apiVersion: v1
kind: ConfigMap
metadata:
  name: config
data:
  a: b
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
spec:
  selector:
    matchLabels:
      app: web
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: files
spec:
  accessModes: [ReadWriteOnce]
";

/// The text with one change in one line, for each line: another value, the value in quotes, no line.
fn changes(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let with = |i: usize, line: Option<String>| {
        let line = line.into_iter();
        let before = lines[..i].iter().map(|line| (*line).to_owned());
        let after = lines[i + 1..].iter().map(|line| (*line).to_owned());
        before.chain(line).chain(after).map(|line| line + "\n").collect::<String>()
    };
    let mut all = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        all.push(with(i, None));
        let Some((key, value)) = line.rsplit_once(": ") else { continue };
        let value = value.trim_matches(['"', '\'']);
        for other in
            [format!("{value}2"), format!("\"{value}\""), format!("'{value}3'"), "1".into()]
        {
            all.push(with(i, Some(format!("{key}: {other}"))));
        }
        all.push(with(i, Some(format!("{key}: &anchor {value}"))));
    }
    all
}

fn read(text: &str, compares: bool) -> Outcome {
    let options = Options { compares, weighs_foreign: true, ..Options::default() };
    let mut loaded = Loaded::default();
    let input = Input::new("all.yaml", Found::Stream);
    loaded.push(input, Some(format!("{text}{BESIDE}").into()), None);
    reload::run(loaded, &options).unwrap()
}

#[test]
fn facts_of_the_first_reading_are_those_of_a_second_one() {
    let (options, roots) = (Options::default(), NamedRoots::default());
    let said = |before: &Outcome, after: &Outcome, assume| {
        let state = |side, outcome| ComparedState::new(side, outcome, None, UnitRule::File, &roots);
        let (before, after) = (state(Side::Before, before), state(Side::After, after));
        let impact = compare(&before, &after, &Asked::new(Some(assume), &options));
        let is_changed = impact.workloads.iter().any(|workload| !workload.reasons.is_empty());
        (format!("{impact:#?}"), is_changed)
    };
    let (mut compared, mut changed) = (0, 0);
    for state in STATES {
        let states = [true, false].map(|compares| read(state, compares));
        for other in changes(state) {
            let others = [true, false].map(|compares| read(&other, compares));
            for assume in [Assume::Written, Assume::Stamped] {
                for turned in [false, true] {
                    let [one, two] = [0, 1].map(|i| match turned {
                        false => said(&states[i], &others[i], assume),
                        true => said(&others[i], &states[i], assume),
                    });
                    assert_eq!(one.0, two.0, "{assume:?}, turned: {turned}\n{other}");
                    compared += 1;
                    changed += usize::from(one.1);
                }
            }
        }
    }
    assert!(compared > 1_000 && changed > 500, "{changed} of {compared} differ");
}
