//! Slope of the power spectrum of a 2-D image: blur makes it steeper.
//!
//! CellProfiler's `PowerLogLogSlope`: the mean is taken off, powers are summed over shells `floor(radius) + 1` in
//! whole frequencies from 2 to below an eighth of the smaller side, and a line is fitted to log power over log shell.
//! Only these low frequencies are computed: a transform of the rows (two at a time, as real and imaginary
//! part), then of the columns that are needed. Plain `f64` in a fixed order.

use crate::simd::wide;
use crate::units::Shape;
use rayon::prelude::*;
use std::f64::consts::PI;

/// Lines that are transformed side by side, in wide registers; each by itself.
pub(super) const LANES: usize = 8;

type Complex = [f64; 2];
/// One place of all lines.
#[derive(Clone, Copy)]
pub(super) struct Lanes {
    pub re: [f64; LANES],
    pub im: [f64; LANES],
}

pub(super) const ZERO: Lanes = Lanes { re: [0.0; LANES], im: [0.0; LANES] };

impl Lanes {
    #[inline(always)]
    fn times(&self, c: Complex) -> Lanes {
        let (a, b) = (&self.re, &self.im);
        Lanes {
            re: std::array::from_fn(|l| a[l] * c[0] - b[l] * c[1]),
            im: std::array::from_fn(|l| a[l] * c[1] + b[l] * c[0]),
        }
    }
    #[inline(always)]
    fn butterfly(&mut self, other: &mut Lanes, turn: Complex) {
        let t = other.times(turn);
        for l in 0..LANES {
            (self.re[l], other.re[l]) = (self.re[l] + t.re[l], self.re[l] - t.re[l]);
            (self.im[l], other.im[l]) = (self.im[l] + t.im[l], self.im[l] - t.im[l]);
        }
    }
}

/// `exp(-i pi k / n)`.
fn turn(k: usize, n: usize) -> Complex {
    let angle = PI * k as f64 / n as f64;
    [libm::cos(angle), -libm::sin(angle)]
}

/// Transforms of a power of two, in place; decimation in time.
fn radix2(data: &mut [Lanes], turns: &[Complex]) {
    let n = data.len();
    let shift = usize::BITS - n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits().checked_shr(shift).unwrap_or(0);
        if i < j {
            data.swap(i, j);
        }
    }
    butterflies(data, turns);
}

/// Places whose lanes stay in the fastest cache.
const BLOCK: usize = 128;

wide! {
    fn butterflies(data: &mut [Lanes], turns: &[Complex]) {
        let n = data.len();
        for block in data.chunks_mut(BLOCK) {
            stages(block, turns, n, 1);
        }
        stages(data, turns, n, BLOCK);
    }
}

/// The stages of a transform of `n` places from blocks of `half` on, as far as `data` reaches: two at a time, so that what
/// is loaded is used twice.
#[inline(always)]
fn stages(data: &mut [Lanes], turns: &[Complex], n: usize, mut half: usize) {
    while 2 * half < data.len() {
        let (first, second) = (n / 2 / half, n / 4 / half);
        for block in data.chunks_exact_mut(4 * half) {
            let (low, high) = block.split_at_mut(2 * half);
            let ((a, b), (c, d)) = (low.split_at_mut(half), high.split_at_mut(half));
            for (j, (((a, b), c), d)) in a.iter_mut().zip(b).zip(c).zip(d).enumerate() {
                let mut four = [*a, *b, *c, *d];
                let [p, q, r, s] = &mut four;
                p.butterfly(q, turns[j * first]);
                r.butterfly(s, turns[j * first]);
                p.butterfly(r, turns[j * second]);
                q.butterfly(s, turns[(j + half) * second]);
                [*a, *b, *c, *d] = four;
            }
        }
        half *= 4;
    }
    if half < data.len() {
        for block in data.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), w) in low.iter_mut().zip(high).zip(turns.iter().step_by(n / 2 / half)) {
                a.butterfly(b, *w);
            }
        }
    }
}

/// A discrete Fourier transform: of a power of two at once, of other lengths as a convolution (Bluestein).
pub(super) struct Transform {
    n: usize,
    turns: Vec<Complex>,
    chirp: Vec<Complex>,
    filter: Vec<Complex>,
}

