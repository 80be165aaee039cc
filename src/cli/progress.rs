//! What the user sees while a batch runs: a bar on a terminal, plain lines elsewhere, errors always.
//!
//! Whatever becomes of standard error (closed, a full disk, a pipe to `head`), the work goes on.

use crate::batch::{Event, ImageEnded, Status};
use crate::printable;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Prints to standard error.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
    total: AtomicU64,
    done: AtomicUsize,
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            // Hidden until the number of images is known.
            let bar = ProgressBar::hidden();
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} ({eta} left)") {
                bar.set_style(style);
            }
            bar
        });
        Progress { bar, quiet, total: AtomicU64::new(0), done: AtomicUsize::new(0) }
    }

    pub fn hear(&self, event: Event) {
        match event {
            Event::Begun { images, .. } => self.begin(images as u64),
            Event::ImageEnded(image) => self.tell(&image),
            Event::Note(line) if !self.quiet => self.line(&printable(line)),
            Event::Ended(_) => {
                if let Some(bar) = &self.bar {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }

    fn begin(&self, images: u64) {
        self.total.store(images, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.set_length(images);
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
    }

    /// One image is finished.
    fn tell(&self, image: &ImageEnded) {
        let n = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let (Status::Failed, Some(e)) = (image.status, image.error) {
            self.line(&format!("error: {e}"));
        }
        let name = printable(image.image);
        if let Some(bar) = &self.bar {
            bar.set_message(name.into_owned());
            bar.inc(1);
        } else if !self.quiet {
            let counts: Vec<String> = image.objects.iter().map(|(set, n)| format!("{n} {set}")).collect();
            let roles: Vec<String> = image.roles.iter().map(|(role, name)| format!("{role} = {name}")).collect();
            let roles = if roles.is_empty() { String::new() } else { printable(&roles.join(", ")).into_owned() + ": " };
            let what = match image.status {
                Status::Ok if image.resumed => "kept from the run before".into(),
                Status::Ok => format!("{roles}{} in {:.2} s", counts.join(", "), image.seconds),
                Status::Failed => "failed".into(),
                Status::Skipped => format!("skipped, {}", printable(image.reason.unwrap_or(""))),
            };
            self.line(&format!("[{n}/{}] {name}: {what}", self.total.load(Ordering::Relaxed)));
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
}
