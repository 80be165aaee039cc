//! Splits touching objects: a watershed without a queue, whose answer is unique.
//!
//! Every voxel of the mask points at the greatest of itself and its 8 (26) neighbours: higher landscape first, then
//! lower index. Following the pointers leads to a peak; voxels of one peak are a basin. For two basins that touch, the
//! saddle S is the largest `min(L[p], L[q])` over neighbouring voxels p, q. Pairs are taken in order (S falling, then
//! peak indices) and merged while `lower peak - S` is less than the depth asked for, which may grow for small basins;
//! the merged basin keeps the higher peak and both areas.
//!
//! Bit budget: landscape of 32 bits, compared only; merging is on the host, in f64, on one entry a pair of basins.
//! Reference: h-maxima watershed (Meyer 1994; Najman and Schmitt 1996), with dynamics relative to the peak.

use super::basins::{ROOT, climb};
use super::op::label_words;
use super::split_ascent::ascend;
use super::split_device::{Basins, Found, KERNELS};
use super::split_ellipses::{Parts, joined};
use super::split_moments::Moments;
use super::split_saddles::{How, Peak, basin_sizes, each_its_own, greatest_of_basins, merge, pairs};
use super::{Case, Op};
use crate::device::{Buffer, Device};
use crate::image::{Labels, Mask, ObjectRuns, Volume};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

pub use super::split_saddles::{Depth, Ellipses};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "split",
    summary: "Splits touching objects at the saddles of a landscape",
    reference: "Meyer 1994; Najman and Schmitt 1996",
    kernels: KERNELS,
    uses: &[&super::object_rank::OP, &super::object_runs::OP],
    cases: &[
        Case {
            name: "relative depth that grows for small basins",
            run: |d, i| {
                let land = super::gaussian::gaussian(d, &i.volume(d)?, &super::gaussian::Gaussian::new([1.5; 3]))?;
                let depth = Depth::Relative { fraction: 0.08, typical_size: Some(60.0) };
                label_words(d, &split(d, &land, &i.mask(d)?, depth)?)
            },
        },
        Case {
            name: "absolute depth",
            run: |d, i| {
                let land = super::gaussian::gaussian(d, &i.volume(d)?, &super::gaussian::Gaussian::new([2.0; 3]))?;
                label_words(d, &split(d, &land, &i.mask(d)?, Depth::Absolute(300.0))?)
            },
        },
        Case {
            name: "sizes of objects and how bright they are",
            run: |d, i| {
                let v = i.volume(d)?;
                let land = super::gaussian::gaussian(d, &v, &super::gaussian::Gaussian::new([1.0; 3]))?;
                let depth = Depth::Relative { fraction: 0.1, typical_size: None };
                let mut objects = greatest_and_sizes(d, &land, &i.mask(d)?, depth, &v)?;
                objects.sort_unstable();
                Ok(objects.into_iter().flat_map(|(greatest, size)| [greatest as u32, size]).collect())
            },
        },
        Case {
            name: "and how many would be left over deeper valleys",
            run: |d, i| {
                let land = super::gaussian::gaussian(d, &i.volume(d)?, &super::gaussian::Gaussian::new([1.0; 3]))?;
                let depth = Depth::Relative { fraction: 0.08, typical_size: None };
                divided_words(d, &divide(d, &land, &i.mask(d)?, depth, 3.0)?)
            },
        },
        Case {
            name: "what fills an ellipse stays whole",
            run: |d, i| {
                let land = super::gaussian::gaussian(d, &i.volume(d)?, &super::gaussian::Gaussian::new([1.0; 3]))?;
                let depth = Depth::Relative { fraction: 0.08, typical_size: Some(20.0) };
                divided_words(
                    d,
                    &divide_ellipses(d, &land, &i.mask(d)?, depth, 3.0, Ellipses { typical_size: 20.0, grain: 2.0 })?,
                )
            },
        },
    ],
};

fn divided_words(device: &Device, divided: &Divided) -> Result<Vec<u32>> {
    let mut words = label_words(device, &divided.labels)?;
    words.push(divided.firm);
    Ok(words)
}

/// Splits a mask along the valleys of a landscape. Labels are in raster order.
///
/// # Errors
/// Different sizes; the device is lost or too small.
pub fn split(device: &Device, landscape: &Volume, mask: &Mask, depth: Depth) -> Result<Labels> {
    Ok(divided(device, landscape, mask, &How { depth, deeper: None, ellipses: None })?.labels)
}

/// Objects, and how firmly they are parted.
#[derive(Clone, Debug)]
pub struct Divided {
    /// The objects, in raster order.
    pub labels: Labels,
    /// How many there would be if valleys had to be deeper.
    pub firm: u32,
}

/// As [`split`], and counts what would be left if every valley had to be `times` deeper.
///
/// # Errors
/// As [`split`].
pub fn divide(device: &Device, landscape: &Volume, mask: &Mask, depth: Depth, times: f64) -> Result<Divided> {
    divided(device, landscape, mask, &How { depth, deeper: Some(depth.times(times)), ellipses: None })
}

