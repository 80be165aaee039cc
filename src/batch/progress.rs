//! What the user sees while a batch runs: a bar on a terminal, plain lines elsewhere, errors always.
//!
//! Whatever becomes of standard error (closed, a full disk, a pipe to `head`), the work goes on.

use super::discover::Item;
use super::one::{Record, Status};
use crate::printable;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Prints to standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    total: usize,
    done: AtomicUsize,
}

impl Progress {
    pub fn new(total: usize, quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::new(total as u64);
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({eta} left)") {
                bar.set_style(style);
            }
            bar
        });
        Progress { bar, quiet, total, done: AtomicUsize::new(0) }
    }

    /// One image is finished.
    pub fn tell(&self, item: &Item, record: &Record) {
        let n = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let (Status::Failed, Some(e)) = (record.status, &record.error) {
            self.line(&format!("error: {e}"));
        }
        let name = printable(&item.name);
        if let Some(bar) = &self.bar {
            bar.set_message(name.into_owned());
            bar.inc(1);
        } else if !self.quiet {
            let counts: Vec<String> = record.counts.iter().map(|(set, n)| format!("{n} {set}")).collect();
            let roles: Vec<String> = record.roles.iter().map(|(role, name)| format!("{role} = {name}")).collect();
            let roles = if roles.is_empty() { String::new() } else { printable(&roles.join(", ")).into_owned() + ": " };
            let what = match record.status {
                Status::Ok if record.resumed => "kept from the run before".into(),
                Status::Ok => format!("{roles}{} in {:.2} s", counts.join(", "), record.seconds),
                Status::Failed => "failed".into(),
                Status::Skipped => format!("skipped, {}", printable(record.reason.as_deref().unwrap_or(""))),
            };
            self.line(&format!("[{n}/{}] {name}: {what}", self.total));
        }
    }

    /// A line that is no error.
    pub fn say(&self, line: &str) {
        if !self.quiet {
            self.line(&printable(line));
        }
    }

    fn line(&self, line: &str) {
        // Who does not listen is no reason to stop.
        let print = || drop(writeln!(std::io::stderr().lock(), "{line}"));
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
