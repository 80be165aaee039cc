//! Real world value maps of PET (PS3.3, C.7.6.16.2.11): what a stored number is in the world.
//!
//! The items of a map are alternatives of equal right, in whatever order: Bq/ml, and SUV as the scanner works it out. The one of
//! the unit that the file says elsewhere counts, and its slope must be that of the rescale; where nothing else says a unit,
//! Bq/ml goes first. One of SUVbw that is not taken checks the SUV that is worked out here.

use super::set::Set;
use super::slice::{Slice, agreed};
use crate::{Error, Result};
use dicom_dictionary_std::tags;

/// Units and SUVType.
type Units = (String, String);

/// An item whose unit is one of PET; others serve other ends.
struct Map {
    units: Units,
    slope: Option<f64>,
    intercept: Option<f64>,
}

/// Units of measurement as UCUM writes them (PS3.16, CID 84 and 85), with the Units and SUVType of older PET.
const UNITS: [(&str, (&str, &str)); 8] = [
    ("Bq/ml", ("BQML", "")),
    ("g/ml", ("GML", "BW")),
    ("{SUVbw}g/ml", ("GML", "BW")),
    ("g/ml{SUVbw}", ("GML", "BW")),
    ("{SUVlbm}g/ml", ("GML", "LBM")),
    ("{SUVibw}g/ml", ("GML", "IBW")),
    ("{SUVbsa}cm2/ml", ("CM2ML", "BSA")),
    ("{counts}", ("CNTS", "")),
];

impl Map {
    fn of(item: &Set) -> Result<Option<Self>> {
        let code = item.item_of(tags::MEASUREMENT_UNITS_CODE_SEQUENCE)?.and_then(|c| c.text(tags::CODE_VALUE));
        let found = UNITS.iter().find(|(name, _)| code.as_deref() == Some(name)).map(|u| u.1);
        Ok(found.map(|(unit, kind)| Map {
            units: (unit.into(), kind.into()),
            slope: item.number(tags::REAL_WORLD_VALUE_SLOPE),
            intercept: item.number(tags::REAL_WORLD_VALUE_INTERCEPT),
        }))
    }
}

/// Gives a slice what the items of its map say.
///
/// # Errors
/// A sequence is damaged, or two slopes or intercepts of one unit differ; the error has both.
pub fn apply(items: &[Set], slice: &mut Slice) -> Result<()> {
    let maps: Vec<Map> = items.iter().filter_map(|item| Map::of(item).transpose()).collect::<Result<_>>()?;
    for (i, map) in maps.iter().enumerate() {
        if let Some(other) = maps[..i].iter().find(|other| other.units == map.units) {
            one("RealWorldValueSlope (0040,9225)", other.slope, "RealWorldValueSlope", map.slope)?;
            let intercepts = (other.intercept, map.intercept);
            one("RealWorldValueIntercept (0040,9224)", intercepts.0, "RealWorldValueIntercept", intercepts.1)?;
        }
    }
    let said = slice.units.clone();
    let fits = |map: &&Map| agreed(said.clone(), Some(map.units.clone())).is_ok();
    let chosen = match &said {
        Some(_) => maps.iter().find(fits),
        None => maps.iter().find(|map| map.units.0 == "BQML").or(maps.first()),
    };
    let facts = &mut slice.facts;
    match (chosen, maps.first()) {
        (Some(map), _) => {
            if said.is_some() {
                one("RescaleSlope (0028,1053)", facts.slope, "RealWorldValueSlope (0040,9225)", map.slope)?;
                let intercepts = (facts.intercept, map.intercept);
                one("RescaleIntercept (0028,1052)", intercepts.0, "RealWorldValueIntercept (0040,9224)", intercepts.1)?;
            }
            slice.units = agreed(said, Some(map.units.clone()))?;
            facts.slope = map.slope.or(facts.slope);
            facts.intercept = map.intercept.or(facts.intercept);
        }
        // Without a rescale, nothing makes values of the unit that is said.
        (None, Some(map)) if facts.slope.is_none() => slice.units = agreed(said, Some(map.units.clone()))?,
        _ => {}
    }
    let is_suv = |map: &&Map| map.units == ("GML".into(), "BW".into()) && map.intercept.unwrap_or(0.0) == 0.0;
    facts.suv_slope = maps.iter().find(is_suv).and_then(|map| map.slope);
    Ok(())
}

/// Two numbers for one thing must be one.
fn one(a_is: &str, a: Option<f64>, b_is: &str, b: Option<f64>) -> Result<()> {
    match (a, b) {
        (Some(a), Some(b)) if (a - b).abs() > 1e-4 * a.abs().max(b.abs()) => {
            Err(Error::format(format!("{a_is} is {a}, {b_is} is {b}, and both have one unit"))
                .remedy("the series as its scanner stored it"))
        }
        _ => Ok(()),
    }
}
