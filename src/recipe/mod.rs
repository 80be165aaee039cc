//! Recipes: TOML files that name object sets and what is measured on them.
//!
//! A recipe is data only. [`parse`](Recipe::parse) reads it with errors that point at the line,
//! `validate` checks what the types cannot say (names, roles, cycles), and [`PRESETS`] holds the files of `recipes/`.

mod channel;
mod culprit;
mod cutoff;
mod excluded;
mod families;
mod files;
mod gallery;
mod grid;
mod groups;
mod images;
mod many;
mod names;
mod not_toml;
mod order;
mod output;
mod overlap;
mod paired;
mod parse;
mod phenotypes;
mod place;
mod plates;
mod pointed;
mod presets;
mod relate;
mod scales;
mod scores;
mod settings;
mod size;
mod sphere;
mod steps;
mod too_large;
mod unmix;
mod validate;
mod validate_filters;
mod validate_maps;
mod validate_numbers;
mod validate_objects;
mod validate_ranges;
mod validate_steps;
mod wrong_type;

pub use channel::*;
pub use cutoff::{Cutoff, Over, Positive};
pub use files::{Files, Pages};
pub use gallery::Gallery;
pub use grid::Grid;
pub use groups::Groups;
pub use images::DerivedImage;
pub(crate) use names::one_name;
pub use output::{Contours, DicomFile, GeoJsonFile, ImageFiles, Output, Quality};
pub use overlap::Overlap;
pub use paired::{Compared, Paired};
pub(crate) use paired::{columns as paired_columns, of_channel};
pub(crate) use parse::OF_ROWS;
pub use phenotypes::Rule;
pub use plates::{FORMATS, Plates, ResponseValue, Responses};
pub use presets::{PRESETS, Preset, preset};
pub use relate::{Relate, Statistic};
pub use scores::Score;
pub use settings::{LESIONS, SITES};
pub use size::{Size, SizeUnit};
pub use sphere::{Organ, Sphere, SphereAt};
pub use steps::*;
pub use unmix::{Dye, Ground, Unmix};

use crate::image::PointOrigin;
use crate::measure::Chosen;
use crate::units::Length;
use crate::words::{some_words, words};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A checked recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Name of the preset or of the file, for messages and `run.json`.
    pub name: String,
    /// What it was parsed from, with every `--set` applied.
    pub text: String,
    /// What images are measured by: the same without comments, and without the tables that only say how rows are summed up.
    pub measured_by: String,
    /// What it says.
    pub body: Body,
    /// The derived images, dyes among them, in an order in which each one comes after that which it is made of.
    pub images: Vec<String>,
    /// The object sets in an order in which each one comes after those that it needs.
    pub order: Vec<String>,
    /// The object sets in an order in which those come first that others learn something of.
    pub children_first: Vec<String>,
    /// Roles whose channels are not those of a preset: the user means them, so a channel that is not there is an error.
    pub given_roles: BTreeSet<String>,
}

/// The keys of a recipe file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Body {
    /// One sentence: what the recipe is for.
    pub description: String,
    /// What the images must be, where it matters.
    pub modality: Option<Modality>,
    /// Size of a pixel in micrometres, for images that do not say. Scans of patients and animals keep their own.
    pub spacing_um: Option<SpacingUm>,
    /// Size of a pixel in micrometres, in the place of what images say that say it wrongly.
    pub spacing_um_replace: Option<SpacingUm>,
    /// Focus, saturation and background of the channels in the row of the image; they are measured unless this is false.
    pub quality: Option<bool>,
    /// PET: what is known beside the headers, or better than they know it.
    pub suv: crate::pet::suv::Settings,
    /// How files make up an image.
    pub files: Files,
    /// What tables and files are like.
    pub output: Output,
    /// The grid that everything is done on, if not that of the image.
    pub grid: Option<Grid>,
    /// Roles, and the channels that may play them: the first name or index that the image has.
    #[serde(deserialize_with = "many::picks")]
    pub channels: BTreeMap<String, Vec<Pick>>,
    /// Images made of channels.
    pub images: BTreeMap<String, DerivedImage>,
    /// Dyes that share channels; each becomes an image.
    pub unmix: BTreeMap<String, Unmix>,
    /// Object sets.
    pub objects: BTreeMap<String, Objects>,
    /// What is measured on which object set.
    pub measure: BTreeMap<String, Measure>,
    /// Targeted probes and untargeted ones that go with them, by object set and name.
    #[serde(deserialize_with = "paired::paired")]
    pub paired: BTreeMap<String, BTreeMap<String, Paired>>,
    /// From which value on an object counts as positive for a marker, by object set and marker.
    #[serde(deserialize_with = "phenotypes::positive")]
    pub positive: BTreeMap<String, BTreeMap<String, Positive>>,
    /// The phenotypes of objects, by object set and name: which markers they are positive for, and which not.
    #[serde(deserialize_with = "phenotypes::rules")]
    pub phenotypes: BTreeMap<String, BTreeMap<String, Rule>>,
    /// How many objects of some classes there are to a hundred of others, by object set and name.
    #[serde(deserialize_with = "scores::scores")]
    pub scores: BTreeMap<String, BTreeMap<String, Score>>,
    /// Objects of a phenotype that are shown in a picture, each with a score, by object set.
    pub gallery: BTreeMap<String, Gallery>,
    /// Object sets that are held against others.
    pub overlap: Overlap,
    /// What parents learn of their children, by the set of the children.
    pub relate: relate::Relations,
    /// Which images belong together, for the table of groups.
    pub groups: Option<Groups>,
    /// Where plates, wells and controls are named, for the tables of plates and wells.
    pub plates: Option<Plates>,
}

