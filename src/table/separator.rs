//! The separator of a CSV file: a comma. Spreadsheets of many countries write semicolons, and whoever copies cells has tabs.

use crate::{Error, Result};
use csv::StringRecord;

/// # Errors
/// All names of the columns stand in one cell, with other separators between them.
pub(crate) fn check(header: &StringRecord) -> Result<()> {
    let only = if header.len() == 1 { header.get(0).unwrap_or_default() } else { "" };
    let Some(separator) = [';', '\t'].into_iter().find(|c| only.contains(*c)) else { return Ok(()) };
    let name = if separator == ';' { "semicolons" } else { "tabs" };
    Err(Error::format(format!("all columns stand in one: \"{}\"", only.escape_debug()))
        .remedy(format!("commas between the columns, where it has {name}")))
}
