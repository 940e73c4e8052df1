//! stub
pub mod span;
pub mod yaml;
pub mod k8s;
pub mod finding;
pub mod options;
pub mod digest;
pub mod suffix;
pub mod extract;
pub mod unit;
pub mod index;
pub mod resolve;
pub mod plan;
pub mod render;
pub mod process;
