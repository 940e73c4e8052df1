//! The comment of a pull request: runs the script of the action in a real git repository, with the event
//! that GitHub passes, and a file instead of the API.

use super::{example, file, found, root, shell};
use crate::sandbox::{Entry, Sandbox};

/// The fields of a `pull_request` event that the script reads.
const EVENT: &str = r#"{"action": "synchronize", "number": 7, "pull_request": {"number": 7, "base": {"ref": "main", "sha": "BASE"}, "head": {"ref": "change"}}, "repository": {"full_name": "shop/deploy"}}"#;

/// Answers like the API of GitHub: the comments are in a file, and each call is recorded.
const CURL: &str = r#"#!/usr/bin/env bash
set -eu
method=GET data=
while [ $# -gt 0 ]; do
  case $1 in
    --request) method=$2; shift ;;
    --data) data=${2#@}; shift ;;
    --config) grep -q 'Bearer secret-token' "$2"; shift ;;
    --header) test "$2" = 'PRIVATE-TOKEN: secret-token'; shift ;;
    --form) jq -Rs '{body: .}' <"${2#body=<}" >form.json; data=form.json; shift ;;
    http*) url=$1 ;;
  esac
  shift
done
echo "$method $url" >>"$CALLS"
if [ "$method" != GET ] && [ -n "${READ_ONLY:-}" ]; then
  echo 'curl: (22) The requested URL returned error: 403' >&2
  exit 22
elif [ "$method" = GET ]; then
  case $url in *page=1) cat "$COMMENTS" ;; *) echo '[]' ;; esac
else
  cp "$data" "$POSTED"
  jq '[{id: 41, body: "something else"}, {id: 42, body: .body}]' "$data" >"$COMMENTS"
fi
"#;

