//! The input texts of the benchmark, the same in each run.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A simple generator of random numbers (xorshift64*).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }
}

const WORDS: &[&str] = &[
    "server", "port", "log", "level", "info", "debug", "cache", "redis", "queue", "worker",
    "timeout", "retry", "backoff", "metrics", "interval", "enabled", "host", "url", "token",
    "user", "cluster", "region", "bucket", "prefix", "format", "stream", "batch", "size", "limit",
];

fn words(numbers: &mut Numbers, count: usize) -> String {
    let words: Vec<&str> = (0..count).map(|_| WORDS[numbers.below(WORDS.len())]).collect();
    words.join(" ")
}

/// One ConfigMap with a file in it that looks like manifests, and a few short values.
fn config_map(numbers: &mut Numbers, name: &str, namespace: &str, lines: usize, out: &mut String) {
    let _ = write!(
        out,
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  labels:\n    app.kubernetes.io/name: {name}\ndata:\n"
    );
    for key in 0..1 + numbers.below(4) {
        let count = 1 + numbers.below(4);
        let _ = writeln!(out, "  key_{key}: \"{}\"", words(numbers, count));
    }
    out.push_str("  application.yaml: |\n    kind: Fake\n");
    for _ in 0..lines {
        match numbers.below(25) {
            0 => out.push_str("    ---\n"),
            1 => out.push('\n'),
            _ => {
                let deep = 2 * numbers.below(4);
                let count = 1 + numbers.below(6);
                let _ = writeln!(
                    out,
                    "    {:deep$}{}: {}",
                    "",
                    words(numbers, 1),
                    words(numbers, count)
                );
            }
        }
    }
}

fn secret(numbers: &mut Numbers, name: &str, namespace: &str, out: &mut String) {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let _ = write!(
        out,
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: {namespace}\ntype: Opaque\ndata:\n"
    );
    for key in 0..1 + numbers.below(8) {
        // A letter first, because a text of digits would be a number.
        let _ = write!(out, "  key_{key}: Z");
        for _ in 1..4 * (2 + numbers.below(200)) {
            out.push(char::from(LETTERS[numbers.below(LETTERS.len())]));
        }
        out.push('\n');
    }
}

/// A Deployment that reads a ConfigMap as environment and mounts another, or a Secret.
fn deployment(
    numbers: &mut Numbers,
    name: &str,
    namespace: &str,
    config: &str,
    secret: Option<&str>,
    out: &mut String,
) {
    let _ = write!(
        out,
        "---\n# deployed by {}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n",
        words(numbers, 3)
    );
    for container in 0..2 {
        let _ = write!(
            out,
            "        - name: c{container}\n          image: registry.example.com/{name}:v1.2.{container} # pinned\n          args: [\"--level=info\", \"--port=8080\"]\n          ports:\n            - containerPort: 8080\n              name: http\n          resources:\n            requests: {{cpu: 100m, memory: 128Mi}}\n          env:\n"
        );
        for variable in 0..4 {
            let value = words(numbers, 2);
            let _ =
                write!(out, "            - name: E{variable}\n              value: '{value}'\n");
        }
        let _ = write!(
            out,
            "          envFrom:\n            - configMapRef:\n                name: {config}\n          volumeMounts:\n            - name: files\n              mountPath: /etc/files\n"
        );
    }
    let _ = match secret {
        Some(secret) => write!(
            out,
            "      volumes:\n        - name: files\n          secret:\n            secretName: {secret}\n"
        ),
        None => write!(
            out,
            "      volumes:\n        - name: files\n          configMap:\n            name: {config}\n"
        ),
    };
}

fn service(name: &str, namespace: &str, out: &mut String) {
    let _ = write!(
        out,
        "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  selector:\n    app: {name}\n  ports:\n    - port: 80\n      targetPort: http\n"
    );
}

/// ConfigMaps (over half of the bytes), Secrets and the workloads that read them.
pub(crate) fn stream(bytes: usize) -> String {
    let mut numbers = Numbers(42);
    let mut out = String::with_capacity(bytes + 16_384);
    let mut app = 0;
    while out.len() < bytes {
        let namespace = format!("ns{}", app % 50);
        for part in 0..3 {
            let lines = 5 + numbers.below(85);
            let name = format!("config-{app}-{part}");
            config_map(&mut numbers, &name, &namespace, lines, &mut out);
        }
        let of_secret = format!("secret-{app}");
        secret(&mut numbers, &of_secret, &namespace, &mut out);
        let config = format!("config-{app}-0");
        let secret = (app % 2 == 0).then_some(of_secret.as_str());
        deployment(&mut numbers, &format!("app-{app}"), &namespace, &config, secret, &mut out);
        if app % 3 == 0 {
            service(&format!("app-{app}"), &namespace, &mut out);
        }
        app += 1;
    }
    out
}

