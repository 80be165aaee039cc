//! Stored numbers of one channel become integer samples with a scale: `value = sample * factor + offset`.
//!
//! | stored | samples |
//! |---|---|
//! | integers within i32 | themselves |
//! | integers within 0..2^32, some beyond i32 | minus 2^31, offset 2^31 |
//! | other 64-bit integers | refused |
//! | floats that all are whole numbers within i32 | themselves |
//! | other floats | `round(value / factor)`, ties to even; factor is the power of two that makes the largest magnitude fill 30 bits, but for far values: see [`step`](super::step) |
//! | NaN, infinity, or beyond 1e300 | refused |
//!
//! The division by a power of two is exact, so a float is off by half a step at most; the step stands in the facts. A slope
//! below 0 turns the samples round: the factor of a scale is above 0.

use super::floats;
use super::samples::{Samples, not_finite};
use super::step::{CLIPPED, Octaves, Step};
use crate::device::Buffer;
use crate::image::{Channel, NO_UNIT, Scale, Scan, Volume};
use crate::simd::{all_bits, wide};
use crate::units::{Shape, Spacing};
use crate::{Error, Result};
use rayon::prelude::*;

pub use super::stored::{Kind, Numbers, Stored};

/// Makes a channel of numbers.
///
/// # Errors
/// Floats that are not finite, or integers that pass 32 bits.
pub fn channel(
    name: String,
    shape: Shape,
    spacing: Option<Spacing>,
    numbers: Numbers,
    stored: Stored,
) -> Result<Channel> {
    let (samples, scale) = match numbers {
        Numbers::Int(v) => (v, Scale::ONE),
        Numbers::Uint(v) => unsigned(v),
        Numbers::Long(v) => long(&v)?,
        Numbers::Float(v) => return floats::samples(v, shape, &name)?.channel(name, shape, spacing),
        Numbers::Real(v) => return real(&v, shape, &name)?.channel(name, shape, spacing),
    };
    let as_sample = |largest: i128| i32::try_from(largest - scale.offset() as i128).ok();
    let saturation = stored.largest().and_then(as_sample);
    let count = |top: i32| samples.par_chunks(BLOCK).map(|samples| count(samples, top)).sum();
    // An integer type whose largest number lies beyond the samples has no voxel there.
    let saturated = stored.largest().map(|_| saturation.map_or(0, count));
    let mut volume = Volume::new(shape, samples)?;
    volume.scale = scale;
    volume.spacing = spacing;
    Ok(Channel { name, unit: NO_UNIT, volume, saturated, saturation })
}

/// Samples that a thread looks at together.
const BLOCK: usize = 1 << 16;

/// How many samples are that one.
fn count(samples: &[i32], wanted: i32) -> u64 {
    let mut n = 0;
    equal(samples, wanted, &mut n);
    n.into()
}

wide! {
    fn equal(samples: &[i32], wanted: i32, n: &mut u32) {
        *n = samples.iter().fold(0, |n, &s| n + u32::from(s == wanted));
    }
}

const HALF: u32 = 1 << 31;
const HALF_SCALE: Scale = Scale::whole(HALF);

fn unsigned(mut v: Vec<u32>) -> (Vec<i32>, Scale) {
    let is_low = |part: &[u32]| {
        let mut bits = 0;
        all_bits(part, &mut bits);
        bits < HALF
    };
    if v.par_chunks(BLOCK).all(is_low) {
        return (bytemuck::cast_vec(v), Scale::ONE);
    }
    v.iter_mut().for_each(|s| *s ^= HALF);
    (bytemuck::cast_vec(v), HALF_SCALE)
}

fn long(v: &[i64]) -> Result<(Vec<i32>, Scale)> {
    let shifted = |by: i64| v.iter().map(|s| i32::try_from(s.saturating_sub(by)).ok()).collect::<Option<Vec<i32>>>();
    if let Some(samples) = shifted(0) {
        return Ok((samples, Scale::ONE));
    }
    if v.iter().all(|s| *s >= 0)
        && let Some(samples) = shifted(i64::from(HALF))
    {
        return Ok((samples, HALF_SCALE));
    }
    Err(Error::unsupported("64-bit integers that do not fit 32 bits")
        .remedy("an image stored with 32 bits or as float"))
}

