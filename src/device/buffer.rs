//! Memory that an image lives in: a vector on the host, or words on the device.

use super::pool::PooledMemory;
use super::queue::Queue;
use super::word::Word;
use crate::{Error, Kind, Result};
use std::sync::{Arc, OnceLock};

/// Elements on the host or on the device. Which one is a property of the data; mixing is an error, never a hidden copy.
/// Cloning shares them: operations never write into what they are given.
#[derive(Clone, Debug)]
pub enum Buffer<T> {
    /// On the host.
    Host(HostBuffer<T>),
    /// On a device.
    Gpu(GpuBuffer<T>),
    /// So many, which are read from a file when they are needed: see [`InTurn`](crate::image::InTurn).
    InFile(usize),
}

fn in_file() -> Error {
    Error::new(Kind::Internal, "samples were asked for that are still in their file")
}

impl<T: Word> Buffer<T> {
    /// Elements on the host.
    pub fn on_host(elements: Vec<T>) -> Self {
        Buffer::Host(HostBuffer { elements: Arc::new(elements), known: Arc::default() })
    }
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Buffer::Host(h) => h.elements.len(),
            Buffer::Gpu(b) => b.len(),
            Buffer::InFile(len) => *len,
        }
    }
    /// Has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether it is the very same memory.
    pub fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Buffer::Host(a), Buffer::Host(b)) => Arc::ptr_eq(&a.elements, &b.elements),
            (Buffer::Gpu(a), Buffer::Gpu(b)) => Arc::ptr_eq(&a.block, &b.block),
            _ => false,
        }
    }
    /// The elements on the host.
    ///
    /// # Errors
    /// They are on a device, or in a file.
    pub fn host(&self) -> Result<&[T]> {
        match self {
            Buffer::Host(h) => Ok(&h.elements),
            Buffer::Gpu(_) => Err(Error::device("data on a GPU was handed to the CPU")),
            Buffer::InFile(_) => Err(in_file()),
        }
    }
    /// The elements on the host to change, and only these: what others share is copied first.
    ///
    /// # Errors
    /// They are on a device, or in a file.
    pub fn host_mut(&mut self) -> Result<&mut Vec<T>> {
        match self {
            Buffer::Host(h) => {
                h.known = Arc::default();
                Ok(Arc::make_mut(&mut h.elements))
            }
            Buffer::Gpu(_) => Err(Error::device("data on a GPU was handed to the CPU")),
            Buffer::InFile(_) => Err(in_file()),
        }
    }
    /// The same elements on the host: shared if they are there already.
    ///
    /// # Errors
    /// The device is lost, or they are in a file.
    pub fn to_host(&self) -> Result<Self> {
        match self {
            Buffer::Host(h) => Ok(Buffer::Host(h.clone())),
            Buffer::Gpu(b) => Ok(Buffer::on_host(b.download()?)),
            Buffer::InFile(_) => Err(in_file()),
        }
    }
    /// The elements on the device.
    ///
    /// # Errors
    /// They are on the host, or in a file.
    pub fn gpu(&self) -> Result<&GpuBuffer<T>> {
        match self {
            Buffer::Gpu(b) => Ok(b),
            Buffer::Host(_) => Err(Error::device("data on the CPU was handed to a GPU")),
            Buffer::InFile(_) => Err(in_file()),
        }
    }
    fn known(&self) -> Option<&Known<T>> {
        match self {
            Buffer::Host(h) => Some(&h.known),
            Buffer::Gpu(b) => Some(&b.known),
            Buffer::InFile(_) => None,
        }
    }
    /// The least and the greatest element, if they are known: finding them is a pass over all, and on a device a wait.
    pub(crate) fn known_range(&self) -> Option<(T, T)> {
        self.known()?.range.get().copied()
    }
    /// Remembers the least and the greatest element of an array that is finished.
    pub(crate) fn know_range(&self, range: (T, T)) {
        let _ = self.known().map(|known| known.range.set(range));
    }
    /// How often elements occur, from the least one on, if that is known.
    pub(crate) fn known_counts(&self) -> Option<&Arc<Vec<u32>>> {
        self.known()?.counts.get()
    }
    /// Remembers how often the elements of an array that is finished occur.
    pub(crate) fn know_counts(&self, counts: Arc<Vec<u32>>) {
        let _ = self.known().map(|known| known.counts.set(counts));
    }
}

/// Elements on the host, and what has been found out about them. Cloning shares both.
#[derive(Clone, Debug)]
pub struct HostBuffer<T> {
    elements: Arc<Vec<T>>,
    known: Arc<Known<T>>,
}

impl<T> HostBuffer<T> {
    /// The elements, to be shared.
    pub(crate) fn elements(&self) -> &Arc<Vec<T>> {
        &self.elements
    }
}

/// Elements on a device, one 32-bit word each. Cloning shares them.
#[derive(Clone, Debug)]
pub struct GpuBuffer<T> {
    block: Arc<PooledMemory>,
    queue: Arc<Queue>,
    len: usize,
    known: Arc<Known<T>>,
    /// The same elements on the host, if they came from there and are kept.
    source: Option<Arc<Vec<T>>>,
}

/// What somebody has looked at all elements for, or waited for.
#[derive(Debug)]
struct Known<T> {
    /// The least and the greatest element.
    range: OnceLock<(T, T)>,
    /// How often elements occur, from the least one on.
    counts: OnceLock<Arc<Vec<u32>>>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Known { range: OnceLock::new(), counts: OnceLock::new() }
    }
}

impl<T: Word> GpuBuffer<T> {
    pub(super) fn new(block: PooledMemory, queue: Arc<Queue>, len: usize) -> Self {
        Self::over(Arc::new(block), queue, len)
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
        GpuBuffer::over(self.block.clone(), self.queue.clone(), self.len)
    }
    /// Memory of which nothing is known.
    fn over(block: Arc<PooledMemory>, queue: Arc<Queue>, len: usize) -> Self {
        GpuBuffer { block, queue, len, known: Arc::default(), source: None }
    }
    /// The same, remembering the elements on the host that it is a copy of.
    pub(crate) fn copied_from(self, source: &Arc<Vec<T>>) -> Self {
        GpuBuffer { source: Some(source.clone()), ..self }
    }
    /// The same elements on the host, if they came from there and are kept.
    pub(crate) fn source(&self) -> Option<&[T]> {
        self.source.as_ref().map(|source| source.as_slice())
    }
    pub(super) fn raw(&self) -> Result<&wgpu::Buffer> {
        self.block.raw()
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
        Ok(self.queue.download(&[(self.raw()?, n.min(self.len))])?.pop().unwrap_or_default())
    }
}
