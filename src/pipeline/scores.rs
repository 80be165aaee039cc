//! Scores of the objects of a set: how many of some classes there are to a hundred of others.

use super::classified::UNSURE;
use crate::image::Classes;
use crate::measure::suffixes;
use crate::recipe::Score;
use crate::table::{Cells, Column, Table};
use std::collections::BTreeMap;

/// Columns of the row of the image: each score, and the number of objects that it is taken over. Classes that nobody can be sure of
/// have no number.
pub(super) fn columns(set: &str, scores: &BTreeMap<String, Score>, classes: &Classes) -> Table {
    let (counts, mut table) = (classes.counts(), Table::default());
    let number = |chosen: &[String]| -> Option<usize> {
        let mut places = chosen.iter().filter_map(|name| classes.names.iter().position(|n| n == name));
        places.try_fold(0, |sum, i| classes.is_sure(i).then(|| sum + counts[i]))
    };
    let names: Vec<&str> = scores.keys().map(String::as_str).collect();
    for (score, suffix) in scores.values().zip(suffixes(&names)) {
        let (counted, over) = (number(&score.count), number(&score.over));
        let value = counted.zip(over).filter(|(_, over)| *over > 0).map(|(n, over)| 100.0 * n as f64 / over as f64);
        let value = value.map(|value| score.at_most.map_or(value, |most| value.min(most)));
        let (these, those) = (score.count.join(", "), score.over.join(", "));
        let limit = score.at_most.map_or(String::new(), |most| format!("; {most} at most"));
        let about = format!("100 times the number of {these} of {set} over the number of {those}{limit}.");
        let empty = format!("no {those} in the image, or {UNSURE}");
        let cells = Cells::Real(vec![value]);
        table.push(Column { empty, ..Column::new(format!("score_{set}_{suffix}"), "1", about, cells) });
        let about = format!("Number of {those} of {set}, which the score is taken over.");
        let cells = Cells::Int(vec![over.map(|n| n as i64)]);
        let empty = UNSURE.to_string();
        table.push(Column { empty, ..Column::new(format!("score_over_{set}_{suffix}"), "1", about, cells) });
    }
    table
}
