//! Decay correction and times. Kind: oracle (by hand).

use super::*;
use uptake::recipe::{Recipe, preset};

#[test]
fn admin_needs_no_time() {
    let f = HeaderFacts {
        decay_correction: some("ADMIN"),
        half_life: None,
        injection_date_time: None,
        series_time: None,
        slices: vec![SliceFacts { slope: Some(1.0), ..SliceFacts::default() }],
        ..facts()
    };
    factor(&f, 70_000.0 / 3.7e8);
}

#[test]
fn none_counts_each_frame() {
    let mut f = HeaderFacts { decay_correction: some("NONE"), corrected_image: vec!["ATTN".into()], ..facts() };
    f.slices = ["110000", "120000"].map(|t| SliceFacts { frame_duration: Some(3.6e6), ..slice(t) }).to_vec();
    // A frame of one half-life: the mean is 1 / (2 ln 2) of the start.
    let found = factor(&f, HALVED * 2.0 * std::f64::consts::LN_2);
    near(found.factors[1], 2.0 * found.factors[0]);
    f.slices[1].frame_duration = None;
    refused(&f, "missing ActualFrameDuration (0018,1242) of slice 2");
    f.slices[1] = SliceFacts { frame_duration: Some(3.6e6), ..slice("") };
    refused(&f, "missing AcquisitionTime (0008,0032) of slice 2");
    f.slices[1].acquisition_time = some("094900");
    refused(&f, "AcquisitionTime (0008,0032) 2025-01-01T09:49:00 is before the injection");
}

#[test]
fn start_by_the_private_time() {
    let mut f = HeaderFacts { ge_scan_date_time: some("20250101120000.00"), ..facts() };
    let found = factor(&f, 2.0 * HALVED);
    assert_eq!(text(&found, "suv_reference"), "private");
    assert_eq!(text(&found, "reference_time"), "2025-01-01T12:00:00");
    near(real(&found, "suv_factor_series").unwrap(), 0.5);
    near(real(&found, "suv_spread_pct").unwrap(), 100.0);
    noted(&found, "differ by 100.00 %");
    noted(&found, "private 1.0000, series 0.5000, acquisition 0.5000");
    // Dates are shifted by anonymisers, private ones are not.
    f.ge_scan_date_time = some("19960223120000.00");
    noted(&factor(&f, 2.0 * HALVED), "only its time of day");
    let siemens = HeaderFacts { ge_scan_date_time: None, siemens_scan_date_time: some("20250101120000.000"), ..f };
    factor(&siemens, 2.0 * HALVED);
}

#[test]
fn start_counted_back_from_the_frames() {
    // A frame of one half-life has its mean after log2(2 ln 2) half-lives: 1696.4 s.
    let mean = 3600.0 * libm::log2(2.0 * std::f64::consts::LN_2);
    let mut f = facts();
    f.slices = [("111000", 600.0), ("112000", 1200.0)]
        .map(|(t, after)| SliceFacts {
            frame_reference_time: Some(1000.0 * (mean + after + 600.0)),
            frame_duration: Some(3.6e6),
            ..slice(t)
        })
        .to_vec();
    // The scan began at 10:50, ten minutes before the series says.
    let expected = 70_000.0 / 3.7e8 * libm::exp2(50.0 / 60.0);
    let found = run(&f);
    for factor in &found.factors {
        assert!((factor / expected - 1.0).abs() < 1e-9, "{factor}");
    }
    assert_eq!(text(&found, "suv_reference"), "frame");
    assert!((real(&found, "suv_factor_series").unwrap() - libm::exp2(10.0 / 60.0)).abs() < 1e-9);
    noted(&found, "frame is used");
    // GE counts to the start of the frame.
    f.manufacturer = some("GE MEDICAL SYSTEMS");
    for (s, after) in f.slices.iter_mut().zip([1_200_000.0, 1_800_000.0]) {
        s.frame_reference_time = Some(after);
    }
    near(run(&f).factors[0], expected);
}

