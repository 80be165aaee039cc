//! The columns that all batches of one file share.

use crate::table::arrow::{Values, fact};
use crate::{Error, Result};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{Field, SchemaRef};
use std::collections::HashSet;

/// Columns that can make up a file: there are some, and no two have one name.
pub(super) fn checked(schema: SchemaRef) -> Result<SchemaRef> {
    if schema.fields().is_empty() {
        return Err(Error::usage("a table without columns cannot be written"));
    }
    let mut seen = HashSet::new();
    match schema.fields().iter().find(|f| !seen.insert(f.name().as_str())) {
        None => Ok(schema),
        Some(f) => Err(Error::usage(format!("two columns are named \"{}\"", f.name()))
            .remedy("give the channels or object sets different names")),
    }
}

/// Same names, types and units in the same order, and finite numbers. Checked before a row is written, so that a batch is
/// taken whole or not at all.
pub(super) fn check(schema: &SchemaRef, batch: &RecordBatch) -> Result<()> {
    let (want, have) = (schema.fields().len(), batch.num_columns());
    if want != have {
        return Err(differs(format!("a table of {have} columns where the file has {want}")));
    }
    for ((want, have), array) in schema.fields().iter().zip(batch.schema_ref().fields()).zip(batch.columns()) {
        if (want.name(), fact(want, "unit")) != (have.name(), fact(have, "unit")) {
            let name = |f: &Field| format!("\"{}\" [{}]", f.name(), fact(f, "unit"));
            return Err(differs(format!("column {} where the file has {}", name(have), name(want))));
        }
        if want.data_type() != have.data_type() {
            let (given, wanted) = (have.data_type(), want.data_type());
            return Err(differs(format!("column \"{}\" is {given} where the file has {wanted}", have.name())));
        }
        if let Values::Real(values) = Values::of(array)?
            && let Some(row) = values.iter().position(|v| v.is_some_and(|v| !v.is_finite()))
        {
            return Err(Error::usage(format!("column \"{}\", row {}: not a finite number", have.name(), row + 1))
                .remedy("report this: what cannot be computed must be an empty cell"));
        }
        debug_assert_eq!(array.len(), batch.num_rows());
    }
    Ok(())
}

fn differs(what: String) -> Error {
    Error::usage(what).remedy("one file holds one kind of table: write the other one to a file of its own")
}
