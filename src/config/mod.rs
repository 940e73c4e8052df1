//! The configuration: the settings from the command line, `.rollstamp.yaml` and a functionConfig.

pub mod foreign;

pub mod policy;

pub mod options;

pub mod workload_row;

pub mod settings;

pub mod name_reference;

pub mod baseline;
pub mod file;
