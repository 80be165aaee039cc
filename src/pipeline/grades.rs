//! Grades of positivity, 0 and 1+ to 3+ by three cutoffs, and the scores of an image that follow from them.

use super::classified::{Classified, TOO_FEW, speak_for};
use crate::table::{Cells, Column};

/// What is graded.
pub(super) struct Graded<'a> {
    pub set: &'a str,
    pub marker: &'a str,
    /// The column whose values are compared.
    pub column: &'a Column,
    pub values: &'a [Option<f64>],
    /// Objects that are at least as bright as their values say; as many as there are values, or none.
    pub at_least: &'a [bool],
    /// Cutoffs of 1+, 2+ and 3+, as far as they can be found.
    pub cutoffs: [Option<f64>; 3],
}

/// Adds the grade of each object, and the scores of the image.
pub(super) fn add(found: &mut Classified, of: &Graded) {
    let Graded { set, marker, column, values, at_least, cutoffs } = of;
    let known = match cutoffs {
        [Some(a), Some(b), Some(c)] if a < b && b < c => Some([*a, *b, *c]),
        _ => None,
    };
    if known.is_none() && values.iter().any(Option::is_some) {
        let words = cutoffs.map(|v| v.map_or("none".into(), |v| v.to_string())).join(", ");
        found.warnings.push(format!(
            "no object is graded for {marker}: the cutoffs of 1+, 2+ and 3+ are {words}, and each must lie above the one before"
        ));
    }
    let grade = |(object, value): (usize, &Option<f64>)| {
        let (cutoffs, value) = (known?, (*value)?);
        let grade = cutoffs.iter().filter(|cutoff| value > **cutoff).count();
        // What is at least so bright may be brighter, but for the highest grade.
        (grade == cutoffs.len() || !at_least.get(object).is_some_and(|at_least| *at_least)).then_some(grade)
    };
    let grades: Vec<Option<usize>> = values.iter().enumerate().map(grade).collect();
    let about =
        format!("How many of the cutoffs of {marker} the {} of the object lies above: 0, 1+, 2+ or 3+.", column.name);
    let cells = Cells::Int(grades.iter().map(|g| g.map(|g| g as i64)).collect());
    let empty = "no value or no cutoffs, or overexposed and not above the highest cutoff".to_string();
    found.columns.push(Column { empty, ..Column::new(format!("grade_{marker}"), "1", about, cells) });
    let counts: [usize; 4] = std::array::from_fn(|grade| grades.iter().filter(|g| **g == Some(grade)).count());
    let mut put = |name: String, unit: &str, about: String, empty: &str, cells: Cells| {
        let name = format!("{name}_{set}_{marker}");
        found.totals.push(Column { empty: empty.into(), ..Column::new(name, unit, about, cells) });
    };
    for (grade, cutoff) in (1..).zip(cutoffs).skip(1) {
        let about = format!("The value of {} above which an object of {set} is {grade}+ for {marker}.", column.name);
        let empty = "too few objects have a value, or all the same";
        put(format!("grade_{grade}_threshold"), &column.unit, about, empty, Cells::Real(vec![*cutoff]));
    }
    let n: usize = counts.iter().sum();
    let counts = speak_for(n, values.len()).then_some(counts);
    for grade in 0..4 {
        let about = format!("Share of the objects of {set} with a grade of {marker} that are {grade}.");
        put(
            format!("grade_{grade}_fraction"),
            "1",
            about,
            TOO_FEW,
            Cells::Real(vec![counts.map(|counts| counts[grade] as f64 / n as f64)]),
        );
    }
    let about =
        format!("H-score of {marker}: percent of 1+, twice that of 2+ and three times that of 3+ together, 0 to 300.");
    put("h_score".into(), "1", about, TOO_FEW, Cells::Real(vec![counts.map(h_score)]));
    let [proportion, intensity, score] = counts.map(allred).map_or([None; 3], |[p, i]| [Some(p), Some(i), Some(p + i)]);
    let about = format!("Allred's proportion score of {marker}. {PROPORTION}.");
    put("allred_proportion".into(), "1", about, TOO_FEW, Cells::Int(vec![proportion]));
    let about = format!(
        "Allred's intensity score of {marker}: mean grade of the positive objects, rounded, half upwards; 0 without any."
    );
    put("allred_intensity".into(), "1", about, TOO_FEW, Cells::Int(vec![intensity]));
    let about = format!("Allred score of {marker}: proportion and intensity score together, 0 or 2 to 8.");
    put("allred_score".into(), "1", about, TOO_FEW, Cells::Int(vec![score]));
}

const PROPORTION: &str = "Share of positive objects: 0: none; 1: below 1/100; 2: 1/100 to 1/10; 3: above that, to 1/3; 4: above that, \
                          to 2/3; 5: above 2/3";

