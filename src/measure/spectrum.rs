//! Slope of the power spectrum of a 2-D image: blur makes it steeper.
//!
//! CellProfiler's `PowerLogLogSlope`: the mean is taken off, powers are summed over shells `floor(radius) + 1` in
//! whole frequencies from 2 to below an eighth of the smaller side, and a line is fitted to log power over log shell.
//! Only these low frequencies are computed: a transform of the rows (two at a time, as real and imaginary
//! part), then of the columns that are needed. Plain `f64` in a fixed order.

use crate::units::Shape;
use rayon::prelude::*;
use std::f64::consts::PI;

type Complex = [f64; 2];

fn mul(a: Complex, b: Complex) -> Complex {
    [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]]
}

/// `exp(-i pi k / n)`.
fn turn(k: usize, n: usize) -> Complex {
    let angle = PI * k as f64 / n as f64;
    [libm::cos(angle), -libm::sin(angle)]
}

/// Transform of a power of two, in place; decimation in time.
fn radix2(data: &mut [Complex], turns: &[Complex]) {
    let n = data.len();
    let shift = usize::BITS - n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits().checked_shr(shift).unwrap_or(0);
        if i < j {
            data.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        for block in data.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            for ((a, b), w) in low.iter_mut().zip(high).zip(turns.iter().step_by(n / 2 / half)) {
                let t = mul(*b, *w);
                (*a, *b) = ([a[0] + t[0], a[1] + t[1]], [a[0] - t[0], a[1] - t[1]]);
            }
        }
        half *= 2;
    }
}

/// A discrete Fourier transform: of a power of two at once, of other lengths as a convolution (Bluestein).
struct Transform {
    n: usize,
    turns: Vec<Complex>,
    chirp: Vec<Complex>,
    filter: Vec<Complex>,
}

impl Transform {
    fn new(n: usize) -> Self {
        if n.is_power_of_two() {
            let turns = (0..n / 2).map(|k| turn(2 * k, n)).collect();
            return Transform { n, turns, chirp: Vec::new(), filter: Vec::new() };
        }
        let m = (2 * n - 1).next_power_of_two();
        let turns: Vec<Complex> = (0..m / 2).map(|k| turn(2 * k, m)).collect();
        // k^2 modulo 2n keeps the angle small and exact.
        let chirp: Vec<Complex> = (0..n).map(|k| turn(k * k % (2 * n), n)).collect();
        let mut filter = vec![[0.0; 2]; m];
        for (k, c) in chirp.iter().enumerate() {
            filter[k] = [c[0], -c[1]];
            filter[(m - k) % m] = [c[0], -c[1]];
        }
        radix2(&mut filter, &turns);
        Transform { n, turns, chirp, filter }
    }

    fn run(&self, data: &[Complex]) -> Vec<Complex> {
        if self.filter.is_empty() {
            let mut work = data.to_vec();
            radix2(&mut work, &self.turns);
            return work;
        }
        let m = self.filter.len();
        let mut work = vec![[0.0; 2]; m];
        for ((w, d), c) in work.iter_mut().zip(data).zip(&self.chirp) {
            *w = mul(*d, *c);
        }
        radix2(&mut work, &self.turns);
        // The inverse is the transform of the conjugate.
        for (w, f) in work.iter_mut().zip(&self.filter) {
            let p = mul(*w, *f);
            *w = [p[0], -p[1]];
        }
        radix2(&mut work, &self.turns);
        let scale = 1.0 / m as f64;
        (0..self.n).map(|k| mul([work[k][0] * scale, -work[k][1] * scale], self.chirp[k])).collect()
    }
}

/// The slope; nothing for volumes, for images below 32 px on a side, and without power at a frequency.
pub(super) fn slope(samples: &[i32], shape: Shape, mean: f64) -> Option<f64> {
    let (h, w) = (shape.y, shape.x);
    let shells = h.min(w) / 8;
    if !shape.is_flat() || shells < 4 {
        return None;
    }
    let low = low_frequencies(samples, w, shells, mean);
    let columns = Transform::new(h);
    let powers: Vec<Vec<f64>> = (0..shells)
        .into_par_iter()
        .map(|kx| {
            let column: Vec<Complex> = low.iter().map(|row| row[kx]).collect();
            columns.run(&column).iter().map(|c| c[0] * c[0] + c[1] * c[1]).collect()
        })
        .collect();
    let mut total = vec![0.0; shells];
    for (kx, column) in powers.iter().enumerate() {
        for (ky, power) in column.iter().enumerate() {
            let fy = ky.min(h - ky);
            let shell = (kx * kx + fy * fy).isqrt() + 1;
            if let Some(t) = total.get_mut(shell) {
                // A column stands for its mirror image too: the image is real.
                *t += if kx == 0 { *power } else { 2.0 * power };
            }
        }
    }
    fit(&total)
}

/// The first frequencies of each row, the mean taken off.
fn low_frequencies(samples: &[i32], w: usize, keep: usize, mean: f64) -> Vec<Vec<Complex>> {
    let rows = Transform::new(w);
    let pairs: Vec<[Vec<Complex>; 2]> = samples
        .par_chunks(2 * w)
        .map(|two| {
            let (a, b) = two.split_at(w);
            let value = |s: Option<&i32>| s.map_or(0.0, |v| f64::from(*v) - mean);
            let both: Vec<Complex> = (0..w).map(|x| [value(a.get(x)), value(b.get(x))]).collect();
            let f = rows.run(&both);
            let split = |k: usize| {
                let (p, q) = (f[k], f[(w - k) % w]);
                [[(p[0] + q[0]) / 2.0, (p[1] - q[1]) / 2.0], [(p[1] + q[1]) / 2.0, (q[0] - p[0]) / 2.0]]
            };
            [0, 1].map(|i| (0..keep).map(|k| split(k)[i]).collect())
        })
        .collect();
    pairs.into_iter().flatten().take(samples.len() / w).collect()
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
    fn equals_the_sum_by_definition() {
        for n in [1, 2, 7, 8, 12, 35] {
            let data: Vec<Complex> = (0..n).map(|i| [(i * i % 11) as f64, (i * 5 % 7) as f64]).collect();
            let got = Transform::new(n).run(&data);
            for (k, g) in got.iter().enumerate() {
                let mut want = [0.0; 2];
                for (i, d) in data.iter().enumerate() {
                    let p = mul(*d, turn(2 * i * k, n));
                    want = [want[0] + p[0], want[1] + p[1]];
                }
                assert!((g[0] - want[0]).abs() + (g[1] - want[1]).abs() < 1e-10, "{n} {k} {g:?} {want:?}");
            }
        }
    }
}
