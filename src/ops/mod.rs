//! Operations: one file an operation, its shader under the same stem in `shaders/`.
//!
//! Every operation is exact integer arithmetic on both sides, so its result is one and the same on the CPU and on
//! every adapter. [`OPS`] lists them; tests, `devices --verify`, help and docs walk that list.

pub mod background;
mod cases;
pub mod contour;
pub mod cytoplasm;
pub mod delineate;
pub mod denoise;
pub mod distance;
mod distance_search;
pub(crate) mod extent;
pub mod fill;
pub mod gaussian;
mod gaussian_boxes;
pub mod gradient;
pub mod grow;
pub mod histogram;
pub mod hottest;
pub mod hysteresis;
pub mod keep;
pub mod label;
pub mod landscape;
mod lanes;
pub mod local;
pub mod mean;
pub mod median;
mod median_network;
mod median_written;
pub mod morphology;
mod morphology_strips;
#[cfg(test)]
mod naive;
mod narrow;
mod nearest;
pub mod noise;
pub mod object_rank;
pub mod overlap;
pub mod pixelwise;
pub mod prefix_sum;
pub mod refine;
pub mod renumber;
pub mod rolling_ball;
pub mod root;
mod runs;
pub mod scale;
pub mod sizes;
pub mod split;
pub mod sums;
pub mod threshold;
pub mod watershed;

pub use cases::{Case, Input, inputs};
#[cfg(target_arch = "x86_64")]
pub(crate) use lanes::has_avx512;
pub(crate) use lanes::{all_bits, span, wide, zeros};
pub(crate) use runs::end_of_run;

/// What the house knows of an operation.
#[derive(Debug)]
pub struct Op {
    /// Stem of its Rust file and of its shader.
    pub name: &'static str,
    /// One sentence for help and docs.
    pub summary: &'static str,
    /// Paper, standard or code that defines it.
    pub reference: &'static str,
    /// Runs whose words must be the same on every device.
    pub cases: &'static [Case],
}

/// Every operation, in the order of the docs.
#[rustfmt::skip]
pub const OPS: &[&Op] = &[
    &background::OP,
    &contour::OP,
    &delineate::OP,
    &hottest::OP,
    &sums::OP,
    &cytoplasm::OP,
    &denoise::OP,
    &distance::OP,
    &fill::OP,
    &gaussian::OP,
    &grow::OP,
    &histogram::OP,
    &hysteresis::OP,
    &keep::OP,
    &label::OP,
    &split::OP,
    &scale::OP,
    &root::OP,
    &refine::OP,
    &object_rank::OP,
    &landscape::OP,
    &local::OP,
    &mean::OP,
    &median::OP,
    &morphology::OP,
    &noise::OP,
    &overlap::OP,
    &pixelwise::OP,
    &prefix_sum::OP,
    &renumber::OP,
    &rolling_ball::OP,
    &sizes::OP,
    &threshold::OP,
    &gradient::OP,
    &watershed::OP,
];

/// What lies beyond the edge of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Border {
    /// The nearest voxel: `aaa|abcd|ddd`.
    Nearest,
    /// Mirrored with the edge voxel repeated: `cba|abcd|dcb`.
    Reflect,
    /// Mirrored about the edge voxel: `dcb|abcd|cba`.
    Mirror,
}

impl Border {
    /// The index inside `0..n` that stands for `i`.
    pub fn index(self, i: isize, n: usize) -> usize {
        let n = n as isize;
        match self {
            Border::Nearest => i.clamp(0, n - 1) as usize,
            Border::Reflect => {
                let k = i.rem_euclid(2 * n);
                (if k < n { k } else { 2 * n - 1 - k }) as usize
            }
            Border::Mirror => {
                let period = (2 * n - 2).max(1);
                let k = i.rem_euclid(period);
                (if k < n { k } else { period - k }) as usize
            }
        }
    }
    /// As the shaders of `shared/border.wgsl` know it.
    pub fn code(self) -> u32 {
        self as u32
    }
}
