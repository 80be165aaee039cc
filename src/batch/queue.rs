//! The images of a run, handed to its jobs one after the other.

use super::context::BatchContext;
use super::events::{Event, ImageEnded};
use super::ledger::{Entry, Ledger};
use super::pools::{Pools, pool};
use super::record::{NOT_REACHED, Record, Status};
use super::stop::Reason;
use super::waiting::Waiting;
use crate::{Error, Kind, Result};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Hands the items to `jobs` workers. Each has a thread of its own, which only waits: the work is done in the pools.
///
/// What becomes of each goes into the ledger. Returns how many are finished.
///
/// # Errors
/// The system has not so many threads, or the list of the images cannot be read.
pub(super) fn work(context: &BatchContext, waiting: &Waiting, jobs: usize, ledger: &Ledger) -> Result<usize> {
    let threads = context.pool.current_num_threads();
    let part = |job: usize| pool((threads / jobs + usize::from(job < threads % jobs)).max(1));
    let parts = (0..jobs).map(part).collect::<Result<Vec<_>>>()?;
    let finished = AtomicUsize::new(0);
    let job = |own: &rayon::ThreadPool| -> Result<()> {
        while let Some((i, item)) = waiting.next()? {
            let (item, observer) = (&item, &context.settings.observer);
            let record = match context.stop().reason() {
                Some(reason) => Record::skipped(&format!("{NOT_REACHED}: {}", reason.words())),
                None => {
                    observer.tell(Event::ImageBegun { image: &item.name });
                    let last = i + jobs >= waiting.len();
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
        Ok(())
    };
    let (job, internal) = (&job, |_| Error::new(Kind::Internal, "a job ended with a panic"));
    std::thread::scope(|scope| {
        let all: Vec<_> = parts.iter().map(|own| scope.spawn(move || job(own))).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(internal)?)
    })?;
    Ok(finished.into_inner())
}
