//! The step `spots`: points of light as small objects with places of their own.

use super::state::State;
use crate::Error;
use crate::Result;
use crate::image::Regions;
use crate::measure::{SPOT_FWHM, SpotStart, place_spot};
use crate::ops::spots::{Peak, SIGMA_PX, find};
use crate::read::points::{Point, draw};
use crate::recipe::Spots;
use rayon::prelude::*;

/// Most sigmas of the plane that one along z is.
const DEEPEST: f64 = 10.0;

impl State<'_> {
    /// Each spot is a disc, or ball, of half its width around its peak; its place is that of a Gaussian of the sigma of the scale,
    /// fitted to the image as the file has it.
    pub fn spots(&mut self, p: &Spots) -> Result<()> {
        let src = self.of(&p.of)?;
        let scales = self.scales(p)?;
        let found = find(self.device, &src, self.file, &scales.iter().map(|s| s.1).collect::<Vec<_>>())?;
        let Some((plane, sigma)) = scales.get(found.scale).copied() else { return Ok(()) };
        let (shape, spacing) = (src.shape, self.geometry.spacing);
        let radius = plane * SPOT_FWHM / 2.0;
        let zyx = |peak: &Peak| shape.position(peak.voxel).map(|v| v as f64);
        let discs: Vec<Point> = found.peaks.iter().map(|peak| Point { zyx: zyx(peak), radius }).collect();
        let drawn = draw(&discs, shape, spacing)?;
        let (voxels, samples) = (drawn.voxels().host()?, self.file.samples.host()?);
        let place = |(k, peak): (usize, &Peak)| {
            let (at, labels, label) = (zyx(peak), voxels, k as u32 + 1);
            let spot = place_spot(&SpotStart { shape, samples, labels, label, at, sigma });
            let inside = |at: &[f64; 3]| (0..3).all(|a| (-0.5..shape.zyx()[a] as f64 - 0.5).contains(&at[a]));
            spot.filter(inside).unwrap_or(at)
        };
        let points = found.peaks.par_iter().enumerate().map(place).collect();
        let regions = Regions { points, ..Regions::of_labels(&drawn)? };
        self.labels = Some(regions.labels.to(self.device)?);
        self.mask = None;
        self.geometry.radius_px = Some(radius);
        self.notes.push(match found.threshold {
            Some(t) => {
                let n = found.peaks.len();
                format!("{n} spots of sigma {plane:.3} px, {t:.2} times the noise of the response or more")
            }
            None => format!("nothing of sigma {plane:.3} px stands out of the noise"),
        });
        self.origin = Some(regions);
        Ok(())
    }

    /// Sigmas in pixels of the plane, each with those in voxels along z, y, x.
    fn scales(&self, p: &Spots) -> Result<Vec<(f64, [f64; 3])>> {
        let [least, most] = p.sigma.ends();
        let (least, most) = (self.geometry.px(least)?, self.geometry.px(most)?);
        for sigma in [least, most] {
            if !(SIGMA_PX[0]..=SIGMA_PX[1]).contains(&sigma) {
                let [from, to] = SIGMA_PX;
                return Err(Error::usage(format!("spots with a sigma of {sigma:.3} px in this image"))
                    .remedy(format!("{from} to {to} px")));
            }
        }
        let deep = p.sigma_z.map(|z| self.geometry.px(z)).transpose()?.unwrap_or(least) / least;
        if !(deep > 0.0 && deep <= DEEPEST) {
            return Err(Error::usage(format!("spots that are {deep:.2} times as long along z as they are wide"))
                .remedy(format!("sigma_z above 0, up to {DEEPEST} times sigma")));
        }
        let along = |px: f64| {
            let [z, y, x] = self.geometry.along(px);
            (px, [z * deep, y, x])
        };
        let step = |k: i32| least * libm::pow(2.0, f64::from(k) / 2.0);
        let inside = |px: &f64| *px <= most * (1.0 + 1e-9);
        Ok((0..).map(step).take_while(inside).map(along).collect())
    }
}
