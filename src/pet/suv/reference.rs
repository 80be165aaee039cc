//! Decay correction to the start of the scan (`START`): which moment that is.
//!
//! Four ways lead to it. All that can be had are worked out, for each slice; the first that applies is used:
//!
//! 1. `private`: what GE (0009,100D) or Siemens (0071,1022) write beside the standard.
//! 2. `frame`: counted back from the slice itself: `t_acq + T_ave - FrameReferenceTime`. GE counts the reference time
//!    to the start of the frame, not to its mean activity: `t_acq - FrameReferenceTime`; so does a series with a
//!    reference time of 0. Slices of one acquisition time must give one moment, else that time is not their own.
//! 3. `series`: SeriesTime, where it is not after the acquisition. It goes before `frame` where both agree within a
//!    ten-thousandth of the dose, as the written time of the same moment, or where all acquisitions begin with the
//!    series: within two seconds, since clocks count seconds and makers cut or round them.
//! 4. `acquisition`: the earliest AcquisitionTime.

use std::collections::BTreeMap;

use super::clock::Times;
use super::frame::average_time;
use super::time::Moment;
use super::{HeaderFacts, SliceFacts, names};
use crate::Result;

/// Relative difference of doses below which two moments are one.
const SAME: f64 = 1e-4;
/// Clocks of scanners count seconds: times less than this apart, in s, may be the same moment, cut and rounded.
const RESOLUTION: f64 = 2.0;
/// Relative difference of doses from which the user is warned: 0.5 %.
pub const WARN: f64 = 5e-3;

/// The names of the ways, in order of preference.
pub const WAYS: [&str; 4] = ["private", "frame", "series", "acquisition"];

