//! The step `filter`: a response map of an image, made on the host.

use super::quantise::quantised;
use super::state::State;
use crate::device::Buffer;
use crate::filters::{self, Axes, Field, Planes, Pooling, Wave};
use crate::image::Volume;
use crate::recipe::{Dimensions, Filter, Gabor, GaborPlanes};
use crate::units::Length;
use crate::{Error, Result};
use rayon::prelude::*;

impl State<'_> {
    pub fn filter(&mut self, filter: &Filter) -> Result<()> {
        let src = self.picture(&None)?;
        let image = src.volume.to_host()?;
        let values = image.samples.host()?.par_iter().map(|s| image.scale.value(f64::from(*s))).collect();
        let field = Field::new(image.shape, values)?;
        let response = self.response(filter, &field)?;
        drop(field);
        let (samples, scale) = quantised(&response.values)?;
        let image = Volume { scale, ..image.with(Buffer::on_host(samples)) };
        self.put(&src, image.to(self.device)?, 0.0, &None);
        Ok(())
    }

    fn response(&self, filter: &Filter, field: &Field) -> Result<Field> {
        let axes_of = |n: usize| if n == 2 { Axes::Slices } else { Axes::Volume };
        let axes = match filter {
            Filter::Mean(p) => self.axes(p.dimensions),
            Filter::LaplacianOfGaussian(p) => self.axes(p.dimensions),
            Filter::Laws(p) => axes_of(p.kernels.len()),
            Filter::Gabor(p) if p.planes == GaborPlanes::Axial => Axes::Slices,
            Filter::Gabor(_) => Axes::Volume,
            Filter::Wavelet(p) => axes_of(p.bands.0.len()),
            Filter::Simoncelli(p) => self.axes(p.dimensions),
            Filter::Riesz(p) => axes_of(p.order.len()),
        };
        if axes == Axes::Volume && field.shape.is_flat() {
            let what = format!("the filter \"{}\" looks along z, and the image is a single slice", filter.name());
            return Err(Error::usage(what).remedy(match filter {
                Filter::Laws(_) => "kernels along x and y: [\"L5\", \"E5\"]",
                Filter::Gabor(_) => "planes = \"axial\"",
                Filter::Wavelet(_) => "bands along x and y: \"LH\"",
                Filter::Riesz(_) => "orders along x and y: [1, 0]",
                _ => "dimensions = 2",
            }));
        }
        Ok(match filter {
            Filter::Mean(p) => filters::mean(field, p.support, axes, p.padding),
            Filter::LaplacianOfGaussian(p) => {
                let (sigma, cutoff) = (self.geometry.voxels(p.sigma)?, p.cutoff.unwrap_or(4.0));
                filters::laplacian_of_gaussian(field, sigma, cutoff, axes, p.padding)?
            }
            Filter::Laws(p) => {
                let response = filters::laws(field, &p.kernels, p.padding, p.pooling);
                p.energy.map(|far| filters::energy(&response, far, axes, p.padding)).unwrap_or(response)
            }
            Filter::Gabor(p) => self.gabor(p, field)?,
            Filter::Wavelet(p) => {
                filters::wavelet(field, p.wavelet, &p.bands.0, p.level.unwrap_or(1), p.padding, p.pooling)
            }
            Filter::Simoncelli(p) => filters::simoncelli(field, p.level.unwrap_or(1), axes),
            Filter::Riesz(p) => filters::riesz(field, &p.order),
        })
    }

    /// What the recipe says, or as many dimensions as the image has.
    pub(super) fn axes(&self, dimensions: Option<Dimensions>) -> Axes {
        let own = if self.geometry.shape.is_flat() { Axes::Slices } else { Axes::Volume };
        dimensions.map_or(own, |d| d.0)
    }

    fn gabor(&self, p: &Gabor, field: &Field) -> Result<Field> {
        let px = |length: Length| self.geometry.px(length);
        let wave =
            Wave { sigma: self.geometry.voxels(p.sigma)?, waves: px(p.sigma)? / px(p.wavelength)?, ratio: p.ratio };
        let steps = p.angle_step.map(|step| (0..360).map(f64::from).map(move |k| k * step).take_while(|a| *a < 360.0));
        let angles: Vec<f64> = steps.map_or_else(|| p.angles.clone(), Iterator::collect);
        let planes = match p.planes {
            GaborPlanes::Axial => Planes::Axial,
            GaborPlanes::Orthogonal => Planes::Orthogonal,
        };
        filters::gabor(field, &wave, &angles, planes, p.padding, p.pooling.unwrap_or(Pooling::Mean))
    }
}