/// From the numbers of objects that are 0, 1+, 2+ and 3+; there are some.
fn h_score(counts: [usize; 4]) -> f64 {
    let n: usize = counts.iter().sum();
    let sum: usize = counts.iter().enumerate().map(|(grade, count)| grade * count).sum();
    100.0 * sum as f64 / n as f64
}

/// Proportion and intensity score.
///
/// Source: D. C. Allred et al., Mod. Pathol. 11 (1998) 155. Limits that the paper leaves to either side belong to the lower score, but
/// for 1/100.
fn allred(counts: [usize; 4]) -> [i64; 2] {
    let n: usize = counts.iter().sum();
    let positive = n - counts[0];
    let proportion = match positive {
        0 => 0,
        p if 100 * p < n => 1,
        p if 10 * p <= n => 2,
        p if 3 * p <= n => 3,
        p if 3 * p <= 2 * n => 4,
        _ => 5,
    };
    let sum: usize = counts.iter().enumerate().map(|(grade, count)| grade * count).sum();
    let intensity = (2 * sum + positive).checked_div(2 * positive).unwrap_or(0);
    [proportion, intensity as i64]
}

#[cfg(test)]
mod tests {
    //! Oracle: scores worked out by hand, and the limits of Allred's table.
    use super::*;

    #[test]
    fn scores_by_hand() {
        assert_eq!([[40, 30, 20, 10], [10, 0, 0, 0], [0, 0, 0, 10]].map(h_score), [100.0, 0.0, 300.0]);
        for (counts, score) in [
            ([10, 0, 0, 0], [0, 0]),
            ([999, 1, 0, 0], [1, 1]),
            ([99, 0, 0, 1], [2, 3]),
            ([90, 5, 5, 0], [2, 2]),
            ([89, 11, 0, 0], [3, 1]),
            ([20, 10, 0, 0], [3, 1]),
            ([19, 0, 11, 0], [4, 2]),
            ([10, 0, 0, 20], [4, 3]),
            ([9, 15, 6, 0], [5, 1]),
            ([0, 2, 1, 0], [5, 1]),
        ] {
            assert_eq!(allred(counts), score, "{counts:?}");
        }
    }

    #[test]
    fn cutoffs_that_do_not_rise_grade_nobody() {
        let values = [Some(0.5), Some(1.0), Some(1.5), Some(2.5), Some(9.0)];
        let column = Column::new("intensity_mean_p", "au", "", Cells::Real(vec![]));
        let of = |cutoffs| {
            let mut found = Classified::default();
            add(
                &mut found,
                &Graded { set: "cells", marker: "p", column: &column, values: &values, at_least: &[], cutoffs },
            );
            found
        };
        let fine = of([Some(1.0), Some(2.0), Some(3.0)]);
        assert_eq!(fine.columns[0].cells, Cells::Int(vec![Some(0), Some(0), Some(1), Some(2), Some(3)]));
        assert_eq!(fine.totals.column("h_score_cells_p").unwrap().cells, Cells::Real(vec![Some(120.0)]));
        assert!(fine.warnings.is_empty());
        let wrong = of([Some(1.0), Some(3.0), Some(2.0)]);
        assert_eq!(wrong.columns[0].cells, Cells::Int(vec![None; 5]));
        assert_eq!(wrong.totals.column("h_score_cells_p").unwrap().cells, Cells::Real(vec![None]));
        assert!(wrong.warnings[0].contains("1, 3, 2"), "{:?}", wrong.warnings);
    }

    #[test]
    fn few_objects_with_a_value_do_not_speak_for_all() {
        let column = Column::new("cnr_p", "1", "", Cells::Real(vec![]));
        let of = |known: usize, all: usize| {
            let values: Vec<_> = (0..all).map(|i| (i < known).then_some(5.0)).collect();
            let cutoffs = [1.0, 2.0, 3.0].map(Some);
            let mut found = Classified::default();
            add(
                &mut found,
                &Graded { set: "cells", marker: "p", column: &column, values: &values, at_least: &[], cutoffs },
            );
            assert_eq!(found.columns[0].cells.empty(), all - known, "objects keep their grades");
            let thresholds = found.totals.columns.iter().filter(|c| c.name.contains("threshold"));
            assert_eq!(thresholds.map(|c| c.cells.empty()).sum::<usize>(), 0);
            found
                .totals
                .columns
                .iter()
                .filter(|c| !c.name.contains("threshold"))
                .map(|c| c.cells.empty())
                .sum::<usize>()
        };
        assert_eq!([of(9, 10), of(8, 8)], [0, 0]);
        // Four shares, the H-score and three numbers of Allred.
        assert_eq!([of(8, 9), of(0, 8)], [8, 8]);
    }
}
