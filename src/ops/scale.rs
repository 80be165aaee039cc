//! Finds the diameter of the typical object, so that a recipe needs no size.
//!
//! A first segmentation without sizes: smooth a little, Otsu, fill, distance to the outside, split at valleys of 15 %.
//! The diameter is 1.88 times the median, weighted by area, of the objects' inscribed radii: a little less than twice,
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
//! Two more things keep a few from speaking for all. What lies away from everything above the threshold is looked at by
//! itself (`rest`), so that one bright artefact does not hide the nuclei. And where the round objects below half
//! of that median are more than twice as many as the others, the typical one is among them: a few large ones hold most of
//! the area. Fragments of a large one with texture are not round.
//!
//! Bit budget: that of the operations it is made of; the median is on the host, in f64.
//! Reference: this project; `docs/segmentation.md` has how it was chosen.

use super::fill::fill_holes;
use super::gaussian::{Gaussian, gaussian};
use super::histogram::BinScale;
use super::landscape::{Sizes, depth};
use super::morphology::{Element, opening};
use super::pixelwise::{minimum, subtract};
use super::split::{Depth, greatest_and_sizes};
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
/// All objects of the mask are specks.
const SPECKS: f64 = 6.0;
/// Share of the contrast of objects that their own texture stays below.
const TEXTURE: f64 = 0.45;
/// An inscribed radius below this is a speck.
const SMALLEST_RADIUS: f64 = 1.5;

/// An image more than so many times as long as it is wide is narrow: its objects may be wide beside it, as in a strip of a larger one.
const NARROW: f64 = 2.0;
/// They are held against no more than so many times its width.
const WIDER: f64 = 2.5;

/// Pixels around what is bright that are not looked at for the rest.
const HALO: f64 = 4.0;
/// Where there are so many times more small objects than others, the typical one is small.
const MANY: usize = 2;
/// Below this inscribed radius an object is too small to count as one of many.
const SMALL_AND_MANY: f64 = 2.5;
/// Round is what is no larger than so many times the disk, or ball, of its inscribed radius and half a pixel.
const ROUND: f64 = 1.6;

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
        if diameter <= 0.3 * side {
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
    let Some(whole) = in_mask(device, &threshold(device, &flat, low)?, at)? else { return Ok(None) };
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
    let diameter = in_mask(device, &bright(device, src, &classes, at)?, at)?;
    Ok((diameter.unwrap_or(NO_MASK), classes))
}

/// The same, with a mask that a device chooses by itself: the classes come down with what is found in it. Nothing where there are too many
/// values for that.
fn once_unseen(gpu: &Gpu, device: &Device, src: &Volume, at: &Sizes) -> Result<Option<(f64, Classes)>> {
    let look = value_counts::ask(device, src, ALL)?;
    let Some(mask) = bright_unseen(gpu, src, &look, at.steps(HALO))? else { return Ok(None) };
    let diameter = in_mask(device, &mask, at)?;
    let seen = look.answer()?;
    let classes = classes_within(&seen, seen.range(), BINS)?;
    Ok(seen.has_all().then_some((diameter.unwrap_or(NO_MASK), classes)))
}

/// The diameter of the typical object of a mask.
fn in_mask(device: &Device, mask: &Mask, at: &Sizes) -> Result<Option<f64>> {
    let mask = fill_holes(device, mask)?;
    let map = depth(device, &mask, at)?;
    let smooth = gaussian(device, &map, &Gaussian::new(at.along(1.0)))?;
    let depth = Depth::Relative { fraction: 0.15, typical_size: None };
    let found = greatest_and_sizes(device, &smooth, &mask, depth, &map)?;
    if found.is_empty() {
        return Ok(None);
    }
    let factor = map.scale.factor();
    let mut objects: Vec<(f64, u64)> =
        found.into_iter().map(|(radius, n)| (f64::from(radius) * factor, n.into())).collect();
    objects.retain(|(r, _)| *r >= SMALLEST_RADIUS);
    objects.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let pi = std::f64::consts::PI;
    let ball = |r: f64| if mask.shape.is_flat() { pi * r * r } else { 4.0 / 3.0 * pi * r * r * r / at.z_step };
    Ok(Some(typical(&objects, ball).map_or(SPECKS, |r| 2.0 * r)))
}

/// What is above the threshold of two classes, and what that has left out.
fn bright(device: &Device, src: &Volume, classes: &Classes, at: &Sizes) -> Result<Mask> {
    let mask = threshold(device, src, classes.threshold)?;
    let beyond = Beyond { reach: at.steps(HALO), least: classes.least, floor: f64::NEG_INFINITY };
    Ok(with_rest(device, src, &mask, classes.threshold, &beyond)?.0)
}

/// The radius of the typical object among radii, ascending, with sizes. `ball` is the size of a round one.
fn typical(objects: &[(f64, u64)], ball: impl Fn(f64) -> f64) -> Option<f64> {
    let all = median(objects)?;
    let (small, others) = objects.split_at(objects.partition_point(|(r, _)| *r < all / 2.0));
    let counts = |(r, n): &(f64, u64)| *r >= SMALL_AND_MANY && *n as f64 <= ROUND * ball(r + 0.5);
    let small: Vec<(f64, u64)> = small.iter().copied().filter(counts).collect();
    if small.len() > MANY * others.len() { median(&small) } else { Some(all) }
}

