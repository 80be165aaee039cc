//! Where the time goes: how long each stage of the work took, for those who ask.
//!
//! Off, a stage costs one look at a flag. The times of images that are worked on side by side add up, so the sum may pass
//! the time on the wall. Work recorded for a GPU counts where it is waited for.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

static ON: AtomicBool = AtomicBool::new(false);
static STAGES: Mutex<BTreeMap<String, Spent>> = Mutex::new(BTreeMap::new());

#[derive(Clone, Copy, Default)]
struct Spent {
    calls: u32,
    time: Duration,
}

/// Begins to take times.
pub fn enable() {
    ON.store(true, Ordering::Relaxed);
}

/// Are times taken?
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Does some work under a name: a kind, and what of that kind.
pub fn stage<T>(kind: &str, what: &str, work: impl FnOnce() -> T) -> T {
    if !is_on() {
        return work();
    }
    let start = Instant::now();
    let done = work();
    add(kind, what, start.elapsed());
    done
}

/// Adds a time that was taken elsewhere.
pub fn add(kind: &str, what: &str, time: Duration) {
    let mut stages = STAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = stages.entry(format!("{kind} {what}").trim().to_string()).or_default();
    entry.calls += 1;
    entry.time += time;
}

/// A line a stage, the longest first.
pub fn report() -> String {
    let stages = STAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let mut rows: Vec<(&String, &Spent)> = stages.iter().collect();
    rows.sort_by_key(|(_, spent)| std::cmp::Reverse(spent.time));
    let line = |(name, spent): &(&String, &Spent)| {
        format!("{:>10.2} ms {:>6} x  {name}\n", spent.time.as_secs_f64() * 1e3, spent.calls)
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn times_are_taken_once_asked_for() {
        assert_eq!(stage("before", "", || 3), 3);
        enable();
        stage("test", "stage", || ());
        stage("test", "stage", || ());
        let report = report();
        assert!(report.contains("2 x  test stage") && !report.contains("before"), "{report}");
    }
}
