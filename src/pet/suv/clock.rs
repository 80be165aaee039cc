//! When things happened: the times of the headers as moments on one clock.
//!
//! - A time without a date takes the date of its neighbour: the acquisition that of the series, all of them together
//!   the nearest day. Where there is no date at all, only differences below a day mean anything.
//! - An injection without a date was before the scan: on its day, or on the day before where the scan was earlier in
//!   the day (midnight). With a half-life above 11.5 h the day cannot be guessed, and is asked for.
//! - An injection up to ten minutes after the scan began was on that very day: the scan began first, with a warning.
//! - A value that is no time is named, and counts as missing.

use super::names::{self, Name};
use super::time::{self, Moment};
use super::{HeaderFacts, Settings};
use crate::{Error, Result};

/// A scan may begin so many seconds before the recorded injection: clocks differ, and dynamic scans begin first.
pub const BEFORE: f64 = 600.0;
/// Above this half-life, in s, a scan days after the injection is usual.
const LONG_LIVED: f64 = 41_400.0;
/// An injection longer ago than this many half-lives is a mistake: a thousandth would be left.
const MOST_HALF_LIVES: f64 = 10.0;
const REMEDY: &str = "--set suv.injection=YYYYMMDDhhmmss";

/// The moments of a scan.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// Some date is known, so days mean something.
    pub dated: bool,
    /// The dates are nominal ones: BIDS has none.
    pub nominal: bool,
    /// Start of the acquisition, for each slice.
    pub acquisitions: Vec<Option<Moment>>,
    /// Date and time of the series.
    pub series: Option<Moment>,
    /// Start of the scan in the manufacturer's private words.
    pub private: Option<Moment>,
    /// Offset of the scan's clock from UTC, minutes.
    pub zone: Option<i64>,
    /// Values that are no times.
    pub bad: Vec<String>,
}

/// When the dose was injected, and who says so.
#[derive(Clone, Copy, Debug)]
pub struct Injection {
    /// On the clock of the scan.
    pub at: Moment,
    /// Name of the fact.
    pub source: &'static str,
}

impl Times {
    /// Reads all times of the scan.
    pub fn of(facts: &HeaderFacts, notes: &mut Vec<String>) -> Times {
        let mut times = Times { nominal: facts.bids, ..Times::default() };
        let bids = facts.bids;
        times.zone = times.read(&facts.timezone, names::TIMEZONE, bids, time::offset);
        let series_date = times.read(&facts.series_date, names::SERIES_DATE, bids, time::date);
        let series_time = times.read(&facts.series_time, names::SERIES_TIME, bids, time::time);
        let days: Vec<Option<i64>> = facts
            .slices
            .iter()
            .map(|s| times.read(&s.acquisition_date, names::ACQUISITION_DATE, bids, time::date))
            .collect();
        let clocks: Vec<Option<i64>> = facts
            .slices
            .iter()
            .map(|s| times.read(&s.acquisition_time, names::ACQUISITION_TIME, bids, time::time))
            .collect();
        let day = series_date.or(days.iter().flatten().min().copied());
        times.dated = day.is_some();
        let base = series_time.map(|t| Moment::new(day.unwrap_or(0), t)).or(clocks
            .iter()
            .flatten()
            .next()
            .map(|&t| Moment::new(day.unwrap_or(0), t)));
        times.acquisitions = days
            .iter()
            .zip(&clocks)
            .map(|(day, clock)| match (day, *clock, base) {
                (Some(day), Some(clock), _) => Some(Moment::new(*day, clock)),
                (None, Some(clock), Some(base)) => Some(Moment::nearest(clock, base)),
                _ => None,
            })
            .collect();
        times.series = match (series_date, series_time, times.earliest()) {
            (None, Some(t), Some(near)) => Some(Moment::nearest(t, near)),
            (_, Some(t), _) => Some(Moment::new(day.unwrap_or(0), t)),
            _ => None,
        };
        times.private = times.private_start(facts, notes);
        notes.extend(times.bad.iter().cloned());
        times
    }

