//! Light on its way: a field of intensities, the blur of the optics, the noise of the camera.

use super::random::Random;
use uptake::units::Shape;

/// An intensity per voxel, in photons.
#[derive(Clone)]
pub struct Field {
    pub shape: Shape,
    pub v: Vec<f64>,
}

/// What turns photons into grey values: `offset + photons + read noise`, as a 16-bit number.
pub struct Camera {
    pub offset: f64,
    pub read_noise: f64,
}

impl Field {
    pub fn dark(shape: Shape) -> Self {
        Field { shape, v: vec![0.0; shape.len()] }
    }

    /// Grainy structure of the given size in voxels: mean 0, standard deviation 1.
    pub fn grain(shape: Shape, sigma: [f64; 3], random: &mut Random) -> Self {
        let mut field = Field { shape, v: (0..shape.len()).map(|_| random.normal()).collect() };
        field.blur(sigma);
        let deviation = (field.v.iter().map(|v| v * v).sum::<f64>() / shape.len() as f64).sqrt();
        field.v.iter_mut().for_each(|v| *v /= deviation);
        field
    }

    pub fn add(&mut self, other: &Field) {
        self.v.iter_mut().zip(&other.v).for_each(|(a, b)| *a += b);
    }

    /// Adds what a function says of each position, as fractions of the image from 0 to 1.
    pub fn add_each(&mut self, f: impl Fn([f64; 3]) -> f64) {
        let s = self.shape;
        for (i, v) in self.v.iter_mut().enumerate() {
            let [z, y, x] = s.position(i);
            let part = |i: usize, n: usize| (i as f64 + 0.5) / n as f64;
            *v += f([part(z, s.z), part(y, s.y), part(x, s.x)]);
        }
    }

    /// Gaussian blur, sigma in voxels along z, y, x; the edge goes on outside.
    pub fn blur(&mut self, sigma: [f64; 3]) {
        let s = self.shape;
        for (axis, stride) in [s.y * s.x, s.x, 1].into_iter().enumerate() {
            let (n, sigma) = (s.zyx()[axis], sigma[axis]);
            if n == 1 || sigma <= 0.0 {
                continue;
            }
            let weights = weights(sigma);
            let radius = weights.len() / 2;
            let starts = (0..self.v.len()).filter(|i| i / stride % n == 0);
            let (mut line, mut sums) = (vec![0.0; n + 2 * radius], vec![0.0; n]);
            for start in starts.collect::<Vec<_>>() {
                for (k, to) in line.iter_mut().enumerate() {
                    *to = self.v[start + k.saturating_sub(radius).min(n - 1) * stride];
                }
                sums.fill(0.0);
                for (d, weight) in weights.iter().enumerate() {
                    sums.iter_mut().zip(&line[d..]).for_each(|(sum, v)| *sum += weight * v);
                }
                for (k, sum) in sums.iter().enumerate() {
                    self.v[start + k * stride] = *sum;
                }
            }
        }
    }

    /// What the camera stores.
    pub fn expose(&self, camera: &Camera, random: &mut Random) -> Vec<u16> {
        let mut grey = |&photons: &f64| {
            let v = camera.offset + random.poisson(photons.max(0.0)) + camera.read_noise * random.normal();
            v.round().clamp(0.0, 65535.0) as u16
        };
        self.v.iter().map(&mut grey).collect()
    }
}

/// Of a Gaussian cut at four sigma; they add up to 1.
fn weights(sigma: f64) -> Vec<f64> {
    let radius = (4.0 * sigma).ceil() as i32;
    let weight = |d: i32| libm::exp(-0.5 * f64::from(d * d) / (sigma * sigma));
    let total: f64 = (-radius..=radius).map(weight).sum();
    (-radius..=radius).map(|d| weight(d) / total).collect()
}
