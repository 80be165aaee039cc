//! Grey morphology with flat elements: boxes and digital balls.
//!
//! `erode[i] = min src[i + k]`, `dilate[i] = max src[i + k]` over the offsets `k` of the element; what lies outside the
//! image is ignored. Opening is erosion, then dilation; closing the reverse; a top hat is the difference to the image.
//!
//! A window grows by steps: the extreme of three windows of half-width h, one in the middle and one `reach <= 2 h + 1`
//! away on each side, is the extreme of a window of half-width h + reach. So a window of r voxels takes log3(r) steps,
//! the same on both sides. A box is a window along each axis; a ball is a set of rows (its chords), each a window along
//! x, and one growing window passes through all chord lengths.
//! Bit budget: comparisons only; top hats saturate at the end of i32.
//! Reference: `scipy.ndimage.grey_erosion` and its kin, `skimage.morphology`, exactly.

use super::cases::words;
use super::lanes::{Axis, columns, wide};
use super::narrow::{Narrow, Sample};
use super::{Case, Op, pixelwise};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu};
use crate::units::Shape;
use crate::volume::Volume;
use crate::{Error, Result};
use rayon::prelude::*;

/// The room's entry.
pub const OP: Op = Op {
    name: "morphology",
    summary: "Erosion, dilation, opening, closing and top hats with boxes and balls",
    reference: "scipy.ndimage.grey_opening, skimage.morphology",
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

/// Which voxels around one belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element {
    /// `2 r + 1` voxels along z, y, x.
    Box([usize; 3]),
    /// Offsets `d` with `sum (d / r)^2 <= 1`, radii in voxels along z, y, x; 0 keeps to the plane.
    Ball([f64; 3]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Extreme {
    Smallest,
    Largest,
}

use Extreme::{Largest, Smallest};

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
/// A ball with a radius that is negative or over 1000 voxels; the device is lost or too small.
pub fn erode(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &[Smallest])
}

/// Largest sample in the element around each voxel.
///
/// # Errors
/// As [`erode`].
pub fn dilate(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &[Largest])
}

/// Erosion, then dilation: takes away bright things that the element does not fit into.
///
/// # Errors
/// As [`erode`].
pub fn opening(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &[Smallest, Largest])
}

/// Dilation, then erosion: takes away dark things that the element does not fit into.
///
/// # Errors
/// As [`erode`].
pub fn closing(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    extremes(device, src, element, &[Largest, Smallest])
}

/// What an opening takes away (white top hat).
///
/// # Errors
/// As [`erode`].
pub fn top_hat(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    pixelwise::subtract(device, src, &opening(device, src, element)?)
}

/// What a closing fills in (black top hat).
///
/// # Errors
/// As [`erode`].
pub fn black_top_hat(device: &Device, src: &Volume, element: &Element) -> Result<Volume> {
    pixelwise::subtract(device, &closing(device, src, element)?, src)
}

/// One extreme after the other.
fn extremes(device: &Device, src: &Volume, element: &Element, order: &[Extreme]) -> Result<Volume> {
    let shape = src.shape;
    let samples = match (element, device) {
        (Element::Box(radius), Device::Cpu) => {
            let axes = axes(shape, *radius);
            on_words(src.samples.host()?, order, |s, w| boxes(s, &axes, w), |s, w| boxes(s, &axes, w))
        }
        (Element::Ball(radii), Device::Cpu) => {
            let chords = chords(*radii)?;
            let samples = src.samples.host()?;
            on_words(samples, order, |s, w| ball(s, shape, &chords, w), |s, w| ball(s, shape, &chords, w))
        }
        (Element::Box(radius), Device::Gpu(gpu)) => {
            let axes = axes(shape, *radius);
            order.iter().try_fold(src.samples.clone(), |now, &which| boxes_on(gpu, now, &axes, which))?
        }
        (Element::Ball(radii), Device::Gpu(gpu)) => {
            let chords = chords(*radii)?;
            order.iter().try_fold(src.samples.clone(), |now, &which| ball_on(gpu, &now, shape, &chords, which))?
        }
    };
    Ok(src.with(samples))
}

