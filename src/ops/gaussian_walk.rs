//! The Gaussian filter by weights on the CPU: all axes in one walk over the image.

use crate::Result;
use crate::image::Volume;
use crate::simd::{self, Border, Narrow, floor, pad, span, wide};
use crate::units::Shape;
use rayon::prelude::*;

/// Rows of a volume that one thread takes through all its slices: the rows around them are filtered twice, and what it
/// holds of their neighbours in depth should stay in its cache.
const ROWS: usize = 32;

/// Columns that are filtered at a time: what is held of them then stays in the nearest cache.
const STRIP: usize = 512;

/// All axes in one walk over the image, x before y before z as on the GPU. A thread takes a band of rows; of the rows and
/// slices that are filtered so far it keeps as many as the kernel reaches over, in rings.
struct Walk<'a> {
    src: &'a [i32],
    shape: Shape,
    /// Along z, y, x; one weight leaves an axis as it is.
    weights: &'a [Vec<u32>; 3],
    border: Border,
    size: Size,
}

/// How large samples are, and so what sums of them fit.
#[derive(Clone, Copy)]
enum Size {
    /// All lie within 65535 above this one: a weighted sum fits a word.
    Words(i32),
    /// The sum of two fits 32 bits.
    Halves,
    Any,
}

impl Size {
    fn of(samples: &[i32]) -> Self {
        const HALF: i32 = 1 << 30;
        let (least, most) = span(samples);
        match Narrow::between(least, most) {
            Some(narrow) => Size::Words(narrow.low),
            None if least >= -HALF && most < HALF => Size::Halves,
            None => Size::Any,
        }
    }
}

/// What a thread works in.
#[derive(Default)]
struct Rings {
    padded: Vec<i32>,
    rows: Vec<i32>,
    slices: Vec<i32>,
}

/// Filters along z, y, x by these weights; one weight leaves an axis as it is.
pub(super) fn twin(src: &Volume, weights: &[Vec<u32>; 3], border: Border) -> Result<Vec<i32>> {
    let samples = src.samples.host()?;
    let walk = Walk { src: samples, shape: src.shape, weights, border, size: Size::of(samples) };
    let Shape { y, x, .. } = src.shape;
    let jobs = 4 * rayon::current_num_threads();
    let band = if weights[0].len() == 1 { y.div_ceil(jobs).max(ROWS) } else { ROWS };
    let mut out: Vec<i32> = simd::zeros(walk.src.len());
    let mut bands: Vec<Vec<&mut [i32]>> = (0..y.div_ceil(band)).map(|_| Vec::with_capacity(src.shape.z)).collect();
    for slice in out.chunks_mut((y * x).max(1)) {
        bands.iter_mut().zip(slice.chunks_mut(band * x)).for_each(|(b, rows)| b.push(rows));
    }
    let jobs = bands.into_par_iter().enumerate();
    jobs.for_each_init(Rings::default, |rings, (k, mut slices)| walk.band(k * band, &mut slices, rings));
    Ok(out)
}

impl Walk<'_> {
    /// The band from row `first` on, slice by slice.
    fn band(&self, first: usize, out: &mut [&mut [i32]], rings: &mut Rings) {
        let (weights, depth) = (&self.weights[0], self.shape.z);
        if weights.len() == 1 {
            out.iter_mut().enumerate().for_each(|(z, out)| self.rows(z, first, out, rings));
            return;
        }
        let (radius, size) = (weights.len() - 1, out.first().map_or(0, |o| o.len()));
        let held = 2 * radius + 1;
        let mut ring = std::mem::take(&mut rings.slices);
        ring.resize(ring.len().max(held * size), 0);
        let (mut starts, mut next) = (vec![0; held], 0);
        for (z, out) in out.iter_mut().enumerate() {
            while next <= (z + radius).min(depth - 1) {
                self.rows(next, first, &mut ring[next % held * size..][..size], rings);
                next += 1;
            }
            for (k, start) in starts.iter_mut().enumerate() {
                *start = self.border.index((z + k) as isize - radius as isize, depth) % held * size;
            }
            self.blend(out, &ring, &starts, weights);
        }
        rings.slices = ring;
    }

    /// Rows of one slice from `first` on, along x and y, strip by strip.
    fn rows(&self, z: usize, first: usize, out: &mut [i32], rings: &mut Rings) {
        let (weights, n) = (&self.weights[1], self.shape.x);
        let (radius, height) = (weights.len() - 1, self.shape.y);
        if radius == 0 {
            out.chunks_mut(n).enumerate().for_each(|(k, out)| self.row(z, first + k, 0, out, &mut rings.padded));
            return;
        }
        let held = 2 * radius + 1;
        let mut starts = vec![0; held];
        for left in (0..n).step_by(STRIP) {
            let width = STRIP.min(n - left);
            rings.rows.resize(rings.rows.len().max(held * width), 0);
            let mut next = first.saturating_sub(radius);
            for (y, out) in (first..).zip(out.chunks_mut(n)) {
                while next <= (y + radius).min(height - 1) {
                    self.row(z, next, left, &mut rings.rows[next % held * width..][..width], &mut rings.padded);
                    next += 1;
                }
                for (k, start) in starts.iter_mut().enumerate() {
                    *start = self.border.index((y + k) as isize - radius as isize, height) % held * width;
                }
                self.blend(&mut out[left..left + width], &rings.rows, &starts, weights);
            }
        }
    }

    /// One row along x, from `left` on.
    fn row(&self, z: usize, y: usize, left: usize, out: &mut [i32], padded: &mut Vec<i32>) {
        let (weights, n) = (&self.weights[2], self.shape.x);
        let (line, radius) = (&self.src[(z * self.shape.y + y) * n..][..n], weights.len() - 1);
        if radius == 0 {
            out.copy_from_slice(&line[left..left + out.len()]);
            return;
        }
        let starts: Vec<usize> = (0..=2 * radius).collect();
        let width = out.len() + 2 * radius;
        if left >= radius && left - radius + width <= n {
            return self.blend(out, &line[left - radius..][..width], &starts, weights);
        }
        padded.resize(width, 0);
        pad(self.border, line, left as isize - radius as isize, padded);
        self.blend(out, padded, &starts, weights);
    }

    fn blend(&self, out: &mut [i32], rows: &[i32], starts: &[usize], weights: &[u32]) {
        match self.size {
            Size::Words(low) => blend_words(out, rows, starts, weights, low),
            Size::Halves => blend_halves(out, rows, starts, weights),
            Size::Any => blend_any(out, rows, starts, weights),
        }
    }
}

