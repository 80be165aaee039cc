//! Which object each voxel belongs to, as voxels and as runs.

use super::ObjectRuns;
use super::volume::check;
use crate::device::{Buffer, Device};
use crate::units::Shape;
use crate::{Error, Result};
use std::sync::{Arc, OnceLock};

/// Which object each voxel belongs to: 0 is background, 1..=count in raster order of first voxels.
///
/// On the host they are held as a label per voxel, as the runs of each object, or both: each is made of the other when it
/// is first asked for, so steps that only choose among objects never touch their voxels. Of labels on a device the host may
/// have the runs as well. Cloning shares all of it.
///
/// Making a form is parallel work. Ask for it before a parallel loop that reads it, or its threads may each make their own.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Size.
    pub shape: Shape,
    /// Number of objects.
    pub count: u32,
    known: Arc<Known>,
}

/// What is known of labels. The voxels or the runs are there from the start and never change.
#[derive(Debug, Default)]
struct Known {
    voxels: OnceLock<Buffer<u32>>,
    /// Nothing inside if a label passes the count.
    runs: OnceLock<Option<ObjectRuns>>,
    inside: OnceLock<Vec<u8>>,
}

/// What a cell holds, made first if it is empty.
///
/// It is made outside of the cell, because parallel work inside could never end: its thread would take up another task of
/// the pool while it waits for its own, and that task may wait for this very cell. Two threads that come at once make it
/// twice, and one of them is let go.
fn kept<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    if let Some(there) = cell.get() {
        return there;
    }
    let made = make();
    cell.get_or_init(|| made)
}

impl Labels {
    /// Labels on the host, as they are: `count` is the largest one.
    ///
    /// # Errors
    /// The number of voxels does not fit the shape.
    pub fn new(shape: Shape, voxels: Vec<u32>) -> Result<Self> {
        check(shape, voxels.len())?;
        let count = voxels.iter().copied().max().unwrap_or(0);
        Ok(Labels::of(shape, count, Buffer::on_host(voxels)))
    }
    /// Labels of which the largest is known.
    pub(crate) fn of(shape: Shape, count: u32, voxels: Buffer<u32>) -> Self {
        Labels { shape, count, known: Arc::new(Known { voxels: OnceLock::from(voxels), ..Known::default() }) }
    }
    /// Labels on the host that these runs make.
    pub(crate) fn of_runs(shape: Shape, runs: ObjectRuns) -> Self {
        let count = runs.count();
        Labels { shape, count, known: Arc::new(Known { runs: OnceLock::from(Some(runs)), ..Known::default() }) }
    }
    /// Other labels of the same objects.
    pub(crate) fn with(&self, voxels: Buffer<u32>) -> Self {
        Labels::of(self.shape, self.count, voxels)
    }
    /// A label per voxel.
    pub fn voxels(&self) -> &Buffer<u32> {
        kept(&self.known.voxels, || {
            Buffer::on_host(self.known_runs().map_or_else(Vec::new, |runs| runs.draw(self.shape, |label| label)))
        })
    }
    /// The runs, if somebody has found them already: of labels on a device, whoever had to wait for them.
    pub(crate) fn known_runs(&self) -> Option<&ObjectRuns> {
        self.known.runs.get().and_then(Option::as_ref)
    }
    /// Remembers the runs of labels on a device.
    pub(crate) fn know_runs(&self, runs: ObjectRuns) {
        let _ = self.known.runs.set(Some(runs));
    }
    /// The runs of the objects 1..=count.
    ///
    /// # Errors
    /// The labels are on the device and their runs are not known, or one of them is above their count.
    pub(crate) fn runs(&self) -> Result<&ObjectRuns> {
        if let Some(known) = self.known_runs() {
            return Ok(known);
        }
        let voxels = self.known.voxels.get().map(Buffer::host).transpose()?;
        let find = || ObjectRuns::find(voxels.unwrap_or_default(), self.shape, self.count);
        let count = self.count;
        let runs = kept(&self.known.runs, find).as_ref();
        runs.ok_or_else(|| Error::usage(format!("the labels hold numbers above their count, {count}")))
    }
    /// 1 where any object is, 0 elsewhere.
    ///
    /// # Errors
    /// As for [`Labels::runs`].
    pub(crate) fn inside(&self) -> Result<&[u8]> {
        let runs = self.runs()?;
        Ok(kept::<Vec<u8>>(&self.known.inside, || runs.draw(self.shape, |_| 1)))
    }
    /// The labels as an array of z, y, x.
    ///
    /// # Errors
    /// The labels are on the device.
    pub fn view(&self) -> Result<ndarray::ArrayView3<'_, u32>> {
        ndarray::ArrayView3::from_shape(self.shape.zyx(), self.voxels().host()?)
            .map_err(|e| Error::limit(e.to_string()))
    }
    /// Where the device is; shared if it is there already.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn to(&self, device: &Device) -> Result<Self> {
        match (device, self.is_on_host()) {
            (Device::Cpu, true) => Ok(self.clone()),
            _ => {
                let there = self.with(device.place(self.voxels())?);
                self.known_runs().into_iter().for_each(|runs| there.know_runs(runs.clone()));
                Ok(there)
            }
        }
    }
    /// On the host; shared if it is there already.
    ///
    /// # Errors
    /// The device is lost.
    pub fn to_host(&self) -> Result<Self> {
        match (self.is_on_host(), self.count) {
            (true, _) => Ok(self.clone()),
            // What is empty needs no journey.
            (_, 0) => Ok(self.with(Device::Cpu.zeros(self.shape.len())?)),
            _ => Ok(self.with(self.voxels().to_host()?)),
        }
    }
    /// Whether they need no journey to be read there. Draws nothing, as asking for [`Labels::voxels`] may.
    pub(crate) fn is_on_host(&self) -> bool {
        self.known.voxels.get().is_none_or(|voxels| voxels.host().is_ok())
    }
}