impl Transform {
    pub fn new(n: usize) -> Self {
        if n.is_power_of_two() {
            let turns = (0..n / 2).map(|k| turn(2 * k, n)).collect();
            return Transform { n, turns, chirp: Vec::new(), filter: Vec::new() };
        }
        let m = (2 * n - 1).next_power_of_two();
        let turns: Vec<Complex> = (0..m / 2).map(|k| turn(2 * k, m)).collect();
        // k^2 modulo 2n keeps the angle small and exact.
        let chirp: Vec<Complex> = (0..n).map(|k| turn(k * k % (2 * n), n)).collect();
        let mut filter = vec![ZERO; m];
        for (k, c) in chirp.iter().enumerate() {
            let there = Lanes { re: [c[0]; LANES], im: [-c[1]; LANES] };
            (filter[k], filter[(m - k) % m]) = (there, there);
        }
        radix2(&mut filter, &turns);
        let filter = filter.iter().map(|f| [f.re[0], f.im[0]]).collect();
        Transform { n, turns, chirp, filter }
    }

    /// In place.
    pub fn run(&self, data: &mut Vec<Lanes>) {
        if self.filter.is_empty() {
            return radix2(data, &self.turns);
        }
        let m = self.filter.len();
        data.iter_mut().zip(&self.chirp).for_each(|(d, c)| *d = d.times(*c));
        data.resize(m, ZERO);
        radix2(data, &self.turns);
        // The inverse is the transform of the conjugate.
        for (w, f) in data.iter_mut().zip(&self.filter) {
            *w = w.times(*f);
            w.im = w.im.map(|v| -v);
        }
        radix2(data, &self.turns);
        let scale = 1.0 / m as f64;
        for (w, c) in data.iter_mut().zip(&self.chirp) {
            *w = Lanes { re: w.re.map(|v| v * scale), im: w.im.map(|v| -v * scale) }.times(*c);
        }
        data.truncate(self.n);
    }
}

/// Blocks of columns that are transformed before their powers are added up.
const AT_ONCE: usize = 256;

/// The slope; nothing for volumes, for images below 32 px on a side, and without power at a frequency.
pub(super) fn slope(samples: &[i32], shape: Shape, mean: f64) -> Option<f64> {
    let (h, w) = (shape.y, shape.x);
    let shells = h.min(w) / 8;
    if !shape.is_flat() || shells < 4 {
        return None;
    }
    let low = low_frequencies(samples, w, shells, mean);
    let columns = Transform::new(h);
    let needed = || (0..shells).chain(h - shells + 1..h);
    let powers = |kx: usize| -> Vec<[f64; LANES]> {
        let at = |row: &[Complex], l: usize, part: usize| row.get(kx + l).map_or(0.0, |c| c[part]);
        let lanes = |row: &Vec<Complex>| Lanes {
            re: std::array::from_fn(|l| at(row, l, 0)),
            im: std::array::from_fn(|l| at(row, l, 1)),
        };
        let mut data: Vec<Lanes> = low.iter().map(lanes).collect();
        columns.run(&mut data);
        let power = |c: &Lanes| std::array::from_fn(|l| c.re[l] * c.re[l] + c.im[l] * c.im[l]);
        needed().map(|ky| power(&data[ky])).collect()
    };
    let mut total = vec![0.0; shells];
    let blocks: Vec<usize> = (0..shells).step_by(LANES).collect();
    // In one order, whatever thread has made the powers; all of them at once would take half the memory of the image.
    for some in blocks.chunks(AT_ONCE) {
        let made: Vec<_> = some.par_iter().map(|&kx| powers(kx)).collect();
        for (block, powers) in some.iter().zip(&made) {
            for (l, kx) in (*block..shells.min(block + LANES)).enumerate() {
                let shell_of = shells_along(kx, shells);
                // A column stands for its mirror image too: the image is real.
                let weight = if kx == 0 { 1.0 } else { 2.0 };
                for (ky, power) in needed().zip(powers) {
                    if let Some(t) = total.get_mut(shell_of[ky.min(h - ky)]) {
                        *t += power[l] * weight;
                    }
                }
            }
        }
    }
    fit(&total)
}

