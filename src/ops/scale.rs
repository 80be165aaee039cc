//! Finds the diameter of the typical object, so that a recipe needs no size.
//!
//! A first segmentation without sizes: smooth a little, Otsu, fill, distance to the outside, split at valleys of 12 %.
//! The diameter is 1.88 times the median, weighted by area (of no more than a round object of its radius), of the objects' inscribed radii: a little less than twice,
//! because Otsu's mask is a little wide. Where it comes out so large
//! that the mask may be background rather than objects (over 0.3 of the shorter side, or in a narrow image of the side of a square as large), the search is repeated on the
//! image less an opening of an eighth of it, four times at most; what is wider than the image counts as that, and as half of that in each further round. In a narrow image they may be objects for all that: if
//! Otsu's two classes explain more of the variance than those of an even slope would (3/4), and what the opening leaves
//! has less than half of their contrast (texture and noise, not objects on a bright ground), the first answer stands.
//!
//! What is found may be the bright parts of objects: chromocentres, or texture. Otsu's threshold on square roots, of the same
//! histogram, is lower. Where there is more above it than a rim of 1.5 px would add, objects are measured a second time,
//! above that threshold and less an opening of twice the diameter; what is then wider by a fifth and the blur is the whole.
//!
//! What lies away from everything above the threshold is looked at by itself (`rest`), so that one bright artefact does not hide
//! the nuclei. Where filling the holes makes one object of each ring of several (acini, vessels cut across), these are measured
//! without.
//!
//! Bit budget: that of the operations it is made of, and of `inscribed.rs`.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::fill::fill_holes;
use super::gaussian::{Gaussian, gaussian};
use super::histogram::BinScale;
use super::inscribed::Inscribed;
use super::landscape::Sizes;
use super::morphology::{Element, opening};
use super::pixelwise::{minimum, subtract};
use super::threshold::{
    Beyond, BinChoice, Classes, Cut, EVEN_SLOPE, bright_unseen, classes_within, otsu_classes, threshold, with_rest,
};
use super::value_counts::{self, ALL};
use super::{Case, Op};
use crate::Result;
use crate::device::{Device, Gpu};
use crate::image::{Mask, Volume};
use crate::units::Shape;

/// Its entry in the list of operations.
pub const OP: Op = Op {
    name: "scale",
    summary: "Diameter of the typical object",
    reference: "docs/segmentation.md",
    kernels: &[],
    uses: &[
        &super::fill::OP,
        &super::gaussian::OP,
        &super::landscape::OP,
        &super::morphology::OP,
        &super::pixelwise::OP,
        &super::split::OP,
        &super::threshold::OP,
    ],
    cases: &[
        Case {
            name: "square voxels",
            run: |d, i| {
                let bits = scale(d, &i.volume(d)?, 1.0, [1; 3])?.to_bits();
                Ok(vec![bits as u32, (bits >> 32) as u32])
            },
        },
        Case {
            name: "wholes around their parts",
            run: |d, i| {
                let sizes = Sizes { diameter: 0.0, z_step: 1.0, weights: [1; 3] };
                let smooth = gaussian(d, &i.volume(d)?, &Gaussian::new([1.0; 3]))?;
                let classes = Classes { times: f64::INFINITY, ..otsu_classes(d, &smooth, BINS)? };
                let whole = around_parts(d, &smooth, 3.0, &classes, &sizes)?;
                let bits = whole.unwrap_or_default().to_bits();
                Ok(vec![bits as u32, (bits >> 32) as u32])
            },
        },
    ],
};

/// The 256 bins that Otsu looks at.
const BINS: BinChoice = BinChoice::Equal { n: 256, spacing: BinScale::Linear, cut: Cut::Edge };
/// Share of the first mask's diameter that later steps do best with; 0.90 to 0.96 differ by less than the noise.
const MASK_IS_WIDE: f64 = 0.94;
/// Without a mask there is nothing to measure.
const NO_MASK: f64 = 10.0;
/// Share of the contrast of objects that their own texture stays below.
const TEXTURE: f64 = 0.45;

/// An image more than so many times as long as it is wide is narrow: its objects may be wide beside it, as in a strip of a larger one.
const NARROW: f64 = 2.0;
/// They are held against no more than so many times its width.
const WIDER: f64 = 2.5;

/// What is wider than so much of the side may be the ground.
const WIDE: f64 = 0.3;
/// Objects that are so many times as large once their holes are filled may be rings of objects.
const LUMINA: f64 = 1.08;

/// Pixels around what is bright that are not looked at for the rest.
const HALO: f64 = 4.0;

/// The lower of the two thresholds finds the same objects wider by a pixel or so. Where it finds more than so many pixels around
/// them, they may be parts.
const RIM: f64 = 1.5;
/// Pixels of a diameter that are no more than blur.
const BLUR: f64 = 2.0;
/// The widest opening, in pixels: a Gaussian goes with it, which has an end.
const WIDEST: f64 = 2000.0;
/// So many times the diameter of its parts is that of a whole; what is larger yet is no object but the ground of many.
const WHOLE: [f64; 2] = [1.2, 2.5];

