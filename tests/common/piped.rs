//! Runs a program with text on its standard input.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// Runs a program to its end; without `stdin` its standard input is empty.
pub(crate) fn run(command: &mut Command, stdin: Option<&[u8]>) -> Output {
    let mut child = command
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = child.stdin.take();
    std::thread::scope(|scope| {
        if let (Some(mut pipe), Some(bytes)) = (pipe, stdin) {
            // A program that stops early closes the pipe; the test checks its exit code.
            scope.spawn(move || pipe.write_all(bytes).ok());
        }
        child.wait_with_output().unwrap()
    })
}
