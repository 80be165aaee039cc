//! What is found out about the classes of an object set.

use crate::image::Classes;
use crate::measure::suffixes;
use crate::table::{Cells, Column, Table};
use std::collections::BTreeMap;

/// What is said of the classes of a set.
#[derive(Default)]
pub(super) struct Classified {
    /// Nothing where the recipe names no classes.
    pub classes: Option<Classes>,
    /// Columns of its table.
    pub columns: Vec<Column>,
    /// Columns of the row of the image.
    pub totals: Table,
    /// What the user should look at.
    pub warnings: Vec<String>,
    /// Those that the recipe has a gallery of, the best first.
    pub candidates: Vec<Candidate>,
    /// What cutoffs over several images are found from.
    pub marker_values: Vec<MarkerValues>,
}

impl Classified {
    /// A column with the class of each object, and the numbers of each class but of those that nobody can be sure of.
    pub fn classes(&mut self, set: &str, column: &str, about: &str, classes: Classes) {
        let all = classes.of.len();
        let words = (0..all).map(|i| classes.name(i).map(str::to_owned)).collect();
        let empty = "of no class".to_string();
        self.columns.push(Column { empty, ..Column::new(column, "", about, Cells::Text(words)) });
        let counts = classes.counts();
        let suffixes = suffixes(&classes.names.iter().map(String::as_str).collect::<Vec<_>>());
        for (i, ((name, suffix), n)) in classes.names.iter().zip(suffixes).zip(&counts).enumerate() {
            let n = classes.is_sure(i).then_some(*n);
            let about = format!("Number of objects of {set} of the {column} {name}.");
            let cells = Cells::Int(vec![n.map(|n| n as i64)]);
            let at = format!("class_count_{set}_{suffix}");
            self.totals.push(Column { empty: UNSURE.into(), ..Column::new(at, "1", about, cells) });
            let about = format!("Share of all objects of {set} that are of the {column} {name}.");
            let cells = Cells::Real(vec![n.filter(|_| all > 0).map(|n| n as f64 / all as f64)]);
            let empty = format!("no object in the image, or {UNSURE}");
            let at = format!("class_fraction_{set}_{suffix}");
            self.totals.push(Column { empty, ..Column::new(at, "1", about, cells) });
        }
        let about = format!("Number of objects of {set} that are of no {column}.");
        let none = all - counts.iter().sum::<usize>();
        let is_sure = (0..counts.len()).all(|class| classes.is_sure(class));
        let cells = Cells::Int(vec![is_sure.then_some(none as i64)]);
        self.totals
            .push(Column { empty: UNSURE.into(), ..Column::new(format!("unclassified_{set}"), "1", about, cells) });
        self.classes = Some(classes);
    }
}

/// The values of the objects of one image for a marker whose cutoffs are found over several images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MarkerValues {
    /// The object set.
    pub set: String,
    /// The marker in `[positive.SET]`.
    pub marker: String,
    /// One for each object that has a value.
    pub values: Vec<f64>,
    /// Those of them that are at least so large, of overexposed objects.
    pub at_least: Vec<f64>,
    /// The standard deviation of what rounding took from a value; 0 if that is not known.
    pub rounding: f64,
}

/// Why there is no number of a class.
pub(super) const UNSURE: &str = "nothing is known of a marker, and objects may be of the class or not";

/// Whether the objects that have a value speak for all of them: no more than a tenth has none. Those that have none (without ground next
/// to them, say) are seldom like the others.
pub(super) fn speak_for(known: usize, all: usize) -> bool {
    known > 0 && 10 * known >= 9 * all
}

/// Why there is no share of the objects of a set.
pub(super) const TOO_FEW: &str = "more than a tenth of the objects have no value, or no cutoff";

/// The label of an object, and its score.
pub(super) type Candidate = (u32, Option<f64>);

/// What is known of objects by marker.
pub(super) type Markers<'a> = BTreeMap<&'a str, Marker>;

/// What is known of each object.
#[derive(Default)]
pub(super) struct Marker {
    /// It is positive.
    pub is_positive: Vec<Option<bool>>,
    /// How many robust deviations it lies above the cutoff, where somebody asks for them.
    pub above: Vec<Option<f64>>,
    /// Whether the cutoff lies in the gap between two kinds of objects, where it is one of deviations from the median.
    pub is_parted: Option<bool>,
    /// The cutoff.
    pub cutoff: Option<f64>,
    /// It follows from the objects of one kind alone.
    pub is_of_kind: bool,
}

/// The values of the objects that a cutoff is said of; of all of them where none is named.
pub(super) fn said<'a>(values: &'a [Option<f64>], of: &'a [bool]) -> impl Iterator<Item = f64> + Clone + 'a {
    values.iter().enumerate().filter(move |(i, _)| of.get(*i).is_none_or(|is| *is)).filter_map(|(_, v)| *v)
}
