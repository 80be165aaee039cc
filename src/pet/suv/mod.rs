//! Standardised uptake values: from what the headers say to a factor for each slice, with every rule on record.
//!
//! [`HeaderFacts`] holds what a DICOM series or a BIDS sidecar says. [`convert`] chooses the rule, works out all
//! alternatives, refuses what cannot be trusted by the name of the tag, and gives the [`Conversion`] with its audit
//! row.
//!
//! `SUVbw = m P W / D`: m the slope of the slice, P the stored value, W the weight in g, D the dose in Bq at the time
//! that the values refer to. The units are in `rule`, what the scanner made itself in `scanner`, decay in `decay` and `reference`, the patient in `body`, the
//! dose in `dose`, times in `time`, `clock` and `injection`. All of it is f64 on the host, in a fixed order, with transcendental
//! functions from `libm`: the same bits everywhere.

mod audit;
mod body;
mod clock;
mod decay;
mod dose;
mod facts;
mod frame;
mod injection;
mod known;
mod midnight;
mod names;
mod nuclide;
mod plausible;
mod reference;
mod rule;
mod scanner;
mod time;
mod zone;

pub use audit::identity;
pub use facts::{Decay, HeaderFacts, Identity, Settings, SliceFacts, Units};
pub use midnight::begins as begins_before_midnight;
pub use plausible::{is_fdg, not_a_scan, values};
pub use time::{is_same as is_same_second, parts as date_time_parts, time as time_of_day};

use crate::image::{NO_UNIT, SUV_UNIT};
use crate::table::Table;
use crate::{Error, Kind, Result};
use body::{Body, Sex};
use clock::Times;
use known::Known;
use reference::WARN;
use rule::Outcome;

/// Unit of activity concentration.
const ACTIVITY_UNIT: &str = "Bq/ml";

/// How stored values become SUVbw.
#[derive(Clone, Debug)]
pub struct Conversion {
    /// Unit after the conversion: [`crate::image::SUV_UNIT`], `Bq/ml` where the user asked for no SUV, or `au`.
    pub unit: &'static str,
    /// For each slice: SUVbw = stored value * factor. The rescale slope is in it.
    pub factors: Vec<f64>,
    /// SUL = SUVbw * this (Janmahasatian), where weight and height are known.
    pub sul_factor: Option<f64>,
    /// One row: every fact used, the rule, the alternatives and their spread.
    pub audit: Table,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Weight of the patient that was used.
    pub weight_kg: Option<f64>,
    /// The rule, where the values were SUV of the scanner itself: dose and times had no part in it.
    pub by_scanner: Option<String>,
}

/// How a note begins that holds a fact or a value for hardly possible.
pub const DOUBT: &str = "doubtful: ";

/// The columns of the audit row, for the data dictionary.
///
/// # Errors
/// None in practice.
pub fn columns() -> Result<Table> {
    let slice = SliceFacts { slope: Some(1.0), intercept: Some(0.0), ..SliceFacts::default() };
    let facts = HeaderFacts { slices: vec![slice], ..HeaderFacts::default() };
    let settings = Settings { units: Some(Units::Suv), ..Settings::default() };
    convert(&facts, &settings).map(|c| c.audit)
}

/// Chooses the rule and works out the factors.
///
/// # Errors
/// A fact is missing, or such that no SUV can be trusted; the error names the tag and the remedy.
pub fn convert(facts: &HeaderFacts, settings: &Settings) -> Result<Conversion> {
    let mut notes = vec![];
    let slopes = slopes(facts, settings, &mut notes)?;
    let known = known(facts, settings, &mut notes)?;
    let (unit, outcome) = choose(&known, &mut notes)?;
    plausible::facts(&known, &outcome, &mut notes)?;
    other_half_life(&known, &outcome, &mut notes);
    let factors: Vec<f64> = slopes.iter().zip(&outcome.factors).map(|(m, f)| m * f).collect();
    if let Some((i, factor)) = factors.iter().enumerate().find(|(_, f)| !f.is_finite()) {
        return Err(Error::format(format!("the SUV factor of slice {} is {factor}", i + 1)).needed_for("SUVbw"));
    }
    unneeded(&known, &mut notes)?;
    let overrides = audit::overrides(facts, settings);
    for o in &overrides {
        notes.push(format!("suv.{} = {} is used in place of {}", o.key, o.value, o.instead_of));
    }
    for o in audit::without_effect(&overrides, &outcome) {
        notes.push(format!("suv.{} has no effect: the rule '{}' does not need it", o.key, outcome.rule));
    }
    if unit == SUV_UNIT {
        notes.extend(other_suv(facts, &factors));
    }
    let sul_factor = known.body.sul_factor().filter(|_| unit == SUV_UNIT);
    notes.extend(known.body.no_sul().filter(|_| unit == SUV_UNIT));
    if sul_factor.is_some() && known.body.sex == Sex::Other {
        notes.push(format!("{} is O or empty: lean body mass is the mean of both formulas", names::SEX.of(facts.bids)));
    }
    let audit = audit::row(&known, &outcome, unit, &overrides);
    let by_scanner = (unit == SUV_UNIT && outcome.decayed.is_none()).then_some(outcome.rule);
    Ok(Conversion { unit, factors, sul_factor, audit, notes, weight_kg: known.body.weight, by_scanner })
}