    /// The error that a time is missing, with the values that were there but could not be read.
    pub fn missing(&self, what: &str) -> Error {
        let bad: String = self.bad.iter().map(|b| format!("; {b}")).collect();
        Error::format(format!("missing {what}{bad}"))
    }
    /// Start of the first acquisition.
    pub fn earliest(&self) -> Option<Moment> {
        self.acquisitions.iter().flatten().min().copied()
    }
    /// The moment that says on which day the scan was.
    fn anchor(&self) -> Option<Moment> {
        self.earliest().or(self.series).or(self.private)
    }
    /// For tables: with the date where one is known, else with the days before the scan where there are any.
    pub fn text(&self, at: Moment) -> String {
        let before = self.anchor().map_or(0, |a| a.day() - at.day());
        match (self.dated && !self.nominal, before) {
            (true, _) => at.iso(),
            (false, 0) => at.clock(),
            (false, days) => format!("{} {days} d before the scan", at.clock()),
        }
    }

    /// Brings a moment with an offset from UTC onto the clock of the scan, where that one's offset is known too.
    fn local(&self, at: Moment, zone: Option<i64>) -> Moment {
        match (zone, self.zone) {
            (Some(zone), Some(scan)) => at.plus_minutes(scan - zone),
            _ => at,
        }
    }

    fn read(&mut self, text: &Option<String>, name: Name, bids: bool, parse: fn(&str) -> Option<i64>) -> Option<i64> {
        let text = text.as_deref().filter(|t| !time::tidy(t).is_empty())?;
        let value = parse(text);
        if value.is_none() {
            let line = format!("{} is '{}': not readable, left out", name.of(bids), time::tidy(text));
            if !self.bad.contains(&line) {
                self.bad.push(line);
            }
        }
        value
    }

    /// Anonymisers shift the public dates but not these: a start on another day keeps its time of day only.
    fn private_start(&mut self, facts: &HeaderFacts, notes: &mut Vec<String>) -> Option<Moment> {
        let (text, name) = match (&facts.ge_scan_date_time, &facts.siemens_scan_date_time) {
            (Some(t), _) => (t, names::GE_SCAN.of(false)),
            (None, Some(t)) => (t, names::SIEMENS_SCAN.of(false)),
            (None, None) => return None,
        };
        if time::tidy(text).is_empty() {
            return None;
        }
        let Some((at, zone)) = time::date_time(text) else {
            self.bad.push(format!("{name} is '{}': no date with a time, left out", time::tidy(text)));
            return None;
        };
        let at = self.local(at, zone);
        let Some(near) = self.earliest().or(self.series) else {
            self.dated = true;
            return Some(at);
        };
        if at.since(near).abs() <= 43_200.0 {
            return Some(at);
        }
        if self.dated {
            notes.push(format!(
                "{name} is {}, not on the day of the acquisition: only its time of day is used",
                at.iso()
            ));
        }
        Some(Moment::nearest(at.time_of_day(), near))
    }
}

/// When the dose was injected; `None` where nobody says.
///
/// # Errors
/// The value is no time, or not one that fits the scan.
pub fn injection(
    facts: &HeaderFacts,
    settings: &Settings,
    times: &Times,
    half_life: Option<f64>,
    notes: &mut Vec<String>,
) -> Result<Option<Injection>> {
    let Some(scan) = times.anchor() else { return Ok(None) };
    let finder = Finder { facts, times, scan, half_life };
    if let Some(text) = &settings.injection {
        return finder.user(text, notes).map(Some);
    }
    let full = filled(&facts.injection_date_time);
    let clock = filled(&facts.injection_time);
    match (full, clock) {
        (Some(full), clock) => finder.dated(full, clock, notes).map(Some),
        (None, Some(clock)) => finder.undated(clock, names::INJECTION_TIME.of(facts.bids), notes).map(Some),
        (None, None) => Ok(None),
    }
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(time::tidy).filter(|t| !t.is_empty())
}

