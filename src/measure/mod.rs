//! From labels and channels to tables: one row an object, one row an image.
//!
//! A family of features is a room: its facts are computed once an object (a channel), its `FEATURES` name the columns
//! with unit, definition, standard name, reason for emptiness and function. Facts are exact integers as far as
//! possible, and each number is computed from them once, in `f64`, in a fixed order. Objects are measured in parallel,
//! each by itself, so the table is the same for any number of threads.
//!
//! The columns depend on the families and the channels only, never on the image: a cell that does not apply (a 3-D
//! feature of a 2-D object, um without calibration) is empty, and its definition says why.

mod edt;
pub mod feature;
mod holes;
mod hull;
pub mod intensity;
mod moments;
mod object;
mod order;
mod outline;
pub mod position;
pub mod shape;
mod surface;

pub use feature::{CHANNEL_UNIT, Definition, Feature, Get};

use crate::table::{Cells, Table};
use crate::units::Spacing;
use crate::volume::{Labels, Volume};
use crate::{Error, Result};
use moments::Moments;
use object::Object;
use rayon::prelude::*;

/// A channel to measure in.
#[derive(Clone, Copy, Debug)]
pub struct ChannelRef<'a> {
    /// Goes into the column names.
    pub name: &'a str,
    /// Unit of the values: `SUV`, `au`, ...
    pub unit: &'a str,
    /// On the host.
    pub volume: &'a Volume,
    /// Largest sample that the source can store, if it was an integer type.
    pub saturation: Option<i32>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Outline, moments, hull, radii.
    Shape,
    /// Statistics of each channel.
    Intensity,
}

impl Family {
    /// All, in the order of their columns.
    pub const ALL: [Family; 2] = [Family::Shape, Family::Intensity];

    /// As recipes name it.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Shape => "shape",
            Family::Intensity => "intensity",
        }
    }
}

impl std::str::FromStr for Family {
    type Err = Error;
    fn from_str(s: &str) -> Result<Self> {
        Family::ALL.into_iter().find(|f| f.name() == s).ok_or_else(|| {
            let known = Family::ALL.map(Family::name).join(", ");
            Error::usage(format!("\"{s}\" is no family of features")).remedy(format!("one of {known}"))
        })
    }
}

/// What to measure on which objects. Everything lies on the host; channels have the shape of the labels.
pub struct Request<'a> {
    /// Objects 1..=count.
    pub labels: &'a Labels,
    /// Channels for the families that need one.
    pub channels: &'a [ChannelRef<'a>],
    /// Families; their order and repetitions do not matter.
    pub families: &'a [Family],
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
}

/// Facts about one object, by family.
struct Row {
    position: position::Facts,
    shape: Option<shape::Facts>,
    channels: Vec<ChannelRow>,
}

/// Facts about one object in one channel, by family.
#[derive(Default)]
struct ChannelRow {
    intensity: Option<intensity::Facts>,
}

/// Column suffixes of channels: letters, digits and `-` are kept, everything else becomes `_`; equal ones get numbers.
pub fn suffixes(names: &[&str]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for name in names {
        let keep = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
        let plain: String = name.trim().chars().map(keep).collect();
        let mut suffix = plain.clone();
        let mut n = 2;
        while out.contains(&suffix) {
            suffix = format!("{plain}_{n}");
            n += 1;
        }
        out.push(suffix);
    }
    out
}

/// The table of objects: `label`, position and size, then the families, then channel by channel.
///
/// # Errors
/// Data on a device, channels of another shape than the labels, or labels above their count.
pub fn objects(request: &Request) -> Result<Table> {
    let shape = request.labels.shape;
    for c in request.channels {
        if c.volume.shape != shape {
            return Err(Error::usage(format!("channel {} is {}, but the labels are {shape}", c.name, c.volume.shape)));
        }
    }
    let labels = request.labels.voxels.host()?;
    let extents = object::extents(labels, shape, request.labels.count)?;
    let rows = extents
        .par_iter()
        .enumerate()
        .map(|(i, &extent)| row(request, &Object { labels, shape, label: i as u32 + 1, extent }))
        .collect::<Result<Vec<Row>>>()?;
    Ok(table(request, &rows))
}

fn row(request: &Request, object: &Object) -> Result<Row> {
    let spacing = request.spacing;
    let has = |family| request.families.contains(&family);
    let there = object.extent.n > 0;
    let moments = if there { Moments::of(object) } else { Moments::default() };
    let position = position::Facts { extent: object.extent, moments, spacing, flat: object.shape.is_flat() };
    let mut row = Row { position, shape: None, channels: Vec::new() };
    if !there {
        row.channels.resize_with(request.channels.len(), ChannelRow::default);
        return Ok(row);
    }
    if has(Family::Shape) {
        row.shape = Some(shape::Facts::of(object, &moments, spacing));
    }
    for channel in request.channels {
        let mut c = ChannelRow::default();
        let samples = object.samples(channel.volume.samples.host()?);
        if has(Family::Intensity) {
            c.intensity = Some(intensity::Facts::of(object, &moments, channel, &samples, spacing)?);
        }
        row.channels.push(c);
    }
    Ok(row)
}

fn table(request: &Request, rows: &[Row]) -> Table {
    let has = |family| request.families.contains(&family);
    let mut table = Table::default();
    table.push(label_definition().column(Cells::Int((1..=rows.len() as i64).map(Some).collect())));
    for f in position::FEATURES {
        table.push(f.column(None, rows.iter().map(|r| Some(&r.position))));
    }
    if has(Family::Shape) {
        for f in shape::FEATURES {
            table.push(f.column(None, rows.iter().map(|r| r.shape.as_ref())));
        }
    }
    let names: Vec<&str> = request.channels.iter().map(|c| c.name).collect();
    for (i, (channel, suffix)) in request.channels.iter().zip(suffixes(&names)).enumerate() {
        let about = Some((suffix.as_str(), channel.unit));
        if has(Family::Intensity) {
            for f in intensity::FEATURES {
                table.push(f.column(about, rows.iter().map(|r| r.channels[i].intensity.as_ref())));
            }
        }
    }
    table
}

fn label_definition() -> Definition {
    Definition {
        name: "label".into(),
        unit: String::new(),
        type_name: "int",
        definition: "Number of the object in the label image".into(),
        standard: "skimage:label".into(),
        empty: "",
    }
}
