//! Workloads with what they read, and random changes of both.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Random numbers that are the same in each run (xorshift64*).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or(0) % limit.max(1)
    }
}

#[derive(Clone)]
struct Source {
    name: String,
    is_secret: bool,
    keys: BTreeMap<String, String>,
}

/// How a workload reads a source.
#[derive(Clone)]
enum Site {
    Env(String),
    EnvFrom,
    Volume,
    Items(String),
    SubPath(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    None,
    Paused,
    OnDelete,
    Partition(u64),
}

/// A workload and its sources.
#[derive(Clone)]
pub(super) struct Unit {
    number: usize,
    pub(super) kind: &'static str,
    sources: Vec<Source>,
    /// The source that is read, and the site.
    reads: Vec<(usize, Site)>,
    image: usize,
    foreign: usize,
    chart: usize,
    replicas: u64,
    hold: Hold,
    comments: usize,
    made: usize,
}

const KEYS: &[&str] = &["ALPHA", "BETA", "GAMMA"];

impl Unit {
    pub(super) fn new(number: usize, random: &mut Random) -> Self {
        let kind = ["Deployment", "Deployment", "StatefulSet", "DaemonSet"][number % 4];
        let mut unit = Self {
            number,
            kind,
            sources: Vec::new(),
            reads: Vec::new(),
            image: 1,
            foreign: 0,
            chart: 0,
            replicas: 1 + random.below(3) as u64,
            hold: match (kind, number % 10) {
                ("Deployment", 8) => Hold::Paused,
                ("StatefulSet", 2) => Hold::Partition(1),
                ("StatefulSet" | "DaemonSet", 7) => Hold::OnDelete,
                _ => Hold::None,
            },
            comments: 0,
            made: 0,
        };
        for _ in 0..=random.below(2) {
            unit.add_source(random);
        }
        unit
    }

    pub(super) fn name(&self) -> String {
        format!("w{}", self.number)
    }

    pub(super) fn object(&self) -> String {
        format!("{} {}", self.kind, self.name())
    }

    pub(super) fn is_paused(&self) -> bool {
        self.hold == Hold::Paused
    }

    pub(super) fn partition(&self) -> u64 {
        match self.hold {
            Hold::Partition(ordinal) => ordinal,
            _ => 0,
        }
    }

    fn add_source(&mut self, random: &mut Random) {
        self.made += 1;
        let name = format!("w{}-s{}", self.number, self.made);
        let is_secret = random.below(2) == 0;
        let keys = KEYS.iter().map(|key| ((*key).to_owned(), format!("v{}", random.below(1_000))));
        let keys = keys.collect();
        self.sources.push(Source { name, is_secret, keys });
        let key = || KEYS[0].to_owned();
        let site = match random.below(5) {
            0 => Site::Env(key()),
            1 => Site::EnvFrom,
            2 => Site::Volume,
            3 => Site::Items(key()),
            _ => Site::SubPath(key()),
        };
        self.reads.push((self.sources.len() - 1, site));
    }

    /// Makes one random change or none, and returns its description.
    pub(super) fn change(&mut self, random: &mut Random) -> String {
        let source = random.below(self.sources.len());
        let key = KEYS[random.below(KEYS.len())];
        match random.below(14) {
            0..=2 => {
                if let Some(value) = self.sources[source].keys.get_mut(key) {
                    *value = format!("v{}", random.below(1_000_000));
                }
                return format!("value of {key} in {}", self.sources[source].name);
            }
            3 => {
                let new = format!("NEW{}", random.below(1_000));
                self.sources[source].keys.insert(new.clone(), "x".to_owned());
                return format!("{new} added to {}", self.sources[source].name);
            }
            4 => {
                // The first source has the name that references use.
                let mut gone = self.sources[source].keys.keys().filter(|key| *key != KEYS[0]);
                if let Some(gone) = gone.next_back().cloned() {
                    self.sources[source].keys.remove(&gone);
                    return format!("{gone} removed from {}", self.sources[source].name);
                }
            }
            5 => {
                self.add_source(random);
                return "a source added".to_owned();
            }
            6 if self.sources.len() > 1 => {
                self.sources.remove(source);
                self.reads.retain(|(at, _)| *at != source);
                for (at, _) in &mut self.reads {
                    *at -= usize::from(*at > source);
                }
                return "a source removed".to_owned();
            }
            7 => {
                self.made += 1;
                self.sources[source].name = format!("w{}-s{}", self.number, self.made);
                return "a source renamed".to_owned();
            }
            8 => {
                self.image += 1;
                return "image".to_owned();
            }
            9 => {
                self.foreign += 1;
                return "a foreign checksum".to_owned();
            }
            10 => {
                self.chart += 1;
                return "a version label".to_owned();
            }
            11 => {
                self.comments += 1;
                return "comments and order".to_owned();
            }
            12 => {
                self.replicas = 1 + random.below(4) as u64;
                return "replicas".to_owned();
            }
            13 => {
                self.hold = match (self.kind, self.hold) {
                    ("Deployment", Hold::None) => Hold::Paused,
                    ("StatefulSet", Hold::None) => Hold::Partition(1 + random.below(3) as u64),
                    (_, Hold::None) => Hold::OnDelete,
                    _ => Hold::None,
                };
                return "a hold".to_owned();
            }
            _ => {}
        }
        "nothing".to_owned()
    }

