//! The step `spots`: points of light as small objects with places of their own.

use super::crowded_spots;
use super::floor::of_cut_ground;
use super::state::State;
use crate::Error;
use crate::Result;
use crate::device::{Buffer, Device};
use crate::image::{Regions, SpotDepth, Volume};
use crate::measure::{DEEPEST_SPOT, SPOT_FWHM, SpotStart, fit_spot, place_spot, tell_length};
use crate::ops::end_of_scale::end_of_scale;
use crate::ops::spots::{Peak, SIGMA_PX, Spots as Found, find};
use crate::read::points::{Point, draw};
use crate::recipe::Spots;
use crate::units::Shape;
use rayon::prelude::*;

/// How many times as long along z as they are wide spots are tried to be where the recipe does not say it.
const DEPTHS: [f64; 3] = [1.0, 2.0, 4.0];

/// So many spots tell how long they are along z.
const LOOKED_AT: usize = 200;
/// What is said where they do not.
const NO_LENGTH: &str =
    "the slices do not tell how long spots are along z: their light is empty where no sigma_z is stated";

/// Fewer spots of one pixel than that, or a smaller share of all, say nothing.
const FEW: usize = 3;
/// See there.
const FEW_OF_ALL: f64 = 0.1;

/// A size that spots are looked for in.
#[derive(Clone, Copy)]
struct Size {
    /// Sigma in pixels of the plane.
    plane: f64,
    /// The same along z.
    deep: f64,
    /// Both in voxels along z, y, x.
    sigma: [f64; 3],
}

impl State<'_> {
    /// Each spot is a disc, or ball, of half its width around its peak; its place is that of a Gaussian of the sigma of the scale,
    /// fitted to the image as the file has it.
    pub fn spots(&mut self, p: &Spots) -> Result<()> {
        let src = self.of(&p.of)?;
        let sizes = self.spot_sizes(p)?;
        let sigmas: Vec<[f64; 3]> = sizes.iter().map(|s| s.sigma).collect();
        let found = match self.searched {
            Some(searched) => find_searched(self.device, &src, self.file, &sigmas, searched.voxels.host()?)?,
            None => find(self.device, &src, self.file, &sigmas)?,
        };
        let Some(size) = sizes.get(found.scale).copied() else { return Ok(()) };
        let (shape, spacing, sigma) = (src.shape, self.geometry.spacing, size.sigma);
        let radius = size.plane * SPOT_FWHM / 2.0;
        let zyx = |peak: &Peak| shape.position(peak.voxel).map(|v| v as f64);
        let discs: Vec<Point> = found.peaks.iter().map(|peak| Point { zyx: zyx(peak), radius }).collect();
        let drawn = draw(&discs, shape, spacing)?;
        let (voxels, samples) = (drawn.voxels().host()?, self.file.samples.host()?);
        let end = end_of_scale(self.file, self.saturation)?;
        let start = |k: usize, sigma: [f64; 3]| SpotStart {
            shape,
            samples,
            labels: voxels,
            label: k as u32 + 1,
            at: zyx(&found.peaks[k]),
            sigma,
            end,
            others: &[],
        };
        let is_open = p.sigma_z.is_none() && !shape.is_flat();
        let seen = if is_open { length(&found.peaks, |k| start(k, sigma)) } else { None };
        let place = |(k, peak): (usize, &Peak)| {
            let at = zyx(peak);
            let spot = place_spot(&start(k, [seen.unwrap_or(sigma[0]), sigma[1], sigma[2]]));
            let inside = |at: &[f64; 3]| (0..3).all(|a| (-0.5..shape.zyx()[a] as f64 - 0.5).contains(&at[a]));
            spot.filter(inside).unwrap_or(at)
        };
        let points: Vec<[f64; 3]> = found.peaks.par_iter().enumerate().map(place).collect();
        self.warnings.extend(crowded_spots::warning(&found, &points, [seen.unwrap_or(sigma[0]), sigma[1], sigma[2]]));
        let regions = Regions { points, ..Regions::of_labels(&drawn)? };
        self.labels = Some(regions.labels.to(self.device)?);
        self.mask = None;
        self.geometry.radius_px = Some(radius);
        let in_plane = size.deep / sigma[0];
        let sigma_px = seen.map_or(size.deep, |slices| slices * in_plane);
        let is_told = seen.is_some() || p.sigma_z.is_some();
        let depth = SpotDepth { sigma_px, is_stated: p.sigma_z.is_some(), is_told };
        self.spot_depth = Some(depth).filter(|_| !shape.is_flat());
        self.notes.push(note(&found, size, self.spot_depth));
        if is_open && seen.is_none() && !found.peaks.is_empty() {
            self.warnings.push(NO_LENGTH.into());
        }
        self.notes.extend(found.cut_off.map(of_cut_ground));
        self.warnings.extend(of_one_pixel(&found));
        self.origin = Some(regions);
        Ok(())
    }

    /// The sizes that the recipe asks for, the finest first; of each sigma in the plane several along z where it names none.
    fn spot_sizes(&self, p: &Spots) -> Result<Vec<Size>> {
        let [least, most] = p.sigma.ends();
        let (least, most) = (self.geometry.px(least)?, self.geometry.px(most)?);
        for sigma in [least, most] {
            if !(SIGMA_PX[0]..=SIGMA_PX[1]).contains(&sigma) {
                let [from, to] = SIGMA_PX;
                return Err(Error::usage(format!("spots with a sigma of {sigma:.3} px in this image"))
                    .remedy(format!("{from} to {to} px")));
            }
        }
        let stated = p.sigma_z.map(|z| self.geometry.px(z)).transpose()?.map(|z| z / least);
        if let Some(deep) = stated.filter(|deep| !(*deep > 0.0 && *deep <= DEEPEST_SPOT)) {
            return Err(Error::usage(format!("spots that are {deep:.2} times as long along z as they are wide"))
                .remedy(format!("sigma_z above 0, up to {DEEPEST_SPOT} times sigma")));
        }
        let depths = match stated {
            Some(deep) => vec![deep],
            None if self.geometry.shape.is_flat() => vec![1.0],
            None => DEPTHS.to_vec(),
        };
        let size = |plane: f64, deep: f64| {
            let [z, y, x] = self.geometry.along(plane);
            Size { plane, deep: plane * deep, sigma: [z * deep, y, x] }
        };
        let step = |k: i32| least * libm::pow(2.0, f64::from(k) / 2.0);
        let planes = (0..).map(step).take_while(|px| *px <= most * (1.0 + 1e-9));
        Ok(planes.flat_map(|plane| depths.iter().map(move |deep| size(plane, *deep))).collect())
    }
}

