//! The separator of a CSV file: a comma. Spreadsheets of many countries write semicolons, and whoever copies cells has tabs.

use crate::{Error, Result};
use csv::StringRecord;

/// `separator` is that of the file: a tab in what ends in `.tsv`.
///
/// # Errors
/// All names of the columns stand in one cell, with other separators between them.
pub(crate) fn check(header: &StringRecord, separator: u8) -> Result<()> {
    let only = if header.len() == 1 { header.get(0).unwrap_or_default() } else { "" };
    let others = [(";", "semicolons"), ("\t", "tabs"), (",", "commas")];
    let Some((_, name)) = others.into_iter().find(|(c, _)| only.contains(c)) else { return Ok(()) };
    let right = if separator == b'\t' { "tabs" } else { "commas" };
    Err(Error::format(format!("all columns stand in one: \"{}\"", only.escape_debug()))
        .remedy(format!("{right} between the columns, where it has {name}")))
}
