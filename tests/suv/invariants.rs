//! Proportions, and no panic whatever the headers hold. Kind: invariant.

use proptest::prelude::*;

use super::*;

proptest! {
    /// SUV is in proportion to weight and slope, in inverse proportion to the dose, and grows with time as the dose
    /// decays.
    #[test]
    fn proportions(
        weight in 10.0..100.0_f64,
        // For the weight; a third of it is still an activity that can be.
        each in 0.1..9.0_f64,
        slope in 1e-3..1e3_f64,
        k in 1.1..8.0_f64,
        minutes in 1..59_i32,
    ) {
        let (mbq, time) = (each * weight, format!("11{minutes:02}00"));
        let mut base = HeaderFacts { weight: Some(weight), dose: Some(mbq * 1e6), series_time: some(&time), ..facts() };
        base.slices = vec![SliceFacts { slope: Some(slope), ..slice(&time) }];
        let one = run(&base).factors[0];
        let ratio = |f: &HeaderFacts| run(f).factors[0] / one;
        let heavier = ratio(&HeaderFacts { weight: Some(3.0 * weight), ..base.clone() });
        prop_assert!((heavier / 3.0 - 1.0).abs() < 1e-12);
        let more = ratio(&HeaderFacts { dose: Some(k * mbq * 1e6), ..base.clone() });
        prop_assert!((more * k - 1.0).abs() < 1e-12);
        let expected = weight * 1000.0 / (mbq * 1e6) * slope * 2.0 * libm::exp2(f64::from(minutes) / 60.0);
        prop_assert!((one / expected - 1.0).abs() < 1e-12);
        let earlier = ratio(&HeaderFacts { injection_date_time: some("20250101090000"), ..base.clone() });
        prop_assert!((earlier / 2.0 - 1.0).abs() < 1e-12);
        let slower = ratio(&HeaderFacts { half_life: Some(7200.0), ..base.clone() });
        prop_assert!(slower < 1.0);
    }

    /// Whatever stands in the headers, there is an answer or a named error, and every factor is a number.
    #[test]
    fn nothing_panics(
        words in proptest::collection::vec("[0-9 :.+Z-]{0,22}|BQML|GML|CPS|NONE|START|\\PC{0,8}", 14),
        numbers in proptest::collection::vec(prop_oneof![any::<f64>(), -10.0..1e9_f64], 10),
    ) {
        let w = |i: usize| words.get(i).cloned();
        let n = |i: usize| numbers.get(i).copied();
        let f = HeaderFacts {
            units: w(0), suv_type: w(1), decay_correction: w(2), injection_date_time: w(3), injection_time: w(4),
            series_date: w(5), series_time: w(6), timezone: w(7), ge_scan_date_time: w(8), decay_date_time: w(13),
            weight: n(0), dose: n(1), half_life: n(2), height: n(3), voxel_ml: n(4),
            corrected_image: vec!["ATTN".into(), "DCAL".into()],
            slices: vec![SliceFacts {
                decay_factor: None,
                acquisition_date: w(9), acquisition_time: w(10), acquisition_date_time: w(12),
                frame_reference_time: n(5), frame_duration: n(6), slope: n(7).map(f64::abs), intercept: None, suv_slope: n(5).map(f64::abs),
            }],
            ..HeaderFacts::default()
        };
        let set = Settings { injection: w(11), decay: Some(Decay::Start), ..Settings::default() };
        for settings in [Settings::default(), set] {
            if let Ok(found) = convert(&f, &settings) {
                prop_assert!(found.factors.iter().all(|v| v.is_finite()));
            }
        }
    }
}
