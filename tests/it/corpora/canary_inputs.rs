//! Inputs for which a program might quote a Secret: broken, unusual, or with a workload on the same line.
//!
//! `TOKEN` stands for a value, `BASE64` for the base64 of a value, `NUMBER` for a value that is not a text.

/// Name and text of each; `=== name` begins another file.
pub(super) const INPUTS: &[(&str, &str)] = &[
    (
        "plain",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: BASE64}\nstringData: {q: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "secret after reader",
        concat!(
            include_str!("canary_reader.yaml"),
            "---\nstringData: {q: TOKEN}\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
        ),
    ),
    (
        "no secret of that name",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: other}\nstringData: {q: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "missing key",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {q: TOKEN}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: none}}}]}]}\n",
    ),
    (
        "broken base64",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  p: TOKEN!\n  q: 'TOKEN='\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "twice, different",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "twice, in two files",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n",
            include_str!("canary_reader.yaml"),
            "=== b.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n"
        ),
    ),
    (
        "in two namespaces",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: a}\nstringData: {p: TOKEN}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: b}\nstringData: {p: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "duplicate key in data",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  p: BASE64\n  p: BASE64\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "duplicate data",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: TOKEN\nstringData:\n  p: TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "number",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: NUMBER\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "number in data",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {p: NUMBER}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "number that nobody reads",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: NUMBER\n",
    ),
    (
        "mapping",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p:\n    q: TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "list",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: [TOKEN]\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "null",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: null, q: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "data is a text",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "data is a list",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n- TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "stringData is a number",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: NUMBER\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "metadata is wrong",
        "apiVersion: v1\nkind: Secret\nmetadata: [TOKEN]\nstringData: {p: TOKEN}\n",
    ),
    ("no name", "apiVersion: v1\nkind: Secret\nmetadata: {}\nstringData: {p: TOKEN}\n"),
    (
        "name is a list",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: [TOKEN]}\nstringData: {p: TOKEN}\n",
    ),
    (
        "kind is wrong",
        "apiVersion: v1\nkind: [Secret]\nmetadata: {name: s}\nstringData: {p: TOKEN}\n",
    ),
    (
        "tag",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: !vault TOKEN\n  q: !!int \"NUMBER\"\n  r: !!binary BASE64\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "anchor",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: &x\n  p: &y TOKEN\n  q: *y\ndata:\n  <<: *x\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "unknown alias",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: TOKEN\n  q: *TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "merge of a text",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  <<: TOKEN\n  p: TOKEN\n",
    ),
    (
        "open quote",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: \"TOKEN\n",
    ),
    (
        "open single quote",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: 'TOKEN\n---\nkind: x\n",
    ),
    (
        "text behind a quote",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: \"x\" TOKEN\n",
    ),
    (
        "colon in a value",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: TOKEN: TOKEN\n",
    ),
    ("tab", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n\tp: TOKEN\n"),
    (
        "odd indentation",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n    p: TOKEN\n  q: TOKEN\n",
    ),
    (
        "bad escape",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: \"\\qTOKEN\"\n",
    ),
    (
        "control character",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: \"\u{1}TOKEN\"\n",
    ),
    (
        "open flow",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN, q: TOKEN\n",
    ),
    (
        "indented with a no-break space",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n\u{a0} p: TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "broken behind the Secret",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n",
            include_str!("canary_reader.yaml"),
            "---\na: [\n"
        ),
    ),
    (
        "broken right behind the Secret",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: TOKEN\n }\n",
    ),
    ("content on the separator", "--- {kind: Secret, stringData: {p: TOKEN}}\n"),
    (
        "text on the separator",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n--- TOKEN\n",
    ),
    (
        "the value is a key",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  ? {TOKEN: x}\n  : TOKEN\n",
    ),
    (
        "block scalars",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: |\n    TOKEN\n    TOKEN\n  q: >9\n    TOKEN\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "the applied annotation",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: '{\"stringData\":{\"p\":\"TOKEN\"}}'\n    rollstamp.dev/ignore: [TOKEN]\nstringData: {p: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "immutable",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nimmutable: true\ntype: {x: TOKEN}\nstringData: {p: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "sops",
        concat!(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: 'ENC[TOKEN]', q: TOKEN}\nsops: {mac: TOKEN}\n",
            include_str!("canary_reader.yaml")
        ),
    ),
    (
        "YAML List",
        "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: TOKEN}}\n- {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}}\n- {apiVersion: v1, kind: Secret, metadata: {name: t}, stringData: {p: TOKEN}}\n",
    ),
    (
        "YAML List on one line",
        "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: TOKEN}}, {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: {template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}}, {apiVersion: v1, kind: Secret, metadata: {name: t}, data: {p: BASE64}}]}\n",
    ),
    (
        "JSON List on one line",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"TOKEN\"},\"data\":{\"q\":\"BASE64\"}},{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"envFrom\":[{\"secretRef\":{\"name\":\"s\"}}]}]}}}},{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"t\"},\"stringData\":{\"p\":\"TOKEN\"}}]}\n",
    ),
    (
        "JSON, indented",
        "=== a.json\n{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n  {\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"s\"},\n   \"stringData\": {\"p\": \"TOKEN\"}}, {\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": \"d\"},\n   \"spec\": {\"template\": {\n     \"spec\": {\"containers\": [{\"name\": \"c\", \"envFrom\": [{\"secretRef\": {\"name\": \"s\"}}]}]}}}},\n  {\"kind\": \"Secret\", \"stringData\": {\"p\": \"TOKEN\"}, \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"t\"}}]}\n",
    ),
    (
        "JSON of wrong types",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"data\":\"TOKEN\",\"stringData\":[\"TOKEN\"]}\n",
    ),
    (
        "JSON metadata of a wrong type",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":\"TOKEN\",\"data\":{\"p\":\"BASE64\"}}\n",
    ),
    (
        "JSON number",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":NUMBER,\"q\":{\"r\":\"TOKEN\"}}}\n{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\"},\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"envFrom\":[{\"secretRef\":{\"name\":\"s\"}}]}]}}}}\n",
    ),
    (
        "JSON cut off",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"TOKEN\"\n",
    ),
    (
        "JSON cut off in a value",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"TOKEN\n",
    ),
    (
        "JSON with a bad escape",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"\\qTOKEN\"}}\n",
    ),
    (
        "JSON with text behind it",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"TOKEN\"}} TOKEN\n",
    ),
    (
        "JSON items of a wrong type",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"SecretList\",\"items\":[\"TOKEN\",{\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"TOKEN\"}}]}\n",
    ),
    (
        "JSON with a duplicate key",
        "=== a.json\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"stringData\":{\"p\":\"TOKEN\",\"p\":\"TOKEN\"},\"kind\":\"Secret\"}\n",
    ),
    (
        "reader on the next line",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: TOKEN\n---\nspec: {template: {spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\nstringData:\n  p: TOKEN\napiVersion: v1\nkind: Secret\nmetadata: {name: t}\n",
    ),
    (
        "reader that cannot be edited",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: TOKEN\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, labels: &m {a: b}}\nspec: {template: {metadata: *m, spec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}}}\n",
    ),
    (
        "a left-over stamp",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {p: TOKEN}\n---\nspec: {template: {metadata: {annotations: {checksum/rollstamp: \"an old one\"}}, spec: {}}}\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n",
    ),
    (
        "CRLF",
        "apiVersion: v1\r\nkind: Secret\r\nmetadata: {name: s}\r\nstringData:\r\n  p: TOKEN\r\n  q: [TOKEN\r\n",
    ),
    (
        "a template",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: {{ TOKEN }}\n  q: TOKEN\n",
    ),
    (
        "ytt",
        "#@ x = \"TOKEN\"\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: #@ x\n  q: TOKEN\n",
    ),
];
