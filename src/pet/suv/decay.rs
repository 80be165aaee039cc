//! How much of the dose was left at the time that the voxel values refer to. `lambda = ln 2 / half-life`.
//!
//! - `ADMIN`: the values are those at the injection: all of it.
//! - `START`: `D = D_adm exp(-lambda (t_ref - t_adm))`; see [`super::reference`] for `t_ref`.
//! - `NONE`: the values are means over the frame of length T, so a slice needs
//!   `SUV = m P W / D_adm * lambda T / (1 - exp(-lambda T)) * exp(lambda (t_acq - t_adm))`.

use super::frame::mean_growth;
use super::injection::BEFORE;
use super::known::Known;
use super::reference::{Reference, WARN, duration, reference};
use super::time::Moment;
use super::{Decay, names};
use crate::{Error, Result};

/// The outcome for one series.
#[derive(Clone, Debug)]
pub struct Decayed {
    /// The rule.
    pub decay: Decay,
    /// For each slice: the dose injected over the dose that the values refer to.
    pub growth: Vec<f64>,
    /// For `START`.
    pub reference: Option<Reference>,
}

/// What the values are corrected to, as set or as recorded.
///
/// # Errors
/// Nobody says, or in unknown words.
pub fn kind(known: &Known) -> Result<Decay> {
    if let Some(decay) = known.settings.decay {
        return Ok(decay);
    }
    let name = names::DECAY.of(known.facts.bids);
    let text = known.facts.decay_correction.as_deref().unwrap_or("").trim().to_ascii_uppercase();
    let what = match text.as_str() {
        "ADMIN" => return Ok(Decay::Admin),
        "START" => return Ok(Decay::Start),
        "NONE" => return Ok(Decay::None),
        "" => format!("missing {name}"),
        other => format!("{name} is '{other}'"),
    };
    Err(Error::format(what).needed_for("SUVbw").remedy("--set suv.decay=start, admin or none"))
}

/// Works out the growth of the dose for every slice.
///
/// # Errors
/// A time or the half-life is missing, or the values refer to a time before the injection.
pub fn decayed(known: &Known, notes: &mut Vec<String>) -> Result<Decayed> {
    let decay = kind(known)?;
    contradiction(known, decay, notes);
    factor_of_other_rule(known, decay, notes);
    if decay == Decay::Admin {
        return Ok(Decayed { decay, growth: vec![1.0; known.facts.slices.len()], reference: None });
    }
    let bids = known.facts.bids;
    let half_life = known.half_life.clone()?.ok_or_else(|| {
        Error::format(known.facts.lacks(names::HALF_LIFE.of(bids)))
            .needed_for("the decay of the dose")
            .remedy("--set suv.half_life_s=...")
    })?;
    let lambda = std::f64::consts::LN_2 / half_life;
    if decay == Decay::None {
        return Ok(Decayed { decay, growth: uncorrected(known, lambda)?, reference: None });
    }
    let found = reference(known.facts, &known.times, lambda)?;
    let injected = injected(known)?;
    let mut growth = Vec::with_capacity(found.at.len());
    for at in &found.at {
        let elapsed = at.since(injected);
        if elapsed < -BEFORE {
            return Err(before(known, &format!("the start of the scan ({})", found.way), *at));
        }
        growth.push(libm::exp(lambda * elapsed));
    }
    warn(&found, lambda, notes);
    Ok(Decayed { decay, growth, reference: Some(found) })
}

fn uncorrected(known: &Known, lambda: f64) -> Result<Vec<f64>> {
    let injected = injected(known)?;
    let bids = known.facts.bids;
    let missing = |i: usize, name: names::Name| {
        let what = format!("{} of slice {}", name.of(bids), i + 1);
        known.times.missing(&what).needed_for("values that are not corrected for decay")
    };
    let slices = known.facts.slices.iter().zip(&known.times.acquisitions).enumerate();
    slices
        .map(|(i, (slice, acquired))| {
            let acquired = acquired.ok_or_else(|| missing(i, names::ACQUISITION_TIME))?;
            let length = duration(slice).ok_or_else(|| missing(i, names::FRAME_DURATION))?;
            let elapsed = acquired.since(injected);
            if elapsed < -BEFORE {
                return Err(before(known, names::ACQUISITION_TIME.of(bids), acquired));
            }
            Ok(mean_growth(lambda * length) * libm::exp(lambda * elapsed))
        })
        .collect()
}

