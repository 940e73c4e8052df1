//! stub
pub mod span;

pub mod yaml;
