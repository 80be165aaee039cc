//! The step that makes an image blank in which nothing but noise is seen.
//!
//! Otsu's threshold divides whatever it is given: of a stain that no cell has it makes a region of where the noise happens to be high. Such an image, smoothed as
//! the region is, rises by a few deviations of what smoothing leaves of its noise, and one with a stain by a hundred.

use super::state::State;
use crate::Result;
use crate::device::Buffer;
use crate::ops::Border;
use crate::ops::gaussian::{Gaussian, gaussian};
use crate::ops::histogram::range;
use crate::ops::noise_blur::BlurredNoise;
use crate::recipe::BlankNoise;

/// From its darkest to its brightest place noise rises by so many deviations at most: six or seven in large fields, twice as many at their corners.
const RISES: f64 = 12.0;

impl State<'_> {
    pub fn blank_noise(&mut self, p: &BlankNoise) -> Result<()> {
        let image = self.picture(&p.of)?;
        let sigma = self.geometry.voxels(p.sigma)?;
        let noise = BlurredNoise::of(self.device, &image.volume)?;
        // Values that are continued beyond the border as they are there count many times.
        let mirrored = Gaussian { border: Border::Reflect, ..Gaussian::new(sigma) };
        let (low, high) = range(self.device, &gaussian(self.device, &image.volume, &mirrored)?)?;
        let rise = f64::from(high) - f64::from(low);
        let volume = if rise > RISES * noise.smoothed(sigma, image.volume.shape) {
            image.volume.clone()
        } else {
            self.notes.push("nothing in the image rises above its noise: there are no objects".into());
            image.volume.with(self.device.place(&Buffer::on_host(vec![low; image.volume.shape.len()]))?)
        };
        self.put(&image, volume, 0.0, &p.keep_as);
        Ok(())
    }
}
