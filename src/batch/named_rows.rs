//! Cells of the tables of a run by the names of their columns.

use crate::Result;
use crate::table::arrow::Values;
use arrow_array::{Array, RecordBatch};

/// A number of a column, if it is there.
pub fn number(column: Option<Values>, row: usize) -> Option<f64> {
    match column? {
        Values::Int(v) => v.is_valid(row).then(|| v.value(row) as f64),
        Values::Real(v) => v.is_valid(row).then(|| v.value(row)),
        Values::Text(_) => None,
    }
}

/// Rows of a table by the names of their columns.
pub struct NamedRows<'a>(pub &'a RecordBatch);

impl NamedRows<'_> {
    /// A column.
    pub fn values(&self, name: &str) -> Result<Option<Values<'_>>> {
        self.0.column_by_name(name).map(Values::of).transpose()
    }

    /// A word.
    pub fn text(&self, name: &str, row: usize) -> Result<Option<String>> {
        Ok(match self.values(name)? {
            Some(Values::Text(v)) if v.is_valid(row) => Some(v.value(row).to_owned()),
            _ => None,
        })
    }

    /// A number; whole numbers too.
    pub fn number(&self, name: &str, row: usize) -> Result<Option<f64>> {
        Ok(number(self.values(name)?, row))
    }

    /// Of an image that is a single slice with calibration.
    pub fn area_mm2(&self, row: usize) -> Result<Option<f64>> {
        let spacing = |axis: &str| -> Result<Option<f64>> {
            let um = self.number(&format!("spacing_{axis}_um"), row)?;
            Ok(um.map(|v| v / 1000.0).or(self.number(&format!("spacing_{axis}_mm"), row)?))
        };
        let size = |axis: &str| self.number(&format!("size_{axis}_px"), row);
        let (Some(1.0), Some(height), Some(width)) = (size("z")?, size("y")?, size("x")?) else { return Ok(None) };
        Ok(spacing("y")?.zip(spacing("x")?).map(|(dy, dx)| height * dy * (width * dx)))
    }

    /// Of an object in such an image.
    pub fn own_area_mm2(&self, row: usize) -> Result<Option<f64>> {
        Ok(self.number("area_um2", row)?.map(|v| v / 1e6).or(self.number("area_mm2", row)?))
    }
}
