//! The Gaussian filter by weights on the CPU: all axes in one walk over the image.

use super::histogram::range;
use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::simd::{Axis, Blank, Border, Narrow, floor, new_columns, pad, span_of_row, wide};
use crate::units::Shape;

/// Rows of a volume that one thread takes through all its slices, and the least of a single slice: the rows around them are filtered
/// twice, and what it holds of their neighbours in depth should stay in its cache.
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
    range: Ends,
}

/// The least and the greatest of some samples.
type Ends = (i32, i32);

fn both(a: Ends, b: Ends) -> Ends {
    (a.0.min(b.0), a.1.max(b.1))
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
    fn of((least, most): Ends) -> Self {
        const HALF: i32 = 1 << 30;
        match Narrow::between((least, most)) {
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
    /// Between which samples they lie.
    of_rows: Vec<Ends>,
    slices: Vec<i32>,
}

/// Filters along z, y, x by these weights; one weight leaves an axis as it is.
pub(super) fn twin(src: &Volume, weights: &[Vec<u32>; 3], border: Border) -> Result<Vec<i32>> {
    let samples = src.samples.host()?;
    let walk = Walk { src: samples, shape: src.shape, weights, border, range: range(&Device::Cpu, src)? };
    let Shape { z, y, x, .. } = src.shape;
    if weights[0].len() > 1 {
        let slices = Axis { size: z, stride: y * x };
        let band = |rings: &mut Rings, _, from, slices: &mut [Blank<i32>]| walk.band(from / x, slices, rings);
        return Ok(new_columns(samples.len(), slices, Some(ROWS * x), Rings::default, band));
    }
    // Slices by themselves; a single one in bands of rows.
    let band = if z > 1 { y } else { y.div_ceil(4 * rayon::current_num_threads()).max(ROWS) };
    let strip = |rings: &mut Rings, run, left, rows: &mut [Blank<i32>]| {
        let (z, first) = if z > 1 { (run, 0) } else { (0, run * band) };
        walk.strip(z, first, left, rows.iter_mut().map(Blank::voxels), rings);
    };
    Ok(new_columns(samples.len(), Axis { size: band, stride: x }, Some(STRIP), Rings::default, strip))
}

impl Walk<'_> {
    /// The band from row `first` on, slice by slice.
    fn band(&self, first: usize, out: &mut [Blank<i32>], rings: &mut Rings) {
        let (weights, depth) = (&self.weights[0], self.shape.z);
        let (radius, size) = (weights.len() - 1, out.first_mut().map_or(0, |o| o.voxels().len()));
        let held = 2 * radius + 1;
        let mut ring = std::mem::take(&mut rings.slices);
        ring.resize(ring.len().max(held * size), 0);
        let (mut starts, mut of_slices, mut next) = (vec![0; held], vec![self.range; held], 0);
        for (z, out) in out.iter_mut().enumerate() {
            while next <= (z + radius).min(depth - 1) {
                of_slices[next % held] = self.rows(next, first, &mut ring[next % held * size..][..size], rings);
                next += 1;
            }
            let mut ends = of_slices[z % held];
            for (k, start) in starts.iter_mut().enumerate() {
                let place = self.border.index((z + k) as isize - radius as isize, depth) % held;
                (*start, ends) = (place * size, both(ends, of_slices[place]));
            }
            blend(out.voxels(), &ring, &starts, weights, ends);
        }
        rings.slices = ring;
    }

    /// Rows of one slice from `first` on, along x and y; between which samples they lie.
    fn rows(&self, z: usize, first: usize, out: &mut [i32], rings: &mut Rings) -> Ends {
        let n = self.shape.x;
        let mut all = (i32::MAX, i32::MIN);
        for left in (0..n).step_by(STRIP) {
            let out = out.chunks_mut(n).map(|row| &mut row[left..n.min(left + STRIP)]);
            all = both(all, self.strip(z, first, left, out, rings));
        }
        all
    }

    /// What these rows have from column `left` on.
    fn strip<'o>(
        &self,
        z: usize,
        first: usize,
        left: usize,
        out: impl Iterator<Item = &'o mut [i32]>,
        rings: &mut Rings,
    ) -> Ends {
        let (weights, height) = (&self.weights[1], self.shape.y);
        let (radius, held) = (weights.len() - 1, 2 * weights.len() - 1);
        let (mut all, mut next) = ((i32::MAX, i32::MIN), first.saturating_sub(radius));
        let mut starts = vec![0; held];
        rings.of_rows.resize(held, self.range);
        for (y, out) in (first..).zip(out) {
            if radius == 0 {
                all = both(all, self.row(z, y, left, out, &mut rings.padded));
                continue;
            }
            let width = out.len();
            rings.rows.resize(rings.rows.len().max(held * width), 0);
            while next <= (y + radius).min(height - 1) {
                let row = &mut rings.rows[next % held * width..][..width];
                rings.of_rows[next % held] = self.row(z, next, left, row, &mut rings.padded);
                next += 1;
            }
            let mut ends = rings.of_rows[y % held];
            for (k, start) in starts.iter_mut().enumerate() {
                let place = self.border.index((y + k) as isize - radius as isize, height) % held;
                (*start, ends) = (place * width, both(ends, rings.of_rows[place]));
            }
            blend(out, &rings.rows, &starts, weights, ends);
            all = both(all, ends);
        }
        all
    }

    /// One row along x, from `left` on; between which samples it lies.
    fn row(&self, z: usize, y: usize, left: usize, out: &mut [i32], padded: &mut Vec<i32>) -> Ends {
        let (weights, n) = (&self.weights[2], self.shape.x);
        let (line, radius) = (&self.src[(z * self.shape.y + y) * n..][..n], weights.len() - 1);
        if radius == 0 {
            out.copy_from_slice(&line[left..left + out.len()]);
            return self.ends(out);
        }
        let starts: Vec<usize> = (0..=2 * radius).collect();
        let width = out.len() + 2 * radius;
        let inside = left >= radius && left - radius + width <= n;
        if !inside {
            padded.resize(width, 0);
            pad(self.border, line, left as isize - radius as isize, padded);
        }
        let samples = if inside { &line[left - radius..][..width] } else { padded };
        let ends = self.ends(samples);
        blend(out, samples, &starts, weights, ends);
        ends
    }

    /// Between which numbers these samples lie. Where those of all the image fit words there is nothing to be gained by a closer look.
    fn ends(&self, samples: &[i32]) -> Ends {
        match Narrow::between(self.range) {
            Some(_) => self.range,
            None => span_of_row(samples),
        }
    }
}

