//! One look at a volume: its range, and every histogram within it.
//!
//! A histogram between the least and the greatest sample needs the range first, and each of the two is a wait for a device. So
//! a device counts integer by integer from the least sample on, which it has found itself, in so many places, and the last one
//! takes all that are greater. What fits into these places the host groups into any bins; only a wider range is asked again.
//! On the CPU all values of 16 bits are counted at the first look; of others histograms are counted when they are wanted.
//! Limits: those of `histogram`. Reference: `numpy.unique` with counts.

use super::histogram::{self, Bins, find_range, found_range, histogram};
use super::{Case, Op, two_classes};
use crate::device::kernel::{Kernel, atomic, read};
use crate::device::{Asked, Device, Gpu, GpuBuffer};
use crate::image::Volume;
use crate::{Error, Result};
use std::sync::Arc;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "value_counts",
    summary: "Range and histograms of a volume at one look",
    reference: "numpy.unique",
    kernels: &[&KERNEL, &GROUP],
    uses: &[&histogram::OP],
    cases: &[
        Case { name: "of all values", run: |d, i| case(d, &i.volume(d)?, ALL) },
        Case { name: "with one place for most", run: |d, i| case(d, &i.volume(d)?, 9) },
    ],
};

fn case(device: &Device, src: &Volume, places: usize) -> Result<Vec<u32>> {
    let look = ask(device, src, places)?.answer()?;
    let (min, max) = look.range();
    let mut words = look.histogram(&Bins::linear(min, max, 50))?;
    words.extend(look.histogram(&Bins::Unit { min: min.saturating_add(2), max: min.saturating_add(900) })?);
    words.extend([min as u32, max as u32]);
    Ok(words)
}

crate::params! {
    struct Params { size: u32, room: u32 }
}

const KERNEL: Kernel = Kernel {
    name: "value_counts",
    source: include_str!("../../shaders/value_counts.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("range", "i32"), atomic("tally", "u32")],
};

const GROUP: Kernel = Kernel {
    name: "value_counts_bins",
    source: include_str!("../../shaders/value_counts_bins.wgsl"),
    shared: &[include_str!("../../shaders/shared/product.wgsl"), include_str!("../../shaders/shared/linear_bin.wgsl")],
    params: Params::WGSL,
    arrays: &[read("range", "i32"), read("tally", "u32"), atomic("bins", "u32")],
};

/// Samples that an invocation looks at.
const BLOCK: usize = 16;
/// Places for all values of an image of 16 bits.
pub const ALL: usize = 1 << 16;
/// Places enough for what is mostly small, as differences of neighbours are.
pub const SMALL: usize = 1 << 13;

/// What one look has shown of a volume.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    device: &'a Device,
    src: Volume,
    range: (i32, i32),
    /// Samples from the least one on, and from the last place on together.
    counts: Arc<Vec<u32>>,
}

/// A look that a device has been asked for.
#[derive(Debug)]
pub struct AskedLook<'a> {
    device: &'a Device,
    src: Volume,
    /// Nothing on the CPU, and where all is known.
    asked: Option<Counted>,
}

/// Range and counts on their way.
#[derive(Debug)]
struct Counted {
    on_device: [GpuBuffer<u32>; 2],
    asked: Asked,
}

/// Looks at a volume; all values of 16 bits have a place.
///
/// # Errors
/// The device is lost or too small.
pub fn look<'a>(device: &'a Device, src: &Volume) -> Result<Look<'a>> {
    ask(device, src, ALL)?.answer()
}

/// Asks a device for a look with so many places, one at least, and does not wait. Of an array that was looked at before it is not
/// asked again.
///
/// # Errors
/// The device is lost or too small.
pub fn ask<'a>(device: &'a Device, src: &Volume, places: usize) -> Result<AskedLook<'a>> {
    let asked = match device {
        Device::Cpu => None,
        Device::Gpu(gpu) => {
            let samples = src.samples.gpu()?;
            let is_known = src.samples.known_counts().is_some_and(|counts| counts.len() >= places);
            let count = || {
                let on_device = dispatch(gpu, samples, places)?;
                let asked = gpu.ask(&on_device)?;
                Ok::<_, Error>(Counted { on_device, asked })
            };
            if is_known { None } else { Some(count()?) }
        }
    };
    Ok(AskedLook { device, src: src.clone(), asked })
}

impl<'a> AskedLook<'a> {
    /// On the device: the range, and counts in 256 equal bins of it, of which none holds anything where not all values have a place.
    /// Nothing where the device was not asked.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub(super) fn bins(&self, gpu: &Gpu) -> Result<Option<[GpuBuffer<u32>; 2]>> {
        let Some(Counted { on_device: [range, counts], .. }) = &self.asked else { return Ok(None) };
        let bins = gpu.zeros(two_classes::BINS)?;
        let params = Params { size: 0, room: counts.len() as u32 };
        gpu.dispatch(&GROUP, counts.len(), &params, &[range, counts, &bins])?;
        Ok(Some([range.clone(), bins]))
    }

    /// The look. Waits if nobody has done so since it was asked for.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn answer(self) -> Result<Look<'a>> {
        let AskedLook { device, src, asked } = self;
        if let Some(Counted { asked, .. }) = asked {
            let mut words = asked.answer()?;
            src.samples.know_counts(Arc::new(words.pop().unwrap_or_default()));
            src.samples.know_range(found_range(&words.pop().unwrap_or_default()));
        }
        let range = histogram::range(device, &src)?;
        if let (Device::Cpu, None) = (device, src.samples.known_counts()) {
            src.samples.know_counts(on_host(device, &src, range)?);
        }
        let counts = src.samples.known_counts().cloned().unwrap_or_default();
        Ok(Look { range, device, src, counts })
    }
}

