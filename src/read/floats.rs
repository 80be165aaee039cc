//! Floats of 32 bits become integer samples in the memory that they were read into, by the same rule and to the same bit as
//! the 64-bit floats of [`numbers`](super::numbers).
//!
//! The division by a power of two is exact in 64 bits. Adding `1.5 * 2^52` then rounds to a whole number, ties to even, and
//! leaves that number in the low half of the float: both hold below 2^51, and samples stay below 2^30.

use super::samples::{Samples, not_finite};
use super::step::{CLIPPED, Octaves, Step};
use crate::Result;
use crate::image::Scale;
use crate::units::Shape;
use rayon::prelude::*;

/// Samples that a thread takes at a time.
const CHUNK: usize = 1 << 16;
/// Bits of infinity: a magnitude from here on is no number.
const INFINITE: u32 = 0x7f80_0000;
const SIGN: u32 = 1 << 31;
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Makes samples of floats.
///
/// # Errors
/// A float is NaN or infinite.
pub fn samples(v: Vec<f32>, shape: Shape, name: &str) -> Result<Samples> {
    let mut bits: Vec<u32> = bytemuck::cast_vec(v);
    // The bits of magnitudes are in the order of the magnitudes.
    let magnitude = |part: &[u32]| part.iter().fold(0, |m, b| m.max(b & !SIGN));
    let largest = bits.par_chunks(CHUNK).map(magnitude).reduce(|| 0, u32::max);
    if largest >= INFINITE {
        let bad = |b: &u32| b & !SIGN >= INFINITE;
        let count = bits.par_iter().filter(|b| bad(b)).count();
        return Err(not_finite(count, bits.iter().position(bad).unwrap_or(0), shape, name));
    }
    let largest = f64::from(f32::from_bits(largest));
    let is_whole = |b: &u32| f32::from_bits(*b) as i32 as f32 == f32::from_bits(*b);
    if largest <= f64::from(i32::MAX) && bits.par_chunks(CHUNK).all(|part| part.iter().all(is_whole)) {
        bits.par_iter_mut().for_each(|b| *b = (f32::from_bits(*b) as i32).cast_unsigned());
        return Ok(Samples::exact(bytemuck::cast_vec(bits), Scale::ONE));
    }
    let value = |b: &u32| f64::from(f32::from_bits(*b));
    let count = |mut all: Octaves, part: &[u32]| {
        part.iter().for_each(|b| all.add(value(b)));
        all
    };
    let octaves = bits.par_chunks(CHUNK).fold(Octaves::default, count).reduce(Octaves::default, Octaves::and);
    let step = Step::choose(&octaves, largest, || bits.iter().map(value)).map_err(|e| e.needed_for(name))?;
    if step.holds(largest) {
        let per_step = 1.0 / step.factor;
        let most = CLIPPED - 1;
        let sample = |b: &mut u32| *b = ((value(b) * per_step + ROUND).to_bits() as i32).clamp(-most, most) as u32;
        bits.par_chunks_mut(CHUNK).for_each(|part| part.iter_mut().for_each(sample));
    } else {
        bits.par_iter_mut().for_each(|b| *b = step.sample(value(b)).cast_unsigned());
    }
    Samples::of_step(bytemuck::cast_vec(bits), step, largest)
}

#[cfg(test)]
mod tests {
    //! Invariant: the same samples and the same scale as by way of 64 bits.
    use super::super::numbers::{self, Kind, Numbers, Stored};
    use super::*;
    use proptest::prelude::*;

    fn both(v: &[f32]) -> [Result<(Vec<i32>, Scale)>; 2] {
        let make = |numbers| {
            let stored = Stored { kind: Kind::Float, bits: 32 };
            let c = numbers::channel("c".into(), Shape::flat(1, v.len()), None, numbers, stored)?;
            Ok((c.volume.samples.host()?.to_vec(), c.volume.scale))
        };
        [make(Numbers::Float(v.to_vec())), make(Numbers::Real(v.iter().map(|s| f64::from(*s)).collect()))]
    }

    fn same(v: &[f32]) {
        match both(v) {
            [Ok(a), Ok(b)] => assert_eq!(a, b, "{v:?}"),
            [Err(a), Err(b)] => assert_eq!(a.what, b.what),
            other => panic!("{v:?}: {other:?}"),
        }
    }

    #[test]
    fn edges_agree() {
        let tie = 1.0 + 2f32.powi(-20);
        let edges: [&[f32]; 9] = [
            &[0.0, -0.0],
            &[1.0, -3.0, 2_147_483_520.0],
            &[-2_147_483_648.0, 1.0],
            &[0.5, -0.5, 1.5, f32::MAX],
            &[f32::MIN_POSITIVE, 1e-45, -1e-45],
            &[1e30, 1.0, 1e-30],
            &[1.0 - f32::EPSILON / 2.0, 2f32.powi(-31), 3.0 * 2f32.powi(-31), -(2f32.powi(-31))],
            &[tie, f32::NAN, 2.0, f32::INFINITY],
            &[f32::NEG_INFINITY],
        ];
        edges.iter().for_each(|v| same(v));
    }

    proptest! {
        #[test]
        fn any_floats_agree(v in prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 1..40)) {
            same(&v);
        }

        #[test]
        fn usual_floats_agree(v in prop::collection::vec(-50.0f32..50.0, 1..400)) {
            same(&v);
        }
    }
}
