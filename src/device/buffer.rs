//! Memory that an image lives in: a vector on the host, or words on the device.

use super::gpu::Gpu;
use crate::{Error, Result};
use std::marker::PhantomData;
use std::sync::Arc;

/// An element of an image. On the device each one takes a 32-bit word.
pub trait Word: Copy + Default + Send + Sync + 'static {
    /// To the device's word.
    fn word(self) -> u32;
    /// From the device's word.
    fn from_word(word: u32) -> Self;
}

impl Word for i32 {
    fn word(self) -> u32 {
        self as u32
    }
    fn from_word(word: u32) -> Self {
        word as i32
    }
}

impl Word for u32 {
    fn word(self) -> u32 {
        self
    }
    fn from_word(word: u32) -> Self {
        word
    }
}

impl Word for u8 {
    fn word(self) -> u32 {
        self.into()
    }
    fn from_word(word: u32) -> Self {
        word as u8
    }
}

/// Elements on the host or on the device. Which one is a property of the data; mixing is an error, never a hidden copy.
/// Cloning shares them: operations never write into what they are given.
#[derive(Clone, Debug)]
pub enum Buffer<T> {
    /// On the host.
    Host(Arc<Vec<T>>),
    /// On a device.
    Gpu(GpuBuffer<T>),
}

impl<T: Word> Buffer<T> {
    /// Elements on the host.
    pub fn on_host(elements: Vec<T>) -> Self {
        Buffer::Host(Arc::new(elements))
    }
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Buffer::Host(v) => v.len(),
            Buffer::Gpu(b) => b.len(),
        }
    }
    /// Has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The elements on the host.
    ///
    /// # Errors
    /// They are on a device.
    pub fn host(&self) -> Result<&[T]> {
        match self {
            Buffer::Host(v) => Ok(v),
            Buffer::Gpu(_) => Err(Error::device("data on a GPU was handed to the CPU")),
        }
    }
    /// The elements on the host to change, and only these: what others share is copied first.
    ///
    /// # Errors
    /// They are on a device.
    pub fn host_mut(&mut self) -> Result<&mut Vec<T>> {
        match self {
            Buffer::Host(v) => Ok(Arc::make_mut(v)),
            Buffer::Gpu(_) => Err(Error::device("data on a GPU was handed to the CPU")),
        }
    }
    /// The same elements on the host: shared if they are there already.
    ///
    /// # Errors
    /// The device is lost.
    pub fn to_host(&self) -> Result<Self> {
        match self {
            Buffer::Host(v) => Ok(Buffer::Host(v.clone())),
            Buffer::Gpu(b) => Ok(Buffer::on_host(b.download()?)),
        }
    }
    /// The elements on the device.
    ///
    /// # Errors
    /// They are on the host.
    pub fn gpu(&self) -> Result<&GpuBuffer<T>> {
        match self {
            Buffer::Gpu(b) => Ok(b),
            Buffer::Host(_) => Err(Error::device("data on the CPU was handed to a GPU")),
        }
    }
}

/// Memory of a device that goes back to its pool when the last owner lets go.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) raw: Option<wgpu::Buffer>,
    pub(super) gpu: Gpu,
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(raw) = self.raw.take() {
            self.gpu.recycle(raw);
        }
    }
}

/// Elements on a device, one 32-bit word each. Cloning shares them.
#[derive(Clone, Debug)]
pub struct GpuBuffer<T> {
    pub(super) block: Arc<Block>,
    pub(super) len: usize,
    kind: PhantomData<T>,
}

impl<T: Word> GpuBuffer<T> {
    pub(super) fn new(block: Block, len: usize) -> Self {
        GpuBuffer { block: Arc::new(block), len, kind: PhantomData }
    }
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Has no element.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// The same memory seen as elements of another type.
    pub fn cast<U: Word>(&self) -> GpuBuffer<U> {
        GpuBuffer { block: self.block.clone(), len: self.len, kind: PhantomData }
    }
    pub(super) fn raw(&self) -> Result<&wgpu::Buffer> {
        self.block.raw.as_ref().ok_or_else(|| Error::device("a GPU buffer was used after its end"))
    }
    /// Reads all elements back: waits for everything recorded so far.
    ///
    /// # Errors
    /// The device is lost.
    pub fn download(&self) -> Result<Vec<T>> {
        self.download_first(self.len)
    }
    /// Reads the first `n` elements back.
    ///
    /// # Errors
    /// The device is lost.
    pub fn download_first(&self, n: usize) -> Result<Vec<T>> {
        self.block.gpu.download(self, n.min(self.len))
    }
}
