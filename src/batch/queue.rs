//! The images of a run, handed to its jobs one after the other.

use super::context::BatchContext;
use super::events::{Event, ImageEnded};
use super::item::Item;
use super::ledger::Entry;
use super::pools::{Pools, pool};
use super::record::{Record, Status};
use super::stop::Reason;
use crate::Result;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Hands the items to `jobs` workers. Each has a thread of its own, which only waits: the work is done in the pools.
///
/// # Errors
/// The system has not so many threads.
pub(super) fn work(context: &BatchContext, items: &[Item], jobs: usize) -> Result<Vec<Record>> {
    let threads = context.pool.current_num_threads();
    let part = |job: usize| pool((threads / jobs + usize::from(job < threads % jobs)).max(1));
    let parts = (0..jobs).map(part).collect::<Result<Vec<_>>>()?;
    let next = AtomicUsize::new(0);
    let records: Mutex<Vec<Option<Record>>> = Mutex::new(vec![None; items.len()]);
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
            context.ledger.add(i, &Entry::of(item, &record));
            let record = record.slim();
            if let Some(slot) = records.lock().unwrap_or_else(PoisonError::into_inner).get_mut(i) {
                *slot = Some(record);
            }
        }
    };
    let job = &job;
    std::thread::scope(|scope| parts.iter().for_each(|own| drop(scope.spawn(move || job(own)))));
    let records = records.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(records.into_iter().map(|r| r.unwrap_or_else(|| Record::skipped("not reached"))).collect())
}
