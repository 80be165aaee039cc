//! Samples with their scale, before they are a channel.

use super::step::{CLIPPED, Step};
use crate::image::{Channel, NO_UNIT, Scale, Volume};
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;

/// Samples with their scale.
#[derive(Debug, PartialEq)]
pub struct Samples {
    samples: Vec<i32>,
    scale: Scale,
    /// How many were clipped, if any.
    clipped: Option<u64>,
}

impl Samples {
    /// Samples that lost nothing but what rounding takes.
    pub fn exact(samples: Vec<i32>, scale: Scale) -> Self {
        Samples { samples, scale, clipped: None }
    }

    /// Samples that a step made of values up to `largest`.
    ///
    /// # Errors
    /// None in practice: a step is a power of two.
    pub fn of_step(samples: Vec<i32>, step: Step, largest: f64) -> Result<Self> {
        let count = || samples.par_iter().filter(|s| s.unsigned_abs() == CLIPPED.unsigned_abs()).count() as u64;
        let clipped = (!step.holds(largest)).then(count);
        Ok(Samples { samples, scale: Scale::new(step.factor, 0.0)?.rounded(), clipped })
    }

    /// As a channel. What was clipped counts as saturated: it was larger than what is kept.
    ///
    /// # Errors
    /// The number of samples does not fit the shape.
    pub fn channel(self, name: String, shape: Shape, spacing: Option<Spacing>) -> Result<Channel> {
        let Samples { samples, scale, clipped } = self;
        let volume = Volume { scale, spacing, ..Volume::new(shape, samples)? };
        Ok(Channel { name, unit: NO_UNIT, volume, saturated: clipped, saturation: clipped.map(|_| CLIPPED) })
    }
}

/// The error for `count` samples that are no numbers, the first of them at the index `first`.
pub fn not_finite(count: usize, first: usize, shape: Shape, name: &str) -> Error {
    let [z, y, x] = shape.position(first);
    let all = shape.len();
    Error::format(format!(
        "{count} of {all} samples of channel {name} are NaN or infinite, the first at z {z}, y {y}, x {x}"
    ))
    .remedy("an image where those pixels hold a number, for example 0")
}
