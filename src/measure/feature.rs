//! How a feature is declared: name, unit, definition, standard name, reason for emptiness and function in one place.

use crate::image::NO_UNIT;
use crate::table::{Cells, Column};
use crate::units::Unit;

/// A number per object, image or channel, as it is declared.
pub struct Feature<Facts: 'static> {
    /// Column name; features of a channel get `_CHANNEL` behind it.
    pub name: &'static str,
    /// `px`, `um2`, `rad`, `1` for plain numbers; [`CHANNEL_UNIT`] for the unit of the channel's values. `um`, `um2` and
    /// `um3` stand for the unit of length of the table, here and at the end of the name.
    pub unit: &'static str,
    /// One sentence.
    pub definition: &'static str,
    /// Name in scikit-image (`skimage:`) or CellProfiler (`CellProfiler:`), code in IBSI (`IBSI:`), or empty.
    pub standard: &'static str,
    /// Why a cell may be empty; empty if it never is for an object that has voxels.
    pub empty: &'static str,
    /// The function, and with it the type of the column.
    pub get: Get<Facts>,
}

/// Stands for the unit of the channel's values in a declaration; its square is `channel2`, and `channel um3` times a volume.
pub const CHANNEL_UNIT: &str = "channel";

/// The function of a feature.
pub enum Get<Facts> {
    /// A whole number.
    Int(fn(&Facts) -> Option<i64>),
    /// A real number. What is not finite becomes an empty cell.
    Real(fn(&Facts) -> Option<f64>),
}

/// What a declaration leaves open.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Unit of lengths.
    pub length: Unit,
    /// Goes behind the names of features of a channel.
    pub channel: Option<&'a str>,
    /// Unit of the channel's values.
    pub values: &'a str,
}

impl About<'_> {
    /// Objects as a whole.
    pub const fn objects(length: Unit) -> Self {
        About { length, channel: None, values: NO_UNIT }
    }
}

/// A column without values, as the data dictionary lists it, with the reason for empty cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Column name.
    pub name: String,
    /// Unit.
    pub unit: String,
    /// `int` or `real`.
    pub type_name: &'static str,
    /// One sentence.
    pub definition: String,
    /// Name in scikit-image or CellProfiler, code in IBSI, or empty.
    pub standard: String,
    /// Why a cell may be empty, or empty.
    pub empty: &'static str,
}

impl<Facts> Feature<Facts> {
    /// The entry of the data dictionary.
    pub fn define(&self, about: &About) -> Definition {
        let (mut name, mut unit) = (self.name.to_string(), self.unit.to_string());
        if let Some(power) = self.unit.strip_prefix("um") {
            unit = format!("{}{power}", about.length.name());
            name = name.strip_suffix(self.unit).map_or(name.clone(), |stem| format!("{stem}{unit}"));
        }
        if let Some(channel) = about.channel {
            name = format!("{name}_{channel}");
        }
        if let Some(power) = self.unit.strip_prefix(CHANNEL_UNIT) {
            unit = format!("{}{}", about.values, power.replace("um", about.length.name()));
        }
        Definition {
            name,
            unit,
            type_name: match self.get {
                Get::Int(_) => "int",
                Get::Real(_) => "real",
            },
            definition: self.definition.to_string(),
            standard: self.standard.to_string(),
            empty: self.empty,
        }
    }

    /// The entry and the cells of the column; a row without facts is an empty cell.
    pub fn column<'a>(&self, about: &About, rows: impl Iterator<Item = Option<&'a Facts>>) -> (Definition, Cells) {
        let cells = match self.get {
            Get::Int(f) => Cells::Int(rows.map(|r| r.and_then(f)).collect()),
            Get::Real(f) => Cells::Real(rows.map(|r| r.and_then(f).filter(|v| v.is_finite())).collect()),
        };
        (self.define(about), cells)
    }
}

impl Definition {
    /// The column with its values.
    pub fn column(self, cells: Cells) -> Column {
        let Definition { name, unit, definition, standard, empty, .. } = self;
        Column { name, unit, definition, standard, empty: empty.into(), cells }
    }
}