#[test]
fn slices_that_refer_to_different_times_are_told() {
    let mut f = HeaderFacts { series_time: None, ..facts() };
    f.slices = ["110000", "120000"]
        .map(|t| SliceFacts { frame_reference_time: Some(0.0), frame_duration: Some(6e4), ..slice(t) })
        .to_vec();
    let found = factor(&f, HALVED);
    near(found.factors[1], 2.0 * HALVED);
    noted(&found, "3600 s apart");
    assert_eq!(text(&found, "reference_time"), "2025-01-01T11:00:00 to 2025-01-01T12:00:00");
}

#[test]
fn start_by_the_series_or_else_the_first_acquisition() {
    let mut f = HeaderFacts { series_time: some("110000"), ..facts() };
    f.slices = vec![slice("130000"), slice("120000")];
    let found = factor(&f, HALVED);
    near(real(&found, "suv_factor_acquisition").unwrap(), 2.0);
    noted(&found, "series is used");
    f.series_time = some("150000");
    let found = factor(&f, 2.0 * HALVED);
    assert_eq!(text(&found, "suv_reference"), "acquisition");
    assert!(text(&found, "suv_left_out").contains("processed later"));
    near(real(&found, "suv_factor_series").unwrap(), 8.0);
    assert_eq!(real(&found, "suv_spread_pct"), Some(0.0));
    f.series_time = some("soon");
    noted(&factor(&f, 2.0 * HALVED), "SeriesTime (0008,0031) is 'soon'");
    f.slices = vec![slice(""), slice("")];
    refused(&f, "missing SeriesTime (0008,0031) and AcquisitionTime (0008,0032); SeriesTime (0008,0031) is 'soon'");
}

#[test]
fn a_start_before_the_injection_is_refused() {
    let f = HeaderFacts { series_time: some("094959"), ..facts() };
    let error = refused(&f, "the start of the scan (series) 2025-01-01T09:49:59 is before the injection");
    assert!(error.contains("(0018,1078) 2025-01-01T10:00:00") && error.contains("suv.injection"), "{error}");
}

#[test]
fn whole_days_count() {
    // 89Zr, five days and one hour after the injection.
    let f = HeaderFacts { half_life: Some(86_400.0), injection_date_time: some("20241227100000"), ..facts() };
    let found = factor(&f, 70_000.0 / 3.7e8 * libm::exp2(5.0 + 1.0 / 24.0));
    near(real(&found, "uptake_min").unwrap(), 7260.0);
    let undated = HeaderFacts { injection_date_time: None, injection_time: some("100000"), ..f };
    let error = refused(&undated, "(0018,1072) has no date");
    assert!(error.contains("suv.injection=YYYYMMDDhhmmss"), "{error}");
}

#[test]
fn midnight_lies_between() {
    let mut f = HeaderFacts { injection_date_time: None, injection_time: some("233000"), ..facts() };
    f.series_time = some("003000");
    f.slices = vec![slice("003000")];
    let found = factor(&f, HALVED);
    noted(&found, "the day before (midnight)");
    assert_eq!(text(&found, "injection_time"), "2024-12-31T23:30:00");
    // No date anywhere, and the second slice past midnight.
    f.series_date = None;
    f.series_time = some("235000");
    f.injection_time = some("225000");
    f.slices = ["235000", "001000"].map(|t| SliceFacts { acquisition_date: None, ..slice(t) }).to_vec();
    let found = factor(&f, HALVED);
    assert_eq!(text(&found, "injection_time"), "22:50:00");
    f.injection_time = some("001500");
    refused(&f, "more than ten half-lives");
}

/// Regression: a clock that was half an hour wrong was told as an injection of the day before, 23.5 h before the scan.
#[test]
fn an_injection_after_the_scan_is_told_as_that() {
    let f = HeaderFacts { injection_date_time: None, injection_time: some("113000"), ..facts() };
    let error = refused(
        &f,
        "(0018,1072): the injection at 2025-01-01T11:30:00 is 0.5 h after the scan (2025-01-01T11:00:00); on the day before it would be \
         23.5 h before it, more than ten half-lives of 3600 s",
    );
    // The remedy that it names.
    assert!(error.contains("--set suv.injection=YYYYMMDDhhmmss"), "{error}");
    let set = Settings { injection: some("20250101100000"), ..Settings::default() };
    near(convert(&f, &set).unwrap().factors[0], HALVED);
}

