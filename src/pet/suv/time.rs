//! Dates and times as DICOM writes them, and exact differences between them.
//!
//! - DA: `YYYYMMDD`, the old `YYYY.MM.DD`, and `YYYY-MM-DD`.
//! - TM: `HH`, `HHMM`, `HHMMSS`, `HHMMSS.FFFFFF`, and the old `HH:MM:SS.F`.
//! - DT: `YYYYMMDDHH[MM[SS[.FFFFFF]]][+ZZXX]`, and `YYYY-MM-DDTHH:MM:SS`. A date alone is no moment.
//!
//! A [`Moment`] counts microseconds in an integer, so a difference of days is as exact as one of seconds. Days follow
//! the Gregorian calendar; a leap second (`60`) is taken as the first second of the next minute.

use std::fmt::Write;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
/// Microseconds of a day.
pub const DAY: i64 = 1440 * MINUTE;
const DAYS_BEFORE: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// A moment on the scanner's clock: microseconds since the start of 0001-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// That time of day, in microseconds, on that day.
    pub fn new(day: i64, time_of_day: i64) -> Self {
        Moment(day * DAY + time_of_day)
    }
    /// The time of day on the day that brings it nearest to another moment.
    pub fn nearest(time_of_day: i64, to: Moment) -> Self {
        let same_day = Moment::new(to.day(), time_of_day);
        match same_day.0 - to.0 {
            d if d > DAY / 2 => Moment(same_day.0 - DAY),
            d if d < -DAY / 2 => Moment(same_day.0 + DAY),
            _ => same_day,
        }
    }
    /// The last moment at that time of day that is not after another moment.
    pub fn last_before(time_of_day: i64, to: Moment) -> Self {
        let same_day = Moment::new(to.day(), time_of_day);
        if same_day > to { Moment(same_day.0 - DAY) } else { same_day }
    }
    /// Seconds from an earlier moment to this one.
    pub fn since(self, earlier: Moment) -> f64 {
        (self.0 - earlier.0) as f64 / SECOND as f64
    }
    /// So many seconds later, to the microsecond.
    pub fn plus(self, seconds: f64) -> Self {
        Moment(self.0.saturating_add(libm::rint(seconds * SECOND as f64) as i64))
    }
    /// So many minutes later.
    pub fn plus_minutes(self, minutes: i64) -> Self {
        Moment(self.0 + minutes * MINUTE)
    }
    /// Number of the day.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }
    /// Microseconds since midnight.
    pub fn time_of_day(self) -> i64 {
        self.0.rem_euclid(DAY)
    }
    /// `YYYY-MM-DDTHH:MM:SS.F`, the fraction only where there is one.
    pub fn iso(self) -> String {
        let (year, month, day) = civil(self.day());
        format!("{year:04}-{month:02}-{day:02}T{}", self.clock())
    }
    /// `HH:MM:SS.F`, the fraction only where there is one.
    pub fn clock(self) -> String {
        let t = self.time_of_day();
        let (s, fraction) = (t / SECOND, t % SECOND);
        let mut text = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
        if fraction != 0 {
            let digits = format!("{fraction:06}");
            let _ = write!(text, ".{}", digits.trim_end_matches('0'));
        }
        text
    }
}

/// The number of the day of a DA value.
pub fn date(text: &str) -> Option<i64> {
    let text = tidy(text);
    let plain = match text.len() {
        8 => text.to_string(),
        10 => {
            let mut parts = text.split(['.', '-']);
            let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
            (y.len() == 4 && m.len() == 2 && d.len() == 2).then(|| format!("{y}{m}{d}"))?
        }
        _ => return None,
    };
    let (y, m, d) = (number(plain.get(..4)?)?, number(plain.get(4..6)?)?, number(plain.get(6..)?)?);
    (y > 0 && (1..=12).contains(&m) && d >= 1 && d <= days_in(y, m)).then(|| day_number(y, m, d))
}

/// Microseconds since midnight of a TM value.
pub fn time(text: &str) -> Option<i64> {
    let text = tidy(text);
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, digits)) => (whole, Some(micros(digits)?)),
        None => (text, None),
    };
    let plain = if whole.contains(':') {
        let parts: Vec<&str> = whole.split(':').collect();
        parts.iter().all(|p| p.len() == 2).then(|| parts.concat())?
    } else {
        whole.to_string()
    };
    if !matches!((plain.len(), fraction), (2 | 4, None) | (6, _)) {
        return None;
    }
    let two = |at: usize| plain.get(at..at + 2).map_or(Some(0), number);
    let (h, m, s) = (two(0)?, two(2)?, two(4)?);
    (h < 24 && m < 60 && s <= 60).then(|| (h * 60 + m) * MINUTE + s * SECOND + fraction.unwrap_or(0))
}

/// The moment of a DT value, and its offset from UTC in minutes if it has one.
pub fn date_time(text: &str) -> Option<(Moment, Option<i64>)> {
    let [day, clock, zone] = parts(text)?;
    let zone = if zone.is_empty() { None } else { Some(offset(zone)?) };
    Some((Moment::new(date(day)?, time(clock)?), zone))
}

/// The date, the time and the offset from UTC of a DT value, as they are written; the last two may be empty.
pub fn parts(text: &str) -> Option<[&str; 3]> {
    let text = tidy(text);
    let dashed = text.as_bytes().get(4) == Some(&b'-');
    let (day, rest) = text.split_at_checked(if dashed { 10 } else { 8 })?;
    let rest = rest.strip_prefix(['T', ' ']).unwrap_or(rest);
    let (clock, zone) = rest.split_at(rest.find(['+', '-', 'Z']).unwrap_or(rest.len()));
    Some([day, clock, zone])
}

