//! Where the work is done: the CPU, or a GPU through wgpu.
//!
//! A closed enum of two: every operation matches on it once, so both ways stand side by side.

mod adapter;
mod asked;
mod buffer;
mod counters;
mod failure;
mod gpu;
pub mod kernel;
mod opening;
mod packed;
mod pipelines;
mod pool;
mod queue;
mod recording;
mod staging;
mod timer;
mod word;

pub use adapter::{Adapter, AdapterChoice, adapters};
pub use asked::Asked;
pub use buffer::{Buffer, GpuBuffer, HostBuffer};
pub use counters::Counters;
pub use gpu::Gpu;
pub use opening::Opening;
pub(crate) use packed::UNPACK;
pub use word::Word;

use crate::Result;

/// Where an operation runs.
#[derive(Clone, Debug)]
pub enum Device {
    /// On the host, with the threads of the current rayon pool.
    Cpu,
    /// On a GPU or a software adapter.
    Gpu(Gpu),
}

impl Device {
    /// `cpu`, or the name of the adapter.
    pub fn name(&self) -> String {
        match self {
            Device::Cpu => "cpu".into(),
            Device::Gpu(gpu) => gpu.adapter().name.clone(),
        }
    }

    /// The GPU, if it is one.
    pub fn gpu(&self) -> Option<&Gpu> {
        match self {
            Device::Cpu => None,
            Device::Gpu(gpu) => Some(gpu),
        }
    }

    /// A copy of host data where this device works; data that is there already is shared.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn place<T: Word>(&self, data: &Buffer<T>) -> Result<Buffer<T>> {
        match (self, data) {
            (Device::Cpu, Buffer::Gpu(_)) => Err(crate::Error::device("data on a GPU was handed to the CPU")),
            (Device::Gpu(gpu), Buffer::Host(h)) => Ok(Buffer::Gpu(packed::upload(gpu, h.elements())?)),
            (_, Buffer::InFile(_)) => data.to_host(),
            _ => Ok(data.clone()),
        }
    }

    /// Elements that are all 0.
    ///
    /// # Errors
    /// The device is too small.
    pub fn zeros<T: Word>(&self, len: usize) -> Result<Buffer<T>> {
        match self {
            Device::Cpu => Ok(Buffer::on_host(vec![T::default(); len])),
            Device::Gpu(gpu) => Ok(Buffer::Gpu(gpu.zeros(len)?)),
        }
    }

    /// A copy on the host.
    ///
    /// # Errors
    /// The device is lost.
    pub fn fetch<T: Word>(&self, data: &Buffer<T>) -> Result<Vec<T>> {
        match data {
            Buffer::Gpu(b) => b.download(),
            Buffer::Host(_) | Buffer::InFile(_) => Ok(data.host()?.to_vec()),
        }
    }
}
