//! What went over the bus.

use std::sync::atomic::{AtomicU64, Ordering};

/// What went over the bus since the device was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Kernels dispatched.
    pub dispatches: u64,
    /// Times that work was handed over.
    pub submissions: u64,
    /// Arrays sent up.
    pub uploads: u64,
    /// Bytes sent up.
    pub bytes_up: u64,
    /// Waits for something to come down.
    pub readbacks: u64,
    /// Bytes brought down.
    pub bytes_down: u64,
    /// Kernels that were compiled only when they were wanted.
    pub compiled_late: u64,
    /// Times that there was no memory left for an array.
    pub memory_refused: u64,
}

impl Counters {
    /// Of two devices together.
    pub fn and(self, other: Self) -> Self {
        Counters {
            dispatches: self.dispatches + other.dispatches,
            submissions: self.submissions + other.submissions,
            uploads: self.uploads + other.uploads,
            bytes_up: self.bytes_up + other.bytes_up,
            readbacks: self.readbacks + other.readbacks,
            bytes_down: self.bytes_down + other.bytes_down,
            compiled_late: self.compiled_late + other.compiled_late,
            memory_refused: self.memory_refused + other.memory_refused,
        }
    }
}

#[derive(Default)]
pub(super) struct Count {
    pub dispatches: AtomicU64,
    pub submissions: AtomicU64,
    pub uploads: AtomicU64,
    pub bytes_up: AtomicU64,
    pub readbacks: AtomicU64,
    pub bytes_down: AtomicU64,
    pub compiled_late: AtomicU64,
    pub memory_refused: AtomicU64,
}

impl Count {
    /// An array of so many bytes has gone up.
    pub fn sent(&self, bytes: usize) {
        self.uploads.fetch_add(1, Ordering::Relaxed);
        self.bytes_up.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// As it stands.
    pub fn read(&self) -> Counters {
        let at = Ordering::Relaxed;
        Counters {
            dispatches: self.dispatches.load(at),
            submissions: self.submissions.load(at),
            uploads: self.uploads.load(at),
            bytes_up: self.bytes_up.load(at),
            readbacks: self.readbacks.load(at),
            bytes_down: self.bytes_down.load(at),
            compiled_late: self.compiled_late.load(at),
            memory_refused: self.memory_refused.load(at),
        }
    }
}