/// All values of 16 bits, counted once for whoever asks for a histogram; nothing where there are more values, or more than samples.
fn on_host(device: &Device, src: &Volume, (min, max): (i32, i32)) -> Result<Arc<Vec<u32>>> {
    match (max.abs_diff(min) as usize) < ALL.min(src.samples.len()) {
        true => Ok(Arc::new(histogram(device, src, &Bins::Unit { min, max })?)),
        false => Ok(Arc::default()),
    }
}

/// The range and the counts, on the device.
fn dispatch(gpu: &Gpu, samples: &GpuBuffer<i32>, places: usize) -> Result<[GpuBuffer<u32>; 2]> {
    let (range, counts) = (find_range(gpu, samples)?, gpu.zeros(places)?);
    let params = Params { size: samples.len() as u32, room: places as u32 };
    gpu.dispatch(&KERNEL, samples.len().div_ceil(BLOCK), &params, &[&samples.cast(), &range, &counts])?;
    Ok([range, counts])
}

impl<'a> Look<'a> {
    /// Where it lies.
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// The volume that was looked at.
    pub fn volume(&self) -> &Volume {
        &self.src
    }

    /// The least and the greatest sample; `(0, 0)` for a volume without voxels.
    pub fn range(&self) -> (i32, i32) {
        self.range
    }

    /// How many samples each bin holds. Only what the places did not take is counted now.
    ///
    /// # Errors
    /// As [`histogram()`].
    pub fn histogram(&self, bins: &Bins) -> Result<Vec<u32>> {
        let min = self.range.0;
        match self.has_all() {
            true => Ok(grouped(min, &self.counts, bins, bins.count()?)),
            false => histogram(self.device, &self.src, bins),
        }
    }

    /// Whether every value has a place of its own in the counts.
    pub fn has_all(&self) -> bool {
        (self.range.1.abs_diff(self.range.0) as usize) < self.counts.len()
    }

    /// How many samples are the least one.
    ///
    /// # Errors
    /// The device is lost or too small.
    pub fn darkest(&self) -> Result<u32> {
        let min = self.range.0;
        match self.counts.first() {
            // A single place has all samples.
            Some(count) if self.counts.len() > 1 => Ok(*count),
            _ => Ok(self.histogram(&Bins::Unit { min, max: min })?[0]),
        }
    }

    /// The counts as far as there are any: of each integer from the least sample on, and behind them of all that are greater.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }
}

/// Counts of the integers from `first` on, in bins.
fn grouped(first: i32, counts: &[u32], bins: &Bins, n: usize) -> Vec<u32> {
    let mut held = vec![0; n];
    let mut bin = 0;
    for (sample, &count) in (i64::from(first)..).zip(counts).filter(|(_, count)| **count > 0) {
        match bins {
            Bins::Unit { min, .. } => {
                let place = usize::try_from(sample - i64::from(*min)).ok();
                if let Some(held) = place.and_then(|place| held.get_mut(place)) {
                    *held += count;
                }
            }
            Bins::Edges(edges) => {
                while edges.get(bin + 1).is_some_and(|edge| i64::from(*edge) <= sample) {
                    bin += 1;
                }
                if sample >= i64::from(edges[bin]) {
                    held[bin] += count;
                }
            }
        }
    }
    held
}

#[cfg(test)]
mod tests {
    //! Oracle: the histogram itself.
    use super::*;
    use crate::units::Shape;
    use proptest::prelude::*;

    #[test]
    fn a_look_without_voxels_sees_nothing() {
        let nothing = Volume::new(Shape::flat(0, 0), vec![]).unwrap();
        let look = look(&Device::Cpu, &nothing).unwrap();
        assert_eq!((look.range(), look.histogram(&Bins::linear(0, 0, 4)).unwrap()), ((0, 0), vec![0; 4]));
    }

    proptest! {
        #[test]
        fn groups_of_values_are_the_histogram(
            samples in proptest::collection::vec(-300..300i32, 1..200),
            mut edges in proptest::collection::vec(-320..320i32, 1..40),
            first in -310..310i32,
        ) {
            edges.sort();
            let (min, max) = (*samples.iter().min().unwrap(), *samples.iter().max().unwrap());
            let mut counts = vec![0; (max - min + 5) as usize];
            samples.iter().for_each(|s| counts[(s - min) as usize] += 1);
            let volume = Volume::new(Shape::flat(1, samples.len()), samples).unwrap();
            for bins in [Bins::Edges(edges), Bins::Unit { min: first, max: first + 40 }] {
                let want = histogram(&Device::Cpu, &volume, &bins).unwrap();
                prop_assert_eq!(grouped(min, &counts, &bins, bins.count().unwrap()), want);
            }
        }
    }
}
