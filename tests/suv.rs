//! SUV: every unit, every rule of decay, every refusal.
//!
//! Kind: oracle (published factors of three scanners, the facts of eleven digital reference objects and of one patient
//! series; else values worked out by hand, with a half-life of one hour so that doses halve) and invariant (at the end).

mod common;

use proptest::prelude::*;
use uptake::suv::{Conversion, Decay, Facts, Settings, SliceFacts, Units, convert};
use uptake::table::Cells;

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

fn slice(time: &str) -> SliceFacts {
    SliceFacts {
        acquisition_date: some("20250101"),
        acquisition_time: some(time),
        slope: Some(1.0),
        intercept: Some(0.0),
        ..SliceFacts::default()
    }
}

/// 70 kg, 370 MBq at 10:00, scan at 11:00, half-life one hour: half the dose is left, SUV is 70,000 g / 185 MBq.
fn facts() -> Facts {
    Facts {
        units: some("BQML"),
        decay_correction: some("START"),
        corrected_image: vec!["ATTN".into(), "DECY".into()],
        weight: Some(70.0),
        height: Some(1.75),
        sex: some("M"),
        dose: Some(3.7e8),
        half_life: Some(3600.0),
        injection_date_time: some("20250101100000"),
        series_date: some("20250101"),
        series_time: some("110000"),
        slices: vec![slice("110000")],
        ..Facts::default()
    }
}

const HALVED: f64 = 70_000.0 / 1.85e8;

fn run(facts: &Facts) -> Conversion {
    convert(facts, &Settings::default()).unwrap()
}

fn refused(facts: &Facts, part: &str) -> String {
    let error = convert(facts, &Settings::default()).unwrap_err().to_string();
    assert!(error.contains(part), "'{part}' is not in: {error}");
    error
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} is not {b}");
}

#[track_caller]
fn factor(facts: &Facts, expected: f64) -> Conversion {
    let found = run(facts);
    assert_eq!(found.unit, "g/ml");
    near(found.factors[0], expected);
    found
}

fn real(c: &Conversion, name: &str) -> Option<f64> {
    match &c.audit.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Real(v) => v[0],
        other => panic!("{name} is {other:?}"),
    }
}

fn text(c: &Conversion, name: &str) -> String {
    match &c.audit.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Text(v) => v[0].clone().unwrap_or_default(),
        other => panic!("{name} is {other:?}"),
    }
}

fn noted(c: &Conversion, part: &str) {
    assert!(c.notes.iter().any(|n| n.contains(part)), "'{part}' is not in {:?}", c.notes);
}

mod published {
    use super::*;
    use serde_json::Value;