    fn text(&self) -> String {
        let mut documents: Vec<String> = self.sources.iter().map(|s| self.source(s)).collect();
        documents.push(self.workload());
        if self.comments % 2 == 1 {
            documents.reverse();
        }
        documents.concat()
    }

    fn source(&self, source: &Source) -> String {
        let (kind, field) = match source.is_secret {
            true => ("Secret", "stringData"),
            false => ("ConfigMap", "data"),
        };
        let mut text = format!("---\n# {} comments\n", self.comments);
        let _ = write!(
            text,
            "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {}\n{field}:\n",
            source.name
        );
        let mut keys: Vec<(&String, &String)> = source.keys.iter().collect();
        if self.comments % 2 == 1 {
            keys.reverse();
        }
        for (key, value) in keys {
            match self.comments % 2 {
                0 => writeln!(text, "  {key}: {value}"),
                _ => writeln!(text, "  \"{key}\": '{value}'"),
            }
            .unwrap();
        }
        text
    }

    fn workload(&self) -> String {
        let name = self.name();
        let mut text = format!(
            "---\napiVersion: apps/v1\nkind: {}\nmetadata:\n  name: {name}\nspec:\n  selector:\n    matchLabels:\n      app: {name}\n",
            self.kind
        );
        if self.kind != "DaemonSet" {
            let _ = writeln!(text, "  replicas: {}", self.replicas);
        }
        if self.kind == "StatefulSet" {
            let _ = writeln!(text, "  serviceName: {name}");
        }
        text.push_str(&match self.hold {
            Hold::None => String::new(),
            Hold::Paused => "  paused: true\n".to_owned(),
            Hold::OnDelete => "  updateStrategy:\n    type: OnDelete\n".to_owned(),
            Hold::Partition(ordinal) => format!(
                "  updateStrategy:\n    type: RollingUpdate\n    rollingUpdate:\n      partition: {ordinal}\n"
            ),
        });
        let _ = write!(
            text,
            "  template:\n    metadata:\n      labels:\n        app: {name}\n        helm.sh/chart: chart-{}\n      annotations:\n        checksum/config: \"{}\"\n    spec:\n",
            self.chart, self.foreign
        );
        let mut volumes = String::new();
        let (mut env, mut env_from, mut mounts) = (String::new(), String::new(), String::new());
        for (i, (source, site)) in self.reads.iter().enumerate() {
            let source = &self.sources[*source];
            let named = |config: &str, secret: &str| match source.is_secret {
                true => secret.to_owned(),
                false => config.to_owned(),
            };
            let of_key = named("configMapKeyRef", "secretKeyRef");
            let of_all = named("configMapRef", "secretRef");
            let (volume, field) = (named("configMap", "secret"), named("name", "secretName"));
            let mut mount = |more: &str, items: &str| {
                let _ = write!(
                    volumes,
                    "      - name: v{i}\n        {volume}:\n          {field}: {}\n{items}",
                    source.name
                );
                let _ =
                    write!(mounts, "        - name: v{i}\n          mountPath: /etc/v{i}\n{more}");
            };
            match site {
                Site::Env(key) => {
                    let _ = write!(
                        env,
                        "        - name: E{i}\n          valueFrom:\n            {of_key}:\n              name: {}\n              key: {key}\n",
                        source.name
                    );
                }
                Site::EnvFrom => {
                    let _ = write!(
                        env_from,
                        "        - {of_all}:\n            name: {}\n",
                        source.name
                    );
                }
                Site::Volume => mount("", ""),
                Site::Items(key) => {
                    mount(
                        "",
                        &format!(
                            "          items:\n          - key: {key}\n            path: {key}\n"
                        ),
                    );
                }
                Site::SubPath(key) => mount(&format!("          subPath: {key}\n"), ""),
            }
        }
        let _ = write!(
            text,
            "      containers:\n      - name: main\n        image: example.com/main:{}\n",
            self.image
        );
        for (field, list) in [("env", env), ("envFrom", env_from), ("volumeMounts", mounts)] {
            if !list.is_empty() {
                let _ = write!(text, "        {field}:\n{list}");
            }
        }
        if !volumes.is_empty() {
            let _ = write!(text, "      volumes:\n{volumes}");
        }
        text
    }
}

/// All units as one stream.
pub(super) fn stream(units: &[Unit]) -> String {
    units.iter().map(Unit::text).collect()
}
