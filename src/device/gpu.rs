//! The GPU side: adapter choice, pooled buffers, kernels with their windows, and counters. `queue` hands work over.

use super::buffer::{Block, GpuBuffer, Word};
use super::kernel::{Access, GROUP, Kernel};
use super::queue::Queue;
use super::timer::Timer;
use crate::{Error, Result, profile};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A GPU or software adapter that was found.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Name that the driver gives.
    pub name: String,
    /// `vulkan`, `metal`, `dx12`.
    pub backend: String,
    /// It is a program that plays GPU on the CPU: good for tests, never faster than the CPU path.
    pub software: bool,
    /// Driver and its version.
    pub driver: String,
    /// Largest storage binding in bytes.
    pub binding_limit: u64,
}

/// Which adapter to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdapterChoice {
    /// The best one; a software adapter only if there is nothing else.
    Best,
    /// The first whose name contains this text, whatever the case of letters.
    Named(String),
}

/// What went over the bus since the device was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Kernels dispatched.
    pub dispatches: u64,
    /// Arrays sent up.
    pub uploads: u64,
    /// Bytes sent up.
    pub bytes_up: u64,
    /// Waits for something to come down.
    pub readbacks: u64,
    /// Bytes brought down.
    pub bytes_down: u64,
}

#[derive(Default)]
pub(super) struct Count {
    dispatches: AtomicU64,
    uploads: AtomicU64,
    bytes_up: AtomicU64,
    pub(super) readbacks: AtomicU64,
    pub(super) bytes_down: AtomicU64,
}

type PipelineKey = (&'static str, Vec<u32>);

pub(super) struct Inner {
    adapter: Adapter,
    pub(super) device: wgpu::Device,
    pub(super) queue: Queue,
    /// Elements in a window of an array.
    chunk: u32,
    /// Storage buffers that a kernel may bind.
    bindings: u32,
    max_buffer: u64,
    pipelines: Mutex<HashMap<PipelineKey, Arc<wgpu::ComputePipeline>>>,
    pool: Mutex<Pool>,
    /// What went wrong first. A device that has failed once is not asked again.
    failure: Arc<OnceLock<String>>,
    pub(super) count: Count,
    /// Only if times are asked for and the adapter has a clock.
    pub(super) timer: Option<Timer>,
}

#[derive(Default)]
struct Pool {
    free: HashMap<u64, Vec<wgpu::Buffer>>,
    bytes: u64,
}

/// An open GPU. Cloning shares it.
#[derive(Clone)]
pub struct Gpu(pub(super) Arc<Inner>);

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gpu({})", self.0.adapter.name)
    }
}

/// Free memory kept for reuse.
const POOL_BYTES: u64 = 1 << 30;

pub(super) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

fn instance() -> wgpu::Instance {
    let mut desc = wgpu::InstanceDescriptor::new_without_display_handle();
    desc.backends = wgpu::Backends::PRIMARY;
    // The validation layers are the developer's; a missing one must not print into a user's log.
    desc.flags = wgpu::InstanceFlags::empty();
    wgpu::Instance::new(desc)
}

fn describe(a: &wgpu::Adapter) -> Adapter {
    let info = a.get_info();
    Adapter {
        name: info.name.clone(),
        backend: format!("{:?}", info.backend).to_lowercase(),
        software: info.device_type == wgpu::DeviceType::Cpu,
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_string(),
        binding_limit: a.limits().max_storage_buffer_binding_size,
    }
}

