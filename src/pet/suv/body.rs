//! Weight, height and sex of the patient, and what is worked out from them. Weights in kg, heights in m, areas in m2.
//!
//! Sex `O`, empty or absent: the mean of the male and the female formula.

use super::names;
use super::{HeaderFacts, Settings};
use crate::{Error, Result};

/// Which formula holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sex {
    /// The male one.
    Male,
    /// The female one.
    Female,
    /// The mean of both.
    Other,
}

impl Sex {
    /// The letter for tables.
    pub fn letter(self) -> &'static str {
        match self {
            Sex::Male => "M",
            Sex::Female => "F",
            Sex::Other => "O",
        }
    }
    fn choose(self, male: f64, female: f64) -> f64 {
        match self {
            Sex::Male => male,
            Sex::Female => female,
            Sex::Other => 0.5 * (male + female),
        }
    }
}

/// kg; numbers from here on are grams.
const HEAVIEST: f64 = 1000.0;
/// kg; what weighs less is a small child or an animal, which formulas that were made on adults say nothing of.
const LIGHTEST: f64 = 10.0;

/// What is known of the patient.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// kg.
    pub weight: Option<f64>,
    /// m.
    pub height: Option<f64>,
    /// As recorded or set.
    pub sex: Sex,
}

impl Body {
    /// From the facts, or from the user in their place; what had to be converted is noted.
    pub fn of(facts: &HeaderFacts, settings: &Settings, notes: &mut Vec<String>) -> Result<Body> {
        let weight = match positive("weight_kg", settings.weight_kg)? {
            Some(w) if w >= HEAVIEST => {
                return Err(Error::usage(format!("suv.weight_kg is {w}: the weight is in kilograms"))
                    .remedy("--set suv.weight_kg=70"));
            }
            Some(w) => Some(w),
            None => weight(facts, notes),
        };
        let height = match positive("height_m", settings.height_m)? {
            Some(h) if h > 3.0 => {
                return Err(Error::usage(format!("suv.height_m is {h}: the height is in metres"))
                    .remedy("--set suv.height_m=1.75"));
            }
            Some(h) => Some(h),
            None => height(facts, notes),
        };
        Ok(Body { weight, height, sex: sex(facts, settings, notes)? })
    }
    /// Lean body mass after Janmahasatian as a part of the weight: SUL = SUVbw times this. Nothing where that cannot be known.
    pub fn sul_factor(&self) -> Option<f64> {
        self.lean_part().filter(|_| self.no_sul().is_none())
    }
    /// Why there is no SUL though weight and height are known.
    pub fn no_sul(&self) -> Option<String> {
        let (weight, height, part) = (self.weight?, self.height?, self.lean_part()?);
        let why = match (weight < LIGHTEST, part > 1.0) {
            (true, _) => format!("the formula of lean body mass is one of adults, not of {weight} kg"),
            (_, true) => format!("lean body mass would be {part:.2} times the weight of {weight} kg at {height} m"),
            _ => return None,
        };
        Some(format!("no SUL: {why}"))
    }
    fn lean_part(&self) -> Option<f64> {
        let weight = self.weight?;
        Some(lbm_janmahasatian(weight, self.height?, self.sex) / weight)
    }
}

fn positive(key: &str, value: Option<f64>) -> Result<Option<f64>> {
    match value {
        Some(v) if !(v.is_finite() && v > 0.0) => {
            Err(Error::usage(format!("suv.{key} is {v}: it must be more than 0")))
        }
        other => Ok(other),
    }
}

/// A thousand and more cannot be kilograms.
fn weight(facts: &HeaderFacts, notes: &mut Vec<String>) -> Option<f64> {
    let recorded = facts.weight.filter(|w| w.is_finite() && *w > 0.0)?;
    if recorded < HEAVIEST {
        return Some(recorded);
    }
    let kg = recorded / 1000.0;
    notes.push(format!("{} is {recorded}: read as g, so {kg} kg", names::WEIGHT.of(facts.bids)));
    Some(kg)
}

