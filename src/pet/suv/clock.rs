//! When things happened: the times of the headers as moments on one clock.
//!
//! - A time without a date takes the date of its neighbour: the acquisition that of the series, all of them together
//!   the nearest day. Where there is no date at all, only differences below a day mean anything.
//! - Times of one date that run over midnight are of two days ([`super::midnight`]).
//! - A value that is no time is named, and counts as missing.

use super::HeaderFacts;
use super::names::{self, Name};
use super::time::{self, Moment};
use super::zone::{self, Stamp};
use crate::Error;

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
    /// Two facts say two of them, in words; then it is not known.
    pub two_zones: Option<String>,
    /// Values that are no times.
    pub bad: Vec<String>,
}

impl Times {
    /// Reads all times of the scan.
    pub fn of(facts: &HeaderFacts, notes: &mut Vec<String>) -> Times {
        let mut times = Times { nominal: facts.bids, ..Times::default() };
        let bids = facts.bids;
        let series_date = times.read(&facts.series_date, names::SERIES_DATE, bids, time::date);
        let series_time = times.read(&facts.series_time, names::SERIES_TIME, bids, time::time);
        let mut slices = Vec::with_capacity(facts.slices.len());
        for s in &facts.slices {
            let day = times.read(&s.acquisition_date, names::ACQUISITION_DATE, bids, time::date);
            let clock = times.read(&s.acquisition_time, names::ACQUISITION_TIME, bids, time::time);
            slices.push((day, clock, times.stamp(&s.acquisition_date_time, names::ACQUISITION_DATE_TIME, bids)));
        }
        let decay = times.stamp(&facts.decay_date_time, names::DECAY_DATE_TIME, bids);
        let private = times.stamp(&facts.ge_scan_date_time, names::GE_SCAN, bids);
        let private = private.or_else(|| times.stamp(&facts.siemens_scan_date_time, names::SIEMENS_SCAN, bids));
        let first_clock = slices.iter().find_map(|(_, clock, _)| *clock);
        let beside = slices.iter().filter_map(|(_, clock, stamp)| Some((stamp.as_ref()?, *clock)));
        let stamps = beside.chain(decay.iter().map(|d| (d, None)));
        let stamps = stamps.chain(private.iter().map(|p| (p, series_time.or(first_clock))));
        times.find_zone(facts, &stamps.collect::<Vec<_>>(), notes);

        let decay = decay.map(|stamp| times.local(stamp.at, stamp.zone));
        let local: Vec<Option<Moment>> =
            slices.iter().map(|(_, _, stamp)| stamp.as_ref().map(|s| times.local(s.at, s.zone))).collect();
        let days = slices.iter().filter_map(|(day, _, _)| *day).chain(local.iter().flatten().map(|at| at.day()));
        let day = decay.map(Moment::day).or(series_date).or(days.min());
        times.dated = day.is_some();
        let at = |clock: i64| Moment::new(day.unwrap_or(0), clock);
        let base = decay.or(series_time.map(at)).or(first_clock.map(at));
        times.acquisitions = slices
            .iter()
            .zip(local)
            .map(|((day, clock, _), local)| match (*day, *clock, local.or(base)) {
                (Some(day), Some(clock), _) => Some(Moment::new(day, clock)),
                (None, Some(clock), Some(near)) => Some(Moment::nearest(clock, near)),
                _ => local,
            })
            .collect();
        times.over_midnight(decay.or(series_time.map(at)), notes);
        times.series = match (series_date, series_time, times.earliest()) {
            _ if decay.is_some() => decay,
            (None, Some(t), Some(near)) => Some(Moment::nearest(t, near)),
            (_, Some(t), _) => Some(at(t)),
            _ => None,
        };
        times.series_before_midnight(notes);
        notes.extend(times.too_far_apart());
        times.private = private.map(|stamp| times.private_start(&stamp, facts, notes));
        notes.extend(times.bad.iter().cloned());
        times
    }

    /// The zone of the clock, and a doubt where there are two.
    fn find_zone(&mut self, facts: &HeaderFacts, stamps: &[(&Stamp, Option<i64>)], notes: &mut Vec<String>) {
        let named = self.read(&facts.timezone, names::TIMEZONE, facts.bids, time::offset);
        let words = || facts.timezone.as_deref().map_or("", time::tidy);
        match zone::zone(named.map(|z| (z, said(names::TIMEZONE, facts.bids, words()))), stamps) {
            Ok(zone) => self.zone = zone,
            Err(two) => {
                notes.push(format!("doubtful: {two}"));
                self.two_zones = Some(two);
            }
        }
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
    pub fn anchor(&self) -> Option<Moment> {
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

    /// Something says a zone of the scan, or several do.
    pub fn tells_zone(&self) -> bool {
        self.zone.is_some() || self.two_zones.is_some()
    }

    /// Brings a moment with an offset from UTC onto the clock of the scan, where that one's offset is known too.
    pub fn local(&self, at: Moment, zone: Option<i64>) -> Moment {
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

    /// A date-time. A date alone is no moment; DICOM allows it.
    fn stamp(&mut self, text: &Option<String>, name: Name, bids: bool) -> Option<Stamp> {
        let text = text.as_deref().map(time::tidy).filter(|t| !t.is_empty())?;
        match time::date_time(text) {
            Some((at, zone)) => Some(Stamp { at, zone, said: said(name, bids, text) }),
            None => {
                let line = format!("{}: no date with a time, left out", said(name, bids, text));
                if time::date(text).is_none() && !self.bad.contains(&line) {
                    self.bad.push(line);
                }
                None
            }
        }
    }

    /// Anonymisers shift the public dates but not these: a start on another day keeps its time of day only.
    fn private_start(&mut self, stamp: &Stamp, facts: &HeaderFacts, notes: &mut Vec<String>) -> Moment {
        let at = self.local(stamp.at, stamp.zone);
        let Some(near) = self.earliest().or(self.series) else {
            self.dated = true;
            return at;
        };
        if at.since(near).abs() <= 43_200.0 {
            return at;
        }
        if self.dated {
            let name = if facts.ge_scan_date_time.is_some() { names::GE_SCAN } else { names::SIEMENS_SCAN };
            notes.push(format!(
                "{} is {}, not on the day of the acquisition: only its time of day is used",
                name.of(false),
                at.iso()
            ));
        }
        Moment::nearest(at.time_of_day(), near)
    }
}

/// What a fact is called and how it is written.
fn said(name: Name, bids: bool, text: &str) -> String {
    format!("{} is '{text}'", name.of(bids))
}
