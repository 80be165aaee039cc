//! Doubts: facts and values that can hardly be. What cannot be at all is refused; the rest is said aloud and measured.
//!
//! | fact | doubted | refused |
//! |---|---|---|
//! | activity for the weight, from 10 kg on | below 0.1 and above 60 MBq/kg | below 0.02 MBq/kg: kBq written as Bq |
//! | activity for the weight, below 10 kg | below 0.5 and above 5000 MBq/kg | |
//! | weight | above 300 kg | |
//! | body-mass index, from 2 kg on | below 8 and above 80 kg/m2 | |
//! | time from injection to scan | above 5 half-lives; FDG: below 30 and above 240 min | |
//! | activity in the scan | above 1.3 times the injected | |
//! | values | mean of the body (above 0.1) above 15; maximum above 500 or below 0.3 | more than 1 % above 200 or below -1 |

use super::known::Known;
use super::names;
use super::rule::Outcome;
use super::{Conversion, DOUBT};
use crate::image::Volume;
use crate::{Error, Kind, Result};
use rayon::prelude::*;

/// Of more than one voxel in a hundred no SUV is above this, nor below -1.
const MOST: f64 = 200.0;
const LEAST: f64 = -1.0;
/// What is in the body, in SUV.
const BODY: f64 = 0.1;
/// Numbers of CT end below this: 16 bits, from -32768 on.
const CT_MOST: f64 = 32_768.0;

/// Doubts the facts that made the factors.
///
/// # Errors
/// The activity is a thousand times too small for the weight.
pub fn facts(known: &Known, outcome: &Outcome, notes: &mut Vec<String>) -> Result<()> {
    let bids = known.facts.bids;
    let weight_name = names::WEIGHT.of(bids);
    if let Some(w) = known.body.weight.filter(|w| *w > 300.0) {
        notes.push(format!("doubtful: {weight_name} is {w} kg"));
    }
    if let (Some(w), Some(h)) = (known.body.weight, known.body.height) {
        let bmi = w / (h * h);
        if w >= 2.0 && !(8.0..=80.0).contains(&bmi) {
            notes.push(format!("doubtful: {w} kg at {h} m is a body-mass index of {bmi:.1} kg/m2"));
        }
    }
    let dosed = outcome.decayed.is_some() || outcome.activity_ratio.is_some();
    if let (Some(w), Ok(Some(dose)), true) = (known.body.weight, &known.dose, dosed) {
        activity(known, w, dose / 1e6, notes)?;
    }
    uptake_time(known, notes);
    Ok(())
}

fn activity(known: &Known, weight: f64, mbq: f64, notes: &mut Vec<String>) -> Result<()> {
    let (each, name) = (mbq / weight, names::DOSE.of(known.facts.bids));
    let recorded = known.facts.dose.filter(|_| known.settings.dose_mbq.is_none());
    if let (true, Some(recorded)) = (weight >= 10.0 && each < 0.02, recorded) {
        return Err(Error::format(format!("{name} is {recorded}: {mbq} MBq for {weight} kg; it may be in kBq"))
            .needed_for("SUVbw")
            .remedy("--set suv.dose_mbq=..."));
    }
    let usual = if weight >= 10.0 { 0.1..=60.0 } else { 0.5..=5000.0 };
    if !usual.contains(&each) {
        notes.push(format!("doubtful: {mbq} MBq injected for {weight} kg ({each:.3} MBq/kg)"));
    }
    Ok(())
}

fn uptake_time(known: &Known, notes: &mut Vec<String>) {
    let injection = known.injection.as_ref().ok().and_then(|i| i.as_ref());
    let (Some(injection), Some(start)) = (injection, known.times.earliest()) else { return };
    let minutes = start.since(injection.at) / 60.0;
    if let Some(life) = known.life().filter(|life| minutes * 60.0 > 5.0 * life) {
        notes.push(format!(
            "doubtful: the scan begins {minutes:.0} min after the injection, {:.1} half-lives",
            minutes * 60.0 / life
        ));
    } else if is_fdg(known.facts.tracer.as_deref()) && !(30.0..=240.0).contains(&minutes) && minutes >= 0.0 {
        notes.push(format!("doubtful: the scan begins {minutes:.0} min after the injection of FDG"));
    }
}