/// More than three cannot be metres.
fn height(facts: &HeaderFacts, notes: &mut Vec<String>) -> Option<f64> {
    let recorded = facts.height.filter(|h| h.is_finite() && *h > 0.0)?;
    if recorded <= 3.0 {
        return Some(recorded);
    }
    let m = recorded / 100.0;
    let name = names::HEIGHT.of(facts.bids);
    if m > 3.0 {
        notes.push(format!("{name} is {recorded}: no height of a patient, left out"));
        return None;
    }
    notes.push(format!("{name} is {recorded}: read as cm, so {m} m"));
    Some(m)
}

fn sex(facts: &HeaderFacts, settings: &Settings, notes: &mut Vec<String>) -> Result<Sex> {
    if let Some(text) = &settings.sex {
        return letter(text)
            .ok_or_else(|| Error::usage(format!("suv.sex is '{text}'")).remedy("--set suv.sex=M, F or O"));
    }
    let text = facts.sex.as_deref().unwrap_or("").trim();
    Ok(letter(text).unwrap_or_else(|| {
        if !text.is_empty() {
            notes.push(format!("{} is '{text}': taken as O", names::SEX.of(facts.bids)));
        }
        Sex::Other
    }))
}

fn letter(text: &str) -> Option<Sex> {
    match text.trim().to_ascii_uppercase().as_str() {
        "M" | "MALE" => Some(Sex::Male),
        "F" | "FEMALE" => Some(Sex::Female),
        "O" | "OTHER" => Some(Sex::Other),
        _ => None,
    }
}

/// Lean body mass after James 1976. The male factor is 128; Morgan 1994 printed it as 120, and DICOM's `LBM` is that.
pub fn lbm_james(weight: f64, height: f64, sex: Sex, male_factor: f64) -> f64 {
    let ratio = weight / (100.0 * height);
    sex.choose(1.10 * weight - male_factor * ratio * ratio, 1.07 * weight - 148.0 * ratio * ratio)
}

/// Lean body mass after Janmahasatian 2005.
pub fn lbm_janmahasatian(weight: f64, height: f64, sex: Sex) -> f64 {
    let bmi = weight / (height * height);
    sex.choose(9270.0 * weight / (6680.0 + 216.0 * bmi), 9270.0 * weight / (8780.0 + 244.0 * bmi))
}

/// Ideal body weight as for SUV: Sugawara 1999, after Morgan.
pub fn ideal_weight(height: f64, sex: Sex) -> f64 {
    let above = 100.0 * height - 152.0;
    sex.choose(48.0 + 1.06 * above, 45.5 + 0.91 * above)
}

/// Body surface area after Du Bois 1916.
pub fn surface(weight: f64, height: f64) -> f64 {
    0.007184 * libm::pow(weight, 0.425) * libm::pow(100.0 * height, 0.725)
}

#[cfg(test)]
mod tests {
    //! Kind: oracle (values worked out by hand for 70 kg and 1.75 m).
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9 * b.abs(), "{a} is not {b}");
    }

    #[test]
    fn formulas() {
        use Sex::{Female, Male, Other};
        near(lbm_james(70.0, 1.75, Male, 128.0), 77.0 - 128.0 * 0.16);
        near(lbm_james(70.0, 1.75, Male, 120.0), 77.0 - 120.0 * 0.16);
        near(lbm_james(70.0, 1.75, Female, 128.0), 74.9 - 148.0 * 0.16);
        near(lbm_james(70.0, 1.75, Other, 128.0), (56.52 + 51.22) / 2.0);
        near(lbm_janmahasatian(70.0, 1.75, Male), 55.857_107_722_577_474);
        near(lbm_janmahasatian(70.0, 1.75, Female), 45.197_014_925_373_13);
        near(ideal_weight(1.75, Male), 72.38);
        near(ideal_weight(1.75, Female), 66.43);
        near(ideal_weight(1.75, Other), 69.405);
        assert!((surface(70.0, 1.75) - 1.8481).abs() < 5e-4);
    }
}
