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
use crate::in_order::each_in_order;
use crate::measure::texture::{Discretisation, Picture, Room, Windows};
use crate::recipe::TextureMap;
use crate::simd::zeros;
use rayon::prelude::*;

/// Voxels whose windows a thread looks at in turn.
const BLOCK: usize = 1 << 9;

impl State<'_> {
    pub fn texture_map(&mut self, p: &TextureMap) -> Result<()> {
        let src = self.picture(&p.of)?;
        let image = src.volume.to_host()?;
        let reach = p.window / 2;
        let depth = if self.axes(p.dimensions) == Axes::Volume { reach } else { 0 };
        let bins = p.bins.map_or(Discretisation::None, |bins| bins.discretisation());
        let picture = Picture { shape: image.shape, samples: image.samples.host()?, scale: image.scale };
        let windows = Windows::new(p.feature.0, picture, [depth, reach, reach], bins)?;
        let mut found = zeros::<f64>(image.shape.len());
        let has_window = |at: usize| p.at_least.is_none_or(|least| windows.intensity(at) >= least);
        let blocks = found.par_chunks_mut(BLOCK).enumerate();
        let block = |room: &mut Room, (k, found): (usize, &mut [f64])| {
            let first = k * BLOCK;
            let around: Vec<usize> = (first..first + found.len()).filter(|at| has_window(*at)).collect();
            windows.each(&around, room, |at, value| found[at - first] = value.unwrap_or(0.0))
        };
        each_in_order(blocks.map_init(|| windows.room(), block))?;
        let (samples, scale) = quantised(&found)?;
        let map = Volume { scale, ..image.with(Buffer::on_host(samples)) };
        self.put(&src, map.to(self.device)?, 0.0, &None);
        Ok(())
    }
}
