//! Values that the scanner itself has made SUV of: the patient as the scanner knew him, and what a corrected weight makes of them.
//!
//! The scanner divided by the weight, the lean mass or the surface of what stands in the headers. SUVbw knows weight alone, so a
//! corrected weight changes all such values by the same share as those in Bq/ml, and height and sex change SUL alone.

use super::body::Body;
use super::known::Known;
use super::{Settings, names};

/// What the headers say of the patient; where they are silent, what the user says.
pub fn patient(known: &Known) -> Body {
    let headers = Body::of(known.facts, &Settings::default(), &mut vec![]).unwrap_or(known.body);
    let says_sex = known.facts.sex.as_deref().is_some_and(|sex| !sex.trim().is_empty());
    Body {
        weight: headers.weight.or(known.body.weight),
        height: headers.height.or(known.body.height),
        sex: if says_sex { headers.sex } else { known.body.sex },
    }
}

/// SUVbw with the weight that is used over that with the recorded one; 1 where nothing is corrected.
pub fn weight_ratio(known: &Known, notes: &mut Vec<String>) -> f64 {
    let bids = known.facts.bids;
    let recorded = patient(known);
    let told = [
        ("suv.height_m", known.settings.height_m.is_some() && recorded.height != known.body.height),
        ("suv.sex", known.settings.sex.is_some() && recorded.sex != known.body.sex),
    ];
    let of_sul = told.iter().filter(|(_, is_other)| *is_other).map(|(key, _)| *key).collect::<Vec<_>>();
    if !of_sul.is_empty() {
        notes.push(format!(
            "{}: for SUL alone, as the scanner made its values with what is recorded",
            of_sul.join(" and ")
        ));
    }
    let (Some(used), Some(recorded)) = (known.body.weight, recorded.weight) else { return 1.0 };
    let ratio = used / recorded;
    if used != recorded {
        let name = names::WEIGHT.of(bids);
        notes
            .push(format!("the scanner made SUV with {name} {recorded} kg: for {used} kg it is {ratio:.4} times that"));
    }
    ratio
}