/// Weighted means of samples between these two.
fn blend(out: &mut [i32], rows: &[i32], starts: &[usize], weights: &[u32], ends: Ends) {
    match Size::of(ends) {
        Size::Words(low) => blend_words(out, rows, starts, weights, low),
        Size::Halves => blend_halves(out, rows, starts, weights),
        Size::Any => blend_any(out, rows, starts, weights),
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

#[cfg(test)]
mod tests {
    //! Oracle: the definition in whole numbers, one axis after the other.
    use super::*;
    use crate::device::Buffer;

    fn definition(v: &Volume, weights: &[Vec<u32>; 3], border: Border) -> Vec<i32> {
        let mut now = v.samples.host().unwrap().to_vec();
        for a in [2, 1, 0] {
            let before = now.clone();
            for (i, out) in now.iter_mut().enumerate() {
                let at = v.shape.position(i);
                let tap = |d: isize| {
                    let mut q = at;
                    q[a] = border.index(at[a] as isize + d, v.shape.zyx()[a]);
                    i64::from(before[v.shape.index(q[0], q[1], q[2])])
                };
                let pair = |d: usize| i64::from(weights[a][d]) * (tap(d as isize) + tap(-(d as isize)));
                let sum = i64::from(weights[a][0]) * tap(0) + (1..weights[a].len()).map(pair).sum::<i64>();
                *out = ((sum + 0x8000) >> 16) as i32;
            }
        }
        now
    }

    #[test]
    fn parts_of_an_image_that_fit_words_are_as_all_others() {
        let few = vec![40_000, 10_000, 2_768];
        let [one, many] = [vec![1 << 16], vec![65_536 - 2 * 6 * 4000, 4000, 4000, 4000, 4000, 4000, 4000]];
        for (shape, weights) in [
            (Shape::flat(70, 1100), [one.clone(), few.clone(), many.clone()]),
            (Shape::flat(70, 1100), [one.clone(), one.clone(), few.clone()]),
            (Shape::flat(70, 1100), [one.clone(), many.clone(), one]),
            (Shape::new(7, 40, 530), [few.clone(), many, few]),
        ] {
            for level in [40_000, 200_000, i32::MAX - 2000] {
                // Half of the columns and some rows are bright, and in the dark ones a few voxels are below 0.
                let sample = |i: usize| {
                    let [z, y, x] = shape.position(i);
                    let noise = ((i * 7919) % 1999) as i32;
                    if x > shape.x / 2 || y == 20 || z == 5 { level + noise - 1000 } else { noise - 10 }
                };
                let v = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
                for border in [Border::Nearest, Border::Reflect] {
                    let out = v.with(Buffer::on_host(twin(&v, &weights, border).unwrap()));
                    assert_eq!(out.samples.host().unwrap(), definition(&v, &weights, border), "{shape} {level}");
                }
            }
        }
    }
}
