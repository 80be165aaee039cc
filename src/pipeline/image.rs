//! Steps that make an image of an image.

use super::state::State;
use crate::Result;
use crate::image::Volume;
use crate::ops::Border;
use crate::ops::background::{Background, background};
use crate::ops::denoise::{Denoise, denoise};
use crate::ops::gaussian::{Gaussian, gaussian};
use crate::ops::histogram::range;
use crate::ops::mean::mean;
use crate::ops::median::median;
use crate::ops::morphology::{Element, closing, opening, top_hat};
use crate::ops::pixelwise::subtract;
use crate::ops::rolling_ball::{RollingBall, rolling_ball};
use crate::recipe::{self, ElementShape, Morphology, Radius};
use crate::units::Length;

/// A ball that is so many times as high as the image rises into things of half its width, which it is to roll below: there it is
/// 0.13 of its radius high.
const STEEP: f64 = 8.0;

/// An image that a step has smoothed to look at it.
pub(super) struct Smooth {
    of: Volume,
    /// In voxels along z, y, x.
    sigma: [f64; 3],
    image: Volume,
}

impl Smooth {
    /// The image, if it is of this one and as smooth as that.
    fn if_of(self, image: &Volume, sigma: [f64; 3]) -> Option<Volume> {
        // Along an axis of one voxel nothing is smoothed.
        let as_smooth = (0..3).all(|axis| image.shape.zyx()[axis] < 2 || self.sigma[axis] == sigma[axis]);
        (self.of.samples.is(&image.samples) && as_smooth).then_some(self.image)
    }
}

impl State<'_> {
    pub fn gaussian(&mut self, p: &recipe::Gaussian) -> Result<()> {
        let src = self.picture(&p.of)?;
        let least = p.at_least.map_or(Ok(0.0), |l| self.geometry.px(l))?;
        let sigma = self.geometry.px(p.sigma)?.max(least);
        let along = self.geometry.along(sigma);
        let image = match self.smooth.take().and_then(|smooth| smooth.if_of(&src.volume, along)) {
            Some(image) => image,
            None => gaussian(self.device, &src.volume, &Gaussian::new(along))?,
        };
        self.put(&src, image, sigma, &p.keep_as);
        Ok(())
    }

    pub fn median(&mut self, p: &Radius) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = median(self.device, &src.volume, self.geometry.steps(p.radius)?)?;
        self.put(&src, image, self.deviation(p.radius)?, &p.keep_as);
        Ok(())
    }

    pub fn mean(&mut self, p: &Radius) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = mean(self.device, &src.volume, self.geometry.steps(p.radius)?, Border::Nearest)?;
        self.put(&src, image, self.deviation(p.radius)?, &p.keep_as);
        Ok(())
    }

    /// Sigma of a box of that half-width, in pixels.
    fn deviation(&self, radius: Length) -> Result<f64> {
        let width = 2.0 * self.geometry.px(radius)?.round() + 1.0;
        Ok(((width * width - 1.0) / 12.0).sqrt())
    }

    fn element(&self, p: &Morphology) -> Result<Element> {
        Ok(match p.shape {
            ElementShape::Box => Element::Box(self.geometry.steps(p.radius)?),
            ElementShape::Ball => Element::Ball(self.geometry.voxels(p.radius)?),
        })
    }

    pub fn top_hat(&mut self, p: &Morphology) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = top_hat(self.device, &src.volume, &self.element(p)?)?;
        self.put(&src, image, 0.0, &p.keep_as);
        Ok(())
    }

    pub fn opening(&mut self, p: &Morphology) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = opening(self.device, &src.volume, &self.element(p)?)?;
        self.put(&src, image, self.deviation(p.radius)?, &p.keep_as);
        Ok(())
    }

    pub fn closing(&mut self, p: &Morphology) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = closing(self.device, &src.volume, &self.element(p)?)?;
        self.put(&src, image, self.deviation(p.radius)?, &p.keep_as);
        Ok(())
    }

    /// The radius of the estimate is twice the diameter of what must not become background.
    pub fn background(&mut self, p: &Radius) -> Result<()> {
        let src = self.picture(&p.of)?;
        let estimate = Background::of_diameter(self.geometry.px(p.radius)? / 2.0);
        // What is taken off before the estimate would be put on again, and taken off with it.
        let level = self.level(&src.volume);
        let image = subtract(self.device, &level, &background(self.device, &level, &estimate)?)?;
        self.put(&src, image, 0.0, &p.keep_as);
        Ok(())
    }

    pub fn denoise(&mut self, p: &recipe::Denoise) -> Result<()> {
        let src = self.picture(&p.of)?;
        let (enough, most) = (self.geometry.px(p.enough)?, self.geometry.px(p.at_most)?);
        let settings = Denoise { share: p.share, enough, most };
        let sizes = self.geometry.sizes()?;
        let found = denoise(self.device, &src.volume, &settings, &sizes)?;
        self.put(&src, found.image, found.sigma, &p.keep_as);
        self.smooth = Some(Smooth { of: src.volume, sigma: sizes.along(enough), image: found.looked_at });
        Ok(())
    }

    pub fn rolling_ball(&mut self, p: &Radius) -> Result<()> {
        let src = self.picture(&p.of)?;
        let radius = self.geometry.px(p.radius)?;
        let [_, y, x] = self.geometry.along(radius);
        // As high in the values of the image as it is wide in pixels.
        let factor = src.volume.scale.factor();
        let ball = RollingBall { radius: [0.0, y, x], height: (radius / factor).min(f64::MAX) };
        let (least, most) = range(self.device, &src.volume)?;
        let span = (f64::from(most) - f64::from(least)) * factor;
        if span > 0.0 && span < radius / STEEP {
            self.warnings.push(format!(
                "rolling_ball: a ball of {radius:.4} px is also {radius:.4} high in values, and those of the image span only {span:.4}: objects are taken off with the \
                 ground; use the step background, which does not look at heights, or larger values"
            ));
        }
        let image = subtract(self.device, &src.volume, &rolling_ball(self.device, &src.volume, &ball)?)?;
        self.put(&src, image, 0.0, &p.keep_as);
        Ok(())
    }
}
