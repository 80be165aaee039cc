//! An open GPU: memory from its pool, and kernels with their windows. `queue` hands the work over.

use super::adapter::{Adapter, AdapterChoice, describe};
use super::buffer::GpuBuffer;
use super::counters::Counters;
use super::kernel::{GROUP, Kernel};
use super::pipelines::{Compiled, Pipelines};
use super::pool::{Pool, PooledMemory, size_class};
use super::queue::Queue;
use super::recording::{Command, Dispatch, SLOT};
use super::word::Word;
use crate::{Error, Result, profile};
use std::sync::Arc;
use std::sync::atomic::Ordering;

struct Inner {
    adapter: Adapter,
    queue: Arc<Queue>,
    /// Elements in a window of an array.
    chunk: u32,
    /// Storage buffers that a kernel may bind.
    bindings: u32,
    max_buffer: u64,
    pipelines: Pipelines,
    pool: Arc<Pool>,
}

/// An open GPU. Cloning shares it.
#[derive(Clone)]
pub struct Gpu(Arc<Inner>);

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gpu({})", self.0.adapter.name)
    }
}

impl Gpu {
    /// Opens an adapter.
    ///
    /// # Errors
    /// There is none, none has that name, or its driver refuses.
    pub fn open(choice: &AdapterChoice) -> Result<Self> {
        Self::open_with(choice, None)
    }

