//! What families find odd about the rows of a set, counted block by block and told once.

use super::Chosen;
use crate::table::Table;
use std::collections::BTreeMap;

/// What is odd about some rows.
#[derive(Clone, Debug)]
pub struct Odd {
    /// What follows "3 of 25 objects": what it is, and what to do.
    pub what: String,
    /// Rows that it holds for.
    pub rows: usize,
    /// Rows that it could hold for.
    pub of: usize,
    /// It is told where it holds for more than this share of them.
    pub beyond: f64,
}

/// All that is odd about a set.
#[derive(Debug, Default)]
pub struct Oddities(BTreeMap<String, Odd>);

impl Oddities {
    /// Counts what families say of a block of rows.
    pub fn add(&mut self, families: &[Chosen], rows: &Table) {
        families.iter().flat_map(|chosen| chosen.family.odd(rows)).for_each(|odd| self.count(odd));
    }

    fn count(&mut self, odd: Odd) {
        let all = self.0.entry(odd.what.clone()).or_insert(Odd { rows: 0, of: 0, ..odd });
        (all.rows, all.of) = (all.rows + odd.rows, all.of + odd.of);
    }

    /// What the user should know of the set.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let told = self.0.values().filter(|odd| odd.rows as f64 > odd.beyond * odd.of as f64);
        told.map(|odd| format!("{} of {} objects {}", odd.rows, odd.of, odd.what))
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::measure::family;
    use crate::table::{Cells, Column};

    #[test]
    fn blocks_count_together_and_few_rows_are_not_told() {
        let odd = |rows, beyond| Odd { what: format!("are odd beyond {beyond}"), rows, of: 3, beyond };
        let mut all = Oddities::default();
        [odd(0, 0.0), odd(0, 0.5), odd(1, 0.5), odd(2, 0.5)].into_iter().for_each(|odd| all.count(odd));
        assert_eq!(all.warnings().count(), 0, "none, and a third");
        [odd(1, 0.0), odd(3, 0.5), odd(3, 0.5)].into_iter().for_each(|odd| all.count(odd));
        let said: Vec<String> = all.warnings().collect();
        assert_eq!(said, ["1 of 6 objects are odd beyond 0", "9 of 15 objects are odd beyond 0.5"]);
    }

    #[test]
    fn rings_of_most_objects_are_told() {
        let families = [family("probe", "").unwrap()];
        let rows = |usable: &[Option<f64>]| Table {
            columns: vec![Column::new("ring_usable_egfr", "1", "", Cells::Real(usable.to_vec()))],
        };
        let mut all = Oddities::default();
        all.add(&families, &rows(&[Some(0.1), Some(0.9), None]));
        assert_eq!(all.warnings().count(), 0, "half of them");
        all.add(&families, &rows(&[Some(0.0)]));
        let said: Vec<String> = all.warnings().collect();
        assert!(said.len() == 1 && said[0].starts_with("2 of 3 objects have hardly any background"), "{said:?}");
        assert!(said[0].contains("(ring_usable_egfr below 0.2)"), "{said:?}");
    }
}
