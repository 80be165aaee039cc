//! What an operation is, and a case of it that must give the same words on every device.

use crate::Result;
use crate::device::Device;
use crate::device::kernel::Kernel;
use crate::image::{Labels, Mask, Volume};
use std::collections::BTreeMap;

/// What the house knows of an operation.
#[derive(Debug)]
pub struct Op {
    /// Stem of its Rust file and of its shader.
    pub name: &'static str,
    /// One sentence for help and docs.
    pub summary: &'static str,
    /// Paper, standard or code that defines it.
    pub reference: &'static str,
    /// Its kernels.
    pub kernels: &'static [&'static Kernel],
    /// Operations that it is made of, or may call.
    pub uses: &'static [&'static Op],
    /// Runs whose words must be the same on every device.
    pub cases: &'static [Case],
}

impl Op {
    /// Adds its kernels, and those of the operations that it uses, each once.
    pub fn add_kernels(&self, all: &mut BTreeMap<&'static str, &'static Kernel>) {
        all.extend(self.kernels.iter().map(|kernel| (kernel.name, *kernel)));
        self.uses.iter().for_each(|op| op.add_kernels(all));
    }
}

/// One image in the three forms that operations take, on the host.
#[derive(Clone, Debug)]
pub struct Input {
    /// For messages.
    pub name: &'static str,
    /// Samples.
    pub volume: Volume,
    /// Something to work inside of.
    pub mask: Mask,
    /// Objects in raster order.
    pub labels: Labels,
}

/// A run of an operation that must give the same words on every device.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// What is special about it.
    pub name: &'static str,
    /// Places the input on the device, runs, and fetches the result as words.
    pub run: fn(&Device, &Input) -> Result<Vec<u32>>,
}

/// The samples of a result as words.
pub(super) fn words(device: &Device, v: Volume) -> Result<Vec<u32>> {
    Ok(device.fetch(&v.samples)?.iter().map(|&s| s as u32).collect())
}

impl Input {
    /// The volume where the device is.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn volume(&self, device: &Device) -> Result<Volume> {
        self.volume.to(device)
    }
    /// The mask where the device is.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn mask(&self, device: &Device) -> Result<Mask> {
        self.mask.to(device)
    }
    /// The labels where the device is, of which the host knows nothing if it is a GPU.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn labels(&self, device: &Device) -> Result<Labels> {
        Ok(self.labels.with(device.place(self.labels.voxels())?))
    }
    /// The same labels with their runs on the host: what is asked of them is answered there.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn known_labels(&self, device: &Device) -> Result<Labels> {
        let labels = self.labels(device)?;
        super::object_runs::bring(device, &[&labels])?;
        Ok(labels)
    }
}

/// The labels and their count.
pub(super) fn label_words(device: &Device, labels: &Labels) -> Result<Vec<u32>> {
    let mut words = device.fetch(labels.voxels())?;
    words.push(labels.count);
    Ok(words)
}