/// Fluorodeoxyglucose, however it is written.
pub fn is_fdg(tracer: Option<&str>) -> bool {
    let plain: String = tracer.unwrap_or("").to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    plain.contains("fdg") || plain.contains("deoxyglucose") || plain.contains("fludeoxyglucose")
}

/// Holds values that are called SUV against what SUV can be. Gives doubts.
///
/// `conversion` made them, and `ml` is the volume of a voxel, where known. `facts`: the values come from facts of the file, and are not
/// only taken to be SUV.
///
/// # Errors
/// The values are no SUV.
pub fn values(volume: &Volume, conversion: &Conversion, ml: Option<f64>, facts: bool) -> Result<Vec<String>> {
    let grams = conversion.weight_kg.map(|kg| kg * 1000.0);
    let (scale, samples) = (volume.scale, volume.samples.host()?);
    let fold = |t: Tally, s: &i32| t.with(scale.value(f64::from(*s)));
    // Sums over fixed blocks, so that their order does not depend on the threads.
    let parts: Vec<Tally> = samples.par_chunks(1 << 16).map(|c| c.iter().fold(Tally::NONE, fold)).collect();
    let all = parts.into_iter().fold(Tally::NONE, Tally::and);
    let share = |n: usize| 100.0 * n as f64 / samples.len().max(1) as f64;
    let too_many = |n: usize| n * 100 > samples.len();
    let (is_low, is_high) = (too_many(all.low), too_many(all.high));
    let low =
        |are: &str| format!("{:.1} % of the voxels {are} below {LEAST}, down to {:.0}", share(all.low), all.least);
    let high = |are: &str| format!("{:.1} % of the voxels {are} above {MOST}", share(all.high));
    // Of PET that says so itself a wrong fact makes values too large, and the noise below 0 with them.
    if facts && (is_low || is_high) {
        let said = [is_high.then(|| high("have an SUV")), is_low.then(|| low("have an SUV"))];
        return Err(wrong_facts(&said.into_iter().flatten().collect::<Vec<_>>().join(", "), conversion));
    }
    // CT has both.
    if is_low && all.most < CT_MOST {
        let what = format!("{}: no SUV (CT?)", low("are"));
        return Err(Error::new(Kind::NotAScan, what).remedy("--set suv.units=none for the values as they are"));
    }
    if is_low || is_high {
        let said = if is_high { high("are") } else { low("are") };
        return Err(Error::usage(format!("{said}: they look like Bq/ml, not SUV")).remedy(
            "--set suv.units=bqml with the dose, the weight and the times, or a BIDS sidecar beside the image",
        ));
    }
    let mut doubts = vec![];
    let mean = all.body_sum / all.body.max(1) as f64;
    if mean > 15.0 {
        doubts.push(format!("doubtful: the mean SUV of the body is {mean:.1}"));
    }
    if all.most > 500.0 || all.most < 0.3 {
        doubts.push(format!("doubtful: the largest SUV is {:.4}", all.most));
    }
    if !facts && is_whole(volume)? {
        doubts.push("doubtful: every voxel is a whole number: is it a label image?".into());
    }
    if let (Some(grams), Some(ml)) = (grams, ml) {
        let times = all.sum * ml / grams;
        if times > 1.3 {
            doubts.push(format!("doubtful: the scan holds {times:.1} times the injected activity"));
        }
    }
    Ok(doubts)
}

