//! Who lies near an object: objects that touch it, distances to the nearest, numbers within radii, the Delaunay
//! triangulation; the same by class; and for all objects of a set how classes mix.
//!
//! Distances are between the places of objects: their points where they were read as points, else their centroids. An object
//! is never its own neighbour.

mod around;
mod contact;
mod curve;
mod delaunay;
mod grid;
mod nearest;
mod neighbourhoods;
pub(super) mod object_neighbours;
mod pairs;
mod places;
mod reach;
mod rows;
mod totals;
mod tree;
mod window;

pub use object_neighbours::ObjectNeighbours;
pub use places::Places;

use super::Request;
use super::family::{Context, Family, Measurer, Mentions, Needs, Objection, Values};
use super::feature::Definition;
use super::position::{FLAT_CALIBRATED, FLAT_ONLY};
use super::suffixes;
use crate::image::Labels;
use crate::table::Table;
use crate::units::{Length, Unit};
use crate::words::{one_or_many, words};
use crate::{Error, Result};
use rows::Begun;
use serde::Deserialize;
use std::collections::BTreeMap;
use window::Window;

/// Keys of the recipe.
pub(super) const KEYS: &[&str] =
    &["nearest", "radii", "pairs", "curve", "inside", "window", "neighbourhoods", "centres"];

/// Neighbours of each object, and how classes mix.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Neighbours {
    /// How many of the nearest objects have their distance given.
    pub nearest: usize,
    /// Radii within which objects are counted.
    #[serde(deserialize_with = "one_or_many")]
    pub radii: Vec<Length>,
    /// The classes that are set against each other in the row of the image, from the first to the second; each against each
    /// other if absent.
    pub pairs: Option<Vec<[String; 2]>>,
    /// Radii of the curves in the row of the image: cross-G and cross-K.
    #[serde(deserialize_with = "one_or_many")]
    pub curve: Vec<Length>,
    /// Other object sets that objects may lie in.
    #[serde(deserialize_with = "words")]
    pub inside: Vec<String>,
    /// Whose classes are the composition of what lies around an object.
    pub window: Option<Window>,
    /// So many neighbourhoods: clusters of the compositions of each image.
    pub neighbourhoods: Option<usize>,
    /// The compositions that neighbourhoods are nearest to, by class; those that are absent are 0.
    pub centres: Option<Vec<BTreeMap<String, f64>>>,
}

impl Default for Neighbours {
    fn default() -> Self {
        let (window, neighbourhoods, centres) = (None, None, None);
        Neighbours {
            nearest: 1,
            radii: vec![],
            pairs: None,
            curve: vec![],
            inside: vec![],
            window,
            neighbourhoods,
            centres,
        }
    }
}

const FEW: &str = "there are fewer objects";
const NO_OTHER: &str = "no other object is of the class, or nothing is known of one of its markers";
const NO_LENGTH: &str = "the image has no calibration, or there is no such object";
const POINTS: &str = "the objects are points, or the label has no voxels";
const NO_PLACE: &str = "the label has no voxels";
const NO_CLASS: &str = "the label has no voxels, or nothing is known of a marker of the class";

/// Most radii of a kind, and most nearest objects.
const MOST: usize = 100;

impl Family for Neighbours {
    fn columns(&self, context: &Context) -> Vec<Definition> {
        let mut columns = Columns { unit: context.unit, all: vec![] };
        let standard = "CellProfiler:Neighbors_NumberOfNeighbors_Adjacent";
        let about = "Number of objects of the set that share sides of voxels with this one";
        columns.int("touching_count", about, standard, POINTS);
        let about = "Number of sides of its voxels that other objects of the set share";
        columns.put("shared_border_px", "px", "int", about, "", POINTS);
        let (name, unit) = (format!("shared_border_{}", context.unit.name()), context.unit.name());
        columns.put(&name, unit, "real", "Length of these sides", "", FLAT_CALIBRATED);
        let about =
            "Share of its border that other objects of the set share; sides on the border of the image do not count";
        columns.put("touching_fraction", "1", "real", about, "", POINTS);
        for k in 1..=self.nearest {
            let about = format!("Distance to the object of the set that is number {k} by its distance");
            columns.distance(&format!("nearest_neighbour_{k}"), &about, FEW);
        }
        for radius in &self.radii {
            let about = format!("Number of other objects of the set at a distance of {radius} or less");
            columns.int(&format!("neighbours_within_{}", short(radius)), &about, "", NO_PLACE);
        }
        let about = "Number of objects that the Delaunay triangulation of all objects of the set links to this one";
        columns.int("delaunay_degree", about, "", FLAT_ONLY);
        for (class, name) in context.classes.iter().zip(class_suffixes(context.classes)) {
            let about = format!("Distance to the nearest other object of the class {class}");
            columns.distance(&format!("nearest_{name}"), &about, NO_OTHER);
        }
        for (class, name) in context.classes.iter().zip(class_suffixes(context.classes)) {
            for radius in &self.radii {
                let about = format!("Number of other objects of the class {class} at a distance of {radius} or less");
                columns.int(&format!("neighbours_{name}_within_{}", short(radius)), &about, "", NO_CLASS);
            }
        }
        for set in &self.inside {
            let about = format!("1 if the place of the object lies in an object of {set}, else 0");
            columns.int(&format!("inside_{set}"), &about, "", NO_PLACE);
        }
        neighbourhoods::columns(self, context.classes, &mut columns);
        columns.all
    }