#[test]
fn a_pull_request_has_one_comment_that_is_replaced_and_a_gate() {
    let programs = [("git", "--version"), ("jq", "--version"), ("bash", "--version")];
    if programs.iter().any(|(program, version)| found(program, &[version]).is_none()) {
        return;
    }
    let mut tree = example("pull-request");
    tree.insert("event.json".to_owned(), file(EVENT));
    tree.insert("bin/curl".to_owned(), file(CURL));
    let script = std::fs::read(root().join("integrations/github/impact/impact.sh")).unwrap();
    tree.insert("impact.sh".to_owned(), Entry::File(script));
    let sandbox = Sandbox::new(&tree);
    let prepare = r#"
        set -eu; rm -rf .git; mkdir repo; chmod +x bin/curl; echo '[]' >comments.json
        cd repo; git init -q -b main .; git config user.name a; git config user.email a@example.com
        mkdir deploy; cp ../before/* deploy/; git add -A; git commit -qm before
        sed "s/BASE/$(git rev-parse HEAD)/" ../event.json >../event
        git checkout -q -b change; cp ../after/* deploy/; git commit -qam after
    "#;
    let (exit, said) = shell(&sandbox, prepare);
    assert_eq!(exit, 0, "{said}");
    let run = |gates: &str| {
        let script = format!(
            r#"
            top=$PWD; cd repo
            export PATH="$top/bin:$PATH" CALLS=$top/calls COMMENTS=$top/comments.json POSTED=$top/posted.json
            export GITHUB_EVENT_PATH=$top/event GITHUB_API_URL=https://api.example.com GITHUB_REPOSITORY=shop/deploy
            export IMPACT_PATHS=deploy IMPACT_TOKEN=secret-token IMPACT_TITLE=prod IMPACT_FAIL_ON="{gates}"
            bash "$top/impact.sh"
            "#
        );
        shell(&sandbox, &script)
    };
    let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
    let (exit, said) = run("");
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains("::warning file=deploy/worker.yaml,line="), "{said}");
    let calls = "GET https://api.example.com/repos/shop/deploy/issues/7/comments?per_page=100&limit=100&page=1\n\
                 POST https://api.example.com/repos/shop/deploy/issues/7/comments\n";
    assert_eq!(read("calls"), calls);
    let posted: serde_json::Value = serde_json::from_str(&read("posted.json")).unwrap();
    let body = posted["body"].as_str().unwrap();
    assert!(
        body.starts_with("<!-- rollstamp-impact:prod -->\n### rollstamp: 3 workloads roll"),
        "{body}"
    );
    // The second run finds the comment by its mark; the gate fails after it is written.
    let (exit, said) = run("stuck stale");
    assert_eq!(exit, 1, "{said}");
    let calls = read("calls");
    assert!(
        calls.ends_with("PATCH https://api.example.com/repos/shop/deploy/issues/comments/42\n"),
        "{calls}"
    );
    let (exit, said) = run("downtime deploy/nothing");
    assert_eq!(exit, 0, "{said}");
}

/// Runs the script of the action, or the one of the recipe for GitLab, in a repository with two branches:
/// `main`, and `change` with one more commit. `prepare` runs first, in the repository. `None` if a program is
/// not installed.
fn recipe(name: &str, prepare: &str) -> Option<(i32, String)> {
    let programs = [("git", "--version"), ("jq", "--version"), ("bash", "--version")];
    if programs.iter().any(|(program, version)| found(program, &[version]).is_none()) {
        return None;
    }
    let mut tree = example("pull-request");
    tree.insert("event.json".to_owned(), file(EVENT));
    tree.insert("bin/curl".to_owned(), file(CURL));
    let text = std::fs::read_to_string(root().join("integrations").join(name)).unwrap();
    let script = match name.strip_suffix(".yml") {
        None => text,
        Some(_) => {
            let recipe: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
            recipe["impact"]["script"][0].as_str().unwrap().to_owned()
        }
    };
    tree.insert("recipe.sh".to_owned(), file(&script));
    let sandbox = Sandbox::new(&tree);
    let script = format!(
        r#"
        set -eu; top=$PWD; rm -rf .git; chmod +x bin/curl; echo '[]' >comments.json; : >calls
        git init -q -b main repo; cd repo; git config user.name a; git config user.email a@example.com
        mkdir deploy "my deploy"; cp ../before/* deploy/; cp ../before/* "my deploy/"; echo '# one' >README.md
        git add -A; git commit -qm before; base=$(git rev-parse HEAD)
        git checkout -q -b change; cp ../after/* deploy/; git commit -qam after; tip=$(git rev-parse HEAD)
        sed "s/BASE/$base/; s/\"ref\": \"change\"/\"sha\": \"$tip\"/" ../event.json >../event
        export PATH="$top/bin:$PATH" CALLS=$top/calls COMMENTS=$top/comments.json POSTED=$top/posted.json
        export GITHUB_EVENT_PATH=$top/event GITHUB_API_URL=https://api.example.com GITHUB_REPOSITORY=shop/deploy
        export IMPACT_PATHS=deploy IMPACT_TOKEN=secret-token IMPACT_TITLE=prod IMPACT_FAIL_ON=
        export CI_MERGE_REQUEST_DIFF_BASE_SHA=$base CI_PROJECT_NAME=shop CI_PROJECT_ID=2 CI_MERGE_REQUEST_IID=7
        export CI_API_V4_URL=https://gitlab.example.com/api/v4 CI_MERGE_REQUEST_PROJECT_ID=1
        run() {{ local code=0; bash "$top/recipe.sh" || code=$?; echo "exit $code"; }}
        posted() {{ jq -r .body "$POSTED" | sed -n 2p; }}
        {prepare}
        "#
    );
    Some(shell(&sandbox, &script))
}

const ACTION: &str = "github/impact/impact.sh";

/// The token of a pull request from a fork may only read: the gate counts all the same.
#[test]
fn a_comment_that_cannot_be_written_does_not_hide_the_gate() {
    let prepare = "export READ_ONLY=1; IMPACT_FAIL_ON=stale run; run";
    let Some((exit, said)) = recipe(ACTION, prepare) else { return };
    assert_eq!(exit, 0, "{said}");
    let warned = "::warning title=rollstamp impact::the comment could not be written";
    assert_eq!(said.matches(warned).count(), 2, "{said}");
    assert!(said.contains("::warning file=deploy/worker.yaml,line="), "{said}");
    let codes: Vec<&str> = said.lines().filter(|line| line.starts_with("exit ")).collect();
    assert_eq!(codes, ["exit 1", "exit 0"]);
}

/// GitHub checks out a merge into the base branch, and the event may name an older commit of that branch.
#[test]
fn what_the_base_branch_got_since_is_no_change_of_the_pull_request() {
    let prepare = r#"
        git checkout -q main; cp ../after/* "my deploy/"; git commit -qam elsewhere
        git merge -q --no-edit change; IMPACT_PATHS=. run >/dev/null; posted
        git clone -q --depth 1 "file://$PWD" ../shallow; cd ../shallow; run 2>&1
        git fetch -q --depth 2; IMPACT_PATHS=. run >/dev/null; posted
    "#;
    let Some((exit, said)) = recipe(ACTION, prepare) else { return };
    let one = "### rollstamp: 3 workloads roll, 1 should and will not, 2 roll for nothing, 1 may get stuck; 10 pods are replaced\n";
    assert_eq!(exit, 0, "{said}");
    assert!(said.starts_with(one) && said.ends_with(one), "{said}");
    assert!(said.contains("check out with `fetch-depth: 0`\nexit 2\n"), "{said}");
}

#[test]
fn a_path_with_blanks_and_several_lines_of_paths_are_compared() {
    let prepare = r#"
        cp ../after/* "my deploy/"; git commit -qam again
        IMPACT_PATHS="my deploy" run >/dev/null; posted
        IMPACT_PATHS="deploy README.md" run >/dev/null; posted
        IMPACT_PATHS="deploy
my deploy
" run >/dev/null; posted
        IMPACT_OPTIONS="--only
stale --workload deploy/web" run >/dev/null; posted
    "#;
    let Some((exit, said)) = recipe(ACTION, prepare) else { return };
    let one = "### rollstamp: 3 workloads roll, 1 should and will not, 2 roll for nothing, 1 may get stuck; 10 pods are replaced\n";
    let both = "### rollstamp: 6 workloads roll, 2 should and will not, 4 roll for nothing, 2 may get stuck; 20 pods are replaced\n";
    let web = "### rollstamp: 1 workload rolls, 1 may get stuck; 1 pod is replaced\n";
    assert_eq!((exit, said), (0, format!("{one}{one}{both}{web}")));
}

#[test]
fn an_incomplete_comparison_has_a_comment_and_fails() {
    for name in [ACTION, "gitlab/impact.gitlab-ci.yml"] {
        let prepare = "printf 'apiVersion: v1\\nkind: Secret\\nmetadata: [\\n' >deploy/broken.yaml; git add -A; git commit -qm x; run 2>/dev/null; posted";
        let Some((exit, said)) = recipe(name, prepare) else { return };
        assert_eq!(exit, 0, "{said}");
        let (_, end) =
            said.rsplit_once("exit 2\n### rollstamp: ").unwrap_or_else(|| panic!("{said}"));
        assert!(end.ends_with("; not everything is compared, because of 1 error\n"), "{said}");
    }
}

#[test]
fn a_merge_request_has_one_note_that_is_replaced_and_a_gate() {
    let prepare = r#"
        run >/dev/null; posted; IMPACT_FAIL_ON="--fail-on stale" run | tail -1
        sed "s|$(git rev-parse HEAD)|HEAD|" "$CALLS"; : >"$CALLS"
        # A fork, and a pipeline for merged results.
        unset IMPACT_TOKEN; run 2>&1 | grep -c 'could not be written'; cat "$CALLS"
        git checkout -q main; cp ../after/* "my deploy/"; git commit -qam elsewhere
        export CI_MERGE_REQUEST_TARGET_BRANCH_SHA=$(git rev-parse HEAD) IMPACT_TOKEN=secret-token IMPACT_PATHS=.
        git merge -q --no-edit change; run >/dev/null; posted
    "#;
    let Some((exit, said)) = recipe("gitlab/impact.gitlab-ci.yml", prepare) else { return };
    let one = "### rollstamp: 3 workloads roll, 1 should and will not, 2 roll for nothing, 1 may get stuck; 10 pods are replaced\n";
    let notes = "https://gitlab.example.com/api/v4/projects/1/merge_requests/7/notes";
    let calls = format!("GET {notes}?per_page=100&page=1\n");
    let all = format!("{one}exit 1\n{calls}POST {notes}\n{calls}PUT {notes}/42\n1\n{one}");
    assert_eq!((exit, said), (0, all));
}

/// Runs a script in a new repository with the example of a pull request. `None` if git is not installed.
fn in_repository(script: &str) -> Option<(i32, String)> {
    const START: &str = "set -eu; rm -rf .git; git init -q -b main .
        git config user.name a; git config user.email a@example.com\n";
    found("git", &["--version"])?;
    let sandbox = Sandbox::new(&example("pull-request"));
    Some(shell(&sandbox, &format!("{START}{script}")))
}

#[test]
fn a_history_says_how_long_pods_were_stale() {
    let script = r#"
        commit() { git add -A deploy; GIT_COMMITTER_DATE=$1 git commit -qm "$2"; }
        mkdir deploy; cp before/* deploy/; commit 2026-01-01T00:00:00Z one
        cp after/* deploy/; commit 2026-01-02T00:00:00Z two
        rollstamp write -q deploy; commit 2026-01-05T00:00:00Z three
        rollstamp history --since 2025-12-01 deploy
        rollstamp history --since 2025-12-01 nowhere 2>&1 || rollstamp history --since someday deploy 2>&1 || true
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let table = "\
3 commits: 6 restarts of workloads, 2 of them for nothing; 12 pods; stale 1

workload                            restarts  for nothing  stale
Deployment shop/worker                     1            0  once, 3d
DaemonSet monitoring/node-exporter         1            1
Deployment monitoring/grafana              1            1
Deployment shop/api                        1            0
Deployment shop/web                        1            0
StatefulSet shop/queue                     1            0
rollstamp: HEAD has no nowhere
rollstamp: --since: `someday` is no time before now, such as `90d` or `2026-01-31`
";
    assert_eq!((exit, said.as_str()), (0, table));
}

#[test]
fn a_history_says_that_a_commit_cannot_be_read() {
    let script = r#"
        commit() { git add -A deploy; GIT_COMMITTER_DATE=$1 git commit -qm "$2"; }
        mkdir deploy; cp before/web.yaml deploy/; commit 2026-01-01T00:00:00Z one
        printf 'apiVersion: v1\nkind: Secret\nmetadata: [\n' >deploy/web.yaml; commit 2026-01-02T00:00:00Z broken
        cp after/web.yaml deploy/; commit 2026-01-03T00:00:00Z mended
        rollstamp history --since 2025-12-01 deploy
        rollstamp history -o json --since 2025-12-01 deploy | jq -c '[.commits[].not_compared]'
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let all = "\
3 commits: no workload was restarted; 0 pods; stale 0; 2 commits are not compared completely, because of errors
[null,1,1]
";
    assert_eq!((exit, said.as_str()), (0, all));
}

/// To git itself `90d` is a day of the year 1990.
#[test]
fn a_history_tells_days_and_the_workloads_of_two_folders() {
    let script = r#"
        commit() { git add -A prod dev; GIT_COMMITTER_DATE=$1 git commit -qm "$2"; }
        mkdir prod dev; cp before/web.yaml prod/; cp before/web.yaml dev/; commit 2001-01-01T00:00:00Z old
        cp after/web.yaml prod/; commit 2001-01-02T00:00:00Z old
        sed 's/image: .*/image: web:9/' after/web.yaml >prod/web.yaml; cp after/web.yaml dev/; commit "$(date -u +%FT%TZ)" new
        rollstamp history --since 90d prod dev; rollstamp history --since 2000-01-01 .
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let table = "\
1 commit: 2 restarts of workloads, 0 of them for nothing; 2 pods; stale 0

workload                     restarts  for nothing  stale
Deployment shop/web in dev          1            0
Deployment shop/web in prod         1            0
3 commits: 3 restarts of workloads, 0 of them for nothing; 3 pods; stale 0

workload                     restarts  for nothing  stale
Deployment shop/web in prod         2            0
Deployment shop/web in dev          1            0
";
    assert_eq!((exit, said.as_str()), (0, table));
}

