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

use super::basins::{CLIMB, NAME, NEIGHBOURS, Params, ROOT, climb};
use super::object_runs;
use super::op::label_words;
use super::renumber::renumber_known;
use super::split_ascent::ascend;
use super::split_ellipses::{Moments, whole};
use super::split_saddles::{How, Pair, Peak, basin_sizes, each_its_own, highest_saddles, merge, objects_left, pairs};
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, Mask, ObjectRuns, Volume};
use crate::units::Shape;
use crate::{Error, Result};
use rayon::prelude::*;

pub use super::split_saddles::Depth;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "split",
    summary: "Splits touching objects at the saddles of a landscape",
    reference: "Meyer 1994; Najman and Schmitt 1996",
    kernels: &[&ASCEND, &CENSUS, &EMIT, &PAINT, &CLIMB, &NAME],
    uses: &[&super::renumber::OP],
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
                divided_words(d, &divide_ellipses(d, &land, &i.mask(d)?, depth, 3.0, 20.0)?)
            },
        },
    ],
};

fn divided_words(device: &Device, divided: &Divided) -> Result<Vec<u32>> {
    let mut words = label_words(device, &divided.labels)?;
    words.push(divided.firm);
    Ok(words)
}

const ASCEND: Kernel = Kernel {
    name: "split",
    source: include_str!("../../shaders/split.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("land", "i32"), read("mask", "u32"), write("parent", "u32")],
};

const CENSUS: Kernel = Kernel {
    name: "split_census",
    source: include_str!("../../shaders/split_census.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("parent", "u32"), atomic("size", "u32")],
};

crate::params! {
    struct EmitParams { depth: u32, height: u32, width: u32, peaks: u32, pairs: u32 }
}

const EMIT: Kernel = Kernel {
    name: "split_emit",
    source: include_str!("../../shaders/split_emit.wgsl"),
    shared: NEIGHBOURS,
    params: EmitParams::WGSL,
    arrays: &[
        read("land", "i32"),
        read("parent", "u32"),
        read("size", "u32"),
        atomic("tally", "u32"),
        write("peak", "u32"),
        write("pair", "u32"),
    ],
};

const PAINT: Kernel = Kernel {
    name: "split_paint",
    source: include_str!("../../shaders/split_paint.wgsl"),
    shared: NEIGHBOURS,
    params: Params::WGSL,
    arrays: &[read("parent", "u32"), read("table", "u32"), write("dst", "u32")],
};

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

/// As [`divide`], but what fills an ellipse stays whole, valleys or not, if it is not made of two objects of `typical_size`
/// voxels or more: those must fill it better.
///
/// # Errors
/// As [`split`].
pub fn divide_ellipses(
    device: &Device,
    landscape: &Volume,
    mask: &Mask,
    depth: Depth,
    times: f64,
    typical_size: f64,
) -> Result<Divided> {
    divided(device, landscape, mask, &How { depth, deeper: Some(depth.times(times)), ellipses: Some(typical_size) })
}

fn divided(device: &Device, landscape: &Volume, mask: &Mask, how: &How) -> Result<Divided> {
    if landscape.shape != mask.shape {
        return Err(Error::usage(format!("a mask of {} on a landscape of {}", mask.shape, landscape.shape)));
    }
    match device {
        Device::Cpu => Ok(twin(mask.shape, landscape.samples.host()?, mask.voxels.host()?, how)),
        Device::Gpu(gpu) => {
            let (divided, objects) = dispatch(gpu, mask.shape, landscape, mask, how)?;
            Ok(Divided { labels: renumber_known(gpu, &divided.labels, objects)?, ..divided })
        }
    }
}

/// The objects, numbered by the host, and how many there are.
fn dispatch(gpu: &Gpu, shape: Shape, landscape: &Volume, mask: &Mask, how: &How) -> Result<(Divided, u32)> {
    let (n, land) = (shape.len(), landscape.samples.gpu()?.cast());
    let p = Params { depth: shape.z as u32, height: shape.y as u32, width: shape.x as u32 };
    let parent = gpu.alloc::<u32>(n)?;
    gpu.dispatch(&ASCEND, n, &p, &[&land, &mask.voxels.gpu()?.cast(), &parent])?;
    gpu.dispatch(&CLIMB, n, &p, &[&parent])?;
    let size = gpu.zeros::<u32>(n)?;
    gpu.dispatch(&CENSUS, n, &p, &[&parent, &size])?;
    let mut room = [(n / 256).max(1 << 10), (n / 32).max(1 << 13)];
    let (peaks, pairs) = loop {
        match emit(gpu, shape, [&land, &parent, &size], room)? {
            Emitted::All(peaks, pairs) => break (peaks, pairs),
            Emitted::Needs(more) => room = more,
        }
    };
    let pairs = highest_saddles(pairs);
    let mut objects = merge(&peaks, &pairs, how.depth, each_its_own(&peaks));
    let indices = gpu.upload(&peaks.iter().map(|p| p.index).collect::<Vec<_>>())?;
    let table = size; // read for the last time above; every peak's entry is written before it is read again
    let paint = |objects: &[u32]| -> Result<Labels> {
        gpu.dispatch(&NAME, peaks.len(), &p, &[&indices, &gpu.upload(objects)?, &table])?;
        let dst = gpu.alloc::<u32>(n)?;
        gpu.dispatch(&PAINT, n, &p, &[&parent, &table, &dst])?;
        Ok(Labels::of(shape, peaks.len() as u32, Buffer::Gpu(dst)))
    };
    let mut labels = paint(&objects)?;
    if let Some(typical_size) = how.ellipses {
        // Each object has the number of the peak that it is called after.
        let host = object_runs::to_host(&Device::Gpu(gpu.clone()), &labels)?;
        let runs = host.runs()?;
        let moments = (1..=labels.count).into_par_iter().map(|l| Moments::of(runs.of(l), shape)).collect();
        let joined = whole(&peaks, &pairs, &objects, moments, typical_size, shape);
        if joined != objects {
            labels = paint(&joined)?;
            objects = joined;
        }
    }
    let firm = how.firm(&peaks, &pairs, &objects);
    Ok((Divided { labels, firm }, objects_left(&objects)))
}

/// What a device has written down.
enum Emitted {
    /// The peaks in the order of their indices, and the pairs in any.
    All(Vec<Peak>, Vec<Pair>),
    /// There was no room: there are so many.
    Needs([usize; 2]),
}

/// Has peaks and pairs written down, where there is room for so many. How many there are comes back with them: asking before
/// would be a wait of its own.
fn emit(
    gpu: &Gpu,
    shape: Shape,
    [land, parent, size]: [&GpuBuffer<u32>; 3],
    [peaks, pairs]: [usize; 2],
) -> Result<Emitted> {
    let (tally, found) = (gpu.zeros::<u32>(2)?, gpu.alloc::<u32>(3 * peaks)?);
    let touching = gpu.alloc::<u32>(3 * pairs)?;
    let p = EmitParams {
        depth: shape.z as u32,
        height: shape.y as u32,
        width: shape.x as u32,
        peaks: peaks as u32,
        pairs: pairs as u32,
    };
    gpu.dispatch(&EMIT, shape.len(), &p, &[land, parent, size, &tally, &found, &touching])?;
    let words = gpu.download_all(&[tally, found, touching])?;
    let [tally, found, touching] = &words[..] else { return Ok(Emitted::All(vec![], vec![])) };
    let [n_peaks, n_pairs] = [0, 1].map(|k| tally.get(k).map_or(0, |n| *n as usize));
    if n_peaks > peaks || n_pairs > pairs {
        return Ok(Emitted::Needs([n_peaks.max(peaks), n_pairs.max(pairs)]));
    }
    let peak = |&[index, height, size]: &[u32; 3]| Peak { index, height: height as i32, size };
    let mut peaks: Vec<Peak> = found.as_chunks::<3>().0.iter().take(n_peaks).map(peak).collect();
    peaks.par_sort_unstable_by_key(|p| p.index);
    let pair = |&[a, b, saddle]: &[u32; 3]| Pair { a, b, saddle: saddle as i32 };
    Ok(Emitted::All(peaks, touching.as_chunks::<3>().0.iter().take(n_pairs).map(pair).collect()))
}

fn twin(shape: Shape, land: &[i32], mask: &[u8], how: &How) -> Divided {
    if land.is_empty() {
        return Divided { labels: Labels::of_runs(shape, ObjectRuns::sort(std::iter::empty(), 0)), firm: 0 };
    }
    let (mut basins, peaks) = ascend(shape, land, mask);
    (ROOT..).zip(&peaks).for_each(|(root, &peak)| basins[peak as usize] = root);
    climb(&mut basins, |part| mask[part].iter().fold(0, |any, m| any | m) == 0);
    let peak = |(&index, size)| Peak { index, height: land[index as usize], size };
    let peaks: Vec<Peak> = peaks.iter().zip(basin_sizes(&basins, peaks.len())).map(peak).collect();
    let pairs = pairs(shape, land, &basins, &peaks);
    let mut objects = merge(&peaks, &pairs, how.depth, each_its_own(&peaks));
    let runs_of = |objects: &[u32]| {
        let object = |basin: u32| if basin == 0 { 0 } else { objects[(basin ^ ROOT) as usize] };
        ObjectRuns::in_raster_order(&basins, shape, peaks.len() as u32, object)
    };
    let mut runs = runs_of(&objects);
    if let Some(typical_size) = how.ellipses {
        let mut moments = vec![Moments::default(); peaks.len()];
        let found: Vec<Moments> = (1..=runs.count()).into_par_iter().map(|l| Moments::of(runs.of(l), shape)).collect();
        for (label, found) in (1..).zip(found) {
            let basin = runs.of(label).first().map_or(ROOT, |run| basins[run.index(shape.x)]);
            moments[objects[(basin ^ ROOT) as usize] as usize - 1] = found;
        }
        let joined = whole(&peaks, &pairs, &objects, moments, typical_size, shape);
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
