//! Operations: one file an operation, its shader under the same stem in `shaders/`.
//!
//! Every operation is exact integer arithmetic on both sides, so its result is one and the same on the CPU and on
//! every adapter. [`OPS`] lists them; tests, `devices --verify`, help and docs walk that list.

pub mod background;
mod basins;
mod by_runs;
mod cases;
pub mod contour;
pub mod cooccurrence;
mod crossings;
pub mod cut_ground;
pub mod cytoplasm;
pub mod dark_side;
pub mod delineate;
pub mod denoise;
pub mod dependences;
mod depths;
pub mod distance;
mod distance_search;
pub mod end_of_scale;
pub(crate) mod extent;
pub(crate) mod far;
pub mod fill;
pub mod free_ground;
pub mod gaussian;
mod gaussian_boxes;
mod gaussian_walk;
pub mod gradient;
pub mod grey_boxes;
pub mod grey_counts;
pub mod grey_step;
pub mod grow;
pub mod histogram;
mod histogram_bins;
pub mod hysteresis;
mod inscribed;
pub mod keep;
pub mod label;
pub mod landscape;
pub mod likeness;
pub mod local;
pub mod maximum_position;
pub mod mean;
pub mod median;
mod median_network;
mod median_written;
pub mod morphology;
mod morphology_elements;
mod morphology_strips;
#[cfg(test)]
mod naive;
mod nearest;
pub mod noise;
pub mod noise_blur;
mod noise_differences;
pub mod noise_peaks;
pub mod object_rank;
pub mod object_runs;
mod op;
pub mod overlap;
pub mod photons;
pub mod pixelwise;
pub mod prefix_sum;
pub mod propagate;
mod propagate_search;
pub mod refine;
mod refine_device;
pub mod renumber;
pub mod rolling_ball;
pub mod root;
pub mod run_lengths;
mod running_sums;
mod runs;
pub mod scale;
pub mod shell;
pub mod sizes;
pub(crate) mod slope;
pub mod specks;
pub mod split;
mod split_ascent;
mod split_device;
mod split_ellipses;
mod split_moments;
mod split_saddles;
pub mod spots;
pub mod sums;
mod tally;
pub mod threshold;
pub mod tone_differences;
pub mod two_classes;
pub mod uneven;
pub mod value_counts;
pub mod watershed;

pub use crate::simd::Border;
pub use cases::inputs;
pub use op::{Case, Input, Op};

/// Every operation, in the order of the docs.
#[rustfmt::skip]
pub const OPS: &[&Op] = &[
    &background::OP,
    &contour::OP,
    &cooccurrence::OP,
    &shell::OP,
    &delineate::OP,
    &maximum_position::OP,
    &sums::OP,
    &cytoplasm::OP,
    &denoise::OP,
    &dependences::OP,
    &distance::OP,
    &fill::OP,
    &gaussian::OP,
    &grow::OP,
    &histogram::OP,
    &hysteresis::OP,
    &keep::OP,
    &label::OP,
    &slope::OP,
    &split::OP,
    &spots::OP,
    &scale::OP,
    &root::OP,
    &run_lengths::OP,
    &refine::OP,
    &object_rank::OP,
    &object_runs::OP,
    &landscape::OP,
    &local::OP,
    &mean::OP,
    &median::OP,
    &morphology::OP,
    &noise::OP,
    &overlap::OP,
    &pixelwise::OP,
    &prefix_sum::OP,
    &propagate::OP,
    &renumber::OP,
    &rolling_ball::OP,
    &sizes::OP,
    &threshold::OP,
    &tone_differences::OP,
    &two_classes::OP,
    &value_counts::OP,
    &gradient::OP,
    &watershed::OP,
];