/// What to look at, and what to set: only what the rule that made the values makes use of. What was doubted may be the reason.
fn wrong_facts(said: &str, conversion: &Conversion) -> Error {
    let weight = conversion.weight_kg.map_or(String::new(), |kg| format!(" (it is {kg})"));
    let doubts: Vec<&str> = conversion.notes.iter().map(String::as_str).filter(|n| n.starts_with(DOUBT)).collect();
    let doubts = if doubts.is_empty() { String::new() } else { format!("; {}", doubts.join("; ")) };
    const AS_THEY_ARE: &str = "suv.units=none for the values as they are";
    let (wrong, remedy) = match &conversion.by_scanner {
        Some(rule) => (
            format!(
                "the scanner made SUV itself (rule '{rule}', which needs no dose), and its factor or the slope is wrong"
            ),
            match rule.starts_with("CNTS") {
                true => format!("--set {AS_THEY_ARE}; dose, half-life and times change nothing"),
                false => format!("--set suv.units=bqml, suv.dose_mbq=... where they are Bq/ml, or {AS_THEY_ARE}"),
            },
        ),
        None => (
            "unit, activity, half-life or weight is wrong".into(),
            format!("--set suv.dose_mbq=..., suv.weight_kg=...{weight}, or {AS_THEY_ARE}"),
        ),
    };
    Error::format(format!("{said}: {wrong}{doubts}")).remedy(remedy)
}

#[derive(Clone, Copy)]
struct Tally {
    low: usize,
    high: usize,
    body: usize,
    body_sum: f64,
    sum: f64,
    least: f64,
    most: f64,
}

impl Tally {
    const NONE: Tally =
        Tally { low: 0, high: 0, body: 0, body_sum: 0.0, sum: 0.0, least: f64::INFINITY, most: f64::NEG_INFINITY };

    fn with(mut self, v: f64) -> Self {
        self.low += usize::from(v < LEAST);
        self.high += usize::from(v > MOST);
        if v > BODY {
            self.body += 1;
            self.body_sum += v;
        }
        self.sum += v;
        self.least = self.least.min(v);
        self.most = self.most.max(v);
        self
    }

    fn and(self, other: Self) -> Self {
        Tally {
            low: self.low + other.low,
            high: self.high + other.high,
            body: self.body + other.body,
            body_sum: self.body_sum + other.body_sum,
            sum: self.sum + other.sum,
            least: self.least.min(other.least),
            most: self.most.max(other.most),
        }
    }
}

/// Do all voxels hold whole numbers?
///
/// # Errors
/// The image is on a device.
fn is_whole(volume: &Volume) -> Result<bool> {
    let scale = volume.scale;
    Ok(volume.samples.host()?.par_iter().all(|s| scale.value(f64::from(*s)).fract() == 0.0))
}

