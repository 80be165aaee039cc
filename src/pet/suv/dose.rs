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
///
/// # Errors
/// It cannot be, or the file has none and names two nuclides.
pub fn half_life(facts: &HeaderFacts, settings: &Settings, notes: &mut Vec<String>) -> Result<Option<f64>> {
    if let Some(s) = settings.half_life_s {
        let wrong = || Error::usage(format!("suv.half_life_s is {s}: it must be more than 0"));
        return if s.is_finite() && s > 0.0 { Ok(Some(s)) } else { Err(wrong()) };
    }
    let (own, name) = (facts.half_life, names::RECORDED_HALF_LIFE.of(facts.bids));
    let named = named(facts);
    match own {
        Some(own) if own.is_finite() && own > 0.0 => return Ok(Some(own)),
        // Files write 0 for what they do not know.
        Some(own) if own != 0.0 || named.is_empty() => {
            let what = format!("{name} is {own} s: no half-life");
            return Err(Error::format(what).needed_for("SUVbw").remedy(remedy(&named)));
        }
        _ => {}
    }
    if let [(a, x), (b, y)] = named[..]
        && apart(x, y)
    {
        let what = format!(
            "{} is {a} ({x} s), but {} is {b} ({y} s), and the file has no half-life",
            names::NUCLIDE.of(facts.bids),
            names::TRACER.of(facts.bids)
        );
        return Err(Error::format(what).needed_for("SUVbw").remedy(remedy(&named)));
    }
    let known = named.first();
    if let Some((nuclide, seconds)) = known {
        let file = own.map_or("the file has none".into(), |own| format!("{name} is {own}"));
        notes.push(format!("the half-life of {nuclide} is taken as {seconds} s: {file}"));
    }
    Ok(known.map(|(_, seconds)| *seconds))
}

fn remedy(named: &[(&str, f64)]) -> String {
    match named {
        [] => "--set suv.half_life_s=...".into(),
        [(_, x), (_, y)] if apart(*x, *y) => format!("--set suv.half_life_s={x} or {y}, whichever is true"),
        [(_, x), ..] => format!("--set suv.half_life_s={x}"),
    }
}

/// The nuclides that the file names, itself and in the name of its tracer, with their half-lives.
fn named(facts: &HeaderFacts) -> Vec<(&str, f64)> {
    let names = [&facts.nuclide, &facts.tracer].into_iter().flatten();
    names.filter_map(|n| Some((n.as_str(), nuclide::half_life_in(n)?))).collect()
}

/// More than 1 % of each other.
fn apart(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() > 0.01
}

/// The first nuclide that is named and whose half-life is not the one used.
pub fn other_half_life(facts: &HeaderFacts, used: Option<f64>) -> Option<(&str, f64)> {
    let used = used?;
    named(facts).into_iter().find(|(_, known)| apart(used, *known))
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
