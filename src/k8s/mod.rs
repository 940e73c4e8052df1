//! Tables that describe Kubernetes, and the few functions that read them.
//!
//! Kinds and sites are separate tables, and every site applies to every kind, because a list of all
//! pairs would have gaps. To add a kind, a site or a provider, add a row and a case under
//! `testdata`.

pub mod disruption;
pub mod id;
pub mod indirect;
pub mod kinds;
pub mod kustomize_names;
pub mod limits;
pub mod added;
pub mod controllers;
pub mod fillers;
pub mod foreign;
pub mod other_names;
pub mod presets;
pub mod providers;
pub mod recreated;
pub mod referrers;
pub mod releases;
pub mod sidecars;
pub mod short_names;
pub mod sites;
pub mod template;
pub mod waits;

use std::ops::Deref;
use std::sync::Arc;

/// A row of a table: a built-in row, or a row of the configuration.
#[derive(Debug, PartialEq, Eq)]
pub enum TableRow<T: 'static> {
    /// A row of a table in this program.
    BuiltIn(&'static T),
    /// A row of the configuration.
    Configured(Arc<T>),
}

impl<T> Deref for TableRow<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::BuiltIn(row) => row,
            Self::Configured(row) => row,
        }
    }
}

impl<T> Clone for TableRow<T> {
    fn clone(&self) -> Self {
        match self {
            Self::BuiltIn(row) => Self::BuiltIn(row),
            Self::Configured(row) => Self::Configured(Arc::clone(row)),
        }
    }
}

/// Which users get stamps because of a row of the tables of kinds, sites and providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// All users, since the first version of the digest scheme. These rows never change: a changed
    /// row would change stamps, and so roll pods, of users who changed nothing.
    V1,
    /// Only users who opt in. Rows of the configuration have this value, and so does every row that
    /// is added to the tables later.
    OptIn,
}