/// What made the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Fluorescence.
    Fluorescence,
    /// Positron emission tomography.
    Pet,
}

/// Size of a voxel in micrometres: one number for the plane, or z, y, x.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a size in micrometres: a number, or [z, y, x]")]
pub enum SpacingUm {
    /// The same along y and x; along z too.
    Plane(f64),
    /// z, y, x.
    Zyx([f64; 3]),
}

impl SpacingUm {
    /// z, y, x.
    pub fn zyx(self) -> [f64; 3] {
        match self {
            SpacingUm::Plane(v) => [v; 3],
            SpacingUm::Zyx(v) => v,
        }
    }
}

/// An object set: exactly one of `steps`, `grow`, `minus`, `sphere` and `labels` says where it comes from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objects {
    /// The role that the steps work on.
    pub channel: Option<String>,
    /// Radius of the typical object, which lengths in `r` count: `"auto"`, or a length.
    pub scale: Option<ObjectScale>,
    /// What lies beside the picture in the channel (around a mosaic, a moved channel, a well) is filled with the picture, and nothing is
    /// found there; `false`: it is ground, as around a section of tissue.
    pub margin: bool,
    /// Found by these operations, one after the other.
    pub steps: Option<Vec<Step>>,
    /// The steps begin with the objects of this set.
    pub start: Option<String>,
    /// A ball.
    pub sphere: Option<Sphere>,
    /// Grown from other objects.
    pub grow: Option<Grow>,
    /// What is left of larger objects outside of smaller ones.
    pub minus: Option<Minus>,
    /// Read from a label image, RTSTRUCT or DICOM SEG: a path beside the image, where `{stem}` is the name of the image
    /// without its extension.
    pub labels: Option<String>,
    /// Of such a file, only the regions whose names match one of these globs.
    #[serde(deserialize_with = "words")]
    pub regions: Vec<String>,
    /// Such a file may lie on another grid: its regions are resampled to that of the image.
    pub resample: bool,
    /// Such regions are without the voxels of these sets.
    #[serde(deserialize_with = "words")]
    pub exclude: Vec<String>,
    /// In a table of points: what their coordinates count from.
    pub origin: PointOrigin,
    /// Classes of the points, which the column `class` of their table has.
    #[serde(deserialize_with = "words")]
    pub classes: Vec<String>,
    /// Such a file need not be there: the set is empty then.
    pub optional: bool,
    /// It has a table, labels and an overlay of its own.
    pub write: bool,
    /// The sets in which each object belongs to one, by the largest overlap: gives a column `parent_<set>` each.
    #[serde(deserialize_with = "words")]
    pub parent: Vec<String>,
}

impl Default for Objects {
    fn default() -> Self {
        Objects {
            channel: None,
            scale: None,
            start: None,
            margin: true,
            steps: None,
            sphere: None,
            grow: None,
            minus: None,
            labels: None,
            regions: vec![],
            resample: false,
            exclude: vec![],
            origin: PointOrigin::Centre,
            classes: vec![],
            optional: false,
            write: true,
            parent: vec![],
        }
    }
}

/// Where objects are grown from, and how far.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grow {
    /// The set to grow.
    pub from: String,
    /// How far; lengths in `r` count the radius of that set.
    pub by: Length,
}

/// Cytoplasm: the voxels of a cell that no nucleus has.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minus {
    /// The larger objects; they keep their numbers.
    pub cells: String,
    /// The smaller ones.
    pub nuclei: String,
}

/// Radius of the typical object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ObjectScale {
    /// Found in each image.
    Auto,
    /// Given, in px, um or mm.
    Fixed(Length),
}

impl<'de> Deserialize<'de> for ObjectScale {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(d)? {
            toml::Value::String(text) => text,
            toml::Value::Integer(n) => n.to_string(),
            toml::Value::Float(n) => n.to_string(),
            _ => {
                return Err(serde::de::Error::custom(
                    "expected a scale: \"auto\", or a radius like \"8 px\" or \"5 um\"",
                ));
            }
        };
        if text == "auto" {
            return Ok(ObjectScale::Auto);
        }
        match text.parse() {
            Ok(Length::R(_)) => Err(serde::de::Error::custom(
                "a scale in r would be measured against itself: give \"auto\", px, um or mm",
            )),
            Ok(length) if length.is_zero() => Err(serde::de::Error::custom(format!(
                "a scale of \"{length}\" is no size of an object: give \"auto\", or a radius like \"8 px\" or \"5 um\""
            ))),
            Ok(length) => Ok(ObjectScale::Fixed(length)),
            Err(_) => Err(serde::de::Error::custom(format!(
                "\"{text}\" is not a scale   try: \"auto\", or a radius like \"8 px\" or \"5 um\""
            ))),
        }
    }
}

/// What is measured on an object set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Measure {
    /// Families of features; `uptake features` lists them.
    #[serde(deserialize_with = "families::names")]
    pub features: Vec<String>,
    /// Roles of the channels; all roles if absent.
    #[serde(deserialize_with = "some_words")]
    pub channels: Option<Vec<String>>,
    /// The families with their parameters.
    #[serde(skip)]
    pub families: Vec<Chosen>,
    /// Tables with parameters of families, by their names.
    #[serde(flatten)]
    tables: BTreeMap<String, toml::Value>,
}
