//! Tables as Arrow: what a column means stands in the metadata of its field, under `unit`, `definition`, `standard` and
//! `empty` (the reason for empty cells). Text is `Utf8`, whole numbers `Int64`, real numbers `Float64`; every field may be null.
//!
//! Source: <https://arrow.apache.org/docs/format/Columnar.html>.

use super::{Cells, Column, Table};
use crate::{Error, Kind, Result};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;

/// What a column means, with its type.
pub fn field(column: &Column) -> Field {
    let facts = [
        ("unit", &column.unit),
        ("definition", &column.definition),
        ("standard", &column.standard),
        ("empty", &column.empty),
    ];
    let said = facts.into_iter().filter(|(_, words)| !words.is_empty());
    let metadata: HashMap<String, String> = said.map(|(key, words)| (key.to_string(), words.clone())).collect();
    let kind = match column.cells {
        Cells::Text(_) => DataType::Utf8,
        Cells::Int(_) => DataType::Int64,
        Cells::Real(_) => DataType::Float64,
    };
    Field::new(&column.name, kind, true).with_metadata(metadata)
}

/// The columns, in their order.
pub fn schema(columns: &[Column]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// One of the facts of a field; empty if it is not there.
pub fn fact<'a>(field: &'a Field, key: &str) -> &'a str {
    field.metadata().get(key).map_or("", String::as_str)
}

/// The cells as an array. A negative zero becomes zero: a sign that no reader would know what to do with. A number that is not finite
/// becomes an empty cell: one that slipped through may not cost a batch its tables.
pub fn array(cells: &Cells) -> ArrayRef {
    match cells {
        Cells::Text(v) => Arc::new(v.iter().map(Option::as_deref).collect::<StringArray>()),
        Cells::Int(v) => Arc::new(v.iter().copied().collect::<Int64Array>()),
        Cells::Real(v) => {
            Arc::new(v.iter().map(|x| x.filter(|x| x.is_finite()).map(|x| x + 0.0)).collect::<Float64Array>())
        }
    }
}

/// The rows as a batch.
///
/// # Errors
/// The columns differ in length, or there are none.
pub fn batch(table: &Table) -> Result<RecordBatch> {
    if table.columns.is_empty() {
        return Err(Error::usage("a table without columns cannot be written"));
    }
    let arrays = table.columns.iter().map(|c| array(&c.cells)).collect();
    RecordBatch::try_new(schema(&table.columns), arrays).map_err(|e| Error::new(Kind::Internal, e.to_string()))
}

/// The column that a field stands for, without rows.
///
/// # Errors
/// It is of a type that tables here do not have.
pub fn column(field: &Field) -> Result<Column> {
    let cells = match field.data_type() {
        DataType::Utf8 => Cells::Text(vec![]),
        DataType::Int64 => Cells::Int(vec![]),
        DataType::Float64 => Cells::Real(vec![]),
        other => return Err(Error::usage(format!("the column {} is of the type {other}", field.name()))),
    };
    let of = |key| fact(field, key).to_string();
    let (unit, definition, standard, empty) = (of("unit"), of("definition"), of("standard"), of("empty"));
    Ok(Column { name: field.name().clone(), unit, definition, standard, empty, cells })
}

/// The rows of a batch as a table.
///
/// # Errors
/// As [`column()`].
pub fn table(batch: &RecordBatch) -> Result<Table> {
    let mut table = Table::default();
    for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        let cells = match Values::of(array)? {
            Values::Text(v) => Cells::Text(v.iter().map(|s| s.map(str::to_string)).collect()),
            Values::Int(v) => Cells::Int(v.iter().collect()),
            Values::Real(v) => Cells::Real(v.iter().collect()),
        };
        table.push(column(field)?.with(cells));
    }
    Ok(table)
}

/// The values of a column of a batch, by type.
#[derive(Clone, Copy)]
pub enum Values<'a> {
    /// Words.
    Text(&'a StringArray),
    /// Whole numbers.
    Int(&'a Int64Array),
    /// Real numbers.
    Real(&'a Float64Array),
}

impl<'a> Values<'a> {
    /// Of an array.
    ///
    /// # Errors
    /// It is of a type that tables here do not have.
    pub fn of(array: &'a ArrayRef) -> Result<Self> {
        let any = array.as_any();
        let text = || any.downcast_ref().map(Values::Text);
        let int = || any.downcast_ref().map(Values::Int);
        let real = || any.downcast_ref().map(Values::Real);
        text().or_else(int).or_else(real).ok_or_else(|| {
            Error::usage(format!("a column is of the type {}", array.data_type())).remedy("text, Int64 or Float64")
        })
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn tables_go_to_arrow_and_back() {
        let mut t = Table::default();
        t.push(Column::new("a", "um", "A length.", Cells::Real(vec![Some(0.1 + 0.2), None, Some(-0.0)])));
        t.push(Column::new("b", "", "A count.", Cells::Int(vec![Some(i64::MIN), None, Some(0)])));
        let words = vec![Some("\"x\", y".to_string()), None, Some(String::new())];
        t.push(Column {
            standard: "skimage:c".into(),
            empty: "no c".into(),
            ..Column::new("c", "", "", Cells::Text(words))
        });
        let there = batch(&t).unwrap();
        assert_eq!(fact(there.schema_ref().field(0), "unit"), "um");
        let back = table(&there).unwrap();
        assert_eq!(back, t, "-0.0 equals 0.0");
        let Cells::Real(reals) = &back.columns[0].cells else { panic!("real") };
        assert!(reals[2].unwrap().is_sign_positive());
        assert!(batch(&Table::default()).is_err());
    }

    /// Regression: one number that is not finite left a run without its tables.
    #[test]
    fn what_is_not_finite_is_an_empty_cell() {
        let cells = Cells::Real(vec![Some(1.0), Some(f64::INFINITY), Some(f64::NAN), None]);
        let mut t = Table::default();
        t.push(Column::new("a", "", "", cells));
        let finite = Cells::Real(vec![Some(1.0), None, None, None]);
        assert_eq!(table(&batch(&t).unwrap()).unwrap().columns[0].cells, finite);
        assert_eq!((t.only_finite(), t.only_finite()), (vec![("a".to_owned(), 2)], vec![]));
        assert_eq!(t.columns[0].cells, finite);
    }
}
