//! Doses with their units, and one unit for all of a compound.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A dose as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Dose {
    /// The number, in digits: it is turned into another unit by its exponent, so 0.0033 uM are 3.3 nM.
    digits: String,
    /// As in [`UNITS`], or any other word.
    pub unit: String,
}

/// Units that are turned into each other: concentrations of substance in M, of mass in g/L, as powers of 10.
const UNITS: [(&str, &str, i32); 14] = [
    ("fM", "M", -15),
    ("pM", "M", -12),
    ("nM", "M", -9),
    ("uM", "M", -6),
    ("mM", "M", -3),
    ("M", "M", 0),
    ("pg/mL", "g/L", -9),
    ("ng/L", "g/L", -9),
    ("ng/mL", "g/L", -6),
    ("ug/L", "g/L", -6),
    ("ug/mL", "g/L", -3),
    ("mg/L", "g/L", -3),
    ("mg/mL", "g/L", 0),
    ("g/L", "g/L", 0),
];

/// What a unit counts, and its power of 10.
fn kind(unit: &str) -> (&str, i32) {
    UNITS.iter().find(|(name, _, _)| *name == unit).map_or((unit, 0), |(_, kind, power)| (kind, *power))
}

/// Numbers that a dose may have in some unit: in another one they are still numbers.
const POSSIBLE: RangeInclusive<f64> = 1e-30..=1e30;

impl Dose {
    /// Reads `10`, `1.5e-3` or `10 nM`, and the cell with the unit.
    ///
    /// # Errors
    /// In words.
    pub fn parse(text: &str, unit: Option<&str>) -> Result<Self, String> {
        let text = text.trim();
        let is_number = |t: &str| t.parse::<f64>().is_ok_and(|v| v == 0.0 || POSSIBLE.contains(&v));
        // The longest beginning that is a number: "1e-3 M" has one of four letters.
        let ends = text.char_indices().map(|(i, _)| i).chain([text.len()]).rev();
        let end = ends
            .into_iter()
            .find(|end| is_number(&text[..*end]) && text.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
        let end = end.ok_or_else(|| format!("\"{text}\" is no dose"))?;
        let (digits, beside) = (&text[..end], spelt(&text[end..]));
        let unit = spelt(unit.unwrap_or_default());
        if beside.starts_with([',', '.', ':', ';', '/']) || beside.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("\"{text}\" is no dose"));
        }
        match (beside.is_empty(), unit.is_empty()) {
            (false, false) if beside != unit => Err(format!("the dose is in {beside} (\"{text}\") and in {unit}")),
            (false, _) => Ok(Dose { digits: digits.into(), unit: beside }),
            (true, _) => Ok(Dose { digits: digits.into(), unit }),
        }
    }

    /// The number in its own unit.
    pub fn value(&self) -> f64 {
        self.shifted(0)
    }

    /// The number in another unit of its kind.
    pub fn value_in(&self, unit: &str) -> f64 {
        self.shifted(kind(&self.unit).1 - kind(unit).1)
    }

    /// Times a power of 10, rounded once.
    fn shifted(&self, power: i32) -> f64 {
        let lower = self.digits.to_ascii_lowercase();
        let (digits, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
        let exponent = exponent.parse::<i32>().unwrap_or(0).saturating_add(power);
        format!("{digits}e{exponent}").parse().unwrap_or(f64::NAN)
    }

    /// It can be turned into the unit of the other one.
    pub fn compares_with(&self, other: &Dose) -> bool {
        kind(&self.unit).0 == kind(&other.unit).0
    }
}

/// A unit in one spelling.
fn spelt(unit: &str) -> String {
    let unit = unit.trim().replace(['\u{b5}', '\u{3bc}'], "u");
    match unit.strip_suffix("/ml") {
        Some(mass) => format!("{mass}/mL"),
        None if unit.ends_with("/l") => format!("{}L", &unit[..unit.len() - 1]),
        None => unit,
    }
}

/// The unit that most of the doses are in, of several the smallest; and all of them, if there are several.
pub fn common_unit<'a>(doses: impl Iterator<Item = &'a Dose>) -> (String, Option<String>) {
    let mut counts: BTreeMap<(i32, &str), usize> = BTreeMap::new();
    doses.for_each(|dose| *counts.entry((kind(&dose.unit).1, &dose.unit)).or_default() += 1);
    let most = counts.values().copied().max().unwrap_or(0);
    let unit = counts.iter().find(|(_, n)| **n == most).map_or("", |((_, unit), _)| unit);
    let all: Vec<&str> = counts.keys().map(|(_, unit)| *unit).collect();
    let note = (all.len() > 1).then(|| format!("doses are given in {}; all are in {unit} here", all.join(" and ")));
    (unit.to_owned(), note)
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn doses_are_read_and_turned() {
        let parse = |text: &str, unit: &str| Dose::parse(text, Some(unit)).map(|d| (d.value(), d.unit));
        assert_eq!(parse("10", "nM"), Ok((10.0, "nM".into())));
        assert_eq!(parse(" 1.5e-3 \u{b5}M", ""), Ok((0.0015, "uM".into())));
        assert_eq!(parse("2 mg/ml", "mg/mL"), Ok((2.0, "mg/mL".into())));
        assert_eq!(parse("0", ""), Ok((0.0, String::new())));
        for wrong in ["", "-1", "nan", "inf", "1,5", "1.2.3", "x", "1e999", "1e31", "1e-31", "nM 1", "+1", "infinity"] {
            assert_eq!(parse(wrong, ""), Err(format!("\"{wrong}\" is no dose")), "{wrong}");
        }
        assert_eq!(parse("1 nM", "uM"), Err("the dose is in nM (\"1 nM\") and in uM".into()));
        let dose = Dose::parse("0.0033", Some("uM")).unwrap();
        assert_eq!((dose.value_in("nM"), dose.value_in("uM")), (3.3, 0.0033));
        assert_eq!(Dose::parse("3.3e2", Some("nM")).unwrap().value_in("uM"), 0.33);
        let all = ["nM", "uM", "nM"].map(|unit| Dose::parse("1", Some(unit)).unwrap());
        let note = "doses are given in nM and uM; all are in nM here";
        assert_eq!(common_unit(all.iter()), ("nM".into(), Some(note.into())));
        assert!(all[0].compares_with(&all[1]) && !all[0].compares_with(&Dose::parse("1 mg/mL", None).unwrap()));
    }
}
