//! The ring around an object: which voxels it has, and what of them is background.

use super::ChannelRef;
use super::edt;
use super::object::Object;
use super::order::{self, Sums};
use super::slice_grounds::Carried;
use crate::units::{Length, Ruler, Spacing};
use crate::{Error, Result};

/// The background ring in pixels: not above `from`, to `to`.
#[derive(Clone, Copy)]
pub(super) struct Ring {
    from: f64,
    to: f64,
}

/// Farthest end of a ring in pixels.
const FARTHEST_PX: f64 = 1000.0;

impl Ring {
    /// Of a nearer and a farther end.
    ///
    /// # Errors
    /// Lengths that need what the image lacks, ends in the wrong order, or too far away.
    pub fn new([from, to]: [Length; 2], ruler: &Ruler) -> Result<Self> {
        let ring = Ring { from: from.px(ruler)?, to: to.px(ruler)? };
        if ring.from < ring.to && ring.to <= FARTHEST_PX {
            return Ok(ring);
        }
        let what = format!("the ring begins {} px beyond the edge and ends at {} px", ring.from, ring.to);
        Err(Error::usage(what).remedy(format!(
            "both ends in one unit, the nearer one first, {FARTHEST_PX} px at most: ring = [\"2 px\", \"7 px\"]"
        )))
    }
}

/// The voxels of the ring that belong to no object.
pub(super) fn around(object: &Object, ring: Ring, spacing: Option<Spacing>, occupied: &[u8]) -> Shell {
    let size = spacing.map_or([1.0; 3], |s| {
        let side = if s.zyx[1] == s.zyx[2] { s.zyx[2] } else { s.pixel_area().sqrt() };
        s.zyx.map(|v| v / side)
    });
    shell(object, [ring.from, ring.to], size, occupied)
}

/// What lies around an object.
pub(super) struct Shell {
    /// Linear indices of the voxels that are not occupied, in raster order.
    pub free: Vec<usize>,
    /// Voxels in the image, occupied or not.
    pub all: usize,
}

impl Shell {
    /// Its samples that are not occupied.
    fn samples(&self, image: &[i32]) -> impl Iterator<Item = i32> {
        self.free.iter().map(|&i| image[i])
    }
}

/// The voxels whose distance to the object lies above `near` and not above `far`, a voxel being `size` wide in z, y, x.
pub(super) fn shell(object: &Object, [near, far]: [f64; 2], size: [f64; 3], occupied: &[u8]) -> Shell {
    let shape = object.shape.zyx();
    let (lo, hi) = (object.extent.lo, object.extent.hi);
    let frame: [usize; 3] = std::array::from_fn(|a| ((far / size[a]).floor() as usize).min(shape[a] - 1));
    let crop = object.crop(frame);
    let (near, far) = (near * near, far * far);
    let distance = edt::squared(&crop, 1, size, far);
    let mut shell = Shell { free: Vec::new(), all: 0 };
    let first: [usize; 3] = std::array::from_fn(|a| lo[a].saturating_sub(frame[a]));
    let last: [usize; 3] = std::array::from_fn(|a| (hi[a] + frame[a]).min(shape[a]));
    for z in first[0]..last[0] {
        for y in first[1]..last[1] {
            let at = crop.index(z + frame[0] - lo[0], y + frame[1] - lo[1], first[2] + frame[2] - lo[2]);
            let start = object.shape.index(z, y, first[2]);
            let width = last[2] - first[2];
            for (i, d) in (start..start + width).zip(&distance[at..at + width]) {
                if *d > near && *d <= far {
                    shell.all += 1;
                    if occupied[i] == 0 {
                        shell.free.push(i);
                    }
                }
            }
        }
    }
    shell
}

/// The background in a ring, in samples: where slices have unlike grounds, as if all of it lay in the slices of the object.
#[derive(Clone, Debug, Default)]
pub(super) struct Around {
    /// How many voxels.
    pub n: usize,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    pub median: Option<f64>,
}

impl Around {
    /// Of a channel with these samples.
    pub fn of(channel: &ChannelRef, image: &[i32], object: &Object, ring: &Shell) -> Self {
        let Some(background) = channel.background else { return Around::of_samples(ring.samples(image).collect()) };
        if background.slices.is_empty() {
            let [least, most] = background.range(None);
            return Around::of_samples(ring.samples(image).filter(|s| (least..=most).contains(s)).collect());
        }
        let carried = Carried::to(object, &background.slices);
        let plane = object.shape.y * object.shape.x;
        let in_slices = ring.free.iter().filter_map(|&i| {
            let (slice, sample) = (background.slices.get(i / plane)?, image[i]);
            let [least, most] = background.range(Some(slice));
            (least..=most).contains(&sample).then(|| carried.sample(sample, slice))
        });
        Around::of_carried(in_slices.collect())
    }

    fn of_samples(mut samples: Vec<i32>) -> Self {
        let sums = Sums::of(&samples);
        Around { n: samples.len(), mean: sums.mean(), std: sums.std(), median: order::median(&mut samples) }
    }

    fn of_carried(mut values: Vec<f64>) -> Self {
        let n = values.len();
        if n == 0 {
            return Around::default();
        }
        let mean_of = |value: &dyn Fn(f64) -> f64| values.iter().map(|v| value(*v)).sum::<f64>() / n as f64;
        let mean = mean_of(&|v| v);
        let std = mean_of(&|v| (v - mean) * (v - mean)).sqrt();
        values.sort_unstable_by(f64::total_cmp);
        Around { n, mean: Some(mean), std: Some(std), median: Some(values[(n - 1) / 2].midpoint(values[n / 2])) }
    }
}
