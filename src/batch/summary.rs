//! How a run ended.

use super::failures::{self, Failures};
use super::ledger::Entry;
use super::record::Status;
use super::stop::Reason;
use crate::Result;
use crate::device::Counters;

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Images whose rows are in the tables.
    pub ok: usize,
    /// Images that could not be done; their reasons are in `images.csv`.
    pub failed: usize,
    /// Files that are no images, and images that the run did not reach.
    pub skipped: usize,
    /// Of the good ones, those taken over from an earlier run.
    pub resumed: usize,
    /// Things that the user should look at, in all images together.
    pub warnings: usize,
    /// Files of an earlier run that went because nothing of this one stands for them.
    pub removed: usize,
    /// Why it ended early, if it did.
    pub stopped: Option<Reason>,
    /// The failed ones by kind, the most frequent first.
    pub failures: Vec<Failures>,
    /// The images that took longest, with their seconds.
    pub slowest: Vec<(String, f64)>,
    /// Wall clock.
    pub seconds: f64,
    /// What a GPU was given to do, if one was opened.
    pub gpu: Option<Counters>,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { ok, failed, skipped, resumed, seconds, .. } = self;
        write!(f, "done: {} inputs = {ok} ok + {failed} failed + {skipped} skipped, ", ok + failed + skipped)?;
        if *resumed > 0 {
            write!(f, "{resumed} of them from the run before, ")?;
        }
        write!(f, "in {seconds:.1} s")
    }
}

/// So many of the slowest images are named.
const SLOWEST: usize = 5;

/// Counts what became of the images, which come in the order of the tables.
///
/// # Errors
/// Those of the entries.
pub(super) fn summary(entries: impl Iterator<Item = Result<Entry>>) -> Result<Summary> {
    let mut failures = failures::Counter::default();
    let mut summary = Summary::default();
    for entry in entries {
        let entry = entry?;
        match entry.status {
            Status::Ok => summary.ok += 1,
            Status::Failed => summary.failed += 1,
            Status::Skipped => summary.skipped += 1,
        }
        summary.resumed += usize::from(entry.resumed);
        summary.warnings += entry.warnings;
        if let (Some(code), Some(stage)) = (&entry.code, entry.stage) {
            failures.add(code, stage, &entry.image);
        }
        if entry.seconds > 0.0 && !entry.resumed {
            let at = summary.slowest.partition_point(|(_, seconds)| *seconds >= entry.seconds);
            if at < SLOWEST {
                summary.slowest.insert(at, (entry.image, entry.seconds));
                summary.slowest.truncate(SLOWEST);
            }
        }
    }
    summary.failures = failures.all();
    Ok(summary)
}
