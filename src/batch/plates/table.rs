//! The columns of `plates.csv` and `wells.csv`.
//!
//! | measure | formula | source |
//! |---|---|---|
//! | Z' | 1 - 3 (s_p + s_n) / abs(m_p - m_n) | J.-H. Zhang et al., J. Biomol. Screen. 4 (1999) 67 |
//! | robust Z' | the same with medians and 1.4826 times the median absolute deviation | |
//! | SSMD | (m_p - m_n) / sqrt(s_p^2 + s_n^2) | X. D. Zhang, Genomics 89 (2007) 552 |
//! | robust z score | (x - median) / (1.4826 MAD), both over the samples of the plate | N. Malo et al., Nat. Biotechnol. 24 (2006) 167 |

use super::dose::{Dose, common_unit};
use super::effects::{Placed, edge_difference, eta_squared};
use super::well::{Format, Well};
use super::{Control, Images, Plate, Plates};
use crate::batch::statistics::{deviation, mean, median, robust_deviation};
use crate::rounding::apart;
use crate::table::{Cells, Column, Table};
use std::collections::BTreeMap;

const TOO_FEW: &str = "too few controls of a kind, or they do not differ";
const NO_SPREAD: &str = "no sample on the plate has a value, or they have no spread";
const NO_NEGATIVE: &str = "no negative control on the plate has a value, or their mean is not above 0";
const NO_VALUE: &str = "no image of the well has a value";

/// A table as it grows.
#[derive(Default)]
pub(super) struct Growing(Table);

impl Growing {
    pub fn words(&mut self, name: &str, about: &str, words: Vec<Option<String>>) {
        self.0.push(Column::new(name, "", about, Cells::Text(words)));
    }
    pub fn some_words(&mut self, name: &str, about: &str, empty: &str, words: Vec<Option<String>>) {
        self.0.push(Column { empty: empty.into(), ..Column::new(name, "", about, Cells::Text(words)) });
    }
    pub fn ints(&mut self, name: &str, about: &str, numbers: Vec<i64>) {
        self.0.push(Column::new(name, "1", about, Cells::Int(numbers.into_iter().map(Some).collect())));
    }
    pub fn reals(&mut self, name: String, unit: &str, about: String, empty: &str, values: Vec<Option<f64>>) {
        let cells = Cells::Real(values.into_iter().map(|v| v.filter(|v| v.is_finite())).collect());
        self.0.push(Column { empty: empty.into(), ..Column::new(name, unit, about, cells) });
    }
    pub fn finish(self) -> Table {
        self.0
    }
}

/// The values of the wells of a plate.
pub(super) struct Values {
    pub positive: Vec<f64>,
    pub negative: Vec<f64>,
    samples: Vec<f64>,
}

impl Values {
    fn of<'a>(wells: impl Iterator<Item = &'a Images>, column: usize) -> Self {
        let mut values = Values { positive: vec![], negative: vec![], samples: vec![] };
        for well in wells {
            let group = match well.control {
                Some(Control::Positive) => &mut values.positive,
                Some(Control::Negative) => &mut values.negative,
                None => &mut values.samples,
            };
            group.extend(well.value(column));
        }
        values
    }

    /// What percentages are of: the mean of the negative controls. One that is not above 0, as where a ground was subtracted, has none.
    pub fn control(&self) -> Option<f64> {
        mean(&self.negative).filter(|mean| *mean > 0.0)
    }

    fn z_prime(&self) -> Option<f64> {
        let away = apart(mean(&self.positive)?, mean(&self.negative)?).abs();
        Some(1.0 - 3.0 * (deviation(&self.positive)? + deviation(&self.negative)?) / away)
    }

    fn robust_z_prime(&self) -> Option<f64> {
        // As for the others, one well of a kind has no spread.
        let [p, n] = [&self.positive, &self.negative].map(|all| Some(all).filter(|all| all.len() > 1));
        let (p, n) = (p?, n?);
        Some(1.0 - 3.0 * (robust_deviation(p)? + robust_deviation(n)?) / apart(median(p)?, median(n)?).abs())
    }

    fn ssmd(&self) -> Option<f64> {
        let [p, n] = [deviation(&self.positive)?, deviation(&self.negative)?];
        Some(apart(mean(&self.positive)?, mean(&self.negative)?) / (p * p + n * n).sqrt())
    }
}

impl Images {
    /// Mean over the images.
    pub fn value(&self, column: usize) -> Option<f64> {
        self.values.get(column).and_then(|values| mean(values))
    }
}

impl Plate {
    /// The plate that the wells lie on.
    pub fn format(&self, all: &Plates) -> Format {
        Format::of(all.keys.wells, self.wells.keys().copied())
    }

    /// The samples with a value.
    fn placed(&self, column: usize) -> Placed {
        let samples = self.wells.iter().filter(|(_, images)| images.control.is_none());
        samples.filter_map(|(well, images)| Some((*well, images.value(column)?))).collect()
    }
}