/// Discrete GPUs first, software last.
fn rank(a: &wgpu::Adapter) -> u8 {
    match a.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

fn found() -> Vec<wgpu::Adapter> {
    let mut all = pollster::block_on(instance().enumerate_adapters(wgpu::Backends::PRIMARY));
    all.sort_by_key(rank);
    all
}

/// All adapters, the one that would be chosen first.
pub fn adapters() -> Vec<Adapter> {
    found().iter().map(describe).collect()
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
        let all = found();
        let adapter = match choice {
            AdapterChoice::Best => all.first(),
            AdapterChoice::Named(name) => {
                let name = name.to_lowercase();
                all.iter().find(|a| a.get_info().name.to_lowercase().contains(&name))
            }
        };
        let adapter = adapter.ok_or_else(|| {
            let names: Vec<_> = all.iter().map(|a| a.get_info().name).collect();
            let have = if names.is_empty() { "none was found".into() } else { format!("found: {}", names.join(", ")) };
            Error::device(format!("no such GPU adapter; {have}"))
                .remedy("--device cpu (the same table), or install a Vulkan driver (Debian: mesa-vulkan-drivers)")
        })?;
        let limits = adapter.limits();
        let clock = wgpu::Features::TIMESTAMP_QUERY;
        let clock = if profile::is_on() { adapter.features() & clock } else { wgpu::Features::empty() };
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("uptake"),
            required_features: clock,
            required_limits: limits.clone(),
            ..Default::default()
        }))
        .map_err(|e| Error::device(format!("{} does not open: {e}", adapter.get_info().name)))?;
        let failure = Arc::new(OnceLock::new());
        let note = failure.clone();
        device.on_uncaptured_error(Arc::new(move |e: wgpu::Error| {
            let _ = note.set(failed(&e));
        }));
        let note = failure.clone();
        device.set_device_lost_callback(move |reason, text| {
            let _ = note.set(format!("the device is lost ({reason:?}) {text}").trim().to_string());
        });
        let window = window_bytes.unwrap_or(u64::MAX).min(limits.max_storage_buffer_binding_size).min(1 << 31);
        Ok(Gpu(Arc::new(Inner {
            adapter: describe(adapter),
            timer: (!clock.is_empty()).then(|| Timer::new(&device, &queue)),
            device,
            queue: Queue::new(queue),
            chunk: (window / 256 * 64).max(64) as u32,
            bindings: limits.max_storage_buffers_per_shader_stage,
            max_buffer: limits.max_buffer_size,
            pipelines: Mutex::default(),
            pool: Mutex::default(),
            failure,
            count: Count::default(),
        })))
    }

    /// Which adapter it is.
    pub fn adapter(&self) -> &Adapter {
        &self.0.adapter
    }

    /// What went wrong on this device since it was opened, if anything did. It stays: every later call fails with it.
    pub fn failure(&self) -> Option<String> {
        self.0.failure.get().cloned()
    }

    /// Makes the device fail as one does whose driver is gone, for tests.
    #[doc(hidden)]
    pub fn lose(&self) {
        self.0.device.destroy();
    }

    /// What was dispatched and moved so far.
    pub fn counters(&self) -> Counters {
        let (c, at) = (&self.0.count, Ordering::Relaxed);
        Counters {
            dispatches: c.dispatches.load(at),
            uploads: c.uploads.load(at),
            bytes_up: c.bytes_up.load(at),
            readbacks: c.readbacks.load(at),
            bytes_down: c.bytes_down.load(at),
        }
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
        let pooled = {
            let mut pool = lock(&self.0.pool);
            let b = pool.free.get_mut(&size).and_then(Vec::pop);
            pool.bytes -= if b.is_some() { size } else { 0 };
            b
        };
        let raw = match pooled {
            Some(b) => b,
            None => self.0.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            }),
        };
        self.check()?;
        Ok(GpuBuffer::new(Block { raw: Some(raw), gpu: self.clone() }, len))
    }

    /// Memory for `len` elements, all zero.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn zeros<T: Word>(&self, len: usize) -> Result<GpuBuffer<T>> {
        let b = self.alloc(len)?;
        let raw = b.raw()?;
        self.record(|e| e.clear_buffer(raw, 0, None));
        Ok(b)
    }

    /// Sends elements up.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn upload<T: Word>(&self, data: &[T]) -> Result<GpuBuffer<T>> {
        let b = self.alloc::<T>(data.len())?;
        let words: Vec<u32> = data.iter().map(|v| v.word()).collect();
        let bytes = bytemuck::cast_slice(&words);
        if !bytes.is_empty() {
            // Through a staging buffer in the encoder, so that it comes after what was recorded for pooled memory.
            let staging = self.filled(bytes, wgpu::BufferUsages::COPY_SRC)?;
            let raw = b.raw()?;
            self.record(|e| e.copy_buffer_to_buffer(&staging, 0, raw, 0, bytes.len() as u64));
        }
        self.0.count.uploads.fetch_add(1, Ordering::Relaxed);
        self.0.count.bytes_up.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(b)
    }

    /// A copy on the device.
    ///
    /// # Errors
    /// Larger than the device can hold.
    pub fn copy<T: Word>(&self, src: &GpuBuffer<T>) -> Result<GpuBuffer<T>> {
        let b = self.alloc::<T>(src.len())?;
        let (from, to) = (src.raw()?, b.raw()?);
        self.record(|e| e.copy_buffer_to_buffer(from, 0, to, 0, src.len() as u64 * 4));
        Ok(b)
    }

    /// A new buffer with these bytes, a multiple of four.
    fn filled(&self, bytes: &[u8], usage: wgpu::BufferUsages) -> Result<wgpu::Buffer> {
        let size = bytes.len() as u64;
        let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: true };
        let raw = self.0.device.create_buffer(&descriptor);
        let mut view = raw.get_mapped_range_mut(..).map_err(|e| self.fail(e))?;
        view.slice(..).copy_from_slice(bytes);
        drop(view);
        raw.unmap();
        Ok(raw)
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
        let windows: Vec<u32> = arrays.iter().map(|a| (a.len as u32).div_ceil(self.0.chunk).max(1)).collect();
        if windows.iter().sum::<u32>() > self.0.bindings {
            return Err(Error::device(format!(
                "{} needs {} bindings for an image of this size; {} has {}",
                kernel.name,
                windows.iter().sum::<u32>(),
                self.0.adapter.name,
                self.0.bindings
            )));
        }
        let pipeline = self.pipeline(kernel, &windows)?;
        let groups = if kernel.is_cooperative() { count as u32 } else { (count as u32).div_ceil(GROUP) };
        let grid = groups.min(65_535);
        let mut uniform = Vec::from(bytemuck::bytes_of(&[count as u32, grid]));
        uniform.extend_from_slice(bytemuck::bytes_of(params));
        uniform.resize(uniform.len().next_multiple_of(16), 0);
        let uniform = self.filled(&uniform, wgpu::BufferUsages::UNIFORM)?;
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: uniform.as_entire_binding() }];
        for (array, &n) in arrays.iter().zip(&windows) {
            let (raw, bytes) = (array.raw()?, self.0.chunk as u64 * 4);
            for w in 0..n as u64 {
                let size = std::num::NonZeroU64::new((raw.size() - w * bytes).min(bytes));
                let resource =
                    wgpu::BindingResource::Buffer(wgpu::BufferBinding { buffer: raw, offset: w * bytes, size });
                entries.push(wgpu::BindGroupEntry { binding: entries.len() as u32, resource });
            }
        }
        let group = self.0.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        self.record_dispatch(kernel.name, &pipeline, &group, [grid, groups.div_ceil(grid), 1]);
        self.0.count.dispatches.fetch_add(1, Ordering::Relaxed);
        self.check()
    }

    /// The compiled kernel. The list is not held while it is compiled: two images that come at once both compile it.
    fn pipeline(&self, kernel: &'static Kernel, windows: &[u32]) -> Result<Arc<wgpu::ComputePipeline>> {
        let key = (kernel.name, windows.to_vec());
        let compiled = lock(&self.0.pipelines).get(&key).cloned();
        if let Some(pipeline) = compiled {
            return Ok(pipeline);
        }
        let device = &self.0.device;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name),
            source: wgpu::ShaderSource::Wgsl(kernel.wgsl(windows, self.0.chunk).into()),
        });
        let mut kinds = vec![wgpu::BufferBindingType::Uniform];
        for (array, &n) in kernel.arrays.iter().zip(windows) {
            let read_only = array.access == Access::Read;
            kinds.extend((0..n).map(|_| wgpu::BufferBindingType::Storage { read_only }));
        }
        let entries: Vec<_> = (0..)
            .zip(kinds)
            .map(|(binding, ty)| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
                count: None,
            })
            .collect();
        let group =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&group)],
            immediate_size: 0,
        });
        let pipeline = Arc::new(device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name),
            layout: Some(&layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: Default::default(),
            cache: None,
        }));
        self.check()?;
        Ok(lock(&self.0.pipelines).entry(key).or_insert(pipeline).clone())
    }

    /// The first thing that went wrong on this device since it was opened, if any.
    pub(super) fn check(&self) -> Result<()> {
        match self.0.failure.get() {
            Some(what) => Err(Error::device(format!("{}: {what}", self.0.adapter.name))),
            None => Ok(()),
        }
    }

    /// The device has failed: what is known already says more than what it led to.
    pub(super) fn fail(&self, what: impl std::fmt::Display) -> Error {
        self.ask_why();
        let what = failed(&what);
        let what = self.0.failure.get_or_init(|| what);
        Error::device(format!("{}: {what}", self.0.adapter.name))
    }

    pub(super) fn recycle(&self, raw: wgpu::Buffer) {
        let mut pool = lock(&self.0.pool);
        if pool.bytes + raw.size() <= POOL_BYTES {
            pool.bytes += raw.size();
            pool.free.entry(raw.size()).or_default().push(raw);
        }
    }
}

/// On one line, for messages and tables.
fn failed(what: &impl std::fmt::Display) -> String {
    let what = what.to_string();
    format!("the device failed: {}", what.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Buffer sizes in steps of an eighth, so that images of nearly the same size share memory.
fn size_class(len: usize) -> u64 {
    let bytes = (len as u64 * 4).max(256);
    let step = (bytes.next_power_of_two() / 16).max(256);
    bytes.next_multiple_of(step)
}
