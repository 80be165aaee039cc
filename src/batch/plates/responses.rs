//! Curves of dose and response: which wells belong to one, its fit, and what stands in `responses.csv`.

use super::dose::{Dose, common_unit};
use super::facts::Treatment;
use super::found::Found;
use super::logistic::Point;
use super::table::{Growing, Values};
use super::{Images, Plates};
use crate::batch::statistics::mean;
use crate::recipe::{self, ResponseValue};
use crate::rounding::apart;
use crate::table::Table;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Doses that differ by less than this part are one dose, rounded in two ways.
const SAME: f64 = 1e-6;

/// The wells of a compound on a plate, or on all plates of a set.
pub struct Response {
    pub compound: String,
    pub set: Option<String>,
    pub plate: Option<String>,
    /// Place among the columns of the plates.
    pub column: usize,
    pub unit: String,
    pub note: Option<String>,
    /// In rising order of doses; of one dose, in the order of plates and wells.
    pub points: Vec<Point>,
    /// Which of the plates each point is of.
    pub plates: Vec<usize>,
    /// Doses and their responses, without those of wells that have no value.
    pub doses: Vec<f64>,
    /// What a plate does not have that responses are set against.
    lacks: Option<&'static str>,
    pub found: Found,
}

/// All of them: by set, compound, plate (all plates last) and column.
pub fn responses(all: &Plates, keys: &recipe::Responses) -> Vec<Response> {
    let treated = || all.plates.values().flat_map(|p| p.wells.values()).filter_map(|w| w.treatment.as_ref());
    let mut doses: BTreeMap<&str, Vec<&Dose>> = BTreeMap::new();
    treated().for_each(|t| doses.entry(&t.compound).or_default().push(&t.dose));
    let mut on_plates: BTreeMap<(&Option<String>, &str), BTreeSet<&String>> = BTreeMap::new();
    for (name, plate) in &all.plates {
        for treatment in plate.wells.values().filter_map(|well| well.treatment.as_ref()) {
            on_plates.entry((&plate.set, &treatment.compound)).or_default().insert(name);
        }
    }
    let columns: Vec<usize> = (0..all.columns.len()).filter(|k| all.keys.responds(&all.columns[*k].name)).collect();
    let values: Vec<BTreeMap<&String, Values>> = columns.iter().map(|k| all.values(*k)).collect();
    let mut jobs = Vec::new();
    for ((set, compound), plates) in &on_plates {
        let (unit, note) = common_unit(doses.get(compound).into_iter().flatten().copied());
        let each = plates.iter().map(|plate| Some(*plate));
        for plate in each.chain((plates.len() > 1).then_some(None)) {
            for (column, values) in columns.iter().zip(&values) {
                let mine = || plates.iter().filter(|p| plate.is_none_or(|plate| **p == plate)).copied();
                let (points, of) = points(all, keys, (compound, &unit), mine(), (*column, values));
                jobs.push(Response {
                    compound: (*compound).to_owned(),
                    set: (*set).clone(),
                    plate: plate.cloned(),
                    column: *column,
                    unit: unit.clone(),
                    note: note.clone(),
                    doses: points.iter().map(|p| p.0).collect(),
                    points: points.iter().map(|p| Point { log_dose: libm::log10(p.0), response: p.1 }).collect(),
                    plates: of,
                    lacks: mine().find_map(|plate| lacks(values.get(plate)?, keys.value)),
                    found: Found::default(),
                });
            }
        }
    }
    let found = |job: &Response| match job.lacks {
        Some(reason) if job.points.is_empty() => Found { reason: Some(reason.into()), ..Found::default() },
        _ => Found::of(&job.points, &job.distinct()),
    };
    let found: Vec<Found> = jobs.par_iter().map(found).collect();
    jobs.iter_mut().zip(found).for_each(|(job, found)| job.found = found);
    jobs
}

/// Doses above 0 and responses of the wells of a compound, in rising order of doses, and the number of the plate of each.
fn points<'a>(
    all: &'a Plates,
    keys: &recipe::Responses,
    (compound, unit): (&str, &str),
    plates: impl Iterator<Item = &'a String>,
    (column, values): (usize, &BTreeMap<&String, Values>),
) -> (Vec<(f64, f64)>, Vec<usize>) {
    let mut met = Vec::new();
    for (i, plate) in plates.enumerate() {
        let (Some(wells), Some(controls)) = (all.plates.get(plate), values.get(plate)) else { continue };
        let of_well = |well| point(well, compound, column, unit, controls, keys.value);
        met.extend(wells.wells.values().filter_map(of_well).map(|point| (point, i)));
    }
    met.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
    met.into_iter().unzip()
}

