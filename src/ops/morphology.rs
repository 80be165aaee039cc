//! Grey morphology with flat elements: boxes and digital balls.
//!
//! `erode[i] = min src[i + k]`, `dilate[i] = max src[i + k]` over the offsets `k` of the element; what lies outside the
//! image is ignored. Opening is erosion, then dilation; closing the reverse; a top hat is the difference to the image.
//!
//! A window grows by steps: the extreme of three windows of half-width h, one in the middle and one `reach <= 2 h + 1`
//! away on each side, is the extreme of a window of half-width h + reach. So a window of r voxels takes log3(r) steps. A box
//! is a window along each axis; a ball is a set of rows (its chords), each a window along x, and one growing window passes
//! through all chord lengths. `morphology_strips.rs` is the twin on the CPU.
//! Bit budget: comparisons only; top hats saturate at the end of i32.
//! Reference: `scipy.ndimage.grey_erosion` and its kin, `skimage.morphology`, exactly.

use super::histogram::range;
use super::morphology_elements::{Chord, Extreme, chords};
use super::morphology_strips::{ball, boxes};
use super::op::words;
use super::{Case, Op, pixelwise};
use crate::Result;
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu};
use crate::image::Volume;
use crate::simd::{self, Axis, Narrow, Sample};
use crate::units::Shape;

pub use super::morphology_elements::Element;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "morphology",
    summary: "Erosion, dilation, opening, closing and top hats with boxes and balls",
    reference: "scipy.ndimage.grey_opening, skimage.morphology",
    kernels: &[&STEP, &ROWS],
    uses: &[&super::pixelwise::OP],
    cases: &[
        Case {
            name: "opening by a box of 1 by 2 by 3",
            run: |d, i| words(d, opening(d, &i.volume(d)?, &Element::Box([1, 2, 3]))?),
        },
        Case {
            name: "closing by a box of 40 in the plane",
            run: |d, i| words(d, closing(d, &i.volume(d)?, &Element::Box([0, 40, 40]))?),
        },
        Case {
            name: "top hat by a ball of radius 4.5",
            run: |d, i| words(d, top_hat(d, &i.volume(d)?, &Element::Ball([4.5; 3]))?),
        },
        Case {
            name: "black top hat by an ellipsoid of 1 by 7 by 5",
            run: |d, i| words(d, black_top_hat(d, &i.volume(d)?, &Element::Ball([1.0, 7.0, 5.0]))?),
        },
    ],
};

use Extreme::{Largest, Smallest};

const OPENING: [Extreme; 2] = [Smallest, Largest];
const CLOSING: [Extreme; 2] = [Largest, Smallest];

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Take {
    Extreme,
    /// How far the samples lie above it.
    Above,
    /// How far they lie below it.
    Below,
}

crate::params! {
    struct Step { stride: u32, size: u32, reach: u32, largest: u32 }
}
crate::params! {
    struct Rows { z: u32, y: u32, x: u32, offsets: u32, largest: u32 }
}

const STEP: Kernel = Kernel {
    name: "morphology",
    source: include_str!("../../shaders/morphology.wgsl"),
    shared: &[],
    params: Step::WGSL,
    arrays: &[read("src", "i32"), write("dst", "i32")],
};
const ROWS: Kernel = Kernel {
    name: "morphology_rows",
    source: include_str!("../../shaders/morphology_rows.wgsl"),
    shared: &[],
    params: Rows::WGSL,
    arrays: &[read("src", "i32"), read("offset", "i32"), write("dst", "i32")],
};

/// Smallest sample in the element around each voxel.
///
/// # Errors
/// A ball with a radius that is negative or over 1000 voxels (in stacks: 100); the device is lost or too small.
pub fn erode(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &[Smallest], Take::Extreme)
}

/// Largest sample in the element around each voxel.
///
/// # Errors
/// As [`erode`].
pub fn dilate(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &[Largest], Take::Extreme)
}

/// Erosion, then dilation: takes away bright things that the element does not fit into.
///
/// # Errors
/// As [`erode`].
pub fn opening(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &OPENING, Take::Extreme)
}

/// Dilation, then erosion: takes away dark things that the element does not fit into.
///
/// # Errors
/// As [`erode`].
pub fn closing(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &CLOSING, Take::Extreme)
}

/// What an opening takes away (white top hat).
///
/// # Errors
/// As [`erode`].
pub fn top_hat(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &OPENING, Take::Above)
}

/// What a closing fills in (black top hat).
///
/// # Errors
/// As [`erode`].
pub fn black_top_hat(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &CLOSING, Take::Below)
}

