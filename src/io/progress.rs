//! Shows the progress of a long run on a terminal.

#[cfg(not(target_family = "wasm"))]
use indicatif::{ProgressBar, ProgressStyle};
#[cfg(not(target_family = "wasm"))]
use std::io::IsTerminal as _;

/// A progress bar on the standard error; nothing if that is not a terminal. The page program has none.
pub struct Progress(#[cfg(not(target_family = "wasm"))] Option<ProgressBar>);

impl Progress {
    /// Does nothing.
    #[cfg(target_family = "wasm")]
    pub fn new(_: usize, _: &'static str) -> Self {
        Self()
    }

    /// A bar for this number of steps, with a word before it.
    #[cfg(not(target_family = "wasm"))]
    pub fn new(steps: usize, what: &'static str) -> Self {
        if steps < 2 || !std::io::stderr().is_terminal() {
            return Self(None);
        }
        let bar = ProgressBar::new(steps as u64).with_prefix(what);
        let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} {elapsed}");
        Self(Some(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }))
    }

    /// One step is done.
    pub fn step(&self) {
        #[cfg(not(target_family = "wasm"))]
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

#[cfg(not(target_family = "wasm"))]
impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