/// The file has another half-life than its nuclide: which one is used, and what the other would give.
fn other_half_life(known: &Known, outcome: &Outcome, notes: &mut Vec<String>) {
    let used = known.life();
    let (Some(used), Some((name, other))) = (used, dose::other_half_life(known.facts, used)) else { return };
    let source =
        if known.settings.half_life_s.is_some() { "suv.half_life_s" } else { names::HALF_LIFE.of(known.facts.bids) };
    if !outcome.is_timed() {
        notes.push(format!(
            "doubtful: {source} is {used} s, but the half-life of {name} is {other} s; the rule '{}' does not need it",
            outcome.rule
        ));
        return;
    }
    let again = Known { half_life: Ok(Some(other)), ..known.copy() };
    let with = choose(&again, &mut vec![]).ok().and_then(|(_, o)| Some(o.factors.first()? / outcome.factors.first()?));
    let with = with.map_or(String::new(), |r| format!("; with the other SUV is {r:.4} times that"));
    notes.push(format!(
        "doubtful: {source} is {used} s, but the half-life of {name} is {other} s: the first is used{with} \
         (--set suv.half_life_s={other})"
    ));
}

/// A doubt where the SUV of the scanner itself is another one.
fn other_suv(facts: &HeaderFacts, factors: &[f64]) -> Option<String> {
    let slices = facts.slices.iter().zip(factors).enumerate();
    let told = slices.filter_map(|(i, (slice, own))| Some((i, slice.suv_slope.filter(|s| *s > 0.0)?, *own)));
    let ratio = |(_, told, own): &(usize, f64, f64)| told / own;
    let off = |told: &(usize, f64, f64)| if told.2 > 0.0 { (ratio(told) - 1.0).abs() } else { 0.0 };
    let farthest = told.max_by(|a, b| off(a).total_cmp(&off(b))).filter(|told| off(told) > WARN)?;
    let (i, told, own) = farthest;
    Some(format!(
        "doubtful: SUVbw by RealWorldValueSlope (0040,9225) of slice {} is {:.4} times that worked out here ({told} and {own} a \
         stored unit), which is used",
        i + 1,
        ratio(&farthest)
    ))
}

/// HeaderFacts that are wrong but that the rule did without: named, and fatal where the user set them.
fn unneeded(known: &Known, notes: &mut Vec<String>) -> Result<()> {
    let errors = [known.dose.as_ref().err(), known.half_life.as_ref().err(), known.injection.as_ref().err()];
    for error in errors.into_iter().flatten() {
        if error.kind == Kind::Usage {
            return Err(error.clone());
        }
        notes.push(format!("{}; the rule does not need it", error.what));
    }
    let injection = known.injection.as_ref().ok().and_then(|i| i.as_ref());
    if let (Some(injection), Some(start)) = (injection, known.times.earliest())
        && start < injection.at
    {
        let seconds = injection.at.since(start);
        notes.push(format!(
            "doubtful: the acquisition starts {seconds:.0} s before the injection ({})",
            injection.source
        ));
    }
    Ok(())
}

/// The slope of each slice; an intercept other than 0 is no PET.
fn slopes(facts: &HeaderFacts, settings: &Settings, notes: &mut Vec<String>) -> Result<Vec<f64>> {
    let mut slopes = Vec::with_capacity(facts.slices.len());
    for (i, slice) in facts.slices.iter().enumerate() {
        if slice.intercept.is_some_and(|b| b != 0.0) {
            let name = names::INTERCEPT.of(facts.bids);
            let what = format!("{name} of slice {} is {}, not 0", i + 1, slice.intercept.unwrap_or_default());
            return Err(Error::unsupported(what).needed_for("SUVbw: values of PET are in proportion to activity"));
        }
        let name = names::SLOPE.of(facts.bids);
        slopes.push(match slice.slope {
            Some(m) if m.is_finite() && m >= 0.0 => m,
            Some(m) => return Err(Error::format(format!("{name} of slice {} is {m}", i + 1)).needed_for("SUVbw")),
            None if facts.bids || settings.units == Some(Units::None) => 1.0,
            None => return Err(Error::format(format!("{} of slice {}", facts.lacks(name), i + 1)).needed_for("SUVbw")),
        });
    }
    let zeros = slopes.iter().filter(|m| **m == 0.0).count();
    if zeros > 0 {
        notes.push(format!("{} is 0 in {zeros} slices: their values are all 0", names::SLOPE.of(facts.bids)));
    }
    Ok(slopes)
}