    /// The headers of a scanner as the JSON files have them.
    fn of_json(items: &[Value]) -> Facts {
        let first = &items[0];
        let words = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_string);
        let number = |v: &Value, key: &str| v.get(key).and_then(Value::as_f64);
        Facts {
            units: words(first, "Units"),
            decay_correction: words(first, "DecayCorrection"),
            corrected_image: first["CorrectedImage"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|c| c.as_str())
                .map(Into::into)
                .collect(),
            weight: number(first, "PatientWeight"),
            height: number(first, "PatientSize"),
            sex: words(first, "PatientSex"),
            dose: number(first, "RadionuclideTotalDose"),
            half_life: number(first, "RadionuclideHalfLife"),
            injection_date_time: words(first, "RadiopharmaceuticalStartDateTime"),
            injection_time: words(first, "RadiopharmaceuticalStartTime"),
            series_date: words(first, "SeriesDate"),
            series_time: words(first, "SeriesTime"),
            philips_suv_factor: words(&first["PhilipsPETPrivateGroup"], "SUVScaleFactor").and_then(|f| f.parse().ok()),
            slices: items
                .iter()
                .map(|v| SliceFacts {
                    acquisition_date: words(v, "AcquisitionDate"),
                    acquisition_time: words(v, "AcquisitionTime"),
                    frame_reference_time: number(v, "FrameReferenceTime"),
                    frame_duration: number(v, "ActualFrameDuration"),
                    slope: Some(1.0),
                    intercept: Some(0.0),
                })
                .collect(),
            ..Facts::default()
        }
    }

    #[test]
    fn factors_of_three_scanners() {
        let Some(folder) = common::shared("pet_suv_factors") else { return };
        let expected = std::fs::read_to_string(folder.join("expected.csv")).unwrap();
        let mut checked = 0;
        for line in expected.lines().skip(1) {
            let mut parts = line.split(',');
            let (case, published) = (parts.next().unwrap(), parts.next().unwrap().parse::<f64>().unwrap());
            let json = std::fs::read_to_string(folder.join(format!("{case}.json"))).unwrap();
            let facts = of_json(&serde_json::from_str::<Vec<Value>>(&json).unwrap());
            let found = run(&facts);
            for f in &found.factors {
                assert!((f / published - 1.0).abs() < 1e-6, "{case}: {f} is not {published}");
            }
            checked += 1;
        }
        assert_eq!(checked, 3);
    }

    /// The same without the files.
    #[test]
    fn siemens_and_ge_by_their_facts() {
        let mut siemens = Facts {
            weight: Some(67.0),
            dose: Some(3.74e8),
            half_life: Some(6586.2),
            injection_date_time: some("20201217083045.000000 "),
            series_date: some("20201217"),
            series_time: some("104829.000000"),
            ..facts()
        };
        siemens.slices = [(38_513.36, 74_324.0), (39_189.36, 75_676.0), (39_864.86, 77_027.0)]
            .map(|(reference, duration)| SliceFacts {
                acquisition_date: some("20201217"),
                acquisition_time: some("104830.351370"),
                frame_reference_time: Some(reference),
                frame_duration: Some(duration),
                ..slice("")
            })
            .to_vec();
        let found = run(&siemens);
        assert!((found.factors[2] / 0.000_427_483_161_871_972_36 - 1.0).abs() < 1e-12);
        assert_eq!(text(&found, "suv_reference"), "series");
        let frame = real(&found, "suv_factor_frame").unwrap();
        assert!((frame - 1.0).abs() < 3e-6 && frame != 1.0, "the frames confirm it to {frame}");

        let mut ge =
            Facts { weight: Some(52.0), dose: Some(152_022_720.0), half_life: Some(6586.2001953125), ..siemens };
        ge.injection_date_time = some("20201217084500.00 ");
        ge.series_time = some("095621");
        for s in &mut ge.slices {
            s.acquisition_time = some("095621");
            (s.frame_reference_time, s.frame_duration) = (Some(0.0), Some(120_000.0));
        }
        let found = run(&ge);
        assert!((found.factors[0] / 0.000_536_738_768_181_974_2 - 1.0).abs() < 1e-12);
        assert_eq!(real(&found, "suv_spread_pct"), Some(0.0));
    }

    /// All eleven digital reference objects: 70 kg, 1.75 m, sex O, 368.08 MBq of 18F at 10:00, scan at 11:00, frames of 300 s.
    /// With these factors the voxels inside the mask are 0.20, 1.00 and 4.00 at least, in the median and at most.
    #[test]
    fn digital_reference_objects() {
        let mut s = slice("110000.000000");
        (s.frame_reference_time, s.frame_duration) = (Some(150_000.0), Some(300_000.0));
        let base = Facts {
            sex: some("O"),
            dose: Some(368_080_000.0),
            half_life: Some(6586.2),
            injection_date_time: some("20250101100000.000000"),
            injection_time: some("100000.000000"),
            series_time: some("110000.000000"),
            manufacturer: some("Synthetic"),
            slices: vec![s.clone(); 2],
            ..facts()
        };
        let start = 0.000_277_778_124_960_682_5;
        factor(&base, start);
        let mut slopes = base.clone();
        (slopes.slices[0].slope, slopes.slices[1].slope) = (Some(4.0), Some(3.0));
        near(run(&slopes).factors[0], 4.0 * start);
        near(run(&slopes).factors[1], 3.0 * start);
        factor(&Facts { units: some("GML"), suv_type: some("BW"), ..base.clone() }, 1.0);
        factor(&Facts { units: some("GML"), suv_type: some("IBW"), ..base.clone() }, 70.0 / 69.405);
        factor(&Facts { units: some("CNTS"), philips_suv_factor: Some(0.0005), ..base.clone() }, 0.0005);
        noted(&factor(&Facts { dose: Some(368.08), ..base.clone() }, start), "read as MBq");
        factor(&Facts { decay_correction: some("ADMIN"), ..base.clone() }, 0.000_190_176_048_685_068_47);
        factor(&Facts { injection_time: None, ..base.clone() }, start);
        factor(&Facts { injection_date_time: None, ..base.clone() }, start);
        factor(&Facts { half_life: Some(4057.7), ..base.clone() }, 0.000_351_746_890_552_429_06);
        let mut none = Facts { decay_correction: some("NONE"), manufacturer: some("GE MEDICAL SYSTEMS"), ..base };
        none.corrected_image.retain(|c| c != "DECY");
        for (s, (time, reference)) in none.slices.iter_mut().zip([("110000.000000", 3e5), ("110500.000000", 6e5)]) {
            s.acquisition_time = some(time);
            (s.frame_reference_time, s.frame_duration) = (Some(reference), Some(603_000.0));
        }
        let found = run(&none);
        near(found.factors[1], 0.000_295_881_240_434_031_9);
        near(found.factors[1] / found.factors[0], libm::exp(std::f64::consts::LN_2 / 6586.2 * 300.0));
        assert!(found.notes.iter().all(|n| n.contains("mean of both")), "{:?}", found.notes);
    }

    /// A whole-body series of GE whose slices all carry the time of the series, though their frames differ.
    #[test]
    fn patient_series() {
        let mut s = slice("112011.00");
        s.acquisition_date = some("20000907");
        s.frame_duration = Some(240_000.0);
        let series = Facts {
            manufacturer: some("GE MEDICAL SYSTEMS"),
            weight: Some(71.0),
            height: Some(1.63),
            dose: Some(3.88777472e8),
            half_life: Some(6588.0),
            injection_date_time: None,
            injection_time: some("103500.00"),
            series_date: some("20000907"),
            series_time: some("112011.00"),
            slices: [1_215_000.0, 729_000.0, 0.0]
                .map(|r| SliceFacts { frame_reference_time: Some(r), ..s.clone() })
                .to_vec(),
            ..facts()
        };
        let found = run(&series);
        for f in &found.factors {
            assert!((32_567.22 * f / 7.910675 - 1.0).abs() < 1e-6, "{f}");
        }
        assert_eq!(text(&found, "suv_reference"), "series");
        assert!(text(&found, "suv_left_out").contains("(0008,0032) for slices of different"));
        near(real(&found, "uptake_min").unwrap(), 45.0 + 11.0 / 60.0);
        assert_eq!(found.notes, Vec::<String>::new());
    }
}

