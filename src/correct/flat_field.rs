//! Flat field: an image divided by how its field was lit.
//!
//! `value = (image - dark) * mean(flat - dark) / (flat - dark)`, so that the mean gain is kept. Where the flat field is not above
//! the dark image nothing can be said, and the value is 0.

use super::{BLOCK, finer, sample};
use crate::device::Buffer;
use crate::image::Volume;
use crate::{Error, Result};
use rayon::prelude::*;

/// A flat field with more than this share of pixels that are not above the dark image is none.
pub const MOST_DARK: f64 = 0.01;
/// No pixel is made brighter than this many times: what is that badly lit is not measured by multiplying its noise.
const LARGEST_GAIN: f64 = 100.0;

/// How a field was lit.
#[derive(Clone, Debug)]
pub struct Flat {
    /// By pixel of a plane, or of the whole stack: what the light above `dark` is multiplied by; 0 where nothing is known.
    gain: Vec<f64>,
    dark: Option<Vec<f64>>,
    /// Pixels of the field of which nothing is known.
    pub unknown: usize,
}

fn values(volume: &Volume) -> Result<Vec<f64>> {
    Ok(volume.samples.host()?.iter().map(|s| volume.scale.value(f64::from(*s))).collect())
}

impl Flat {
    /// From an image of an even field and one without light, both of a plane or of the whole stack.
    ///
    /// # Errors
    /// Images of different sizes, or a field that is dark.
    pub fn new(flat: &Volume, dark: Option<&Volume>) -> Result<Self> {
        if let Some(dark) = dark.filter(|d| d.shape != flat.shape) {
            let what = format!("the flat field is {}, the dark image {}", flat.shape, dark.shape);
            return Err(Error::usage(what).remedy("both of the size of the images"));
        }
        let (mut gain, dark) = (values(flat)?, dark.map(values).transpose()?);
        if let Some(dark) = &dark {
            gain.iter_mut().zip(dark).for_each(|(flat, dark)| *flat -= dark);
        }
        let lit = |v: &&f64| **v > 0.0 && v.is_finite();
        let (n, sum) = gain.iter().filter(lit).fold((0usize, 0.0), |(n, sum), v| (n + 1, sum + v));
        let mean = sum / n as f64;
        let is_known = |v: f64| v > 0.0 && v.is_finite() && mean / v <= LARGEST_GAIN;
        let unknown = gain.iter().filter(|v| !is_known(**v)).count();
        if n == 0 || unknown as f64 > MOST_DARK * gain.len() as f64 {
            let what = format!("{unknown} of {} pixels of the flat field are not above the dark image", gain.len());
            return Err(Error::usage(what).remedy("an image of an evenly lit, evenly stained field"));
        }
        gain.iter_mut().for_each(|v| *v = if is_known(*v) { mean / *v } else { 0.0 });
        Ok(Flat { gain, dark, unknown })
    }

    /// The image as an even field would have lit it. A field of one plane serves each slice of a stack.
    ///
    /// # Errors
    /// The field is of another size, or the image is on a device.
    pub fn correct(&self, image: &Volume) -> Result<Volume> {
        let (samples, shape) = (image.samples.host()?, image.shape);
        let plane = self.gain.len();
        if plane == 0 || (plane != shape.len() && plane != shape.y * shape.x) {
            return Err(Error::usage("the flat field is of another size than the image"));
        }
        let value = |i: usize| {
            let dark = self.dark.as_ref().map_or(0.0, |d| d[i % plane]);
            (image.scale.value(f64::from(samples[i])) - dark) * self.gain[i % plane]
        };
        let ends = samples
            .par_chunks(BLOCK)
            .enumerate()
            .map(|(b, part)| (0..part.len()).map(|i| value(b * BLOCK + i).abs()).fold(0.0, f64::max));
        let scale = finer(image.scale.factor(), ends.reduce(|| 0.0, f64::max))?;
        let corrected: Vec<i32> = (0..samples.len()).into_par_iter().map(|i| sample(scale, value(i))).collect();
        Ok(Volume { scale, ..image.with(Buffer::on_host(corrected)) })
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: by hand.
    use super::*;
    use crate::units::Shape;

    fn volume(shape: Shape, samples: &[i32]) -> Volume {
        Volume::new(shape, samples.to_vec()).unwrap()
    }

    #[test]
    fn an_uneven_field_becomes_even_with_its_mean() {
        let plane = Shape::flat(2, 2);
        let dark = volume(plane, &[10; 4]);
        let flat = Flat::new(&volume(plane, &[60, 110, 160, 110]), Some(&dark)).unwrap();
        // What is lit by the field itself, at twice its brightness, in two slices.
        let stack = volume(Shape::new(2, 2, 2), &[110, 210, 310, 210, 60, 110, 160, 10]);
        let out = flat.correct(&stack).unwrap();
        let values: Vec<f64> = out.samples.host().unwrap().iter().map(|s| out.scale.value(f64::from(*s))).collect();
        assert_eq!(values, [200.0, 200.0, 200.0, 200.0, 100.0, 100.0, 100.0, 0.0]);
        assert!(flat.correct(&volume(Shape::flat(2, 3), &[0; 6])).is_err());
    }

    #[test]
    fn dark_fields_are_refused_and_a_dead_pixel_is_none() {
        let plane = Shape::flat(1, 2);
        assert!(Flat::new(&volume(plane, &[0, 0]), None).is_err());
        assert!(Flat::new(&volume(plane, &[5, 0]), None).is_err(), "half of it");
        assert!(Flat::new(&volume(plane, &[5, 5]), Some(&volume(Shape::flat(1, 1), &[0]))).is_err());
        let mut samples = vec![100; 200];
        samples[7] = 0;
        let flat = Flat::new(&volume(Shape::flat(1, 200), &samples), None).unwrap();
        let out = flat.correct(&volume(Shape::flat(1, 200), &[50; 200])).unwrap();
        assert_eq!((flat.unknown, out.samples.host().unwrap()[7], out.samples.host().unwrap()[8]), (1, 0, 800));
    }
}