/// The median of radii, ascending, weighted by sizes.
fn median(objects: &[(f64, u64)]) -> Option<f64> {
    let half = objects.iter().map(|o| o.1).sum::<u64>().div_ceil(2);
    let mut sum = 0;
    let reached = |o: &&(f64, u64)| {
        sum += o.1;
        sum >= half
    };
    objects.iter().find(reached).map(|o| o.0)
}

#[cfg(test)]
mod tests {
    //! Oracle: sizes worked out by hand.
    use super::*;

    /// Forty disks of 12 px with two bright spots each, which alone are above Otsu's threshold.
    #[test]
    fn bright_spots_are_no_objects() {
        let shape = Shape::flat(320, 200);
        let radius = |spots: i32| {
            let sample = |i: usize| {
                let [_, y, x] = shape.position(i);
                let (v, u) = ((y % 40) as f64 - 20.0, (x % 40) as f64 - 20.0);
                let disk = i32::from(v * v + u * u <= 144.0);
                let spot = i32::from((v.abs() - 6.0).powi(2) + u * u <= 25.0);
                100 + 400 * disk + spots * spot
            };
            let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
            scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
        };
        let plain = radius(0);
        assert!((plain - 0.94 * 12.0).abs() < 0.6, "{plain}");
        for spots in [400, 800, 1200] {
            assert!((radius(spots) / plain - 1.0).abs() < 0.12, "{spots}: {} for {plain}", radius(spots));
        }
    }

    /// Nine specks of 4 px, sixty times as bright as the disks, which hide these from the variance of the image.
    #[test]
    fn specks_do_not_speak_for_a_field() {
        let shape = Shape::flat(240, 240);
        let radius = |speck: i32| {
            let sample = |i: usize| {
                let [_, y, x] = shape.position(i);
                let (v, u) = ((y % 40) as i32 - 20, (x % 40) as i32 - 20);
                let is_speck = y % 80 < 4 && x % 80 < 4;
                100 + 800 * i32::from(v * v + u * u <= 100) + speck * i32::from(is_speck) + (i as i32 * 7919 % 31)
            };
            let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
            scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
        };
        let plain = radius(0);
        assert!((plain - 0.94 * 10.0).abs() < 0.6, "{plain}");
        for speck in [5_000, 50_000] {
            assert!((radius(speck) / plain - 1.0).abs() < 0.1, "{speck}: {} for {plain}", radius(speck));
        }
    }

    /// Disks of 10 px on a ground that is darker, as they are, within a wide circle.
    #[test]
    fn a_darker_part_of_the_ground_does_not_hide_the_rest() {
        let shape = Shape::flat(320, 320);
        let radius = |light: f64, wide: f64| {
            let sample = |i: usize| {
                let [_, y, x] = shape.position(i);
                let (v, u) = ((y % 40) as f64 - 20.0, (x % 40) as f64 - 20.0);
                let is_dark = libm::hypot(y as f64 - 150.0, x as f64 - 170.0) < wide;
                let value = if v * v + u * u <= 100.0 { 700.0 } else { 160.0 };
                (value * if is_dark { light } else { 1.0 }) as i32 + (i * 7919 % 5) as i32
            };
            let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
            scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
        };
        let plain = radius(1.0, 0.0);
        assert!((plain - 0.94 * 10.0).abs() < 0.6, "{plain}");
        for (light, wide) in [(0.6, 100.0), (0.6, 140.0), (0.7, 120.0), (0.6, 70.0)] {
            let found = radius(light, wide);
            assert!((found / plain - 1.0).abs() < 0.25, "{light}, {wide}: {found} for {plain}");
        }
    }

    /// Disks of 14 px with texture, of unlike brightness, in a field and in a strip of it that is no three of them wide.
    #[test]
    fn a_strip_of_a_field_has_the_sizes_of_the_field() {
        let radius = |height: usize| {
            let shape = Shape::flat(height, 440);
            let sample = |i: usize| {
                let [_, y, x] = shape.position(i);
                let (v, u) = ((y % 33) as i32 - 16, (x % 33) as i32 - 16);
                let brightness = libm::pow(5.0, ((y / 33 * 29 + x / 33) * 7 % 10) as f64 / 9.0);
                let texture = if (v.div_euclid(5) + u.div_euclid(5)) % 2 == 0 { 1.0 } else { 1.5 };
                let light = if v * v + u * u <= 196 { 200.0 * brightness * texture } else { 0.0 };
                100 + light as i32 + (i * 7919 % 31) as i32
            };
            let image = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
            scale(&Device::Cpu, &image, 1.0, [1; 3]).unwrap() / 2.0
        };
        let whole = radius(330);
        assert!((whole - 0.94 * 13.5).abs() < 1.0, "{whole}");
        for height in [66, 99] {
            assert!((radius(height) / whole - 1.0).abs() < 0.15, "{height}: {} for {whole}", radius(height));
        }
    }

    #[test]
    fn a_few_large_objects_do_not_speak_for_many_small_ones() {
        let many = |r: f64, n: usize| vec![(r, (3.0 * r * r) as u64); n];
        let typical = |objects: &[(f64, u64)]| typical(objects, |r| 3.0 * r * r);
        let of = |small: usize, large: usize| typical(&[many(5.0, small), many(20.0, large)].concat());
        assert_eq!(of(10, 5), Some(20.0));
        assert_eq!(of(11, 5), Some(5.0));
        assert_eq!(typical(&[many(2.0, 50), many(20.0, 5)].concat()), Some(20.0));
        // Long fragments are no small objects.
        assert_eq!(typical(&[vec![(5.0, 200); 50], many(20.0, 12)].concat()), Some(20.0));
        assert_eq!(typical(&[]), None);
    }
}
