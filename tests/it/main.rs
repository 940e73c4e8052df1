//! Every test but the cases, which are in `tests/cases`, in one binary. `golden` holds the frozen digests; `parity` compares our reading of YAML with what kubectl recorded;
//! `oracle` computes stamps a second time, and `corpora` compares over real manifests; `tidy` keeps
//! the architecture.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests drive the real program, read its files and print their figures"
)]

mod arriving;
mod book;
mod compared;
mod corpora;
mod extent;
mod fast;
mod foreign;
mod golden;
mod hostile;
mod oracle;
mod parity;
mod patterns;
mod programs;
mod properties;
mod reload;
#[path = "../common/piped.rs"]
mod piped;
#[path = "../common/sandbox.rs"]
mod sandbox;
mod since;
mod suffix;
mod tidy;
mod verbs;
mod writing;
