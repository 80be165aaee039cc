//! Operations: one file an operation, its shader under the same stem in `shaders/`.
//!
//! Every operation is exact integer arithmetic on both sides, so its result is one and the same on the CPU and on
//! every adapter. [`OPS`] lists them; tests, `devices --verify`, help and docs walk that list.

pub mod background;
mod cases;
pub mod gaussian;
mod gaussian_boxes;
pub mod histogram;
mod lanes;
pub mod mean;
pub mod median;
pub mod morphology;
pub mod noise;
pub mod pixelwise;
pub mod rolling_ball;
pub mod threshold;

pub use cases::{Case, Input, inputs};

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
    &gaussian::OP,
    &histogram::OP,
    &mean::OP,
    &median::OP,
    &morphology::OP,
    &noise::OP,
    &pixelwise::OP,
    &rolling_ball::OP,
    &threshold::OP,
];

/// What lies beyond the edge of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Border {
    /// The nearest voxel: `aaa|abcd|ddd`.
    Nearest,
    /// Mirrored with the edge voxel repeated: `cba|abcd|dcb`.
    Reflect,
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
        }
    }
    /// As the shaders of `shared/border.wgsl` know it.
    pub fn code(self) -> u32 {
        self as u32
    }
}
