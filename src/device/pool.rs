//! Memory of a device that is used again.

use crate::{Error, Result};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Free memory kept for reuse.
const POOL_BYTES: u64 = 1 << 30;

/// Free buffers by their size.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Free>);

#[derive(Debug, Default)]
struct Free {
    buffers: HashMap<u64, Vec<wgpu::Buffer>>,
    bytes: u64,
}

pub(super) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    /// A free buffer of this size, if there is one.
    pub fn take(&self, size: u64) -> Option<wgpu::Buffer> {
        let mut free = lock(&self.0);
        let buffer = free.buffers.get_mut(&size).and_then(Vec::pop)?;
        free.bytes -= size;
        Some(buffer)
    }

    /// Lets go of all that is free.
    pub fn clear(&self) {
        let free = std::mem::take(&mut *lock(&self.0));
        drop(free);
    }

    fn give_back(&self, raw: wgpu::Buffer) {
        let mut free = lock(&self.0);
        if free.bytes + raw.size() <= POOL_BYTES {
            free.bytes += raw.size();
            free.buffers.entry(raw.size()).or_default().push(raw);
        }
    }
}

/// Memory of a device that goes back to its pool when the last owner lets go.
#[derive(Debug)]
pub(super) struct PooledMemory {
    raw: Option<wgpu::Buffer>,
    pool: Arc<Pool>,
}

impl PooledMemory {
    pub fn new(raw: wgpu::Buffer, pool: Arc<Pool>) -> Self {
        PooledMemory { raw: Some(raw), pool }
    }

    /// The buffer, which is there as long as the block is.
    pub fn raw(&self) -> Result<&wgpu::Buffer> {
        self.raw.as_ref().ok_or_else(|| Error::device("a GPU buffer was used after its end"))
    }
}

impl Drop for PooledMemory {
    fn drop(&mut self) {
        if let Some(raw) = self.raw.take() {
            self.pool.give_back(raw);
        }
    }
}

/// Buffer sizes in steps of an eighth, so that images of nearly the same size share memory.
pub(super) fn size_class(len: usize) -> u64 {
    let bytes = (len as u64 * 4).max(256);
    let step = (bytes.next_power_of_two() / 16).max(256);
    bytes.next_multiple_of(step)
}