/// A stream of `count` objects of about 700 bytes each: a third of them workloads.
pub(crate) fn objects(count: usize) -> String {
    let mut numbers = Numbers(7);
    let mut out = String::new();
    for number in 0..count / 3 {
        let name = format!("app-{number}");
        config_map(&mut numbers, &name, "ns", 1, &mut out);
        deployment(&mut numbers, &name, "ns", &name, None, &mut out);
        service(&name, "ns", &mut out);
    }
    out
}

/// `count` namespaces, in each of which a workload reads a ConfigMap of the same name.
pub(crate) fn namespaces(count: usize) -> String {
    let mut numbers = Numbers(13);
    let mut out = String::new();
    for number in 0..count {
        let namespace = format!("ns-{number}");
        config_map(&mut numbers, "config", &namespace, 1, &mut out);
        deployment(&mut numbers, "app", &namespace, "config", None, &mut out);
    }
    out
}

/// One workload with `count` references, and their sources.
pub(crate) fn references(count: usize) -> String {
    let mut out = String::new();
    for number in 0..count {
        let _ = write!(
            out,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c{number}\ndata:\n  k: v\n"
        );
    }
    out.push_str("---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  template:\n    spec:\n      containers:\n        - name: c\n          envFrom:\n");
    for number in 0..count {
        let _ = write!(out, "            - configMapRef:\n                name: c{number}\n");
    }
    out
}

/// `count` workloads that read one ConfigMap of a megabyte.
pub(crate) fn shared(count: usize) -> String {
    let mut numbers = Numbers(9);
    let mut out = String::from(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: big\n  namespace: ns\ndata:\n  big: |\n",
    );
    for _ in 0..15_000 {
        let _ = writeln!(out, "    {}", words(&mut numbers, 11));
    }
    for number in 0..count {
        deployment(&mut numbers, &format!("app-{number}"), "ns", "big", None, &mut out);
    }
    out
}

/// `count` small Deployments, each with its own ConfigMap: every object reads or provides something.
pub(crate) fn dense(count: usize) -> String {
    let mut out = String::new();
    for app in 0..count {
        let _ = write!(
            out,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app-{app}\n  namespace: team\ndata:\n  LOG_LEVEL: info\n  GREETING: \"hello {app}\"\n  config.yaml: |\n    server:\n      port: 8080\n      name: app-{app}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{app}\n  namespace: team\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app: app-{app}\n  template:\n    metadata:\n      labels:\n        app: app-{app}\n    spec:\n      containers:\n        - name: app\n          image: registry.example.com/app:{app}\n          envFrom:\n            - configMapRef:\n                name: app-{app}\n          volumeMounts:\n            - name: config\n              mountPath: /etc/app\n      volumes:\n        - name: config\n          configMap:\n            name: app-{app}\n"
        );
    }
    out
}

/// A copy of a stream of manifests in a separate namespace: each top-level object of a document gets the
/// namespace, and all other text of the document stays.
pub(crate) fn in_namespace(stream: &str, namespace: &str, out: &mut String) {
    let mut in_metadata = false;
    for line in stream.lines() {
        if !line.starts_with([' ', '#']) && !line.is_empty() {
            in_metadata = line == "metadata:";
        }
        if in_metadata && line.starts_with("  namespace:") {
            continue;
        }
        let _ = writeln!(out, "{line}");
        if line == "metadata:" {
            let _ = writeln!(out, "  namespace: {namespace}");
        }
    }
}

