//! Memory that the host and a device both reach, through which arrays go up and come down. It is used again: making it, and its
//! first touch, take longer than what is written into it.

use super::pool::{lock, size_class};
use std::sync::Mutex;

/// Bytes that are kept for reuse, and arrays.
const KEPT_BYTES: u64 = 1 << 26;
const KEPT_ARRAYS: usize = 64;

/// Which way an array goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

impl Way {
    fn usage(self) -> wgpu::BufferUsages {
        match self {
            Way::Up => wgpu::BufferUsages::MAP_WRITE | wgpu::BufferUsages::COPY_SRC,
            Way::Down => wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
        }
    }
}

/// What is free, the longest unused first.
#[derive(Debug, Default)]
pub(super) struct Staging(Mutex<Vec<Kept>>);

#[derive(Debug)]
struct Kept {
    raw: wgpu::Buffer,
    way: Way,
    /// The submission that uses it last: before that is done, the host has no access.
    submission: u64,
}

impl Staging {
    /// Memory for so many bytes, once so many submissions are done. The flag tells that the host may write into it already.
    pub fn take(&self, device: &wgpu::Device, way: Way, bytes: u64, done: u64) -> (wgpu::Buffer, bool) {
        let size = size_class(bytes as usize / 4);
        let fits = |kept: &Kept| kept.way == way && kept.raw.size() == size && kept.submission <= done;
        let mut free = lock(&self.0);
        let found = free.iter().rposition(fits).map(|at| free.remove(at));
        drop(free);
        match found {
            Some(kept) => (kept.raw, false),
            None => {
                let (usage, mapped_at_creation) = (way.usage(), way == Way::Up);
                let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation };
                (device.create_buffer(&descriptor), mapped_at_creation)
            }
        }
    }

    /// Keeps memory that the host is through with and that submission is the last to use. What has been unused for longest goes.
    pub fn keep(&self, raw: wgpu::Buffer, way: Way, submission: u64) {
        if raw.size() > KEPT_BYTES {
            return;
        }
        let mut free = lock(&self.0);
        free.push(Kept { raw, way, submission });
        let mut bytes: u64 = free.iter().map(|kept| kept.raw.size()).sum();
        let mut old = 0;
        while bytes > KEPT_BYTES || free.len() - old > KEPT_ARRAYS {
            bytes -= free[old].raw.size();
            old += 1;
        }
        let gone: Vec<Kept> = free.drain(..old).collect();
        drop(free);
        drop(gone);
    }
}
