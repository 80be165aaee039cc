//! Finds the diameter of the typical object, so that a recipe needs no size.
//!
//! A first segmentation without sizes: smooth a little, Otsu, fill, distance to the outside, split at valleys of 15 %.
//! The diameter is 1.88 times the median, weighted by area, of the objects' inscribed radii: a little less than twice,
//! because Otsu's mask is a little wide. Where it comes out so large
//! that the mask was background rather than objects (over 0.3 of the shorter side), the search is repeated on the
//! image less an opening of an eighth of it, four times at most.
//!
//! Bit budget: that of the operations it is made of; the median is on the host, in f64.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::fill::fill_holes;
use super::gaussian::{Gaussian, gaussian};
use super::histogram::BinScale;
use super::landscape::{Sizes, depth};
use super::morphology::{Element, opening};
use super::object_rank::object_rank;
use super::pixelwise::{minimum, subtract};
use super::sizes::sizes;
use super::split::{Depth, split};
use super::threshold::{BinChoice, Cut, Method, choose, threshold};
use super::{Case, Op};
use crate::Result;
use crate::device::Device;
use crate::volume::Volume;

/// The room's entry.
pub const OP: Op = Op {
    name: "scale",
    summary: "Diameter of the typical object",
    reference: "docs/segmentation.md",
    cases: &[Case {
        name: "square voxels",
        run: |d, i| {
            let bits = scale(d, &i.volume(d)?, 1.0, [1; 3])?.to_bits();
            Ok(vec![bits as u32, (bits >> 32) as u32])
        },
    }],
};

/// The 256 bins that Otsu looks at.
const BINS: BinChoice = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
/// Share of the first mask's diameter that later steps do best with; 0.90 to 0.96 differ by less than the noise.
const MASK_IS_WIDE: f64 = 0.94;
/// Without a mask there is nothing to measure.
const NO_MASK: f64 = 10.0;
/// All objects of the mask are specks.
const SPECKS: f64 = 6.0;
/// An inscribed radius below this is a speck.
const SMALLEST_RADIUS: f64 = 1.5;

/// Diameter in pixels of the plane. `z_step` is the distance of slices in those, `weights` are those of distances.
///
/// # Errors
/// The device is lost or too small.
pub fn scale(device: &Device, src: &Volume, z_step: f64, weights: [u32; 3]) -> Result<f64> {
    let sizes = Sizes { diameter: 0.0, z_step, weights };
    let smooth = gaussian(device, src, &Gaussian::new(sizes.along(1.0)))?;
    let shorter = src.shape.y.min(src.shape.x) as f64;
    let mut diameter = once(device, &smooth, &sizes)?;
    for _ in 0..4 {
        if diameter <= 0.3 * shorter {
            break;
        }
        let radius = diameter / 8.0;
        let steps = sizes.along(radius.round().max(2.0)).map(|v| v.round() as usize);
        let open = minimum(device, &opening(device, &smooth, &Element::Box(steps))?, &smooth)?;
        let background = gaussian(device, &open, &Gaussian::new(sizes.along(radius / 2.0)))?;
        diameter = once(device, &subtract(device, &smooth, &background)?, &sizes)?;
    }
    Ok(MASK_IS_WIDE * diameter)
}

fn once(device: &Device, src: &Volume, at: &Sizes) -> Result<f64> {
    let t = choose(device, src, &Method::Otsu, BINS)?;
    let mask = fill_holes(device, &threshold(device, src, t)?)?;
    let map = depth(device, &mask, at)?;
    let smooth = gaussian(device, &map, &Gaussian::new(at.along(1.0)))?;
    let labels = split(device, &smooth, &mask, Depth::Relative { fraction: 0.15, typical_size: None })?;
    if labels.count == 0 {
        return Ok(NO_MASK);
    }
    let radii = object_rank(device, &map, &labels, 1.0)?;
    let sizes = sizes(device, &labels)?;
    let mut weighted: Vec<(i32, u64)> = radii
        .iter()
        .zip(&sizes)
        .skip(1)
        .filter(|(r, _)| f64::from(**r) * map.scale.factor >= SMALLEST_RADIUS)
        .map(|(&r, &n)| (r, n.into()))
        .collect();
    weighted.sort_unstable();
    let half = weighted.iter().map(|w| w.1).sum::<u64>().div_ceil(2);
    let mut sum = 0;
    let median = weighted.iter().find(|w| {
        sum += w.1;
        sum >= half
    });
    Ok(median.map_or(SPECKS, |&(r, _)| 2.0 * f64::from(r) * map.scale.factor))
}
