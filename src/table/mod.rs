//! Tables: named, typed columns with unit and definition; rows in a fixed order.
//!
//! What is measured fills the [`Cells`] of a [`Table`], which never holds more than a block of rows; what is kept, written
//! and handed on are Arrow record batches of the same columns (see [`arrow`]).

pub mod arrow;
pub(crate) mod quotes;
pub(crate) mod separator;

use std::ops::Range;

/// The cells of a column. `None` is an empty cell: what cannot be computed is missing, never zero and never NaN.
#[derive(Clone, Debug, PartialEq)]
pub enum Cells {
    /// Words.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Int(Vec<Option<i64>>),
    /// Real numbers, all finite.
    Real(Vec<Option<f64>>),
}

impl Cells {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Cells::Text(v) => v.len(),
            Cells::Int(v) => v.len(),
            Cells::Real(v) => v.len(),
        }
    }
    /// No cells of the same type.
    pub fn none(&self) -> Cells {
        match self {
            Cells::Text(_) => Cells::Text(vec![]),
            Cells::Int(_) => Cells::Int(vec![]),
            Cells::Real(_) => Cells::Real(vec![]),
        }
    }
    /// A copy of some rows.
    pub fn slice(&self, rows: Range<usize>) -> Cells {
        match self {
            Cells::Text(v) => Cells::Text(v[rows].to_vec()),
            Cells::Int(v) => Cells::Int(v[rows].to_vec()),
            Cells::Real(v) => Cells::Real(v[rows].to_vec()),
        }
    }
    /// Has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Adds rows below.
    ///
    /// # Panics
    /// In debug builds, if they are of another type; nothing is added then.
    pub fn append(&mut self, rows: Cells) {
        match (self, rows) {
            (Cells::Text(all), Cells::Text(rows)) => all.extend(rows),
            (Cells::Int(all), Cells::Int(rows)) => all.extend(rows),
            (Cells::Real(all), Cells::Real(rows)) => all.extend(rows),
            (all, rows) => debug_assert!(false, "{} below {}", rows.type_name(), all.type_name()),
        }
    }
    /// Number of empty cells.
    pub fn empty(&self) -> usize {
        match self {
            Cells::Text(v) => v.iter().filter(|c| c.is_none()).count(),
            Cells::Int(v) => v.iter().filter(|c| c.is_none()).count(),
            Cells::Real(v) => v.iter().filter(|c| c.is_none()).count(),
        }
    }
    /// `text`, `int` or `real`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Cells::Text(_) => "text",
            Cells::Int(_) => "int",
            Cells::Real(_) => "real",
        }
    }
}

/// A column with what its numbers mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// With the unit at its end where it has one: `area_um2`, `intensity_mean_EGFR`.
    pub name: String,
    /// `um2`, `px`, `1`, or empty for words.
    pub unit: String,
    /// One sentence.
    pub definition: String,
    /// Name or code in scikit-image, CellProfiler or IBSI, or empty.
    pub standard: String,
    /// Why a cell may be empty, or empty if that is not said.
    pub empty: String,
    /// The values.
    pub cells: Cells,
}

impl Column {
    /// A column that no other tool or standard has a name for.
    pub fn new(name: impl Into<String>, unit: &str, definition: impl Into<String>, cells: Cells) -> Column {
        let (name, definition, unit) = (name.into(), definition.into(), unit.into());
        Column { name, unit, definition, standard: String::new(), empty: String::new(), cells }
    }
    /// The same column without rows.
    pub fn bare(&self) -> Column {
        let Column { name, unit, definition, standard, empty, cells } = self;
        Column {
            name: name.clone(),
            unit: unit.clone(),
            definition: definition.clone(),
            standard: standard.clone(),
            empty: empty.clone(),
            cells: cells.none(),
        }
    }
    /// The same column with other cells.
    pub fn with(&self, cells: Cells) -> Column {
        Column { cells, ..self.bare() }
    }
}

/// Columns of equal length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// In the order of the file.
    pub columns: Vec<Column>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |c| c.cells.len())
    }
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }
    /// The first cell of a column of texts, if it has one that is not empty.
    pub fn first_text(&self, name: &str) -> Option<&str> {
        let Cells::Text(cells) = &self.column(name)?.cells else { return None };
        cells.first()?.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
    /// Adds a column at the right.
    ///
    /// # Panics
    /// In debug builds, if its length differs.
    pub fn push(&mut self, column: Column) {
        debug_assert!(self.columns.is_empty() || column.cells.len() == self.rows(), "{}", column.name);
        self.columns.push(column);
    }
    /// Empties cells that hold no finite number, and says of each column how many these were.
    pub(crate) fn only_finite(&mut self) -> Vec<(String, usize)> {
        let mut lost = vec![];
        for column in &mut self.columns {
            let Cells::Real(cells) = &mut column.cells else { continue };
            let wrong = cells.iter_mut().filter(|cell| cell.is_some_and(|v| !v.is_finite()));
            let n = wrong.map(|cell| *cell = None).count();
            if n > 0 {
                lost.push((column.name.clone(), n));
            }
        }
        lost
    }
    /// Adds the rows of a table of the same columns below; all of them if this one has no columns yet.
    pub fn append(&mut self, rows: Table) {
        if self.columns.is_empty() {
            *self = rows;
            return;
        }
        self.columns.iter_mut().zip(rows.columns).for_each(|(all, more)| all.cells.append(more.cells));
    }
}
