//! Commands on their way to a GPU: written down as they come, made into one submission at a time.
//!
//! What a kernel is told (its parameters) stands in one buffer that all submissions share: each dispatch reads its own slot by
//! an offset, so none needs a buffer of its own. Small arrays that go up (edges of bins, tables by the object) share another
//! one. The queue fills both before the commands that read them.

use super::timer::Timer;

/// Dispatches that one submission has slots for.
pub(super) const SLOTS: usize = 256;
/// Bytes that the parameters of a kernel take at most; every offset of a slot is a multiple of it, as all adapters allow.
pub(super) const SLOT: usize = 256;

/// Bytes of small arrays that one submission has room for.
pub(super) const STAGED: usize = 1 << 16;

/// Something for the device to do.
pub(super) enum Command {
    /// Sets a buffer to zero.
    Clear(wgpu::Buffer),
    /// Copies the first bytes of a buffer to a place in another.
    Copy { from: wgpu::Buffer, to: wgpu::Buffer, at: u64, bytes: u64 },
    /// Copies bytes of small arrays, from a place on, to the beginning of a buffer.
    Unstage { from: u64, to: wgpu::Buffer, bytes: u64 },
    /// Runs a kernel, which finds its parameters in the slot of this number.
    Dispatch(Dispatch, u32),
}

/// A kernel with what it works on.
pub(super) struct Dispatch {
    pub kernel: &'static str,
    pub pipeline: wgpu::ComputePipeline,
    pub group: wgpu::BindGroup,
    pub grid: [u32; 2],
}

/// What is to be done next, in order.
#[derive(Default)]
pub(super) struct Recording {
    /// Submissions before it.
    pub number: u64,
    pub commands: Vec<Command>,
    /// The parameters of its dispatches, a slot each.
    pub params: Vec<u8>,
    /// Small arrays that go up.
    pub staged: Vec<u8>,
}

impl Recording {
    /// What there is, to be handed over; the next one begins.
    pub fn take(&mut self) -> Self {
        let next = Recording { number: self.number + u64::from(!self.commands.is_empty()), ..Recording::default() };
        std::mem::replace(self, next)
    }

    /// Dispatches so far.
    pub fn dispatches(&self) -> usize {
        self.params.len() / SLOT
    }

    /// Adds a kernel with its parameters, at most [`SLOT`] bytes of them.
    pub fn dispatch(&mut self, dispatch: Dispatch, params: &[u8]) {
        let slot = self.dispatches();
        self.params.extend_from_slice(params);
        self.params.resize((slot + 1) * SLOT, 0);
        self.commands.push(Command::Dispatch(dispatch, slot as u32));
    }

    /// Adds a small array, a multiple of four bytes, that goes to a buffer. Returns whether there was room for it.
    pub fn stage(&mut self, array: &[u8], to: &wgpu::Buffer) -> bool {
        let from = self.staged.len();
        let has_room = from + array.len() <= STAGED;
        if has_room {
            self.staged.extend_from_slice(array);
            self.commands.push(Command::Unstage { from: from as u64, to: to.clone(), bytes: array.len() as u64 });
        }
        has_room
    }

    /// As the driver takes it: kernels that follow each other share a pass, or have one each if they are timed. Also gives
    /// the names of those that are.
    pub fn encode(
        &self,
        device: &wgpu::Device,
        staging: &wgpu::Buffer,
        timer: Option<&Timer>,
    ) -> (wgpu::CommandEncoder, Vec<&'static str>) {
        let mut encoder = device.create_command_encoder(&Default::default());
        let mut timed = Vec::new();
        let mut rest = self.commands.as_slice();
        while let Some((first, others)) = rest.split_first() {
            match first {
                Command::Clear(buffer) => encoder.clear_buffer(buffer, 0, None),
                Command::Copy { from, to, at, bytes } => encoder.copy_buffer_to_buffer(from, 0, to, *at, *bytes),
                Command::Unstage { from, to, bytes } => encoder.copy_buffer_to_buffer(staging, *from, to, 0, *bytes),
                Command::Dispatch(dispatch, slot) => {
                    let timestamp_writes = timer.and_then(|t| t.next(&mut timed, dispatch.kernel));
                    let descriptor = wgpu::ComputePassDescriptor { label: None, timestamp_writes };
                    let mut pass = encoder.begin_compute_pass(&descriptor);
                    dispatch.encode(*slot, &mut pass);
                    if timer.is_none() {
                        rest = rest_of_pass(others, &mut pass);
                        continue;
                    }
                }
            }
            rest = others;
        }
        (encoder, timed)
    }
}

/// Encodes the dispatches that come first; returns what comes after them.
fn rest_of_pass<'a>(mut commands: &'a [Command], pass: &mut wgpu::ComputePass<'_>) -> &'a [Command] {
    while let Some((Command::Dispatch(dispatch, slot), others)) = commands.split_first() {
        dispatch.encode(*slot, pass);
        commands = others;
    }
    commands
}

impl Dispatch {
    fn encode(&self, slot: u32, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.group, &[slot * SLOT as u32]);
        pass.dispatch_workgroups(self.grid[0], self.grid[1], 1);
    }
}