fn known<'a>(facts: &'a HeaderFacts, settings: &'a Settings, notes: &mut Vec<String>) -> Result<Known<'a>> {
    let is_told = |name: &str| match name {
        _ if name == names::WEIGHT.of(facts.bids) => settings.weight_kg.is_some(),
        _ if name == names::HEIGHT.of(facts.bids) => settings.height_m.is_some(),
        _ if name == names::DOSE.of(facts.bids) => settings.dose_mbq.is_some(),
        _ if name == names::HALF_LIFE.of(facts.bids) => settings.half_life_s.is_some(),
        _ => false,
    };
    let unread = facts.unreadable.iter().map(|(name, _)| *name).filter(|name| !is_told(name));
    notes.extend(unread.map(|name| format!("doubtful: {}, so it counts as not said", facts.lacks(name))));
    let body = Body::of(facts, settings, notes)?;
    let dose = dose::dose(facts, settings, notes);
    let half_life = dose::half_life(facts, settings, notes);
    let times = Times::of(facts, notes);
    let life = half_life.as_ref().ok().copied().flatten();
    let injection = injection::injection(facts, settings, &times, life, notes);
    Ok(Known { facts, settings, body, dose, half_life, times, injection })
}

/// What the user says comes first, then the headers, then what the user has them assumed to be.
fn choose(known: &Known, notes: &mut Vec<String>) -> Result<(&'static str, Outcome)> {
    let units = known.facts.units.as_deref().unwrap_or("").trim().to_ascii_uppercase();
    match (known.settings.units, units.as_str(), known.settings.assume) {
        (Some(Units::Bqml), _, _) if known.settings.dose_mbq.is_some() => {
            Ok((SUV_UNIT, rule::activity(known, "BQML by suv.units".into(), 1.0, notes)?))
        }
        (Some(said), _, _) => Ok(as_said(known, said, "suv.units")),
        (None, "", Some(_)) if !says_nothing(known.facts) => Err(no_unit(known)),
        (None, "", Some(Units::Bqml)) if known.body.weight.is_some() && !matches!(known.dose, Ok(None)) => {
            notes.push("the file does not say its unit: taken as Bq/ml by suv.assume".into());
            Ok((SUV_UNIT, rule::activity(known, "BQML by suv.assume".into(), 1.0, notes)?))
        }
        (None, "", Some(said)) => {
            let (unit, outcome) = as_said(known, said, "suv.assume");
            notes.push(format!("the file does not say its unit: taken as {unit} by suv.assume"));
            Ok((unit, outcome))
        }
        (None, "", None) if says_nothing(known.facts) => {
            notes.push("nothing says what the values are: they stay as stored; try --set suv.assume=suv".into());
            Ok((NO_UNIT, rule::as_said(known, "the file", "values as stored")))
        }
        (None, "", None) => Err(no_unit(known)),
        (None, units, _) => Ok((SUV_UNIT, rule::apply(known, units, notes)?)),
    }
}

fn no_unit(known: &Known) -> Error {
    Error::format(format!("missing {}", names::UNITS.of(known.facts.bids)))
        .needed_for("SUVbw")
        .remedy("--set suv.units=suv or none; or suv.units=bqml with suv.dose_mbq")
}

fn as_said(known: &Known, said: Units, who: &str) -> (&'static str, Outcome) {
    match said {
        Units::Suv => (SUV_UNIT, rule::as_said(known, who, "SUVbw")),
        Units::Bqml => (ACTIVITY_UNIT, rule::as_said(known, who, "Bq/ml")),
        Units::None => (NO_UNIT, rule::as_said(known, who, "values as stored")),
    }
}

/// A file without any fact about its uptake: a NIfTI without a sidecar. DICOM always says what it is.
fn says_nothing(facts: &HeaderFacts) -> bool {
    facts.bids
        && facts.dose.is_none()
        && facts.decay_correction.is_none()
        && facts.half_life.is_none()
        && facts.tracer.is_none()
        && facts.nuclide.is_none()
        && facts.corrected_image.is_empty()
}