#[test]
fn the_folders_of_several_paths_are_told_apart() {
    if found("kustomize", &["version"]).is_none() {
        return;
    }
    let script = r#"
        for folder in prod dev; do
          mkdir $folder; cp before/web.yaml $folder/; echo "resources: [web.yaml]" >$folder/kustomization.yaml
          mkdir plain-$folder; cp before/web.yaml plain-$folder/
        done
        git add -A; git commit -qm one; cp after/web.yaml prod/; cp after/web.yaml plain-prod/
        for paths in "prod dev" "dev prod" "$PWD/dev $PWD/prod"; do
          rollstamp impact --base HEAD --build kustomize $paths 2>/dev/null | head -1
        done
        for paths in "plain-prod plain-dev" "plain-dev plain-prod" "$PWD/plain-dev $PWD/plain-prod"; do
          rollstamp impact --base HEAD $paths | head -1
        done
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let one = "1 workload rolls, 1 may get stuck; 1 pod is replaced\n";
    assert_eq!((exit, said), (0, one.repeat(6)));
}

#[test]
fn a_folder_that_is_new_or_gone_is_compared() {
    let script = r#"
        commit() { git add -A deploy; GIT_COMMITTER_DATE=$1 git commit -qm "$2"; }
        git commit -q --allow-empty -m empty; cp before/web.yaml other.yaml; git add other.yaml; git commit -qm other
        mkdir deploy; cp before/web.yaml deploy/; rollstamp impact --base HEAD deploy | head -1
        commit 2026-01-01T00:00:00Z new; cp after/web.yaml deploy/; commit 2026-01-02T00:00:00Z changed
        rm -r deploy; rollstamp impact --base HEAD deploy | head -1; rollstamp impact --base HEAD deploy other.yaml | head -1
        commit 2026-01-03T00:00:00Z gone; rollstamp impact --base HEAD deploy 2>&1 || true
        rollstamp impact HEAD:deploy HEAD:deploy 2>&1 | cut -d ' ' -f 1-5
        mkdir deploy; cp before/web.yaml deploy/; commit 2026-01-04T00:00:00Z back
        for path in deploy deploy/web.yaml "deploy other.yaml"; do
          rollstamp history --since 2025-12-01 $path | head -1
        done
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let all = "\
1 new
1 gone
1 gone
rollstamp: no such file or folder: deploy: name files or folders that hold manifests, such as `.`
rollstamp: no path `deploy` in
4 commits: 1 restart of workloads, 0 of them for nothing; 1 pod; stale 0
4 commits: 1 restart of workloads, 0 of them for nothing; 1 pod; stale 0
5 commits: 1 restart of workloads, 0 of them for nothing; 1 pod; stale 0
";
    assert_eq!((exit, said.as_str()), (0, all));
}

