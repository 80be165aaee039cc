//! How far apart the grey values of an image are. Some cameras use every 16th number, images of few bits that were stretched every 257th,
//! and images that were divided by their maximum have fractions that are whole numbers of a step.
//!
//! Of whole numbers the step is the greatest number that all their differences are multiples of. Fractions are rounded when they are
//! written and again when they are read, so their differences have nothing in common. There the step is found where values are few (65,536 at
//! most) and each lies on a whole number of steps within one part in 2^20 of their range: floats of 32 bits keep that, and what is continuous
//! does not look like it.
//!
//! On the host. Reference: this project.

use super::likeness::likeness;
use crate::Result;
use crate::image::Volume;
use crate::simd;
use rayon::prelude::*;

/// Standard deviation of what rounding to whole steps takes away, in steps: noise that is smaller cannot be seen.
/// Source: W. F. Sheppard, Proc. London Math. Soc. 29 (1898) 353.
pub(crate) const ROUNDING: f64 = 0.288_675_134_594_812_9;

/// More values than that are no few grey levels.
const MOST: usize = 1 << 16;
/// Samples that a thread takes at a time.
const CHUNK: usize = 1 << 16;
/// How far a value may lie from a whole number of steps, as a part of the range.
const OFF: f64 = 1.0 / (1 << 20) as f64;
/// A step is so many times that at least.
const CLEAR: f64 = 8.0;
/// Pixels beyond which what was smoothed before it was rounded is no longer alike.
const LAG: usize = 5;
/// Likeness of neighbours in images of rounded light: 0.82 and more in 20 pictures of nuclei, of one to three photons a pixel 0.2 to 0.35.
const ROUNDED: f64 = 0.7;
/// A step is no more than that part of a range.
const FEW_STEPS: f64 = 10.0;
/// The nearest two values may be so many steps apart.
const APART: u32 = 8;

/// The grey step of an image on the host, in samples; nothing for fractions that have none.
///
/// # Errors
/// The image is on a device.
pub fn grey_step(image: &Volume) -> Result<Option<f64>> {
    let samples = image.samples.host()?;
    // The last bits of all floats of an image are multiples of one number, which is no grey step.
    Ok(match image.scale.step() {
        Some(_) => Some(f64::from(common_step(samples).max(1))),
        None => levels(samples).and_then(|levels| step_of(&levels)),
    })
}

/// Standard deviation of what rounding took from the values of an image on the host, in samples; nothing for fractions that have no grey
/// step. Two values alone, as of a mask, tell no step: whole numbers count as those of a camera then.
///
/// # Errors
/// The image is on a device.
pub fn rounding(image: &Volume) -> Result<Option<f64>> {
    let Some(step) = grey_step(image)? else { return Ok(None) };
    let samples = image.samples.host()?;
    let (least, most) = if samples.is_empty() { (0, 0) } else { simd::span(samples) };
    let are_two = f64::from(most) - f64::from(least) < 1.5 * step;
    Ok(if are_two { image.scale.step().map(|_| ROUNDING) } else { Some(ROUNDING * step) })
}

/// The noise of an image on the host, in samples, or what rounding may hide where none is seen: neighbours are mostly equal then, and what lies
/// between them is as high as a step. Steps are the distances of neighbouring values that occur, at the median, since images that were stretched have
/// unlike ones. Of an image of few values rounding hides no more than a part of their range. Counted photons are no rounded light: a step is their noise, and
/// neighbours are unlike.
///
/// # Errors
/// The image is on a device.
pub fn noise_or_rounding(noise: f64, image: &Volume) -> Result<f64> {
    if noise > 0.0 {
        return Ok(noise);
    }
    let Some(levels) = levels(image.samples.host()?).filter(|levels| levels.len() > 1) else { return Ok(0.0) };
    if likeness(image, LAG)? < ROUNDED {
        return Ok(0.0);
    }
    let mut steps: Vec<u32> = levels.windows(2).map(|two| two[1].abs_diff(two[0])).collect();
    let Some(middle) = steps.len().checked_sub(1).map(|last| last / 2) else { return Ok(0.0) };
    let step = f64::from(*steps.select_nth_unstable(middle).1);
    let range = f64::from(levels[levels.len() - 1]) - f64::from(levels[0]);
    Ok(ROUNDING * step.min(range / FEW_STEPS))
}

/// The greatest number that all differences are multiples of; 0 where there are none.
fn common_step(samples: &[i32]) -> u32 {
    let first = samples.first().copied().unwrap_or(0);
    let divisor = |step: u32, sample: &i32| {
        // So it is after a few samples of most images.
        if step == 1 { 1 } else { common_divisor(sample.abs_diff(first), step) }
    };
    samples.par_chunks(1 << 14).map(|some| some.iter().fold(0, divisor)).reduce(|| 0, common_divisor)
}

fn common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The samples that occur, rising, if they are few.
fn levels(samples: &[i32]) -> Option<Vec<i32>> {
    let few = |mut all: Vec<i32>| {
        all.sort_unstable();
        all.dedup();
        (all.len() <= MOST).then_some(all)
    };
    // Of most images of fractions some samples show that they are not.
    few(samples.iter().copied().step_by((samples.len() / (2 * MOST)).max(1)).collect())?;
    let chunks = samples.par_chunks(CHUNK).map(|chunk| few(chunk.to_vec()));
    chunks.reduce(|| Some(vec![]), |a, b| few([a?, b?].concat()))
}