/// Why values that nothing is said of are no scan: masks hold 0 and 1, label images whole numbers. `integers`: they are
/// stored as such, without a slope of their own; phantoms in floats may hold whole numbers and be SUV.
///
/// # Errors
/// The image is on a device.
pub fn not_a_scan(volume: &Volume, integers: bool) -> Result<Option<String>> {
    let (scale, samples) = (volume.scale, volume.samples.host()?);
    let Some(&first) = samples.first() else { return Ok(None) };
    let other = samples.par_iter().copied().find_first(|s| *s != first);
    let third = samples.par_iter().any(|s| *s != first && Some(*s) != other);
    let value = |s: i32| scale.value(f64::from(s));
    let whole = integers && is_whole(volume)?;
    Ok(match other {
        None => Some(format!("every voxel is {}: an empty image or mask, no scan", value(first))),
        Some(other) if !third && value(first).min(value(other)) == 0.0 && value(first).max(value(other)) == 1.0 => {
            Some("holds only the values 0 and 1: a mask, no scan".into())
        }
        Some(_) if whole => Some("holds integers: a label image (or CT, or counts), no SUV".into()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    //! Oracle: limits by hand.
    use super::*;
    use crate::image::Scale;
    use crate::table::Table;
    use crate::units::Shape;

    fn volume(factor: f64, samples: &[i32]) -> Volume {
        let volume = Volume::new(Shape::flat(1, samples.len()), samples.to_vec()).unwrap();
        Volume { scale: Scale::new(factor, 0.0).unwrap(), ..volume }
    }

    #[test]
    fn masks_and_labels_are_no_scans() {
        let why = |factor, samples: &[i32]| not_a_scan(&volume(factor, samples), true).unwrap().unwrap_or_default();
        assert!(why(1.0, &[0, 0, 0]).contains("every voxel is 0"));
        assert!(why(1.0, &[0, 1, 1, 0]).contains("only the values 0 and 1"));
        assert!(why(0.5, &[0, 2, 2, 0]).contains("only the values 0 and 1"));
        assert_eq!(why(0.5, &[0, 1, 1, 0]), "", "a phantom of two values");
        assert!(why(1.0, &[0, 7, 3, 0]).contains("holds integers"));
        assert_eq!(not_a_scan(&volume(1.0, &[0, 7, 3, 0]), false).unwrap(), None, "floats that are whole may be SUV");
        assert_eq!(why(0.5, &[0, 7, 3, 0]), "");
    }

    /// By the dose, with this weight in kg.
    fn made(weight_kg: Option<f64>, by_scanner: Option<&str>) -> Conversion {
        let (factors, audit, by_scanner) = (vec![1.0], Table::default(), by_scanner.map(str::to_string));
        Conversion { unit: "g/ml", factors, sul_factor: None, audit, notes: vec![], weight_kg, by_scanner }
    }

    #[test]
    fn ct_and_activity_are_no_suv() {
        let values = |volume: &Volume, kg, ml, facts| super::values(volume, &made(kg, None), ml, facts);
        let ct = values(&volume(1.0, &[-1000, 40, 60, 1000]), None, None, false).unwrap_err();
        assert_eq!(ct.kind, Kind::NotAScan);
        assert!(ct.what.contains("down to -1000"), "{ct}");
        let activity = values(&volume(1.0, &[5000, 40, 60, 1000]), None, None, false).unwrap_err();
        assert!(activity.what.contains("Bq/ml"), "{activity}");
        let negative = values(&volume(1.0, &[50_000, 40, -60, 1000]), None, None, false).unwrap_err();
        assert!(negative.what.contains("Bq/ml"), "{negative}");
        let wrong = |samples: &[i32]| values(&volume(1.0, samples), Some(25.0), None, true).unwrap_err();
        assert!(wrong(&[5000, 40, 60, 1000]).what.contains("50.0 % of the voxels have an SUV above 200"));
        // PET that says so itself is no CT: noise below 0 is as large as the wrong fact makes it.
        let both = wrong(&[5000, 40, -88, 100]);
        assert!(both.what.contains("above 200") && both.what.contains("below -1, down to -88"), "{both}");
        let noise = wrong(&[150, 40, -88, 100]);
        assert!(noise.what.contains("weight is wrong") && !noise.what.contains("CT"), "{noise}");
        assert!(noise.to_string().contains("suv.weight_kg=... (it is 25)"), "{noise}");
        assert!(values(&volume(0.1, &[3, 40, -5, 10]), Some(70.0), Some(0.1), true).unwrap().is_empty());
    }

    #[test]
    fn what_can_hardly_be_is_doubted() {
        let doubts =
            |v: &[i32], kg| values(&volume(0.1, v), &made(Some(kg), None), Some(1.0), true).unwrap().join("; ");
        assert!(doubts(&[2, 2, 1, 2], 70.0).contains("largest SUV is 0.2"));
        assert!(doubts(&[200, 200, 180, 170], 70.0).contains("mean SUV of the body is 18.8"));
        assert!(doubts(&[20, 20, 20, 20], 0.004).contains("2.0 times the injected activity"));
    }
    /// Regression: dose and weight were named as remedies where the scanner's own factor made the values.
    #[test]
    fn remedies_are_those_that_the_rule_makes_use_of() {
        let wrong = |made: &Conversion| values(&volume(1.0, &[5000, 40, 60, 1000]), made, None, true).unwrap_err();
        let doubt = "doubtful: 760 kg at 1.7 m is a body-mass index of 263.0 kg/m2";
        let by_dose = wrong(&Conversion { notes: vec!["else".into(), doubt.into()], ..made(Some(760.0), None) });
        assert!(by_dose.what.ends_with(&format!("weight is wrong; {doubt}")), "{by_dose}");
        let by_scanner = wrong(&made(Some(80.0), Some("CNTS (7053,1000)")));
        assert!(by_scanner.what.contains("rule 'CNTS (7053,1000)', which needs no dose"), "{by_scanner}");
        let remedy = by_scanner.remedy.unwrap_or_default();
        assert_eq!(remedy, "--set suv.units=none for the values as they are; dose, half-life and times change nothing");
    }
}
