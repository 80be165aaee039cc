//! Which columns a table of objects has, in which order, and their cells.
//!
//! One plan serves the tables and the data dictionary, which is the plan without rows: `label`, position and size, what each
//! family says of an object as a whole, then channel by channel what it says of that.

use super::family::{Context, Measured, Measurer, Value, Values};
use super::feature::{About, Definition, Feature};
use super::object::Object;
use super::registry::{Chosen, FAMILIES};
use super::{Request, moments::Moments, position, quality, shape};
use crate::Result;
use crate::ops::extent::Extent;
use crate::table::Cells;
use crate::units::Unit;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};

/// The columns of a table of objects.
pub(super) struct Plan<'a> {
    unit: Unit,
    /// In the order of the list, those of one name as the recipe has them, and how many values of an object each has.
    families: Vec<(&'a Chosen, usize)>,
    /// What each column is, and which of the values of an object it holds; `label` holds none of them.
    pub columns: Vec<(Definition, Option<usize>)>,
    /// When each of the values of an object is measured.
    turns: Vec<Turn>,
    /// A family has columns of channels.
    in_channels: bool,
}

/// When a family measures: most as soon as they can, while those that have to go over the whole image before do so, which few threads
/// can help with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    First,
    Second,
}

/// What measures the objects of a set in a turn, by family; nothing for those of the other one.
pub(super) type Measurers<'a> = Vec<Option<Measurer<'a>>>;

impl<'a> Plan<'a> {
    pub fn new(wanted: &'a [Chosen], context: &Context) -> Self {
        let of_name = |name: &'static str| wanted.iter().filter(move |w| w.name == name);
        let mut families: Vec<(&Chosen, usize)> =
            FAMILIES.iter().flat_map(|entry| of_name(entry.name)).map(|chosen| (chosen, 0)).collect();
        let mut columns = vec![(label(), None)];
        let first = position::features(context.unit).map(|f| f.define(&context.objects()));
        columns.extend(first.enumerate().map(|(i, d)| (d, Some(i))));
        let front = columns.len() - 1;
        let (mut at, mut turns) = (front, vec![Turn::First; front]);
        // What an earlier family has said under the same name is not said again.
        let mut known: HashSet<String> = columns.iter().map(|(d, _)| d.name.clone()).collect();
        let mut add = |definitions: Vec<Definition>, at: usize| {
            for (i, d) in definitions.into_iter().enumerate() {
                if known.insert(d.name.clone()) {
                    columns.push((d, Some(at + i)));
                }
            }
        };
        let mut by_channel: Vec<Vec<(Vec<Definition>, usize)>> = context.channels.iter().map(|_| vec![]).collect();
        let suffixes = context.suffixes();
        for (family, values_of_it) in &mut families {
            let begin = at;
            let once = family.columns(context);
            let n = once.len();
            add(once, at);
            at += n;
            for (((_, values), suffix), all) in context.channels.iter().zip(&suffixes).zip(&mut by_channel) {
                let about = About { length: context.unit, channel: Some(suffix), values };
                let of_channel = family.channel_columns(&about);
                let n = of_channel.len();
                all.push((of_channel, at));
                at += n;
            }
            *values_of_it = at - begin;
            turns.resize(at, turn(family));
        }
        let in_channels = by_channel.iter().flatten().any(|(definitions, _)| !definitions.is_empty());
        by_channel.into_iter().flatten().for_each(|(definitions, at)| add(definitions, at));
        if context.volumes {
            // What only 2-D images fill would be empty in every table.
            columns.retain(|(d, _)| !shape::FLAT_REASONS.contains(&d.empty));
        }
        Plan { unit: context.unit, families, columns, turns, in_channels }
    }

    /// What the columns are.
    pub fn definitions(self) -> Vec<Definition> {
        self.columns.into_iter().map(|(definition, _)| definition).collect()
    }

    /// Whether any family measures in the second turn.
    pub fn has_second_turn(&self) -> bool {
        self.families.iter().any(|(chosen, _)| turn(chosen) == Turn::Second)
    }