/// Regression: a half-life that the rule does not need was said to be used, and to have no effect.
#[test]
fn another_half_life_is_not_said_to_be_used_where_none_is() {
    let f = HeaderFacts {
        units: some("CNTS"),
        philips_suv_factor: Some(2.0 * HALVED),
        half_life: Some(6586.2),
        nuclide: some("^68^Gallium"),
        ..facts()
    };
    for settings in [Settings::default(), Settings { half_life_s: Some(3000.0), ..Settings::default() }] {
        let notes = convert(&f, &settings).unwrap().notes;
        let told: Vec<&String> = notes.iter().filter(|n| n.contains("half-life of")).collect();
        assert_eq!(told.len(), 1, "{notes:?}");
        assert!(told[0].ends_with("is 4062.6 s; the rule 'CNTS (7053,1000)' does not need it"), "{}", told[0]);
    }
}

#[test]
fn a_scan_that_begins_minutes_before_the_injection_is_computed_with_a_warning() {
    let begins = |time: &str| HeaderFacts { series_time: some(time), slices: vec![slice(time)], ..facts() };
    let found = factor(&begins("095500"), 70_000.0 / 3.7e8 * libm::exp2(-5.0 / 60.0));
    noted(&found, "starts 300 s before the injection");
    // The same where the injection has a time of day only: it is not the day before.
    let undated = HeaderFacts { injection_date_time: None, injection_time: some("100000"), ..begins("095500") };
    noted(&factor(&undated, 70_000.0 / 3.7e8 * libm::exp2(-5.0 / 60.0)), "starts 300 s before the injection");
    refused(&begins("094959"), "before the injection");
}

/// Clocks count seconds: a SeriesTime cut or rounded by one may not change which way leads to the start of the scan.
#[test]
fn a_second_between_series_and_acquisition_changes_no_way() {
    let at = |series: &str| {
        // All slices carry the time of the series, and reference times that lie minutes on.
        let s = SliceFacts { frame_reference_time: Some(1_200_000.0), frame_duration: Some(6e4), ..slice("110000") };
        let found =
            run(&HeaderFacts { series_time: some(series), half_life: Some(6586.2), slices: vec![s], ..facts() });
        (text(&found, "suv_reference"), found.factors[0])
    };
    let (way, exact) = at("110000");
    assert_eq!(way, "series");
    for series in ["105959", "110001", "105958.5", "110001.9"] {
        let (way, factor) = at(series);
        assert!((factor / exact - 1.0).abs() < 3e-4, "{series}: {way} {factor}");
    }
}

#[test]
fn facts_that_are_missing_for_a_way_are_told() {
    let s = SliceFacts { frame_reference_time: Some(1000.0), frame_duration: None, ..slice("110000") };
    let found = run(&HeaderFacts { slices: vec![s], ..facts() });
    assert_eq!(text(&found, "suv_left_out"), "frame: ActualFrameDuration (0018,1242) is missing");
}

#[test]
fn time_zones() {
    let mut f =
        HeaderFacts { injection_date_time: some("20250101090000.000+0000"), timezone: some("+0100"), ..facts() };
    factor(&f, HALVED);
    f.timezone = None;
    f.injection_date_time = some("20250101100000+0100");
    noted(&factor(&f, HALVED), "time zone");
}