/// Where the box of this half-width around a voxel holds one of a mask: on the host, in bytes.
pub(super) fn dilate_mask(mask: &[u8], shape: Shape, radius: [usize; 3]) -> Vec<u8> {
    let mut out = simd::zeros(mask.len());
    boxes(mask, &mut out, shape, reach_of(shape, radius), Extreme::Largest);
    out
}

/// A window that reaches over the whole line has nothing more to find.
fn reach_of(shape: Shape, radius: [usize; 3]) -> [usize; 3] {
    std::array::from_fn(|a| radius[a].min(shape.zyx()[a].saturating_sub(1)))
}

/// One extreme after the other.
fn extremes(device: &Device, src: &Volume, element: &Element, order: &[Extreme], take: Take) -> Result<Volume> {
    let shape = src.shape;
    let on_gpu = |extreme: Buffer<i32>| -> Result<Buffer<i32>> {
        Ok(match take {
            Take::Extreme => extreme,
            Take::Above => pixelwise::subtract(device, src, &src.with(extreme))?.samples,
            Take::Below => pixelwise::subtract(device, &src.with(extreme), src)?.samples,
        })
    };
    let samples = match (element, device) {
        (Element::Box(radius), Device::Cpu) => {
            let r = reach_of(shape, *radius);
            twin(src, order, take, |s, o, w| boxes(s, o, shape, r, w), |s, o, w| boxes(s, o, shape, r, w))?
        }
        (Element::Ball(radii), Device::Cpu) => {
            let c = chords(*radii)?;
            twin(src, order, take, |s, o, w| ball(s, o, shape, &c, w), |s, o, w| ball(s, o, shape, &c, w))?
        }
        (Element::Box(radius), Device::Gpu(gpu)) => {
            let axes = axes(shape, reach_of(shape, *radius));
            on_gpu(order.iter().try_fold(src.samples.clone(), |now, &which| boxes_on(gpu, now, &axes, which))?)?
        }
        (Element::Ball(radii), Device::Gpu(gpu)) => {
            let chords = chords(*radii)?;
            on_gpu(
                order.iter().try_fold(src.samples.clone(), |now, &which| ball_on(gpu, &now, shape, &chords, which))?,
            )?
        }
    };
    // The offset of a difference is gone.
    let offset = if take == Take::Extreme { src.scale.offset() } else { 0.0 };
    Ok(Volume { scale: src.scale.with_offset(offset), ..src.with(samples) })
}

/// In 16 bits where the samples allow it.
fn twin(
    src: &Volume,
    order: &[Extreme],
    take: Take,
    narrow: impl Fn(&[u16], &mut [u16], Extreme),
    wide: impl Fn(&[i32], &mut [i32], Extreme),
) -> Result<Buffer<i32>> {
    let (samples, (least, most)) = (src.samples.host()?, range(&Device::Cpu, src)?);
    Ok(Buffer::on_host(match Narrow::between((least, most)) {
        Some(narrowing) => {
            let words = simd::map(samples, |s| narrowing.word(s));
            taken(samples, &in_turn(&words, order, narrow), take, |w| narrowing.sample(w))
        }
        None => taken(samples, &in_turn(samples, order, wide), take, |s| s),
    }))
}

fn in_turn<T: Sample>(first: &[T], order: &[Extreme], step: impl Fn(&[T], &mut [T], Extreme)) -> Vec<T> {
    let Some((&one, others)) = order.split_first() else { return first.to_vec() };
    let mut now = simd::zeros(first.len());
    step(first, &mut now, one);
    let mut next = if others.is_empty() { vec![] } else { simd::zeros(first.len()) };
    for &which in others {
        step(&now, &mut next, which);
        std::mem::swap(&mut now, &mut next);
    }
    now
}

fn taken<T: Sample>(samples: &[i32], extreme: &[T], take: Take, of: impl Fn(T) -> i32 + Sync) -> Vec<i32> {
    match take {
        Take::Extreme => simd::map(extreme, of),
        Take::Above => simd::map2(samples, extreme, |s, e| s.saturating_sub(of(e))),
        Take::Below => simd::map2(samples, extreme, |s, e| of(e).saturating_sub(s)),
    }
}

/// The reaches by which a window grows from half-width `from` to `to`.
fn reaches(from: usize, to: usize) -> Vec<usize> {
    let (mut half, mut list) = (from, Vec::new());
    while half < to {
        let reach = (2 * half + 1).min(to - half);
        list.push(reach);
        half += reach;
    }
    list
}

/// Along x, y, z: the axis and the reaches of its window.
fn axes(shape: Shape, radius: [usize; 3]) -> [(Axis, Vec<usize>); 3] {
    [2, 1, 0].map(|a| (Axis::of(shape, a), reaches(0, radius[a])))
}

