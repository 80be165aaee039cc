//! What is recorded for a GPU, handed over, and waited for.
//!
//! Images are in work side by side and share one queue. The recording is locked only while a command is added to it: nothing
//! is compiled, submitted or waited for meanwhile, so no image can make another wait for ever.

use super::buffer::{GpuBuffer, Word};
use super::gpu::{Gpu, lock};
use crate::Result;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Work recorded before it is handed to the GPU without being asked: long queues trip driver watchdogs.
const DISPATCHES_PER_SUBMIT: u32 = 64;
/// A device that has not finished a submission by then never will. A lost one ends the wait at once. Not a short time again
/// and again: where a wait ends before the work does, and another thread sees the work end just then, wgpu takes it for a
/// contradiction and panics.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a device that has failed is given to say why.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// The queue of a device and what is recorded for it.
pub(super) struct Queue {
    raw: wgpu::Queue,
    recording: Mutex<Recording>,
    /// Submissions go one by one, in the order of recording. Holds the last one.
    turn: Mutex<Option<wgpu::SubmissionIndex>>,
}

#[derive(Default)]
struct Recording {
    encoder: Option<wgpu::CommandEncoder>,
    dispatches: u32,
    /// Kernels that are timed.
    timed: Vec<&'static str>,
}

impl Queue {
    pub fn new(raw: wgpu::Queue) -> Self {
        Queue { raw, recording: Mutex::default(), turn: Mutex::default() }
    }
}

impl Gpu {
    /// Adds to the open encoder; nothing runs before the next submission.
    pub(super) fn record(&self, f: impl FnOnce(&mut wgpu::CommandEncoder)) {
        let mut recording = lock(&self.0.queue.recording);
        f(recording.encoder(&self.0.device));
    }

    /// Adds a kernel, and hands over what is recorded if that is much.
    pub(super) fn record_dispatch(
        &self,
        name: &'static str,
        pipeline: &wgpu::ComputePipeline,
        group: &wgpu::BindGroup,
        grid: [u32; 3],
    ) {
        let mut recording = lock(&self.0.queue.recording);
        let timestamp_writes = self.0.timer.as_ref().and_then(|t| t.next(&mut recording.timed, name));
        let encoder = recording.encoder(&self.0.device);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, group, &[]);
        pass.dispatch_workgroups(grid[0], grid[1], grid[2]);
        drop(pass);
        recording.dispatches += 1;
        let full = recording.dispatches >= DISPATCHES_PER_SUBMIT;
        drop(recording);
        if full {
            self.submit();
        }
    }

    /// Hands over what is recorded. Returns the last submission, by which all that was recorded before is under way.
    fn submit(&self) -> Option<wgpu::SubmissionIndex> {
        // Held until the work is handed over: what is recorded later may use the same memory again.
        let mut turn = lock(&self.0.queue.turn);
        let Recording { encoder, timed, .. } = std::mem::take(&mut *lock(&self.0.queue.recording));
        let Some(mut encoder) = encoder else { return turn.clone() };
        let times = self.0.timer.as_ref().and_then(|t| t.resolve(&self.0.device, &mut encoder, timed));
        let index = self.0.queue.raw.submit([encoder.finish()]);
        *turn = Some(index.clone());
        drop(turn);
        if let Some(times) = times {
            times.collect(self, &index);
        }
        Some(index)
    }

    /// Reads the first `n` elements back: waits for what was recorded so far.
    pub(super) fn download<T: Word>(&self, src: &GpuBuffer<T>, n: usize) -> Result<Vec<T>> {
        let size = n as u64 * 4;
        self.0.count.readbacks.fetch_add(1, Ordering::Relaxed);
        self.0.count.bytes_down.fetch_add(size, Ordering::Relaxed);
        if n == 0 {
            return Ok(Vec::new());
        }
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.0.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage,
            mapped_at_creation: false,
        });
        self.check()?;
        let raw = src.raw()?;
        self.record(|e| e.copy_buffer_to_buffer(raw, 0, &staging, 0, size));
        let index = self.submit();
        let view = self.view(&staging, index)?;
        let out = bytemuck::cast_slice::<u8, u32>(&view).iter().map(|&w| T::from_word(w)).collect();
        drop(view);
        staging.unmap();
        Ok(out)
    }

    /// The bytes of a buffer on the host, once a submission is done. Ends with an error if the device fails before.
    pub(super) fn view(
        &self,
        staging: &wgpu::Buffer,
        after: Option<wgpu::SubmissionIndex>,
    ) -> Result<wgpu::BufferView> {
        let (send, mapped) = channel();
        staging.map_async(wgpu::MapMode::Read, .., move |done| {
            let _ = send.send(done);
        });
        let start = Instant::now();
        loop {
            self.poll(wgpu::PollType::Wait { submission_index: after.clone(), timeout: Some(PATIENCE) })
                .map_err(|e| self.fail(e))?;
            self.check()?;
            // Whoever polls calls the callbacks of all, so it may be another thread that is about to call this one.
            match mapped.recv_timeout(Duration::from_millis(1)) {
                Ok(Ok(())) => return staging.get_mapped_range(..).map_err(|e| self.fail(e)),
                Ok(Err(e)) => return Err(self.fail(e)),
                Err(RecvTimeoutError::Disconnected) => return Err(self.fail("it never answered")),
                Err(RecvTimeoutError::Timeout) if start.elapsed() < PATIENCE => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(self.fail(format!("no answer for {} s", PATIENCE.as_secs())));
                }
            }
        }
    }

    /// Waits, or looks, for work that is done; that it is not done yet is no error.
    fn poll(&self, how: wgpu::PollType) -> std::result::Result<(), String> {
        // A driver that is gone is a panic in there, but it is no mistake of this program: the CPU can go on.
        match catch_unwind(AssertUnwindSafe(|| self.0.device.poll(how))) {
            Ok(Ok(_) | Err(wgpu::PollError::Timeout)) => Ok(()),
            Ok(Err(e)) => Err(e.to_string()),
            Err(_) => Err("the driver failed".into()),
        }
    }

    /// Lets the device say what has become of it: it does so once what it has begun is done.
    pub(super) fn ask_why(&self) {
        let _ = self.poll(wgpu::PollType::Wait { submission_index: None, timeout: Some(LAST_WORDS) });
    }
}

impl Recording {
    fn encoder(&mut self, device: &wgpu::Device) -> &mut wgpu::CommandEncoder {
        self.encoder.get_or_insert_with(|| device.create_command_encoder(&Default::default()))
    }
}