/// Oracle: half the dose is left, whichever fact of the scan tells its zone. Regression: the injection in UTC was taken for one on
/// the clock of the scan, and SUV was 46 % too high for FDG.
#[test]
fn any_date_time_of_the_scan_tells_its_zone() {
    let utc = || HeaderFacts { injection_date_time: some("20250101090000+0000"), ..facts() };
    let with = |stamp: &str| SliceFacts { acquisition_date_time: some(stamp), ..slice("110000") };
    let silent = |f: &HeaderFacts| {
        let found = factor(f, HALVED);
        assert!(found.notes.iter().all(|n| !n.contains("zone")), "{:?}", found.notes);
        found
    };
    for stamp in ["20250101110000+0100", "20250101113000+0100", "2025-01-01T11:00:00.25+01:00"] {
        silent(&HeaderFacts { slices: vec![with(stamp)], ..utc() });
    }
    // The clock of the scan is in UTC, its date-times are not.
    silent(&HeaderFacts {
        injection_date_time: some("20250101110000+0100"),
        slices: vec![with("20250101120000+0100")],
        ..facts()
    });
    // No time alone beside it.
    let alone = SliceFacts { acquisition_date: None, acquisition_time: None, ..with("20250101110000+0100") };
    silent(&HeaderFacts { slices: vec![alone.clone()], ..utc() });
    // On the clock that (0008,0201) tells.
    let found =
        silent(&HeaderFacts { timezone: some("+0200"), series_time: some("120000"), slices: vec![alone], ..utc() });
    assert_eq!(text(&found, "acquisition_time"), "2025-01-01T12:00:00");
    silent(&HeaderFacts { ge_scan_date_time: some("20250101110000+0100"), ..utc() });
    let decay = silent(&HeaderFacts {
        decay_date_time: some("20250101100000+0000"),
        timezone: some("+0100"),
        series_time: None,
        ..utc()
    });
    assert_eq!(text(&decay, "reference_time"), "2025-01-01T11:00:00");
    // A date alone says the day.
    let day = SliceFacts { acquisition_date: None, ..with("20250101") };
    silent(&HeaderFacts {
        series_date: None,
        injection_date_time: None,
        injection_time: some("100000"),
        slices: vec![day],
        ..facts()
    });
}

/// Two zones of one scan are told with both values, and refused where the injection is brought onto its clock by them.
#[test]
fn two_zones_of_one_scan_are_doubted_or_refused() {
    let stamp = SliceFacts { acquisition_date_time: some("20250101110000+0100"), ..slice("110000") };
    let two = HeaderFacts { timezone: some("+0000"), slices: vec![stamp], ..facts() };
    let both = "TimezoneOffsetFromUTC (0008,0201) is '+0000', but AcquisitionDateTime (0008,002A) or (0018,9074) is '20250101110000+0100'";
    noted(&factor(&two, HALVED), &format!("doubtful: {both}"));
    let offset = HeaderFacts { injection_date_time: some("20250101090000+0000"), ..two.clone() };
    let error = refused(&offset, both);
    assert!(error.contains("suv.injection"), "{error}");
    let set = Settings { injection: some("20250101100000"), ..Settings::default() };
    near(convert(&offset, &set).unwrap().factors[0], HALVED);
    let set = Settings { injection: some("20250101090000Z"), ..Settings::default() };
    assert!(convert(&offset, &set).is_err());
    // A time alone is on the clock of the scan.
    factor(&HeaderFacts { injection_time: some("100000"), ..offset }, HALVED);
}

#[test]
fn a_date_that_cannot_be_gives_way_to_the_time() {
    let mut f = HeaderFacts { injection_date_time: some("20110704100000"), injection_time: some("100000"), ..facts() };
    noted(&factor(&f, HALVED), "(0018,1072) is used");
    f.injection_time = None;
    refused(&f, "(0018,1078): the injection is");
    f.injection_date_time = some("2025010110000Q");
    refused(&f, "(0018,1078) is '2025010110000Q'");
}

