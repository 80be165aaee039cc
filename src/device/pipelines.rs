//! Kernels as a device takes them: compiled ahead and side by side, or when they are first wanted if that is earlier.
//!
//! Drivers keep what they have compiled on disk themselves, so this program does not: what such a file holds would have to be
//! trusted, and what it would save beside the driver's own is little.

use super::failure;
use super::kernel::{Access, Kernel};
use super::pool::lock;
use super::queue::Queue;
use crate::{Error, Kind, Result};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

/// A kernel for arrays of so many windows, as the device takes it.
#[derive(Clone)]
pub(super) struct Compiled {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
    /// Dispatched by the workgroup.
    pub is_cooperative: bool,
}

/// A kernel for one number of windows.
struct Variant {
    windows: Vec<u32>,
    slot: Arc<Slot>,
}

/// Who needs it first compiles it, others wait for that. Drivers compile without this program's pool, so the wait ends.
#[derive(Default)]
struct Slot {
    is_taken: AtomicBool,
    compiled: OnceLock<Result<Compiled>>,
}

/// What a device has compiled so far, or is about to.
pub(super) struct Pipelines {
    /// Elements in a window of an array.
    chunk: u32,
    /// By the kernel's name.
    variants: Mutex<HashMap<&'static str, Vec<Variant>>>,
}

impl Pipelines {
    pub fn new(chunk: u32) -> Self {
        Pipelines { chunk, variants: Mutex::default() }
    }

    /// Compiles kernels for arrays of one window each, by so many threads. What is wanted meanwhile need not wait for all.
    ///
    /// # Errors
    /// The device is lost.
    pub fn prepare(&self, queue: &Queue, kernels: &[&'static Kernel], threads: usize) -> Result<()> {
        // The longest first, so that none is left to one thread at the end.
        let mut kernels = kernels.to_vec();
        kernels.sort_by_key(|kernel| std::cmp::Reverse(kernel.length()));
        let of_one_window = |kernel: &&'static Kernel| {
            let windows = vec![1; kernel.arrays.len()];
            (*kernel, self.slot(kernel, &windows).0, windows)
        };
        let slots: Vec<_> = kernels.iter().map(of_one_window).collect();
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some((kernel, slot, windows)) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.fill(slot, queue, kernel, windows)?;
            }
            Ok(())
        };
        let panicked = |_| Error::new(Kind::Internal, "a kernel could not be compiled");
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads.min(slots.len())).map(|_| scope.spawn(work)).collect();
            all.into_iter().try_for_each(|one| one.join().map_err(panicked)?)
        })
    }

    /// A kernel for arrays of so many windows; the flag tells that nobody had asked for it ahead.
    ///
    /// # Errors
    /// The device is lost.
    pub fn get(&self, queue: &Queue, kernel: &'static Kernel, windows: &[u32]) -> Result<(Compiled, bool)> {
        let (slot, is_new) = self.slot(kernel, windows);
        Ok((self.fill(&slot, queue, kernel, windows)?, is_new))
    }

    /// Compiles a kernel, or waits for who does. Every wait ends, with an error if the driver panics.
    fn fill(&self, slot: &Slot, queue: &Queue, kernel: &'static Kernel, windows: &[u32]) -> Result<Compiled> {
        if !slot.is_taken.swap(true, Ordering::Relaxed) {
            let compile = || self.compile(queue, kernel, windows);
            let made = catch_unwind(AssertUnwindSafe(compile)).unwrap_or_else(|_| Err(failure::of_driver()));
            let _ = slot.compiled.set(made);
        }
        slot.compiled.wait().clone()
    }

    /// Where a kernel is, or will be; the flag tells that it was in no list yet.
    fn slot(&self, kernel: &Kernel, windows: &[u32]) -> (Arc<Slot>, bool) {
        let mut variants = lock(&self.variants);
        let of_kernel = variants.entry(kernel.name).or_default();
        if let Some(known) = of_kernel.iter().find(|variant| variant.windows == windows) {
            return (known.slot.clone(), false);
        }
        let slot = Arc::<Slot>::default();
        of_kernel.push(Variant { windows: windows.to_vec(), slot: slot.clone() });
        (slot, true)
    }

    /// The list is not held meanwhile.
    fn compile(&self, queue: &Queue, kernel: &'static Kernel, windows: &[u32]) -> Result<Compiled> {
        let device = &queue.device;
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name),
            source: wgpu::ShaderSource::Wgsl(kernel.wgsl(windows, self.chunk).into()),
        });
        let mut kinds = vec![(wgpu::BufferBindingType::Uniform, true)];
        for (array, &n) in kernel.arrays.iter().zip(windows) {
            let read_only = array.access == Access::Read;
            kinds.extend((0..n).map(|_| (wgpu::BufferBindingType::Storage { read_only }, false)));
        }
        let entries: Vec<_> = (0..)
            .zip(kinds)
            .map(|(binding, (ty, has_dynamic_offset))| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::COMPUTE,
                ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
                count: None,
            })
            .collect();
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let all = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name),
            layout: Some(&all),
            module: &module,
            entry_point: Some("main"),
            // Shaders write into the memory of a workgroup before they read it, so zeros put there first would be stores for nothing,
            // to compile and to run.
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        queue.check()?;
        Ok(Compiled { pipeline, layout, is_cooperative: kernel.is_cooperative() })
    }
}
