//! SUV: every unit, every rule of decay, every refusal.
//!
//! Kind: oracle (published factors of three scanners, the facts of eleven digital reference objects and of one
//! patient series; else values worked out by hand, with a half-life of one hour so that doses halve) and invariant
//! (at the end).

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../common/mod.rs"]
mod common;
mod decay;
mod invariants;
mod midnight;
mod patient;
mod published;
mod rows;
mod settings;
mod units;

use uptake::pet::suv::{Conversion, Decay, HeaderFacts, Settings, SliceFacts, Units, convert};
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
fn facts() -> HeaderFacts {
    HeaderFacts {
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
        ..HeaderFacts::default()
    }
}

const HALVED: f64 = 70_000.0 / 1.85e8;

fn run(facts: &HeaderFacts) -> Conversion {
    convert(facts, &Settings::default()).unwrap()
}

fn refused(facts: &HeaderFacts, part: &str) -> String {
    let error = convert(facts, &Settings::default()).unwrap_err().to_string();
    assert!(error.contains(part), "'{part}' is not in: {error}");
    error
}

#[track_caller]
fn near(a: f64, b: f64) {
    assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} is not {b}");
}

#[track_caller]
fn factor(facts: &HeaderFacts, expected: f64) -> Conversion {
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
