//! How bright most objects of an image are, whatever a few others are.

use crate::Result;
use crate::device::Device;
use crate::image::Volume;
use crate::ops::histogram::BinScale;
use crate::ops::threshold::{BinChoice, Cut, otsu_classes};
use crate::units::Shape;
use rayon::prelude::*;

/// Objects reach no more than so many times the contrast of all of them.
const REACH: f64 = 4.0;
/// Specks are no more than one pixel in so many.
const FEW: usize = 20;
/// Each round takes the brightest class away, and halves what is left, or nearly so.
const ROUNDS: usize = 32;
/// The limit of a class and the class within it agree after a few.
const SETTLED: usize = 8;
const BINS: BinChoice = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };

/// Samples, ascending.
pub(super) struct Levels(Vec<i32>);

/// The two classes of what is not brighter than a limit, in samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// Between the two.
    pub threshold: i32,
    /// The mean of the dark one, the ground.
    pub dark: f64,
    /// How far above that the mean of the bright one lies, the objects.
    pub contrast: f64,
    /// Share of the variance that lies between the classes, 0 to 1.
    pub explained: f64,
    /// Samples of the bright one.
    pub bright: usize,
    /// Samples above the limit.
    pub beyond: usize,
}

impl Class {
    /// The brightest that its objects are.
    pub fn limit(&self) -> i32 {
        // The cast stops at the ends of the type.
        (self.dark + REACH * self.contrast).floor() as i32
    }

    /// How many times as far from the ground a sample lies as its objects do.
    pub fn times(&self, sample: i32) -> f64 {
        (f64::from(sample) - self.dark) / self.contrast
    }
}

impl Levels {
    pub fn of(mut samples: Vec<i32>) -> Self {
        samples.par_sort_unstable();
        Levels(samples)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many lie at a limit or below.
    fn up_to(&self, limit: i32) -> usize {
        self.0.partition_point(|s| *s <= limit)
    }

    /// The two classes up to a limit; nothing where there is one value only.
    pub fn within(&self, limit: i32) -> Result<Option<Class>> {
        let within = &self.0[..self.up_to(limit)];
        if within.first() == within.last() {
            return Ok(None);
        }
        let found = otsu_classes(&Device::Cpu, &Volume::new(Shape::flat(1, within.len()), within.to_vec())?, BINS)?;
        let threshold = found.threshold.floor() as i32;
        let (dark, bright) = within.split_at(within.partition_point(|s| *s <= threshold));
        if dark.is_empty() || bright.is_empty() {
            return Ok(None);
        }
        let mean = |part: &[i32]| part.iter().map(|s| f64::from(*s)).sum::<f64>() / part.len() as f64;
        let (low, high, beyond) = (mean(dark), mean(bright), self.0.len() - within.len());
        let (contrast, explained, bright) = (high - low, found.explained, bright.len());
        Ok(Some(Class { threshold, dark: low, contrast, explained, bright, beyond }))
    }

    /// The classes of all objects but those that the greatest sample of an image belongs to, if it lies so many times as far from the ground
    /// as these do and they have so many times its area. Class after class is taken away from above until that is so; the objects end at the limit of
    /// their own class.
    pub fn of_others(&self, most: i32, times: f64, area: usize) -> Result<Option<Class>> {
        let mut limit = i32::MAX;
        for _ in 0..ROUNDS {
            let Some(mut class) = self.within(limit)? else { return Ok(None) };
            if class.beyond > self.len() / FEW {
                return Ok(None);
            }
            if class.times(most) <= times || class.bright < area * class.beyond {
                limit = class.threshold;
                continue;
            }
            for _ in 0..SETTLED {
                let Some(next) = self.within(class.limit())? else { return Ok(None) };
                let is_settled = next.threshold == class.threshold;
                class = next;
                if is_settled {
                    break;
                }
            }
            return Ok(Some(class).filter(|class| class.times(most) > times && class.bright >= area * class.beyond));
        }
        Ok(None)
    }
}