fn real(v: &[f64], shape: Shape, name: &str) -> Result<Samples> {
    if let Some(first) = v.iter().position(|s| !s.is_finite()) {
        let count = v.iter().filter(|s| !s.is_finite()).count();
        return Err(not_finite(count, first, shape, name));
    }
    let largest = v.iter().fold(0.0f64, |m, s| m.max(s.abs()));
    if largest <= f64::from(i32::MAX) && v.iter().all(|s| s.trunc() == *s) {
        return Ok(Samples::exact(v.iter().map(|s| *s as i32).collect(), Scale::ONE));
    }
    let mut octaves = Octaves::default();
    v.iter().for_each(|s| octaves.add(*s));
    let step = Step::choose(&octaves, largest, || v.iter().copied()).map_err(|e| e.needed_for(name))?;
    Samples::of_step(v.iter().map(|s| step.sample(*s)).collect(), step, largest)
}

/// Puts the slope and the intercept that a file gives on top of the scale. Where the slope is negative the samples are
/// turned round without losing one, so that larger values have larger samples.
///
/// # Errors
/// A slope of 0, or numbers that are not finite.
pub fn rescale(channel: &mut Channel, slope: f64, intercept: f64) -> Result<()> {
    if slope == 0.0 || !slope.is_finite() || !intercept.is_finite() {
        return Err(Error::format(format!("a slope of {slope:e} and an intercept of {intercept:e} give no values"))
            .remedy("an image whose header holds a slope other than 0 and numbers that are finite"));
    }
    let own = channel.volume.scale;
    let mut start = own.offset();
    if slope < 0.0 {
        let clipped = channel.saturation == Some(CLIPPED);
        // `-s` or, for integers, `-1 - s`, which no integer passes.
        let turned = |s: &i32| if clipped { -s } else { !s };
        let samples = channel.volume.samples.host()?.par_iter().map(turned).collect();
        channel.volume.samples = Buffer::on_host(samples);
        if !clipped {
            start -= own.factor();
            // The largest number that can be stored is the least value now.
            (channel.saturation, channel.saturated) = (None, None);
        }
    }
    channel.volume.scale = own.times(slope.abs(), start * slope + intercept)?;
    Ok(())
}

