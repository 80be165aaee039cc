//! Scans over midnight. Kind: invariant (whatever dates are written, the SUV is that of the true ones) and oracle (by hand).

use super::*;

/// Beds at these times, on the first of January or on the second; half-life one hour, injected an hour before the first.
fn beds(times: &[(&str, &str)], series: &str) -> HeaderFacts {
    let slices = times.iter().map(|(day, time)| SliceFacts {
        acquisition_date: some(day),
        frame_duration: Some(3.6e6),
        ..slice(time)
    });
    HeaderFacts {
        injection_date_time: None,
        injection_time: some("223000"),
        series_time: some(series),
        slices: slices.collect(),
        ..facts()
    }
}

const TRUE: [(&str, &str); 3] = [("20250101", "233000"), ("20250101", "235500"), ("20250102", "002000")];

/// The true ones, with the date of the start, with the date of the end and with none.
fn written(series: &str) -> [HeaderFacts; 4] {
    let on = |day: &'static str| TRUE.map(|(_, time)| (day, time));
    let mut end = beds(&on("20250102"), series);
    end.series_date = some("20250102");
    let mut none = beds(&on(""), series);
    none.series_date = None;
    [beds(&TRUE, series), beds(&on("20250101"), series), end, none]
}

#[test]
fn dates_of_the_start_or_of_the_end_change_no_suv() {
    for rule in ["START", "NONE"] {
        let [truth, others @ ..] = written("233000").map(|mut f| {
            f.decay_correction = some(rule);
            run(&f)
        });
        // The first bed begins one half-life after the injection.
        let frame = if rule == "NONE" { 2.0 * std::f64::consts::LN_2 } else { 1.0 };
        near(truth.factors[0], HALVED * frame);
        for (found, dates) in others.iter().zip(["start", "end", "none"]) {
            assert_eq!(found.factors, truth.factors, "{rule}, {dates}");
            assert_eq!(real(found, "uptake_min"), Some(60.0), "{rule}, {dates}");
            assert!(!found.notes.iter().any(|n| n.contains("taken as the day before")), "{:?}", found.notes);
        }
        noted(&others[0], "run from 23:30:00 over midnight to 00:20:00");
        assert!(!truth.notes.iter().any(|n| n.contains("midnight")), "{:?}", truth.notes);
    }
}

#[test]
fn a_series_that_begins_before_midnight_under_the_date_of_its_slices_is_of_the_day_before() {
    let at = |series: &str| run(&beds(&[("20250101", "000100"), ("20250101", "000600")], series));
    let found = at("235800");
    assert_eq!(text(&found, "suv_reference"), "series");
    assert_eq!(text(&found, "reference_time"), "2024-12-31T23:58:00");
    noted(&found, "the series is taken as of the day before");
    // One that was written in the evening of that day is later, as ever.
    assert_eq!(text(&at("220000"), "suv_reference"), "acquisition");
}

#[test]
fn acquisitions_of_two_days_are_doubted() {
    let mut f = beds(&[("20250101", "233000"), ("20250103", "233500")], "233000");
    noted(&run(&f), "doubtful: the acquisitions of one scan lie 48.1 h apart, from 2025-01-01T23:30:00");
    // One time that is wrong moves no other.
    f.slices = vec![slice("110000"), slice("235900")];
    f.injection_time = some("100000");
    f.series_time = some("110000");
    let found = factor(&f, HALVED);
    noted(&found, "doubtful: the acquisitions of one scan lie 13.0 h apart");
    // Twelve hours and less are left alone.
    f.slices = vec![slice("110000"), slice("190000")];
    f.injection_time = some("100000");
    f.series_time = some("110000");
    assert!(!run(&f).notes.iter().any(|n| n.contains("apart") || n.contains("midnight")));
}
