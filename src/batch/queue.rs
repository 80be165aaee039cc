//! The images of a run, handed to its jobs one after the other.

use super::discover::Item;
use super::one::{Context, Record, Status};
use super::stop::Reason;
use crate::{Error, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// All threads of the run. Images share them: the last ones get those that the others no longer use.
///
/// # Errors
/// The system has not so many.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let fail = |e| Error::limit(format!("cannot start {threads} threads: {e}")).remedy("--threads 1");
    // A thread that waits for its part of one image may begin with another meanwhile, on the same stack.
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(32 << 20).build().map_err(fail)
}

/// Hands the items to `jobs` workers. Each has a thread of its own, which only waits: the work is done in the pool.
pub(super) fn work(context: &Context, items: &[Item], jobs: usize) -> Vec<Record> {
    let next = AtomicUsize::new(0);
    let records: Mutex<Vec<Option<Record>>> = Mutex::new(vec![None; items.len()]);
    let job = || {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else { break };
            let record = match context.stop.reason() {
                Some(reason) => Record::skipped(&format!("not reached: {}", reason.words())),
                None => context.do_safely(item),
            };
            if record.status == Status::Failed && context.settings.strict {
                context.stop.ask(Reason::Strict);
            }
            context.progress.tell(item, &record);
            // What was for the user's eyes is not kept for thousands of images.
            let record = Record { error: None, counts: vec![], ..record };
            if let Some(slot) = records.lock().unwrap_or_else(PoisonError::into_inner).get_mut(i) {
                *slot = Some(record);
            }
        }
    };
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(job))));
    let records = records.into_inner().unwrap_or_else(PoisonError::into_inner);
    records.into_iter().map(|r| r.unwrap_or_else(|| Record::skipped("not reached"))).collect()
}