struct Finder<'a> {
    facts: &'a HeaderFacts,
    times: &'a Times,
    scan: Moment,
    half_life: Option<f64>,
}

impl Finder<'_> {
    fn user(&self, text: &str, notes: &mut Vec<String>) -> Result<Injection> {
        let source = "suv.injection";
        if let Some((at, zone)) = time::date_time(text).filter(|_| self.times.dated) {
            return self.judged(self.times.local(at, zone), source);
        }
        if let Some((at, _)) = time::date_time(text) {
            return self.on_clock(at.time_of_day(), source, notes);
        }
        match time::time(text) {
            Some(clock) => self.on_clock(clock, source, notes),
            None => Err(Error::usage(format!("suv.injection is '{text}': no time"))
                .remedy("--set suv.injection=YYYYMMDDhhmmss or hhmmss")),
        }
    }

    fn dated(&self, text: &str, clock: Option<&str>, notes: &mut Vec<String>) -> Result<Injection> {
        let source = names::INJECTION_DATE_TIME.of(self.facts.bids);
        let Some((at, zone)) = time::date_time(text) else {
            let wrong = format!("{source} is '{text}': no date with a time");
            let Some(clock) = clock else { return Err(Error::format(wrong).needed_for("SUVbw").remedy(REMEDY)) };
            notes.push(wrong);
            return self.undated(clock, names::INJECTION_TIME.of(self.facts.bids), notes);
        };
        if !self.times.dated {
            return self.on_clock(at.time_of_day(), source, notes);
        }
        if zone.is_some() && self.times.zone.is_none() {
            notes.push(format!(
                "{source} is '{text}', but nothing says the time zone of the scan: taken as the same clock"
            ));
        }
        let at = self.times.local(at, zone);
        let away = self.scan.since(at);
        let day_is_wrong = self.too_long(away) || away < 0.0;
        match clock.filter(|_| day_is_wrong && away.abs() >= 72_000.0 && !self.long_lived()) {
            Some(clock) => {
                let other = names::INJECTION_TIME.of(self.facts.bids);
                notes.push(format!(
                    "{source} {} does not fit the scan at {}: {other} is used",
                    at.iso(),
                    self.scan.iso()
                ));
                self.undated(clock, other, notes)
            }
            None => self.judged(at, source),
        }
    }

    fn undated(&self, text: &str, source: &'static str, notes: &mut Vec<String>) -> Result<Injection> {
        match time::time(text) {
            Some(clock) => self.on_clock(clock, source, notes),
            None => Err(Error::format(format!("{source} is '{text}': no time")).needed_for("SUVbw").remedy(REMEDY)),
        }
    }

    /// A time of day: the last one before the scan.
    fn on_clock(&self, clock: i64, source: &'static str, notes: &mut Vec<String>) -> Result<Injection> {
        if self.long_lived() {
            let what = format!("{source} has no date, or the scan has none, and the half-life is longer than 11.5 h");
            return Err(Error::format(what).needed_for("SUVbw").remedy(REMEDY));
        }
        let near = Moment::nearest(clock, self.scan);
        let just_after = near > self.scan && near.since(self.scan) <= BEFORE;
        let at = if just_after { near } else { Moment::last_before(clock, self.scan) };
        if at.day() < self.scan.day() {
            notes.push(format!("{source} is later in the day than the scan: taken as the day before (midnight)"));
        }
        self.judged(at, source)
    }

    fn judged(&self, at: Moment, source: &'static str) -> Result<Injection> {
        let away = self.scan.since(at);
        if self.too_long(away) {
            let what =
                format!("{source}: the injection is {:.1} h before the scan, more than ten half-lives", away / 3600.0);
            return Err(Error::format(what).needed_for("SUVbw").remedy(REMEDY));
        }
        Ok(Injection { at, source })
    }
    fn too_long(&self, seconds: f64) -> bool {
        self.half_life.is_some_and(|h| seconds > MOST_HALF_LIVES * h)
    }
    fn long_lived(&self) -> bool {
        self.half_life.is_some_and(|h| h > LONG_LIVED)
    }
}
