//! The GPUs of a run: the next image goes to the one with the fewest images in work.
//!
//! One that has failed gets no image any more, one that was too small for an image none of that size or larger. One whose
//! memory did not suffice for all images in work gets fewer at once.

use crate::Result;
use crate::device::{Counters, Device, Gpu, Opening};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The GPUs of a run.
pub(super) struct Gpus {
    all: Vec<Worker>,
    turn: AtomicUsize,
}

/// One of them.
struct Worker {
    gpu: Opening,
    /// Images in work.
    at_work: AtomicUsize,
    /// Most images at once.
    most: AtomicUsize,
    /// Images of so many samples are no longer given to it.
    too_many: AtomicUsize,
}

/// An image that a GPU does; it counts as in work until this is dropped.
pub(super) struct Task<'a> {
    worker: &'a Worker,
    samples: usize,
    /// Times that memory was refused before.
    refused: u64,
}

impl Gpus {
    pub fn new(gpus: Vec<Opening>) -> Self {
        let worker = |gpu| Worker {
            gpu,
            at_work: AtomicUsize::new(0),
            most: AtomicUsize::new(usize::MAX),
            too_many: AtomicUsize::new(usize::MAX),
        };
        Gpus { all: gpus.into_iter().map(worker).collect(), turn: AtomicUsize::new(0) }
    }

    /// Whether one is open and has compiled its kernels.
    pub fn is_ready(&self) -> bool {
        self.all.iter().any(|worker| worker.gpu.is_ready())
    }

    /// The GPU for an image of so many samples; nothing if none can do it now.
    pub fn take(&self, samples: usize) -> Option<Task<'_>> {
        // Those with equally many images in work take turns.
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.all.len().max(1);
        let (before, from) = self.all.split_at(first);
        let free = from.iter().chain(before).filter(|worker| worker.can_do(samples));
        let worker = free.min_by_key(|worker| worker.at_work.load(Ordering::Relaxed))?;
        worker.at_work.fetch_add(1, Ordering::Relaxed);
        Some(Task { worker, samples, refused: worker.refused() })
    }

    /// The names of those that are open.
    pub fn names(&self) -> Vec<String> {
        self.opened().map(|gpu| gpu.adapter().name.clone()).collect()
    }

    /// What the first one is and its driver, if it is open.
    pub fn first(&self) -> Option<String> {
        self.opened().next().map(|gpu| format!("{} {}", gpu.adapter().name, gpu.adapter().driver))
    }

    /// What they were given to do together; nothing if none was opened.
    pub fn counters(&self) -> Option<Counters> {
        self.opened().map(Gpu::counters).reduce(Counters::and)
    }

    fn opened(&self) -> impl Iterator<Item = &Gpu> {
        self.all.iter().filter_map(|worker| worker.opened())
    }
}

impl Worker {
    fn opened(&self) -> Option<&Gpu> {
        match self.gpu.opened() {
            Some(Device::Gpu(gpu)) => Some(gpu),
            _ => None,
        }
    }

    fn refused(&self) -> u64 {
        self.opened().map_or(0, |gpu| gpu.counters().memory_refused)
    }

    fn can_do(&self, samples: usize) -> bool {
        samples < self.too_many.load(Ordering::Relaxed)
            && self.at_work.load(Ordering::Relaxed) < self.most.load(Ordering::Relaxed)
    }
}

impl Task<'_> {
    /// The device; waits until it is open.
    ///
    /// # Errors
    /// It does not open.
    pub fn device(&self) -> Result<&Device> {
        self.worker.gpu.device()
    }

    /// The GPU could not do the image. Says which images it will not be given any more, if that is news.
    pub fn give_up(&self) -> Option<&'static str> {
        let others = self.worker.at_work.load(Ordering::Relaxed) - 1;
        let lost = self.worker.opened().is_none_or(|gpu| gpu.failure().is_some());
        if !lost && others > 0 && self.worker.refused() > self.refused {
            // Beside fewer others it may do such an image.
            self.worker.most.fetch_min(others, Ordering::Relaxed);
            return None;
        }
        let (most, words) = match lost {
            true => (0, "this image and all others that it had are"),
            false => (self.samples, "images of this size and larger are"),
        };
        (self.worker.too_many.fetch_min(most, Ordering::Relaxed) > most).then_some(words)
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        self.worker.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::device::AdapterChoice;

    /// GPUs that do not open.
    fn none(count: usize) -> Gpus {
        let nothing = AdapterChoice::Named("no such adapter".into());
        Gpus::new((0..count).map(|_| Opening::begin(&nothing, vec![], 1).unwrap()).collect())
    }

    fn at_work(gpus: &Gpus) -> Vec<usize> {
        gpus.all.iter().map(|worker| worker.at_work.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn images_are_spread() {
        let gpus = none(3);
        let mut tasks: Vec<Task> = (0..7).map(|_| gpus.take(1).unwrap()).collect();
        assert_eq!(at_work(&gpus).iter().sum::<usize>(), 7);
        assert!(at_work(&gpus).iter().all(|n| (2..=3).contains(n)));
        tasks.drain(..5);
        assert_eq!(at_work(&gpus).iter().sum::<usize>(), 2);
        drop(tasks);
        let mut used = [0; 3];
        for _ in 0..6 {
            let _task = gpus.take(1).unwrap();
            at_work(&gpus).iter().zip(&mut used).for_each(|(n, used)| *used += n);
        }
        assert_eq!(used, [2; 3], "one after the other where none has work");
        assert!(none(0).take(1).is_none() && none(0).counters().is_none());
    }

    #[test]
    fn one_that_failed_is_not_asked_again_and_says_so_once() {
        let gpus = none(1);
        let (task, other) = (gpus.take(5).unwrap(), gpus.take(5).unwrap());
        assert!(task.device().unwrap_err().what.contains("no such GPU adapter"));
        assert!(task.give_up().is_some_and(|words| words.contains("all others")));
        assert_eq!(other.give_up(), None);
        assert!(gpus.take(1).is_none() && !gpus.is_ready() && gpus.names().is_empty());
    }
}
