//! Extremes in boxes and balls on the CPU, strip by strip of neighbouring columns.
//!
//! Along x windows double, and the extreme of two windows that touch or overlap is that of a window between them: so all
//! half-widths come from those of powers of two. Along y the rows of a box are taken in sets (van Herk 1992, Gil and Werman
//! 1993). A ball is a set of rows: each row of the image passes by once and goes into all rows that it reaches, neighbours of
//! the same length together.

use super::morphology_elements::{Chord, Extreme};
use crate::simd::{self, Sample, wide};
use crate::units::Shape;
use rayon::prelude::*;

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
pub(super) fn boxes<T: Sample>(src: &[T], out: &mut [T], shape: Shape, [rz, ry, rx]: [usize; 3], which: Extreme) {
    if rz == 0 {
        return plane(src, out, shape, ry, rx, which);
    }
    let mut flat = simd::zeros(src.len());
    plane(src, &mut flat, shape, ry, rx, which);
    plane(&flat, out, Shape::flat(shape.z, shape.y * shape.x), rz, 0, which);
}

fn plane<T: Sample>(src: &[T], out: &mut [T], shape: Shape, ry: usize, rx: usize, which: Extreme) {
    simd::blocks(out, shape).into_par_iter().for_each_init(Strip::default, |work, (z, first, out)| {
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
        Extreme::Smallest => rows.for_each(|((o, &a), &b)| *o = a.min(b)),
        Extreme::Largest => rows.for_each(|((o, &a), &b)| *o = a.max(b)),
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
        Extreme::Smallest => both.for_each(|(o, &s)| *o = s.min(*o)),
        Extreme::Largest => both.for_each(|(o, &s)| *o = s.max(*o)),
    }
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
pub(super) fn ball<T: Sample>(src: &[T], out: &mut [T], shape: Shape, chords: &[Chord], which: Extreme) {
    let reach_of = |a: usize| chords.iter().flat_map(|c| &c.rows).map(|r| r[a].unsigned_abs() as usize).max();
    let (reach_z, reach_y) = (reach_of(0).unwrap_or(0), reach_of(1).unwrap_or(0));
    let stages = stages(chords);
    simd::blocks(out, shape).into_par_iter().for_each_init(Strip::default, |work, (z, first, out)| {
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
