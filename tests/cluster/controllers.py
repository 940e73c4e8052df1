#!/usr/bin/env python3
"""Watches Reloader or Wave, and `rollstamp migrate`, at work on a control plane.

    tests/cluster/controllers.py --reloader BINARY --wave BINARY [--rollstamp BINARY]

A repository of annotated workloads is applied to a control plane of its own (control-plane.sh), beside which
the controller runs. Each step is a commit and its apply; what rolled is counted in what the controllers of
Kubernetes write: a ReplicaSet or a ControllerRevision for each new pod template. The script prints a table and
ends with 1 if a count is not the expected one.

Secrets outside of the repository are filled by this script, in the place of External Secrets.
"""

import argparse
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: externalsecrets.external-secrets.io}
spec:
  group: external-secrets.io
  scope: Namespaced
  names: {kind: ExternalSecret, plural: externalsecrets}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""

EXTERNAL_SECRET = """apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {{name: {name}}}
spec: {{target: {{name: {name}}}}}
"""


def reads(kind, name, how):
    """What a container says to read a source."""
    field = "configMapRef" if kind == "ConfigMap" else "secretRef"
    if how == "key":
        of_key = "configMapKeyRef" if kind == "ConfigMap" else "secretKeyRef"
        return {"env": [{"name": "VALUE", "valueFrom": {of_key: {"name": name, "key": "KEY"}}}]}
    return {"envFrom": [{field: {"name": name}}]}


def workload(name, kind, containers, annotations=None, on_template=None):
    """A workload as a value."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": containers}}
    if on_template:
        template["metadata"]["annotations"] = on_template
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    if kind == "StatefulSet":
        spec["serviceName"] = name
    metadata = {"name": name}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def container(*sources):
    """A container that reads these sources."""
    one = {"name": "main", "image": "example.com/main:1", "env": [], "envFrom": []}
    for source in sources:
        for field, entries in reads(*source).items():
            one[field] += entries
    return [{field: value for field, value in one.items() if value}]


def source(kind, name, annotations=None):
    """A ConfigMap or a Secret with two keys."""
    metadata = {"name": name}
    if annotations:
        metadata["annotations"] = annotations
    field = "data" if kind == "ConfigMap" else "stringData"
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, field: {"KEY": "one", "OTHER": "one"}}


def block(value, indent=0):
    """YAML in block style; strings in quotes."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        lines = []
        for key, inner in value.items():
            if isinstance(inner, (dict, list)) and inner:
                lines.append(f"{pad}{key}:\n{block(inner, indent + 1)}")
            else:
                lines.append(f"{pad}{key}: {json.dumps(inner)}\n")
        return "".join(lines)
    if isinstance(value, list):
        return "".join(f"{pad}- {block(item, indent + 1).lstrip()}" for item in value)
    return f"{pad}{json.dumps(value)}\n"


def flow(value):
    """The same with metadata in flow style."""
    text = block({key: inner for key, inner in value.items() if key != "metadata"})
    return text + "metadata: " + json.dumps(value["metadata"]) + "\n"


AUTO = {"reloader.stakater.com/auto": "true"}
WAVE = {"wave.pusher.com/update-on-config-change": "true"}


def of_reloader():
    """The repository: a text for each file."""
    config = "ConfigMap"
    files = {}

    def add(name, kind, sources, annotations=None, on_template=None, write=block, outside=(), tags=None):
        own = workload(name, kind, container(*sources), annotations, on_template)
        end = "json" if write is json.dumps else "yaml"
        files[f"{name}/workload.{end}"] = write(own)
        for of, at, _ in sources:
            if at in outside:
                files[f"{name}/external.yaml"] = EXTERNAL_SECRET.format(name=at)
            elif f"{at}.yaml" not in files:
                files[f"{name}/{at}.yaml"] = block(source(of, at, tags))

    add("auto", "Deployment", [(config, "auto-config", "all")], AUTO)
    add("stateful", "StatefulSet", [(config, "stateful-config", "all")], AUTO)
    add("listed", "DaemonSet", [(config, "listed-config", "key")],
        {"configmap.reloader.stakater.com/reload": "listed-config"})
    add("template", "Deployment", [(config, "template-config", "all")], on_template=AUTO)
    add("flow", "Deployment", [(config, "flow-config", "all")], AUTO, write=flow)
    add("json", "Deployment", [(config, "json-config", "all")], AUTO, write=json.dumps)
    add("search", "Deployment", [(config, "search-config", "all")], {"reloader.stakater.com/search": "true"},
        tags={"reloader.stakater.com/match": "true"})
    add("secret", "Deployment", [("Secret", "secret-own", "all")], AUTO)
    add("mixed", "Deployment", [(config, "mixed-config", "all"), ("Secret", "mixed.tls", "all")], AUTO,
        outside=["mixed.tls"])
    add("outside", "Deployment", [("Secret", "outside.tls", "all")],
        {"secret.reloader.stakater.com/reload": "outside.tls"}, outside=["outside.tls"])
    files["auto/plain.yaml"] = block(workload("plain", "Deployment", container((config, "auto-config", "all"))))
    return files


