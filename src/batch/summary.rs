//! How a run ended.

use super::failures::{self, Failures};
use super::item::Item;
use super::record::{Record, Status};
use super::stop::Reason;

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

/// Counts what became of the images.
pub(super) fn summary(items: &[Item], records: &[Record]) -> Summary {
    let count = |s: Status| records.iter().filter(|r| r.status == s).count();
    let mut failures = failures::Counter::default();
    let mut slowest: Vec<(&str, f64)> = Vec::new();
    for (item, record) in items.iter().zip(records) {
        if let (Status::Failed, Some(reason)) = (record.status, &record.reason) {
            failures.add(failures::code(reason), record.stage, &item.name);
        }
        if record.seconds > 0.0 && !record.resumed {
            let at = slowest.partition_point(|(_, seconds)| *seconds >= record.seconds);
            slowest.insert(at, (&item.name, record.seconds));
            slowest.truncate(SLOWEST);
        }
    }
    Summary {
        ok: count(Status::Ok),
        failed: count(Status::Failed),
        skipped: count(Status::Skipped),
        resumed: records.iter().filter(|r| r.resumed).count(),
        warnings: records.iter().map(|r| r.warnings).sum(),
        failures: failures.all(),
        slowest: slowest.into_iter().map(|(image, seconds)| (image.to_owned(), seconds)).collect(),
        ..Summary::default()
    }
}
