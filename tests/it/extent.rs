//! Decides how much of a long test runs: a sample by default, so that `cargo test` takes two minutes, and
//! everything with `ROLLSTAMP_TESTS=all`, which the gate (`.ci/run`) sets. A test that ran only on a
//! sample, or not at all, says so in a place that the test runner does not hide.

use std::io::Write as _;

/// Whether long tests run over everything.
pub(crate) fn everything() -> bool {
    match std::env::var("ROLLSTAMP_TESTS").as_deref() {
        Ok("all") => true,
        Ok("sample" | "") | Err(_) => false,
        Ok(other) => panic!("ROLLSTAMP_TESTS is `{other}`; it can be `all` or `sample`"),
    }
}

/// Every item, or one in `one_in` of them, evenly spread.
pub(crate) fn sample<T>(what: &str, items: Vec<T>, one_in: usize) -> Vec<T> {
    let all = items.len();
    if everything() || all <= 1 {
        return items;
    }
    let some: Vec<T> = items.into_iter().step_by(one_in).collect();
    say(&format!("a sample of {what}: {} of {all}", some.len()));
    some
}

/// How many generated inputs to try: `all`, or `some` of them.
pub(crate) fn count(what: &str, all: usize, some: usize) -> usize {
    if everything() {
        return all;
    }
    say(&format!("a sample of {what}: {some} of {all}"));
    some
}

/// Prints a message about the extent of a run. The test runner hides the output of `println` in a passing
/// test, but not this output.
pub(crate) fn say(what: &str) {
    writeln!(std::io::stderr(), "{what}").ok();
}

/// Whether `ROLLSTAMP_DEMAND` (a list with commas) requires something that a test needs and may lack; the
/// gate names all of it.
pub(crate) fn demanded(what: &str) -> bool {
    let demanded = std::env::var("ROLLSTAMP_DEMAND").unwrap_or_default();
    demanded.split(',').any(|name| name == what)
}
