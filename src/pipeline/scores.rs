//! Scores of the objects of a set: how many of some classes there are to a hundred of others.

use crate::image::Classes;
use crate::measure::suffixes;
use crate::recipe::Score;
use crate::table::{Cells, Column, Table};
use std::collections::BTreeMap;

/// Columns of the row of the image: each score, and the number of objects that it is taken over.
pub(super) fn columns(set: &str, scores: &BTreeMap<String, Score>, classes: &Classes) -> Table {
    let (counts, mut table) = (classes.counts(), Table::default());
    let number = |names: &[String]| -> usize {
        classes.names.iter().zip(&counts).filter(|(name, _)| names.contains(name)).map(|(_, n)| n).sum()
    };
    let names: Vec<&str> = scores.keys().map(String::as_str).collect();
    for (score, suffix) in scores.values().zip(suffixes(&names)) {
        let (counted, over) = (number(&score.count), number(&score.over));
        let value = (over > 0).then(|| 100.0 * counted as f64 / over as f64);
        let value = value.map(|value| score.at_most.map_or(value, |most| value.min(most)));
        let (these, those) = (score.count.join(", "), score.over.join(", "));
        let limit = score.at_most.map_or(String::new(), |most| format!("; {most} at most"));
        let about = format!("100 times the number of {these} of {set} over the number of {those}{limit}.");
        let empty = format!("no {those} in the image");
        let cells = Cells::Real(vec![value]);
        table.push(Column { empty, ..Column::new(format!("score_{set}_{suffix}"), "1", about, cells) });
        let about = format!("Number of {those} of {set}, which the score is taken over.");
        let cells = Cells::Int(vec![Some(over as i64)]);
        table.push(Column::new(format!("score_over_{set}_{suffix}"), "1", about, cells));
    }
    table
}
