//! Scans over midnight under one date: consoles keep the day of the start, and anonymisers write one date everywhere. No scan takes
//! a quarter of a day, so times with a pause of three quarters between them run on behind midnight.

use super::clock::Times;
use super::time::{DAY, Moment};

/// No times of one scan leave a pause as long as this within a day, in microseconds.
const PAUSE: i64 = DAY / 4 * 3;
/// A series that begins so many seconds after the first acquisition of its day, a day less an hour, began before midnight.
const ALMOST_A_DAY: f64 = 82_800.0;
/// The acquisitions of one scan lie no farther apart than this, in s.
const LONGEST: f64 = 43_200.0;

/// Where times of day, in microseconds, run over midnight: the first one before it, which is the one after the pause.
pub fn begins(times_of_day: impl IntoIterator<Item = i64>) -> Option<i64> {
    let mut sorted: Vec<i64> = times_of_day.into_iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).find(|pair| pair[1] - pair[0] > PAUSE).map(|pair| pair[1])
}

impl Times {
    /// Brings acquisitions of one date that run over midnight onto the two days that they are of. The date is that of the day on
    /// which the series began, `series` as written.
    pub(super) fn over_midnight(&mut self, series: Option<Moment>, notes: &mut Vec<String>) {
        let all: Vec<Moment> = self.acquisitions.iter().flatten().copied().collect();
        let Some(day) = all.first().map(|at| at.day()).filter(|day| all.iter().all(|at| at.day() == *day)) else {
            return;
        };
        let Some(first) = begins(all.iter().map(|at| at.time_of_day())) else { return };
        let series = series.filter(|at| at.day() == day);
        let begin = series.map_or(Moment::new(day, first), |at| Moment::nearest(first, at));
        for at in self.acquisitions.iter_mut().flatten() {
            let time_of_day = at.time_of_day();
            *at = Moment::new(begin.day() + i64::from(time_of_day < first), time_of_day);
        }
        if let Some(last) = self.acquisitions.iter().flatten().max() {
            notes.push(format!(
                "the acquisitions of one date run from {} over midnight to {}: the later ones are taken as of the next day",
                begin.clock(),
                last.clock()
            ));
        }
    }

    /// A series that would begin almost a day after its first acquisition began on the day before, shortly before midnight.
    pub(super) fn series_before_midnight(&mut self, notes: &mut Vec<String>) {
        let (Some(series), Some(first)) = (self.series, self.earliest()) else { return };
        if series.day() == first.day() && series.since(first) > ALMOST_A_DAY {
            self.series = Some(Moment::nearest(series.time_of_day(), first));
            notes.push(format!(
                "the series begins at {}, its first acquisition at {} of the same date: the series is taken as of the day before \
                 (midnight)",
                series.clock(),
                first.clock()
            ));
        }
    }

    /// A doubt where the acquisitions of one scan lie more than half a day apart all the same.
    pub(super) fn too_far_apart(&self) -> Option<String> {
        let (first, last) = (self.earliest()?, self.acquisitions.iter().flatten().max()?);
        let hours = last.since(first) / 3600.0;
        (last.since(first) > LONGEST).then(|| {
            format!(
                "doubtful: the acquisitions of one scan lie {hours:.1} h apart, from {} to {}: look at the dates of its slices",
                self.text(first),
                self.text(*last)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::super::time::time;
    use super::begins;

    #[test]
    fn a_pause_of_three_quarters_of_a_day_is_midnight() {
        for (times, expected) in [
            (&["2336", "2341", "2356", "0001", "0006"][..], Some("2336")),
            (&["0001", "2358"], Some("2358")),
            (&["0500", "2300"], None),
            // One time that is wrong.
            (&["0800", "0800", "2359"], None),
            (&["0000", "0600", "1200", "1800"], None),
            (&["1000"], None),
            (&[], None),
        ] {
            assert_eq!(begins(times.iter().filter_map(|t| time(t))), expected.and_then(time), "{times:?}");
        }
    }
}