/// In 16 bits where the samples allow it.
fn on_words(
    samples: &[i32],
    order: &[Extreme],
    narrow: impl Fn(&[u16], Extreme) -> Vec<u16>,
    wide: impl Fn(&[i32], Extreme) -> Vec<i32>,
) -> Buffer<i32> {
    Buffer::on_host(match Narrow::of(samples) {
        Some(mut now) => {
            order.iter().for_each(|&which| now.words = narrow(&now.words, which));
            now.wide(&now.words)
        }
        None => order.iter().fold(samples.to_vec(), |now, &which| wide(&now, which)),
    })
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

/// Along x, y, z: the axis and the reaches of its window, without axes along which there is nothing to do.
fn axes(shape: Shape, radius: [usize; 3]) -> Vec<(Axis, Vec<usize>)> {
    // A window that reaches over the whole line has nothing more to find.
    let steps = |a: usize| reaches(0, radius[a].min(shape.zyx()[a].saturating_sub(1)));
    let axes = [2, 1, 0].map(|a| (Axis::of(shape, a), steps(a)));
    axes.into_iter().filter(|(_, steps)| !steps.is_empty()).collect()
}

fn boxes<T: Sample>(src: &[T], axes: &[(Axis, Vec<usize>)], which: Extreme) -> Vec<T> {
    let done = axes.iter().fold(None, |done: Option<Vec<T>>, (axis, steps)| {
        Some(along(done.as_deref().unwrap_or(src), *axis, steps, which))
    });
    done.unwrap_or_else(|| src.to_vec())
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
        largest: (which == Extreme::Largest) as u32,
    };
    gpu.dispatch(&STEP, from.len(), &params, &[&from.cast(), &to.cast()])?;
    Ok(Buffer::Gpu(to))
}

/// A window along one axis, grown step by step.
fn along<T: Sample>(src: &[T], axis: Axis, steps: &[usize], which: Extreme) -> Vec<T> {
    let mut out = vec![T::default(); src.len()];
    let n = axis.size;
    if axis.stride == 1 {
        out.par_chunks_mut(n).zip(src.par_chunks(n)).for_each_init(
            || [vec![T::default(); n], vec![T::default(); n]],
            |[now, next], (out, line)| {
                now.copy_from_slice(line);
                for &reach in steps {
                    grow(next, now, reach, which);
                    std::mem::swap(now, next);
                }
                out.copy_from_slice(now);
            },
        );
        return out;
    }
    columns(&mut out, axis, |run, column, rows| {
        let w = rows[0].len();
        let mut now = Vec::with_capacity(n * w);
        for k in 0..n {
            let from = (run * n + k) * axis.stride + column;
            now.extend_from_slice(&src[from..from + w]);
        }
        let mut next = vec![T::default(); n * w];
        for &reach in steps {
            for (k, out) in next.chunks_exact_mut(w).enumerate() {
                let row = |k: usize| &now[k * w..][..w];
                three(out, row(k.saturating_sub(reach)), row(k), row((k + reach).min(n - 1)), which);
            }
            std::mem::swap(&mut now, &mut next);
        }
        for (row, from) in rows.iter_mut().zip(now.chunks_exact(w)) {
            row.copy_from_slice(from);
        }
    });
    out
}

/// The windows of a row, grown by `reach` on both sides.
fn grow<T: Sample>(out: &mut [T], row: &[T], reach: usize, which: Extreme) {
    let n = row.len();
    let inner = reach.min(n)..n.saturating_sub(reach);
    if inner.start < inner.end {
        three(&mut out[inner.clone()], &row[..n - 2 * reach], &row[inner.clone()], &row[2 * reach..], which);
    }
    // The ends, where a window on one side or on both would begin outside.
    for i in (0..inner.start.min(n)).chain(inner.end.max(inner.start)..n) {
        let (a, b, c) = (row[i.saturating_sub(reach)], row[i], row[(i + reach).min(n - 1)]);
        out[i] = match which {
            Extreme::Smallest => a.min(b).min(c),
            Extreme::Largest => a.max(b).max(c),
        };
    }
}

wide! {
    fn three<T: Sample>(out: &mut [T], a: &[T], b: &[T], c: &[T], which: Extreme) {
        let rows = out.iter_mut().zip(a).zip(b).zip(c);
        match which {
            Extreme::Smallest => rows.for_each(|(((o, &a), &b), &c)| *o = a.min(b).min(c)),
            Extreme::Largest => rows.for_each(|(((o, &a), &b), &c)| *o = a.max(b).max(c)),
        }
    }
}

wide! {
    fn merge<T: Sample>(out: &mut [T], row: &[T], which: Extreme) {
        let both = out.iter_mut().zip(row);
        match which {
            Extreme::Smallest => both.for_each(|(o, &s)| *o = s.min(*o)),
            Extreme::Largest => both.for_each(|(o, &s)| *o = s.max(*o)),
        }
    }
}

/// Rows of a ball whose chord along x has the same half-length, shortest first.
#[derive(Debug, PartialEq)]
struct Chord {
    half: usize,
    /// z and y of the rows.
    rows: Vec<[i32; 2]>,
}

