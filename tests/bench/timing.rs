//! Runs programs and measures their time and memory.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The time limit of a program in seconds; a slower program is stopped.
pub(crate) const LIMIT: u32 = 120;

/// The exit code of `timeout` when it stopped a program.
const GAVE_UP: i32 = 124;

/// A program with its arguments, and the file that it gets as its standard input.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    pub(crate) stdin: Option<String>,
    /// The working directory, if it is not the present one.
    pub(crate) folder: Option<PathBuf>,
    /// Whether an exit code other than 0 is expected.
    pub(crate) may_fail: bool,
}

impl Run {
    pub(crate) fn new(name: &str, command: &[&str], stdin: Option<&Path>) -> Self {
        Self {
            name: name.to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            stdin: stdin.map(|path| path.display().to_string()),
            folder: None,
            may_fail: false,
        }
    }

    /// A line for the shell.
    pub(crate) fn shell(name: &str, line: &str) -> Self {
        Self::new(name, &["sh", "-c", line], None)
    }

    fn start(&self, wrapper: &[&str]) -> Command {
        let words: Vec<&str> =
            wrapper.iter().copied().chain(self.command.iter().map(String::as_str)).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command.stdin(match &self.stdin {
            Some(path) => Stdio::from(File::open(path).unwrap()),
            None => Stdio::null(),
        });
        command.stdout(Stdio::from(File::create("/dev/null").unwrap()));
        command
    }

    /// The wall clock time of one run; `None` if the program is missing or fails.
    pub(crate) fn time(&self) -> Option<Duration> {
        let mut command = self.start(&[]);
        command.stderr(Stdio::null());
        let start = Instant::now();
        let status = command.status().ok()?;
        let took = start.elapsed();
        let gave_up = status.code() == Some(GAVE_UP);
        (status.success() || self.may_fail || gave_up).then_some(took)
    }

    /// The CPU time of one run in seconds, if `/usr/bin/time` exists. Other busy programs hardly change it.
    fn cpu(&self) -> Option<f64> {
        let mut command = self.start(&["/usr/bin/time", "-f", "cpu %U %S"]);
        let output = command.stderr(Stdio::piped()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().rev().find_map(|l| l.strip_prefix("cpu "))?;
        line.split(' ').map(|seconds| seconds.parse::<f64>().ok()).sum()
    }

    /// The peak memory in bytes, if `/usr/bin/time` exists.
    pub(crate) fn memory(&self) -> Option<u64> {
        let mut command = self.start(&["/usr/bin/time", "-f", "peak %M"]);
        let output = command.stderr(Stdio::piped()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().rev().find_map(|l| l.strip_prefix("peak "))?;
        line.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }
}

/// The median of `rounds` runs of each program, one after the other in each round, so that a disturbance of
/// the machine affects all of them.
pub(crate) fn medians(runs: &[Run], rounds: usize) -> Vec<Option<Duration>> {
    let mut taken: Vec<Vec<Duration>> = runs.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (run, taken) in runs.iter().zip(&mut taken) {
            taken.extend(run.time());
        }
    }
    taken
        .into_iter()
        .map(|mut times| {
            times.sort_unstable();
            times.get(times.len() / 2).copied()
        })
        .collect()
}

/// The median of the CPU seconds of `rounds` runs of each program, one after the other in each round.
pub(crate) fn cpu_medians(runs: &[Run], rounds: usize) -> Vec<f64> {
    let mut taken: Vec<Vec<f64>> = runs.iter().map(|_| Vec::new()).collect();
    for _ in 0..rounds {
        for (run, taken) in runs.iter().zip(&mut taken) {
            taken.extend(run.cpu());
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_unstable_by(f64::total_cmp);
        times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
    };
    taken.into_iter().map(median).collect()
}

/// Whether a program is on the path.
pub(crate) fn is_there(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status();
    found.is_ok_and(|status| status.success())
}

/// Prints a table of runs; the others are compared with the first.
pub(crate) fn table(title: &str, bytes: u64, runs: &[Run], rounds: usize) {
    let times = medians(runs, rounds);
    println!("\n### {title}\n\n| program | time | MB/s | times rollstamp |\n|---|---|---|---|");
    let own = times[0].map_or(f64::NAN, |time| time.as_secs_f64());
    for (run, time) in runs.iter().zip(times) {
        let Some(time) = time else {
            println!("| {} | did not run | | |", run.name);
            continue;
        };
        let seconds = time.as_secs_f64();
        if seconds >= f64::from(LIMIT) {
            println!(
                "| {} | > {LIMIT} s | < {:.2} | > {:.0} |",
                run.name,
                bytes as f64 / seconds / 1e6,
                seconds / own
            );
            continue;
        }
        println!(
            "| {} | {:.1} ms | {:.1} | {:.2} |",
            run.name,
            seconds * 1e3,
            bytes as f64 / seconds / 1e6,
            seconds / own
        );
    }
}