mod units {
    use super::*;

    #[test]
    fn bqml_with_the_slope_of_each_slice() {
        let mut f = facts();
        f.slices = vec![slice("110000"), SliceFacts { slope: Some(0.5), ..slice("110000") }];
        let found = factor(&f, HALVED);
        near(found.factors[1], 0.5 * HALVED);
        near(real(&found, "suv_factor_min").unwrap(), HALVED);
        near(real(&found, "suv_factor_max").unwrap(), HALVED);
    }

    #[test]
    fn gml_of_every_type() {
        let of = |kind: &str, sex: &str| {
            let f = Facts { units: some("GML"), suv_type: some(kind), sex: some(sex), ..facts() };
            run(&f).factors[0]
        };
        assert_eq!(of("", "M"), 1.0);
        assert_eq!(of("BW", "M"), 1.0);
        near(of("LBM", "M"), 70.0 / 57.8);
        near(of("LBMJAMES128", "M"), 70.0 / 56.52);
        near(of("LBM", "F"), 70.0 / 51.22);
        near(of("LBMJAMES128", "O"), 70.0 / 53.87);
        near(of("LBMJANMA", "M"), 70.0 / 55.857_107_722_577_474);
        near(of("LBMJANMA", ""), 140.0 / (55.857_107_722_577_474 + 45.197_014_925_373_13));
        near(of("IBW", "F"), 70.0 / 66.43);
    }