/// The step of which all levels are whole numbers, counted from the first.
fn step_of(levels: &[i32]) -> Option<f64> {
    let first = f64::from(*levels.first()?);
    let mut values: Vec<f64> = levels.iter().map(|level| f64::from(*level) - first).collect();
    // Half a sample was lost at either end.
    let off = OFF * values.last()? + 1.0;
    values.dedup_by(|next, before| *next - *before <= off);
    let nearest = values.windows(2).map(|two| two[1] - two[0]).reduce(f64::min)?;
    let steps = (1..=APART).map(|parts| nearest / f64::from(parts));
    steps.take_while(|step| *step >= CLEAR * off).find_map(|step| fitted(&values, step, off))
}

/// The step near this one that fits all values; the farther from 0 a value is, the better it tells.
fn fitted(values: &[f64], near: f64, off: f64) -> Option<f64> {
    let mut step = near;
    for value in values.iter().skip(1) {
        let steps = (value / step).round();
        if (value - steps * step).abs() > step / 4.0 {
            return None;
        }
        step = value / steps;
    }
    values.iter().all(|value| (value - (value / step).round() * step).abs() <= off).then_some(step)
}

#[cfg(test)]
mod tests {
    //! Oracle: grey levels as programs write them.
    use super::*;
    use crate::image::Scale;
    use crate::units::Shape;

    fn of_whole(values: &[i32]) -> Volume {
        Volume::new(Shape::flat(1, values.len()), values.to_vec()).unwrap()
    }

    /// As floats of 32 bits are read.
    fn of_floats(values: impl Iterator<Item = f32>) -> Volume {
        let samples: Vec<i32> = values.map(|v| libm::ldexp(f64::from(v), 29).round_ties_even() as i32).collect();
        let scale = Scale::new(libm::ldexp(1.0, -29), 0.0).unwrap().rounded();
        Volume { scale, ..of_whole(&samples) }
    }

    #[test]
    fn whole_numbers_have_the_step_of_their_differences() {
        for (values, step) in [(vec![3, 7, 8], 1.0), (vec![100, 116, 148], 16.0), (vec![5, 5], 1.0), (vec![], 1.0)] {
            assert_eq!(grey_step(&of_whole(&values)).unwrap(), Some(step), "{values:?}");
        }
        for (values, deviation) in
            [(vec![0, 257, 514], 257.0), (vec![0, 255], 1.0), (vec![7], 1.0), (vec![1, 2, 9], 1.0)]
        {
            assert_eq!(rounding(&of_whole(&values)).unwrap(), Some(ROUNDING * deviation), "{values:?}");
        }
    }

    /// A slope of these levels, in blocks of four pixels, and in lines that are cut up.
    fn slope(levels: &[i32], alike: bool) -> Volume {
        let shape = Shape::flat(64, 4 * levels.len());
        let level = |i: usize| {
            let [_, y, x] = shape.position(i);
            if alike { (x / 4 + y / 16) % levels.len() } else { (i * 7919 + y * 31) % 1009 % levels.len() }
        };
        Volume::new(shape, (0..shape.len()).map(|i| levels[level(i)]).collect()).unwrap()
    }

    #[test]
    fn rounding_hides_noise_that_is_not_seen() {
        let of = |levels: &[i32]| noise_or_rounding(0.0, &slope(levels, true)).unwrap();
        let stretched: Vec<i32> = (0..32).map(|k| k * 255 / 31).collect();
        let all: Vec<i32> = (0..40).collect();
        assert_eq!(noise_or_rounding(0.5, &slope(&stretched, true)).unwrap(), 0.5);
        assert_eq!([of(&stretched), of(&all)], [8.0 * ROUNDING, ROUNDING]);
        // Cut off far below all else.
        assert_eq!(of(&(0..40).map(|k| if k == 0 { -90 } else { k }).collect::<Vec<i32>>()), ROUNDING);
        // Counts, and what has one value.
        assert_eq!([noise_or_rounding(0.0, &slope(&all, false)).unwrap(), of(&[7]), of(&[])], [0.0; 3]);
    }

    #[test]
    fn floats_of_few_levels_have_the_step_that_they_were_divided_by() {
        let all = |n: u32| (0..n).collect::<Vec<u32>>();
        let some = || [0, 2, 5, 9, 200].to_vec();
        for (most, levels, step) in [
            (255, all(40), 1.0),
            (255, all(256), 1.0),
            (4095, all(300), 1.0),
            (65_535, all(60_000), 1.0),
            (7, all(8), 1.0),
            (255, all(3).iter().map(|v| 5 * v).collect(), 5.0),
            (255, some(), 1.0),
            (4095, some(), 1.0),
        ] {
            for offset in [0, 13] {
                let most = f64::from(most);
                let image = of_floats(levels.iter().map(|v| ((v + offset) as f64 / (most + 13.0)) as f32));
                let found = grey_step(&image).unwrap().unwrap() / libm::exp2(29.0) * (most + 13.0);
                assert!((found / step - 1.0).abs() < 1e-4, "{levels:?} {most}: {found}");
                let deviation = rounding(&image).unwrap().unwrap() / libm::exp2(29.0) * (most + 13.0);
                assert!((deviation / step / ROUNDING - 1.0).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn what_is_continuous_has_no_step() {
        let mut state = 7u64;
        let mut uniform = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 40) as f32 / (1u32 << 24) as f32
        };
        for n in [5, 100, 5000, 300_000] {
            let values: Vec<f32> = (0..n).map(|_| uniform().sqrt()).collect();
            assert_eq!(grey_step(&of_floats(values.into_iter())).unwrap(), None, "{n}");
        }
        for values in [vec![0.5f32], vec![0.1, 0.1]] {
            assert_eq!(grey_step(&of_floats(values.into_iter())).unwrap(), None);
        }
        assert_eq!(rounding(&of_floats([0.1f32, 0.7, 0.1].into_iter())).unwrap(), None, "two values");
    }
}