fn boxes_on(gpu: &Gpu, src: Buffer<i32>, axes: &[(Axis, Vec<usize>)], which: Extreme) -> Result<Buffer<i32>> {
    let mut steps = axes.iter().flat_map(|(axis, steps)| steps.iter().map(move |&reach| (*axis, reach)));
    steps.try_fold(src, |now, (axis, reach)| step_on(gpu, &now, axis, reach, which))
}

fn step_on(gpu: &Gpu, src: &Buffer<i32>, axis: Axis, reach: usize, which: Extreme) -> Result<Buffer<i32>> {
    let from = src.gpu()?;
    let to = gpu.alloc::<i32>(from.len())?;
    let params = Step {
        stride: axis.stride as u32,
        size: axis.size as u32,
        reach: reach as u32,
        largest: (which == Largest) as u32,
    };
    gpu.dispatch(&STEP, from.len(), &params, &[&from.cast(), &to.cast()])?;
    Ok(Buffer::Gpu(to))
}

fn ball_on(gpu: &Gpu, src: &Buffer<i32>, shape: Shape, chords: &[Chord], which: Extreme) -> Result<Buffer<i32>> {
    let axis = Axis::of(shape, 2);
    let out = gpu.copy(src.gpu()?)?;
    let mut window = src.clone();
    let mut half = 0;
    for chord in chords {
        for reach in reaches(half, chord.half) {
            window = step_on(gpu, &window, axis, reach, which)?;
        }
        half = chord.half;
        let offsets = gpu.upload(&chord.rows.concat())?;
        let params = Rows {
            z: shape.z as u32,
            y: shape.y as u32,
            x: shape.x as u32,
            offsets: chord.rows.len() as u32,
            largest: (which == Largest) as u32,
        };
        gpu.dispatch(&ROWS, out.len(), &params, &[&window.gpu()?.cast(), &offsets.cast(), &out.cast()])?;
    }
    Ok(Buffer::Gpu(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::inputs;

    #[test]
    fn literal_rows() {
        let v = Volume::new(Shape::flat(1, 8), vec![1, 5, 5, 1, 7, 2, 2, 3]).unwrap();
        let e = Element::Box([0, 0, 1]);
        let of = |f: fn(&Device, &Volume, &Element) -> Result<Volume>| {
            f(&Device::Cpu, &v, &e).unwrap().samples.host().unwrap().to_vec()
        };
        assert_eq!(of(erode), [1, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(of(dilate), [5, 5, 5, 7, 7, 7, 3, 3]);
        assert_eq!(of(opening), [1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(of(top_hat), [0, 4, 4, 0, 5, 0, 0, 1]);
    }

    /// Oracle: the definition, voxel by voxel.
    fn naive(v: &Volume, e: &Element, which: Extreme) -> Vec<i32> {
        let s = v.samples.host().unwrap();
        let r = match e {
            Element::Box(r) => r.map(|r| r as i64),
            Element::Ball(r) => r.map(|r| r as i64),
        };
        let inside = |d: [i64; 3]| match e {
            Element::Box(_) => true,
            Element::Ball(r) => {
                (0..3).map(|a| if d[a] == 0 { 0.0 } else { (d[a] as f64 / r[a]).powi(2) }).sum::<f64>() < 1.0 + 1e-9
            }
        };
        let size = v.shape.zyx().map(|n| n as i64);
        let at = |i: usize| v.shape.position(i).map(|p| p as i64);
        (0..s.len())
            .map(|i| {
                let p = at(i);
                let mut best = s[i];
                for z in (p[0] - r[0]).max(0)..=(p[0] + r[0]).min(size[0] - 1) {
                    for y in (p[1] - r[1]).max(0)..=(p[1] + r[1]).min(size[1] - 1) {
                        for x in (p[2] - r[2]).max(0)..=(p[2] + r[2]).min(size[2] - 1) {
                            let o = s[v.shape.index(z as usize, y as usize, x as usize)];
                            if inside([z - p[0], y - p[1], x - p[2]]) {
                                best = if which == Largest { best.max(o) } else { best.min(o) };
                            }
                        }
                    }
                }
                best
            })
            .collect()
    }

    #[test]
    fn extremes_follow_the_definition() {
        let elements = [
            Element::Box([1, 2, 3]),
            Element::Box([0, 40, 22]),
            Element::Ball([2.0, 3.5, 6.0]),
            Element::Ball([0.0, 9.0, 9.0]),
        ];
        for input in inputs().unwrap() {
            for e in &elements {
                for which in [Smallest, Largest] {
                    let out = extremes(&Device::Cpu, &input.volume, e, &[which], Take::Extreme).unwrap();
                    assert_eq!(out.samples.host().unwrap(), naive(&input.volume, e, which), "{}, {e:?}", input.name);
                }
            }
        }
    }
}