    #[test]
    fn cm2ml() {
        let f = Facts { units: some("CM2ML"), suv_type: some("BSA"), ..facts() };
        let found = run(&f).factors[0];
        assert!((found / (70_000.0 / 18_481.430_181_213_463) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn counts_of_philips() {
        let f = Facts { units: some("CNTS"), philips_activity_factor: Some(2.0), ..facts() };
        factor(&f, 2.0 * HALVED);
        let both = Facts { philips_suv_factor: Some(2.1 * HALVED), ..f.clone() };
        let found = factor(&both, 2.1 * HALVED);
        near(real(&found, "suv_factor_activity").unwrap(), 2.0 / 2.1);
        noted(&found, "(7053,1009)");
        // The console writes 0 where it has no weight.
        factor(&Facts { philips_suv_factor: Some(0.0), ..f }, 2.0 * HALVED);
    }

    #[test]
    fn counts_per_second() {
        let mut f = Facts { units: some("CPS"), voxel_ml: Some(0.064), ..facts() };
        f.corrected_image.push("DCAL".into());
        factor(&f, HALVED / 0.064);
        f.corrected_image.pop();
        f.dose_calibration_factor = Some(3.0);
        factor(&f, 3.0 * HALVED);
        f.dose_calibration_factor = None;
        refused(&f, "DoseCalibrationFactor (0054,1322)");
    }

    #[test]
    fn refusals_of_units() {
        for unit in ["PROPCNTS", "PROPCPS", "1CM", "NONE"] {
            refused(&Facts { units: some(unit), ..facts() }, &format!("Units (0054,1001) is '{unit}'"));
        }
        refused(&Facts { units: some("CNTS"), ..facts() }, "(7053,1000)");
        refused(&Facts { units: None, ..facts() }, "missing Units (0054,1001)");
        refused(&Facts { units: some("GML"), suv_type: some("BSA"), ..facts() }, "SUVType (0054,1006) is 'BSA'");
        refused(&Facts { units: some("CM2ML"), suv_type: some("BW"), ..facts() }, "SUVType (0054,1006) is 'BW'");
        refused(&Facts { corrected_image: vec!["DECY".into()], ..facts() }, "CorrectedImage (0028,0051) lacks ATTN");
        let mut f = facts();
        f.slices[0].intercept = Some(-1.0);
        refused(&f, "RescaleIntercept (0028,1052) of slice 1 is -1");
        f.slices[0] = SliceFacts { slope: None, ..slice("110000") };
        refused(&f, "missing RescaleSlope (0028,1053) of slice 1");
    }
}

mod decay {
    use super::*;

    #[test]
    fn admin_needs_no_time() {
        let f = Facts {
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
        let mut f = Facts { decay_correction: some("NONE"), corrected_image: vec!["ATTN".into()], ..facts() };
        f.slices = ["110000", "120000"].map(|t| SliceFacts { frame_duration: Some(3.6e6), ..slice(t) }).to_vec();
        // A frame of one half-life: the mean is 1 / (2 ln 2) of the start.
        let found = factor(&f, HALVED * 2.0 * std::f64::consts::LN_2);
        near(found.factors[1], 2.0 * found.factors[0]);
        f.slices[1].frame_duration = None;
        refused(&f, "missing ActualFrameDuration (0018,1242) of slice 2");
        f.slices[1] = SliceFacts { frame_duration: Some(3.6e6), ..slice("") };
        refused(&f, "missing AcquisitionTime (0008,0032) of slice 2");
        f.slices[1].acquisition_time = some("095900");
        refused(&f, "AcquisitionTime (0008,0032) 2025-01-01T09:59:00 is before the injection");
    }

    #[test]
    fn start_by_the_private_time() {
        let mut f = Facts { ge_scan_date_time: some("20250101120000.00"), ..facts() };
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
        let siemens = Facts { ge_scan_date_time: None, siemens_scan_date_time: some("20250101120000.000"), ..f };
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
        let mut f = Facts { series_time: None, ..facts() };
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
        let mut f = Facts { series_time: some("110000"), ..facts() };
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
        refused(&f, "missing AcquisitionTime (0008,0032)");
    }

    #[test]
    fn a_start_before_the_injection_is_refused() {
        let f = Facts { series_time: some("095959"), ..facts() };
        let error = refused(&f, "the start of the scan (series) 2025-01-01T09:59:59 is before the injection");
        assert!(error.contains("(0018,1078) 2025-01-01T10:00:00") && error.contains("suv.injection"), "{error}");
    }

    #[test]
    fn whole_days_count() {
        // 89Zr, five days and one hour after the injection.
        let f = Facts { half_life: Some(86_400.0), injection_date_time: some("20241227100000"), ..facts() };
        let found = factor(&f, 70_000.0 / 3.7e8 * libm::exp2(5.0 + 1.0 / 24.0));
        near(real(&found, "uptake_min").unwrap(), 7260.0);
        let undated = Facts { injection_date_time: None, injection_time: some("100000"), ..f };
        let error = refused(&undated, "(0018,1072) has no date");
        assert!(error.contains("suv.injection=YYYYMMDDhhmmss"), "{error}");
    }

    #[test]
    fn midnight_lies_between() {
        let mut f = Facts { injection_date_time: None, injection_time: some("233000"), ..facts() };
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
        f.injection_time = some("235500");
        refused(&f, "more than ten half-lives");
    }

    #[test]
    fn time_zones() {
        let mut f = Facts { injection_date_time: some("20250101090000.000+0000"), timezone: some("+0100"), ..facts() };
        factor(&f, HALVED);
        f.timezone = None;
        f.injection_date_time = some("20250101100000+0100");
        noted(&factor(&f, HALVED), "time zone");
    }

    #[test]
    fn a_date_that_cannot_be_gives_way_to_the_time() {
        let mut f = Facts { injection_date_time: some("20110704100000"), injection_time: some("100000"), ..facts() };
        noted(&factor(&f, HALVED), "(0018,1072) is used");
        f.injection_time = None;
        refused(&f, "(0018,1078): the injection is");
        f.injection_date_time = some("2025010110000Q");
        refused(&f, "(0018,1078) is '2025010110000Q'");
    }

    #[test]
    fn contradictions_and_gaps() {
        noted(&run(&Facts { corrected_image: vec!["ATTN".into()], ..facts() }), "lacks DECY");
        refused(&Facts { decay_correction: None, ..facts() }, "missing DecayCorrection (0054,1102)");
        refused(&Facts { decay_correction: some("LATER"), ..facts() }, "DecayCorrection (0054,1102) is 'LATER'");
        refused(&Facts { half_life: None, ..facts() }, "missing RadionuclideHalfLife (0018,1075)");
        refused(
            &Facts { injection_date_time: None, ..facts() },
            "missing RadiopharmaceuticalStartDateTime (0018,1078)",
        );
    }
}

mod patient {
    use super::*;

    #[test]
    fn weight() {
        noted(&factor(&Facts { weight: Some(70_000.0), ..facts() }, HALVED), "read as g");
        for weight in [None, Some(0.0)] {
            let error = refused(&Facts { weight, ..facts() }, "PatientWeight (0010,1030)");
            assert!(error.contains("--set suv.weight_kg="), "{error}");
        }
        // SUV that the scanner made needs none.
        assert_eq!(run(&Facts { units: some("GML"), weight: None, ..facts() }).sul_factor, None);
    }

    #[test]
    fn lean_body_mass() {
        let found = run(&facts());
        near(found.sul_factor.unwrap(), 55.857_107_722_577_474 / 70.0);
        let other = run(&Facts { sex: None, height: Some(175.0), ..facts() });
        near(other.sul_factor.unwrap(), (55.857_107_722_577_474 + 45.197_014_925_373_13) / 140.0);
        noted(&other, "PatientSex (0010,0040) is O or empty");
        noted(&other, "read as cm");
        assert_eq!(run(&Facts { height: None, ..facts() }).sul_factor, None);
        refused(
            &Facts { units: some("GML"), suv_type: some("LBM"), height: None, ..facts() },
            "PatientSize (0010,1020)",
        );
    }

    #[test]
    fn dose() {
        let found = factor(&Facts { dose: Some(370.0), ..facts() }, HALVED);
        noted(&found, "RadionuclideTotalDose (0018,1074) is 370: read as MBq");
        assert_eq!((real(&found, "dose_mbq"), real(&found, "dose_recorded")), (Some(370.0), Some(370.0)));
        refused(&Facts { dose: Some(37_000.0), ..facts() }, "(0018,1074) is 37000: no plausible dose");
        refused(&Facts { dose: None, ..facts() }, "missing RadionuclideTotalDose (0018,1074)");
    }
}

mod settings {
    use super::*;

    fn with(settings: Settings) -> Conversion {
        convert(&facts(), &settings).unwrap()
    }

    #[test]
    fn replace_the_headers_and_say_so() {
        let found = with(Settings { dose_mbq: Some(185.0), weight_kg: Some(35.0), ..Settings::default() });
        near(found.factors[0], HALVED);
        noted(&found, "suv.weight_kg = 35 is used in place of PatientWeight (0010,1030) 70");
        assert_eq!(
            text(&found, "suv_overrides"),
            "dose_mbq=185 instead of RadionuclideTotalDose (0018,1074) 370000000; \
             weight_kg=35 instead of PatientWeight (0010,1030) 70"
        );
        near(with(Settings { half_life_s: Some(1800.0), ..Settings::default() }).factors[0], 2.0 * HALVED);
        near(with(Settings { injection: some("20250101090000"), ..Settings::default() }).factors[0], 2.0 * HALVED);
        near(with(Settings { injection: some("09:00:00"), ..Settings::default() }).factors[0], 2.0 * HALVED);
        near(with(Settings { decay: Some(Decay::Admin), ..Settings::default() }).factors[0], 0.5 * HALVED);
        let female = with(Settings { sex: some("f"), height_m: Some(1.6), ..Settings::default() });
        near(female.sul_factor.unwrap(), 9270.0 / (8780.0 + 244.0 * 70.0 / 2.56));
    }

    #[test]
    fn units_and_assumptions() {
        let units = |units| with(Settings { units: Some(units), ..Settings::default() });
        assert_eq!((units(Units::None).unit, units(Units::None).factors[0]), ("au", 1.0));
        assert_eq!((units(Units::Bqml).unit, units(Units::Bqml).factors[0]), ("Bq/ml", 1.0));
        assert_eq!((units(Units::Suv).unit, units(Units::Suv).factors[0]), ("g/ml", 1.0));
        let both = with(Settings { units: Some(Units::Bqml), dose_mbq: Some(370.0), ..Settings::default() });
        assert_eq!(both.unit, "g/ml");
        near(both.factors[0], HALVED);
        // Used only where the file says nothing.
        let assume = Settings { assume: Some(Units::Suv), ..Settings::default() };
        near(with(assume.clone()).factors[0], HALVED);
        let bare = Facts { slices: vec![SliceFacts { slope: Some(2.0), ..SliceFacts::default() }], ..Facts::default() };
        let found = convert(&bare, &assume).unwrap();
        assert_eq!((found.unit, found.factors[0]), ("g/ml", 2.0));
        noted(&found, "suv.assume");
        let nothing = run(&bare);
        assert_eq!((nothing.unit, nothing.factors[0]), ("au", 2.0));
        noted(&nothing, "nothing says");
        let activity = Settings {
            assume: Some(Units::Bqml),
            dose_mbq: Some(370.0),
            weight_kg: Some(70.0),
            decay: Some(Decay::Admin),
            ..Settings::default()
        };
        near(convert(&bare, &activity).unwrap().factors[0], HALVED);
        let alone = Settings { assume: Some(Units::Bqml), ..Settings::default() };
        assert_eq!(convert(&bare, &alone).unwrap().unit, "Bq/ml");
    }

    #[test]
    fn that_do_nothing_or_make_no_sense() {
        let gml = Facts { units: some("GML"), ..facts() };
        let set = Settings { dose_mbq: Some(1.0), ..Settings::default() };
        noted(&convert(&gml, &set).unwrap(), "suv.dose_mbq has no effect");
        for (bad, key) in [
            (Settings { dose_mbq: Some(0.0), ..Settings::default() }, "dose_mbq"),
            (Settings { weight_kg: Some(-1.0), ..Settings::default() }, "weight_kg"),
            (Settings { height_m: Some(175.0), ..Settings::default() }, "height_m"),
            (Settings { sex: some("x"), ..Settings::default() }, "sex"),
            (Settings { half_life_s: Some(f64::NAN), ..Settings::default() }, "half_life_s"),
            (Settings { injection: some("noon"), ..Settings::default() }, "injection"),
        ] {
            for facts in [facts(), gml.clone()] {
                let error = convert(&facts, &bad).unwrap_err();
                assert!(error.kind == uptake::Kind::Usage && error.what.contains(key), "{error}");
            }
        }
    }
}

mod rows {
    use super::*;

    #[test]
    fn bids_keys_and_no_dates() {
        let mut f = Facts { bids: true, corrected_image: vec![], ..facts() };
        let found = factor(&f, HALVED);
        noted(&found, "AttenuationCorrection is not stated");
        assert_eq!(text(&found, "injection_time"), "10:00:00");
        f.injection_date_time = some("20241230110000");
        f.half_life = Some(86_400.0);
        assert_eq!(text(&run(&f), "injection_time"), "11:00:00 2 d before the scan");
        f.dose = None;
        assert!(!refused(&f, "missing InjectedRadioactivity").contains("(0018"));
        f.weight = None;
        assert!(!refused(&f, "missing BodyWeight").contains("(0010"));
        f = Facts { injection_date_time: None, ..Facts { bids: true, ..facts() } };
        refused(&f, "missing InjectionStart");
    }

    #[test]
    fn one_row_with_the_same_columns_whatever_the_rule() {
        let all = [
            run(&facts()),
            run(&Facts { units: some("GML"), ..facts() }),
            convert(&Facts::default(), &Settings::default()).unwrap(),
        ];
        let names =
            |c: &Conversion| c.audit.columns.iter().map(|c| (c.name.clone(), c.unit.clone())).collect::<Vec<_>>();
        for c in &all {
            assert_eq!(names(c), names(&all[0]));
            assert!(c.audit.rows() == 1 && c.audit.columns.iter().all(|c| !c.definition.is_empty()));
        }
        assert_eq!(text(&all[0], "suv_rule"), "BQML");
        assert_eq!(text(&all[0], "suv_decay"), "START");
        assert_eq!(text(&all[0], "injection_time"), "2025-01-01T10:00:00");
        assert_eq!(real(&all[0], "uptake_min"), Some(60.0));
    }

    #[test]
    fn wrong_facts_that_nobody_needs_are_told() {
        let f = Facts { units: some("GML"), dose: Some(0.5), injection_date_time: some("never"), ..facts() };
        let found = factor(&f, 1.0);
        noted(&found, "(0018,1074) is 0.5");
        noted(&found, "(0018,1078) is 'never'");
        let early = Facts { units: some("GML"), injection_date_time: some("20250101113000"), ..facts() };
        noted(&run(&early), "starts before the injection");
    }
}

proptest! {
    /// SUV is in proportion to weight and slope, in inverse proportion to the dose, and grows with time as the dose decays.
    #[test]
    fn proportions(weight in 1.0..300.0_f64, mbq in 10.0..900.0_f64, slope in 1e-3..1e3_f64, k in 1.1..8.0_f64, minutes in 1..59_i32) {
        let time = format!("11{minutes:02}00");
        let mut base = Facts { weight: Some(weight), dose: Some(mbq * 1e6), series_time: some(&time), ..facts() };
        base.slices = vec![SliceFacts { slope: Some(slope), ..slice(&time) }];
        let one = run(&base).factors[0];
        let ratio = |f: &Facts| run(f).factors[0] / one;
        prop_assert!((ratio(&Facts { weight: Some(3.0 * weight), ..base.clone() }) / 3.0 - 1.0).abs() < 1e-12);
        prop_assert!((ratio(&Facts { dose: Some(k * mbq * 1e6), ..base.clone() }) * k - 1.0).abs() < 1e-12);
        let expected = weight * 1000.0 / (mbq * 1e6) * slope * 2.0 * libm::exp2(f64::from(minutes) / 60.0);
        prop_assert!((one / expected - 1.0).abs() < 1e-12);
        let earlier = Facts { injection_date_time: some("20250101090000"), ..base.clone() };
        prop_assert!((ratio(&earlier) / 2.0 - 1.0).abs() < 1e-12);
        prop_assert!(ratio(&Facts { half_life: Some(7200.0), ..base.clone() }) < 1.0);
    }

    /// Whatever stands in the headers, there is an answer or a named error, and every factor is a number.
    #[test]
    fn nothing_panics(
        words in proptest::collection::vec("[0-9 :.+Z-]{0,22}|BQML|GML|CPS|NONE|START|\\PC{0,8}", 12),
        numbers in proptest::collection::vec(prop_oneof![any::<f64>(), -10.0..1e9_f64], 10),
    ) {
        let w = |i: usize| words.get(i).cloned();
        let n = |i: usize| numbers.get(i).copied();
        let f = Facts {
            units: w(0), suv_type: w(1), decay_correction: w(2), injection_date_time: w(3), injection_time: w(4),
            series_date: w(5), series_time: w(6), timezone: w(7), ge_scan_date_time: w(8),
            weight: n(0), dose: n(1), half_life: n(2), height: n(3), voxel_ml: n(4),
            corrected_image: vec!["ATTN".into(), "DCAL".into()],
            slices: vec![SliceFacts {
                acquisition_date: w(9), acquisition_time: w(10),
                frame_reference_time: n(5), frame_duration: n(6), slope: n(7).map(f64::abs), intercept: None,
            }],
            ..Facts::default()
        };
        for settings in [Settings::default(), Settings { injection: w(11), decay: Some(Decay::Start), ..Settings::default() }] {
            if let Ok(found) = convert(&f, &settings) {
                prop_assert!(found.factors.iter().all(|v| v.is_finite()));
            }
        }
    }
}
