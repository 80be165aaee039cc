//! What the user says. Kind: mechanics.

use super::*;
use uptake::recipe::{Recipe, preset};

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
    let slices = vec![SliceFacts { slope: Some(2.0), ..SliceFacts::default() }];
    let bare = HeaderFacts { bids: true, slices, ..HeaderFacts::default() };
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
    // DICOM says what it is, and so does a sidecar with a tracer: nothing is assumed of them.
    for said in [HeaderFacts { bids: false, ..bare.clone() }, HeaderFacts { tracer: some("FDG"), ..bare.clone() }] {
        let error = convert(&said, &assume).unwrap_err();
        assert!(error.what.starts_with("missing Units"), "{error}");
        // The remedy that it names.
        let remedy = Settings { units: Some(Units::Suv), ..assume.clone() };
        assert_eq!(convert(&said, &remedy).unwrap().unit, "g/ml");
    }
}

/// Kind: oracle (half the weight is half the SUVbw, whatever the scanner divided by). Regression: a corrected weight left `GML` and the
/// SUV of Philips as they were, and took lean mass and surface of a patient that the scanner never knew.
#[test]
fn a_corrected_weight_changes_what_the_scanner_made_as_it_does_activity() {
    let of = |units: &str, kind: &str| HeaderFacts { units: some(units), suv_type: some(kind), ..facts() };
    let philips = HeaderFacts { units: some("CNTS"), philips_suv_factor: Some(2.0 * HALVED), ..facts() };
    let counts = HeaderFacts { philips_activity_factor: Some(2.0), ..philips.clone() };
    let all = [
        facts(),
        of("GML", "BW"),
        of("GML", ""),
        of("GML", "LBM"),
        of("GML", "LBMJAMES128"),
        of("GML", "LBMJANMA"),
        of("GML", "IBW"),
        of("CM2ML", "BSA"),
        philips,
        counts,
    ];
    for f in all {
        let (as_recorded, what) = (run(&f).factors[0], format!("{:?} {:?}", f.units, f.suv_type));
        let half = convert(&f, &Settings { weight_kg: Some(35.0), ..Settings::default() }).unwrap();
        assert!((half.factors[0] / as_recorded - 0.5).abs() < 1e-12, "{what}: {}", half.factors[0] / as_recorded);
        noted(&half, "suv.weight_kg = 35 is used in place of PatientWeight (0010,1030) 70");
        if f.units.as_deref() != Some("BQML") {
            noted(
                &half,
                "the scanner made SUV with PatientWeight (0010,1030) 70 kg: for 35 kg it is 0.5000 times that",
            );
        }
        let body = Settings { height_m: Some(1.5), sex: some("F"), ..Settings::default() };
        let other = convert(&f, &body).unwrap();
        assert_eq!(other.factors[0].to_bits(), as_recorded.to_bits(), "{what}: SUVbw knows no height");
        near(other.sul_factor.unwrap(), 9270.0 / (8780.0 + 244.0 * 70.0 / 2.25));
        // What is not recorded cannot have been what the scanner had.
        let silent = HeaderFacts { weight: None, height: None, sex: None, ..f };
        let told = Settings { weight_kg: Some(70.0), height_m: Some(1.75), sex: some("M"), ..Settings::default() };
        assert_eq!(convert(&silent, &told).unwrap().factors[0].to_bits(), as_recorded.to_bits(), "{what}");
    }
}

#[test]
fn that_do_nothing_or_make_no_sense() {
    let gml = HeaderFacts { units: some("GML"), ..facts() };
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

/// Regression: the printed remedy, YYYYMMDDhhmmss, was refused as a number where a text belongs.
#[test]
fn an_injection_needs_no_quotes() {
    let recipe = |settings: &[String]| Recipe::parse("r.toml", preset("pet").unwrap().text, settings);
    for value in [
        "20250101100000",
        "\"20250101100000\"",
        "100000",
        "10:00:00",
        "2025-01-01T10:00:00",
        "1000",
        "20250101100000.0+0100",
    ] {
        let recipe = recipe(&[format!("suv.injection={value}")]).unwrap_or_else(|e| panic!("{value}: {e}"));
        near(with(recipe.body.suv).factors[0], HALVED);
    }
    // A nought that spreadsheets take away.
    for (value, text) in [("090000", "090000"), ("90000", "090000"), ("0900", "0900"), ("5", "5")] {
        assert_eq!(recipe(&[format!("suv.injection={value}")]).unwrap().body.suv.injection.as_deref(), Some(text));
    }
    for bad in ["-5", "1.5", "[1]", "true"] {
        let error = recipe(&[format!("suv.injection={bad}")]).unwrap_err().to_string();
        assert!(error.contains("where a time belongs") && error.contains("try: YYYYMMDDhhmmss"), "{bad}: {error}");
    }
    let text = preset("pet").unwrap().text.replace("[suv]", "[suv]\ninjection = 20250101100000");
    let file = Recipe::parse("r.toml", &text, &[]);
    assert_eq!(file.unwrap().body.suv.injection.as_deref(), Some("20250101100000"));
}
