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
use super::lanes::{self, Axis, wide};
use super::narrow::{Narrow, Sample};
use super::{Case, Op, pixelwise};
use crate::device::kernel::{Kernel, read, write};
use crate::device::{Buffer, Device, Gpu};
use crate::units::Shape;
use crate::volume::{Scale, Volume};
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
/// A ball with a radius that is negative or over 1000 voxels; the device is lost or too small.
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

/// One extreme after the other.
fn extremes(device: &Device, src: &Volume, element: &Element, order: &[Extreme], take: Take) -> Result<Volume> {
    let shape = src.shape;
    // A window that reaches over the whole line has nothing more to find.
    let reach_of = |r: [usize; 3]| std::array::from_fn(|a| r[a].min(shape.zyx()[a].saturating_sub(1)));
    let on_gpu = |extreme: Buffer<i32>| -> Result<Buffer<i32>> {
        Ok(match take {
            Take::Extreme => extreme,
            Take::Above => pixelwise::subtract(device, src, &src.with(extreme))?.samples,
            Take::Below => pixelwise::subtract(device, &src.with(extreme), src)?.samples,
        })
    };
    let samples = match (element, device) {
        (Element::Box(radius), Device::Cpu) => {
            let (samples, r) = (src.samples.host()?, reach_of(*radius));
            twin(samples, order, take, |s, o, w| boxes(s, o, shape, r, w), |s, o, w| boxes(s, o, shape, r, w))
        }
        (Element::Ball(radii), Device::Cpu) => {
            let (samples, c) = (src.samples.host()?, chords(*radii)?);
            twin(samples, order, take, |s, o, w| ball(s, o, shape, &c, w), |s, o, w| ball(s, o, shape, &c, w))
        }
        (Element::Box(radius), Device::Gpu(gpu)) => {
            let axes = axes(shape, reach_of(*radius));
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
    let offset = if take == Take::Extreme { src.scale.offset } else { 0.0 };
    Ok(Volume { scale: Scale { offset, ..src.scale }, ..src.with(samples) })
}

/// In 16 bits where the samples allow it.
fn twin(
    samples: &[i32],
    order: &[Extreme],
    take: Take,
    narrow: impl Fn(&[u16], &mut [u16], Extreme),
    wide: impl Fn(&[i32], &mut [i32], Extreme),
) -> Buffer<i32> {
    Buffer::on_host(match Narrow::of(samples) {
        Some(Narrow { low, words }) => {
            taken(samples, &in_turn(words, order, narrow), take, |w| low.wrapping_add(w.into()))
        }
        None => taken(samples, &in_turn(samples.to_vec(), order, wide), take, |s| s),
    })
}

fn in_turn<T: Sample>(mut now: Vec<T>, order: &[Extreme], step: impl Fn(&[T], &mut [T], Extreme)) -> Vec<T> {
    let mut next = lanes::zeros(now.len());
    for &which in order {
        step(&now, &mut next, which);
        std::mem::swap(&mut now, &mut next);
    }
    now
}

fn taken<T: Sample>(samples: &[i32], extreme: &[T], take: Take, of: impl Fn(T) -> i32 + Sync) -> Vec<i32> {
    match take {
        Take::Extreme => lanes::map(extreme, of),
        Take::Above => lanes::map2(samples, extreme, |s, e| s.saturating_sub(of(e))),
        Take::Below => lanes::map2(samples, extreme, |s, e| of(e).saturating_sub(s)),
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

/// Columns that a thread takes at a time: the rows that an element reaches over then stay in the nearest cache. The last strip
/// of an image goes beyond it.
const STRIP: usize = 512;

/// A row of a strip, on whole lines of the cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Row<T>([T; STRIP]);

/// What a thread works in.
#[derive(Default)]
struct Strip<T> {
    /// Rows one below the other.
    tile: Vec<Row<T>>,
    /// Windows of one row, of this half-width, with what wider ones reach over on both sides.
    windows: Vec<T>,
    half: usize,
    /// The next ones.
    wider: Vec<T>,
    /// Windows of the rows before, for each chord of a ball.
    before: Vec<Vec<Row<T>>>,
}

/// Windows along x and y in one walk, then along z.
fn boxes<T: Sample>(src: &[T], out: &mut [T], shape: Shape, [rz, ry, rx]: [usize; 3], which: Extreme) {
    if rz == 0 {
        return plane(src, out, shape, ry, rx, which);
    }
    let mut flat = lanes::zeros(src.len());
    plane(src, &mut flat, shape, ry, rx, which);
    plane(&flat, out, Shape::flat(shape.z, shape.y * shape.x), rz, 0, which);
}

fn plane<T: Sample>(src: &[T], out: &mut [T], shape: Shape, ry: usize, rx: usize, which: Extreme) {
    lanes::blocks(out, shape).into_par_iter().for_each_init(Strip::default, |work, (z, first, out)| {
        for left in (0..shape.x).step_by(STRIP) {
            work.tile.clear();
            for y in first..first + out.len() / shape.x + 2 * ry {
                // Beyond the edge its row is repeated: a window that reaches there holds it anyway.
                let y = y.saturating_sub(ry).min(shape.y - 1);
                window(work, &src[shape.index(z, y, 0)..][..shape.x], left, rx, which);
            }
            slide(out, shape.x, left, &mut work.tile, ry, which);
        }
    });
}

wide! {
    /// Windows of a row, at the end of the tile.
    fn window<T: Sample>(work: &mut Strip<T>, row: &[T], left: usize, radius: usize, which: Extreme) {
        begin(work, row, left, radius);
        let (first, last) = grow(work, radius, radius, which);
        let mut row = Row([T::default(); STRIP]);
        two(&mut row.0, first, last, which);
        work.tile.push(row);
    }
}

wide! {
    /// Windows of `2 radius + 1` rows of a tile, into a strip of a block of rows of this length. Rows are taken in sets as
    /// long as a window: every window is the end of one set and the start of the next, whose extremes grow row by row
    /// (van Herk 1992, Gil and Werman 1993).
    fn slide<T: Sample>(
        out: &mut [T], length: usize, left: usize, tile: &mut [Row<T>], radius: usize, which: Extreme,
    ) {
        let (size, width) = (2 * radius + 1, STRIP.min(length - left));
        let mut rows = tile;
        for out in out.chunks_mut(size * length) {
            let (set, behind) = rows.split_at_mut(size);
            for k in (1..size).rev() {
                let (row, later) = set.split_at_mut(k);
                merge(&mut row[k - 1], &later[0], which);
            }
            let mut start = set[0];
            for (k, (out, end)) in out.chunks_exact_mut(length).zip(&mut *set).enumerate() {
                match k {
                    0 => {}
                    1 => start = behind[0],
                    _ => merge(&mut start, &behind[k - 1], which),
                }
                merge(end, &start, which);
                out[left..left + width].copy_from_slice(&end.0[..width]);
            }
            rows = behind;
        }
    }
}

/// Takes the strip of a row from `left` on, with `reach` more on both sides. Beyond the row its ends are repeated: a window
/// that reaches there holds them anyway.
#[inline(always)]
fn begin<T: Sample>(work: &mut Strip<T>, row: &[T], left: usize, reach: usize) {
    let (from, to) = (left.saturating_sub(reach), (left + STRIP + reach).min(row.len()));
    work.windows.clear();
    work.windows.resize(reach + from - left, row[0]);
    work.windows.extend_from_slice(&row[from..to]);
    work.windows.resize(STRIP + 2 * reach, row[row.len() - 1]);
    work.wider.resize(work.windows.len(), T::default());
    work.half = 0;
}

/// Two rows whose extremes are the windows of half-width `half`, no less than before and at most the `reach` that all began
/// with. Two windows that touch make one of up to twice the width, so windows double while those two would not touch.
#[inline(always)]
fn grow<T: Sample>(work: &mut Strip<T>, half: usize, reach: usize, which: Extreme) -> (&[T], &[T]) {
    while 2 * work.half < half {
        let step = work.half.max(1);
        let left = work.windows.len() - 2 * step;
        work.wider.truncate(left);
        two(&mut work.wider, &work.windows, &work.windows[2 * step..], which);
        if work.half == 0 {
            extend(&mut work.wider, &work.windows[1..], which);
        }
        std::mem::swap(&mut work.windows, &mut work.wider);
        work.half += step;
    }
    let at = |first: usize| &work.windows[first..][..STRIP];
    (at(reach - half), at(reach + half - 2 * work.half))
}

#[inline(always)]
fn two<T: Sample>(out: &mut [T], a: &[T], b: &[T], which: Extreme) {
    let rows = out.iter_mut().zip(a).zip(b);
    match which {
        Smallest => rows.for_each(|((o, &a), &b)| *o = a.min(b)),
        Largest => rows.for_each(|((o, &a), &b)| *o = a.max(b)),
    }
}

#[inline(always)]
fn merge<T: Sample>(out: &mut Row<T>, row: &Row<T>, which: Extreme) {
    extend(&mut out.0, &row.0, which);
}

#[inline(always)]
fn extend<T: Sample>(out: &mut [T], row: &[T], which: Extreme) {
    let both = out.iter_mut().zip(row);
    match which {
        Smallest => both.for_each(|(o, &s)| *o = s.min(*o)),
        Largest => both.for_each(|(o, &s)| *o = s.max(*o)),
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

/// What becomes of the windows of one half-width as rows pass by.
struct Stage {
    half: usize,
    /// Extremes of 1, 2, 4, ... 2^doublings rows up to the one that passes are made.
    doublings: usize,
    /// Which of them goes where: slices from the row that passes to the one that it belongs to, log2 of the rows, rows back.
    goes: Vec<(isize, usize, isize)>,
}

/// Neighbouring rows of the same chord are taken together: as two sets, which may overlap, of 2^k rows.
fn stages(chords: &[Chord]) -> Vec<Stage> {
    let stage = |chord: &Chord| {
        let (mut goes, mut doublings) = (Vec::new(), 0);
        for run in chord.rows.chunk_by(|a, b| a[0] == b[0] && a[1] + 1 == b[1]) {
            let (k, [z, first], last) = (run.len().ilog2(), run[0], run[run.len() - 1][1]);
            goes.push((z as isize, k as usize, last as isize));
            if run.len() > 1 << k {
                goes.push((z as isize, k as usize, first as isize + (1 << k) - 1));
            }
            doublings = doublings.max(k as usize);
        }
        Stage { half: chord.half, doublings, goes }
    };
    chords.iter().map(stage).collect()
}

/// Every source row that reaches a block passes through all stages, strip by strip.
fn ball<T: Sample>(src: &[T], out: &mut [T], shape: Shape, chords: &[Chord], which: Extreme) {
    let reach_of = |a: usize| chords.iter().flat_map(|c| &c.rows).map(|r| r[a].unsigned_abs() as usize).max();
    let (reach_z, reach_y) = (reach_of(0).unwrap_or(0), reach_of(1).unwrap_or(0));
    let stages = stages(chords);
    lanes::blocks(out, shape).into_par_iter().for_each_init(Strip::default, |work, (z, first, out)| {
        let rows = out.len() / shape.x;
        work.before = stages.iter().map(|s| vec![Row([T::default(); STRIP]); (1 << s.doublings) - 1]).collect();
        for left in (0..shape.x).step_by(STRIP) {
            let width = STRIP.min(shape.x - left);
            work.tile.clear();
            for y in first..first + rows {
                let mut row = Row([T::default(); STRIP]);
                row.0[..width].copy_from_slice(&src[shape.index(z, y, left)..][..width]);
                work.tile.push(row);
            }
            for qz in z.saturating_sub(reach_z)..(z + reach_z + 1).min(shape.z) {
                for y in 0..rows + 2 * reach_y {
                    // Beyond the edge its row is repeated: in the middle of the ball it has a longer chord anyway.
                    let qy = (first + y).saturating_sub(reach_y).min(shape.y - 1);
                    let row = &src[shape.index(qz, qy, 0)..][..shape.x];
                    pass(work, row, left, &stages, [qz as isize - z as isize, y as isize - reach_y as isize], which);
                }
            }
            for (out, row) in out.chunks_exact_mut(shape.x).zip(&work.tile) {
                out[left..left + width].copy_from_slice(&row.0[..width]);
            }
        }
    });
}

wide! {
    /// A row that lies `away` from the first row of a tile, in z and y, passes through all stages.
    fn pass<T: Sample>(work: &mut Strip<T>, row: &[T], left: usize, stages: &[Stage], away: [isize; 2], which: Extreme) {
        let reach = stages.last().map_or(0, |s| s.half);
        begin(work, row, left, reach);
        for (k, stage) in stages.iter().enumerate() {
            let (first, last) = grow(work, stage.half, reach, which);
            let mut set = Row([T::default(); STRIP]);
            two(&mut set.0, first, last, which);
            let Strip { tile, before, .. } = &mut *work;
            send(tile, &set, stage, 0, away, which);
            for level in 1..=stage.doublings {
                let rows = 1 << (level - 1);
                let earlier = &mut before[k][rows - 1 + away[1].rem_euclid(rows as isize) as usize];
                let older = std::mem::replace(earlier, set);
                merge(&mut set, &older, which);
                send(tile, &set, stage, level, away, which);
            }
        }
    }
}

/// The extreme of a set of rows goes into the rows of a tile that it belongs to.
#[inline(always)]
fn send<T: Sample>(tile: &mut [Row<T>], set: &Row<T>, stage: &Stage, level: usize, away: [isize; 2], which: Extreme) {
    for &(z, of, y) in &stage.goes {
        let row = usize::try_from(away[1] - y).unwrap_or(usize::MAX);
        if of == level
            && z == away[0]
            && let Some(row) = tile.get_mut(row)
        {
            merge(row, set, which);
        }
    }
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