#[test]
fn contradictions_and_gaps() {
    noted(&run(&HeaderFacts { corrected_image: vec!["ATTN".into()], ..facts() }), "lacks DECY");
    refused(&HeaderFacts { decay_correction: None, ..facts() }, "missing DecayCorrection (0054,1102)");
    refused(&HeaderFacts { decay_correction: some("LATER"), ..facts() }, "DecayCorrection (0054,1102) is 'LATER'");
    refused(&HeaderFacts { half_life: None, ..facts() }, "missing RadionuclideHalfLife (0018,1075)");
    refused(
        &HeaderFacts { injection_date_time: None, ..facts() },
        "missing RadiopharmaceuticalStartDateTime (0018,1078)",
    );
}

/// What a printed remedy gives: the recipe with the first setting that it names.
#[track_caller]
fn remedied(f: &HeaderFacts) -> Conversion {
    let remedy = convert(f, &Settings::default()).unwrap_err().remedy.unwrap();
    let setting = remedy.strip_prefix("--set ").and_then(|r| r.split([' ', ',']).next()).unwrap().to_string();
    let recipe = Recipe::parse("r.toml", preset("pet").unwrap().text, &[setting]).unwrap();
    convert(f, &recipe.body.suv).unwrap()
}

/// Regression: a date with a time an hour from the time beside it changed SUV by 46 %, without a word.
#[test]
fn two_times_of_injection_are_one_or_refused_with_both() {
    let of = |full: &str, clock: &str| HeaderFacts {
        injection_date_time: some(full),
        injection_time: some(clock),
        ..facts()
    };
    let error = refused(&of("20250101100000", "090000"), "(0018,1078) is 2025-01-01T10:00:00, but");
    assert!(error.contains("(0018,1072) is 090000") && error.contains("20250101100000 or 20250101090000"), "{error}");
    near(remedied(&of("20250101100000", "090000")).factors[0], HALVED);
    near(remedied(&of("20250101090000", "100000")).factors[0], 2.0 * HALVED);
    refused(&of("20250101100000", "100101"), "but");
    refused(&of("20250101100000", "095850"), "but");
    // Cut to the minute, with a fraction, or not readable beside one that is.
    for (full, clock) in [("20250101100000.5", "1000"), ("20250101100000", "095900"), ("20250101100000", "soon")] {
        assert!(run(&of(full, clock)).notes.iter().all(|n| !n.contains("zone")), "{full} {clock}");
    }
    // Around midnight, and without dates in the scan.
    let late =
        HeaderFacts { series_time: some("003000"), slices: vec![slice("003000")], ..of("20241231235930", "000010") };
    run(&late);
    let undated = HeaderFacts {
        series_date: None,
        slices: vec![SliceFacts { acquisition_date: None, ..slice("110000") }],
        ..of("20250101100000", "090000")
    };
    refused(&undated, "but");
}

/// Oracle: half the dose is left, whichever clock the injection is told by.
#[test]
fn time_zones_explain_two_times_of_injection() {
    let of = |full: &str, clock: &str, zone: Option<&str>| HeaderFacts {
        injection_date_time: some(full),
        injection_time: some(clock),
        timezone: zone.map(str::to_string),
        ..facts()
    };
    for (full, clock, zone, told) in [
        ("20250101090000+0000", "100000", Some("+0100"), false),
        ("20250101090000+0000", "090000", Some("+0100"), false),
        ("20250101100000", "100000", Some("+0100"), false),
        // One of them in UTC, without a word.
        ("20250101090000", "100000", Some("+0100"), true),
        ("20250101100000", "090000", Some("+0100"), true),
        ("20250101150000", "100000", Some("-0500"), true),
        // The zone of the scan is not known: the time alone is on its clock.
        ("20250101043000+0000", "100000", None, true),
    ] {
        let found = factor(&of(full, clock, zone), HALVED);
        let notes =
            found.notes.iter().filter(|n| n.contains("in another time zone: 2025-01-01T10:00:00 is used")).count();
        assert_eq!(notes, usize::from(told), "{full} {clock} {zone:?}: {:?}", found.notes);
    }
    refused(&of("20250101080000", "100000", Some("+0100")), "but");
    refused(&of("20250101092000+0000", "100000", None), "but");
    refused(&of("20250101080000+0000", "100000", Some("+0100")), "but");
}

