//! `uptake compare`: whose scans they are, by PatientID and by the sample sheets of the runs. Tables are made here.
//! Kinds: oracle (which scans are of one patient, as the tables say) and mechanics (remedies that are printed work).

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Row = BTreeMap<String, String>;

fn compare(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).arg("compare").args(args).output().unwrap()
}

fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

fn rows(o: &Output) -> Vec<Row> {
    csv::Reader::from_reader(o.stdout.as_slice()).deserialize().map(|r| r.unwrap()).collect()
}

/// Patient, baseline, followup, response of each row.
fn short(o: &Output) -> Vec<[String; 4]> {
    rows(o).iter().map(|r| ["patient", "baseline", "followup", "response"].map(|c| r[c].clone())).collect()
}

/// An image: its name, what the sheet calls the patient, PatientID, the day of the scan, SULpeak of its lesion; 0 if it failed.
type Image<'a> = (&'a str, &'a str, &'a str, &'a str, f64);

/// Tables of a run; `column` is what the sheet calls its column of patients.
fn tables(folder: &Path, column: &str, images: &[Image]) {
    let mut all = format!("image,{column},status,reason,count_lesions,patient_id,acquisition_time");
    let mut lesions = "image,label,sul_peak,percist_measurable".to_string();
    for (name, patient, id, day, peak) in images {
        let time = if day.is_empty() { String::new() } else { format!("{day}T10:00:00") };
        if *peak > 0.0 {
            all += &format!("\n{name},{patient},ok,,1,{id},{time}");
            lesions += &format!("\n{name},1,{peak},1");
        } else {
            all += &format!("\n{name},{patient},failed,unsupported: lacks ATTN,,{id},{time}");
        }
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("images.csv"), all).unwrap();
    fs::write(folder.join("lesions.csv"), lesions).unwrap();
}

const UNPROVED: &str = "no PatientID and no column patient of a sample sheet";

/// Regression: scans of two patients were paired by the names of their files, though both tables name the patient.
#[test]
fn sample_sheets_say_whose_scans_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let (b, f) = (dir.path().join("b"), dir.path().join("f"));
    for (before, after) in [("patient", "patient"), ("patient", "Subject"), ("participant_id", "subject")] {
        tables(&b, before, &[("1.nii", "P1", "", "", 8.0), ("2.nii", "P2", "", "", 5.0)]);
        tables(&f, after, &[("1.nii", "P2", "", "", 8.0), ("2.nii", "P1", "", "", 3.0)]);
        let o = compare(dir.path(), &["b", "f"]);
        assert_eq!(o.status.code(), Some(0), "{}", err(&o));
        let expected = [["P1", "1.nii", "2.nii", "PMR"], ["P2", "2.nii", "1.nii", "PMD"]];
        assert_eq!(short(&o), expected);
        assert!(!err(&o).contains(UNPROVED), "{}", err(&o));
    }
    // A pairs file may be wrong as well.
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nA,1.nii,1.nii\n").unwrap();
    let pairs = ["b", "f", "--pairs", "pairs.csv"];
    let row = rows(&compare(dir.path(), &pairs)).remove(0);
    let words = "another person? the patient in the sample sheet is P1, then P2";
    assert_eq!((row["response"].as_str(), row["reason"].as_str()), ("NE", words));
    let row = rows(&compare(dir.path(), &[&pairs[..], &["--judge-anyway"]].concat())).remove(0);
    assert!(row["response"] == "SMD" && row["notes"].contains(words), "{row:?}");
    // Anonymised to one PatientID: the sheets know better.
    tables(&b, "patient", &[("a", "P5", "ANON", "2024-01-05", 8.0), ("b", "P6", "ANON", "2024-01-05", 8.0)]);
    tables(&f, "patient", &[("b", "P5", "ANON", "2024-05-05", 8.0), ("a", "P6", "ANON", "2024-05-05", 3.0)]);
    let o = compare(dir.path(), &["b", "f"]);
    assert_eq!(short(&o), [["P5", "a", "b", "SMD"], ["P6", "b", "a", "PMR"]]);
    // A patient who has no scan at one of both times is no other one of the same file name.
    tables(&f, "patient", &[("b", "P5", "ANON", "2024-05-05", 8.0), ("a", "P7", "ANON", "2024-05-05", 3.0)]);
    let o = compare(dir.path(), &["b", "f"]);
    assert_eq!(short(&o)[0], ["P5", "a", "b", "SMD"]);
    assert!(rows(&o)[1..].iter().all(|r| r["response"].is_empty() && r["reason"].starts_with("no image at")), "{o:?}");
}