def of_wave():
    """The repository: a text for each file."""
    config = "ConfigMap"
    files = {}
    for name, kind in [("web", "Deployment"), ("stateful", "StatefulSet"), ("daemon", "DaemonSet")]:
        one = workload(name, kind, container((config, f"{name}-config", "all")), WAVE)
        files[f"{name}/workload.yaml"] = block(one)
        files[f"{name}/config.yaml"] = block(source(config, f"{name}-config"))
    extra = {**WAVE, "wave.pusher.com/extra-configmaps": "extra-config"}
    files["extra/workload.yaml"] = block(workload("extra", "Deployment", container(), extra))
    files["extra/config.yaml"] = block(source(config, "extra-config"))
    both = container((config, "outside-config", "all"), ("Secret", "outside.tls", "all"))
    files["outside/workload.yaml"] = block(workload("outside", "Deployment", both, WAVE))
    files["outside/config.yaml"] = block(source(config, "outside-config"))
    files["outside/external.yaml"] = EXTERNAL_SECRET.format(name="outside.tls")
    files["web/plain.yaml"] = block(workload("plain", "Deployment", container((config, "web-config", "all"))))
    return files


class Plane:
    """A control plane, a controller beside it, and the repository that is applied."""

    def __init__(self, rollstamp, controller, arguments):
        self.rollstamp = rollstamp
        self.state = pathlib.Path(tempfile.mkdtemp())
        self.repository = pathlib.Path(tempfile.mkdtemp())
        self.script = str(HERE / "control-plane.sh")
        environment = {**os.environ, "BASEPORT": str(free_port())}
        subprocess.run(["bash", self.script, "start", self.state], check=True, env=environment,
                       stdout=subprocess.DEVNULL)
        self.environment = {**os.environ, "KUBECONFIG": str(self.state / "kubeconfig")}
        self.kubectl("create", "namespace", "shop")
        self.kubectl("apply", "-f", "-", stdin=CRD)
        self.kubectl("wait", "--for=condition=Established", "crd/externalsecrets.external-secrets.io")
        self.log = open(self.state / "controller.log", "wb")
        self.controller = subprocess.Popen([controller, *arguments], env=self.environment, stdout=self.log,
                                           stderr=self.log)

    def kubectl(self, *arguments, stdin=None):
        done = subprocess.run(["kubectl", *arguments], env=self.environment, input=stdin, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def run(self, *arguments):
        done = subprocess.run([self.rollstamp, *arguments, "."], cwd=self.repository, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            sys.exit(f"rollstamp {' '.join(arguments)}: {done.stderr}")
        return done.stderr

    def write(self, files):
        for name, text in files.items():
            path = self.repository / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def replace(self, old, new, only=""):
        """A commit: a text for another one, in all files or those of one folder."""
        for path in sorted(self.repository.rglob("*.*")):
            text = path.read_text()
            if only in str(path) and old in text:
                path.write_text(text.replace(old, new))

    def fill(self, name, value):
        """What External Secrets would do."""
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"KEY": value}}
        self.kubectl("apply", "-n", "shop", "-f", "-", stdin=json.dumps(secret))

    def apply(self):
        self.kubectl("apply", "-n", "shop", "-R", "-f", str(self.repository))

    def templates(self):
        """How many pod templates each workload has had."""
        kinds = "deployments,statefulsets,daemonsets,replicasets,controllerrevisions"
        items = json.loads(self.kubectl("get", kinds, "-n", "shop", "-o", "json"))["items"]
        counts = {}
        for item in items:
            for owner in item["metadata"].get("ownerReferences", []):
                counts[owner["name"]] = counts.get(owner["name"], 0) + 1
        observed = all(item["status"].get("observedGeneration") == item["metadata"]["generation"]
                       for item in items if "Set" in item["kind"] or item["kind"] == "Deployment")
        return counts, observed

    def settled(self):
        """The same once nothing has changed for a while."""
        last, since = None, time.monotonic()
        while True:
            now, observed = self.templates()
            if now != last or not observed:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > 6:
                return now
            time.sleep(0.5)

    def stop(self):
        self.controller.terminate()
        self.controller.wait()
        subprocess.run(["bash", self.script, "stop", self.state], check=True)
        shutil.rmtree(self.state)
        shutil.rmtree(self.repository)