    fn begin<'a>(&'a self, request: &'a Request<'a>) -> Result<Measurer<'a>> {
        let made = match request.places {
            Some(_) => None,
            None => Some(Places::new(request.labels, request.points, request.classes, request.spacing)?),
        };
        let Some(places) = request.places.or(made.as_ref()) else { return Ok(Box::new(|_, _| Ok(()))) };
        let begun = Begun::new(self, places, request)?;
        Ok(Box::new(move |of, values| {
            if let Some(places) = request.places.or(made.as_ref()) {
                begun.one(places, of, values);
            }
            Ok(())
        }))
    }

    fn totals(&self, set: &str, request: &Request) -> Result<Table> {
        totals::totals(self, set, request)
    }

    fn doubts(&self, totals: &Table, _: &Request) -> Result<Vec<String>> {
        Ok(neighbourhoods::fewer(self, totals).into_iter().collect())
    }

    fn needs(&self) -> Needs {
        Needs { places: true, ..Needs::default() }
    }

    fn mentions(&self) -> Mentions<'_> {
        let radii = self.radii.iter().map(|length| ("radii", *length));
        let window = self.window.and_then(Window::radius).map(|length| ("window", length));
        let pairs = self.pairs.iter().flatten().flatten().map(|class| ("pairs", class.as_str()));
        let centres = self.centres.iter().flatten().flat_map(BTreeMap::keys).map(|class| ("centres", class.as_str()));
        Mentions {
            sets: self.inside.iter().map(|set| ("inside", set.as_str())).collect(),
            lengths: radii.chain(self.curve.iter().map(|length| ("curve", *length))).chain(window).collect(),
            classes: pairs.chain(centres).collect(),
            of_classes: neighbourhoods::key(self),
            ..Mentions::default()
        }
    }

    fn check(&self, _: &[&str]) -> std::result::Result<(), Objection> {
        let objection = |key, what: String, remedy: &str| Err(Objection { key, what, remedy: remedy.into() });
        if self.nearest > MOST {
            return objection("nearest", format!("{} nearest objects", self.nearest), "100 at most");
        }
        for (key, radii) in [("radii", &self.radii), ("curve", &self.curve)] {
            if radii.len() > MOST {
                return objection(key, format!("{} radii", radii.len()), "100 at most");
            }
            for (i, radius) in radii.iter().enumerate() {
                if radius.is_zero() {
                    return objection(key, format!("within \"{radius}\" there is nothing"), "\"20 um\"");
                }
                if radii[..i].contains(radius) {
                    return objection(key, format!("\"{radius}\" stands there twice"), "each radius once");
                }
            }
        }
        for (i, pair) in self.pairs.iter().flatten().enumerate() {
            if pair[0] == pair[1] {
                return objection("pairs", format!("\"{}\" is set against itself", pair[0]), "two classes a pair");
            }
            if self.pairs.iter().flatten().take(i).any(|other| other == pair) {
                return objection("pairs", format!("{pair:?} stands there twice"), "each pair once");
            }
        }
        neighbourhoods::check(self)
    }
}

impl Neighbours {
    /// The labels of the sets that objects may lie in.
    fn inside<'a>(&self, request: &Request<'a>) -> Result<Vec<&'a [u32]>> {
        let of = |set: &String| {
            let labels: &'a Labels = request
                .other(set)
                .ok_or_else(|| Error::usage(format!("there is no object set \"{set}\" for the key inside")))?;
            labels.voxels().host()
        };
        self.inside.iter().map(of).collect()
    }
}

/// A radius includes its end, also where places in a physical unit are no round numbers: its square is larger by this share.
const END: f64 = 1e-12;

/// Radii for one image.
struct Radii {
    /// Squares in pixels of the plane, in ascending order.
    squares: Vec<f64>,
    /// Where each radius of the recipe stands there.
    order: Vec<usize>,
}

impl Radii {
    fn new(radii: &[Length], request: &Request) -> Result<Self> {
        let px = radii.iter().map(|r| r.px(&request.ruler())).collect::<Result<Vec<_>>>()?;
        let square = |r: &f64| r * r * (1.0 + END);
        let mut squares: Vec<f64> = px.iter().map(square).collect();
        squares.sort_by(f64::total_cmp);
        let order = px.iter().map(|r| squares.partition_point(|other| *other < square(r))).collect();
        Ok(Radii { squares, order })
    }
}

/// A radius as columns have it: `20um`.
fn short(radius: &Length) -> String {
    radius.to_string().replace(' ', "")
}

/// Classes as columns have them.
fn class_suffixes(classes: &[String]) -> Vec<String> {
    suffixes(&classes.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Columns with names that are made.
struct Columns {
    unit: Unit,
    all: Vec<Definition>,
}

impl Columns {
    fn put(&mut self, name: &str, unit: &str, kind: &'static str, about: &str, standard: &str, empty: &'static str) {
        let (name, unit, definition) = (name.to_owned(), unit.to_owned(), about.to_owned());
        self.all.push(Definition { name, unit, type_name: kind, definition, standard: standard.into(), empty });
    }

    fn int(&mut self, name: &str, about: &str, standard: &str, empty: &'static str) {
        self.put(name, "1", "int", about, standard, empty);
    }

    /// In pixels, and in the unit of the table.
    fn distance(&mut self, name: &str, about: &str, empty: &'static str) {
        self.put(&format!("{name}_px"), "px", "real", &format!("{about}, in pixels"), "", empty);
        let unit = self.unit.name();
        self.put(&format!("{name}_{unit}"), unit, "real", about, "", NO_LENGTH);
    }
}
