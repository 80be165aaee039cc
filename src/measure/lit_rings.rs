//! Whether what lies around objects is far brighter than the ground that they are compared with: in an animal, an organ or a slice of tissue rings lie in the
//! body, and the ground of the image is the air or the glass beside it.
//!
//! It is asked where several times as many voxels of no object of the set are brighter than the ground as objects have; cells that reach beyond what was found have fewer. Then
//! the rings of some objects, from the first to the last, are looked at once more as they are. Nothing in a table depends on it.

use super::object::Object;
use super::probe::Facts;
use super::ring::{Ring, RingBackground, Rings};
use super::{ChannelRef, Request};
use crate::Result;
use crate::ops::extent::{Extent, extents};
use rayon::prelude::*;

/// What is bright beside objects is so many times as large as all of them together.
const LARGER: f64 = 5.0;
/// A ring lies in something bright if less than this of what it has beside objects is ground.
const GROUND: f64 = 0.5;
/// Fewer voxels of a ring say nothing.
const SOME: usize = 20;
/// Objects that are looked at.
const LOOKED_AT: usize = 256;

/// An object whose ring lies in something bright.
struct Lit {
    /// Against the ground of the image.
    tbr: Option<f64>,
    /// Against the ring as it is.
    tbr_as_it_is: Option<f64>,
}

/// A warning where most objects lie in something bright that is far larger than they are. Stacks whose slices have unlike grounds are not asked.
pub(super) fn warning(channel: &ChannelRef, request: &Request, ring: Ring, occupied: &[u8]) -> Result<Option<String>> {
    let Some(background) = channel.background.filter(|background| background.slices.is_empty()) else {
        return Ok(None);
    };
    // Bodies may be a set of the recipe: then they are occupied as well.
    let (image, own) = (channel.volume.samples.host()?, request.labels.inside()?);
    let objects = own.par_iter().filter(|taken| **taken != 0).count();
    let both = image.par_iter().zip(own);
    let bright = both.filter(|(sample, taken)| **taken == 0 && **sample > background.limit).count();
    if (bright as f64) < LARGER * objects as f64 {
        return Ok(None);
    }
    let extents = extents(request.labels)?;
    let each = extents.len().div_ceil(LOOKED_AT).max(1);
    let some: Vec<(u32, Extent)> = (1..).zip(extents).filter(|(_, extent)| extent.n > 0).step_by(each).collect();
    let whole = background.whole();
    let as_it_is = ChannelRef { background: Some(&whole), ..*channel };
    let look = |(label, extent): &(u32, Extent)| -> Result<Option<Lit>> {
        let object = Object::new(request.labels, *label, *extent)?;
        let mut dark = Rings::around(&object, ring, request.lengths(), occupied);
        let dark = RingBackground::of(channel, image, &mut dark);
        let mut rings = Rings::around(&object, ring, request.lengths(), own);
        let all = RingBackground::of(&as_it_is, image, &mut rings);
        if all.near < SOME || dark.near as f64 >= GROUND * all.near as f64 {
            return Ok(None);
        }
        let samples = object.samples(image);
        let tbr = |around: RingBackground| Facts::of(channel, &samples, around, rings.own().all, None).tbr();
        Ok(Some(Lit { tbr: tbr(dark), tbr_as_it_is: tbr(all) }))
    };
    let looked_at: Vec<Option<Lit>> = some.par_iter().map(look).collect::<Result<_>>()?;
    let lit: Vec<&Lit> = looked_at.iter().flatten().collect();
    if 2 * lit.len() <= looked_at.len() {
        return Ok(None);
    }
    Ok(Some(format!(
        "{} of {} objects lie in something brighter than the ground of {} and far larger than they are, as an animal, an organ or a slice of tissue is: \
         tbr, cnr and specific_uptake hold them against what is beside that, or are empty (tbr of the middle one {}; with the ring as it is {}), and a wider ring does not help. \
         probe.ground = \"ring\" takes the ring as it is, {{ within = \"SET\" }} what of it lies in the bodies of a set",
        lit.len(),
        looked_at.len(),
        channel.name,
        middle(lit.iter().map(|lit| lit.tbr).collect()),
        middle(lit.iter().map(|lit| lit.tbr_as_it_is).collect()),
    )))
}

/// The middle one of these, in words; those without a value come first.
fn middle(mut values: Vec<Option<f64>>) -> String {
    values.sort_unstable_by(|a, b| a.unwrap_or(f64::NEG_INFINITY).total_cmp(&b.unwrap_or(f64::NEG_INFINITY)));
    let middle = values.get(values.len() / 2).copied().flatten();
    middle.map_or("empty".to_owned(), |value| format!("{value:.2}"))
}

#[cfg(test)]
mod tests {
    //! Oracle: bodies whose light is known.
    use super::super::{Background, background, family, objects, occupied};
    use super::*;
    use crate::image::{Labels, Volume};
    use crate::table::Cells;
    use crate::units::Shape;

    const SHAPE: Shape = Shape { z: 1, y: 200, x: 150 };
    const AIR: f64 = 110.0;
    const BODY: f64 = 610.0;

    /// An object as bright as `tumour` at `x` in a body of this radius, with noise of 8, and what is background of it.
    struct Scene {
        labels: Labels,
        body: Labels,
        volume: Volume,
        background: Background,
    }

