//! The threads that images are done by.

use super::machine;
use crate::{Error, Result};

/// So many threads or jobs, if the machine can be asked for them.
pub(super) fn at_most(what: &str, n: usize) -> Result<usize> {
    if n <= machine::MOST_THREADS {
        return Ok(n.max(1));
    }
    let (most, have) = (machine::MOST_THREADS, machine::threads());
    Err(Error::usage(format!("--{what} {n}: at most {most}")).remedy(format!("--{what} {have}, as this machine has")))
}

/// A pool of so many threads.
///
/// # Errors
/// The system has not so many.
pub fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let fail = |e| Error::limit(format!("cannot start {threads} threads: {e}")).remedy("--threads 1");
    // A thread that waits for its part of one image may begin with another meanwhile, on the same stack.
    rayon::ThreadPoolBuilder::new().num_threads(threads).stack_size(32 << 20).build().map_err(fail)
}

/// The pools that a job may use.
pub(super) struct Pools<'a> {
    /// All threads of the run, shared by all jobs.
    pub shared: &'a rayon::ThreadPool,
    /// The job's part of the threads: one image in one cache, without handing work to and fro.
    pub own: &'a rayon::ThreadPool,
    /// Few images are left, and soon there will be fewer than jobs.
    pub last: bool,
}

/// From so many voxels on an image has work for many threads.
const LARGE: usize = 1 << 22;

impl Pools<'_> {
    /// Where an image of so many voxels is done. Whatever could be the last one at work must not be left with a part of the
    /// threads while the others have nothing to do: large images, and those at the end of the list.
    pub fn of(&self, voxels: usize) -> &rayon::ThreadPool {
        if self.last || voxels >= LARGE { self.shared } else { self.own }
    }
}
