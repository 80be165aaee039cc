//! Rings in which hardly any background is left: what is said of their objects rests on few voxels.

use crate::table::{Cells, Table};
use std::collections::BTreeMap;

/// A share of a ring that is hardly any of it.
const HARDLY: f64 = 0.2;

/// Objects of a set, by column of `ring_usable`: those whose ring has hardly any background, and all with a ring.
#[derive(Default)]
pub(super) struct Rings(BTreeMap<String, [usize; 2]>);

impl Rings {
    /// Counts the objects of these rows.
    pub fn add(&mut self, rows: &Table) {
        for column in rows.columns.iter().filter(|c| c.name.starts_with("ring_usable_")) {
            let Cells::Real(usable) = &column.cells else { continue };
            let counts = self.0.entry(column.name.clone()).or_default();
            counts[0] += usable.iter().flatten().filter(|share| **share < HARDLY).count();
            counts[1] += usable.iter().flatten().count();
        }
    }

    /// What the user should look at: most objects have hardly any background.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.0.iter().filter(|(_, [few, all])| 2 * few > *all).map(|(column, [few, all])| {
            format!(
                "{few} of {all} objects have hardly any background in their ring ({column} below {HARDLY}): what is compared with it \
                 rests on few voxels; grow the cells further, or widen the ring"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::table::Column;

    #[test]
    fn rings_of_most_objects_are_told() {
        let rows = |usable: &[Option<f64>]| Table {
            columns: vec![Column::new("ring_usable_probe", "1", "", Cells::Real(usable.to_vec()))],
        };
        let mut rings = Rings::default();
        rings.add(&rows(&[Some(0.1), Some(0.9), None]));
        assert_eq!(rings.warnings().count(), 0, "half of them");
        rings.add(&rows(&[Some(0.0)]));
        let said: Vec<String> = rings.warnings().collect();
        assert!(said.len() == 1 && said[0].starts_with("2 of 3 objects"), "{said:?}");
    }
}