/// Where nothing says whose the scans are, the pair says so, and both remedies end that.
#[test]
fn pairs_that_stand_on_names_alone_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let (b, f) = (dir.path().join("b"), dir.path().join("f"));
    let unknown = [("1.nii", "", "", "", 8.0), ("2.nii", "", "", "", 5.0)];
    tables(&b, "cohort", &unknown);
    tables(&f, "cohort", &unknown);
    let told =
        |o: &Output| (rows(o).iter().filter(|r| r["notes"].contains(UNPROVED)).count(), err(o).contains(UNPROVED));
    let o = compare(dir.path(), &["b", "f"]);
    assert_eq!((short(&o)[0][3].as_str(), told(&o)), ("SMD", (2, true)), "{}", err(&o));
    assert!(rows(&o)[0]["notes"].contains("paired by name alone: no PatientID"), "{:?}", rows(&o)[0]);
    assert!(
        err(&o).contains("note: of 2 pairs no PatientID") && err(&o).trim_end().ends_with("skipped"),
        "{}",
        err(&o)
    );
    // One of the runs has a sheet with patients: nothing is told of the other.
    tables(&f, "patient", &[("1.nii", "P1", "", "", 8.0), ("2.nii", "P2", "", "", 5.0)]);
    assert_eq!(told(&compare(dir.path(), &["b", "f"])), (2, true));
    // The remedies: both have one, or a pairs file.
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nA,1.nii,1.nii\nB,2.nii,2.nii\n").unwrap();
    assert_eq!(told(&compare(dir.path(), &["b", "f", "--pairs", "pairs.csv"])), (0, false));
    tables(&b, "patient", &[("1.nii", "P1", "", "", 8.0), ("2.nii", "P2", "", "", 5.0)]);
    assert_eq!(told(&compare(dir.path(), &["b", "f"])), (0, false));
    // One image each: who names the two runs names the pair.
    tables(&b, "cohort", &unknown[..1]);
    tables(&f, "cohort", &unknown[1..]);
    assert_eq!(told(&compare(dir.path(), &["b", "f"])), (0, false));
}

/// Regression: in one folder "no image at follow-up of the same patient" was said of two scans of one patient by the sheet.
#[test]
fn one_folder_knows_its_patients_by_the_sheet() {
    let dir = tempfile::tempdir().unwrap();
    let all = dir.path().join("all");
    let scans = [("a", "P1", "", "", 8.0), ("b", "P1", "", "", 3.0), ("c", "P2", "", "", 5.0)];
    tables(&all, "patient", &scans);
    let o = compare(dir.path(), &["all", "all"]);
    let two = "2 images of the patient (a, b), which is the baseline and which the follow-up is not known; --pairs FILE can name it";
    assert_eq!((short(&o)[0][3].as_str(), rows(&o)[0]["reason"].as_str()), ("NE", two));
    // A patient is counted once.
    assert_eq!((short(&o)[1][3].as_str(), rows(&o)[1]["reason"].as_str()), ("", two));
    assert_eq!(rows(&o)[2]["reason"], "no image at follow-up of the same patient; --pairs FILE can name it");
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP1,a,b\n").unwrap();
    assert_eq!(short(&compare(dir.path(), &["all", "all", "--pairs", "pairs.csv"]))[0][3], "PMR");
    // With days the order is known.
    tables(&all, "patient", &[("a", "P1", "", "2024-05-05", 3.0), ("b", "P1", "", "2024-01-05", 8.0)]);
    assert_eq!(short(&compare(dir.path(), &["all", "all"])), [["P1", "b", "a", "PMR"]]);
    tables(&all, "cohort", &[("a", "", "", "", 3.0), ("b", "", "", "", 8.0)]);
    let o = compare(dir.path(), &["all", "all"]);
    assert!(
        o.status.code() == Some(2) && err(&o).contains("no patient (PatientID, or the column patient"),
        "{}",
        err(&o)
    );
    tables(&all, "cohort", &[("a", "", "X", "", 3.0), ("b", "", "X", "", 8.0), ("c", "", "", "", 8.0)]);
    let o = compare(dir.path(), &["all", "all"]);
    assert_eq!(rows(&o)[2]["reason"], "whose scan it is is not known; --pairs FILE can name it");
}

/// Regression: series without correction for attenuation at both times made a second answer, NE, for a patient who has one.
#[test]
fn a_patient_with_a_pair_has_no_second_answer() {
    let dir = tempfile::tempdir().unwrap();
    let dated = |day| [("P5/ac", "", "P5", day, 8.0), ("P5/nac", "", "P5", day, 0.0)];
    let by_sheet = [("P5/ac", "P5", "", "", 8.0), ("P5/nac", "P5", "", "", 0.0)];
    for (before, after) in [(dated("2024-01-05"), dated("2024-05-05")), (by_sheet, by_sheet)] {
        tables(&dir.path().join("b"), "patient", &before);
        tables(&dir.path().join("f"), "patient", &after);
        let o = compare(dir.path(), &["b", "f"]);
        assert_eq!(
            short(&o),
            [["P5", "P5/ac", "P5/ac", "SMD"], ["P5", "P5/nac", "", ""], ["P5", "", "P5/nac", ""]],
            "{}",
            err(&o)
        );
        let why = "the pair of the patient is P5/ac and P5/ac; --pairs FILE can name it";
        assert!(rows(&o)[1..].iter().all(|r| r["reason"] == why), "{:?}", rows(&o));
        assert!(err(&o).contains("0 NE + 2 without partner"), "{}", err(&o));
    }
}
