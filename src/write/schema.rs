//! The columns that all tables of one file share.

use crate::table::{Cells, Column, Table};
use crate::{Error, Result};
use std::collections::HashSet;

/// Name, unit, definition, standard name and type of each column: the columns of the first table, without rows.
#[derive(Debug)]
pub(super) struct Schema {
    pub columns: Vec<Column>,
}

impl Schema {
    pub fn of(table: &Table) -> Result<Self> {
        if table.columns.is_empty() {
            return Err(Error::usage("a table without columns cannot be written"));
        }
        let mut seen = HashSet::new();
        for c in &table.columns {
            if !seen.insert(c.name.as_str()) {
                return Err(Error::usage(format!("two columns are named \"{}\"", c.name))
                    .remedy("give the channels or object sets different names"));
            }
        }
        let columns = table.columns.iter().map(|c| Column { cells: empty(&c.cells), ..c.clone() }).collect();
        Ok(Schema { columns })
    }

    /// Same names, types and units in the same order, equal lengths, finite numbers. Checked before a row is written, so
    /// that a table is taken whole or not at all.
    pub fn check(&self, table: &Table) -> Result<()> {
        let (want, have) = (self.columns.len(), table.columns.len());
        if want != have {
            return Err(differs(format!("a table of {have} columns where the file has {want}")));
        }
        for (want, have) in self.columns.iter().zip(&table.columns) {
            if (&want.name, &want.unit) != (&have.name, &have.unit) {
                let name = |c: &Column| format!("\"{}\" [{}]", c.name, c.unit);
                return Err(differs(format!("column {} where the file has {}", name(have), name(want))));
            }
            let (wanted, given) = (want.cells.type_name(), have.cells.type_name());
            if wanted != given {
                return Err(differs(format!("column \"{}\" is {given} where the file has {wanted}", have.name)));
            }
            if have.cells.len() != table.rows() {
                return Err(differs(format!(
                    "column \"{}\" has {} rows of {}",
                    have.name,
                    have.cells.len(),
                    table.rows()
                )));
            }
            finite(have)?;
        }
        Ok(())
    }
}

fn empty(cells: &Cells) -> Cells {
    match cells {
        Cells::Text(_) => Cells::Text(Vec::new()),
        Cells::Int(_) => Cells::Int(Vec::new()),
        Cells::Real(_) => Cells::Real(Vec::new()),
    }
}

fn differs(what: String) -> Error {
    Error::usage(what).remedy("one file holds one kind of table: write the other one to a file of its own")
}

fn finite(column: &Column) -> Result<()> {
    let Cells::Real(v) = &column.cells else { return Ok(()) };
    match v.iter().position(|v| v.is_some_and(|v| !v.is_finite())) {
        None => Ok(()),
        Some(row) => Err(Error::usage(format!("column \"{}\", row {}: not a finite number", column.name, row + 1))
            .remedy("report this: what cannot be computed must be an empty cell")),
    }
}
