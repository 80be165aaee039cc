//! Weight, height, sex and dose. Kind: oracle (by hand).

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
    refused(&Facts { units: some("GML"), suv_type: some("LBM"), height: None, ..facts() }, "PatientSize (0010,1020)");
}

#[test]
fn dose() {
    let found = factor(&Facts { dose: Some(370.0), ..facts() }, HALVED);
    noted(&found, "RadionuclideTotalDose (0018,1074) is 370: read as MBq");
    assert_eq!((real(&found, "dose_mbq"), real(&found, "dose_recorded")), (Some(370.0), Some(370.0)));
    refused(&Facts { dose: Some(37_000.0), ..facts() }, "(0018,1074) is 37000: no plausible dose");
    refused(&Facts { dose: None, ..facts() }, "missing RadionuclideTotalDose (0018,1074)");
}
