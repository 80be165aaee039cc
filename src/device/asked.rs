//! An answer that comes with somebody else's wait.

use super::GpuBuffer;
use super::gpu::Gpu;
use super::queue::Queue;
use crate::Result;
use std::sync::Arc;

/// Words that were asked of a device. They are there once somebody has waited for work that was recorded later, so whoever can
/// do without them for a while does not wait.
#[derive(Clone, Debug)]
pub struct Asked {
    queue: Arc<Queue>,
    staging: wgpu::Buffer,
    len: usize,
    /// The submission that brings them.
    submission: u64,
}

impl Gpu {
    /// Asks for the elements that a buffer has now, and does not wait.
    ///
    /// # Errors
    /// The device is lost.
    pub fn ask(&self, buffer: &GpuBuffer<u32>) -> Result<Asked> {
        let queue = self.queue().clone();
        let (staging, submission) = queue.ask(&[(buffer.raw()?, buffer.len())])?;
        Ok(Asked { queue, staging, len: buffer.len(), submission })
    }
}

impl Asked {
    /// The words; waits if nobody has done so since they were asked for. There is one answer.
    ///
    /// # Errors
    /// The device is lost.
    pub fn answer(self) -> Result<Vec<u32>> {
        let mut words = self.queue.answer(&self.staging, &[self.len], self.submission)?;
        Ok(words.pop().unwrap_or_default())
    }
}
