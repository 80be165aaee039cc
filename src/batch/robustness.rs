//! How far the columns of an object set follow small changes of image and regions: one row a column, over all objects of all images.
//!
//! The intraclass correlation is ICC(1,1) of Shrout and Fleiss (Psychol. Bull. 86, 420, 1979): the share of the variance that lies between
//! objects, `(B - W) / (B + (k - 1) W)` with the mean squares between and within objects and k values each. It says nothing where objects
//! are alike; the coefficient of variation does, which is the mean over objects of their standard deviation (divided by k - 1) over their
//! mean without its sign.

use super::one_by_one::{Looked, one_by_one};
use super::settings::Settings;
use super::statistics::median;
use crate::device::Device;
use crate::pipeline::{self, PERTURBATIONS, Repeated};
use crate::recipe::Recipe;
use crate::rounding::are_one;
use crate::table::{Cells, Column, Table};
use crate::{Error, Result};

/// Times the memory that a run takes for an image: there is another one, and the numbers that it is made of.
const COPIES: u64 = 3;

/// What was found.
#[derive(Clone, Debug)]
pub struct Robustness {
    /// One row a column.
    pub table: Table,
    /// Objects of all images.
    pub objects: usize,
    /// What could not be read or done, with the reason.
    pub failed: Vec<(String, Error)>,
}

/// Measures the object set in every image as it is and after each small change, and says how its columns follow. One image is in work
/// at a time.
///
/// # Errors
/// The recipe does not measure such a set, nothing is found, or no image has an object.
pub fn robustness(settings: &Settings, recipe: &Recipe, set: &str, device: &Device) -> Result<Robustness> {
    if !recipe.body.measure.contains_key(set) {
        let sets: Vec<&str> = recipe.body.measure.keys().map(String::as_str).collect();
        return Err(Error::usage(format!("the recipe does not measure an object set \"{set}\""))
            .remedy(format!("--objects with one of: {}", sets.join(", "))));
    }
    let Looked { done, failed } = one_by_one(settings, recipe, COPIES, &|recipe, scan, external| {
        pipeline::repeated((scan, external), recipe, set, device)
    })?;
    let mut columns: Vec<Repeated> = Vec::new();
    for (name, unit, values) in done.into_iter().flat_map(|(_, columns)| columns) {
        match columns.iter_mut().find(|(other, ..)| *other == name) {
            Some((_, _, all)) => all.extend(values),
            None => columns.push((name, unit, values)),
        }
    }
    let objects = columns.iter().map(|(_, _, values)| values.len()).max().unwrap_or(0);
    if objects == 0 {
        let e = Error::usage(format!("no image has an object of the set \"{set}\""));
        return Err(match failed.first() {
            Some((name, first)) => e.remedy(format!("what went wrong first: {name}: {}", first.reason())),
            None => e.remedy("images in which the recipe finds objects"),
        });
    }
    Ok(Robustness { table: table(&columns), objects, failed })
}

fn table(columns: &[Repeated]) -> Table {
    let mut table = Table::default();
    let mut words = |name: &str, about: &str, of: fn(&Repeated) -> &String| {
        table.push(Column::new(name, "", about, Cells::Text(columns.iter().map(|c| Some(of(c).clone())).collect())));
    };
    words("column", "Column of the table of the object set.", |c| &c.0);
    words("unit", "Its unit.", |c| &c.1);
    let whole: Vec<Vec<Vec<f64>>> = columns.iter().map(|(_, _, values)| complete(values)).collect();
    let counts = whole.iter().map(|objects| Some(objects.len() as i64)).collect();
    table.push(Column::new("objects", "1", "Objects that have a value after every change.", Cells::Int(counts)));
    let mut reals = |name: String, unit: &str, about: &str, cells: Vec<Option<f64>>| {
        table.push(Column::new(name, unit, about, Cells::Real(cells)));
    };
    let about =
        "Intraclass correlation ICC(1,1) over all changes; empty for fewer than two objects, or if all values are one.";
    reals("icc".into(), "1", about, whole.iter().map(|objects| icc(objects)).collect());
    let about =
        "Mean over objects of the coefficient of variation over all changes; objects with a mean of 0 are left out.";
    reals("variation_percent".into(), "%", about, whole.iter().map(|objects| variation(objects)).collect());
    for (k, (name, _)) in PERTURBATIONS.iter().enumerate() {
        let about =
            format!("Median over objects of the change by \"{name}\", without its sign, over the value as it was.");
        let cells = columns.iter().map(|(_, _, values)| change(values, k + 1)).collect();
        reals(format!("{name}_percent"), "%", &about, cells);
    }
    table
}

