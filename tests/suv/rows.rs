//! The audit row and the words of messages. Kind: mechanics.

use super::*;

#[test]
fn bids_keys_and_no_dates() {
    let mut f = HeaderFacts { bids: true, corrected_image: vec![], ..facts() };
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
    f = HeaderFacts { injection_date_time: None, ..HeaderFacts { bids: true, ..facts() } };
    refused(&f, "missing InjectionStart");
}

#[test]
fn one_row_with_the_same_columns_whatever_the_rule() {
    let all = [
        run(&facts()),
        run(&HeaderFacts { units: some("GML"), ..facts() }),
        convert(&HeaderFacts { bids: true, ..HeaderFacts::default() }, &Settings::default()).unwrap(),
    ];
    let names = |c: &Conversion| c.audit.columns.iter().map(|c| (c.name.clone(), c.unit.clone())).collect::<Vec<_>>();
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
    let f = HeaderFacts { units: some("GML"), dose: Some(0.5), injection_date_time: some("never"), ..facts() };
    let found = factor(&f, 1.0);
    noted(&found, "(0018,1074) is 0.5");
    noted(&found, "(0018,1078) is 'never'");
    let early = HeaderFacts { units: some("GML"), injection_date_time: some("20250101113000"), ..facts() };
    noted(&run(&early), "starts 1800 s before the injection");
}
