//! When the dose was injected.
//!
//! - An injection without a date was before the scan: on its day, or on the day before where the scan was earlier in
//!   the day (midnight). With a half-life above 11.5 h the day cannot be guessed, and is asked for.
//! - An injection up to ten minutes after the scan began was on that very day: the scan began first, with a warning.
//! - A time with a date and one without, both of the injection, say the same to the minute, or differ by an offset from UTC: the
//!   one on the clock of the scan counts. Else both are refused.

use super::clock::Times;
use super::names;
use super::time::{self, Moment};
use super::zone;
use super::{HeaderFacts, Settings, dose};
use crate::{Error, Result};

/// A scan may begin so many seconds before the recorded injection: clocks differ, and dynamic scans begin first.
pub const BEFORE: f64 = 600.0;
/// Above this half-life, in s, a scan days after the injection is usual.
const LONG_LIVED: f64 = 41_400.0;
/// An injection longer ago than this many half-lives is a mistake: a thousandth would be left.
const MOST_HALF_LIVES: f64 = 10.0;
const REMEDY: &str = "--set suv.injection=YYYYMMDDhhmmss";

/// When the dose was injected, and who says so.
#[derive(Clone, Copy, Debug)]
pub struct Injection {
    /// On the clock of the scan.
    pub at: Moment,
    /// Name of the fact.
    pub source: &'static str,
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
        self.one_zone(time::date_time(text).and_then(|t| t.1))?;
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
        if clock.and_then(time::time).is_none() {
            self.one_zone(zone)?;
        }
        if !self.times.dated {
            let at = self.agreed(at, zone, clock, notes)?;
            return self.on_clock(at.time_of_day(), source, notes);
        }
        let (written, at) = (at, self.times.local(at, zone));
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
            None => {
                let at = self.agreed(written, zone, clock, notes)?;
                if zone.is_some() && !self.times.tells_zone() && at == written {
                    notes.push(format!(
                        "{source} is '{text}', but nothing says the time zone of the scan: taken as the same clock"
                    ));
                }
                self.judged(at, source)
            }
        }
    }

    /// An offset from UTC needs the zone of the scan, if that is told.
    ///
    /// # Errors
    /// Two zones are told.
    fn one_zone(&self, zone: Option<i64>) -> Result<()> {
        match (zone, &self.times.two_zones) {
            (Some(_), Some(two)) => Err(Error::format(two.clone())
                .needed_for("SUVbw: the time of injection has an offset from UTC")
                .remedy(format!("{REMEDY}, on the clock of AcquisitionTime"))),
            _ => Ok(()),
        }
    }

    /// The injection on the clock of the scan, `full` as written, held against the time of day that stands beside it.
    ///
    /// # Errors
    /// They are more than a minute apart, and no offset from UTC explains it.
    fn agreed(&self, full: Moment, zone: Option<i64>, clock: Option<&str>, notes: &mut Vec<String>) -> Result<Moment> {
        let at = self.times.local(full, zone);
        let Some(text) = clock else { return Ok(at) };
        let Some(clock) = time::time(text) else { return Ok(at) };
        let beside = |at: Moment| zone::is_at(at, clock);
        // On the clock of the scan, or as written: then the time is in the zone of the date beside it.
        if beside(at) || beside(full) {
            return Ok(at);
        }
        let (dated, alone) = (names::INJECTION_DATE_TIME.of(false), names::INJECTION_TIME.of(false));
        let explains = |minutes: &i64| beside(at.plus_minutes(*minutes));
        let moved = match (zone, self.times.zone) {
            // One of them is in UTC, without saying so.
            (None, Some(scan)) if explains(&scan) => Some(at.plus_minutes(scan)),
            (None, Some(scan)) if explains(&-scan) => Some(at),
            // The time alone is on the clock of the scan, whose zone nobody says.
            (Some(zone), None) => {
                let zones = (-48..=56).map(|quarter| 15 * quarter - zone);
                zones.into_iter().find(explains).map(|minutes| at.plus_minutes(minutes))
            }
            _ => None,
        };
        if let Some(local) = moved {
            notes.push(format!(
                "{dated} is {} and {alone} {text}, in another time zone: {} is used",
                full.iso(),
                local.iso()
            ));
            return Ok(local);
        }
        let other = Moment::nearest(clock, at);
        let digits = |at: Moment| at.iso().chars().filter(char::is_ascii_digit).take(14).collect::<String>();
        Err(Error::format(format!("{dated} is {}, but {alone} is {text}", full.iso()))
            .needed_for("SUVbw")
            .remedy(format!("--set suv.injection={} or {}, whichever is true", digits(at), digits(other))))
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
        // A clock slip, not midnight.
        let away = self.scan.since(at);
        if near > self.scan && self.too_long(away) && dose::other_half_life(self.facts, self.half_life).is_none() {
            return Err(self.after(near, away, source));
        }
        if at.day() < self.scan.day() {
            notes.push(format!("{source} is later in the day than the scan: taken as the day before (midnight)"));
        }
        self.judged(at, source)
    }

    fn judged(&self, at: Moment, source: &'static str) -> Result<Injection> {
        let away = self.scan.since(at);
        if self.too_long(away) {
            return Err(self.long_ago(away, source));
        }
        Ok(Injection { at, source })
    }
    /// The same day's injection would be after the scan, and the day before's is too long ago.
    fn after(&self, near: Moment, away: f64, source: &str) -> Error {
        let (scan, used) = (self.times.text(self.scan), self.half_life.unwrap_or_default());
        let later = near.since(self.scan) / 3600.0;
        Error::format(format!(
            "{source}: the injection at {} is {later:.1} h after the scan ({scan}); on the day before it would be {:.1} h before it, more \
             than ten half-lives of {used} s: one of the times is wrong",
            self.times.text(near),
            away / 3600.0
        ))
        .remedy(format!("{REMEDY} with the true time"))
        .needed_for("SUVbw")
    }
    /// The half-life may be what is wrong: minutes written for seconds.
    fn long_ago(&self, away: f64, source: &str) -> Error {
        let ago =
            format!("{source}: the injection is {:.1} h before the scan, more than ten half-lives", away / 3600.0);
        let used = self.half_life.unwrap_or_default();
        let error = match dose::other_half_life(self.facts, self.half_life) {
            Some((nuclide, known)) if away <= MOST_HALF_LIVES * known => Error::format(format!(
                "the half-life is {used} s, but that of {nuclide} is {known} s; with the first, {ago}"
            ))
            .remedy(format!("--set suv.half_life_s={known}")),
            _ => Error::format(format!("{ago} of {used} s")).remedy(format!("{REMEDY}, or suv.half_life_s=...")),
        };
        error.needed_for("SUVbw")
    }
    fn too_long(&self, seconds: f64) -> bool {
        self.half_life.is_some_and(|h| seconds > MOST_HALF_LIVES * h)
    }
    fn long_lived(&self) -> bool {
        self.half_life.is_some_and(|h| h > LONG_LIVED)
    }
}
