//! The bytes of files that git keeps, by their ids.

use anyhow::Context;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

/// `git cat-file --batch`, which answers several requests.
pub(super) struct Store {
    child: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
    /// The files that were read, by their ids; filled only with `keeps`.
    known: BTreeMap<String, Arc<[u8]>>,
    keeps: bool,
}

impl Store {
    /// Starts the program in a folder. With `keeps`, the content of each file is kept, because several
    /// revisions are read and share most of their files.
    pub(super) fn start(top: &Path, keeps: bool) -> anyhow::Result<Self> {
        let mut child = Command::new("git")
            .arg("-C")
            .arg(top)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to run `git`")?;
        let (ask, answer) = (child.stdin.take(), child.stdout.take());
        let answer = answer.context("`git cat-file` has no output")?;
        let answer = BufReader::with_capacity(1 << 16, answer);
        Ok(Self { child, ask, answer, known: BTreeMap::new(), keeps })
    }

    /// The bytes of a file.
    pub(super) fn bytes(&mut self, id: &str) -> Option<Arc<[u8]>> {
        if let Some(known) = self.known.get(id) {
            return Some(Arc::clone(known));
        }
        let ask = self.ask.as_mut()?;
        writeln!(ask, "{id}").ok()?;
        ask.flush().ok()?;
        // `ID blob SIZE`, the bytes, a line end
        let mut head = String::new();
        self.answer.read_line(&mut head).ok()?;
        let size: usize = head.trim_end().rsplit(' ').next()?.parse().ok()?;
        let mut bytes = vec![0; size + 1];
        self.answer.read_exact(&mut bytes).ok()?;
        bytes.pop();
        let bytes: Arc<[u8]> = bytes.into();
        if self.keeps {
            self.known.insert(id.to_owned(), Arc::clone(&bytes));
        }
        Some(bytes)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // The program ends when its standard input is closed.
        self.ask = None;
        let _ = self.child.wait();
    }
}
