//! How a feature is declared: name, unit, definition, standard name, reason for emptiness and function in one place.

use crate::table::{Cells, Column};

/// A number per object, image or channel, as it is declared.
pub struct Feature<Facts: 'static> {
    /// Column name; features of a channel get `_CHANNEL` behind it.
    pub name: &'static str,
    /// `px`, `um2`, `rad`, `1` for plain numbers; [`CHANNEL_UNIT`] for the unit of the channel's values.
    pub unit: &'static str,
    /// One sentence.
    pub definition: &'static str,
    /// Name in scikit-image (`skimage:`) or CellProfiler (`CellProfiler:`), or empty.
    pub standard: &'static str,
    /// Why a cell may be empty; empty if it never is for an object that has voxels.
    pub empty: &'static str,
    /// The function, and with it the type of the column.
    pub get: Get<Facts>,
}

/// Stands for the unit of the channel's values in a declaration.
pub const CHANNEL_UNIT: &str = "channel";

/// The function of a feature.
pub enum Get<Facts> {
    /// A whole number.
    Int(fn(&Facts) -> Option<i64>),
    /// A real number. What is not finite becomes an empty cell.
    Real(fn(&Facts) -> Option<f64>),
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
    /// Name in scikit-image or CellProfiler, or empty.
    pub standard: String,
    /// Why a cell may be empty, or empty.
    pub empty: &'static str,
}

impl<Facts> Feature<Facts> {
    /// The entry of the data dictionary, for a channel if one is given by column suffix and unit.
    pub fn define(&self, channel: Option<(&str, &str)>) -> Definition {
        let unit = match channel {
            Some((_, unit)) if self.unit == CHANNEL_UNIT => unit,
            _ => self.unit,
        };
        Definition {
            name: channel.map_or_else(|| self.name.to_string(), |(suffix, _)| format!("{}_{suffix}", self.name)),
            unit: unit.to_string(),
            type_name: match self.get {
                Get::Int(_) => "int",
                Get::Real(_) => "real",
            },
            definition: self.definition.to_string(),
            standard: self.standard.to_string(),
            empty: self.empty,
        }
    }

    /// The column over rows of facts; a row without facts is an empty cell.
    pub fn column<'a>(&self, channel: Option<(&str, &str)>, rows: impl Iterator<Item = Option<&'a Facts>>) -> Column {
        let cells = match self.get {
            Get::Int(f) => Cells::Int(rows.map(|r| r.and_then(f)).collect()),
            Get::Real(f) => Cells::Real(rows.map(|r| r.and_then(f).filter(|v| v.is_finite())).collect()),
        };
        self.define(channel).column(cells)
    }
}

impl Definition {
    /// The column with its values.
    pub fn column(self, cells: Cells) -> Column {
        Column { name: self.name, unit: self.unit, definition: self.definition, standard: self.standard, cells }
    }
}