/// The shells of the frequencies `kx` and 0, 1, ...: `floor(radius) + 1`.
fn shells_along(kx: usize, count: usize) -> Vec<usize> {
    let mut radius = kx;
    let shell = |ky: usize| {
        while (radius + 1) * (radius + 1) <= kx * kx + ky * ky {
            radius += 1;
        }
        radius + 1
    };
    (0..count).map(shell).collect()
}

/// The first `keep` frequencies of each row, the mean taken off. Two rows are one line, as real and imaginary part. Each row has memory
/// of its own: together they would be one large block, fresh from the system beside all that rows of tables have left free.
fn low_frequencies(samples: &[i32], w: usize, keep: usize, mean: f64) -> Vec<Vec<Complex>> {
    let rows = Transform::new(w);
    let mut low: Vec<Vec<Complex>> = vec![vec![]; samples.len() / w];
    let blocks = samples.par_chunks(2 * LANES * w).zip(low.par_chunks_mut(2 * LANES));
    blocks.for_each(|(block, low)| {
        let mut f = vec![ZERO; w];
        // Few places at a time, which stay in the cache while one row after the other fills its lane.
        for (k, places) in f.chunks_mut(BLOCK).enumerate() {
            for (row, samples) in block.chunks_exact(w).enumerate() {
                for (place, s) in places.iter_mut().zip(&samples[k * BLOCK..]) {
                    let part = if row % 2 == 0 { &mut place.re } else { &mut place.im };
                    part[row / 2] = f64::from(*s) - mean;
                }
            }
        }
        rows.run(&mut f);
        for (row, low) in low.iter_mut().enumerate() {
            let l = row / 2;
            let split = |k: usize| {
                let (p, q) = (&f[k], &f[(w - k) % w]);
                match row % 2 {
                    0 => [(p.re[l] + q.re[l]) / 2.0, (p.im[l] - q.im[l]) / 2.0],
                    _ => [(p.im[l] + q.im[l]) / 2.0, (q.re[l] - p.re[l]) / 2.0],
                }
            };
            *low = (0..keep).map(split).collect();
        }
    });
    low
}

/// Least squares line through log power over log shell, for the shells from 2 on.
fn fit(total: &[f64]) -> Option<f64> {
    let points: Vec<[f64; 2]> =
        (2..total.len()).filter(|&k| total[k] > 0.0).map(|k| [libm::log(k as f64), libm::log(total[k])]).collect();
    let n = points.len() as f64;
    let [mx, my] = [0, 1].map(|i| points.iter().map(|p| p[i]).sum::<f64>() / n);
    let over = points.iter().map(|p| (p[0] - mx) * (p[1] - my)).sum::<f64>();
    let under = points.iter().map(|p| (p[0] - mx) * (p[0] - mx)).sum::<f64>();
    (points.len() > 1).then(|| over / under)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_whole_radii() {
        for kx in [0, 1, 3, 200] {
            let want: Vec<usize> = (0..300).map(|ky: usize| (kx * kx + ky * ky).isqrt() + 1).collect();
            assert_eq!(shells_along(kx, 300), want);
        }
    }

    #[test]
    fn equals_the_sum_by_definition() {
        for n in [1, 2, 7, 8, 12, 35] {
            let data: Vec<Complex> = (0..n).map(|i| [(i * i % 11) as f64, (i * 5 % 7) as f64]).collect();
            let mut got: Vec<Lanes> = data.iter().map(|d| Lanes { re: [d[0]; LANES], im: [d[1]; LANES] }).collect();
            Transform::new(n).run(&mut got);
            for (k, g) in got.iter().map(|g| [g.re[LANES - 1], g.im[LANES - 1]]).enumerate() {
                let mut want = [0.0; 2];
                for (i, d) in data.iter().enumerate() {
                    let (d, t) = (*d, turn(2 * i * k, n));
                    let p = [d[0] * t[0] - d[1] * t[1], d[0] * t[1] + d[1] * t[0]];
                    want = [want[0] + p[0], want[1] + p[1]];
                }
                assert!((g[0] - want[0]).abs() + (g[1] - want[1]).abs() < 1e-10, "{n} {k} {g:?} {want:?}");
            }
        }
    }
}