/// As [`divide`], but what fills an ellipse stays whole, valleys or not (if it is made of two typical objects they must fill it better), and what has
/// a waist is parted by a shallower valley.
///
/// # Errors
/// As [`split`].
pub fn divide_ellipses(
    device: &Device,
    landscape: &Volume,
    mask: &Mask,
    depth: Depth,
    times: f64,
    ellipses: Ellipses,
) -> Result<Divided> {
    divided(device, landscape, mask, &How { depth, deeper: Some(depth.times(times)), ellipses: Some(ellipses) })
}

fn check(landscape: &Volume, mask: &Mask) -> Result<()> {
    if landscape.shape == mask.shape {
        return Ok(());
    }
    Err(Error::usage(format!("a mask of {} on a landscape of {}", mask.shape, landscape.shape)))
}

fn divided(device: &Device, landscape: &Volume, mask: &Mask, how: &How) -> Result<Divided> {
    check(landscape, mask)?;
    match device {
        Device::Cpu => Ok(twin(mask.shape, landscape.samples.host()?, mask.voxels.host()?, how)),
        Device::Gpu(gpu) => dispatch(&Basins::new(gpu, landscape, mask)?, mask.shape, how),
    }
}

/// The basins become objects on the host, which knows the runs of both then; the device paints them.
fn dispatch(basins: &Basins, shape: Shape, how: &How) -> Result<Divided> {
    let Found { peaks, pairs, beside: parts } = basins.with_runs()?;
    let most = peaks.len() as u32;
    let mut objects = merge(&peaks, &pairs, how.first(), &each_its_own(&peaks));
    // Parts have the numbers of their peaks from 1 on, so 0 is of none.
    let runs_of = |objects: &[u32]| {
        let object = |peak: u32| peak.checked_sub(1).map_or(0, |k| objects[k as usize]);
        ObjectRuns::of_parts(&parts, most, object)
    };
    let (mut runs, mut called) = runs_of(&objects);
    if let Some(ellipses) = &how.ellipses {
        let moments = moments(&runs, &called, peaks.len(), shape);
        let parts = Parts { peaks: &peaks, pairs: &pairs, objects: &objects, moments, shape };
        let joined = joined(parts, how.depth, ellipses);
        if joined != objects {
            (runs, called) = runs_of(&joined);
            objects = joined;
        }
    }
    let firm = how.firm(&peaks, &pairs, &objects);
    let mut numbers = vec![0; peaks.len()];
    (1..).zip(&called).for_each(|(number, &object)| numbers[object as usize - 1] = number);
    let of_peaks: Vec<u32> = objects.iter().map(|&object| numbers[object as usize - 1]).collect();
    let labels = Labels::of(shape, runs.count(), Buffer::Gpu(basins.paint(&peaks, &of_peaks)?));
    labels.know_runs(runs);
    Ok(Divided { labels, firm })
}

/// The moments of objects, by the peak that each is called after, counted from 1.
fn moments(runs: &ObjectRuns, called: &[u32], peaks: usize, shape: Shape) -> Vec<Moments> {
    let mut moments = vec![Moments::default(); peaks];
    let found: Vec<Moments> = (1..=runs.count()).into_par_iter().map(|l| Moments::of(runs.of(l), shape)).collect();
    called.iter().zip(found).for_each(|(&object, found)| moments[object as usize - 1] = found);
    moments
}

/// The objects that a split makes, in no order: the greatest sample of another volume in each, and how many voxels it has.
/// There are no labels to be drawn.
///
/// # Errors
/// As [`split`].
pub(super) fn greatest_and_sizes(
    device: &Device,
    landscape: &Volume,
    mask: &Mask,
    depth: Depth,
    of: &Volume,
) -> Result<Vec<(i32, u32)>> {
    check(landscape, mask)?;
    let Found { peaks, pairs, beside: greatest } = match device {
        Device::Cpu => {
            let found = found_on_host(mask.shape, landscape.samples.host()?, mask.voxels.host()?);
            let greatest = greatest_of_basins(&found.beside, found.peaks.len(), of.samples.host()?);
            Found { peaks: found.peaks, pairs: found.pairs, beside: greatest }
        }
        Device::Gpu(gpu) => Basins::new(gpu, landscape, mask)?.with_greatest(of)?,
    };
    let mut objects = vec![(i32::MIN, 0); peaks.len()];
    for ((object, peak), greatest) in
        merge(&peaks, &pairs, depth, &each_its_own(&peaks)).into_iter().zip(&peaks).zip(greatest)
    {
        let (most, size) = &mut objects[object as usize - 1];
        (*most, *size) = (greatest.max(*most), *size + peak.size);
    }
    objects.retain(|(_, size)| *size > 0);
    Ok(objects)
}

