//! Finds the diameter of the typical object, so that a recipe needs no size.
//!
//! A first segmentation without sizes: smooth a little, Otsu, fill, distance to the outside, split at valleys of 15 %.
//! The diameter is 1.88 times the median, weighted by area, of the objects' inscribed radii: a little less than twice,
//! because Otsu's mask is a little wide. Where it comes out so large
//! that the mask may be background rather than objects (over 0.3 of the shorter side), the search is repeated on the
//! image less an opening of an eighth of it, four times at most. In a narrow image they may be objects for all that: if
//! Otsu's two classes explain more of the variance than those of an even slope would (3/4), and what the opening leaves
//! has less than half of their contrast (texture and noise, not objects on a bright ground), the first answer stands.
//!
//! Bit budget: that of the operations it is made of; the median is on the host, in f64.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::fill::fill_holes;
use super::gaussian::{Gaussian, gaussian};
use super::histogram::BinScale;
use super::landscape::{Sizes, depth};
use super::morphology::{Element, opening};
use super::object_rank::ranks_and_sizes;
use super::pixelwise::{minimum, subtract};
use super::split::{Depth, split};
use super::threshold::{BinChoice, Classes, Cut, EVEN_SLOPE, otsu_classes, threshold};
use super::{Case, Op};
use crate::Result;
use crate::device::Device;
use crate::image::Volume;

/// Its entry in the list of operations.
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
/// Share of the contrast of objects that their own texture stays below.
const TEXTURE: f64 = 0.45;
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
    let (mut diameter, first) = once(device, &smooth, &sizes)?;
    for round in 0..4 {
        if diameter <= 0.3 * shorter {
            break;
        }
        let radius = diameter / 8.0;
        let steps = sizes.along(radius.round().max(2.0)).map(|v| v.round() as usize);
        let open = minimum(device, &opening(device, &smooth, &Element::Box(steps))?, &smooth)?;
        let background = gaussian(device, &open, &Gaussian::new(sizes.along(radius / 2.0)))?;
        let (next, rest) = once(device, &subtract(device, &smooth, &background)?, &sizes)?;
        if round == 0 && first.explained > EVEN_SLOPE && rest.contrast < TEXTURE * first.contrast {
            break;
        }
        diameter = next;
    }
    Ok(MASK_IS_WIDE * diameter)
}

/// The diameter, and the classes of the mask that it was found in.
fn once(device: &Device, src: &Volume, at: &Sizes) -> Result<(f64, Classes)> {
    let classes = otsu_classes(device, src, BINS)?;
    let mask = fill_holes(device, &threshold(device, src, classes.threshold)?)?;
    let map = depth(device, &mask, at)?;
    let smooth = gaussian(device, &map, &Gaussian::new(at.along(1.0)))?;
    let labels = split(device, &smooth, &mask, Depth::Relative { fraction: 0.15, typical_size: None })?;
    if labels.count == 0 {
        return Ok((NO_MASK, classes));
    }
    let (radii, sizes) = ranks_and_sizes(device, &map, &labels, 1.0)?;
    let mut weighted: Vec<(i32, u64)> = radii
        .iter()
        .zip(&sizes)
        .skip(1)
        .filter(|(r, _)| f64::from(**r) * map.scale.factor() >= SMALLEST_RADIUS)
        .map(|(&r, &n)| (r, n.into()))
        .collect();
    weighted.sort_unstable();
    let half = weighted.iter().map(|w| w.1).sum::<u64>().div_ceil(2);
    let mut sum = 0;
    let median = weighted.iter().find(|w| {
        sum += w.1;
        sum >= half
    });
    Ok((median.map_or(SPECKS, |&(r, _)| 2.0 * f64::from(r) * map.scale.factor()), classes))
}
