//! Times of a BIDS sidecar, which count seconds from `TimeZero`, as the dates and times of DICOM that the rules for SUV read.
//!
//! A sidecar has no date. All times are put around one day in January 2000; only their distances count.

use crate::{Error, Result};

const DAY: i64 = 86_400_000_000;

/// Seconds since midnight of `hh:mm:ss`, `hhmmss` or the time of `YYYY-MM-DDThh:mm:ss`, each with a fraction or without.
pub fn of_day(text: &str) -> Option<f64> {
    let text = text.rsplit(['T', ' ']).next()?.trim_end_matches('Z');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = whole.chars().filter(|c| *c != ':').collect();
    let sound = digits.len() == 6 && digits.chars().chain(fraction.chars()).all(|c| c.is_ascii_digit());
    let part = |from: usize| digits.get(from..from + 2)?.parse::<u32>().ok();
    let (h, m, s) = (part(0)?, part(2)?, part(4)?);
    let fraction: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
    (sound && h < 24 && m < 60 && s < 61).then(|| f64::from(h * 3600 + m * 60 + s) + fraction)
}

/// A date and a time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// YYYYMMDD.
    pub date: String,
    /// hhmmss.ffffff.
    pub time: String,
}

/// A moment so many seconds after midnight of the day.
///
/// # Errors
/// It is two weeks away.
pub fn moment(seconds: f64) -> Result<Moment> {
    let micro = (seconds * 1e6).round();
    if micro.is_nan() || micro.abs() >= 14.0 * DAY as f64 {
        return Err(Error::format(format!("a time {seconds} s from the day of TimeZero")));
    }
    let (day, micro) = ((micro as i64).div_euclid(DAY), (micro as i64).rem_euclid(DAY));
    let (second, fraction) = (micro / 1_000_000, micro % 1_000_000);
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    Ok(Moment { date: format!("200001{:02}", 15 + day), time: format!("{h:02}{m:02}{s:02}.{fraction:06}") })
}

/// A date-time as DICOM writes it: digits, and the offset from UTC where there is one.
pub fn stamp(text: &str) -> Option<String> {
    // Before that there are only the dashes of a date.
    let zone = text.char_indices().skip(10).find(|(_, c)| matches!(c, '+' | '-' | 'Z'));
    let (clock, zone) = text.split_at(zone.map_or(text.len(), |(at, _)| at));
    let digits: String = clock.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    (!digits.is_empty()).then(|| digits + zone.trim())
}

#[cfg(test)]
mod tests {
    //! Oracle: literal times.
    use super::*;

    #[test]
    fn times_pass_midnight_both_ways() {
        let moment = |s| moment(s).map(|m| format!("{} {}", m.date, m.time)).unwrap();
        assert_eq!(moment(0.0), "20000115 000000.000000");
        assert_eq!(moment(86_399.5), "20000115 235959.500000");
        assert_eq!(moment(90_061.25), "20000116 010101.250000");
        assert_eq!(moment(-1.0), "20000114 235959.000000");
        assert!(super::moment(2e6).is_err() && super::moment(f64::NAN).is_err());
    }

    #[test]
    fn clocks_are_read() {
        assert_eq!(of_day("01:02:03"), Some(3723.0));
        assert_eq!(of_day("010203.5"), Some(3723.5));
        assert_eq!(of_day("2020-05-06T01:02:03Z"), Some(3723.0));
        for bad in ["", "25:00:00", "1:2:3", "01:02", "noon", "01:02:0x", "é1:02:03"] {
            assert_eq!(of_day(bad), None, "{bad}");
        }
        for (text, expected) in [
            ("2020-05-06T01:02:03.5", "20200506010203.5"),
            ("2020-05-06T01:02:03-05:00", "20200506010203-05:00"),
            ("20200506010203Z", "20200506010203Z"),
            ("2020/05/06 01:02:03", "20200506010203"),
        ] {
            assert_eq!(stamp(text).as_deref(), Some(expected));
        }
        assert_eq!(stamp("soon"), None);
    }
}