/// The dose and response of a well of a compound.
fn point(
    well: &Images,
    compound: &str,
    column: usize,
    unit: &str,
    plate: &Values,
    value: ResponseValue,
) -> Option<(f64, f64)> {
    let Treatment { dose, .. } = well.treatment.as_ref().filter(|t| t.compound == compound)?;
    let own = well.value(column)?;
    let response = match value {
        ResponseValue::Mean => own,
        ResponseValue::PercentOfControl => 100.0 * own / plate.control()?,
        ResponseValue::PercentEffect => {
            let [none, full] = [mean(&plate.negative)?, mean(&plate.positive)?];
            100.0 * apart(own, none) / apart(full, none)
        }
    };
    response.is_finite().then_some((dose.value_in(unit), response))
}

/// Why no well of a plate has a response.
fn lacks(plate: &Values, value: ResponseValue) -> Option<&'static str> {
    let (negative, positive) = (mean(&plate.negative), mean(&plate.positive));
    match (value, negative, positive) {
        (ResponseValue::Mean, _, _) => None,
        (_, None, _) => Some("no negative control of the plate has a value"),
        (ResponseValue::PercentOfControl, _, _) => {
            plate.control().is_none().then_some("the mean of the negative controls is not above 0")
        }
        (ResponseValue::PercentEffect, _, None) => Some("no positive control of the plate has a value"),
        (ResponseValue::PercentEffect, Some(none), Some(full)) => {
            (apart(full, none) == 0.0).then_some("positive and negative controls do not differ")
        }
    }
}

impl Response {
    /// Each dose once, with its place among the points.
    fn distinct(&self) -> Vec<(f64, &[Point])> {
        let mut rest = &self.points[..];
        let mut take = |group: &[f64]| {
            let (points, behind) = rest.split_at(group.len());
            rest = behind;
            (group[0], points)
        };
        self.doses.chunk_by(|a, b| b - a <= SAME * b).map(&mut take).collect()
    }

    /// Area under the means of the doses, over the logarithm of the dose.
    fn area(&self) -> Option<f64> {
        let means = |(_, points): (f64, &[Point])| {
            let all: Vec<f64> = points.iter().map(|p| p.response).collect();
            mean(&all).map(|m| (points[0].log_dose, m))
        };
        let means: Vec<(f64, f64)> = self.distinct().into_iter().filter_map(means).collect();
        let strip = |pair: &[(f64, f64)]| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0;
        (means.len() > 1).then(|| means.windows(2).map(strip).sum())
    }

    /// EC50 with its interval.
    pub fn ec50(&self) -> Option<[f64; 3]> {
        let (curve, intervals) = self.found.curve.zip(self.found.intervals)?;
        let [low, high] = intervals.log_ec50;
        Some([curve.log_ec50, low, high].map(libm::exp10))
    }

    /// Hill slope, bottom and top with their intervals: the bottom is the smaller response, and the slope of a falling curve negative. A slope
    /// that nothing ends is infinite.
    fn others(&self) -> Option<[[f64; 3]; 3]> {
        let (curve, of) = self.found.curve.zip(self.found.intervals)?;
        let slope = if of.hill[1].is_finite() { curve.hill } else { f64::INFINITY };
        let plateaus = [[curve.low, of.low[0], of.low[1]], [curve.high, of.high[0], of.high[1]]];
        Some(match curve.low <= curve.high {
            true => [[slope, of.hill[0], of.hill[1]], plateaus[0], plateaus[1]],
            false => [[-slope, -of.hill[1], -of.hill[0]], plateaus[1], plateaus[0]],
        })
    }
}

const NO_FIT: &str = "no curve: see reason";
const NO_SLOPE: &str = "no curve: see reason; or the doses do not determine the slope: see note";

/// What is fitted of a column, as a name.
pub fn response_name(all: &Plates, keys: &recipe::Responses, column: usize) -> (String, String) {
    let (name, unit) = all.columns.get(column).map_or(("", ""), |c| (&*c.name, &*c.unit));
    match keys.value {
        ResponseValue::Mean => (format!("mean_{name}"), unit.into()),
        ResponseValue::PercentOfControl => (format!("percent_of_control_{name}"), "%".into()),
        ResponseValue::PercentEffect => (format!("percent_effect_{name}"), "%".into()),
    }
}