def free_port():
    """The first of five ports that nobody listens on."""
    for base in range(18440, 19440, 10):
        try:
            for port in range(base, base + 5):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port))
            return base
        except OSError:
            continue
    sys.exit("no five free ports")


def watch(name, plane, files, outside, steps):
    """Runs the steps; what is wrong."""
    plane.write(files)
    for secret in outside:
        plane.fill(secret, "one")
    plane.apply()
    before = plane.settled()
    # Wave writes its hash into every pod template when it first sees it; Reloader needs its caches.
    time.sleep(3)
    before = plane.settled()
    rows, wrong = [], []
    for title, act, expected in steps:
        said = act(plane)
        after = plane.settled()
        rolled = {own: after[own] - before.get(own, 0) for own in sorted(after)}
        before = after
        meant = {own: expected.get(own, expected.get("*", 0)) for own in rolled}
        rows.append((title, rolled))
        if said:
            print(said.rstrip())
        if rolled != meant:
            wrong.append(f"{name}: {title}: expected {meant}, got {rolled}")
    names = list(rows[0][1])
    print(f"\n| {name} | " + " | ".join(names) + " |\n|---" + "|--:" * len(names) + "|")
    for title, rolled in rows:
        print(f"| {title} | " + " | ".join(str(rolled[own]) for own in names) + " |")
    print(flush=True)
    return wrong


def commit(*changes, write=False):
    """A step: texts that are replaced, stamps if they are used by now, and the apply."""
    def act(plane):
        for change in changes:
            plane.replace(*change)
        if write:
            plane.run("write")
        plane.apply()
    return act


def migrate(controller):
    """A step: the annotations of the controller go, and the stamps come."""
    def act(plane):
        said = plane.run("migrate", "--from", controller)
        again = plane.run("migrate", "--from", controller, "-o", "json")
        if json.loads(again)["files"]:
            sys.exit("a second migrate changes files")
        plane.apply()
        return said
    return act



def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reloader", help="Reloader, built")
    parser.add_argument("--wave", help="Wave, built")
    parser.add_argument("--rollstamp", default=str(HERE.parent.parent / "target/debug/rollstamp"))
    given = parser.parse_args()
    rollstamp = str(pathlib.Path(given.rollstamp).resolve())
    image = lambda one, two: (f"main:{one}", f"main:{two}")
    value = lambda one, two, only="": (f'KEY: "{one}"', f'KEY: "{two}"', only)
    other = lambda one, two, only="": (f'OTHER: "{one}"', f'OTHER: "{two}"', only)
    wrong = []
    if given.reloader:
        plane = Plane(rollstamp, str(pathlib.Path(given.reloader).resolve()), ["--log-format=json"])
        try:
            wrong += watch("Reloader", plane, of_reloader(), ["mixed.tls", "outside.tls"], [
                ("before: image and every value", commit(image(1, 2), value("one", "two")),
                 {"*": 2, "outside": 1, "plain": 1}),
                ("before: a key that `listed` does not read", commit(other("one", "two", "listed")), {"listed": 1}),
                ("`migrate` is applied", migrate("reloader"), {"*": 1, "outside": 0, "plain": 0}),
                ("after: image and every value", commit(image(2, 3), value("two", "three"), write=True), {"*": 1}),
                ("after: one value, which `auto` and `plain` read", commit(value("three", "four", "/auto/"), write=True), {"auto": 1, "plain": 1}),
                ("after: a key that `listed` does not read", commit(other("two", "three", "listed"), write=True), {}),
                ("after: the Secret of `mixed` is filled anew", lambda p: p.fill("mixed.tls", "two"), {"mixed": 1}),
                ("after: the Secret of `outside` too", lambda p: p.fill("outside.tls", "two"), {"outside": 1}),
            ])
        finally:
            plane.stop()
    if given.wave:
        plane = Plane(rollstamp, str(pathlib.Path(given.wave).resolve()), [])
        try:
            wrong += watch("Wave", plane, of_wave(), ["outside.tls"], [
                ("before: image and every value", commit(image(1, 2), value("one", "two")), {"*": 2, "plain": 1, "extra": 2}),
                ("`migrate` is applied", migrate("wave"), {"*": 1, "outside": 0, "plain": 0}),
                ("after: image and every value", commit(image(2, 3), value("two", "three"), write=True),
                 {"*": 1, "outside": 2}),
                ("after: one value, which `web` and `plain` read", commit(value("three", "four", "/web/"), write=True), {"web": 1, "plain": 1}),
                ("after: the Secret of `outside` is filled anew", lambda p: p.fill("outside.tls", "two"), {"outside": 1}),
            ])
        finally:
            plane.stop()
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