fn chords(radii: [f64; 3]) -> Result<Vec<Chord>> {
    if let Some(r) = radii.iter().find(|r| !(0.0..=1000.0).contains(*r)) {
        return Err(Error::usage(format!("a ball of radius {r} px")).remedy("0 to 1000 px"));
    }
    // A whole radius must hold its own end whatever the rounding of the squares.
    let share = |d: i32, r: f64| if d == 0 { 0.0 } else { (f64::from(d) / r).powi(2) };
    let inside = |z: i32, y: i32, x: i32| share(z, radii[0]) + share(y, radii[1]) + share(x, radii[2]) <= 1.0 + 1e-9;
    let reach = radii.map(|r| (r + 1e-6) as i32);
    let mut list: Vec<Chord> = Vec::new();
    for z in -reach[0]..=reach[0] {
        for y in -reach[1]..=reach[1] {
            let Some(half) = (0..=reach[2]).rev().find(|&x| inside(z, y, x)) else { continue };
            match list.iter_mut().find(|c| c.half == half as usize) {
                Some(c) => c.rows.push([z, y]),
                None => list.push(Chord { half: half as usize, rows: vec![[z, y]] }),
            }
        }
    }
    list.sort_by_key(|c| c.half);
    Ok(list)
}

/// Each thread owns a block of rows and lets every source row that reaches it pass through all chord lengths.
fn ball<T: Sample>(src: &[T], shape: Shape, chords: &[Chord], which: Extreme) -> Vec<T> {
    let mut out = src.to_vec();
    let reach_of = |a: usize| chords.iter().flat_map(|c| &c.rows).map(|r| r[a].unsigned_abs() as usize).max();
    let (reach_z, reach_y) = (reach_of(0).unwrap_or(0), reach_of(1).unwrap_or(0));
    // Rows at the seams of blocks are gone through twice.
    let block = (shape.z * shape.y).div_ceil(4 * rayon::current_num_threads()).clamp(32, 1024);
    let mut jobs: Vec<(usize, usize, &mut [T])> = Vec::new();
    for (z, slice) in out.chunks_mut(shape.y * shape.x).enumerate() {
        jobs.extend(slice.chunks_mut(block * shape.x).enumerate().map(|(b, rows)| (z, b * block, rows)));
    }
    let steps: Vec<Vec<usize>> = (0..chords.len())
        .map(|k| reaches(k.checked_sub(1).map_or(0, |before| chords[before].half), chords[k].half))
        .collect();
    jobs.into_par_iter().for_each(|(z, first, out)| {
        let end = first + out.len() / shape.x;
        let (mut one, mut other) = (vec![T::default(); shape.x], vec![T::default(); shape.x]);
        for qz in z.saturating_sub(reach_z)..(z + reach_z + 1).min(shape.z) {
            for qy in first.saturating_sub(reach_y)..(end + reach_y).min(shape.y) {
                let row = &src[shape.index(qz, qy, 0)..][..shape.x];
                let mut grown = false;
                for (chord, steps) in chords.iter().zip(&steps) {
                    for &reach in steps {
                        grow(&mut other, if grown { &one } else { row }, reach, which);
                        std::mem::swap(&mut one, &mut other);
                        grown = true;
                    }
                    let window = if grown { &one } else { row };
                    for [dz, dy] in chord.rows.iter().map(|r| r.map(|d| d as isize)) {
                        let y = qy as isize - dy;
                        if z as isize + dz == qz as isize && (first as isize..end as isize).contains(&y) {
                            merge(&mut out[(y as usize - first) * shape.x..][..shape.x], window, which);
                        }
                    }
                }
            }
        }
    });
    out
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
            largest: (which == Extreme::Largest) as u32,
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

    #[test]
    fn a_ball_is_the_digital_disk() {
        let half: Vec<_> = chords([0.0, 5.0, 5.0]).unwrap().iter().map(|c| (c.half, c.rows.len())).collect();
        // skimage.morphology.disk(5): rows of 1, 7, 9, 9, 9, 11 and back.
        assert_eq!(half, [(0, 2), (3, 2), (4, 6), (5, 1)]);
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
                                best = if which == Extreme::Largest { best.max(o) } else { best.min(o) };
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
                for which in [Extreme::Smallest, Extreme::Largest] {
                    let out = extremes(&Device::Cpu, &input.volume, e, &[which]).unwrap();
                    assert_eq!(out.samples.host().unwrap(), naive(&input.volume, e, which), "{}, {e:?}", input.name);
                }
            }
        }
    }
}