/// Columns whose sums stay in registers.
const BLOCK: usize = 64;
/// The same at the end of a row.
const SMALL: usize = 8;

/// Whole blocks, then small ones, then column by column: loops of a known length.
macro_rules! in_blocks {
    ($some:ident, $out:ident, $rows:expr, $starts:expr, $($more:expr),+) => {{
        let mut at = 0;
        let (blocks, rest) = $out.as_chunks_mut::<BLOCK>();
        for out in blocks {
            $some(out, $rows, $starts, at, $($more),+);
            at += BLOCK;
        }
        let (blocks, rest) = rest.as_chunks_mut::<SMALL>();
        for out in blocks {
            $some(out, $rows, $starts, at, $($more),+);
            at += SMALL;
        }
        for out in rest {
            $some(std::array::from_mut(out), $rows, $starts, at, $($more),+);
            at += 1;
        }
    }};
}

wide! {
    /// The weighted mean of the rows that begin at `starts`, the middle one at the centre. Samples lie within 65535
    /// above `low`, so the sum of what they are above it fits a word, and words that wrap around give that sum.
    fn blend_words(out: &mut [i32], rows: &[i32], starts: &[usize], weights: &[u32], low: i32) {
        in_blocks!(some_words, out, rows, starts, weights, low);
    }
}

/// Columns from `at` on.
#[inline(always)]
fn some_words<const N: usize>(
    out: &mut [i32; N],
    rows: &[i32],
    starts: &[usize],
    at: usize,
    weights: &[u32],
    low: i32,
) {
    let radius = weights.len() - 1;
    let row = |k: usize| &rows[starts[k] + at..][..N];
    let mut sums = [0x8000u32.wrapping_sub((low as u32) << 16); N];
    for (sum, &s) in sums.iter_mut().zip(row(radius)) {
        *sum = sum.wrapping_add(weights[0].wrapping_mul(s as u32));
    }
    for (k, &weight) in weights.iter().enumerate().skip(1) {
        for ((sum, &s), &t) in sums.iter_mut().zip(row(radius - k)).zip(row(radius + k)) {
            *sum = sum.wrapping_add(weight.wrapping_mul(s.wrapping_add(t) as u32));
        }
    }
    for (o, &sum) in out.iter_mut().zip(&sums) {
        *o = low.wrapping_add((sum >> 16) as i32);
    }
}

wide! {
    /// The same for samples of any size: the sums are whole numbers below 2^48, exact in f64.
    fn blend_any(out: &mut [i32], rows: &[i32], starts: &[usize], weights: &[u32]) {
        let two = |s: i32, t: i32| f64::from(s) + f64::from(t);
        in_blocks!(some_wide, out, rows, starts, weights, &two);
    }
}

wide! {
    /// The same where two samples add up in 32 bits.
    fn blend_halves(out: &mut [i32], rows: &[i32], starts: &[usize], weights: &[u32]) {
        let two = |s: i32, t: i32| f64::from(s.wrapping_add(t));
        in_blocks!(some_wide, out, rows, starts, weights, &two);
    }
}

#[inline(always)]
fn some_wide<const N: usize>(
    out: &mut [i32; N],
    rows: &[i32],
    starts: &[usize],
    at: usize,
    weights: &[u32],
    two: &impl Fn(i32, i32) -> f64,
) {
    let radius = weights.len() - 1;
    let row = |k: usize| &rows[starts[k] + at..][..N];
    let mut sums = [32_768.5f64; N];
    for (sum, &s) in sums.iter_mut().zip(row(radius)) {
        *sum += f64::from(weights[0]) * f64::from(s);
    }
    for (k, &weight) in weights.iter().enumerate().skip(1) {
        for ((sum, &s), &t) in sums.iter_mut().zip(row(radius - k)).zip(row(radius + k)) {
            *sum += f64::from(weight) * two(s, t);
        }
    }
    for (o, &sum) in out.iter_mut().zip(&sums) {
        *o = floor(sum / 65_536.0);
    }
}
