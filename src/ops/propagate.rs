//! Grows objects through a mask, steered by an image: every voxel goes to the object from which the way to it costs least.
//!
//! A way goes from voxel to voxel over the 8 (26) neighbours, inside of the mask. Two rules say what it costs:
//!
//! - [`Rule::Propagation`]: the sum of its steps, `sqrt(d^2 + (regularisation * length)^2)` each, where `d` is the sum of the
//!   absolute differences between the 3 x 3 voxels around one end and those around the other, in the plane. Edges of the
//!   image cost, and so does length.
//! - [`Rule::Watershed`]: the highest sample on it, and among ways of equal height the length of those that end here. Objects
//!   meet on ridges; on a plateau, halfway.
//!
//! Where two objects are equally near the lower label wins. Voxels of objects stay what they are, in the mask or not, and no
//! way leads through another object. What no way leads to is 0; labels keep their numbers.
//!
//! In integers: one pixel of the plane costs `R = regularisation * 2^e`, with the `e` that brings it into 128..256; a length is
//! `round((R * pixels)^2)` under the root. Levels are the samples above the least one times `2^e`, rounded down; differences
//! of two levels, and their sum, count as 46340 at most, so what is under the root stays below 2^32. The root is rounded down.
//! The costs of a way stop at 2^31 - 2: that is 32,000 of the dearest steps.
//! The answer is the least (cost, label) over all ways, which is unique: the CPU goes outwards from the objects in the order of
//! costs (`propagate_search`), the GPU compares all voxels with their neighbours until nothing changes.
//! Reference: Jones, Carpenter and Golland 2005, doi 10.1007/11569541_54, and CellProfiler's Propagation for the differences;
//! Meyer 1994 for the watershed.

use super::histogram::range;
use super::op::label_words;
use super::propagate_search::{Ground, solve};
use super::{Case, Op};
use crate::device::kernel::{Kernel, atomic, read, write};
use crate::device::{Buffer, Device, Gpu, GpuBuffer};
use crate::image::{Labels, Mask, Volume};
use crate::{Error, Result};

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "propagate",
    summary: "Grows objects through a mask along an image, by propagation or as a watershed",
    reference: "Jones, Carpenter and Golland 2005; CellProfiler IdentifySecondaryObjects",
    cases: &[
        Case { name: "by differences", run: |d, i| case(d, i, Rule::Propagation { regularisation: 300.0 }, [1; 3]) },
        Case {
            name: "by length, in deep voxels",
            run: |d, i| case(d, i, Rule::Propagation { regularisation: 1e9 }, [37, 4, 5]),
        },
        Case {
            name: "by the least differences",
            run: |d, i| case(d, i, Rule::Propagation { regularisation: 0.1 }, [4, 1, 1]),
        },
        Case { name: "as a watershed", run: |d, i| case(d, i, Rule::Watershed, [9, 4, 4]) },
    ],
};

/// Every third object, into what is not black.
fn case(device: &Device, input: &super::Input, rule: Rule, weights: [u32; 3]) -> Result<Vec<u32>> {
    let (image, objects) = (input.volume(device)?, input.labels(device)?);
    let kept: Vec<bool> = (0..=objects.count).map(|label| label % 3 == 1).collect();
    let seeds = super::renumber::select(device, &objects, &kept)?;
    let mask = super::pixelwise::above(device, &image, 400)?;
    label_words(device, &propagate(device, &image, &seeds, &mask, rule, weights)?)
}

/// What a way costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Differences and length, added up.
    Propagation {
        /// The sum of differences over 3 x 3 voxels, in samples, that costs as much as one pixel of length.
        regularisation: f64,
    },
    /// The highest sample, then the length.
    Watershed,
}

/// Numbers of labels and costs end below it.
const MOST: u32 = 1 << 31;
/// Rounds on a GPU before it is asked whether the last one has changed anything.
const ROUNDS: u32 = 32;

/// Grows `seeds` through `mask`. `weights` are the squared sizes of a voxel along z, y, x, from
/// [`weights`](super::distance::weights); a pixel is the geometric mean of y and x.
///
/// # Errors
/// Different sizes, labels from 2^31 on, a regularisation that is not above 0; the device is lost or too small.
pub fn propagate(
    device: &Device,
    image: &Volume,
    seeds: &Labels,
    mask: &Mask,
    rule: Rule,
    weights: [u32; 3],
) -> Result<Labels> {
    if image.shape != seeds.shape || image.shape != mask.shape {
        let what = format!("objects of {} on an image of {} in a mask of {}", seeds.shape, image.shape, mask.shape);
        return Err(Error::usage(what));
    }
    if seeds.count >= MOST {
        return Err(Error::limit(format!("an object with the number {}", seeds.count)).remedy("renumber them"));
    }
    if seeds.count == 0 {
        return Ok(seeds.clone());
    }
    let ground = Ground::new(image.shape, range(device, image)?.0, rule, weights)?;
    let voxels = match device {
        Device::Cpu => {
            let (samples, seeds, mask) = (image.samples.host()?, seeds.voxels().host()?, mask.voxels.host()?);
            Buffer::on_host(solve(&ground, samples, seeds, mask))
        }
        Device::Gpu(gpu) => {
            let (samples, mask) = (image.samples.gpu()?.cast(), mask.voxels.gpu()?.cast());
            Buffer::Gpu(dispatch(gpu, &ground, &samples, seeds.voxels().gpu()?, &mask)?)
        }
    };
    Ok(seeds.with(voxels))
}

