//! When things happened: the times of the headers as moments on one clock.
//!
//! - A time without a date takes the date of its neighbour: the acquisition that of the series, all of them together
//!   the nearest day. Where there is no date at all, only differences below a day mean anything.
//! - A value that is no time is named, and counts as missing.

use super::HeaderFacts;
use super::names::{self, Name};
use super::time::{self, Moment};
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
    /// Values that are no times.
    pub bad: Vec<String>,
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
