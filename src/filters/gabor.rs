//! Gabor filters (IBSI:Q88H): the modulus of the response to a wave under a Gaussian, in planes.
//!
//! With a along the wave and b across it, the kernel is exp(-(a^2 + g^2 b^2) / (2 s^2) + 2 pi i a / l): s is the sigma along the wave,
//! l the wavelength, g the ratio of the sigmas along and across it. It is not normalised, and cut off where the Gaussian has sunk to
//! 10^-8. A plane is convolved in frequencies, beyond its edge as the padding says.

use super::fft::{Complex, quick_length};
use super::field::Field;
use super::padding::Padding;
use super::pooling::{Pool, Pooling};
use super::spectrum::Transform;
use crate::{Error, Result};
use rayon::prelude::*;

/// What a wave is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wave {
    /// Standard deviation of the Gaussian along the wave, in voxels along z, y, x.
    pub sigma: [f64; 3],
    /// Wavelengths in one sigma.
    pub waves: f64,
    /// The sigma along the wave over that across it.
    pub ratio: f64,
}

/// Which planes are filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planes {
    /// The slices.
    Axial,
    /// Those of all three pairs of axes.
    Orthogonal,
}

/// The Gaussian is cut off at so many sigmas: there it is 10^-8.
const CUT: f64 = 6.0;
/// Voxels from the middle of a kernel to its end.
const REACH: f64 = 512.0;
/// Values of planes that are in work together; a larger plane is alone.
const BATCH: usize = 1 << 20;

/// The response to waves at these angles in degrees, from x towards y (in the other planes from x or y towards z), pooled over angles
/// and planes.
///
/// # Errors
/// A kernel of no width, or longer than is sensible.
pub fn gabor(
    field: &Field,
    wave: &Wave,
    angles: &[f64],
    planes: Planes,
    padding: Padding,
    pooling: Pooling,
) -> Result<Field> {
    // Which axis is gone along, and those that are u and v of its planes.
    let planes: &[[usize; 3]] = match planes {
        Planes::Axial => &[[0, 2, 1]],
        Planes::Orthogonal => &[[0, 2, 1], [1, 2, 0], [2, 1, 0]],
    };
    let mut pool = Pool::new(pooling, field.values.len());
    for &axes in planes {
        let plane = Plane::new(field, axes, wave, padding)?;
        for (angle, times) in half_turns(angles) {
            pool.add(&plane.response(wave, angle), times);
        }
    }
    Ok(field.with(pool.finish()))
}

/// The angles below 180 degrees, and how often each comes: a wave that is turned round has the same modulus.
fn half_turns(angles: &[f64]) -> Vec<(f64, usize)> {
    let mut all: Vec<(f64, usize)> = vec![];
    for angle in angles.iter().map(|a| a.rem_euclid(180.0)) {
        match all.iter_mut().find(|(known, _)| *known == angle) {
            Some((_, times)) => *times += 1,
            None => all.push((angle, 1)),
        }
    }
    all
}

/// The planes across one axis.
struct Plane<'a> {
    field: &'a Field,
    axes: [usize; 3],
    padding: Padding,
    /// Voxels from the middle of the kernel to its end, along u and v.
    reach: [usize; 2],
    /// Of a plane with all that the kernel reaches.
    sizes: [usize; 2],
    transform: Transform,
}

impl<'a> Plane<'a> {
    fn new(field: &'a Field, axes: [usize; 3], wave: &Wave, padding: Padding) -> Result<Self> {
        let mut reach = [0, 0];
        for (reach, sigma) in reach.iter_mut().zip([wave.sigma[axes[1]], wave.sigma[axes[2]]]) {
            let far = (CUT * sigma * (1.0 / wave.ratio).max(1.0)).ceil();
            if !(sigma > 0.0 && (1.0..=REACH).contains(&far)) {
                return Err(Error::usage(format!(
                    "a Gabor filter with a sigma of {sigma} voxels and a ratio of {}",
                    wave.ratio
                ))
                .remedy(format!("a kernel of at most {REACH} voxels from its middle to its end")));
            }
            *reach = far as usize;
        }
        let n = field.shape.zyx();
        let sizes = [0, 1].map(|k| quick_length(n[axes[k + 1]] + 2 * reach[k]));
        let transform = Transform::new([1, sizes[1], sizes[0]]);
        Ok(Plane { field, axes, padding, reach, sizes, transform })
    }

    /// The modulus of all voxels.
    fn response(&self, wave: &Wave, angle: f64) -> Vec<f64> {
        let kernel = self.kernel(wave, angle);
        let n = self.field.shape.zyx()[self.axes[0]];
        let mut all = vec![0.0; self.field.values.len()];
        let together = (BATCH / self.transform.len()).clamp(1, 64);
        for first in (0..n).step_by(together) {
            let places = first..(first + together).min(n);
            let planes: Vec<Vec<f64>> = places.clone().into_par_iter().map(|w| self.plane(w, &kernel)).collect();
            for (w, values) in places.zip(&planes) {
                for (value, at) in values.iter().zip(self.voxels(w)) {
                    all[at] = *value;
                }
            }
        }
        all
    }