crate::params! {
    struct Params {
        depth: u32, height: u32, width: u32, least: i32, up: u32, down: u32, watershed: u32, watched: u32,
        x: u32, y: u32, yx: u32, z: u32, zx: u32, zy: u32, zyx: u32
    }
}

const SHARED: &[&str] =
    &[include_str!("../../shaders/shared/neighbours.wgsl"), include_str!("../../shaders/shared/level.wgsl")];

const START: Kernel = Kernel {
    name: "propagate_start",
    source: include_str!("../../shaders/propagate_start.wgsl"),
    shared: &[],
    params: Params::WGSL,
    arrays: &[
        read("seed", "u32"),
        read("mask", "u32"),
        write("flood", "u32"),
        write("cost", "u32"),
        write("label", "u32"),
    ],
};

const RISE: Kernel = Kernel {
    name: "propagate_rise",
    source: include_str!("../../shaders/propagate_rise.wgsl"),
    shared: SHARED,
    params: Params::WGSL,
    arrays: &[read("src", "i32"), read("mask", "u32"), atomic("flood", "u32"), atomic("changed", "u32")],
};

const SPREAD: Kernel = Kernel {
    name: "propagate",
    source: include_str!("../../shaders/propagate.wgsl"),
    shared: SHARED,
    params: Params::WGSL,
    arrays: &[
        read("src", "i32"),
        read("flood", "u32"),
        read("cost", "u32"),
        read("label", "u32"),
        write("cost_out", "u32"),
        write("label_out", "u32"),
        atomic("changed", "u32"),
    ],
};

fn dispatch(
    gpu: &Gpu,
    ground: &Ground,
    src: &GpuBuffer<u32>,
    seed: &GpuBuffer<u32>,
    mask: &GpuBuffer<u32>,
) -> Result<GpuBuffer<u32>> {
    let (n, [depth, height, width]) = (src.len(), ground.shape.zyx().map(|n| n as u32));
    let [_, x, y, yx, z, zx, zy, zyx] = ground.squares;
    let params = |watched: bool| Params {
        depth,
        height,
        width,
        least: ground.least,
        up: ground.up,
        down: ground.down,
        watershed: ground.watershed.into(),
        watched: watched.into(),
        x,
        y,
        yx,
        z,
        zx,
        zy,
        zyx,
    };
    let flood = gpu.alloc::<u32>(n)?;
    let (mut cost, mut label) = (gpu.alloc::<u32>(n)?, gpu.alloc::<u32>(n)?);
    gpu.dispatch(&START, n, &params(false), &[seed, mask, &flood, &cost, &label])?;
    if ground.watershed {
        until_nothing_changes(gpu, |watched, changed| {
            gpu.dispatch(&RISE, n, &params(watched), &[src, mask, &flood, changed])
        })?;
    }
    let (mut next_cost, mut next_label) = (gpu.alloc::<u32>(n)?, gpu.alloc::<u32>(n)?);
    until_nothing_changes(gpu, |watched, changed| {
        let arrays = [src, &flood, &cost, &label, &next_cost, &next_label, changed];
        gpu.dispatch(&SPREAD, n, &params(watched), &arrays)?;
        std::mem::swap(&mut cost, &mut next_cost);
        std::mem::swap(&mut label, &mut next_label);
        Ok(())
    })?;
    Ok(label)
}