    /// What measures the objects of a set in a turn.
    pub fn begin(&self, request: &'a Request<'a>, now: Turn) -> Result<Measurers<'a>> {
        let begin = |chosen: &'a Chosen| (turn(chosen) == now).then(|| chosen.family.begin(request)).transpose();
        self.families.iter().map(|(chosen, _)| begin(chosen)).collect()
    }

    /// The values of an object in a turn.
    pub fn measure(&self, request: &Request, by: &Measurers, label: u32, extent: Extent) -> Result<Values> {
        let object = Object::new(request.labels, label, extent)?;
        let (spacing, there) = (request.lengths(), extent.n > 0);
        let moments = if there { Moments::of(&object) } else { Moments::default() };
        let patient_grid = request.patient_grid.filter(|_| request.unit == Unit::Mm).copied();
        let position = position::Facts { extent, moments, spacing, patient_grid, flat: object.shape.is_flat() };
        let mut values = Values(Vec::with_capacity(self.turns.len()));
        for f in position::features(self.unit) {
            values.put(std::slice::from_ref(f), Some(&position));
        }
        if there {
            let measured = Measured::new(label, object, moments, request, self.in_channels)?;
            for (measure, (_, count)) in by.iter().zip(&self.families) {
                match measure {
                    Some(measure) => measure(&measured, &mut values)?,
                    None => values.reals(std::iter::repeat_n(None, *count)),
                }
            }
        }
        Ok(values)
    }

    /// The cells of all columns over so many objects, all of them empty.
    pub fn empty_cells(&self, rows: usize) -> Vec<Cells> {
        let empty = |(d, at): &(Definition, Option<usize>)| match (at, d.type_name) {
            (None, _) | (_, "int") => Cells::Int(vec![None; rows]),
            _ => Cells::Real(vec![None; rows]),
        };
        self.columns.par_iter().map(empty).collect()
    }

    /// Fills the cells of a turn's columns over some objects, with `before` objects before them.
    pub fn fill(&self, cells: &mut [Piece], now: Turn, before: usize, rows: &[Values]) {
        let is_due = |at: Option<usize>| at.map_or(Turn::First, |at| self.turns[at]) == now;
        for ((_, at), cells) in self.columns.iter().zip(cells).filter(|((_, at), _)| is_due(*at)) {
            let value = |row: &Values| at.and_then(|at| row.0.get(at).copied()).unwrap_or(Value::None);
            match cells {
                Piece::Int(cells) if at.is_none() => {
                    cells.iter_mut().zip(before as i64 + 1..).for_each(|(cell, label)| *cell = Some(label));
                }
                Piece::Int(cells) => cells.iter_mut().zip(rows).for_each(|(cell, row)| {
                    *cell = if let Value::Int(n) = value(row) { Some(n) } else { None };
                }),
                Piece::Real(cells) => cells.iter_mut().zip(rows).for_each(|(cell, row)| {
                    *cell = if let Value::Real(x) = value(row) { Some(x) } else { None };
                }),
            }
        }
    }
}

/// Two columns that differ and would have one name. Families that say the same of an object use the same words.
pub(super) fn twice(wanted: &[Chosen], context: &Context) -> Option<[Definition; 2]> {
    let suffixes = context.suffixes();
    let of_channels = |family: &Chosen| {
        let each = context.channels.iter().zip(&suffixes);
        let about = each.map(|((_, values), suffix)| About { length: context.unit, channel: Some(suffix), values });
        about.flat_map(|about| family.channel_columns(&about)).collect::<Vec<_>>()
    };
    let mut known: HashMap<String, Definition> = HashMap::new();
    for family in wanted {
        let mut own = HashSet::new();
        for column in family.columns(context).into_iter().chain(of_channels(family)) {
            let is_twice = !own.insert(column.name.clone());
            match known.get(&column.name) {
                Some(other) if is_twice || other.definition != column.definition => {
                    return Some([other.clone(), column]);
                }
                Some(_) => {}
                None => drop(known.insert(column.name.clone(), column)),
            }
        }
    }
    None
}

fn turn(chosen: &Chosen) -> Turn {
    if chosen.family.needs().whole_image { Turn::Second } else { Turn::First }
}

/// Some neighbouring cells of a column of numbers.
pub(super) enum Piece<'a> {
    Int(&'a mut [Option<i64>]),
    Real(&'a mut [Option<f64>]),
}

/// Columns of numbers, cut after every so many rows: the pieces of all columns that lie side by side together.
pub(super) fn pieces(columns: &mut [Cells], rows: usize) -> Vec<Vec<Piece<'_>>> {
    let count = columns.first().map_or(0, Cells::len).div_ceil(rows);
    let mut all: Vec<Vec<Piece>> = (0..count).map(|_| Vec::with_capacity(columns.len())).collect();
    for column in columns {
        match column {
            Cells::Int(cells) => {
                all.iter_mut().zip(cells.chunks_mut(rows)).for_each(|(all, c)| all.push(Piece::Int(c)))
            }
            Cells::Real(cells) => {
                all.iter_mut().zip(cells.chunks_mut(rows)).for_each(|(all, c)| all.push(Piece::Real(c)))
            }
            Cells::Text(_) => {}
        }
    }
    all
}

/// The columns of an image's channel: all of them, or its values alone where it is not that of a camera.
pub(super) fn image(is_camera: bool) -> impl Iterator<Item = &'static Feature<quality::Facts>> {
    quality::FEATURES.iter().filter(move |f| is_camera || quality::VALUES.contains(&f.name))
}

fn label() -> Definition {
    Definition {
        name: "label".into(),
        unit: String::new(),
        type_name: "int",
        definition: "Number of the object in the label image".into(),
        standard: "skimage:label".into(),
        empty: "",
    }
}