    /// Opens an adapter with windows of at most `window_bytes` (a multiple of 256), smaller than it could do: tests
    /// show by it that the size of a binding never changes a result.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn open_with(choice: &AdapterChoice, window_bytes: Option<u64>) -> Result<Self> {
        Self::open_adapter(&choice.find()?, window_bytes)
    }

    pub(super) fn open_adapter(adapter: &wgpu::Adapter, window_bytes: Option<u64>) -> Result<Self> {
        let limits = limits(&adapter.limits());
        let clock = wgpu::Features::TIMESTAMP_QUERY;
        let clock = if profile::is_on() { adapter.features() & clock } else { wgpu::Features::empty() };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("uptake"),
            required_features: clock,
            required_limits: limits.clone(),
            ..Default::default()
        }))
        .map_err(|e| Error::device(format!("{} does not open: {e}", adapter.get_info().name)))?;
        let window = window_bytes.unwrap_or(u64::MAX).min(limits.max_storage_buffer_binding_size).min(1 << 31);
        let adapter = describe(adapter);
        let chunk = (window / 256 * 64).max(64) as u32;
        Ok(Gpu(Arc::new(Inner {
            queue: Arc::new(Queue::new(device, queue, &adapter.name, !clock.is_empty())),
            adapter,
            chunk,
            bindings: limits.max_storage_buffers_per_shader_stage,
            max_buffer: limits.max_buffer_size,
            pipelines: Pipelines::new(chunk),
            pool: Arc::default(),
        })))
    }

    /// Which adapter it is.
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// What went wrong on this device since it was opened, if anything did. It stays: every later call fails with it.
    pub fn failure(&self) -> Option<String> {
        self.0.queue.failure()
    }

    /// Makes the device fail as one does whose driver is gone, for tests.
    #[doc(hidden)]
    pub fn lose(&self) {
        self.0.queue.device.destroy();
    }

    /// Compiles kernels ahead by so many threads, as images of the usual sizes want them.
    ///
    /// # Errors
    /// The device is lost.
    pub fn prepare(&self, kernels: &[&'static Kernel], threads: usize) -> Result<()> {
        self.0.pipelines.prepare(&self.0.queue, kernels, threads)
    }

    pub(super) fn queue(&self) -> &Arc<Queue> {
        &self.0.queue
    }

    /// What was dispatched and moved so far.
    pub fn counters(&self) -> Counters {
        self.0.queue.count.read()
    }

    /// Memory for `len` elements, with whatever was in it before.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn alloc<T: Word>(&self, len: usize) -> Result<GpuBuffer<T>> {
        let size = size_class(len);
        if size > self.0.max_buffer {
            return Err(Error::device(format!(
                "an image of {len} voxels needs a buffer of {size} bytes; {} holds {}",
                self.0.adapter.name, self.0.max_buffer
            )));
        }
        let taken = self.0.pool.take(size).or_else(|| self.0.queue.create_array(size));
        // What is kept for images of other sizes may be what is missing.
        let taken = taken.or_else(|| {
            self.0.pool.clear();
            self.0.queue.create_array(size)
        });
        self.0.queue.check()?;
        let Some(raw) = taken else {
            self.0.queue.count.memory_refused.fetch_add(1, Ordering::Relaxed);
            let adapter = &self.0.adapter.name;
            return Err(Error::device(format!("{adapter} has no memory left for an array of {size} bytes")));
        };
        Ok(GpuBuffer::new(PooledMemory::new(raw, self.0.pool.clone()), self.0.queue.clone(), len))
    }

    /// Memory for `len` elements, all zero.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn zeros<T: Word>(&self, len: usize) -> Result<GpuBuffer<T>> {
        let b = self.alloc(len)?;
        let raw = b.raw()?;
        self.0.queue.record(Command::Clear(raw.clone()));
        Ok(b)
    }

    /// Sends elements up.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn upload<T: Word>(&self, data: &[T]) -> Result<GpuBuffer<T>> {
        let words = T::words(data);
        let bytes = bytemuck::cast_slice(&words);
        let b = self.alloc::<T>(data.len())?;
        if !bytes.is_empty() && !self.0.queue.stage(bytes, b.raw()?) {
            self.0.queue.send(bytes.len(), b.raw()?, |mut room| room.copy_from_slice(bytes))?;
        }
        self.0.queue.count.sent(bytes.len());
        Ok(b)
    }

    /// Sends so many words up, whose bytes `write` puts straight to where the device reaches them.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub(super) fn upload_written(
        &self,
        words: usize,
        write: impl FnOnce(wgpu::WriteOnly<'_, [u8]>),
    ) -> Result<GpuBuffer<u32>> {
        let b = self.alloc::<u32>(words)?;
        self.0.queue.send(4 * words, b.raw()?, write)?;
        self.0.queue.count.sent(4 * words);
        Ok(b)
    }

    /// A copy on the device.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn copy<T: Word>(&self, src: &GpuBuffer<T>) -> Result<GpuBuffer<T>> {
        let b = self.alloc::<T>(src.len())?;
        let (from, to) = (src.raw()?.clone(), b.raw()?.clone());
        self.0.queue.record(Command::Copy { from, to, at: 0, bytes: src.len() as u64 * 4 });
        Ok(b)
    }

    /// Records a kernel: `run` for each index below `count`, or `count` workgroups if the kernel is cooperative.
    /// `params` is the kernel's struct, `arrays` come in the kernel's order.
    ///
    /// # Errors
    /// The arrays need more windows than the device can bind, or the device is lost.
    pub fn dispatch<P: bytemuck::Pod>(
        &self,
        kernel: &'static Kernel,
        count: usize,
        params: &P,
        arrays: &[&GpuBuffer<u32>],
    ) -> Result<()> {
        debug_assert_eq!(arrays.len(), kernel.arrays.len(), "{}", kernel.name);
        if count == 0 {
            return Ok(());
        }
        let windows: Vec<u32> = arrays.iter().map(|a| (a.len() as u32).div_ceil(self.0.chunk).max(1)).collect();
        if windows.iter().sum::<u32>() > self.0.bindings {
            return Err(Error::device(format!(
                "{} needs {} bindings for an image of this size; {} has {}",
                kernel.name,
                windows.iter().sum::<u32>(),
                self.0.adapter.name,
                self.0.bindings
            )));
        }
        let (compiled, late) = self.0.pipelines.get(&self.0.queue, kernel, &windows)?;
        let Compiled { pipeline, layout, is_cooperative } = compiled;
        self.0.queue.count.compiled_late.fetch_add(late.into(), Ordering::Relaxed);
        let groups = if is_cooperative { count as u32 } else { (count as u32).div_ceil(GROUP) };
        let grid = groups.min(65_535);
        const { assert!(8 + size_of::<P>() <= SLOT, "parameters are larger than their slot") };
        let mut told = [0; SLOT];
        let len = (8 + size_of::<P>()).next_multiple_of(16);
        told[..8].copy_from_slice(bytemuck::bytes_of(&[count as u32, grid]));
        told[8..8 + size_of::<P>()].copy_from_slice(bytemuck::bytes_of(params));
        let slot = wgpu::BufferBinding {
            buffer: &self.0.queue.params,
            offset: 0,
            size: std::num::NonZeroU64::new(len as u64),
        };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(slot) }];
        for (array, &n) in arrays.iter().zip(&windows) {
            let (raw, bytes) = (array.raw()?, self.0.chunk as u64 * 4);
            for w in 0..n as u64 {
                let size = std::num::NonZeroU64::new((raw.size() - w * bytes).min(bytes));
                let resource =
                    wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: raw, offset: w * bytes, size });
                entries.push(wgpu::BindGroupEntry { binding: entries.len() as u32, resource });
            }
        }
        let group = self.0.queue.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name),
            layout: &layout,
            entries: &entries,
        });
        let grid = [grid, groups.div_ceil(grid)];
        let dispatch = Dispatch { kernel: kernel.name, pipeline, group, grid };
        self.0.queue.record_dispatch(dispatch, &told[..len]);
        self.0.queue.count.dispatches.fetch_add(1, Ordering::Relaxed);
        self.0.queue.check()
    }
}

/// What kernels need of an adapter: large arrays, and many of them. The rest is what every adapter has.
fn limits(of: &wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_storage_buffer_binding_size: of.max_storage_buffer_binding_size,
        max_storage_buffers_per_shader_stage: of.max_storage_buffers_per_shader_stage,
        max_buffers_and_acceleration_structures_per_shader_stage: of
            .max_buffers_and_acceleration_structures_per_shader_stage,
        max_bindings_per_bind_group: of.max_bindings_per_bind_group,
        max_buffer_size: of.max_buffer_size,
        ..wgpu::Limits::downlevel_defaults().or_worse_values_from(of)
    }
}
