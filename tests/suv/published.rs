//! Factors that others published. Kind: oracle.

use super::*;
use serde_json::Value;

/// The headers of a scanner as the JSON files have them.
fn of_json(items: &[Value]) -> HeaderFacts {
    let first = &items[0];
    let words = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_string);
    let number = |v: &Value, key: &str| v.get(key).and_then(Value::as_f64);
    HeaderFacts {
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
                decay_factor: None,
                acquisition_date: words(v, "AcquisitionDate"),
                acquisition_time: words(v, "AcquisitionTime"),
                acquisition_date_time: words(v, "AcquisitionDateTime"),
                frame_reference_time: number(v, "FrameReferenceTime"),
                frame_duration: number(v, "ActualFrameDuration"),
                slope: Some(1.0),
                intercept: Some(0.0),
                suv_slope: None,
            })
            .collect(),
        ..HeaderFacts::default()
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn factors_of_three_scanners() {
    let folder = common::shared("pet_suv_factors");
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
    let mut siemens = HeaderFacts {
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
        HeaderFacts { weight: Some(52.0), dose: Some(152_022_720.0), half_life: Some(6586.2001953125), ..siemens };
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

/// All eleven digital reference objects: 70 kg, 1.75 m, sex O, 368.08 MBq of 18F at 10:00, scan at 11:00, frames of
/// 300 s. With these factors the voxels inside the mask are 0.20, 1.00 and 4.00 at least, in the median and at most.
#[test]
fn digital_reference_objects() {
    let mut s = slice("110000.000000");
    (s.frame_reference_time, s.frame_duration) = (Some(150_000.0), Some(300_000.0));
    let base = HeaderFacts {
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
    factor(&HeaderFacts { units: some("GML"), suv_type: some("BW"), ..base.clone() }, 1.0);
    factor(&HeaderFacts { units: some("GML"), suv_type: some("IBW"), ..base.clone() }, 70.0 / 69.405);
    factor(&HeaderFacts { units: some("CNTS"), philips_suv_factor: Some(0.0005), ..base.clone() }, 0.0005);
    noted(&factor(&HeaderFacts { dose: Some(368.08), ..base.clone() }, start), "read as MBq");
    factor(&HeaderFacts { decay_correction: some("ADMIN"), ..base.clone() }, 0.000_190_176_048_685_068_47);
    factor(&HeaderFacts { injection_time: None, ..base.clone() }, start);
    factor(&HeaderFacts { injection_date_time: None, ..base.clone() }, start);
    factor(&HeaderFacts { half_life: Some(4057.7), ..base.clone() }, 0.000_351_746_890_552_429_06);
    let mut none = HeaderFacts { decay_correction: some("NONE"), manufacturer: some("GE MEDICAL SYSTEMS"), ..base };
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
    let series = HeaderFacts {
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
