//! Neighbours as CellProfiler's MeasureObjectNeighbors has them: how many objects touch an object or lie within reach, how much of its
//! outline they touch, which two are nearest and the angle between them.
//!
//! "Within a distance" grows the one object and not the others, by a disk of that radius in pixels: edges are so far apart at most, where
//! CellProfiler's manual speaks of twice that. Touched are the pixels of the outline that others cover, grown by half a pixel more.
//! "Adjacent" is a distance of one pixel. The family `neighbours` is the sibling in whose distances lie between centres.

use super::reach::{Disk, Place};
use super::{Columns, FEW, Places, short};
use crate::measure::Request;
use crate::measure::family::{Context, Family, Measured, Measurer, Mentions, Needs, Objection, Values};
use crate::measure::feature::Definition;
use crate::units::Length;
use crate::words::one_or_many;
use crate::{Error, Result};
use serde::Deserialize;

/// Keys of the recipe.
pub(in crate::measure) const KEYS: &[&str] = &["within"];

/// CellProfiler's neighbours of each object.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectNeighbours {
    /// Distances between edges, beside that of objects that touch.
    #[serde(deserialize_with = "one_or_many")]
    pub within: Vec<Length>,
}

const NO_REACH: &str = "2-D only, and only for objects that are no points";
const NO_ANGLE: &str = "there are fewer objects, or one of the two lies at the very same place";
/// Most distances.
const MOST: usize = 100;
/// The longest one in pixels.
const LONGEST: f64 = 1000.0;

impl Family for ObjectNeighbours {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let mut columns = Columns { unit: context.unit, all: vec![] };
        let adjacent = ("adjacent".to_owned(), "share a side with".to_owned());
        let within =
            self.within.iter().map(|d| (format!("within_{}", short(d)), format!("lie within {d} of the edge of")));
        for (name, what) in std::iter::once(adjacent).chain(within) {
            let about = format!("Number of objects of the set that {what} this one");
            let standard = "CellProfiler:Neighbors_NumberOfNeighbors";
            columns.int(&format!("object_neighbours_{name}"), &about, standard, NO_REACH);
            let about = format!("Percentage of the pixels of its outline that objects touch which {what} it");
            let standard = "CellProfiler:Neighbors_PercentTouching";
            let name = format!("object_neighbours_percent_touching_{name}");
            columns.put(&name, "%", "real", &about, standard, NO_REACH);
        }
        for (name, standard, what) in [("first", "First", "nearest"), ("second", "Second", "second nearest")] {
            let number = format!("CellProfiler:Neighbors_{standard}ClosestObjectNumber");
            let about = format!("Label of the object of the set whose centre is the {what}; of equals the lowest one");
            columns.int(&format!("{name}_closest_label"), &about, &number, FEW);
            let about = format!("Distance of the centres of this object and the {what} one");
            columns.distance(&format!("{name}_closest"), &about, FEW);
        }
        let about = "Angle between the directions to the nearest and the second nearest object, 0 to 180";
        let standard = "CellProfiler:Neighbors_AngleBetweenNeighbors";
        columns.put("angle_between_neighbours_deg", "deg", "real", about, standard, NO_ANGLE);
        columns.all
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let made = match request.places {
            Some(_) => None,
            None => Some(Places::new(request.labels, request.points, request.classes, request.spacing)?),
        };
        let disks = self.disks(request)?;
        // Points have no outline.
        let is_seen = request.points.is_none() && request.labels.shape.is_flat();
        let voxels = if is_seen { Some(request.labels.voxels().host()?) } else { None };
        Ok(Box::new(move |of, values| {
            if let Some(places) = request.places.or(made.as_ref()) {
                reach(of, &disks, voxels, values);
                closest(of, places, values);
            }
            Ok(())
        }))
    }

    fn needs(&self) -> Needs {
        Needs { places: true, ..Needs::default() }
    }

    fn mentions(&self) -> Mentions<'_> {
        Mentions { lengths: self.within.iter().map(|d| ("within", *d)).collect(), ..Mentions::default() }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let wrong = |what: String, remedy: &str| Err(Objection { key: "within", what, remedy: remedy.into() });
        if self.within.len() > MOST {
            return wrong(format!("{} distances", self.within.len()), "100 at most");
        }
        for (i, distance) in self.within.iter().enumerate() {
            if distance.is_zero() {
                return wrong(format!("within \"{distance}\" there is nothing"), "\"5 px\"");
            }
            if matches!(distance, Length::Px(px) if *px > LONGEST) {
                return wrong(format!("\"{distance}\" is too far"), "1000 px at most");
            }
            if self.within[..i].contains(distance) {
                return wrong(format!("\"{distance}\" stands there twice"), "each distance once");
            }
        }
        Ok(())
    }
}

