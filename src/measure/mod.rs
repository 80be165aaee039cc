//! From labels and channels to tables: one row an object, one row an image.
//!
//! A family of features is a room: its facts are computed once an object (a channel), its `FEATURES` name the columns
//! with unit, definition, standard name, reason for emptiness and function. Facts are exact integers as far as
//! possible, and each number is computed from them once, in `f64`, in a fixed order. Objects are measured in parallel,
//! each by itself, so the table is the same for any number of threads.
//!
//! The columns depend on the families and the channels only, never on the image: a cell that does not apply (a 3-D
//! feature of a 2-D object, um without calibration) is empty, and [`notes`] says why.

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
pub mod probe;
pub mod quality;
pub mod radial;
pub mod shape;
mod shape_facts;
mod spectrum;
mod surface;
pub mod zernike;

pub use feature::{CHANNEL_UNIT, Definition, Feature, Get};
pub use probe::ProbeParams;

use crate::table::{Cells, Table};
use crate::units::{Shape, Spacing};
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
    /// Samples above it are positive, if the recipe or the image has such a threshold.
    pub positive_above: Option<i32>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Outline, moments, hull, radii.
    Shape,
    /// Zernike moments of the outline.
    Zernike,
    /// Statistics of each channel.
    Intensity,
    /// Radial distribution of each channel.
    Radial,
    /// Uptake in each channel against a background ring.
    Probe,
}

impl Family {
    /// All, in the order of their columns.
    pub const ALL: [Family; 5] = [Family::Shape, Family::Zernike, Family::Intensity, Family::Radial, Family::Probe];

    /// As recipes name it.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Shape => "shape",
            Family::Zernike => "zernike",
            Family::Intensity => "intensity",
            Family::Radial => "radial",
            Family::Probe => "probe",
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
    /// The background ring of the probe family.
    pub probe: ProbeParams,
    /// Calibration, if known.
    pub spacing: Option<Spacing>,
}

/// Facts about one object, by family.
struct Row {
    position: position::Facts,
    shape: Option<shape::Facts>,
    zernike: Option<zernike::Facts>,
    channels: Vec<ChannelRow>,
}

