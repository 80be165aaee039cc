//! From labels and channels to tables: one row an object, one row an image.
//!
//! A family of features is a room and a line in [`FAMILIES`]: its facts are computed once an object (a channel), its `FEATURES`
//! name the columns with unit, definition, standard name, reason for emptiness and function. Facts are exact integers as far as
//! possible, and each number is computed from them once, in `f64`, in a fixed order. Objects are measured in parallel,
//! each by itself, so the table is the same for any number of threads.
//!
//! The columns depend on the families and the channels only, never on the image: a cell that does not apply (a 3-D
//! feature of a 2-D object, um without calibration) is empty, and [`EmptyCells`] says why.

mod background;
mod bits;
mod census;
mod circle;
pub mod colocalisation;
mod columns;
mod edt;
mod empty_cells;
pub mod family;
pub mod feature;
pub mod fish;
mod full_scale;
mod geodesic;
pub mod granularity;
pub mod habitat;
pub mod haralick;
mod holes;
mod hull;
pub mod intensity;
pub mod intensity_details;
pub(crate) mod kmeans;
pub mod lesion;
mod lesion_facts;
mod lesion_odd;
mod lit_rings;
mod moments;
pub mod neighbours;
mod object;
mod odd;
mod order;
mod outline;
mod peak;
mod plateau;
pub mod position;
pub mod probe;
pub mod quality;
pub mod radial;
pub mod radial_distribution;
pub mod radial_zernike;
pub mod reference;
pub mod registry;
mod request;
mod ring;
pub mod sensitivity;
pub mod shape;
pub mod shape_details;
mod shape_facts;
pub mod skeleton;
mod slice_grounds;
mod spectrum;
mod spill;
pub mod spot;
mod spot_fit;
mod surface;
pub mod texture;
mod totals;
pub mod zernike;

pub(crate) use background::end_of_picture;
pub use background::{Background, background, occupied};
pub use empty_cells::EmptyCells;
pub use family::{Context, Family, Measurer, Mentions, Needs, Objection};
pub use feature::{About, CHANNEL_UNIT, Definition, Feature, Get};
pub(crate) use hull::{Span, filled};
pub use neighbours::Places;
pub use odd::{Odd, Oddities};
pub use plateau::plateau;
pub use reference::Reference;
pub use registry::{Chosen, FAMILIES, family};
pub use request::{ChannelRef, Request};
pub use slice_grounds::{SliceGround, SliceGrounds, slice_grounds};
pub(crate) use spot::{DEEPEST as DEEPEST_SPOT, FWHM as SPOT_FWHM};
pub(crate) use spot_fit::{Start as SpotStart, fit as fit_spot, place as place_spot, tell_length};

use crate::image::Labels;
use crate::in_order::{each_in_order, in_order};
use crate::ops::extent::{Extent, extents};
use crate::table::{Cells, Table};
use crate::units::{Shape, Unit};
use crate::{Error, Result};
use columns::{Measurers, Plan, Turn};
use rayon::prelude::*;
use std::ops::Range;

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
/// As [`Rows::new`].
pub fn objects(request: &Request) -> Result<Table> {
    let mut rows = Rows::new(request)?;
    rows.block(0..rows.count())
}

/// The table of objects, block by block: for those that may have a million.
pub struct Rows<'a> {
    request: &'a Request<'a>,
    plan: Plan<'a>,
    first: Measurers<'a>,
    /// Those of the second turn, once they have begun.
    second: Option<Measurers<'a>>,
    extents: Vec<Extent>,
}

impl<'a> Rows<'a> {
    /// Looks at where the objects lie, and works out what families need for all of them; no object is measured yet.
    ///
    /// # Errors
    /// Data on a device, channels of another shape than the labels, labels above their count, or parameters of a family that
    /// this image cannot have.
    pub fn new(request: &'a Request<'a>) -> Result<Self> {
        let shape = request.labels.shape;
        check(request.channels, shape)?;
        if let Some(occupied) = request.occupied
            && occupied.len() != shape.len()
        {
            let what = format!("{} voxels are occupied or not, but the labels are {shape}", occupied.len());
            return Err(Error::usage(what));
        }
        let extents = extents(request.labels)?;
        let about = request.channels.iter().map(|c| (c.name, c.unit)).collect::<Vec<_>>();
        let plan = Plan::new(request.families, &request.context(&about));
        // Columns are known without an image, whatever lengths the parameters count in.
        let first = if extents.is_empty() { vec![] } else { plan.begin(request, Turn::First)? };
        Ok(Rows { request, plan, first, second: None, extents })
    }