fn injected(known: &Known) -> Result<Moment> {
    if known.times.earliest().is_none() && known.times.series.is_none() && known.times.private.is_none() {
        let what = names::ACQUISITION_TIME.of(known.facts.bids);
        return Err(known.times.missing(what).needed_for("the decay of the dose"));
    }
    let found = known.injection.clone()?;
    found.map(|i| i.at).ok_or_else(|| {
        Error::format(format!("missing {}", names::INJECTION_DATE_TIME.of(known.facts.bids)))
            .needed_for("the decay of the dose")
            .remedy("--set suv.injection=YYYYMMDDhhmmss")
    })
}

fn before(known: &Known, what: &str, at: Moment) -> Error {
    let source = known.injection.as_ref().ok().and_then(|i| i.as_ref()).map_or("the injection", |i| i.source);
    let injected = known.injection.as_ref().ok().and_then(|i| i.as_ref()).map(|i| known.times.text(i.at));
    Error::format(format!(
        "{what} {} is before the injection, {source} {}",
        known.times.text(at),
        injected.unwrap_or_default()
    ))
    .needed_for("SUVbw")
    .remedy("--set suv.injection=YYYYMMDDhhmmss")
}

/// DECY among the corrections and the rule must say the same.
fn contradiction(known: &Known, decay: Decay, notes: &mut Vec<String>) {
    if known.facts.bids || known.facts.corrected_image.is_empty() {
        return;
    }
    let corrected = known.corrected("DECY");
    if corrected == (decay == Decay::None) {
        notes.push(format!(
            "{} {} DECY, against the decay correction {}, which is used",
            names::CORRECTED.of(false),
            if corrected { "has" } else { "lacks" },
            word(decay)
        ));
    }
}

/// A decay factor must be that of the rule: from the frame back to the injection, or to the start of the scan. Of slices that lie
/// between the two nothing is said, nor of a factor of 1, which some write who mean none.
fn factor_of_other_rule(known: &Known, decay: Decay, notes: &mut Vec<String>) {
    let injection = known.injection.as_ref().ok().and_then(|i| i.as_ref());
    // Of one time point of a dynamic scan the series tells when that began.
    let start = [known.times.earliest(), known.times.series, known.times.private].into_iter().flatten().min();
    let (Some(injection), Some(start), Some(life)) = (injection, start, known.life()) else { return };
    let lambda = std::f64::consts::LN_2 / life;
    for (slice, acquired) in known.facts.slices.iter().zip(&known.times.acquisitions) {
        let (Some(factor), Some(acquired)) = (slice.decay_factor.filter(|f| *f > 1.0), acquired) else { continue };
        // Logarithms of the factors at the begin and at the end of the frame.
        let length = duration(slice).unwrap_or(0.0);
        let to_injection = lambda * acquired.since(injection.at);
        let to_start = lambda * (acquired.since(start) + length);
        let is_small = libm::log(factor) < 0.5 * (to_start + to_injection);
        if to_injection - to_start < APART || is_small == (decay == Decay::Start) || decay == Decay::None {
            continue;
        }
        let (rule, other) = (word(decay), if is_small { "START" } else { "ADMIN" });
        let expected = libm::exp(if decay == Decay::Start { to_start } else { to_injection });
        let bound = if decay == Decay::Start { "at most" } else { "at least" };
        notes.push(format!(
            "doubtful: DecayFactor (0054,1321) is {factor:.4}, where {rule} makes {bound} {expected:.4}: that of {other} \
             (--set suv.decay={})",
            other.to_lowercase()
        ));
        return;
    }
}

/// Below this the two rules hardly differ: 5 % of SUV.
const APART: f64 = 0.05;

/// As DICOM writes it.
pub fn word(decay: Decay) -> &'static str {
    match decay {
        Decay::Admin => "ADMIN",
        Decay::Start => "START",
        Decay::None => "NONE",
    }
}

fn warn(found: &Reference, lambda: f64, notes: &mut Vec<String>) {
    let all: Vec<String> = found.ratios.iter().map(|(way, ratio)| format!("{way} {ratio:.4}")).collect();
    if found.spread > WARN {
        notes.push(format!(
            "the ways to the start of the scan differ by {:.2} % in SUV; {} is used; relative to it: {}",
            100.0 * found.spread,
            found.way,
            all.join(", ")
        ));
    }
    let (first, last) = (found.at.iter().min(), found.at.iter().max());
    if let (Some(first), Some(last)) = (first, last)
        && lambda * last.since(*first) > WARN
    {
        notes.push(format!(
            "the slices refer to different times, {:.0} s apart: each has its own factor",
            last.since(*first)
        ));
    }
}
