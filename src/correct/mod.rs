//! Light that is not what a channel stands for: dyes that share channels, bleed-through, uneven illumination.
//!
//! All of it is done on the host, in `f64`, voxel by voxel or in blocks of a fixed size whose sums are added in their order, so
//! the bytes depend on neither device nor threads. Results are rounded to a sixteenth of the finest step of what they are made of; of dyes, as
//! they show it in their brightest channel.

mod bleed_through;
mod control;
mod flat_field;
mod least_squares;
mod mixture;
mod unmix;

pub use bleed_through::subtract_bleed_through;
pub use control::Control;
pub use flat_field::{Flat, MOST_DARK};
pub use mixture::{MOST_CHANNELS, MOST_DYES, Mixture};
pub use unmix::{Light, Unmixed, unmix};

use crate::Result;
use crate::image::Scale;

/// Voxels of a block: sums of one are made by one thread.
const BLOCK: usize = 1 << 14;
/// Results are this many times finer than what they are made of.
const FINER: f64 = 16.0;
/// Samples stay below this.
const TOP: f64 = (1 << 30) as f64;

/// The scale of values from 0 to `largest` that are made of steps of this size.
fn finer(step: f64, largest: f64) -> Result<Scale> {
    let mut factor = step / FINER;
    while largest / factor > TOP {
        factor *= 2.0;
    }
    Scale::new(factor, 0.0)
}

/// The sample of a value.
fn sample(scale: Scale, value: f64) -> i32 {
    scale.sample(value).round().clamp(-TOP, TOP) as i32
}