/// The objects that have all values.
fn complete(values: &[Vec<Option<f64>>]) -> Vec<Vec<f64>> {
    values.iter().filter_map(|object| object.iter().copied().collect()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sum of squared differences from the mean; 0 where they are rounding.
fn squares(values: &[f64]) -> f64 {
    if are_one(values.iter().copied()) {
        return 0.0;
    }
    let mean = mean(values);
    values.iter().map(|v| (v - mean) * (v - mean)).sum()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn icc(objects: &[Vec<f64>]) -> Option<f64> {
    let (n, k) = (objects.len(), objects.first()?.len());
    if n < 2 || k < 2 {
        return None;
    }
    let means: Vec<f64> = objects.iter().map(|object| mean(object)).collect();
    let between = squares(&means) * k as f64 / (n - 1) as f64;
    let within = objects.iter().map(|object| squares(object)).sum::<f64>() / (n * (k - 1)) as f64;
    finite((between - within) / (between + (k - 1) as f64 * within))
}

fn variation(objects: &[Vec<f64>]) -> Option<f64> {
    let of =
        |object: &Vec<f64>| finite((squares(object) / (object.len() - 1) as f64).sqrt() / mean(object).abs() * 100.0);
    let each: Vec<f64> = objects.iter().filter_map(of).collect();
    finite(mean(&each))
}

fn change(objects: &[Vec<Option<f64>>], k: usize) -> Option<f64> {
    let of = |object: &Vec<Option<f64>>| {
        let (was, is) = ((*object.first()?)?, (*object.get(k)?)?);
        finite((is - was).abs() / was.abs() * 100.0)
    };
    median(&objects.iter().filter_map(of).collect::<Vec<f64>>())
}

#[cfg(test)]
mod tests {
    //! Oracle: the example of Shrout and Fleiss, whose ICC(1,1) is published as 0.17.
    use super::*;

    #[test]
    fn the_published_example() {
        let rows = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]];
        let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.map(f64::from).to_vec()).collect();
        assert!((icc(&rows).unwrap() - 0.1657).abs() < 5e-5, "{:?}", icc(&rows));
        assert_eq!(icc(&rows[..1]), None);
        assert_eq!(icc(&[vec![2.0; 3], vec![2.0; 3]]), None, "no variance at all");
        assert_eq!(icc(&[vec![2.0; 3], vec![3.0; 3]]), Some(1.0));
        assert_eq!(icc(&[vec![0.1 + 0.2, 0.3, 0.3], vec![0.3; 3]]), None, "rounding alone");
    }

    #[test]
    fn variation_and_changes_by_hand() {
        let objects = [vec![10.0, 9.0, 11.0], vec![-2.0, -2.0, -2.0], vec![0.0; 3]];
        assert_eq!(variation(&objects), Some(5.0));
        let cells = |v: [f64; 3]| v.map(Some).to_vec();
        assert_eq!(change(&[cells([10.0, 9.0, 11.0]), cells([4.0, 5.0, 4.0])], 1), Some(17.5));
        assert_eq!((change(&[cells([0.0; 3])], 1), variation(&[]), icc(&[])), (None, None, None));
    }
}
