//! The injected dose, and the half-life of what was injected.
//!
//! DICOM wants the dose in Bq, but many scanners write MBq. For PET tracers the two lie far apart: 1 to 10,000 is MBq,
//! 1e5 to 2e10 is Bq. What lies in neither (kBq, GBq, a dose of one) is refused.

use super::{HeaderFacts, Settings, names, nuclide};
use crate::{Error, Result};

const MBQ: std::ops::Range<f64> = 1.0..1e4;
const BQ: std::ops::RangeInclusive<f64> = 1e5..=2e10;

/// The dose in Bq, or `None` where nobody says.
pub fn dose(facts: &HeaderFacts, settings: &Settings, notes: &mut Vec<String>) -> Result<Option<f64>> {
    if let Some(mbq) = settings.dose_mbq {
        if !(mbq.is_finite() && mbq > 0.0) {
            return Err(Error::usage(format!("suv.dose_mbq is {mbq}: it must be more than 0")));
        }
        return Ok(Some(mbq * 1e6));
    }
    let name = names::DOSE.of(facts.bids);
    match facts.dose {
        None | Some(0.0) => Ok(None),
        Some(d) if BQ.contains(&d) => Ok(Some(d)),
        Some(d) if MBQ.contains(&d) => {
            notes.push(format!("{name} is {d}: read as MBq"));
            Ok(Some(d * 1e6))
        }
        Some(d) => Err(Error::format(format!("{name} is {d}: no plausible dose, neither in Bq nor in MBq"))
            .needed_for("SUVbw")
            .remedy("--set suv.dose_mbq=...")),
    }
}

/// The half-life in s, or `None` where nobody says.
pub fn half_life(facts: &HeaderFacts, settings: &Settings, notes: &mut Vec<String>) -> Result<Option<f64>> {
    match settings.half_life_s {
        Some(s) if !(s.is_finite() && s > 0.0) => {
            Err(Error::usage(format!("suv.half_life_s is {s}: it must be more than 0")))
        }
        Some(s) => Ok(Some(s)),
        None => {
            let own = facts.half_life.filter(|h| h.is_finite() && *h > 0.0);
            if own.is_some() {
                return Ok(own);
            }
            let known = nuclide(facts);
            if let Some((name, seconds)) = known {
                notes.push(format!("the half-life of {name} is taken as {seconds} s: the file has none"));
            }
            Ok(known.map(|(_, seconds)| seconds))
        }
    }
}

/// The nuclide that the file names, itself or in the name of its tracer, with its half-life.
fn nuclide(facts: &HeaderFacts) -> Option<(&str, f64)> {
    [&facts.nuclide, &facts.tracer].into_iter().flatten().find_map(|n| Some((n.as_str(), nuclide::half_life_in(n)?)))
}

/// The nuclide that is named, where its half-life is more than 1 % off the one used.
pub fn other_half_life(facts: &HeaderFacts, used: Option<f64>) -> Option<(&str, f64)> {
    let used = used?;
    nuclide(facts).filter(|(_, known)| (used / known - 1.0).abs() > 0.01)
}

#[cfg(test)]
mod tests {
    //! Kind: oracle (the limits above).
    use super::*;

    #[test]
    fn clusters() {
        let of = |d: f64| {
            let mut notes = vec![];
            dose(&HeaderFacts { dose: Some(d), ..HeaderFacts::default() }, &Settings::default(), &mut notes)
                .map(|d| (d, notes.len()))
        };
        assert_eq!(of(3.7e8).unwrap(), (Some(3.7e8), 0));
        assert_eq!(of(370.0).unwrap(), (Some(3.7e8), 1));
        assert_eq!(of(0.0).unwrap(), (None, 0));
        for bad in [-1.0, 0.37, 3.7e4, 1e12, f64::NAN, f64::INFINITY] {
            assert!(of(bad).unwrap_err().what.contains("(0018,1074)"), "{bad}");
        }
    }
}