    impl Scene {
        fn new(radius: f64, x: f64, tumour: f64) -> Self {
            let at = |i: usize| [(i / SHAPE.x) as f64, (i % SHAPE.x) as f64];
            let far = |i: usize, centre: [f64; 2]| (at(i)[0] - centre[0]).hypot(at(i)[1] - centre[1]);
            let is_body = |i: usize| far(i, [100.0, 75.0]) <= radius;
            let is_tumour = |i: usize| far(i, [100.0, x]) <= 8.0;
            let noise =
                |i: usize| 8.0 * crate::ops::dark_side::normal_quantile(((i * 7919 % 10_007) as f64 + 0.5) / 10_007.0);
            let light = |i: usize| {
                if is_tumour(i) {
                    tumour
                } else if is_body(i) {
                    BODY
                } else {
                    AIR
                }
            };
            let all = |is: &dyn Fn(usize) -> bool| (0..SHAPE.len()).map(|i| u32::from(is(i))).collect();
            let labels = Labels::new(SHAPE, all(&is_tumour)).unwrap();
            let volume =
                Volume::new(SHAPE, (0..SHAPE.len()).map(|i| (light(i) + noise(i)).round() as i32).collect()).unwrap();
            let background =
                background(&ChannelRef::new("s", "au", &volume), labels.inside().unwrap()).unwrap().unwrap();
            Scene { body: Labels::new(SHAPE, all(&is_body)).unwrap(), labels, volume, background }
        }

        /// What is said of it, and its median of the ring, by these parameters.
        fn measured(&self, parameters: &str) -> (Vec<String>, Option<f64>) {
            self.measured_beside(parameters, &[&self.labels])
        }

        /// The same where objects of these sets are no ground.
        fn measured_beside(&self, parameters: &str, sets: &[&Labels]) -> (Vec<String>, Option<f64>) {
            let channel = ChannelRef { background: Some(&self.background), ..ChannelRef::new("s", "au", &self.volume) };
            let families = [family("probe", parameters).unwrap()];
            let occupied = occupied(sets).unwrap().unwrap();
            let others = [("tumours", &self.labels), ("mice", &self.body)];
            let channels = [channel];
            let request =
                Request { channels: &channels, families: &families, others: &others, ..Request::new(&self.labels) };
            let request = Request { occupied: Some(&occupied), ..request };
            let table = objects(&request).unwrap();
            let Cells::Real(medians) = &table.column("ring_median_s").unwrap().cells else { panic!() };
            (families[0].family.doubts(&table, &request).unwrap(), medians[0])
        }
    }

    #[test]
    fn objects_in_a_body_are_told_with_both_ratios() {
        // Deep in it, where its ring is all body, and at the flank, where it is air for a part.
        for (x, ring) in
            [(75.0, "[\"2 px\", \"7 px\"]"), (75.0, "[\"4 px\", \"40 px\"]"), (118.0, "[\"4 px\", \"40 px\"]")]
        {
            let scene = Scene::new(60.0, x, 2000.0);
            let (told, median) = scene.measured(&format!("ring = {ring}"));
            let of_air = if median.is_some() { "tbr of the middle one 18." } else { "tbr of the middle one empty" };
            assert!(
                told.len() == 1 && told[0].starts_with("1 of 1 objects lie in something brighter"),
                "{x} {ring}: {told:?}"
            );
            assert!(told[0].contains(of_air) && told[0].contains("as it is 3."), "{x} {ring}: {told:?}");
            for ground in ["\"ring\"", "{ within = \"mice\" }"] {
                let (told, median) = scene.measured(&format!("ring = {ring}\nground = {ground}"));
                assert!(
                    told.is_empty() && median.is_some_and(|m| (m - BODY).abs() < 12.0),
                    "{x} {ring} {ground}: {median:?}"
                );
            }
        }
    }

    #[test]
    fn bodies_that_are_a_set_are_bodies() {
        let scene = Scene::new(60.0, 118.0, 2000.0);
        let sets = [&scene.labels, &scene.body];
        let (told, median) = scene.measured_beside("ring = [\"4 px\", \"40 px\"]", &sets);
        assert!(
            told.len() == 1 && told[0].contains("one 18.") && median.is_some_and(|m| m < 130.0),
            "{told:?} {median:?}"
        );
        let within = "ring = [\"4 px\", \"40 px\"]\nground = { within = \"mice\" }";
        let (told, median) = scene.measured_beside(within, &sets);
        assert!(told.is_empty() && median.is_some_and(|m| (m - BODY).abs() < 6.0), "{told:?} {median:?}");
    }

    #[test]
    fn what_lies_in_air_or_in_a_cell_is_not_told() {
        // On the air itself, and in a cell of twice its radius.
        for radius in [0.0, 16.0] {
            let (told, _) = Scene::new(radius, 75.0, 2000.0).measured("ring = [\"2 px\", \"7 px\"]");
            assert!(told.is_empty(), "{radius}: {told:?}");
        }
    }

    #[test]
    fn air_in_a_ring_within_a_body_is_none_of_its_ground() {
        // Most of the ring lies beside the body.
        let scene = Scene::new(60.0, 139.0, 2000.0);
        let (_, all) = scene.measured("ring = [\"2 px\", \"7 px\"]\nground = \"ring\"");
        let (_, within) = scene.measured("ring = [\"2 px\", \"7 px\"]\nground = { within = \"mice\" }");
        assert!(
            all.is_some_and(|m| m < AIR + 50.0) && within.is_some_and(|m| (m - BODY).abs() < 6.0),
            "{all:?} {within:?}"
        );
    }
}
