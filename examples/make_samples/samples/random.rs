//! Random numbers that are the same everywhere: SplitMix64, and what the camera needs of it.

use std::f64::consts::TAU;

/// A stream of random numbers that follows from its seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to 1, without 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Mean 0, standard deviation 1 (Box and Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.unit())).sqrt();
        radius * libm::cos(TAU * self.unit())
    }

    /// Photons counted where `mean` are expected. Past 50 the normal law is close enough.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean > 50.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (limit, mut product, mut n) = (libm::exp(-mean), self.unit(), 0.0);
        while product > limit {
            product *= self.unit();
            n += 1.0;
        }
        n
    }

    /// A direction: in the plane (z = 0), or in space.
    pub fn direction(&mut self, flat: bool) -> [f64; 3] {
        let z = if flat { 0.0 } else { self.between(-1.0, 1.0) };
        let (angle, r) = (TAU * self.unit(), (1.0 - z * z).sqrt());
        [z, r * libm::sin(angle), r * libm::cos(angle)]
    }
}