/// Diameter in pixels of the plane. `z_step` is the distance of slices in those, `weights` are those of distances.
///
/// # Errors
/// The device is lost or too small.
pub fn scale(device: &Device, src: &Volume, z_step: f64, weights: [u32; 3]) -> Result<f64> {
    let sizes = Sizes { diameter: 0.0, z_step, weights };
    let smooth = gaussian(device, src, &Gaussian::new(sizes.along(1.0)))?;
    let shorter = src.shape.y.min(src.shape.x) as f64;
    let side = side(src.shape);
    let (mut diameter, mut classes) = once(device, &smooth, &sizes)?;
    for round in 0..4 {
        if diameter <= WIDE * side {
            break;
        }
        // What is wider than the image is no object, and an opening as wide leaves it there.
        let width = if diameter > shorter { shorter / f64::from(1 << round) } else { diameter };
        let (next, rest) = once(device, &off_ground(device, &smooth, width / 8.0, &sizes)?, &sizes)?;
        if round == 0 && classes.explained > EVEN_SLOPE && rest.contrast < TEXTURE * classes.contrast {
            break;
        }
        (diameter, classes) = (next, rest);
    }
    if let Some(whole) = around_parts(device, &smooth, diameter, &classes, &sizes)? {
        diameter = whole;
    }
    Ok(MASK_IS_WIDE * diameter)
}

/// The side that objects are held against: the shorter one, or of a narrow image that of a square as large.
fn side(shape: Shape) -> f64 {
    let (shorter, longer) = (shape.y.min(shape.x) as f64, shape.y.max(shape.x) as f64);
    match longer > NARROW * shorter {
        true => (shorter * longer).sqrt().min(WIDER * shorter),
        false => shorter,
    }
}

/// Less a smooth opening of this radius.
fn off_ground(device: &Device, smooth: &Volume, radius: f64, at: &Sizes) -> Result<Volume> {
    // A ground without end looks wider than the image.
    let radius = radius.min(smooth.shape.y.min(smooth.shape.x) as f64 / 2.0).min(WIDEST);
    let steps = at.along(radius.round().max(2.0)).map(|v| v.round() as usize);
    let open = minimum(device, &opening(device, smooth, &Element::Box(steps))?, smooth)?;
    subtract(device, smooth, &gaussian(device, &open, &Gaussian::new(at.along(radius / 2.0)))?)
}

/// The diameter of the objects of which the mask has shown bright parts only; nothing where it has shown all of them.
fn around_parts(device: &Device, smooth: &Volume, parts: f64, classes: &Classes, at: &Sizes) -> Result<Option<f64>> {
    let axes = if smooth.shape.is_flat() { 2 } else { 3 };
    if classes.times <= (1.0 + RIM / (parts / 2.0)).powi(axes) {
        return Ok(None);
    }
    let flat = off_ground(device, smooth, 2.0 * parts, at)?;
    let low = otsu_classes(device, &flat, BINS)?.low;
    let mask = fill_holes(device, &threshold(device, &flat, low)?)?;
    let Some(whole) = Inscribed::of(device, &mask, at)?.typical().map(|radius| 2.0 * radius) else { return Ok(None) };
    Ok((whole - BLUR > WHOLE[0] * parts && whole < WHOLE[1] * parts).then_some(whole))
}

/// The diameter, and the classes of the mask that it was found in.
fn once(device: &Device, src: &Volume, at: &Sizes) -> Result<(f64, Classes)> {
    if let Device::Gpu(gpu) = device
        && let Some(found) = once_unseen(gpu, device, src, at)?
    {
        return Ok(found);
    }
    let classes = otsu_classes(device, src, BINS)?;
    let mask = bright(device, src, &classes, at)?;
    let filled = Inscribed::of(device, &fill_holes(device, &mask)?, at)?;
    Ok((diameter(device, &mask, &filled, classes.bright, at)?, classes))
}

/// The same, with a mask that a device chooses by itself: the classes come down with what is found in it. Nothing where there are too many
/// values for that.
fn once_unseen(gpu: &Gpu, device: &Device, src: &Volume, at: &Sizes) -> Result<Option<(f64, Classes)>> {
    let look = value_counts::ask(device, src, ALL)?;
    let Some(mask) = bright_unseen(gpu, src, &look, at.steps(HALO))? else { return Ok(None) };
    let filled = Inscribed::of(device, &fill_holes(device, &mask)?, at)?;
    let seen = look.answer()?;
    if !seen.has_all() {
        return Ok(None);
    }
    let classes = classes_within(&seen, seen.range(), BINS)?;
    Ok(Some((diameter(device, &mask, &filled, classes.bright, at)?, classes)))
}

/// The diameter of the typical object of a mask whose objects were found with their holes filled; `bright` voxels of it are above the threshold.
fn diameter(device: &Device, mask: &Mask, filled: &Inscribed, bright: f64, at: &Sizes) -> Result<f64> {
    let Some(radius) = filled.typical() else { return Ok(NO_MASK) };
    if filled.voxels() > LUMINA * bright && 2.0 * radius <= WIDE * side(mask.shape) {
        let open = Inscribed::of(device, mask, at)?;
        if open.are_around_lumina(filled) {
            return Ok(open.typical().map_or(NO_MASK, |radius| 2.0 * radius));
        }
    }
    Ok(2.0 * radius)
}

/// What is above the threshold of two classes, and what that has left out.
fn bright(device: &Device, src: &Volume, classes: &Classes, at: &Sizes) -> Result<Mask> {
    let mask = threshold(device, src, classes.threshold)?;
    let beyond = Beyond { reach: at.steps(HALO), least: classes.least, floor: f64::NEG_INFINITY };
    Ok(with_rest(device, src, &mask, classes.threshold, &beyond)?.0)
}

#[cfg(test)]
#[path = "scale_tests.rs"]
mod tests;