/// Rounds until one of them has changed nothing. Only the last of some is asked, so that there is no wait for each.
fn until_nothing_changes(gpu: &Gpu, mut round: impl FnMut(bool, &GpuBuffer<u32>) -> Result<()>) -> Result<()> {
    loop {
        let changed = gpu.zeros::<u32>(1)?;
        for k in 1..=ROUNDS {
            round(k == ROUNDS, &changed)?;
        }
        if changed.download()? == [0] {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: rows that a reader can check, and the definition itself, relaxed until nothing changes. Invariant: threads.
    use super::*;
    use crate::ops::label::Connectivity;
    use crate::ops::naive::{images, neighbours};
    use crate::units::Shape;

    fn grown(shape: Shape, samples: &[i32], seeds: &[u32], mask: &[u8], rule: Rule, weights: [u32; 3]) -> Vec<u32> {
        let image = Volume::new(shape, samples.to_vec()).unwrap();
        let (seeds, mask) = (Labels::new(shape, seeds.to_vec()).unwrap(), Mask::new(shape, mask.to_vec()).unwrap());
        let out = propagate(&Device::Cpu, &image, &seeds, &mask, rule, weights).unwrap();
        assert_eq!(out.count, seeds.count);
        out.voxels().host().unwrap().to_vec()
    }

    fn row(samples: &[i32], seeds: &[u32], rule: Rule) -> Vec<u32> {
        grown(Shape::flat(1, samples.len()), samples, seeds, &vec![1; samples.len()], rule, [1; 3])
    }

    #[test]
    fn objects_meet_at_edges_on_ridges_and_halfway() {
        let by = |regularisation| Rule::Propagation { regularisation };
        let seeds = [1, 0, 0, 0, 0, 0, 0, 0, 2];
        // Nothing to see: halfway, and the middle goes to the lower label.
        assert_eq!(row(&[7; 9], &seeds, by(1.0)), [1, 1, 1, 1, 1, 2, 2, 2, 2]);
        // A step near the second object: what is flat belongs to the first, unless length counts more.
        let step = [0, 0, 0, 0, 0, 0, 0, 900, 900];
        assert_eq!(row(&step, &seeds, by(1.0)), [1, 1, 1, 1, 1, 1, 1, 2, 2]);
        assert_eq!(row(&step, &seeds, by(1e6)), [1, 1, 1, 1, 1, 2, 2, 2, 2]);
        // A ridge: each object has its own side, and the top itself goes to the nearer one.
        let ridge = [0, 0, 0, 0, 0, 5, 9, 5, 0];
        assert_eq!(row(&ridge, &seeds, Rule::Watershed), [1, 1, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(row(&[3; 9], &seeds, Rule::Watershed), [1, 1, 1, 1, 1, 2, 2, 2, 2]);
    }

    #[test]
    fn masks_bound_ways_and_objects_stay() {
        let shape = Shape::flat(3, 5);
        #[rustfmt::skip]
        let (seeds, mask) = ([
            0, 0, 0, 0, 0,
            1, 0, 0, 0, 3,
            0, 0, 0, 0, 0,
        ], [
            0, 0, 0, 1, 0,
            0, 1, 0, 0, 0,
            0, 1, 0, 0, 0,
        ]);
        for rule in [Rule::Propagation { regularisation: 1.0 }, Rule::Watershed] {
            #[rustfmt::skip]
            assert_eq!(grown(shape, &[0; 15], &seeds, &mask, rule, [1; 3]), [
                0, 0, 0, 3, 0,
                1, 1, 0, 0, 3,
                0, 1, 0, 0, 0,
            ]);
            // Nothing to grow, nothing to grow into, a single voxel.
            assert_eq!(grown(shape, &[0; 15], &[0; 15], &mask, rule, [1; 3]), [0; 15]);
            assert_eq!(grown(shape, &[0; 15], &seeds, &[0; 15], rule, [1; 3]), seeds);
            assert_eq!(grown(Shape::flat(1, 1), &[i32::MIN], &[1], &[0], rule, [1; 3]), [1]);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let shape = Shape::flat(1, 2);
        let (image, seeds) = (Volume::new(shape, vec![1, 2]).unwrap(), Labels::new(shape, vec![1, 0]).unwrap());
        let mask = Mask::new(shape, vec![1, 1]).unwrap();
        for regularisation in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let rule = Rule::Propagation { regularisation };
            assert!(propagate(&Device::Cpu, &image, &seeds, &mask, rule, [1; 3]).is_err(), "{regularisation}");
        }
        let other = Mask::new(Shape::flat(2, 1), vec![1, 1]).unwrap();
        assert!(propagate(&Device::Cpu, &image, &seeds, &other, Rule::Watershed, [1; 3]).is_err());
    }

    /// Samples with few and with many levels, seeds of a few labels, masks with gaps.
    fn trials() -> impl Iterator<Item = (Shape, Vec<i32>, Vec<u32>, Vec<u8>)> {
        images(5).into_iter().enumerate().map(|(k, (shape, values))| {
            let levels = [2, 30, 60_000][k % 3];
            let samples =
                (0..shape.len()).map(|i| ((i * i * 7919 + i * (31 + k)) % 65_537 % levels) as i32 - 9).collect();
            let seeds = values.iter().enumerate().map(|(i, &v)| if i % 7 == 3 { v } else { 0 }).collect();
            let mask = (0..shape.len()).map(|i| u8::from((i * 13 + k) % 5 > 0)).collect();
            (shape, samples, seeds, mask)
        })
    }

    /// The squared size of the step from one voxel to another, in pixels.
    fn squared(shape: Shape, i: usize, j: usize, weights: [u32; 3]) -> f64 {
        let (p, q) = (shape.position(i), shape.position(j));
        let sum: f64 = (0..3).map(|a| f64::from(weights[a]) * (p[a] as f64 - q[a] as f64).powi(2)).sum();
        sum / (f64::from(weights[1]) * f64::from(weights[2])).sqrt()
    }

    /// The sum of the differences around two voxels, in samples.
    fn difference(shape: Shape, samples: &[i32], i: usize, j: usize) -> i64 {
        let at = |i: usize, k: isize| {
            let [z, y, x] = shape.position(i);
            let y = (y as isize + k / 3 - 1).clamp(0, shape.y as isize - 1) as usize;
            let x = (x as isize + k % 3 - 1).clamp(0, shape.x as isize - 1) as usize;
            i64::from(samples[shape.index(z, y, x)])
        };
        (0..9).map(|k| (at(i, k) - at(j, k)).abs()).sum()
    }

    /// The least (height, cost, label) of each voxel, made better until nothing changes.
    fn definition(
        (shape, seeds, mask): (Shape, &[u32], &[u8]),
        height: impl Fn(usize) -> i64,
        step: impl Fn(usize, usize) -> u64,
    ) -> Vec<u32> {
        let none = (i64::MAX, u64::MAX, 0);
        let start = |&seed: &u32| if seed == 0 { none } else { (i64::MIN, 0, seed) };
        let first: Vec<(i64, u64, u32)> = seeds.iter().map(start).collect();
        let mut best = first.clone();
        loop {
            let of = |i: usize| {
                if seeds[i] != 0 || mask[i] == 0 {
                    return first[i];
                }
                let around = neighbours(i, shape, Connectivity::Full).into_iter().filter(|&j| best[j].2 != 0);
                let ways = around.map(|j| (best[j].0.max(height(i)), best[j].1 + step(j, i), best[j].2));
                ways.min().unwrap_or(none)
            };
            let next: Vec<_> = (0..seeds.len()).map(of).collect();
            if next == best {
                return best.into_iter().map(|b| b.2).collect();
            }
            best = next;
        }
    }

    #[test]
    fn the_definition_gives_the_same() {
        for (k, (shape, samples, seeds, mask)) in trials().enumerate() {
            let weights = [[1, 1, 1], [37, 4, 5], [9, 1, 1]][k % 3];
            let least = i64::from(*samples.iter().min().unwrap());
            // 160 costs are one pixel: the levels are the samples, and none is a cliff.
            let step = |i: usize, j: usize| {
                let d = difference(shape, &samples, i, j).min(46_340);
                let along = (160.0 * 160.0 * squared(shape, i, j, weights)).round() as u64;
                (along + (d * d) as u64).isqrt().max(1)
            };
            let want = definition((shape, &seeds, &mask), |_| 0, step);
            let got = grown(shape, &samples, &seeds, &mask, Rule::Propagation { regularisation: 160.0 }, weights);
            assert_eq!(got, want, "{shape} {seeds:?} {mask:?}");
            let length =
                |i: usize, j: usize| ((128.0 * 128.0 * squared(shape, i, j, weights)).round() as u64).isqrt().max(1);
            let want = definition((shape, &seeds, &mask), |i| i64::from(samples[i]) - least, length);
            let got = grown(shape, &samples, &seeds, &mask, Rule::Watershed, weights);
            assert_eq!(got, want, "watershed, {shape} {samples:?} {seeds:?} {mask:?}");
        }
    }

    #[test]
    fn slabs_change_nothing() {
        let shape = Shape::flat(700, 300);
        let samples: Vec<i32> = (0..shape.len()).map(|i| ((i * i * 7919 + i * 31) % 65_537 % 900) as i32).collect();
        let seeds: Vec<u32> =
            (0..shape.len()).map(|i| if i % 9973 == 77 { 1 + (i / 9973) as u32 } else { 0 }).collect();
        let mask: Vec<u8> = (0..shape.len()).map(|i| u8::from(i % 11 != 5)).collect();
        let with = |threads: usize, rule| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| grown(shape, &samples, &seeds, &mask, rule, [1; 3]))
        };
        for rule in [Rule::Propagation { regularisation: 50.0 }, Rule::Watershed] {
            let one = with(1, rule);
            assert!([2, 7].into_iter().all(|n| with(n, rule) == one), "{rule:?}");
            assert!(one.iter().zip(&mask).all(|(&label, &inside)| (label != 0) == (inside != 0) || inside == 0));
        }
    }
}
