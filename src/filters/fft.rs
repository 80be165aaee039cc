//! The discrete Fourier transform of many lines side by side, of any length, by additions and multiplications in one fixed order.
//!
//! Lengths whose prime factors are 2, 3, 5 and 7 are taken apart by these (Stockham's order, which needs no reversal of bits); other
//! lengths become a convolution of a length that is a power of two (Bluestein). Sines and cosines come from `libm`, so the result is
//! the same on every processor.

use std::f64::consts::PI;

/// Complex numbers: real parts and imaginary parts.
pub struct Complex {
    /// Real parts.
    pub re: Vec<f64>,
    /// Imaginary parts.
    pub im: Vec<f64>,
}

impl Complex {
    /// So many zeros.
    pub fn zeros(len: usize) -> Self {
        Complex { re: vec![0.0; len], im: vec![0.0; len] }
    }
}

/// A transform of lines of one length.
pub struct Fft {
    n: usize,
    plan: Plan,
}

enum Plan {
    Stages(Vec<Stage>),
    Chirp(Box<Chirp>),
}

/// One factor of the length.
struct Stage {
    radix: usize,
    /// Length that is left over the radix.
    rest: usize,
    /// `exp(-2 pi i p k / length)` for each p below `rest` and k below the radix.
    turns: Vec<[f64; 2]>,
}

struct Chirp {
    inner: Fft,
    /// `exp(-pi i k^2 / n)`.
    wave: Vec<[f64; 2]>,
    /// The transform of its conjugate, around 0.
    filter: Vec<[f64; 2]>,
}

/// `exp(-2 pi i k / n)`.
fn turn(k: usize, n: usize) -> [f64; 2] {
    let angle = -2.0 * PI * (k % n) as f64 / n as f64;
    [libm::cos(angle), libm::sin(angle)]
}

/// The next length from `n` on that is quick.
pub fn quick_length(n: usize) -> usize {
    (n.max(1)..).find(|n| factors(*n).is_some()).unwrap_or(n)
}

/// The factors of a length, if they are small.
fn factors(mut n: usize) -> Option<Vec<usize>> {
    let mut all = vec![];
    for radix in [4, 2, 3, 5, 7] {
        while n.is_multiple_of(radix) {
            all.push(radix);
            n /= radix;
        }
    }
    (n == 1).then_some(all)
}

impl Fft {
    /// For lines of `n` values, one at least.
    pub fn new(n: usize) -> Self {
        let Some(factors) = factors(n) else { return Fft { n, plan: Plan::Chirp(Box::new(Chirp::new(n))) } };
        let mut left = n;
        let stage = |radix: usize| {
            let (length, rest) = (left, left / radix);
            left = rest;
            let turns = (0..rest).flat_map(|p| (0..radix).map(move |k| turn(p * k, length))).collect();
            Stage { radix, rest, turns }
        };
        Fft { n, plan: Plan::Stages(factors.into_iter().map(stage).collect()) }
    }

    /// Transforms `lanes` lines in place: value k of line j stands at `k * lanes + j`.
    pub fn forward(&self, data: &mut Complex, lanes: usize) {
        match &self.plan {
            Plan::Stages(stages) => {
                let mut other = Complex::zeros(data.re.len());
                let mut stride = lanes;
                for stage in stages {
                    stage.apply(data, &mut other, stride);
                    std::mem::swap(data, &mut other);
                    stride *= stage.radix;
                }
            }
            Plan::Chirp(chirp) => chirp.forward(data, self.n, lanes),
        }
    }

    /// The way back.
    pub fn inverse(&self, data: &mut Complex, lanes: usize) {
        // Real and imaginary parts exchanged turn everything the other way.
        std::mem::swap(&mut data.re, &mut data.im);
        self.forward(data, lanes);
        std::mem::swap(&mut data.re, &mut data.im);
        let n = self.n as f64;
        data.re.iter_mut().chain(&mut data.im).for_each(|v| *v /= n);
    }
}

impl Stage {
    fn apply(&self, from: &Complex, to: &mut Complex, stride: usize) {
        match self.radix {
            2 => self.butterflies::<2>(from, to, stride),
            3 => self.butterflies::<3>(from, to, stride),
            4 => self.butterflies::<4>(from, to, stride),
            5 => self.butterflies::<5>(from, to, stride),
            _ => self.butterflies::<7>(from, to, stride),
        }
    }

    fn butterflies<const R: usize>(&self, from: &Complex, to: &mut Complex, stride: usize) {
        let roots: [[f64; 2]; R] = std::array::from_fn(|k| turn(k, R));
        let step = stride * self.rest;
        let blocks = to.re.chunks_exact_mut(stride * R).zip(to.im.chunks_exact_mut(stride * R));
        for (p, (re, im)) in blocks.enumerate() {
            let inputs: [[&[f64]; 2]; R] = std::array::from_fn(|j| {
                let at = stride * p + step * j;
                [&from.re[at..at + stride], &from.im[at..at + stride]]
            });
            let mut outputs = re.chunks_exact_mut(stride).zip(im.chunks_exact_mut(stride));
            let outputs: [[&mut [f64]; 2]; R] =
                std::array::from_fn(|_| outputs.next().map(|(re, im)| [re, im]).unwrap_or_default());
            butterfly(inputs, outputs, &roots, &self.turns[p * R..(p + 1) * R]);
        }
    }
}