impl ObjectNeighbours {
    /// For one image: that of objects that touch first.
    fn disks(&self, request: &Request) -> Result<Vec<Disk>> {
        let disk = |distance: &Length| {
            let px = distance.px(&request.ruler())?;
            if px > LONGEST {
                let what = format!("the key within of object_neighbours: \"{distance}\" is {px:.0} px in this image");
                return Err(Error::usage(what).remedy("a distance of 1000 px at most"));
            }
            Ok(Disk::new(px))
        };
        std::iter::once(Ok(Disk::new(1.0))).chain(self.within.iter().map(disk)).collect()
    }
}

/// Numbers of neighbours and percentages of the outline, distance after distance.
fn reach(of: &Measured, disks: &[Disk], voxels: Option<&[u32]>, values: &mut Values) {
    let place = voxels.map(|voxels| Place::of(&of.object, of.label, voxels));
    for disk in disks {
        values.ints([place.as_ref().map(|place| place.neighbours(*disk) as i64)]);
        values.reals([place.as_ref().map(|place| 100.0 * place.touched(*disk) as f64 / place.outline() as f64)]);
    }
}

/// Who is nearest, how far away, and the angle.
fn closest(of: &Measured, places: &Places, values: &mut Values) {
    let own = of.label - 1;
    let side = of.spacing.map(|s| s.pixel_area().sqrt());
    // What is measured has voxels, and with them a place.
    let at = |i: u32| places.at.get(i as usize).copied().flatten();
    let here = at(own).unwrap_or_default();
    let mut found = [(0.0, 0); 2];
    places.all.nearest(&here, own, &mut found);
    for (square, name) in found {
        values.ints([square.is_finite().then(|| i64::from(name) + 1)]);
        values.distance(square, side);
    }
    let [one, other] = found.map(|(square, name)| at(name).filter(|_| square.is_finite()).map(|p| minus(&p, &here)));
    values.reals([one.zip(other).map(|(one, other)| degrees_between(&one, &other))]);
}

fn minus(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| a[k] - b[k])
}

/// No number where one of the two has no length.
fn degrees_between(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    // The column first: CellProfiler has x before y.
    let dot = |a: &[f64; 3], b: &[f64; 3]| a[2] * b[2] + a[1] * b[1] + a[0] * b[0];
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    libm::acos(cosine.clamp(-1.0, 1.0)) * 180.0 / std::f64::consts::PI
}

#[cfg(test)]
mod tests {
    //! Oracle: angles known by eye.
    use super::*;

    #[test]
    fn angles_between_directions() {
        let of = |a: [f64; 2], b: [f64; 2]| degrees_between(&[0.0, a[0], a[1]], &[0.0, b[0], b[1]]);
        assert_eq!(of([0.0, 3.0], [2.0, 0.0]), 90.0);
        assert_eq!(of([0.0, 3.0], [0.0, -0.1]), 180.0);
        assert_eq!(of([3.0, 3.0], [1.0, 1.0]), 0.0);
        assert!((of([0.0, 1.0], [1.0, 1.0]) - 45.0).abs() < 1e-12);
        assert!(of([0.0, 0.0], [1.0, 1.0]).is_nan());
    }
}
