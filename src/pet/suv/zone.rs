//! The zone that the clock of a scan is in.
//!
//! TimezoneOffsetFromUTC (0008,0201) says it, and so does every date-time of the scan that has an offset from UTC. Where the same
//! moment stands beside it as a time alone, the clock is in the zone that turns one into the other: that of the date-time, that
//! of (0008,0201), or UTC. Two zones are no zone: an hour is 46 % of the SUV of FDG.

use super::time::Moment;

/// A time that is cut to the minute is the same time.
pub const SAME: f64 = 60.0;

/// A date-time as it is written.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// On its own clock.
    pub at: Moment,
    /// Its offset from UTC in minutes.
    pub zone: Option<i64>,
    /// What it is called and how it is written, for messages.
    pub said: String,
}

/// Two moments at one time of day, whatever the day.
pub fn is_at(at: Moment, time_of_day: i64) -> bool {
    at.since(Moment::nearest(time_of_day, at)).abs() <= SAME
}

/// The zone of the clock, in minutes from UTC, or the sentence that two facts say two zones.
///
/// `named` is what (0008,0201) says, with its words. Beside each stamp stands the time of day of the same moment on the clock of
/// the scan, where the file has one; stamps without it are moments wherever they were written, and count where nothing else does.
///
/// # Errors
/// The sentence.
pub fn zone(named: Option<(i64, String)>, stamps: &[(&Stamp, Option<i64>)]) -> Result<Option<i64>, String> {
    let by_name = named.as_ref().map(|n| n.0);
    let told = |stamp: &Stamp, time_of_day: i64| {
        let own = stamp.zone?;
        let turns = |zone: &i64| is_at(stamp.at.plus_minutes(zone - own), time_of_day);
        Some(std::iter::once(own).chain(by_name).chain([0]).find(turns).unwrap_or(own))
    };
    let beside = stamps.iter().filter_map(|(stamp, clock)| Some((told(stamp, (*clock)?)?, stamp.said.clone())));
    let mut all = named.into_iter().chain(beside);
    let Some((zone, first)) = all.next() else { return Ok(stamps.iter().find_map(|(stamp, _)| stamp.zone)) };
    match all.find(|(other, _)| *other != zone) {
        Some((_, second)) => Err(format!("{first}, but {second}: the scan would be in two time zones")),
        None => Ok(Some(zone)),
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::super::time::{date_time, offset, time};
    use super::*;

    #[test]
    fn one_zone_is_told_by_whatever_tells_it() {
        let stamp = |text: &str| {
            let (at, zone) = date_time(text).unwrap();
            Stamp { at, zone, said: text.into() }
        };
        for (named, stamps, expected) in [
            (None, vec![], Ok(None)),
            (Some("+0100"), vec![], Ok(Some(60))),
            (None, vec![("20240115100000", Some("100000"))], Ok(None)),
            (None, vec![("20240115100000+0100", Some("100000"))], Ok(Some(60))),
            (None, vec![("20240115100000+0100", Some("100530"))], Ok(Some(60))),
            // The clock is in UTC, and the date-time is not.
            (None, vec![("20240115003000+0100", Some("2330"))], Ok(Some(0))),
            // The other way round.
            (Some("+0100"), vec![("20240115090000Z", Some("100000"))], Ok(Some(60))),
            (Some("+0100"), vec![("20240115090000Z", None)], Ok(Some(60))),
            (None, vec![("20240115090000-0500", None), ("20240115140000Z", None)], Ok(Some(-300))),
            (Some("+0000"), vec![("20240115100000+0100", Some("100000"))], Err("+0000, but 20240115100000+0100")),
            (
                None,
                vec![("20240115100000+0100", Some("100000")), ("20240115100000+0200", Some("100000"))],
                Err("20240115100000+0100, but 20240115100000+0200"),
            ),
        ] {
            let all: Vec<(Stamp, Option<i64>)> =
                stamps.iter().map(|(text, clock)| (stamp(text), clock.and_then(time))).collect();
            let all: Vec<(&Stamp, Option<i64>)> = all.iter().map(|(stamp, clock)| (stamp, *clock)).collect();
            let found = zone(named.map(|n: &str| (offset(n).unwrap(), n.into())), &all);
            match expected {
                Ok(expected) => assert_eq!(found, Ok(expected), "{named:?} {stamps:?}"),
                Err(part) => assert!(found.is_err_and(|e| e.contains(part)), "{named:?} {stamps:?}"),
            }
        }
    }
}