/// The moment that the voxel values refer to, and what else it might have been.
#[derive(Clone, Debug)]
pub struct Reference {
    /// One of [`WAYS`].
    pub way: &'static str,
    /// For each slice.
    pub at: Vec<Moment>,
    /// The SUV by each way relative to the SUV by the way used, where it differs most.
    pub ratios: Vec<(&'static str, f64)>,
    /// (Largest over smallest SUV - 1) over the ways that apply.
    pub spread: f64,
    /// Ways that do not apply, with the reason.
    pub left_out: Vec<String>,
}

struct Candidate {
    way: &'static str,
    at: Vec<Moment>,
    why_not: Option<String>,
}

/// Chooses the moment for `lambda` in 1/s.
///
/// # Errors
/// There is no time to choose from.
pub fn reference(facts: &HeaderFacts, times: &Times, lambda: f64) -> Result<Reference> {
    let mut left_out = vec![];
    let candidates = candidates(facts, times, lambda, &mut left_out);
    let usable = |way: &str| candidates.iter().find(|c| c.way == way && c.why_not.is_none());
    let series = usable("series").filter(|s| {
        let same = |c: &Candidate| c.at.iter().zip(&s.at).all(|(a, b)| lambda * a.since(*b).abs() <= SAME);
        let begins = |a: &Option<Moment>, b: &Moment| a.is_some_and(|a| one_moment(a, *b, lambda));
        let starts = || times.acquisitions.iter().zip(&s.at).all(|(a, b)| begins(a, b));
        usable("frame").is_some_and(same) || starts()
    });
    let chosen = usable("private").or(series).or_else(|| WAYS.iter().find_map(|way| usable(way)));
    let Some(chosen) = chosen else {
        let what = format!("{} and {}", names::SERIES_TIME.of(facts.bids), names::ACQUISITION_TIME.of(facts.bids));
        return Err(times.missing(&what).needed_for("the time that START refers to"));
    };
    let mut range = (0.0_f64, 0.0_f64);
    let mut ratios = vec![];
    for c in &candidates {
        let logs = || c.at.iter().zip(&chosen.at).map(|(a, b)| lambda * a.since(*b));
        let (low, high) = (logs().fold(f64::INFINITY, f64::min), logs().fold(f64::NEG_INFINITY, f64::max));
        ratios.push((c.way, libm::exp(if -low > high { low } else { high })));
        if c.why_not.is_none() {
            range = (range.0.min(low), range.1.max(high));
        }
    }
    Ok(Reference {
        way: chosen.way,
        at: chosen.at.clone(),
        ratios,
        spread: libm::expm1(range.1 - range.0),
        left_out: {
            left_out.extend(candidates.iter().filter_map(|c| c.why_not.as_ref().map(|w| format!("{}: {w}", c.way))));
            left_out
        },
    })
}

/// Less apart than the clocks can tell, or than matters.
fn one_moment(a: Moment, b: Moment, lambda: f64) -> bool {
    a.since(b).abs() < RESOLUTION || lambda * a.since(b).abs() <= SAME
}

/// The ways that can be worked out; what is missing for the others goes to `left_out`.
fn candidates(facts: &HeaderFacts, times: &Times, lambda: f64, left_out: &mut Vec<String>) -> Vec<Candidate> {
    let all = |at: Moment| vec![at; facts.slices.len()];
    let mut found = vec![];
    if let Some(at) = times.private {
        found.push(Candidate { way: "private", at: all(at), why_not: None });
    }
    match frame(facts, times, lambda) {
        Ok(candidate) => found.push(candidate),
        Err(what) => left_out.push(format!("frame: {what}")),
    }
    if let Some(at) = times.series {
        let late = times.earliest().is_some_and(|first| at > first && !one_moment(at, first, lambda)) && !facts.bids;
        let why_not = late.then(|| "it is after the acquisition, so the series was processed later".to_string());
        found.push(Candidate { way: "series", at: all(at), why_not });
    }
    if let Some(at) = times.earliest() {
        found.push(Candidate { way: "acquisition", at: all(at), why_not: None });
    }
    found
}

/// Counting back from the slices; the name of the fact that one of them lacks where that cannot be.
fn frame(facts: &HeaderFacts, times: &Times, lambda: f64) -> std::result::Result<Candidate, String> {
    let lacks = |name: names::Name| format!("{} is missing", name.of(facts.bids));
    let from_start = counts_from_frame_start(facts);
    let mut at = Vec::with_capacity(facts.slices.len());
    let mut spans: BTreeMap<Moment, (Moment, Moment)> = BTreeMap::new();
    for (slice, acquired) in facts.slices.iter().zip(&times.acquisitions) {
        let acquired = acquired.ok_or_else(|| lacks(names::ACQUISITION_TIME))?;
        let back = seconds(slice.frame_reference_time).ok_or_else(|| lacks(names::FRAME_REFERENCE))?;
        let length = || duration(slice).ok_or_else(|| lacks(names::FRAME_DURATION));
        let mean = if from_start { 0.0 } else { average_time(length()?, lambda) };
        let moment = acquired.plus(mean - back);
        at.push(moment);
        let span = spans.entry(acquired).or_insert((moment, moment));
        *span = (span.0.min(moment), span.1.max(moment));
    }
    let contradicts = spans.values().any(|(first, last)| lambda * last.since(*first) > WARN);
    let why_not = contradicts.then(|| {
        let acquired = names::ACQUISITION_TIME.of(facts.bids);
        format!("one {acquired} for slices of different {}", names::FRAME_REFERENCE.of(facts.bids))
    });
    Ok(Candidate { way: "frame", at, why_not })
}

/// GE does; and a mean activity at 0 s cannot be.
fn counts_from_frame_start(facts: &HeaderFacts) -> bool {
    let maker = facts.manufacturer.as_deref().unwrap_or("").trim().to_ascii_uppercase();
    maker == "GE"
        || maker.starts_with("GE ")
        || maker.starts_with("GEMS")
        || maker.starts_with("GENERAL ELECTRIC")
        || facts.slices.iter().any(|s| s.frame_reference_time == Some(0.0))
}

/// Seconds of a count of milliseconds, if it can be one.
fn seconds(ms: Option<f64>) -> Option<f64> {
    ms.filter(|ms| (0.0..1e10).contains(ms)).map(|ms| ms / 1000.0)
}

/// The duration of the frame of a slice, s.
pub fn duration(slice: &SliceFacts) -> Option<f64> {
    seconds(slice.frame_duration).filter(|s| *s > 0.0)
}