/// The peaks, the pairs of their basins, and beside them which basin each voxel is in: a number with [`ROOT`], or 0 outside of the mask.
fn found_on_host(shape: Shape, land: &[i32], mask: &[u8]) -> Found<u32> {
    if land.is_empty() {
        return Found { peaks: vec![], pairs: vec![], beside: vec![] };
    }
    let (mut basins, peaks) = ascend(shape, land, mask);
    (ROOT..).zip(&peaks).for_each(|(root, &peak)| basins[peak as usize] = root);
    climb(&mut basins, |part| mask[part].iter().fold(0, |any, m| any | m) == 0);
    let peak = |(&index, size)| Peak { index, height: land[index as usize], size };
    let peaks: Vec<Peak> = peaks.iter().zip(basin_sizes(&basins, peaks.len())).map(peak).collect();
    let pairs = pairs(shape, land, &basins, &peaks);
    Found { peaks, pairs, beside: basins }
}

fn twin(shape: Shape, land: &[i32], mask: &[u8], how: &How) -> Divided {
    if land.is_empty() {
        return Divided { labels: Labels::of_runs(shape, ObjectRuns::sort(std::iter::empty(), 0)), firm: 0 };
    }
    let Found { peaks, pairs, beside: basins } = found_on_host(shape, land, mask);
    let mut objects = merge(&peaks, &pairs, how.first(), &each_its_own(&peaks));
    let runs_of = |objects: &[u32]| {
        let object = |basin: u32| if basin == 0 { 0 } else { objects[(basin ^ ROOT) as usize] };
        ObjectRuns::in_raster_order(&basins, shape, peaks.len() as u32, object)
    };
    let mut runs = runs_of(&objects);
    if let Some(ellipses) = &how.ellipses {
        let basin = |label| runs.of(label).first().map_or(ROOT, |run| basins[run.index(shape.x)]);
        let called: Vec<u32> = (1..=runs.count()).map(|label| objects[(basin(label) ^ ROOT) as usize]).collect();
        let moments = moments(&runs, &called, peaks.len(), shape);
        let parts = Parts { peaks: &peaks, pairs: &pairs, objects: &objects, moments, shape };
        let joined = joined(parts, how.depth, ellipses);
        if joined != objects {
            runs = runs_of(&joined);
            objects = joined;
        }
    }
    let firm = how.firm(&peaks, &pairs, &objects);
    Divided { labels: Labels::of_runs(shape, runs), firm }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(land: &[i32], mask: &[u8], depth: Depth) -> Vec<u32> {
        let shape = Shape::flat(1, land.len());
        let land = Volume::new(shape, land.to_vec()).unwrap();
        let mask = Mask::new(shape, mask.to_vec()).unwrap();
        split(&Device::Cpu, &land, &mask, depth).unwrap().voxels().host().unwrap().to_vec()
    }

    #[test]
    fn a_valley_parts_two_hills_if_it_is_deep_enough() {
        let land = [1, 5, 9, 5, 2, 6, 8, 3];
        assert_eq!(line(&land, &[1; 8], Depth::Absolute(3.0)), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(line(&land, &[1; 8], Depth::Absolute(7.0)), [1; 8]);
        let relative = |fraction| Depth::Relative { fraction, typical_size: None };
        assert_eq!(line(&land, &[1; 8], relative(0.5)), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(line(&land, &[1; 8], relative(0.8)), [1; 8]);
    }

    #[test]
    fn small_basins_need_a_deeper_valley() {
        let land = [1, 5, 9, 5, 6, 8, 7, 3];
        let depth = |typical_size| Depth::Relative { fraction: 0.2, typical_size };
        assert_eq!(line(&land, &[1; 8], depth(None)), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(line(&land, &[1; 8], depth(Some(16.0))), [1; 8]);
    }

    #[test]
    fn firm_are_those_that_deeper_valleys_part() {
        // Valleys of 7/9 and 3/8 of the lower peak.
        let land = Volume::new(Shape::flat(1, 8), vec![9, 2, 9, 5, 8, 7, 8, 3]).unwrap();
        let mask = Mask::new(land.shape, vec![1; 8]).unwrap();
        let firm = |times| {
            let depth = Depth::Relative { fraction: 0.3, typical_size: None };
            let divided = divide(&Device::Cpu, &land, &mask, depth, times).unwrap();
            (divided.labels.count, divided.firm)
        };
        assert_eq!([1.0, 2.0, 3.0].map(firm), [(3, 3), (3, 2), (3, 1)]);
    }

    #[test]
    fn a_plateau_is_one_object_and_the_mask_parts() {
        assert_eq!(line(&[7; 6], &[1, 1, 1, 0, 1, 1], Depth::Absolute(0.0)), [1, 1, 1, 0, 2, 2]);
    }

    #[test]
    fn nothing_in_nothing_out() {
        assert_eq!(line(&[7; 3], &[0; 3], Depth::Absolute(0.0)), [0; 3]);
    }
}
