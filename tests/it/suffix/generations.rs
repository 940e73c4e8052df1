//! Old generations of renamed sources: several rounds of an edit, each with the output of the last one.

use super::names;
use crate::sandbox::{Entry, Output, Sandbox, Tree};

fn manifests(value: &str, password: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: app}}\ndata: {{a: {value:?}}}\n---\n# a comment\napiVersion: v1\nkind: Secret\nmetadata:\n  name: pw\n  namespace: shop\nstringData: {{p: {password}}}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec: {{template: {{spec: {{containers: [{{name: web, envFrom: [{{configMapRef: {{name: app}}}}, {{secretRef: {{name: pw}}}}]}}]}}}}}}\n"
    )
}

fn run(input: &str, previous: &str, options: &str) -> Output {
    let file = Entry::File(previous.as_bytes().to_vec());
    let sandbox = Sandbox::new(&Tree::from([("last/out.yaml".to_owned(), file)]));
    let options: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
    sandbox.run(&options, Some(input.as_bytes()))
}

fn kept(input: &str, previous: &str, most: usize) -> String {
    let options = format!("--mode suffix --keep {most} --previous last/out.yaml");
    let output = run(input, previous, &options);
    assert_eq!((output.exit, output.stderr.as_str()), (0, ""));
    let text = String::from_utf8(output.stdout).unwrap();
    let folder = format!("--mode suffix --keep {most} --previous last");
    assert_eq!(run(input, previous, &folder).stdout, text.as_bytes());
    // The same input with its own output gives the same result, and so does the output as an input.
    if previous != text {
        assert_eq!(kept(input, &text, most), text);
    }
    text
}

fn plain(input: &str) -> String {
    String::from_utf8(run(input, "", "--mode suffix").stdout).unwrap()
}

#[test]
fn rounds_of_edits_keep_the_last_generations() {
    let mut last = String::new();
    let mut app: Vec<String> = Vec::new();
    let rounds = ["1", "2", "3", "4", "2", "5", "5"];
    for (round, value) in rounds.into_iter().enumerate() {
        let input = manifests(value, "hunter2");
        let own = plain(&input);
        let output = kept(&input, &last, 2);
        assert!(output.starts_with(&own), "the new manifests come first");
        // An independent list of the generations: the newest first, each once.
        let name = names(own.as_bytes(), "ConfigMap").remove(0);
        app.retain(|old| *old != name);
        app.insert(0, name);
        app.truncate(3);
        assert_eq!(names(output.as_bytes(), "ConfigMap"), app, "round {round}");
        assert_eq!(names(output.as_bytes(), "Secret").len(), 1, "round {round}");
        for document in output[own.len()..].split("---\n") {
            assert!(last.contains(document), "round {round}: not as it stood: {document}");
        }
        last = output;
    }
    // The output is a valid input, and nothing is removed from it.
    assert_eq!(plain(&last), last);
    assert_eq!(kept(&last, &last, 1), last);
    // All of them would get one name again.
    let stripped = run(&last, "", "strip");
    assert_eq!((stripped.exit, stripped.stdout.len()), (2, 0));
    // With a smaller number, older generations are removed; each of two changed sources keeps its own
    // generations.
    let input = manifests("6", "other");
    let output = kept(&input, &last, 1);
    let own = plain(&input);
    assert_eq!(names(output.as_bytes(), "ConfigMap")[1..], app[..1]);
    assert_eq!(names(output.as_bytes(), "Secret").len(), 2);
    assert_eq!(output.matches("# a comment").count(), 2);
    assert!(output.len() > own.len());
}

#[test]
fn only_own_generations_of_the_very_source_are_kept() {
    let old = plain(&manifests("1", "hunter2"));
    let new = manifests("2", "other");
    let count = |previous: &str| names(kept(&new, previous, 9).as_bytes(), "ConfigMap").len();
    let with = |from: &str, to: &str| {
        let edited = old.replace(from, to);
        assert_ne!(edited, old, "{from} is not there");
        count(&edited)
    };
    assert_eq!(count(&old), 2);
    // A name that does not fit the content, no marker, another namespace, another name.
    assert_eq!(with("a: \"1\"", "a: \"3\""), 1);
    assert_eq!(with("rollstamp.dev/base-name: \"app\"", "x: \"app\""), 1);
    assert_eq!(with("}, name: app-", "}, namespace: b, name: app-"), 1);
    assert_eq!(with("app", "apq"), 1);
    assert_eq!(count("# nothing\n"), 1);
}

#[test]
fn what_cannot_be_kept_is_said() {
    let input = manifests("2", "hunter3");
    let old = plain(&manifests("1", "hunter2"));
    let said = |previous: &str, options: &str| {
        let output = run(&input, previous, options);
        assert_eq!((output.exit, output.stdout.len()), (2, 0), "{options}");
        assert!(!output.stderr.contains("hunter"), "{}", output.stderr);
        output.stderr
    };
    const KEEP: &str = "--mode suffix --keep 2 --previous last/out.yaml";
    let item = old.split("---\n").next().unwrap().replace('\n', "\n  ");
    let list = format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", item.trim_end());
    assert!(said(&list, KEEP).contains("only whole documents"));
    assert!(said("a: [\n", KEEP).contains("cannot be read"));
    assert!(said(&old, "--keep 2 --previous last/out.yaml").contains("add `--mode suffix`"));
    assert!(said(&old, "--mode suffix --keep 2 --previous none.yaml").contains("no such file"));
    assert!(said(&old, "--mode suffix --keep 2").contains("--previous"));
    assert!(said(&old, "--mode suffix --previous last/out.yaml").contains("--keep"));
    assert!(said(&old, "--mode suffix --keep 0 --previous last/out.yaml").contains("0"));
    assert!(said(&old, "write --mode suffix --keep 2 --previous last last").contains("--keep"));
    let call = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\n";
    let output = run(call, &old, KEEP);
    assert!(
        output.exit == 2 && output.stderr.contains("kustomize accepts no additional documents")
    );
}