impl Plates {
    /// The values of a column by plate.
    pub(super) fn values(&self, column: usize) -> BTreeMap<&String, Values> {
        self.plates.iter().map(|(name, plate)| (name, Values::of(plate.wells.values(), column))).collect()
    }
}

/// A row a plate.
pub(super) fn plates(all: &Plates) -> Table {
    let mut table = Growing::default();
    table.words(&all.keys.plate, "The plate.", all.plates.keys().cloned().map(Some).collect());
    let count = |wanted: &dyn Fn(&Images) -> bool| -> Vec<i64> {
        all.plates.values().map(|plate| plate.wells.values().filter(|well| wanted(well)).count() as i64).collect()
    };
    table.ints("wells", "Number of wells of the plate with images.", count(&|_| true));
    let about = "Number of them that are positive controls.";
    table.ints("wells_positive", about, count(&|w| w.control == Some(Control::Positive)));
    let about = "Number of them that are negative controls.";
    table.ints("wells_negative", about, count(&|w| w.control == Some(Control::Negative)));
    let about =
        "Wells of the plate with images or not: as the recipe says, else the smallest usual plate that has all wells.";
    table.ints("plate_format", about, all.plates.values().map(|plate| i64::from(plate.format(all).wells)).collect());
    for (k, column) in all.columns.iter().enumerate() {
        let (name, unit) = (&column.name, &column.unit);
        let values: Vec<Values> = all.values(k).into_values().collect();
        let of = |f: &dyn Fn(&Values) -> Option<f64>| values.iter().map(f).collect::<Vec<_>>();
        let mut kind = |word: &str, empty: &str, pick: &dyn Fn(&Values) -> &Vec<f64>| {
            let about = format!("Mean of {name} over the {word} wells of the plate; a well is the mean of its images.");
            table.reals(format!("mean_{word}_{name}"), unit, about, empty, of(&|v| mean(pick(v))));
            let about = format!("Standard deviation (n - 1) of {name} over the {word} wells of the plate.");
            table.reals(format!("sd_{word}_{name}"), unit, about, empty, of(&|v| deviation(pick(v))));
        };
        kind("positive", "too few positive controls with a value", &|v| &v.positive);
        kind("negative", "too few negative controls with a value", &|v| &v.negative);
        kind("sample", "too few samples with a value", &|v| &v.samples);
        let about =
            format!("Z' factor of {name}: 1 - 3 (sum of the deviations of the controls) / (distance of their means).");
        table.reals(format!("z_prime_{name}"), "1", about, TOO_FEW, of(&Values::z_prime));
        let about = format!("Z' factor of {name} with medians, and median absolute deviations times 1.4826.");
        table.reals(format!("robust_z_prime_{name}"), "1", about, TOO_FEW, of(&Values::robust_z_prime));
        let about = format!(
            "Strictly standardised mean difference of {name}: mean of the positive minus mean of the negative controls, over \
             the root of the sum of their variances."
        );
        table.reals(format!("ssmd_{name}"), "1", about, TOO_FEW, of(&Values::ssmd));
        places(&mut table, all, k);
    }
    table.finish()
}

/// What the place on the plate does to a column.
fn places(table: &mut Growing, all: &Plates, k: usize) {
    let name = &all.columns[k].name;
    let of = |f: &dyn Fn(&Placed, Format) -> Option<f64>| -> Vec<Option<f64>> {
        all.plates.values().map(|plate| f(&plate.placed(k), plate.format(all))).collect()
    };
    let about = format!(
        "Mean {name} of the samples in the outermost rows and columns of the plate minus that of the inner ones, over the \
         absolute value of the latter."
    );
    let empty = "no sample with a value at the edge or none within, or the mean within is 0";
    table.reals(format!("edge_difference_{name}"), "1", about, empty, of(&edge_difference));
    let empty = "no sample has a value, all are alike, or each row or column has but one";
    for (word, group) in [("row", (|well| well.row) as fn(&Well) -> u32), ("column", |well| well.column)] {
        let about = format!(
            "Share of the variance of {name} between samples that lies between the {word}s of the plate: eta squared."
        );
        table.reals(format!("{word}_eta2_{name}"), "1", about, empty, of(&|wells, _| eta_squared(wells, group)));
    }
}

