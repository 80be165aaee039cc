//! Empty cells and their reasons, for the row of the image.

use super::feature::Definition;
use crate::table::Table;

/// Empty cells of a table that is made block by block.
#[derive(Default)]
pub struct EmptyCells {
    columns: Vec<(String, usize)>,
    rows: usize,
}

impl EmptyCells {
    /// Counts those of a block.
    pub fn add(&mut self, block: &Table) {
        self.columns.resize_with(block.columns.len(), Default::default);
        for ((name, empty), column) in self.columns.iter_mut().zip(&block.columns) {
            name.clone_from(&column.name);
            *empty += column.cells.empty();
        }
        self.rows += block.rows();
    }

    /// Why they are empty, one line a reason with the columns it explains; for the row of the image.
    pub fn reasons(&self, dictionary: &[Definition]) -> Vec<String> {
        let mut reasons: Vec<(&str, usize, Vec<&str>)> = Vec::new();
        for (column, empty) in self.columns.iter().filter(|(_, empty)| *empty > 0) {
            let Some(d) = dictionary.iter().find(|d| d.name == *column) else { continue };
            let reason = if d.empty.is_empty() { "the label has no voxels" } else { d.empty };
            let at = reasons.iter().position(|r| r.0 == reason).unwrap_or_else(|| {
                reasons.push((reason, 0, Vec::new()));
                reasons.len() - 1
            });
            // A column without any value says enough by its reason; the dictionary has its name.
            if *empty == self.rows {
                reasons[at].1 += 1;
            } else {
                reasons[at].2.push(column);
            }
        }
        let line = |(reason, whole, some): (&str, usize, Vec<&str>)| {
            let whole = (whole > 0).then(|| format!("{whole} empty columns"));
            let some = (!some.is_empty()).then(|| format!("empty cells in {}", some.join(", ")));
            format!("{}: {reason}", whole.into_iter().chain(some).collect::<Vec<_>>().join(", "))
        };
        reasons.into_iter().map(line).collect()
    }
}
