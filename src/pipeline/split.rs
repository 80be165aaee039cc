//! Steps that split objects, redraw their edges, and drop some.

use super::doubt::{FIRM, Parted};
use super::state::{Picture, State};
use crate::image::Volume;
use crate::ops::keep::{Keep, keep};
use crate::ops::landscape::{Sizes, depth, landscape};
use crate::ops::refine::{Refine, refine};
use crate::ops::split::{Depth, Ellipses, divide, divide_ellipses};
use crate::recipe::{self, Landscape, SplitBy, SplitDepth};
use crate::{Error, Result};

/// Of the lower peak, on the landscape.
const DEPTH: f64 = 0.08;
/// The same on distances alone.
const DEPTH_OF_SHAPE: f64 = 0.15;

/// The edge of an object lies at this share of its brightness, as people draw it in single slices.
const FRACTION: f64 = 0.375;
/// In stacks at half: there the blur of a microscope adds more above and below, and a lower share makes volumes 20 to 70 % too large.
const FRACTION_OF_STACKS: f64 = 0.5;

/// Pixels of a landscape, the sum of six maps, that a valley is deeper than if it is not of pixels alone: a quarter of a pixel in each.
const GRAIN: f64 = 1.5;

impl State<'_> {
    pub fn landscape(&mut self, p: &Landscape) -> Result<()> {
        let (src, smoothed) = (self.with_light(&p.of)?, self.picture(&p.of)?.smoothed);
        let made = landscape(self.device, &src, &self.mask("landscape")?, &self.geometry.sizes()?)?;
        if let Some(name) = &p.keep_as {
            self.name(name, Picture { volume: made.clone(), smoothed });
        }
        // The image stays: a landscape is to split on, not to find thresholds in.
        self.landscape = Some(made);
        Ok(())
    }

    pub fn split(&mut self, p: &recipe::Split) -> Result<()> {
        let heights = self.heights(p)?;
        let sized = p.sized.unwrap_or(p.by == SplitBy::Landscape);
        let typical_size = self.geometry.typical_size().filter(|_| sized);
        let default = if p.by == SplitBy::Landscape { DEPTH } else { DEPTH_OF_SHAPE };
        let depth = match p.depth {
            None => Depth::Relative { fraction: default, typical_size },
            Some(SplitDepth::Share(fraction)) => Depth::Relative { fraction, typical_size },
            // Samples of a distance map have a scale in pixels of the plane.
            Some(SplitDepth::Length(l)) => Depth::Absolute(self.geometry.px(l)? / heights.scale.factor()),
        };
        let mask = self.mask("split")?;
        let divided = match self.geometry.typical_size().filter(|_| p.ellipses) {
            Some(typical_size) => {
                let grain = GRAIN / heights.scale.factor();
                divide_ellipses(self.device, &heights, &mask, depth, FIRM, Ellipses { typical_size, grain })?
            }
            None => divide(self.device, &heights, &mask, depth, FIRM)?,
        };
        self.parted = Some(Parted { objects: divided.labels.count, firm: divided.firm });
        self.labels = Some(divided.labels);
        Ok(())
    }

    fn heights(&self, p: &recipe::Split) -> Result<Volume> {
        match p.by {
            SplitBy::Intensity => self.with_light(&p.of),
            SplitBy::Shape => {
                let g = &self.geometry;
                let sizes = Sizes { diameter: 0.0, z_step: g.z_step(), weights: g.weights() };
                depth(self.device, &self.mask("split")?, &sizes)
            }
            SplitBy::Landscape => self.landscape.clone().ok_or_else(|| {
                Error::usage("\"split\" by landscape without one")
                    .remedy("a landscape step before it, or by = \"shape\"")
            }),
        }
    }

    pub fn refine(&mut self, p: &recipe::Refine) -> Result<()> {
        let src = self.with_light(&p.of)?;
        let settings = Refine {
            fraction: p.fraction.unwrap_or(if self.geometry.shape.is_flat() { FRACTION } else { FRACTION_OF_STACKS }),
            quantile: p.quantile.unwrap_or(0.7),
            floor: p.floor,
            dimmest: p.dimmest.unwrap_or(0.0),
        };
        let labels = self.labels("refine")?;
        self.labels = Some(refine(self.device, &src, &labels, &settings)?);
        Ok(())
    }

    pub fn keep(&mut self, p: &recipe::Keep) -> Result<()> {
        let g = self.geometry;
        let (mut least, mut most) = (0, None);
        // Areas are for single slices and volumes for stacks: a recipe may give both.
        let range = if g.shape.is_flat() { p.area.or(p.volume) } else { p.volume.or(p.area) };
        if let Some([from, to]) = range {
            // No end at all is written as "inf px".
            (least, most) = (g.fewest(from)?, g.most(to)?);
        }
        for size in p.at_least.iter().flatten().filter(|s| s.fits(g.shape.is_flat())) {
            least = least.max(g.fewest(*size)?);
        }
        let labels = self.labels("keep")?;
        let settings = Keep { size: [Some(least), most], border: p.border.unwrap_or(true) };
        let kept = keep(self.device, &labels, &settings)?;
        let dropped = labels.count.saturating_sub(kept.count);
        if dropped > 0 {
            let why = if settings.border { "by size" } else { "by size or at the border" };
            self.notes.push(format!("{dropped} of {} objects dropped {why}", labels.count));
            self.remember_dropped(&labels, &kept)?;
        }
        self.labels = Some(kept);
        Ok(())
    }
}