/// Facts about one object in one channel, by family.
#[derive(Default)]
struct ChannelRow {
    intensity: Option<intensity::Facts>,
    radial: Option<radial::Facts>,
    probe: Option<probe::Facts>,
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
/// Data on a device, channels of another shape than the labels, labels above their count, or a ring that cannot be.
pub fn objects(request: &Request) -> Result<Table> {
    let shape = request.labels.shape;
    check(request.channels, shape)?;
    request.probe.check()?;
    let labels = request.labels.voxels.host()?;
    let extents = object::extents(labels, shape, request.labels.count)?;
    let rows = extents
        .par_iter()
        .enumerate()
        .map(|(i, &extent)| row(request, &Object::new(labels, shape, i as u32 + 1, extent)))
        .collect::<Result<Vec<Row>>>()?;
    Ok(table(request, &rows))
}

/// The row of an image: statistics and quality of each channel. With labels, their background is told apart.
///
/// # Errors
/// Data on a device, or shapes that differ.
pub fn image(channels: &[ChannelRef], labels: Option<&Labels>) -> Result<Table> {
    let labels = match labels {
        Some(l) => {
            check(channels, l.shape)?;
            Some(l.voxels.host()?)
        }
        None => None,
    };
    let mut table = Table::default();
    for (channel, suffix) in channels.iter().zip(suffixes_of(channels)) {
        let facts = quality::Facts::of(channel, labels)?;
        for f in quality::FEATURES {
            table.push(f.column(Some((&suffix, channel.unit)), std::iter::once(Some(&facts))));
        }
    }
    Ok(table)
}

/// The columns that [`objects`] makes of these families and channels (names and units).
pub fn dictionary(families: &[Family], channels: &[(&str, &str)]) -> Vec<Definition> {
    let has = |family| families.contains(&family);
    let mut all = vec![label_definition()];
    all.extend(position::FEATURES.iter().map(|f| f.define(None)));
    if has(Family::Shape) {
        all.extend(shape::FEATURES.iter().map(|f| f.define(None)));
    }
    if has(Family::Zernike) {
        all.extend(zernike::FEATURES.iter().map(|f| f.define(None)));
    }
    let names: Vec<&str> = channels.iter().map(|c| c.0).collect();
    for ((_, unit), suffix) in channels.iter().zip(suffixes(&names)) {
        let about = Some((suffix.as_str(), *unit));
        if has(Family::Intensity) {
            all.extend(intensity::FEATURES.iter().map(|f| f.define(about)));
        }
        if has(Family::Radial) {
            all.extend(radial::FEATURES.iter().map(|f| f.define(about)));
        }
        if has(Family::Probe) {
            all.extend(probe::FEATURES.iter().map(|f| f.define(about)));
        }
    }
    all
}

/// The columns that [`image()`] makes of these channels (names and units).
pub fn image_dictionary(channels: &[(&str, &str)]) -> Vec<Definition> {
    let names: Vec<&str> = channels.iter().map(|c| c.0).collect();
    let each = channels.iter().zip(suffixes(&names));
    each.flat_map(|((_, unit), suffix)| {
        quality::FEATURES.iter().map(|f| f.define(Some((&suffix, *unit)))).collect::<Vec<_>>()
    })
    .collect()
}

/// Why cells of a table are empty, one line a reason with the columns it explains; for the notes of the image's row.
pub fn notes(table: &Table, dictionary: &[Definition]) -> Vec<String> {
    let mut reasons: Vec<(&str, usize, Vec<&str>)> = Vec::new();
    for column in &table.columns {
        let Some(d) = dictionary.iter().find(|d| d.name == column.name) else { continue };
        let empty = column.cells.empty();
        if empty == 0 {
            continue;
        }
        let reason = if d.empty.is_empty() { "the label has no voxels" } else { d.empty };
        let at = reasons.iter().position(|r| r.0 == reason).unwrap_or_else(|| {
            reasons.push((reason, 0, Vec::new()));
            reasons.len() - 1
        });
        // A column without any value says enough by its reason; the dictionary has its name.
        if empty == table.rows() {
            reasons[at].1 += 1;
        } else {
            reasons[at].2.push(&column.name);
        }
    }
    let tell = |(reason, whole, some): (&str, usize, Vec<&str>)| {
        let whole = (whole > 0).then(|| format!("{whole} empty columns"));
        let some = (!some.is_empty()).then(|| format!("empty cells in {}", some.join(", ")));
        format!("{}: {reason}", whole.into_iter().chain(some).collect::<Vec<_>>().join(", "))
    };
    reasons.into_iter().map(tell).collect()
}

fn check(channels: &[ChannelRef], shape: Shape) -> Result<()> {
    match channels.iter().find(|c| c.volume.shape != shape) {
        None => Ok(()),
        Some(c) => Err(Error::usage(format!("channel {} is {}, but the labels are {shape}", c.name, c.volume.shape))),
    }
}

fn suffixes_of(channels: &[ChannelRef]) -> Vec<String> {
    suffixes(&channels.iter().map(|c| c.name).collect::<Vec<_>>())
}

fn row(request: &Request, object: &Object) -> Result<Row> {
    let spacing = request.spacing;
    let has = |family| request.families.contains(&family);
    let (there, flat) = (object.extent.n > 0, object.shape.is_flat());
    let moments = if there { Moments::of(object) } else { Moments::default() };
    let position = position::Facts { extent: object.extent, moments, spacing, flat };
    let mut row = Row { position, shape: None, zernike: None, channels: Vec::new() };
    if !there {
        row.channels.resize_with(request.channels.len(), ChannelRow::default);
        return Ok(row);
    }
    row.shape = has(Family::Shape).then(|| shape::Facts::of(object, &moments, spacing));
    row.zernike = (has(Family::Zernike) && flat).then(|| zernike::Facts::of(object));
    let channels = !request.channels.is_empty();
    let places = (has(Family::Radial) && flat && channels).then(|| radial::places(object));
    let ring = (has(Family::Probe) && channels).then(|| probe::ring(object, &request.probe, spacing));
    for channel in request.channels {
        let samples = object.samples(channel.volume.samples.host()?);
        let mut c = ChannelRow::default();
        if has(Family::Intensity) {
            c.intensity = Some(intensity::Facts::of(object, &moments, channel, &samples, spacing)?);
        }
        c.radial = places.as_ref().map(|p| radial::Facts::of(&samples, p, channel.volume.scale));
        if let Some(ring) = &ring {
            c.probe = Some(probe::Facts::of(channel, &samples, ring)?);
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
    for f in shape::FEATURES.iter().filter(|_| has(Family::Shape)) {
        table.push(f.column(None, rows.iter().map(|r| r.shape.as_ref())));
    }
    for f in zernike::FEATURES.iter().filter(|_| has(Family::Zernike)) {
        table.push(f.column(None, rows.iter().map(|r| r.zernike.as_ref())));
    }
    for (i, (channel, suffix)) in request.channels.iter().zip(suffixes_of(request.channels)).enumerate() {
        let about = Some((suffix.as_str(), channel.unit));
        for f in intensity::FEATURES.iter().filter(|_| has(Family::Intensity)) {
            table.push(f.column(about, rows.iter().map(|r| r.channels[i].intensity.as_ref())));
        }
        for f in radial::FEATURES.iter().filter(|_| has(Family::Radial)) {
            table.push(f.column(about, rows.iter().map(|r| r.channels[i].radial.as_ref())));
        }
        for f in probe::FEATURES.iter().filter(|_| has(Family::Probe)) {
            table.push(f.column(about, rows.iter().map(|r| r.channels[i].probe.as_ref())));
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