/// Two DT values say the same second. A value without an offset is in the zone `zone`, where that is known.
pub fn is_same(a: &str, b: &str, zone: Option<&str>) -> bool {
    let (Some((a, its)), Some((b, other))) = (date_time(a), date_time(b)) else { return false };
    let zone = zone.and_then(offset);
    let b = match (its.or(zone), other.or(zone)) {
        (Some(its), Some(other)) => b.plus_minutes(its - other),
        _ => b,
    };
    a.since(b).abs() < 1.0
}

/// Minutes of an offset from UTC: `+0100`, `-05:30`, `Z`.
pub fn offset(text: &str) -> Option<i64> {
    let text = tidy(text);
    let sign = match text.bytes().next()? {
        b'+' => 1,
        b'-' => -1,
        b'Z' if text.len() == 1 => return Some(0),
        _ => return None,
    };
    let digits = text.get(1..)?.replace(':', "");
    let (h, m) = (number(digits.get(..2)?)?, number(digits.get(2..)?)?);
    (digits.len() == 4 && h <= 14 && m < 60).then_some(sign * (h * 60 + m))
}

/// Without the padding that DICOM allows.
pub fn tidy(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

fn number(digits: &str) -> Option<i64> {
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Microseconds of the digits behind the point; those beyond the sixth are cut off.
fn micros(digits: &str) -> Option<i64> {
    number(digits)?;
    let six: String = digits.chars().chain("000000".chars()).take(6).collect();
    number(&six)
}

fn leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let past = year - 1;
    let before = usize::try_from(month - 1).ok().and_then(|m| DAYS_BEFORE.get(m)).copied().unwrap_or(0);
    365 * past + past / 4 - past / 100 + past / 400 + before + i64::from(month > 2 && leap(year)) + day - 1
}

fn civil(day: i64) -> (i64, i64, i64) {
    let mut year = 1 + day * 400 / 146_097;
    while day_number(year, 1, 1) > day {
        year -= 1;
    }
    while day_number(year + 1, 1, 1) <= day {
        year += 1;
    }
    let month = (1..=12).rev().find(|&m| day_number(year, m, 1) <= day).unwrap_or(1);
    (year, month, day - day_number(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    //! Kind: oracle (values worked out by hand).
    use super::*;

    #[test]
    fn times() {
        assert_eq!(time("10"), Some(36_000 * SECOND));
        assert_eq!(time("1030"), Some(37_800 * SECOND));
        assert_eq!(time("104830.351370"), Some(38_910_351_370));
        assert_eq!(time("084500.00 "), Some(31_500 * SECOND));
        assert_eq!(time("08:45:00.5"), Some(31_500_500_000));
        assert_eq!(time("000000\0"), Some(0));
        assert_eq!(time("120000.1234567"), Some(43_200_123_456));
        for bad in ["", "1", "240000", "106000", "1030.5", "10:3", "12345", "abcdef", "1200-0", "12é0"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }

    #[test]
    fn dates() {
        assert_eq!(date("00010101"), Some(0));
        assert_eq!(date("19700101"), Some(719_162));
        assert_eq!(date("2000.02.29").map(|d| d - 719_162), Some(11_016));
        assert_eq!(date("2000-02-29"), date("20000229"));
        for bad in ["20230229", "19000229", "20231301", "20230100", "2023011", "2023-1-01", "20é0101"] {
            assert_eq!(date(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments() {
        let (a, zone) = date_time("20231231235959.5+0130").unwrap();
        assert_eq!((a.iso().as_str(), zone), ("2023-12-31T23:59:59.5", Some(90)));
        let (b, none) = date_time("2024-01-01T00:00:01").unwrap();
        assert_eq!((b.since(a), none), (1.5, None));
        assert_eq!(
            date_time("2024010110-0500"),
            Some((Moment::new(date("20240101").unwrap(), 600 * MINUTE), Some(-300)))
        );
        for bad in ["20240101", "202401", "20240101+0100", "20240101250000", "2024010112000é"] {
            assert_eq!(date_time(bad), None, "{bad}");
        }
    }

    #[test]
    fn one_second_in_two_zones() {
        for (a, b, zone, same) in [
            ("20240115080000+0000", "20240115090000.5+0100", None, true),
            ("20240115080000+0000", "20240115080000+0100", None, false),
            ("20240115080000", "20240115080000.25", None, true),
            ("20240115080000", "20240115070000+0000", Some("+0100"), true),
            ("20240115080000", "20240115070000+0000", None, false),
            ("20240115", "20240115", None, false),
        ] {
            assert_eq!(is_same(a, b, zone), same, "{a} {b}");
        }
        assert_eq!(parts("2024-01-15T08:00:00-05:00"), Some(["2024-01-15", "08:00:00", "-05:00"]));
        assert_eq!((parts("20240115"), parts("2024")), (Some(["20240115", "", ""]), None));
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in date("18991231").unwrap()..date("23000102").unwrap() {
            let (y, m, d) = civil(day);
            assert_eq!(date(&format!("{y:04}{m:02}{d:02}")), Some(day));
        }
    }

    #[test]
    fn midnight() {
        let noon = Moment::new(10, DAY / 2);
        let early = Moment::new(10, 10 * MINUTE);
        assert_eq!(Moment::last_before(DAY - MINUTE, early), Moment::new(9, DAY - MINUTE));
        assert_eq!(Moment::last_before(MINUTE, early), Moment::new(10, MINUTE));
        assert_eq!(Moment::nearest(DAY - MINUTE, early), Moment::new(9, DAY - MINUTE));
        assert_eq!(Moment::nearest(MINUTE, Moment::new(10, DAY - MINUTE)), Moment::new(11, MINUTE));
        assert_eq!(Moment::nearest(0, noon), Moment::new(10, 0));
    }
}