/// Regression: a nuclide against its tracer's name gave 5 times the SUV, a half-life of 0 was said not to be there.
#[test]
fn half_lives_that_cannot_be_are_refused_with_a_remedy_that_works() {
    let nuclide = |half_life, nuclide: Option<&str>, tracer: &str| HeaderFacts {
        half_life,
        nuclide: nuclide.map(str::to_string),
        tracer: some(tracer),
        ..facts()
    };
    let two = nuclide(None, Some("^11^Carbon"), "FDG F^18^");
    let error = refused(&two, "RadionuclideCodeSequence (0054,0300) is ^11^Carbon (1221.84 s), but");
    assert!(error.contains("Radiopharmaceutical (0018,0031) is FDG F^18^ (6586.2 s)"), "{error}");
    assert_eq!(real(&remedied(&two), "half_life_s"), Some(1221.84));
    noted(&run(&nuclide(Some(6586.2), Some("^11^Carbon"), "FDG")), "the half-life of ^11^Carbon is 1221.84 s");
    noted(&run(&nuclide(Some(1221.84), Some("^11^Carbon"), "FDG")), "the half-life of FDG is 6586.2 s");
    assert!(run(&nuclide(None, Some("F-18"), "[18F]FDG")).notes.iter().all(|n| !n.contains("doubtful: R")));
    // 0 is what files write for unknown.
    noted(&run(&nuclide(Some(0.0), None, "FDG")), "is taken as 6586.2 s: RadionuclideHalfLife (0018,1075) is 0");
    for bad in [-6586.2, f64::NAN] {
        let error = refused(&nuclide(Some(bad), None, "FDG"), "RadionuclideHalfLife (0018,1075) is ");
        assert!(error.contains("--set suv.half_life_s=6586.2"), "{error}");
    }
    let unknown = nuclide(Some(0.0), None, "Solution");
    refused(&unknown, "RadionuclideHalfLife (0018,1075) is 0 s: no half-life");
    // The values are those at the injection: no half-life is needed.
    let admin = HeaderFacts { decay_correction: some("ADMIN"), ..nuclide(Some(-1.0), None, "FDG") };
    noted(&factor(&admin, 70_000.0 / 3.7e8), "is -1 s: no half-life; the rule does not need it");
    // Minutes for seconds.
    let minutes = nuclide(Some(109.77), None, "FDG");
    refused(&minutes, "the half-life is 109.77 s, but that of FDG is 6586.2 s");
    assert_eq!(real(&remedied(&minutes), "half_life_s"), Some(6586.2));
    let error = refused(&nuclide(Some(109.77), None, "Solution"), "more than ten half-lives of 109.77 s");
    assert!(error.contains("suv.injection=YYYYMMDDhhmmss, or suv.half_life_s="), "{error}");
}

#[test]
fn a_decay_factor_of_the_other_rule_is_doubted() {
    // The scan begins one half-life after the injection: to that 2, to its own begin next to nothing.
    let with = |rule: &str, factor: f64| {
        let slices = vec![SliceFacts { decay_factor: Some(factor), frame_duration: Some(6e4), ..slice("110000") }];
        run(&HeaderFacts { decay_correction: some(rule), slices, ..facts() }).notes
    };
    let doubts = |notes: Vec<String>| notes.into_iter().filter(|n| n.contains("DecayFactor")).collect::<Vec<_>>();
    let said = doubts(with("ADMIN", 1.0095)).concat();
    assert!(
        said.contains("is 1.0095, where ADMIN makes at least 2.0000: that of START (--set suv.decay=start)"),
        "{said}"
    );
    let said = doubts(with("START", 2.02)).concat();
    assert!(said.contains("is 2.0200, where START makes at most 1.01"), "{said}");
    for (rule, factor) in [("ADMIN", 2.0), ("ADMIN", 2.1), ("START", 1.0), ("START", 1.0095)] {
        assert_eq!(doubts(with(rule, factor)), [""; 0], "{rule} {factor}");
    }
}
