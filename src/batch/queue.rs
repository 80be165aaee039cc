//! The images of a run, handed to its jobs one after the other.

use super::context::BatchContext;
use super::events::{Event, ImageEnded};
use super::item::Item;
use super::ledger::{Entry, Ledger};
use super::pools::{Pools, pool};
use super::record::{Record, Status};
use super::stop::Reason;
use crate::Result;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Hands the items to `jobs` workers. Each has a thread of its own, which only waits: the work is done in the pools.
///
/// What becomes of each goes into the ledger. Returns how many are finished.
///
/// # Errors
/// The system has not so many threads.
pub(super) fn work(context: &BatchContext, items: &[Item], jobs: usize, ledger: &Ledger) -> Result<usize> {
    let threads = context.pool.current_num_threads();
    let part = |job: usize| pool((threads / jobs + usize::from(job < threads % jobs)).max(1));
    let parts = (0..jobs).map(part).collect::<Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let job = |own: &rayon::ThreadPool| {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(i) else { break };
            let observer = &context.settings.observer;
            let record = match context.stop().reason() {
                Some(reason) => Record::skipped(&format!("not reached: {}", reason.words())),
                None => {
                    observer.tell(Event::ImageBegun { image: &item.name });
                    let last = i + jobs >= items.len();
                    context.do_safely(item, &Pools { shared: context.pool, own, last })
                }
            };
            if record.status == Status::Failed && context.settings.strict {
                context.stop().ask(Reason::Strict);
            }
            observer.tell(Event::ImageEnded(ImageEnded::of(item, &record)));
            ledger.add(i, &Entry::of(item, &record));
            finished.fetch_add(usize::from(record.status == Status::Ok), Ordering::Relaxed);
        }
    };
    let job = &job;
    std::thread::scope(|scope| parts.iter().for_each(|own| drop(scope.spawn(move || job(own)))));
    Ok(finished.into_inner())
}
