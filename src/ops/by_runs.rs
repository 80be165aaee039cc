//! What the host can tell of objects without asking a device: it has samples that came from it, and the runs of objects that somebody
//! waited for.

use crate::device::Buffer;
use crate::image::{Labels, ObjectRun, ObjectRuns, Volume};

/// Samples with the runs of objects.
pub(super) struct ByRuns<'a> {
    samples: &'a [i32],
    runs: &'a ObjectRuns,
    width: usize,
}

impl<'a> ByRuns<'a> {
    /// Nothing where the host would have to ask.
    pub fn of(src: &'a Volume, labels: &'a Labels) -> Option<Self> {
        let Buffer::Gpu(samples) = &src.samples else { return None };
        Some(ByRuns { samples: samples.source()?, runs: labels.known_runs()?, width: src.shape.x })
    }

    /// Whether the host has these samples, which a device works on.
    pub fn has(src: &Volume) -> bool {
        matches!(&src.samples, Buffer::Gpu(samples) if samples.source().is_some())
    }

    /// The samples of an object in raster order, each with the index of its voxel.
    pub fn samples(&self, label: u32) -> impl Iterator<Item = (usize, i32)> + '_ {
        let of_run = |run: &ObjectRun| {
            let voxels = run.voxels(self.width);
            voxels.clone().zip(self.samples[voxels].iter().copied())
        };
        self.runs.of(label).iter().flat_map(of_run)
    }
}
