//! `check --since REV`: only what changes since a revision can have caused.

use crate::sandbox::{Output, Sandbox, Tree};
use std::process::Command;

const READER: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  template:
    spec:
      containers:
        - name: web
          image: nginx
          envFrom: [{configMapRef: {name: NAME}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
data: {A: VALUE}
";

fn git(sandbox: &Sandbox, arguments: &[&str]) {
    let settings = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    let mut git = Command::new("git");
    let output = git.args(settings).args(arguments).current_dir(sandbox.path("")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn write(sandbox: &Sandbox, name: &str, value: &str) {
    let text = READER.replace("NAME", name).replace("VALUE", value);
    std::fs::create_dir_all(sandbox.path("deploy")).unwrap();
    std::fs::write(sandbox.path(&format!("deploy/{name}.yaml")), text).unwrap();
}

fn check(sandbox: &Sandbox, since: &str) -> Output {
    let arguments = ["check", "-o", "concise", "--since", since, "deploy"];
    sandbox.run(&arguments.map(str::to_owned), None)
}

#[test]
fn only_what_changes_can_have_caused_is_said() {
    let sandbox = Sandbox::new(&Tree::new());
    git(&sandbox, &["init", "-q"]);
    write(&sandbox, "old", "one");
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-q", "-m", "old"]);
    let nothing = check(&sandbox, "HEAD");
    assert_eq!((nothing.exit, nothing.stdout.as_slice()), (0, &b""[..]), "{}", nothing.stderr);
    assert!(nothing.stderr.starts_with("clean; 1 workload reads configuration: 1 not right"));

    write(&sandbox, "new", "one");
    let new = check(&sandbox, "HEAD");
    let said = String::from_utf8(new.stdout).unwrap();
    assert_eq!(new.exit, 1, "{}", new.stderr);
    assert_eq!(said, "deploy/new.yaml:3:18: error[missing-stamp]: Deployment new has no stamp\n");

    // A stamp that was missing before is said once another one is needed.
    git(&sandbox, &["add", "."]);
    git(&sandbox, &["commit", "-q", "-m", "new"]);
    write(&sandbox, "old", "two");
    let changed = check(&sandbox, "HEAD");
    let said = String::from_utf8(changed.stdout).unwrap();
    assert_eq!(said, "deploy/old.yaml:3:18: error[missing-stamp]: Deployment old has no stamp\n");

    let wrong = check(&sandbox, "nowhere");
    assert_eq!(wrong.exit, 2);
    assert!(wrong.stderr.contains("no revision `nowhere`"), "{}", wrong.stderr);
}
