//! The grid that objects are measured on, and an object on it.

use super::chain::{Place, Regrid};
use super::{Chain, Intensities, Interpolation, Region, morphology};
use crate::Result;
use crate::measure::object::Object;
use crate::measure::{ChannelRef, Request};
use crate::units::{Length, Ruler, Shape, Unit};

/// What a recipe says of it.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    /// Distance of voxels, if not that of the image.
    pub resample: Option<Length>,
    /// On that grid.
    pub interpolation: Interpolation,
    /// Lowest and highest value that is measured.
    pub range: Option<[f64; 2]>,
    /// Standard deviations from the mean from which on a value is not measured.
    pub outliers: Option<f64>,
    /// Spheres of 1 ml reach out of objects.
    pub peak: bool,
}

/// What holds for all objects of an image.
#[derive(Clone)]
pub(super) struct Grid {
    /// Of voxels, in the unit of the table; 1 where nothing is known.
    spacing: [f64; 3],
    /// The image has a calibration.
    pub is_known: bool,
    /// 1 ml in the cube of that unit.
    pub ml: Option<f64>,
    /// Around objects, in that unit: what spheres may reach into.
    margin: f64,
    regrid: Option<Regrid>,
    range: Option<[f64; 2]>,
    outliers: Option<f64>,
}

impl Grid {
    pub fn of(choice: Choice, request: &Request) -> Result<Self> {
        let spacing = request.spacing.map(|s| s.to(request.unit));
        let zyx = spacing.map_or([1.0; 3], |s| s.zyx);
        let ml = spacing.map(|s| if s.unit == Unit::Mm { 1e3 } else { 1e12 });
        // The radius of 1 ml; a sphere of cells would be larger than any image, and has no value.
        let radius = ml.map(|ml| libm::cbrt(ml * 3.0 / (4.0 * std::f64::consts::PI)));
        let fits = |r: &f64| zyx.iter().all(|s| r / s <= 100.0);
        let margin = radius.filter(|_| choice.peak).filter(fits).unwrap_or(0.0);
        let regrid = choice.resample.map(|length| regrid(length, choice.interpolation, request, zyx)).transpose()?;
        let Choice { range, outliers, .. } = choice;
        Ok(Grid { spacing: zyx, is_known: spacing.is_some(), ml, margin, regrid, range, outliers })
    }

    /// An object in a channel as the standard sees it. Range and outliers are those of its own values, or of another channel.
    pub fn region<'a>(
        &self,
        object: &Object,
        (channel, image): (&ChannelRef, &'a [i32]),
        judge: Option<(&ChannelRef, &'a [i32])>,
    ) -> Result<Region<'a>> {
        let chain = Chain { regrid: self.regrid, range: self.range, outliers: self.outliers, margin: self.margin };
        let Some((judge, judged)) = judge else { return self.cut(object, channel, image, chain) };
        let mut region = self.cut(object, channel, image, Chain { range: None, outliers: None, ..chain })?;
        region.keep_measured_in(&self.cut(object, judge, judged, chain)?);
        Ok(region)
    }

    fn cut<'a>(&self, object: &Object, channel: &ChannelRef, image: &'a [i32], chain: Chain) -> Result<Region<'a>> {
        let shape = channel.volume.shape;
        if self.regrid.is_some() {
            // The new grid is that of the whole image; of its voxels only those around the object are looked at.
            let inside = object.place_in_image();
            let size = Shape::new(inside[0].len(), inside[1].len(), inside[2].len());
            let crop = object.mask_in(&inside);
            let mask = |i: usize| {
                let at = shape.position(i);
                (0..3).all(|a| inside[a].contains(&at[a]))
                    && crop[size.index(at[0] - inside[0].start, at[1] - inside[1].start, at[2] - inside[2].start)]
            };
            let scale = channel.volume.scale;
            let place = Place { shape, spacing: self.spacing, inside: inside.clone() };
            return chain.region_at(&place, &|i| scale.value(f64::from(image[i])), &mask);
        }
        let margin = self.spacing.map(|s| (self.margin / s).ceil() as usize);
        let (crop, samples, mask) = object.cut(image, margin);
        let intensities = Intensities::Samples(samples, channel.volume.scale);
        let mut region = Region::new(crop, self.spacing, intensities, &mask)?;
        chain.resegment(&mut region);
        Ok(region)
    }

    /// Lengths, areas and volumes are nothing where the size of a voxel is not known; shares and ratios are those of voxels.
    pub fn lengths_only_if_known(&self, mut values: Vec<Option<f64>>) -> Vec<Option<f64>> {
        if !self.is_known {
            let lengths = morphology::FEATURES.iter().zip(&mut values).filter(|(f, _)| f.unit.contains("um"));
            lengths.for_each(|(_, v)| *v = None);
        }
        values
    }
}

/// The grid that a recipe asks for. A single slice keeps its thickness.
fn regrid(length: Length, image: Interpolation, request: &Request, zyx: [f64; 3]) -> Result<Regrid> {
    let px = length.px(&Ruler { spacing: request.spacing, radius_px: request.radius_px })?;
    let plane = (zyx[1] * zyx[2]).sqrt();
    let size = px * if request.spacing.is_some() { plane } else { 1.0 };
    let is_flat = request.labels.shape.is_flat();
    Ok(Regrid {
        spacing: [Some(size).filter(|_| !is_flat), Some(size), Some(size)],
        image,
        mask: Interpolation::Linear,
        whole: false,
    })
}