/// Spots where objects may be found. Slices that see nothing, before the first or behind the last that sees something, are filled with that one, so that spots would
/// be brighter the nearer they lie to it: they are left out. A single slice goes on as they do, and the peaks lie in it.
fn find_searched(device: &Device, src: &Volume, file: &Volume, sigmas: &[[f64; 3]], searched: &[u8]) -> Result<Found> {
    let plane = (src.shape.y * src.shape.x).max(1);
    let seen: Vec<usize> = (0..src.shape.z).filter(|z| searched[z * plane..(z + 1) * plane].contains(&1)).collect();
    let (Some(first), Some(last)) = (seen.first().copied(), seen.last().copied()) else { return Ok(Found::default()) };
    let is_cut = last > first && last - first + 1 < src.shape.z;
    let (mut found, from) = match is_cut {
        true => {
            let (src, file) = (slices(src, first, last)?, slices(file, first, last)?);
            (find(device, &src.to(device)?, &file, sigmas)?, first)
        }
        false => (find(device, src, file, sigmas)?, 0),
    };
    for peak in &mut found.peaks {
        let z = (peak.voxel / plane + from).clamp(first, last);
        peak.voxel = z * plane + peak.voxel % plane;
    }
    found.peaks.retain(|peak| searched[peak.voxel] != 0);
    found.peaks.sort_by_key(|peak| peak.voxel);
    found.peaks.dedup_by_key(|peak| peak.voxel);
    Ok(found)
}

/// The slices of a stack from one to another, on the host.
fn slices(stack: &Volume, first: usize, last: usize) -> Result<Volume> {
    let Shape { y, x, .. } = stack.shape;
    let samples = stack.to_host()?.samples.host()?[first * y * x..(last + 1) * y * x].to_vec();
    Ok(Volume { shape: Shape::new(last - first + 1, y, x), ..stack.with(Buffer::on_host(samples)) })
}

/// Hot pixels, and photons that a camera has multiplied, look like spots of one pixel each.
fn of_one_pixel(found: &Found) -> Option<String> {
    let (n, all) = (found.of_one_pixel, found.peaks.len());
    (n >= FEW && n as f64 > FEW_OF_ALL * all as f64).then(|| {
        let like = "hot pixels look like that, and photons that an EMCCD has multiplied";
        format!("{n} of {all} spots owe more than half of their response to one pixel: {like}; spot_fwhm_px tells them")
    })
}

/// Sigma along z, in slices, of the spots that stand out most: the middle one; nothing unless two in five of them show it.
fn length<'a>(peaks: &[Peak], start: impl Fn(usize) -> SpotStart<'a> + Sync) -> Option<f64> {
    let mut first: Vec<usize> = (0..peaks.len()).collect();
    first.sort_by(|a, b| peaks[*b].significance.total_cmp(&peaks[*a].significance));
    first.truncate(LOOKED_AT);
    let mut found: Vec<f64> = first.par_iter().filter_map(|k| fit_spot(&start(*k))?.deep).collect();
    found.sort_unstable_by(f64::total_cmp);
    found.get(found.len() / 2).copied().filter(|_| tell_length(found.len(), first.len()))
}

/// How many there are, of which size, or of which sizes there are none.
fn note(found: &Found, size: Size, depth: Option<SpotDepth>) -> String {
    let sigma = format!("sigma {:.3} px", size.plane);
    let along = depth.map_or_else(String::new, |d| format!(", {:.3} px along z", d.sigma_px));
    let nothing = "stands out of the noise on all sides";
    match (found.threshold, depth) {
        (Some(t), _) => {
            format!("{} spots of {sigma}{along}, {t:.2} times the noise of the response or more", found.peaks.len())
        }
        (None, Some(d)) if d.is_stated => format!("nothing of {sigma}{along}, {nothing}: is sigma_z another?"),
        (None, Some(_)) => format!("nothing of {sigma}, once to four times as long along z, {nothing}"),
        (None, None) => format!("nothing of {sigma} {nothing}"),
    }
}
