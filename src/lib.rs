//! rollstamp stamps a digest of what each workload reads from ConfigMaps and Secrets into its pod
//! template.
//!
//! The listing is the pipeline; data flows one way through it:
//!
//! ```text
//! argv         -> cli, config -> Options
//! files, stdin -> io          -> Loaded      texts; most of them are read while others come in
//!                 extract     -> Manifests   everything that they say, never changed again; values leave
//!                                            this stage as digests
//!                 scope       -> Units       which files are applied together, kustomizations included
//!                 resolve     -> Index       which source each name means
//!                 rename      -> Renames     names after content, and what names mean then (suffix mode)
//!                 plan        -> Plan        every decision; nothing is written yet
//!                 edit        -> FileChange  edits of the original texts, proven by reading them again
//!                                Outcome     -> io::write, report
//! ```
//!
//! A stage changes nothing that an earlier one has found out: it returns a new value that points into the
//! [`extract::Manifests`] by numbers ([`extract::ObjectId`] and others).
//!
//! With `--keep`, [`outcome::generations`] finds old generations of renamed sources in what an earlier
//! run printed.
//!
//! `yaml` is text with spans and knows no Kubernetes word; `k8s` is what Kubernetes looks like, as
//! tables. [`process`] has the stages in order, without I/O: start reading there. The text of a file is
//! let go of once it is read, and which texts are wanted again is a value; [`io::reload`] reads those
//! again, and notices if one of them is another one by now.
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