    /// What its columns are.
    pub fn dictionary(&self) -> impl Iterator<Item = &Definition> {
        self.plan.columns.iter().map(|(definition, _)| definition)
    }

    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.extents.len()
    }

    /// Measures some of the objects, counted from 0.
    ///
    /// # Errors
    /// Data on a device, or parameters of a family that this image cannot have.
    pub fn block(&mut self, rows: Range<usize>) -> Result<Table> {
        let mut cells = self.plan.empty_cells(rows.len());
        if self.second.is_none() && self.plan.has_second_turn() && !self.extents.is_empty() {
            let begin = || self.plan.begin(self.request, Turn::Second);
            let (second, done) = rayon::join(begin, || self.fill(&mut cells, &rows, Turn::First, &self.first));
            done?;
            self.second = Some(second?);
        } else {
            self.fill(&mut cells, &rows, Turn::First, &self.first)?;
        }
        if let Some(second) = &self.second {
            self.fill(&mut cells, &rows, Turn::Second, second)?;
        }
        let mut table = Table::default();
        self.dictionary().zip(cells).for_each(|(definition, cells)| table.push(definition.clone().column(cells)));
        Ok(table)
    }

    /// Fills the columns of a turn.
    fn fill(&self, cells: &mut [Cells], rows: &Range<usize>, turn: Turn, by: &Measurers) -> Result<()> {
        let pieces = columns::pieces(cells, PIECE).into_par_iter().zip(self.extents[rows.clone()].par_chunks(PIECE));
        each_in_order(pieces.enumerate().map(|(k, (mut cells, piece))| {
            let before = rows.start + k * PIECE;
            let one = |(i, &extent)| self.plan.measure(self.request, by, (before + i) as u32 + 1, extent);
            // A few large objects are not left to one thread.
            let together = (piece.len() / (4 * rayon::current_num_threads())).max(1);
            let rows = piece.par_iter().with_max_len(together).enumerate().map(one);
            self.plan.fill(&mut cells, turn, before, &in_order(rows)?);
            Ok(())
        }))
    }
}

/// Objects whose facts are turned into cells together, while they are still near.
const PIECE: usize = 16;

/// The row of an image: statistics and quality of each channel. What belongs to no object of any set is background; without
/// a set there is none. Where the channels are not those of a camera, the values alone: least, mean and largest.
///
/// # Errors
/// Data on a device, or shapes that differ.
pub fn image(channels: &[ChannelRef], sets: &[&Labels], is_camera: bool) -> Result<Table> {
    sets.iter().try_for_each(|labels| check(channels, labels.shape))?;
    let inside = if is_camera { occupied(sets)? } else { None };
    let mut table = Table::default();
    for (channel, suffix) in channels.iter().zip(suffixes_of(channels)) {
        let facts = match is_camera {
            true => quality::Facts::of(channel, inside.as_deref())?,
            false => quality::Facts::plain(channel)?,
        };
        let about = About { length: Unit::Um, channel: Some(&suffix), values: channel.unit };
        for f in columns::image(is_camera) {
            let (definition, cells) = f.column(&about, std::iter::once(Some(&facts)));
            table.push(definition.column(cells));
        }
    }
    Ok(table)
}

/// The columns that [`objects`] makes of these families in a context.
pub fn dictionary(families: &[Chosen], context: &Context) -> Vec<Definition> {
    Plan::new(families, context).definitions()
}

/// Two columns of these families that differ and would have one name, if there are some: a table has only the first of them.
pub fn twice(families: &[Chosen], context: &Context) -> Option<[Definition; 2]> {
    columns::twice(families, context)
}

/// The columns that [`image()`] makes of these channels (names and units).
pub fn image_dictionary(channels: &[(&str, &str)], is_camera: bool) -> Vec<Definition> {
    let names: Vec<&str> = channels.iter().map(|c| c.0).collect();
    let each = channels.iter().zip(suffixes(&names));
    each.flat_map(|((_, values), suffix)| {
        let about = About { length: Unit::Um, channel: Some(&suffix), values };
        columns::image(is_camera).map(|f| f.define(&about)).collect::<Vec<_>>()
    })
    .collect()
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