/// A `CustomResourceDefinition` of about `bytes` bytes: most of the bytes of large repositories.
fn definition(numbers: &mut Numbers, name: &str, bytes: usize, out: &mut String) {
    let start = out.len();
    let _ = write!(
        out,
        "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {name}s.example.com\n  annotations:\n    controller-gen.kubebuilder.io/version: v0.14.0\nspec:\n  group: example.com\n  names:\n    kind: {name}\n    plural: {name}s\n  scope: Namespaced\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    schema:\n      openAPIV3Schema:\n        type: object\n        properties:\n          spec:\n            type: object\n            properties:\n"
    );
    let mut field = 0;
    let mut deep = 14;
    while out.len() - start < bytes {
        let _ = writeln!(out, "{:deep$}field{field}:", "");
        let inner = deep + 2;
        match numbers.below(3) {
            0 => {
                let _ = writeln!(out, "{:inner$}description: |-", "");
                for _ in 0..1 + numbers.below(5) {
                    let _ = writeln!(out, "{:inner$}  {}", "", words(numbers, 12));
                }
            }
            1 => {
                let text = words(numbers, 9);
                let _ = writeln!(out, "{:inner$}description: {text}.", "");
            }
            _ => {}
        }
        match numbers.below(6) {
            0 if deep < 40 => {
                let _ = writeln!(out, "{:inner$}type: object\n{:inner$}properties:", "", "");
                deep += 4;
            }
            1 => {
                let _ = writeln!(
                    out,
                    "{:inner$}type: array\n{:inner$}items:\n{:inner$}  type: string",
                    "", "", ""
                );
            }
            _ => {
                let _ = writeln!(out, "{:inner$}type: string", "");
                deep -= if deep > 14 && numbers.below(4) == 0 { 4 } else { 0 };
            }
        }
        field += 1;
    }
}

/// A function that writes the text of one file of a tree, from the number of the file and the generator.
type Contents = fn(usize, &mut Numbers, &mut String);

/// A tree of `files` files in folders of ten. An existing tree is not written again.
fn tree(root: &Path, files: usize, contents: Contents) {
    let done = root.join(".done");
    if done.exists() {
        return;
    }
    let _ = fs::remove_dir_all(root);
    let mut numbers = Numbers(11);
    for file in 0..files {
        let app = file / 10;
        let folder = root.join(format!("team-{}/app-{app}", app / 50));
        fs::create_dir_all(&folder).unwrap();
        let mut text = String::new();
        contents(file, &mut numbers, &mut text);
        fs::write(folder.join(format!("m{}.yaml", file % 10)), text).unwrap();
    }
    fs::write(done, "").unwrap();
}

/// A tree like a large repository: of ten files, one holds workloads, four hold the sources that these
/// read, four hold small objects, and one holds a large definition, which makes most of the bytes.
pub(crate) fn mixed(root: &Path, files: usize) {
    tree(root, files, |file, numbers, text| {
        let (app, namespace) = (file / 10, format!("ns{}", file / 10));
        match file % 10 {
            0 => {
                for workload in 0..4 {
                    let name = format!("app-{app}-{workload}");
                    let config = format!("config-{app}-{workload}");
                    let secret = format!("secret-{app}");
                    let secret = (workload == 3).then_some(secret.as_str());
                    deployment(numbers, &name, &namespace, &config, secret, text);
                }
            }
            part @ 1..=4 => {
                let name = format!("config-{app}-{}", part - 1);
                let lines = 20 + numbers.below(100);
                config_map(numbers, &name, &namespace, lines, text);
                if part == 4 {
                    secret(numbers, &format!("secret-{app}"), &namespace, text);
                }
            }
            part @ 5..=8 => {
                let _ = writeln!(text, "# Reaches {namespace} from the outside.");
                service(&format!("app-{app}-{}", part - 5), &namespace, text);
            }
            _ => definition(numbers, &format!("kind{app}"), 110_000, text),
        }
    });
}

/// A tree of configuration only, with about 13 kB for each file: all of it is read, decoded and hashed, and
/// workloads read a tenth of it.
pub(crate) fn configuration(root: &Path, files: usize) {
    tree(root, files, |file, numbers, text| {
        let (app, namespace) = (file / 10, format!("ns{}", file / 10));
        if file % 10 == 0 {
            for workload in 0..4 {
                let name = format!("app-{app}-{workload}");
                let config = format!("config-{app}-{}-0", 1 + workload);
                deployment(numbers, &name, &namespace, &config, None, text);
            }
        }
        let mut part = 0;
        while text.len() < 13_000 {
            let name = format!("config-{app}-{}-{part}", file % 10);
            let lines = 20 + numbers.below(120);
            config_map(numbers, &name, &namespace, lines, text);
            service(&name, &namespace, text);
            part += 1;
        }
    });
}
