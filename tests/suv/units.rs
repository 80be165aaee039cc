//! Units of the stored values. Kind: oracle (by hand).

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
        let f = HeaderFacts { units: some("GML"), suv_type: some(kind), sex: some(sex), ..facts() };
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
    let f = HeaderFacts { units: some("CM2ML"), suv_type: some("BSA"), ..facts() };
    let found = run(&f).factors[0];
    assert!((found / (70_000.0 / 18_481.430_181_213_46) - 1.0).abs() < 1e-12);
}

#[test]
fn counts_of_philips() {
    let f = HeaderFacts { units: some("CNTS"), philips_activity_factor: Some(2.0), ..facts() };
    factor(&f, 2.0 * HALVED);
    let both = HeaderFacts { philips_suv_factor: Some(2.1 * HALVED), ..f.clone() };
    let found = factor(&both, 2.1 * HALVED);
    near(real(&found, "suv_factor_activity").unwrap(), 2.0 / 2.1);
    noted(&found, "(7053,1009)");
    // The console writes 0 where it has no weight.
    factor(&HeaderFacts { philips_suv_factor: Some(0.0), ..f }, 2.0 * HALVED);
}

#[test]
fn counts_per_second() {
    let mut f = HeaderFacts { units: some("CPS"), voxel_ml: Some(0.064), ..facts() };
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
        refused(&HeaderFacts { units: some(unit), ..facts() }, &format!("Units (0054,1001) is '{unit}'"));
    }
    refused(&HeaderFacts { units: some("CNTS"), ..facts() }, "(7053,1000)");
    refused(&HeaderFacts { units: None, ..facts() }, "missing Units (0054,1001)");
    refused(&HeaderFacts { units: some("GML"), suv_type: some("BSA"), ..facts() }, "SUVType (0054,1006) is 'BSA'");
    refused(&HeaderFacts { units: some("CM2ML"), suv_type: some("BW"), ..facts() }, "SUVType (0054,1006) is 'BW'");
    refused(&HeaderFacts { corrected_image: vec!["DECY".into()], ..facts() }, "CorrectedImage (0028,0051) lacks ATTN");
    let mut f = facts();
    f.slices[0].intercept = Some(-1.0);
    refused(&f, "RescaleIntercept (0028,1052) of slice 1 is -1");
    f.slices[0] = SliceFacts { slope: None, ..slice("110000") };
    refused(&f, "missing RescaleSlope (0028,1053) of slice 1");
}