/// States the step of every channel whose samples are not its values, and what was clipped.
pub fn steps(scan: &mut Scan) {
    for c in scan.channels.iter().filter(|c| c.volume.scale.factor() != 1.0) {
        scan.facts.push((format!("quantisation step {}", c.name), format!("{:e}", c.volume.scale.factor())));
    }
    for c in scan.channels.iter().filter(|c| c.saturation == Some(CLIPPED)) {
        let (n, most) = (c.saturated.unwrap_or_default(), c.volume.scale.value(CLIPPED.into()));
        let values = if n == 1 { "1 value lies" } else { &format!("{n} values lie") };
        scan.warnings.push(format!("channel {}: {values} far beyond all others: cut off at {most:.6e}", c.name));
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: literal grids.
    use super::*;

    fn make(numbers: Numbers, kind: Kind, bits: u8, len: usize) -> Result<Channel> {
        channel("c".into(), Shape::flat(1, len), None, numbers, Stored { kind, bits })
    }

    #[test]
    fn integers_lose_nothing() {
        let c = make(Numbers::Uint(vec![0, 7, 4095, 4095]), Kind::Uint, 12, 4).unwrap();
        assert_eq!(c.volume.samples.host().unwrap(), [0, 7, 4095, 4095]);
        assert_eq!((c.volume.scale, c.saturation, c.saturated), (Scale::ONE, Some(4095), Some(2)));
        let c = make(Numbers::Uint(vec![0, u32::MAX]), Kind::Uint, 32, 2).unwrap();
        assert_eq!(c.volume.samples.host().unwrap(), [i32::MIN, i32::MAX]);
        assert_eq!(c.volume.scale.value(f64::from(i32::MAX)), 4294967295.0);
        assert_eq!((c.saturation, c.saturated), (Some(i32::MAX), Some(1)));
        let c = make(Numbers::Uint(vec![0, 9]), Kind::Uint, 32, 2).unwrap();
        assert_eq!((c.volume.scale, c.saturation, c.saturated), (Scale::ONE, None, Some(0)));
        let c = make(Numbers::Long(vec![5, 1 << 31]), Kind::Uint, 64, 2).unwrap();
        assert_eq!(c.volume.samples.host().unwrap(), [i32::MIN + 5, 0]);
        assert!(make(Numbers::Long(vec![-1, 1 << 31]), Kind::Int, 64, 2).is_err());
        assert!(make(Numbers::Long(vec![0, i64::MAX]), Kind::Uint, 64, 2).is_err());
        assert!(make(Numbers::Long(vec![i64::MIN, 0]), Kind::Int, 64, 2).is_err());
    }

    #[test]
    fn floats_are_off_by_half_a_step_at_most() {
        let values = [0.1, -0.7, 3.25, 1e-9, 0.0];
        let c = make(Numbers::Real(values.to_vec()), Kind::Float, 64, 5).unwrap();
        let scale = c.volume.scale;
        assert_eq!(scale.factor(), libm::ldexp(1.0, -28));
        for (s, v) in c.volume.samples.host().unwrap().iter().zip(values) {
            assert!((scale.value(f64::from(*s)) - v).abs() <= scale.factor() / 2.0);
        }
        assert_eq!((c.saturation, c.saturated), (None, None));
        let c = make(Numbers::Real(vec![3.0, -2.0]), Kind::Float, 32, 2).unwrap();
        assert_eq!((c.volume.samples.host().unwrap(), c.volume.scale), (&[3, -2][..], Scale::ONE));
        assert!(make(Numbers::Real(vec![f64::MAX, 0.5]), Kind::Float, 64, 2).is_err());
    }

    #[test]
    fn far_values_are_clipped_and_counted_and_told() {
        let mut values: Vec<f64> = (0..5000).map(|i| 0.25 + f64::from(i % 90) / 100.0).collect();
        (values[3], values[400]) = (1e30, -1e12);
        for numbers in [Numbers::Real(values.clone()), Numbers::Float(values.iter().map(|v| *v as f32).collect())] {
            let c = make(numbers, Kind::Float, 32, 5000).unwrap();
            let samples = c.volume.samples.host().unwrap();
            assert_eq!((c.saturation, c.saturated), (Some(CLIPPED), Some(2)));
            assert_eq!((samples[3], samples[400]), (CLIPPED, -CLIPPED));
            assert!((c.volume.scale.value(f64::from(samples[7])) - 0.32).abs() < 1e-7);
            for slope in [2.0, -2.0] {
                let mut c = c.clone();
                rescale(&mut c, slope, 1.0).unwrap();
                let samples = c.volume.samples.host().unwrap();
                assert!((c.volume.scale.value(f64::from(samples[7])) - (1.0 + 0.32 * slope)).abs() < 1e-6);
                let mut scan = Scan::new(crate::image::Modality::Unknown, Shape::flat(1, 5000), vec![c]);
                steps(&mut scan);
                assert!(scan.warnings[0].contains("2 values lie far beyond"), "{:?}", scan.warnings);
            }
        }
    }

    #[test]
    fn a_falling_slope_turns_samples_round() {
        let mut c = make(Numbers::Uint(vec![0, 7, 255]), Kind::Uint, 8, 3).unwrap();
        rescale(&mut c, -2.0, 100.0).unwrap();
        let values: Vec<f64> =
            c.volume.samples.host().unwrap().iter().map(|s| c.volume.scale.value(f64::from(*s))).collect();
        assert_eq!((values, c.volume.scale.factor()), (vec![100.0, 86.0, -410.0], 2.0));
        // 255 is the least value now: nothing is saturated.
        assert_eq!((c.saturation, c.saturated), (None, None));
        let mut extremes = make(Numbers::Int(vec![i32::MIN, i32::MAX]), Kind::Int, 32, 2).unwrap();
        rescale(&mut extremes, -1.0, 0.0).unwrap();
        assert_eq!(extremes.volume.samples.host().unwrap(), [i32::MAX, i32::MIN]);
        assert_eq!(extremes.volume.scale.value(f64::from(i32::MAX)), 2147483648.0);
        for bad in [0.0, f64::NAN, f64::INFINITY] {
            assert!(rescale(&mut c, bad, 0.0).is_err() && rescale(&mut c, 1.0, bad * f64::NAN).is_err());
        }
    }

    #[test]
    fn what_is_not_finite_is_named_with_its_place() {
        let e = make(Numbers::Real(vec![1.0, f64::NAN, f64::INFINITY]), Kind::Float, 32, 3).unwrap_err();
        assert!(e.what.contains("2 of 3") && e.what.contains("x 1"), "{e}");
    }
}