#[test]
fn a_revision_is_read_without_a_checkout() {
    let script = r#"
        mkdir -p deploy/x; cp before/* deploy/x/; git add deploy; git commit -qm one; git tag v1
        cp after/* deploy/x/; git add deploy; git commit -qm two; rm deploy/x/web.yaml; git status --short -- deploy >status-1
        cd deploy
        for pair in "v1:deploy HEAD:deploy" "v1:./ HEAD:./" "v1:deploy/x HEAD:deploy/x"; do rollstamp impact $pair | head -1; done
        rollstamp impact --base v1 . | head -1
        cd ..; git status --short -- deploy >status-2; cmp status-1 status-2
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let all = "3 workloads roll, 1 should and will not, 2 roll for nothing, 1 may get stuck; 10 pods are replaced\n";
    let without = "2 workloads roll, 1 should and will not, 2 roll for nothing, 1 gone; 9 pods are replaced\n";
    assert_eq!((exit, said), (0, format!("{}{without}", all.repeat(3))));
}

/// A walk from `.` names folders differently from git, but they are the same apply units.
#[test]
fn folders_are_the_same_in_a_revision_and_below_the_working_directory() {
    let script = r#"
        mkdir -p other; cp before/* .; cp before/* other/; cp after/* before/; git add .; git commit -qm one
        cp after/* other/
        rollstamp impact --base HEAD . | head -1; rollstamp impact HEAD:. . | head -1
    "#;
    let Some((exit, said)) = in_repository(script) else { return };
    let one = "3 workloads roll, 1 should and will not, 2 roll for nothing, 1 may get stuck; 10 pods are replaced\n";
    assert_eq!((exit, said), (0, one.repeat(2)));
}