    /// Indices of the voxels of a plane, row by row of v.
    fn voxels(&self, w: usize) -> impl Iterator<Item = usize> + use<> {
        let (shape, [a, u, v]) = (self.field.shape, self.axes);
        let n = shape.zyx();
        (0..n[v]).flat_map(move |j| (0..n[u]).map(move |i| (i, j))).map(move |(i, j)| {
            let mut at = [0; 3];
            (at[a], at[u], at[v]) = (w, i, j);
            shape.index(at[0], at[1], at[2])
        })
    }

    fn plane(&self, w: usize, kernel: &Complex) -> Vec<f64> {
        let (n, [_, u, v]) = (self.field.shape.zyx(), self.axes);
        let values: Vec<f64> = self.voxels(w).map(|i| self.field.values[i]).collect();
        let mut data = Complex::zeros(self.transform.len());
        for j in 0..n[v] + 2 * self.reach[1] {
            let Some(row) = self.padding.place(j as isize - self.reach[1] as isize, n[v]) else { continue };
            for i in 0..n[u] + 2 * self.reach[0] {
                if let Some(at) = self.padding.place(i as isize - self.reach[0] as isize, n[u]) {
                    data.re[j * self.sizes[0] + i] = values[row * n[u] + at];
                }
            }
        }
        self.transform.forward(&mut data);
        for i in 0..data.re.len() {
            let (a, b, c, s) = (data.re[i], data.im[i], kernel.re[i], kernel.im[i]);
            (data.re[i], data.im[i]) = (a * c - b * s, a * s + b * c);
        }
        self.transform.inverse(&mut data);
        let places = (0..n[v]).flat_map(|j| (0..n[u]).map(move |i| (i, j)));
        let at = |(i, j): (usize, usize)| (j + self.reach[1]) * self.sizes[0] + i + self.reach[0];
        places.map(at).map(|at| (data.re[at] * data.re[at] + data.im[at] * data.im[at]).sqrt()).collect()
    }

    /// The kernel in frequencies.
    fn kernel(&self, wave: &Wave, angle: f64) -> Complex {
        let turn = angle.to_radians();
        let (c, s) = (libm::cos(turn), libm::sin(turn));
        let mut data = Complex::zeros(self.transform.len());
        let places = |k: usize| -(self.reach[k] as isize)..=self.reach[k] as isize;
        // Lengths in sigmas along each axis.
        let [su, sv] = [wave.sigma[self.axes[1]], wave.sigma[self.axes[2]]];
        for (j, i) in places(1).flat_map(|j| places(0).map(move |i| (j, i))) {
            let (x, y) = (i as f64 / su, j as f64 / sv);
            let (a, b) = (x * c + y * s, (y * c - x * s) * wave.ratio);
            let height = libm::exp(-0.5 * (a * a + b * b));
            let phase = 2.0 * std::f64::consts::PI * wave.waves * a;
            let at = j.rem_euclid(self.sizes[1] as isize) as usize * self.sizes[0]
                + i.rem_euclid(self.sizes[0] as isize) as usize;
            (data.re[at], data.im[at]) = (height * libm::cos(phase), height * libm::sin(phase));
        }
        self.transform.forward(&mut data);
        data
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: the formula, at a point. Mechanics: refusals.
    use super::*;
    use crate::units::Shape;

    #[test]
    fn a_point_answers_with_the_gaussian() {
        let shape = Shape::flat(21, 25);
        let mut values = vec![0.0; shape.len()];
        values[shape.index(0, 10, 12)] = 3.0;
        let field = Field::new(shape, values).unwrap();
        let wave = Wave { sigma: [0.0, 2.0, 2.0], waves: 0.8, ratio: 0.5 };
        for angle in [0.0, 30.0, 90.0, 200.0] {
            let got = gabor(&field, &wave, &[angle], Planes::Axial, Padding::Zero, Pooling::Mean).unwrap();
            for (i, value) in got.values.iter().enumerate() {
                let [_, y, x] = shape.position(i);
                let (x, y) = (x as f64 - 12.0, y as f64 - 10.0);
                let (s, c) = angle.to_radians().sin_cos();
                let (a, b) = (x * c + y * s, -x * s + y * c);
                let want = 3.0 * (-(a * a + 0.25 * b * b) / 8.0).exp();
                assert!((value - want).abs() < 1e-7, "{angle} {i}: {value} {want}");
            }
        }
        for sigma in [[1.0, 0.0, 1.0], [1.0, f64::NAN, 1.0], [1.0, 1e9, 1.0]] {
            let bad = Wave { sigma, ..wave };
            assert!(gabor(&field, &bad, &[0.0], Planes::Axial, Padding::Zero, Pooling::Mean).is_err());
        }
        assert_eq!(half_turns(&[0.0, 90.0, 180.0, 270.0, -90.0]), [(0.0, 2), (90.0, 3)]);
    }
}
