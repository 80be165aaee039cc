//! The step `texture`: a feature of the standard in a window around each voxel, as an image.
//!
//! The window is a box of so many voxels along each axis, cut off at the edge of the image; all voxels in it count. Matrices are merged in
//! space (`3d_mrg`), at a distance of 1. Where the feature has no value (a correlation in an even window) the map has 0.

use super::quantise::quantised;
use super::state::State;
use crate::Result;
use crate::device::Buffer;
use crate::filters::Axes;
use crate::image::Volume;
use crate::measure::texture::Discretisation;
use crate::recipe::TextureMap;
use crate::simd::map;
use crate::units::Shape;
use rayon::prelude::*;

impl State<'_> {
    pub fn texture_map(&mut self, p: &TextureMap) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = src.volume.to_host()?;
        let (shape, samples) = (image.shape, image.samples.host()?);
        let value = |at: usize| image.scale.value(f64::from(samples[at]));
        let reach = p.window / 2;
        let depth = if self.axes(p.dimensions) == Axes::Volume { reach } else { 0 };
        let bins = p.bins.map_or(Discretisation::None, |bins| bins.discretisation());
        // Where the level of a voxel depends on no other one, levels are worked out once.
        let of = p.feature.0;
        let grey = match of.needs_levels() && image.scale.is_finite() {
            true => bins.of_each(&map(samples, |s| image.scale.value(f64::from(s))))?,
            false => None,
        };
        let feature = |room: &mut Vec<u16>, at: usize| -> Result<f64> {
            if p.at_least.is_some_and(|least| value(at) < least) {
                return Ok(0.0);
            }
            let place = shape.position(at);
            let along = |a: usize, far: usize| place[a].saturating_sub(far)..(place[a] + far + 1).min(shape.zyx()[a]);
            let [zs, ys, xs] = [along(0, depth), along(1, reach), along(2, reach)];
            let size = Shape::new(zs.len(), ys.len(), xs.len());
            let rows = zs.flat_map(|z| ys.clone().map(move |y| (z, y)));
            if let Some(grey) = &grey {
                room.clear();
                rows.for_each(|(z, y)| room.extend(&grey[shape.index(z, y, xs.start)..][..xs.len()]));
                return Ok(of.of_grey(size, room).unwrap_or(0.0));
            }
            let values: Vec<f64> =
                rows.flat_map(|(z, y)| xs.clone().map(move |x| shape.index(z, y, x))).map(value).collect();
            Ok(of.value(size, &values, bins)?.unwrap_or(0.0))
        };
        let found = (0..shape.len()).into_par_iter().map_init(Vec::new, feature).collect::<Result<Vec<f64>>>()?;
        let (samples, scale) = quantised(&found)?;
        let map = Volume { scale, ..image.with(Buffer::on_host(samples)) };
        self.put(&src, map.to(self.device)?, 0.0, &None);
        Ok(())
    }
}