/// A row a curve.
pub fn table(all: &Plates, keys: &recipe::Responses, responses: &[Response]) -> Table {
    let mut table = Growing::default();
    let words = |f: &dyn Fn(&Response) -> Option<String>| responses.iter().map(f).collect::<Vec<_>>();
    let ints = |f: &dyn Fn(&Response) -> usize| responses.iter().map(|r| f(r) as i64).collect::<Vec<_>>();
    let reals = |f: &dyn Fn(&Response) -> Option<f64>| responses.iter().map(f).collect::<Vec<_>>();
    table.words(&keys.compound, "The compound.", words(&|r| Some(r.compound.clone())));
    if let Some(set) = &keys.plate_set {
        table.words(set, "What the plates have in common that repeat each other.", words(&|r| r.set.clone()));
    }
    table.some_words(&all.keys.plate, "The plate.", "all plates of the set together", words(&|r| r.plate.clone()));
    let name = |r: &Response| response_name(all, keys, r.column);
    let about =
        "What responds: a column of images.csv and what is taken of it (mean, percent of control, percent effect).";
    table.words("response", about, words(&|r| Some(name(r).0)));
    table.words("response_unit", "Unit of the responses, of bottom and top.", words(&|r| Some(name(r).1)));
    table.ints("wells", "Number of wells with a dose above 0 and a value.", ints(&|r| r.points.len()));
    table.ints("doses", "Number of different doses of them.", ints(&|r| r.distinct().len()));
    let about = "Unit of all doses of the row: of several units of a compound, the one that most of its wells have.";
    table.some_words(
        "dose_unit",
        about,
        "no unit is given",
        words(&|r| Some(r.unit.clone()).filter(|u| !u.is_empty())),
    );
    let mut of_dose = |name: &str, about: &str, empty: &str, f: &dyn Fn(&Response) -> Option<f64>| {
        table.reals(name.into(), "see dose_unit", about.into(), empty, reals(f));
    };
    const NO_WELL: &str = "no well has a value";
    of_dose("dose_min", "Lowest dose above 0 with a value.", NO_WELL, &|r| r.doses.first().copied());
    of_dose("dose_max", "Highest dose with a value.", NO_WELL, &|r| r.doses.last().copied());
    let about = "Dose at half the way from bottom to top, by the logistic curve of four parameters (of a falling curve: the IC50).";
    of_dose("ec50", about, NO_FIT, &|r| r.ec50().map(|e| e[0]));
    let about = "Lower end of the 95 % interval of the EC50: on the logarithm, from the curvature and Student's t; where that says nothing, of \
         all curves that explain the responses as well (F test; note says so).";
    of_dose("ec50_low", about, NO_FIT, &|r| r.ec50().map(|e| e[1]));
    of_dose("ec50_high", "Upper end of that interval.", NO_FIT, &|r| r.ec50().map(|e| e[2]));
    let about = "The EC50 is above this dose, where the doses tell no more.";
    of_dose("ec50_above", about, "the EC50 is determined, or has no such bound", &|r| r.found.above);
    let about = "The EC50 is below this dose, where the doses tell no more.";
    of_dose("ec50_below", about, "the EC50 is determined, or has no such bound", &|r| r.found.below);
    let parameters = [
        ("hill", "1", "Hill slope of the curve; below 0 where responses fall with the dose."),
        (
            "bottom",
            "see response_unit",
            "Smaller one of the responses that the curve comes to at low and at high doses.",
        ),
        ("top", "see response_unit", "Larger one of the responses that the curve comes to at low and at high doses."),
    ];
    for (i, (name, unit, about)) in parameters.into_iter().enumerate() {
        let ends = [
            (name.to_owned(), about.to_owned()),
            (format!("{name}_low"), format!("Lower end of the 95 % interval of {name}.")),
            (format!("{name}_high"), format!("Upper end of the 95 % interval of {name}.")),
        ];
        let empty = if name == "hill" { NO_SLOPE } else { NO_FIT };
        for (k, (name, about)) in ends.into_iter().enumerate() {
            table.reals(name, unit, about, empty, reals(&|r| r.others().map(|others| others[i][k])));
        }
    }
    let about =
        "Area under the mean responses of the doses, straight from dose to dose, over the logarithm to 10 of the dose.";
    table.reals("auc".into(), "see response_unit", about.into(), "below two doses with a value", reals(&|r| r.area()));
    let about = "Share of the sum of squares that the best curve explains.";
    table.reals("r2".into(), "1", about.into(), "no curve was tried: see reason", reals(&|r| r.found.r2));
    let about = "Probability that a curve explains so much by chance alone: F test against one mean. Above 0.05 the response is called flat.";
    table.reals("p_flat".into(), "1", about.into(), "no curve was tried: see reason", reals(&|r| r.found.p_flat));
    table.some_words("reason", "Why there is no curve.", "there is one", words(&|r| r.found.reason.clone()));
    let note = |r: &Response| {
        let all: Vec<&str> = r.note.iter().chain(&r.found.note).map(String::as_str).collect();
        Some(all.join("; ")).filter(|words| !words.is_empty())
    };
    table.some_words("note", "What to know of the doses, and of intervals.", "nothing", words(&note));
    table.finish()
}
