//! What the place on the plate does to a well.

use super::well::{Format, Well};
use crate::batch::statistics::mean;
use crate::rounding::{apart, are_one};
use std::collections::BTreeMap;

/// Wells with their values.
pub type Placed = Vec<(Well, f64)>;

/// The mean of the wells at the edge minus that of the inner ones, over the latter.
pub fn edge_difference(wells: &Placed, plate: Format) -> Option<f64> {
    let of = |at_edge: bool| -> Vec<f64> {
        wells.iter().filter(|(well, _)| plate.is_edge(*well) == at_edge).map(|(_, value)| *value).collect()
    };
    let inner = mean(&of(false)).filter(|inner| *inner != 0.0)?;
    Some(apart(mean(&of(true))?, inner) / inner.abs())
}

/// The share of the variance between wells that lies between the groups (rows, columns): eta squared.
pub fn eta_squared(wells: &Placed, group: impl Fn(&Well) -> u32) -> Option<f64> {
    let values: Vec<f64> = wells.iter().map(|(_, value)| *value).collect();
    let middle = mean(&values)?;
    let all: f64 = values.iter().map(|v| (v - middle) * (v - middle)).sum();
    let mut groups: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    wells.iter().for_each(|(well, value)| groups.entry(group(well)).or_default().push(*value));
    // Groups of one well each explain everything.
    if groups.len() < 2 || groups.len() == wells.len() || are_one(values) {
        return None;
    }
    let off = |values: &Vec<f64>| mean(values).map_or(0.0, |m| values.len() as f64 * (m - middle) * (m - middle));
    Some(groups.values().map(off).sum::<f64>() / all)
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::*;

    fn placed(values: &[(u32, u32, f64)]) -> Placed {
        values.iter().map(|(row, column, value)| (Well { row: *row, column: *column }, *value)).collect()
    }

    #[test]
    fn rows_columns_and_edges() {
        let wells = placed(&[(1, 1, 1.0), (1, 2, 1.0), (2, 1, 3.0), (2, 2, 5.0)]);
        // The rows' means are 1 and 4, the middle 2.5; the squares are 2.25 * 2 + 0.25 + 6.25.
        assert_eq!(eta_squared(&wells, |well| well.row), Some(9.0 / 11.0));
        assert_eq!(eta_squared(&wells, |well| well.column), Some(1.0 / 11.0));
        let plate = Format { wells: 12, rows: 3, columns: 4 };
        assert_eq!(edge_difference(&wells, plate), Some((5.0 / 3.0 - 5.0) / 5.0));
        assert_eq!(edge_difference(&placed(&[(1, 1, 1.0)]), plate), None, "no inner well");
        assert_eq!(eta_squared(&placed(&[(1, 1, 2.0), (1, 2, 2.0)]), |well| well.column), None);
        assert_eq!(eta_squared(&placed(&[(1, 1, 2.0), (2, 1, 2.0), (2, 2, 2.0)]), |well| well.row), None, "flat");
        let rounded = placed(&[(1, 1, 0.3), (2, 2, 0.3), (3, 1, 0.1 + 0.2), (2, 3, 0.1 + 0.2)]);
        assert_eq!((eta_squared(&rounded, |well| well.row), edge_difference(&rounded, plate)), (None, Some(0.0)));
    }
}
