//! rollstamp stamps a digest of the ConfigMap and Secret keys that each workload reads into its pod
//! template.
//!
//! The list of modules is the pipeline; data flows through it in one direction:
//!
//! ```text
//! argv         -> cli, config -> Options
//! files, stdin -> io          -> Loaded      texts; extract works while io reads the next texts
//!                 extract     -> Manifests   the facts of all texts, never changed again; values leave
//!                                            this stage as digests
//!                 scope       -> Units       which files are applied together, kustomizations included
//!                 resolve     -> Index       which source each name means
//!                 rename      -> Renames     names after content (suffix mode)
//!                 plan        -> Plan        every decision; nothing is edited yet
//!                 edit        -> FileChange  edits of the original texts, checked by reading the result
//!                                Outcome     -> io::write, report
//! ```
//!
//! A stage never changes the result of an earlier stage. It returns a new value that points into
//! the [`extract::Manifests`] by numbers ([`extract::ObjectId`] and others).
//!
//! With `--keep`, [`outcome::generations`] finds old generations of renamed sources in the output
//! of an earlier run.
//!
//! Some modules take part in some runs only: `compat` decides as Reloader and Wave do which reads count;
//! `patches` reads and writes the stamps files of overlays, and `overlays` compares the builds of
//! overlays with the stamps in their files; `impact` compares two outcomes.
//!
//! `yaml` reads text with spans and knows nothing about Kubernetes; the tables of `k8s` describe
//! Kubernetes. [`process`] calls the stages in order, without I/O: start reading there. The program
//! frees the text of a file when it has the facts of the file. A stage returns the list of texts
//! that it needs again; [`io::reload`] reads them and notices if one of them has changed.
//!
//! The modules are listed in the order of their imports: each module imports only modules listed
//! before it.

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
