//! Stored numbers of a volume become samples.
//!
//! Where all slices have one slope and intercept, samples are the stored numbers and the scale holds both: nothing is rounded.
//! Where slices differ, and for PET, values are `stored * slope + intercept` of their slice, brought to a step that is a power
//! of two (30 bits for the largest). This happens in place: the volume is held once.

use crate::read::numbers::{self, Kind, Numbers, Stored};
use crate::scan::{Channel, NO_UNIT};
use crate::units::{Shape, Spacing};
use crate::volume::{Scale, Volume};
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
    let (slope, intercept) = line;
    let offset = channel.volume.scale.offset * slope + intercept;
    channel.volume.scale = Scale { factor: slope, offset };
    Ok(channel)
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
    let reach = |(z, slice): (usize, &[u32])| {
        let fold = |(most, whole): (f64, bool), bits: &u32| {
            let v = value(*bits, line(z));
            // NaN must not get lost in a maximum.
            (if v.is_finite() { most.max(v.abs()) } else { f64::INFINITY }, whole && v.trunc() == v)
        };
        slice.iter().fold((0.0, true), fold)
    };
    let join = |a: (f64, bool), b: (f64, bool)| (a.0.max(b.0), a.1 && b.1);
    let (largest, whole) = numbers.par_chunks(plane).enumerate().map(reach).reduce(|| (0.0, true), join);
    if largest.is_nan() || largest > numbers::LARGEST {
        return Err(Error::format(format!("channel {name} holds NaN, infinity, or values beyond any measure"))
            .remedy("an image where those pixels hold a number, for example 0"));
    }
    let factor = if whole && largest <= f64::from(i32::MAX) { 1.0 } else { numbers::step(largest) };
    numbers.par_chunks_mut(plane).enumerate().for_each(|(z, slice)| {
        let sample = |bits: u32| (value(bits, line(z)) / factor).round_ties_even() as i32;
        slice.iter_mut().for_each(|bits| *bits = sample(*bits) as u32);
    });
    let mut volume = Volume::new(shape, bytemuck::cast_vec(numbers))?;
    volume.scale = Scale { factor, offset: 0.0 };
    volume.spacing = spacing;
    Ok(Channel { name, unit: NO_UNIT, volume, saturated: None, saturation: None })
}
