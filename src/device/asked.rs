//! An answer that comes with somebody else's wait.

use super::GpuBuffer;
use super::gpu::Gpu;
use super::queue::Queue;
use crate::Result;
use std::sync::Arc;

/// Words that were asked of a device. They are there once somebody has waited for work that was recorded later, so whoever can
/// do without them for a while does not wait.
#[derive(Debug)]
pub struct Asked {
    queue: Arc<Queue>,
    staging: wgpu::Buffer,
    lengths: Vec<usize>,
    /// The submission that brings them.
    submission: u64,
}

impl Gpu {
    /// Asks for the elements that buffers have now, and does not wait.
    ///
    /// # Errors
    /// The device is lost.
    pub fn ask(&self, buffers: &[GpuBuffer<u32>]) -> Result<Asked> {
        let queue = self.queue().clone();
        let raws = buffers.iter().map(|b| Ok((b.raw()?, b.len()))).collect::<Result<Vec<_>>>()?;
        let (staging, submission) = queue.ask(&raws)?;
        Ok(Asked { queue, staging, lengths: buffers.iter().map(GpuBuffer::len).collect(), submission })
    }

    /// Reads the elements of several buffers back in one wait for everything recorded so far.
    ///
    /// # Errors
    /// The device is lost.
    pub fn download_all(&self, buffers: &[GpuBuffer<u32>]) -> Result<Vec<Vec<u32>>> {
        self.ask(buffers)?.answer()
    }
}

impl Asked {
    /// The words of each buffer; waits if nobody has done so since they were asked for.
    ///
    /// # Errors
    /// The device is lost.
    pub fn answer(self) -> Result<Vec<Vec<u32>>> {
        self.read(|words| words.iter().map(|words| words.to_vec()).collect())
    }

    /// Reads the words of each buffer where the device has left them: of a list with room for more, only what is in it. Waits like
    /// [`answer`](Self::answer).
    ///
    /// # Errors
    /// The device is lost.
    pub fn read<T>(self, read: impl FnOnce(&[&[u32]]) -> T) -> Result<T> {
        self.queue.answer(self.staging, &self.lengths, self.submission, read)
    }
}
