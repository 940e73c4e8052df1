//! rollstamp stamps a digest of what each workload reads from ConfigMaps and Secrets into its pod
//! template.
//!
//! The listing is the pipeline; data flows one way through it:
//!
//! ```text
//! argv         -> cli, config -> Options
//! files, stdin -> io          -> Input      texts, never changed again
//!                 extract     -> Facts      per text, while others come in; values leave it as digests
//!                 scope                     which texts are applied together, kustomizations included
//!                 resolve                   which source each reference means
//!                 rename                    names after content, and who follows (suffix mode)
//!                 plan        -> Plan       every decision; nothing is written yet
//!                 edit        -> FileChange spans of the original text, proven by reading again
//!                                Outcome -> io::write, report
//! ```
//!
//! With `--keep`, [`outcome::generations`] finds old generations of renamed sources in what an earlier
//! run printed.
//!
//! `yaml` is text with spans and knows no Kubernetes word; `k8s` is what Kubernetes looks like, as
//! tables. [`process::run`] is the middle, in order, without I/O of its own: start reading there. The
//! text of a file is let go of once its facts are known; who needs it after all asks
//! [`text::Text`], which reads it again through `io` and notices if it is another one by now.
//!
//! The modules stand in the order of their imports: each imports only modules listed before it.

pub mod text;

pub mod parallel;

pub mod yaml;

pub mod k8s;

pub mod compat;

pub mod finding;

pub mod digest;

pub mod config;

pub mod patches;

pub mod extract;

pub mod scope;

pub mod resolve;

pub mod rename;

pub mod plan;

pub mod edit;

pub mod outcome;

pub mod overlays;

pub mod process;

pub mod impact;

pub mod report;

pub mod io;

pub mod cli;
