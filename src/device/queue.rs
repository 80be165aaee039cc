//! What is recorded for a GPU, handed over, and waited for.
//!
//! Images are in work side by side and share one queue. The recording is locked only while a command is added to it: nothing
//! is compiled, submitted or waited for meanwhile, so no image can make another wait for ever.

use super::counters::Count;
use super::failure::Failure;
use super::pool::lock;
use super::recording::{Command, Dispatch, Recording, SLOT, SLOTS, STAGED};
use super::staging::{Staging, Way};
use super::timer::Timer;
use super::word::Word;
use crate::{Error, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Work recorded before it is handed to the GPU without being asked: long queues trip driver watchdogs.
const DISPATCHES_PER_SUBMIT: usize = 64;
/// A device that has not finished a submission by then never will. A lost one ends the wait at once. Not a short time again
/// and again: where a wait ends before the work does, and another thread sees the work end just then, wgpu takes it for a
/// contradiction and panics.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a device that has failed is given to say why.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// A device, its queue, and what is recorded for it.
pub(super) struct Queue {
    pub device: wgpu::Device,
    raw: wgpu::Queue,
    recording: Mutex<Recording>,
    /// The parameters of the dispatches of a submission.
    pub params: wgpu::Buffer,
    /// The small arrays of a submission.
    small: wgpu::Buffer,
    /// For all others.
    staging: Staging,
    /// Submissions go one by one, in the order of recording. Holds the last one.
    turn: Mutex<Option<Submission>>,
    /// So many submissions are known to be done.
    done: AtomicU64,
    failure: Failure,
    pub count: Count,
    /// Only if times are asked for and the adapter has a clock.
    timer: Option<Timer>,
}

/// Work that was handed over.
#[derive(Clone)]
struct Submission {
    index: wgpu::SubmissionIndex,
    /// Of all, from 1 on.
    number: u64,
}

/// A buffer that the host fills before each submission.
fn shared(device: &wgpu::Device, label: &str, size: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size: size as u64,
        usage: usage | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    /// Of an open device; `timed` if kernels are.
    pub fn new(device: wgpu::Device, raw: wgpu::Queue, adapter: &str, timed: bool) -> Self {
        Queue {
            failure: Failure::of(&device, adapter),
            params: shared(&device, "parameters", SLOTS * SLOT, wgpu::BufferUsages::UNIFORM),
            small: shared(&device, "small arrays", STAGED, wgpu::BufferUsages::COPY_SRC),
            staging: Staging::default(),
            timer: timed.then(|| Timer::new(&device, &raw)),
            device,
            raw,
            recording: Mutex::default(),
            turn: Mutex::default(),
            done: AtomicU64::new(0),
            count: Count::default(),
        }
    }

    /// The first thing that went wrong on this device since it was opened, if any.
    pub fn failure(&self) -> Option<String> {
        self.failure.first()
    }

    /// An error if anything went wrong.
    pub fn check(&self) -> Result<()> {
        self.failure.check()
    }

    /// The device has failed.
    pub fn fail(&self, what: impl std::fmt::Display) -> Error {
        self.ask_why();
        self.failure.error(&what)
    }

    /// Memory for an array; nothing if there is none left, which is no failure of the device.
    pub fn create_array(&self, size: u64) -> Option<wgpu::Buffer> {
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let raw =
            self.device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false });
        pollster::block_on(scope.pop()).is_none().then_some(raw)
    }

    /// Writes something down; nothing runs before the next submission, whose number this is.
    pub fn record(&self, command: Command) -> u64 {
        let mut recording = lock(&self.recording);
        recording.commands.push(command);
        recording.number + 1
    }

    /// Has an array of so many bytes, a multiple of four, go up: `write` puts them straight to where the device reaches them.
    pub fn send(&self, bytes: usize, to: &wgpu::Buffer, write: impl FnOnce(wgpu::WriteOnly<'_, [u8]>)) -> Result<()> {
        let (bytes_up, done) = (bytes as u64, self.done.load(Ordering::Acquire));
        let (from, is_mapped) = self.staging.take(&self.device, Way::Up, bytes_up, done);
        if !is_mapped {
            self.map(&from, wgpu::MapMode::Write, None)?;
        }
        let mut view = from.get_mapped_range_mut(..).map_err(|e| self.fail(e))?;
        write(view.slice(..bytes));
        drop(view);
        from.unmap();
        // In the encoder, so that it comes after what was recorded for pooled memory.
        let submission = self.record(Command::Copy { from: from.clone(), to: to.clone(), at: 0, bytes: bytes_up });
        self.staging.keep(from, Way::Up, submission);
        Ok(())
    }

    /// Writes down that an array goes up; returns whether it is small enough for the room that is left.
    pub fn stage(&self, array: &[u8], to: &wgpu::Buffer) -> bool {
        lock(&self.recording).stage(array, to)
    }

    /// Writes a kernel down, and hands over what is recorded if that is much.
    pub fn record_dispatch(&self, dispatch: Dispatch, params: &[u8]) {
        loop {
            let mut recording = lock(&self.recording);
            // Others may have written more down while the work before was about to be handed over.
            if recording.dispatches() < SLOTS {
                recording.dispatch(dispatch, params);
                let full = recording.dispatches() >= DISPATCHES_PER_SUBMIT;
                drop(recording);
                if full {
                    self.submit();
                }
                return;
            }
            drop(recording);
            self.submit();
        }
    }

    /// Hands over what is recorded. Returns the last submission, by which all that was recorded before is under way.
    fn submit(&self) -> Option<Submission> {
        // Held until the work is handed over: what is recorded later may use the same memory again.
        let mut turn = lock(&self.turn);
        let recording = lock(&self.recording).take();
        if recording.commands.is_empty() {
            return turn.clone();
        }
        if !recording.params.is_empty() {
            self.raw.write_buffer(&self.params, 0, &recording.params);
        }
        if !recording.staged.is_empty() {
            self.raw.write_buffer(&self.small, 0, &recording.staged);
        }
        let (mut encoder, timed) = recording.encode(&self.device, &self.small, self.timer.as_ref());
        let times = self.timer.as_ref().and_then(|t| t.resolve(&self.device, &mut encoder, timed));
        let index = self.raw.submit([encoder.finish()]);
        self.count.submissions.fetch_add(1, Ordering::Relaxed);
        let submission = Submission { index, number: recording.number + 1 };
        *turn = Some(submission.clone());
        drop(turn);
        // What cannot be read is left out: a profile must not stop a run.
        if let Some(times) = times
            && let Ok(view) = self.view(times.host(), Some(submission.clone()))
        {
            times.add_to_profile(&view);
        }
        Some(submission)
    }

    /// Reads the first elements of buffers back: waits once for what was recorded so far.
    pub fn download<T: Word>(&self, buffers: &[(&wgpu::Buffer, usize)]) -> Result<Vec<Vec<T>>> {
        let (staging, submission) = self.ask(buffers)?;
        let elements = |words: &&[u32]| words.iter().map(|&w| T::from_word(w)).collect();
        let lengths: Vec<usize> = buffers.iter().map(|(_, n)| *n).collect();
        self.answer(staging, &lengths, submission, |words| words.iter().map(elements).collect())
    }

    /// Has the first elements of buffers copied to where the host can read them. Also gives the number of the submission that does
    /// so.
    pub fn ask(&self, buffers: &[(&wgpu::Buffer, usize)]) -> Result<(wgpu::Buffer, u64)> {
        let size = buffers.iter().map(|(_, n)| *n as u64 * 4).sum::<u64>();
        self.count.bytes_down.fetch_add(size, Ordering::Relaxed);
        let (staging, _) = self.staging.take(&self.device, Way::Down, size, self.done.load(Ordering::Acquire));
        self.check()?;
        let mut at = 0;
        let mut recording = lock(&self.recording);
        for (from, n) in buffers.iter().filter(|(_, n)| *n > 0) {
            let bytes = *n as u64 * 4;
            recording.commands.push(Command::Copy { from: (*from).clone(), to: staging.clone(), at, bytes });
            at += bytes;
        }
        Ok((staging, recording.number + 1))
    }

    /// Reads the words that such a buffer brings, so many each, where the device has left them. Waits, unless that submission is
    /// known to be done.
    pub fn answer<T>(
        &self,
        staging: wgpu::Buffer,
        lengths: &[usize],
        submission: u64,
        read: impl FnOnce(&[&[u32]]) -> T,
    ) -> Result<T> {
        let is_done = submission <= self.done.load(Ordering::Acquire);
        let after = if is_done {
            None
        } else {
            self.count.readbacks.fetch_add(1, Ordering::Relaxed);
            self.submit()
        };
        let view = self.view(&staging, after)?;
        let mut rest = bytemuck::cast_slice::<u8, u32>(&view);
        let words: Vec<&[u32]> = lengths.iter().map(|n| rest.split_off(..*n).unwrap_or_default()).collect();
        let out = read(&words);
        drop(view);
        staging.unmap();
        self.staging.keep(staging, Way::Down, submission);
        Ok(out)
    }

    /// The bytes of a buffer on the host, once a submission is done; without one it is known to be. Ends with an error if the device
    /// fails before.
    fn view(&self, staging: &wgpu::Buffer, after: Option<Submission>) -> Result<wgpu::BufferView> {
        self.map(staging, wgpu::MapMode::Read, after)?;
        staging.get_mapped_range(..).map_err(|e| self.fail(e))
    }

    /// Gives the host access to a buffer, as above.
    fn map(&self, staging: &wgpu::Buffer, mode: wgpu::MapMode, after: Option<Submission>) -> Result<()> {
        let (send, mapped) = channel();
        staging.map_async(mode, .., move |done| {
            let _ = send.send(done);
        });
        let start = Instant::now();
        loop {
            let how = after.as_ref().map_or(wgpu::PollType::Poll, |after| wgpu::PollType::Wait {
                submission_index: Some(after.index.clone()),
                timeout: Some(PATIENCE),
            });
            self.poll(how).map_err(|e| self.fail(e))?;
            self.check()?;
            if let Some(after) = &after {
                self.done.fetch_max(after.number, Ordering::AcqRel);
            }
            // Whoever polls calls the callbacks of all, so it may be another thread that is about to call this one.
            match mapped.recv_timeout(Duration::from_millis(1)) {
                Ok(Ok(())) => return Ok(()),
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
        match catch_unwind(AssertUnwindSafe(|| self.device.poll(how))) {
            Ok(Ok(_) | Err(wgpu::PollError::Timeout)) => Ok(()),
            Ok(Err(e)) => Err(e.to_string()),
            Err(_) => Err("the driver failed".into()),
        }
    }

    /// Lets the device say what has become of it: it does so once what it has begun is done.
    fn ask_why(&self) {
        let _ = self.poll(wgpu::PollType::Wait { submission_index: None, timeout: Some(LAST_WORDS) });
    }
}
