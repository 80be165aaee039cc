//! Stored numbers of a volume become samples.
//!
//! Where all slices have one slope and intercept, samples are the stored numbers and the scale holds both: nothing is rounded.
//! Where slices differ, and for PET, values are `stored * slope + intercept` of their slice, brought to a step that is a power
//! of two (30 bits for the largest; see [`step`](crate::read::step)). This happens in place: the volume is held once.

use crate::image::{Channel, Scale};
use crate::read::numbers::{self, Kind, Numbers, Stored};
use crate::read::samples::Samples;
use crate::read::step::{Octaves, Step};
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;

/// Slope and intercept of a slice.
pub type Line = (f64, f64);

/// What a channel is made of.
pub struct Raw {
    /// Stored numbers, 32 bits each: see `frame`.
    pub numbers: Vec<u32>,
    /// Their type.
    pub stored: Stored,
    /// Size.
    pub shape: Shape,
    /// Distances.
    pub spacing: Option<Spacing>,
}

/// A channel of stored numbers with one slope and intercept for all.
///
/// # Errors
/// Values that are not finite.
pub fn stored(name: String, raw: Raw, line: Line) -> Result<Channel> {
    if raw.stored.kind == Kind::Float {
        return rescaled(name, raw, &[line]);
    }
    let numbers = match raw.stored.kind {
        Kind::Int => Numbers::Int(bytemuck::cast_vec(raw.numbers)),
        _ => Numbers::Uint(raw.numbers),
    };
    let mut channel = numbers::channel(name, raw.shape, raw.spacing, numbers, raw.stored)?;
    numbers::rescale(&mut channel, line.0, line.1)?;
    Ok(channel)
}

/// How far values reach.
struct Reach {
    largest: f64,
    /// All are whole numbers.
    whole: bool,
    octaves: Octaves,
}

impl Default for Reach {
    fn default() -> Self {
        Reach { largest: 0.0, whole: true, octaves: Octaves::default() }
    }
}

impl Reach {
    fn add(&mut self, v: f64) {
        self.octaves.add(v);
        self.largest = self.largest.max(v.abs());
        self.whole &= v.trunc() == v;
    }

    fn and(self, other: Self) -> Self {
        Reach {
            largest: self.largest.max(other.largest),
            whole: self.whole && other.whole,
            octaves: self.octaves.and(other.octaves),
        }
    }
}

/// A channel of values, with a slope and an intercept for each slice, or one for all.
///
/// # Errors
/// Values that are not finite.
pub fn rescaled(name: String, raw: Raw, lines: &[Line]) -> Result<Channel> {
    let Raw { mut numbers, stored, shape, spacing } = raw;
    let plane = shape.y * shape.x;
    let value = |bits: u32, (slope, intercept): Line| {
        let number = match stored.kind {
            Kind::Uint => f64::from(bits),
            Kind::Int => f64::from(bits as i32),
            Kind::Float => f64::from(f32::from_bits(bits)),
        };
        number * slope + intercept
    };
    let line = |z: usize| lines.get(z).or(lines.last()).copied().unwrap_or((1.0, 0.0));
    let reach = |mut all: Reach, (z, slice): (usize, &[u32])| {
        slice.iter().for_each(|bits| all.add(value(*bits, line(z))));
        all
    };
    let slices = numbers.par_chunks(plane).enumerate();
    let Reach { largest, whole, octaves } = slices.fold(Reach::default, reach).reduce(Reach::default, Reach::and);
    if !octaves.finite() {
        return Err(Error::format(format!("channel {name} holds NaN, infinity, or values beyond any measure"))
            .remedy("an image where those pixels hold a number, for example 0"));
    }
    let in_place = |numbers: &mut Vec<u32>, sample: &(dyn Fn(f64) -> i32 + Sync)| {
        numbers.par_chunks_mut(plane).enumerate().for_each(|(z, slice)| {
            slice.iter_mut().for_each(|bits| *bits = sample(value(*bits, line(z))).cast_unsigned());
        });
    };
    let samples = if whole && largest <= f64::from(i32::MAX) {
        in_place(&mut numbers, &|v| v as i32);
        Samples::exact(bytemuck::cast_vec(numbers), Scale::ONE)
    } else {
        let again = || numbers.iter().enumerate().map(|(i, bits)| value(*bits, line(i / plane)));
        let step = Step::choose(&octaves, largest, again).map_err(|e| e.needed_for(format!("channel {name}")))?;
        in_place(&mut numbers, &|v| step.sample(v));
        Samples::of_step(bytemuck::cast_vec(numbers), step, largest)?
    };
    samples.channel(name, shape, spacing)
}