/// A row a well.
pub(super) fn wells(all: &Plates) -> Table {
    let mut table = Growing::default();
    let wells: Vec<_> = all
        .plates
        .iter()
        .flat_map(|(name, plate)| plate.wells.iter().map(move |(well, images)| (name, well, images)))
        .collect();
    table.words(&all.keys.plate, "The plate.", wells.iter().map(|w| Some(w.0.clone())).collect());
    table.words(&all.keys.well, "The well, as A01 to AF48.", wells.iter().map(|w| Some(w.1.to_string())).collect());
    table.ints("well_row", "Row of the well; A is 1.", wells.iter().map(|w| i64::from(w.1.row)).collect());
    table.ints("well_column", "Column of the well.", wells.iter().map(|w| i64::from(w.1.column)).collect());
    let control = |w: &(_, _, &Images)| w.2.control.map(|c| c.name().to_owned());
    table.words(&all.keys.control, "positive or negative; empty for samples.", wells.iter().map(control).collect());
    table.ints("images", "Number of images of the well that are done.", wells.iter().map(|w| w.2.done).collect());
    if let Some(keys) = &all.keys.responses {
        let mut doses: BTreeMap<&str, Vec<&Dose>> = BTreeMap::new();
        let treatments = || wells.iter().map(|w| w.2.treatment.as_ref());
        treatments().flatten().for_each(|t| doses.entry(&t.compound).or_default().push(&t.dose));
        let units: BTreeMap<&str, String> =
            doses.into_iter().map(|(compound, doses)| (compound, common_unit(doses.into_iter()).0)).collect();
        const NONE: &str = "a control, a well without a compound, or a sample of dose 0";
        let compound = treatments().map(|t| Some(t?.compound.clone())).collect();
        table.some_words(&keys.compound, "The compound.", NONE, compound);
        let unit = |compound: &str| units.get(compound).map_or("", String::as_str);
        let about = "Dose of the compound, in one unit for all its wells.".to_owned();
        let dose = treatments().map(|t| t.map(|t| t.dose.value_in(unit(&t.compound)))).collect();
        table.reals("dose".into(), "see dose_unit", about, NONE, dose);
        let word = treatments().map(|t| Some(unit(&t?.compound).to_owned()).filter(|unit| !unit.is_empty())).collect();
        table.some_words("dose_unit", "Unit of the dose.", "no dose, or no unit is given", word);
    }
    for (k, column) in all.columns.iter().enumerate() {
        let (name, unit) = (&column.name, &column.unit);
        let of_plate = all.values(k);
        let value = |w: &(&String, _, &Images)| w.2.value(k);
        let about = format!("Mean of {name} over the images of the well.");
        table.reals(format!("mean_{name}"), unit, about, NO_VALUE, wells.iter().map(value).collect());
        let samples: BTreeMap<&String, Option<(f64, f64)>> =
            of_plate.iter().map(|(plate, v)| (*plate, median(&v.samples).zip(robust_deviation(&v.samples)))).collect();
        let score = |w: &(&String, _, &Images)| {
            let (middle, spread) = samples.get(w.0).copied().flatten()?;
            Some((value(w)? - middle) / spread)
        };
        let about = format!(
            "Robust z score of the well: its {name} minus the median of the samples of the plate, over 1.4826 times their \
             median absolute deviation."
        );
        table.reals(format!("robust_z_{name}"), "1", about, NO_SPREAD, wells.iter().map(score).collect());
        let negative: BTreeMap<&String, Option<f64>> =
            of_plate.iter().map(|(plate, v)| (*plate, v.control())).collect();
        let percent = |w: &(&String, _, &Images)| Some(100.0 * value(w)? / negative.get(w.0).copied().flatten()?);
        let about = format!("{name} of the well in percent of the mean of the negative controls of the plate.");
        table.reals(format!("percent_of_control_{name}"), "%", about, NO_NEGATIVE, wells.iter().map(percent).collect());
    }
    table.finish()
}

#[cfg(test)]
mod tests {
    //! Regression: controls that were equal but for rounding had a spread of 3e-14, and an SSMD of -5e15; of controls below 0, more
    //! was fewer percent.
    use super::*;

    #[test]
    fn percentages_are_of_controls_above_nothing() {
        let of = |negative: &[f64]| Values { positive: vec![], negative: negative.to_vec(), samples: vec![] }.control();
        assert_eq!([of(&[-200.0, -100.0]), of(&[-1.0, 1.0]), of(&[])], [None; 3]);
        assert_eq!(of(&[50.0, 150.0]), Some(100.0));
    }

    #[test]
    fn controls_that_are_equal_have_no_quality() {
        for wells in 3..9 {
            // Shares of cells as the mean of three images each.
            let share = |k: f64| {
                (0..wells).map(move |i| if i % 2 == 0 { k / 7.0 } else { (k / 7.0 + k / 7.0 + k / 7.0) / 3.0 })
            };
            let of = |positive: f64, negative: f64| {
                let values = Values {
                    positive: share(positive).collect(),
                    negative: share(negative).collect(),
                    samples: vec![],
                };
                let finite = |v: Option<f64>| v.filter(|v| v.is_finite());
                [values.z_prime(), values.robust_z_prime(), values.ssmd()].map(finite)
            };
            assert_eq!(of(5.0, 5.0), [None; 3], "{wells} wells, and no difference");
            assert_eq!(of(6.0, 1.0), [Some(1.0), Some(1.0), None], "{wells} wells");
        }
    }
}
