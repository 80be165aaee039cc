//! Kernels as a device takes them: compiled ahead and side by side, or else when they are first wanted.
//!
//! Drivers keep what they have compiled on disk themselves, so this program does not: what such a file holds would have to be
//! trusted, and what it would save beside the driver's own is little.

use super::kernel::{Access, Kernel};
use super::pool::lock;
use super::queue::Queue;
use crate::{Error, Kind, Result};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A kernel for arrays of so many windows, as the device takes it.
#[derive(Clone)]
pub(super) struct Compiled {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
    /// Dispatched by the workgroup.
    pub is_cooperative: bool,
}

/// A kernel as it was compiled for one number of windows.
struct Variant {
    windows: Vec<u32>,
    compiled: Compiled,
}

/// What a device has compiled so far.
pub(super) struct Pipelines {
    /// Elements in a window of an array.
    chunk: u32,
    /// By the kernel's name.
    compiled: Mutex<HashMap<&'static str, Vec<Variant>>>,
}

impl Pipelines {
    pub fn new(chunk: u32) -> Self {
        Pipelines { chunk, compiled: Mutex::default() }
    }

    /// Compiles kernels for arrays of one window each, by so many threads.
    ///
    /// # Errors
    /// The device is lost.
    pub fn prepare(&self, queue: &Queue, kernels: &[&'static Kernel], threads: usize) -> Result<()> {
        // The longest first, so that none is left to one thread at the end.
        let mut kernels = kernels.to_vec();
        kernels.sort_by_key(|kernel| std::cmp::Reverse(kernel.length()));
        let next = AtomicUsize::new(0);
        let work = || -> Result<()> {
            while let Some(kernel) = kernels.get(next.fetch_add(1, Ordering::Relaxed)) {
                let windows = vec![1; kernel.arrays.len()];
                if self.known(kernel, &windows).is_none() {
                    self.compile(queue, kernel, &windows)?;
                }
            }
            Ok(())
        };
        let panicked = |_| Error::new(Kind::Internal, "a kernel could not be compiled");
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads.min(kernels.len())).map(|_| scope.spawn(work)).collect();
            all.into_iter().try_for_each(|one| one.join().map_err(panicked)?)
        })
    }

    /// A kernel for arrays of so many windows; the flag tells that it had to be compiled now.
    ///
    /// # Errors
    /// The device is lost.
    pub fn get(&self, queue: &Queue, kernel: &'static Kernel, windows: &[u32]) -> Result<(Compiled, bool)> {
        match self.known(kernel, windows) {
            Some(compiled) => Ok((compiled, false)),
            None => Ok((self.compile(queue, kernel, windows)?, true)),
        }
    }

    fn known(&self, kernel: &Kernel, windows: &[u32]) -> Option<Compiled> {
        let compiled = lock(&self.compiled);
        let found = compiled.get(kernel.name)?.iter().find(|variant| variant.windows == windows)?;
        Some(found.compiled.clone())
    }

    /// The list is not held meanwhile: two images that come at once both compile a kernel.
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
        let compiled = Compiled { pipeline, layout, is_cooperative: kernel.is_cooperative() };
        let variant = Variant { windows: windows.to_vec(), compiled: compiled.clone() };
        lock(&self.compiled).entry(kernel.name).or_default().push(variant);
        Ok(compiled)
    }
}
