//! Weight, height, sex and dose. Kind: oracle (by hand).

use super::*;

#[test]
fn weight() {
    noted(&factor(&HeaderFacts { weight: Some(70_000.0), ..facts() }, HALVED), "read as g");
    for weight in [None, Some(0.0)] {
        let error = refused(&HeaderFacts { weight, ..facts() }, "PatientWeight (0010,1030)");
        assert!(error.contains("--set suv.weight_kg="), "{error}");
    }
    // SUV that the scanner made needs none.
    assert_eq!(run(&HeaderFacts { units: some("GML"), weight: None, ..facts() }).sul_factor, None);
}

#[test]
fn lean_body_mass() {
    let found = run(&facts());
    near(found.sul_factor.unwrap(), 55.857_107_722_577_474 / 70.0);
    let other = run(&HeaderFacts { sex: None, height: Some(175.0), ..facts() });
    near(other.sul_factor.unwrap(), (55.857_107_722_577_474 + 45.197_014_925_373_13) / 140.0);
    noted(&other, "PatientSex (0010,0040) is O or empty");
    noted(&other, "read as cm");
    assert_eq!(run(&HeaderFacts { height: None, ..facts() }).sul_factor, None);
    refused(
        &HeaderFacts { units: some("GML"), suv_type: some("LBM"), height: None, ..facts() },
        "PatientSize (0010,1020)",
    );
}

/// Oracle: no lean body mass is more than the body, and the formula was made on adults.
#[test]
fn there_is_no_sul_where_the_formula_says_nothing() {
    let of = |weight: f64, height: f64| run(&HeaderFacts { weight: Some(weight), height: Some(height), ..facts() });
    for (weight, height, why) in [
        (0.025, 0.1, "not of 0.025 kg"),
        (0.3, 0.15, "not of 0.3 kg"),
        (8.0, 0.7, "not of 8 kg"),
        (60.0, 2.4, "lean body mass would be 1.04 times the weight of 60 kg at 2.4 m"),
    ] {
        let found = of(weight, height);
        assert_eq!((found.sul_factor, real(&found, "suv_sul_factor")), (None, None), "{weight} kg");
        noted(&found, why);
    }
    let child = of(12.0, 0.86);
    assert!(child.sul_factor.is_some() && !child.notes.iter().any(|n| n.contains("no SUL")), "{:?}", child.notes);
}

#[test]
fn dose() {
    let found = factor(&HeaderFacts { dose: Some(370.0), ..facts() }, HALVED);
    noted(&found, "RadionuclideTotalDose (0018,1074) is 370: read as MBq");
    assert_eq!((real(&found, "dose_mbq"), real(&found, "dose_recorded")), (Some(370.0), Some(370.0)));
    refused(&HeaderFacts { dose: Some(37_000.0), ..facts() }, "(0018,1074) is 37000: no plausible dose");
    refused(&HeaderFacts { dose: None, ..facts() }, "missing RadionuclideTotalDose (0018,1074)");
}

#[test]
fn what_can_hardly_be_is_doubted_and_what_cannot_is_refused() {
    let doubted = |f: HeaderFacts, part: &str| noted(&run(&f), part);
    refused(&HeaderFacts { dose: Some(370_000.0), ..facts() }, "it may be in kBq");
    doubted(HeaderFacts { dose: Some(2e6), ..facts() }, "doubtful: 2 MBq injected for 70 kg");
    doubted(HeaderFacts { weight: Some(700.0), ..facts() }, "body-mass index of 228.6");
    doubted(HeaderFacts { weight: Some(700.0), height: None, ..facts() }, "(0010,1030) is 700 kg");
    let late = || HeaderFacts { injection_date_time: some("20250101052900"), ..facts() };
    doubted(late(), "331 min after the injection, 5.5 half-lives");
    let fdg = |minute: &str| HeaderFacts {
        tracer: some("FDG"),
        nuclide: None,
        half_life: Some(6586.2),
        injection_date_time: some(&format!("2025010110{minute}00")),
        ..facts()
    };
    doubted(fdg("45"), "15 min after the injection of FDG");
    let notes = run(&fdg("00")).notes;
    assert!(!notes.iter().any(|n| n.contains("doubtful")), "{notes:?}");
    // The dose that the user gives is believed.
    let set = Settings { dose_mbq: Some(0.37), ..Settings::default() };
    assert!(convert(&facts(), &set).is_ok());
}

#[test]
fn a_half_life_that_is_not_the_nuclides_is_doubted_with_what_the_other_gives() {
    let f = HeaderFacts { half_life: Some(6586.2), nuclide: some("^68^Gallium"), ..facts() };
    let ratio = libm::exp2(3600.0 / 4062.6 - 3600.0 / 6586.2);
    noted(
        &run(&f),
        &format!("half-life of ^68^Gallium is 4062.6 s: the first is used; with the other SUV is {ratio:.4}"),
    );
    noted(
        &run(&HeaderFacts { nuclide: None, tracer: some("Ga-68 PSMA-11"), ..f.clone() }),
        "of Ga-68 PSMA-11 is 4062.6 s",
    );
    let known = run(&HeaderFacts { half_life: Some(4062.6), ..f.clone() });
    assert!(!known.notes.iter().any(|n| n.contains("half-life of")), "{:?}", known.notes);
    // The remedy that the note names.
    let set = Settings { half_life_s: Some(4062.6), ..Settings::default() };
    near(convert(&f, &set).unwrap().factors[0] / run(&f).factors[0], ratio);
}