/// The sums of R values each, of all lanes.
fn butterfly<const R: usize>(
    from: [[&[f64]; 2]; R],
    to: [[&mut [f64]; 2]; R],
    roots: &[[f64; 2]; R],
    turns: &[[f64; 2]],
) {
    for (k, [re, im]) in to.into_iter().enumerate() {
        let weights: [[f64; 2]; R] = std::array::from_fn(|j| roots[j * k % R]);
        sum(re, im, &from, &weights, turns[k]);
    }
}

/// One sum of R values, turned.
///
/// Vectors of plain registers are what the compiler makes of it; all lanes do the same additions in the same order.
fn sum<const R: usize>(
    re: &mut [f64],
    im: &mut [f64],
    from: &[[&[f64]; 2]; R],
    weights: &[[f64; 2]; R],
    [c, s]: [f64; 2],
) {
    let n = re.len();
    let im = &mut im[..n];
    let from: [[&[f64]; 2]; R] = std::array::from_fn(|j| [&from[j][0][..n], &from[j][1][..n]]);
    for i in 0..n {
        let (mut a, mut b) = (0.0, 0.0);
        for j in 0..R {
            let ([wr, wi], [x, y]) = (weights[j], [from[j][0][i], from[j][1][i]]);
            a += wr * x - wi * y;
            b += wr * y + wi * x;
        }
        re[i] = c * a - s * b;
        im[i] = c * b + s * a;
    }
}

impl Chirp {
    fn new(n: usize) -> Self {
        let inner = Fft::new((2 * n - 1).next_power_of_two());
        // The square is taken modulo 2 n, so that the angle stays exact.
        let wave: Vec<[f64; 2]> =
            (0..n).map(|k| turn((k as u128 * k as u128 % (2 * n) as u128) as usize, 2 * n)).collect();
        let mut around = Complex::zeros(inner.n);
        for (k, [c, s]) in wave.iter().enumerate() {
            for at in [k, (inner.n - k) % inner.n] {
                (around.re[at], around.im[at]) = (*c, -s);
            }
        }
        inner.forward(&mut around, 1);
        let filter = around.re.into_iter().zip(around.im).map(|(c, s)| [c, s]).collect();
        Chirp { inner, wave, filter }
    }

    fn forward(&self, data: &mut Complex, n: usize, lanes: usize) {
        let mut work = Complex::zeros(self.inner.n * lanes);
        let times = |[c, s]: [f64; 2], x: f64, y: f64| (c * x - s * y, c * y + s * x);
        for k in 0..n * lanes {
            (work.re[k], work.im[k]) = times(self.wave[k / lanes], data.re[k], data.im[k]);
        }
        self.inner.forward(&mut work, lanes);
        for k in 0..self.inner.n * lanes {
            (work.re[k], work.im[k]) = times(self.filter[k / lanes], work.re[k], work.im[k]);
        }
        self.inner.inverse(&mut work, lanes);
        for k in 0..n * lanes {
            (data.re[k], data.im[k]) = times(self.wave[k / lanes], work.re[k], work.im[k]);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Invariant: the definition, and the way back.
    use super::*;

    #[test]
    fn every_length_gives_the_definition() {
        for n in [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 30, 35, 64, 67, 97, 201] {
            let fft = Fft::new(n);
            let lanes = 3;
            let value = |k: usize| ((k * 7919 + 13) % 101) as f64 - 50.0;
            let mut data = Complex::zeros(n * lanes);
            for k in 0..n * lanes {
                (data.re[k], data.im[k]) = (value(k), value(k + 17));
            }
            fft.forward(&mut data, lanes);
            for (k, lane) in (0..n).flat_map(|k| (0..lanes).map(move |lane| (k, lane))) {
                let (mut re, mut im) = (0.0, 0.0);
                for j in 0..n {
                    let ([c, s], at) = (turn(j * k, n), j * lanes + lane);
                    re += c * value(at) - s * value(at + 17);
                    im += c * value(at + 17) + s * value(at);
                }
                let far = (data.re[k * lanes + lane] - re).abs().max((data.im[k * lanes + lane] - im).abs());
                assert!(far < 1e-9, "{n} {k}: {far}");
            }
            fft.inverse(&mut data, lanes);
            let back = (0..n * lanes).map(|k| (data.re[k] - value(k)).abs().max((data.im[k] - value(k + 17)).abs()));
            assert!(back.fold(0.0, f64::max) < 1e-11, "{n}");
        }
    }

    #[test]
    fn quick_lengths_have_small_factors() {
        assert_eq!([1, 11, 13, 201, 266].map(quick_length), [1, 12, 14, 210, 270]);
    }
}
