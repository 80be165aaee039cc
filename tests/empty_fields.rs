//! Invariant: what a detector does by itself is no object. Fields without objects hold none in the preset `nuclei`, whatever the
//! faults and the noise of the camera, and fields with nuclei hold those that they hold without.

#![allow(clippy::unwrap_used, reason = "a test may")]

use uptake::device::Device;
use uptake::pipeline::{self, External};
use uptake::read::{self, Options};
use uptake::recipe::preset;

const SIDE: usize = 400;

/// Numbers that look like chance and are the same in each run.
struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 31)
    }

    /// Sums of twelve uniform numbers are near enough to a normal distribution.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Nine discs of radius 10 with soft edges, from 0 to 1.
fn discs(y: usize, x: usize) -> f64 {
    let from_middle = |v: usize| (v % 133) as f64 - 66.0;
    (10.5 - from_middle(y).hypot(from_middle(x))).clamp(0.0, 1.0)
}

/// An image of these values at y and x.
fn field(mut value: impl FnMut(usize, usize) -> f64) -> Vec<u16> {
    (0..SIDE * SIDE).map(|i| value(i / SIDE, i % SIDE).max(0.0) as u16).collect()
}

/// How many nuclei the preset finds.
fn nuclei(samples: Vec<u16>) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("field.png");
    let side = SIDE as u32;
    image::ImageBuffer::<image::Luma<u16>, _>::from_raw(side, side, samples).unwrap().save(&path).unwrap();
    let scan = read::open(&path, &Options::default()).unwrap();
    let recipe = preset("nuclei").unwrap().recipe().unwrap();
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap();
    outcome.sets[0].objects.labels.count
}

/// Pixels that see nothing, or a third less than others; alone and in squares of four.
#[test]
fn dead_pixels_hold_nothing_and_hide_nothing() {
    for (number, value, square) in [(1, 0, 1), (20, 0, 1), (160, 0, 1), (160, 700, 1), (30, 0, 2)] {
        for (light, truth) in [(0.0, 0), (60.0, 9), (300.0, 9)] {
            let mut chance = Chance(number);
            let mut samples = field(|y, x| 1000.0 + 10.0 * chance.normal() + light * discs(y, x));
            for _ in 0..number {
                let [y, x] = [0; 2].map(|_| (chance.uniform() * (SIDE - square) as f64) as usize);
                (0..square * square).for_each(|k| samples[(y + k / square) * SIDE + x + k % square] = value);
            }
            assert_eq!(nuclei(samples), truth, "{number} of {value}, {square} wide, objects of {light}");
        }
    }
}

/// Detectors that count photons, and 8-bit images of dark fields, in which most pixels are 0.
#[test]
fn few_photons_hold_nothing() {
    for (seed, mean) in [0.003, 0.03, 0.1, 0.2].into_iter().enumerate() {
        for gain in [1.0, 40.0] {
            let mut chance = Chance(seed as u64);
            let mut photons = |mean: f64| {
                // The product of uniform numbers stays above exp(-mean) for as many of them as Poisson says.
                let (least, mut product, mut n) = (libm::exp(-mean), chance.uniform(), 0.0);
                while product > least {
                    product *= chance.uniform();
                    n += gain;
                }
                n
            };
            assert_eq!(nuclei(field(|_, _| photons(mean))), 0, "{mean} photons of {gain}");
            let lit = field(|y, x| photons(mean + 10.0 * discs(y, x)));
            assert_eq!(nuclei(lit), 9, "{mean} photons of {gain}, discs of ten");
        }
    }
}

/// Cameras that read whole rows, or columns, with an offset of their own.
#[test]
fn noise_of_rows_is_noise_as_that_of_columns_is() {
    for deviation in [0.0, 3.0, 5.0, 8.0, 12.0] {
        let mut chance = Chance(7);
        let bands: Vec<f64> = (0..SIDE).map(|_| deviation * chance.normal()).collect();
        let rows = field(|y, _| 1000.0 + 10.0 * chance.normal() + bands[y]);
        let columns = (0..SIDE * SIDE).map(|i| rows[i % SIDE * SIDE + i / SIDE]).collect();
        assert_eq!([nuclei(rows), nuclei(columns)], [0; 2], "bands of {deviation}");
    }
}
