//! Puts the rows of parts into the columns of a table of the run.

use crate::table::arrow::{self, Values};
use crate::table::{Cells, Column, Table};
use crate::{Error, Kind, Result};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;

/// Puts the rows of parts into the columns of a table of the run.
pub struct Fit {
    /// Columns that say which image a row is of, then those of the parts.
    pub schema: SchemaRef,
    front: usize,
    /// Where the columns of a schema that was met stand, by its address: the store keeps one for thousands of parts.
    places: HashMap<usize, Vec<Option<usize>>>,
}

impl Fit {
    /// `front` stands before the columns of the parts.
    pub fn new(mut front: Vec<Column>, columns: &[Column]) -> Self {
        let n = front.len();
        front.extend(columns.iter().map(Column::bare));
        Fit { schema: arrow::schema(&front), front: n, places: HashMap::new() }
    }

    /// A row without a part, of which no more than some words are known, by column.
    pub fn words(&self, front: &Table, known: &[(String, String)]) -> Result<RecordBatch> {
        let cell = |f: &arrow_schema::FieldRef| match known.iter().find(|(name, _)| name == f.name()) {
            Some((_, word)) => cell_of_word(word, f.data_type()),
            None => new_null_array(f.data_type(), 1),
        };
        let rest = self.schema.fields().iter().skip(self.front).map(cell);
        self.batch(front.columns.iter().map(|c| arrow::array(&c.cells)).chain(rest).collect())
    }

    /// The rows of a part; `front` is one row that stands before each of them.
    pub fn rows(&mut self, front: &Table, rows: &RecordBatch) -> Result<RecordBatch> {
        let met = rows.schema_ref();
        let fields = self.schema.fields();
        let find = || fields.iter().skip(self.front).map(|f| met.index_of(f.name()).ok()).collect();
        let places = self.places.entry(Arc::as_ptr(met) as usize).or_insert_with(find);
        let n = rows.num_rows();
        let mut arrays: Vec<ArrayRef> = front.columns.iter().map(|c| repeated(c, n)).collect();
        for (field, place) in fields.iter().skip(self.front).zip(places) {
            let array = place.map(|i| rows.column(i));
            arrays.push(match (array, field.data_type()) {
                (Some(array), kind) if array.data_type() == kind => array.clone(),
                (Some(array), DataType::Float64) => real(array)?,
                (_, kind) => new_null_array(kind, n),
            });
        }
        self.batch(arrays)
    }

    fn batch(&self, arrays: Vec<ArrayRef>) -> Result<RecordBatch> {
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(|e| Error::new(Kind::Internal, e.to_string()))
    }
}

/// A cell that holds what a word says; an empty one where it says nothing of that kind.
fn cell_of_word(word: &str, kind: &DataType) -> ArrayRef {
    match kind {
        DataType::Utf8 => Arc::new(StringArray::from(vec![word])),
        DataType::Int64 => Arc::new(Int64Array::from(vec![word.parse().ok()])),
        DataType::Float64 => Arc::new(Float64Array::from(vec![word.parse().ok()])),
        _ => new_null_array(kind, 1),
    }
}

/// The word of a column of one row, so many times.
fn repeated(column: &Column, n: usize) -> ArrayRef {
    let word = match &column.cells {
        Cells::Text(words) => words.first().and_then(Option::as_deref),
        Cells::Int(_) | Cells::Real(_) => None,
    };
    Arc::new(std::iter::repeat_n(word, n).collect::<StringArray>())
}

/// Whole numbers as real ones.
fn real(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match Values::of(array)? {
        Values::Int(v) => Arc::new(v.iter().map(|n| n.map(|n| n as f64)).collect::<Float64Array>()),
        Values::Real(_) | Values::Text(_) => array.clone(),
    })
}
