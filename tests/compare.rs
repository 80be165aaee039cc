//! `uptake compare` on tables made by hand: each rule with its limits, what is missing, and images without partner.
//! Kinds: oracle (responses and changes worked out by hand) and mechanics (exit codes, words).

#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const LESIONS: &str = "image,label,sul_peak,suv_max,mtv_ml,tlg_g,percist_measurable";
const IMAGES: &str = "image,status,reason,count_lesions,uptake_min,dose_mbq,half_life_s";

/// Lesions of an image: sul_peak and tlg_g of each.
type Lesions<'a> = &'a [(f64, f64)];

/// An image with its lesions: sul_peak and tlg_g. The liver has a mean SUL of 1.5, so 2.45 is the limit of a target.
fn run(folder: &Path, images: &[(&str, Lesions)]) {
    let (mut all, mut lesions, mut liver) =
        (IMAGES.to_string(), LESIONS.to_string(), "image,sul_mean,sul_std".to_string());
    for (name, found) in images {
        all += &format!("\n{name},ok,,{},60.0,300.0,6586.2", found.len());
        liver += &format!("\n{name},1.5,0.1");
        for (i, (peak, tlg)) in found.iter().enumerate() {
            let measurable = i32::from(*peak > 1.5 * 1.5 + 0.2);
            lesions += &format!("\n{name},{},{peak},{},{},{tlg},{measurable}", i + 1, peak * 2.0, tlg / 4.0);
        }
    }
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("images.csv"), all).unwrap();
    fs::write(folder.join("lesions.csv"), lesions).unwrap();
    fs::write(folder.join("liver.csv"), liver).unwrap();
}

fn compare(dir: &Path, more: &[&str]) -> Output {
    let mut args = vec!["compare", "b", "f"];
    args.extend(more);
    command(dir, &args)
}

fn command(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).args(args).output().unwrap()
}

fn err(o: &Output) -> String {
    String::from_utf8_lossy(&o.stderr).into_owned()
}

type Cells = BTreeMap<String, String>;

/// Rows of a table by the names of its columns.
fn rows(text: &[u8]) -> Vec<Cells> {
    let mut reader = csv::Reader::from_reader(text);
    reader.deserialize().map(|r| r.unwrap()).collect()
}

/// One patient: the row, and the exit code.
fn patient(before: Lesions, after: Lesions) -> (Cells, Option<i32>) {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("b"), &[("p", before)]);
    run(&dir.path().join("f"), &[("p", after)]);
    let o = compare(dir.path(), &[]);
    (rows(&o.stdout).remove(0), o.status.code())
}

#[test]
fn each_response_by_its_rule() {
    let cases: [(Lesions, Lesions, &str); 11] = [
        (&[(5.0, 40.0)], &[(1.4, 2.0)], "CMR"),
        (&[(5.0, 40.0)], &[(1.5, 2.0)], "PMR"),
        (&[(6.0, 40.0), (4.0, 9.0)], &[(4.2, 40.0), (1.0, 9.0)], "PMR"),
        (&[(6.0, 40.0)], &[(4.21, 40.0)], "SMD"),
        (&[(2.6, 40.0)], &[(1.8, 40.0)], "PMR"),
        (&[(2.6, 40.0)], &[(1.81, 40.0)], "SMD"),
        (&[(6.0, 40.0)], &[(7.8, 40.0)], "PMD"),
        (&[(6.0, 40.0)], &[(7.79, 40.0)], "SMD"),
        (&[(2.6, 40.0)], &[(3.39, 40.0)], "SMD"),
        (&[(5.0, 40.0)], &[(5.0, 70.0)], "PMD"),
        (&[(5.0, 20.0), (4.0, 20.0)], &[(5.0, 49.9), (4.0, 20.0)], "SMD"),
    ];
    for (before, after, response) in cases {
        let (row, code) = patient(before, after);
        assert_eq!((row["response"].as_str(), code), (response, Some(0)), "{before:?} to {after:?}: {}", row["reason"]);
        assert_ne!(row["reason"], "");
        assert!(row["rules"].starts_with(response) && row["rules"].contains("(Wahl 2009)"), "{}", row["rules"]);
    }
}

/// What was not found above the threshold may still be above the liver: the sites of the baseline decide.
#[test]
fn without_lesions_the_sites_of_the_baseline_decide() {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("b"), &[("p", &[(5.0, 40.0), (4.0, 9.0)])]);
    run(&dir.path().join("f"), &[("p", &[])]);
    let judged = |sites: &str| {
        fs::write(dir.path().join("f/sites.csv"), format!("{LESIONS}\n{sites}")).unwrap();
        let row = rows(&compare(dir.path(), &[]).stdout).remove(0);
        (row["response"].clone(), row["site_sul_peak_followup"].clone())
    };
    assert_eq!(judged(""), ("NE".into(), "".into()));
    assert_eq!(judged("p,1,1.4,2.0,1.0,1.0,0\n"), ("NE".into(), "1.4".into()), "one of two");
    assert_eq!(judged("p,1,1.4,2.0,1.0,1.0,0\np,2,1.2,2.0,1.0,1.0,0\n"), ("CMR".into(), "1.4".into()));
    assert_eq!(judged("p,1,2.2,2.0,1.0,1.0,0\np,2,1.2,2.0,1.0,1.0,0\n"), ("PMR".into(), "2.2".into()));
    assert_eq!(judged("p,1,,2.0,1.0,1.0,0\np,2,1.2,2.0,1.0,1.0,0\n"), ("NE".into(), "".into()));
}

/// A run with PatientID and dates: name, patient, acquisition time.
fn with_patients(folder: &Path, images: &[(&str, &str, &str)]) {
    run(folder, &images.iter().map(|i| (i.0, &[(5.0, 40.0)][..])).collect::<Vec<_>>());
    let mut all = format!("{IMAGES},patient_id,acquisition_time");
    for (name, patient, time) in images {
        all += &format!("\n{name},ok,,1,60.0,300.0,6586.2,{patient},{time}");
    }
    fs::write(folder.join("images.csv"), all).unwrap();
}

/// Regression: a follow-up that failed, or one of several, was said not to be there, and the patient dropped out of the response.
#[test]
fn images_that_failed_or_are_several_are_not_missing() {
    let dir = tempfile::tempdir().unwrap();
    with_patients(&dir.path().join("b"), &["a1", "b1", "c1", "d1", "e1"].map(|n| (n, &n[..1], "2024-01-05T10:00:00")));
    let after = ["a2", "b2", "c2", "c3", "d2", "d3", "f2"].map(|n| (n, &n[..1], "2024-05-05T10:00:00"));
    with_patients(&dir.path().join("f"), &after);
    let fail = |folder: &str, name: &str| {
        let path = dir.path().join(folder).join("images.csv");
        let fails = |line: &str| match line.strip_prefix(&format!("{name},ok,,1,60.0,300.0,6586.2")) {
            Some(patient) => format!("{name},failed,format: no liver,,,,{patient}"),
            None => line.to_owned(),
        };
        let lines: Vec<String> = fs::read_to_string(&path).unwrap().lines().map(fails).collect();
        fs::write(&path, lines.join("\n")).unwrap();
    };
    [("f", "b2"), ("f", "d3"), ("b", "e1")].iter().for_each(|(folder, name)| fail(folder, name));
    let short = |o: &Output| -> Vec<[String; 5]> {
        let columns = ["patient", "baseline", "followup", "response", "reason"];
        rows(&o.stdout).iter().map(|r| columns.map(|c| r[c].clone())).collect()
    };
    let o = compare(dir.path(), &[]);
    let all = short(&o);
    let found: Vec<[&str; 4]> = all.iter().map(|r| [0, 1, 2, 3].map(|i| r[i].as_str())).collect();
    let expected = [
        ["a", "a1", "a2", "SMD"],
        ["b", "b1", "b2", "NE"],
        // The one that failed is not meant.
        ["d", "d1", "d2", "SMD"],
        ["c", "c1", "", "NE"],
        ["e", "e1", "", ""],
        ["c", "", "c2", ""],
        ["c", "", "c3", ""],
        ["d", "", "d3", ""],
        ["f", "", "f2", ""],
    ];
    assert_eq!(found, expected);
    let reason = |i: usize| all[i][4].as_str();
    assert_eq!(reason(1), "followup failed: format: no liver");
    let several =
        "2 images of the patient at follow-up (c2, c3), which one is meant is not guessed; --pairs FILE can name it";
    assert_eq!([reason(3), reason(5)], [several; 2]);
    assert_eq!(reason(4), "no image at follow-up; --pairs FILE can name it");
    assert_eq!(reason(7), "the pair of the patient is d1 and d2; --pairs FILE can name it");
    assert!(err(&o).contains("2 SMD + 0 PMD + 2 NE + 5 without partner"), "{}", err(&o));
    // One folder with all of them.
    let some = [
        ("x", "Ann", "2024-01-05"),
        ("y", "Ann", "2024-05-05"),
        ("z", "Ann", "2024-07-05"),
        ("u", "Bob", "2024-01-05"),
    ];
    let some = [&some[..], &[("v", "Bob", "2024-05-05")]].concat();
    let some: Vec<_> = some.iter().map(|(n, p, d)| (*n, *p, format!("{d}T10:00:00"))).collect();
    with_patients(&dir.path().join("all"), &some.iter().map(|(n, p, d)| (*n, *p, d.as_str())).collect::<Vec<_>>());
    let ann = "3 images of the patient (x, y, z), which is the baseline and which the follow-up is not known; --pairs FILE can name it";
    let o = short(&command(dir.path(), &["compare", "all", "all"]));
    assert_eq!((o[0][3].as_str(), &o[1][3..]), ("SMD", &["NE".to_string(), ann.to_string()][..]));
    // A time point that failed is one of the three all the same.
    fail("all", "z");
    let o = short(&command(dir.path(), &["compare", "all", "all"]));
    assert_eq!((o[0][3].as_str(), &o[1][3..]), ("SMD", &["NE".to_string(), ann.to_string()][..]));
}

#[test]
fn scans_of_a_patient_make_a_pair_whatever_they_are_called() {
    let dir = tempfile::tempdir().unwrap();
    with_patients(&dir.path().join("b"), &[("s1", "Ann", "2024-01-05T10:00:00"), ("s2", "Bob", "2024-01-06T10:00:00")]);
    with_patients(&dir.path().join("f"), &[("s1", "Bob", "2024-05-06T10:00:00"), ("s2", "Ann", "2024-05-05T10:00:00")]);
    let short = |o: &Output| -> Vec<[String; 4]> {
        rows(&o.stdout).iter().map(|r| ["patient", "baseline", "followup", "response"].map(|c| r[c].clone())).collect()
    };
    let o = compare(dir.path(), &[]);
    assert_eq!(o.status.code(), Some(0));
    assert_eq!(short(&o), [["Ann", "s1", "s2", "SMD"], ["Bob", "s2", "s1", "SMD"]]);
    // One folder with both: the dates say which is first.
    let both =
        [("x", "Ann", "2024-05-05T10:00:00"), ("y", "Ann", "2024-01-05T10:00:00"), ("z", "Cy", "2024-01-05T10:00:00")];
    with_patients(&dir.path().join("all"), &both);
    let o = command(dir.path(), &["compare", "all", "all"]);
    assert_eq!(short(&o), [["Ann", "y", "x", "SMD"], ["Cy", "z", "", ""]]);
    // The same name, but another patient.
    with_patients(&dir.path().join("f"), &[("s1", "Di", "2024-05-06T10:00:00")]);
    with_patients(&dir.path().join("b"), &[("s1", "Ann", "2024-01-05T10:00:00")]);
    let row = rows(&compare(dir.path(), &[]).stdout).remove(0);
    assert_eq!((row["response"].as_str(), row["patient"].as_str()), ("NE", "Ann"), "PatientID before the name");
    assert!(row["reason"].contains("patient_id is Ann, then Di"), "{}", row["reason"]);
}

#[test]
fn tables_may_be_parquet() {
    use uptake::table::{Cells, Column, Table};
    let dir = tempfile::tempdir().unwrap();
    for (folder, peak) in [("b", 6.0), ("f", 4.2)] {
        let at = dir.path().join(folder);
        run(&at, &[("p", &[(peak, 40.0)])]);
        for name in ["images", "lesions", "liver"] {
            let path = at.join(format!("{name}.csv"));
            let mut reader = csv::Reader::from_path(&path).unwrap();
            let names: Vec<String> = reader.headers().unwrap().iter().map(str::to_string).collect();
            let cells: Vec<csv::StringRecord> = reader.records().map(|r| r.unwrap()).collect();
            let mut table = Table::default();
            for (i, name) in names.into_iter().enumerate() {
                let column: Vec<Option<String>> =
                    cells.iter().map(|r| Some(r[i].to_string()).filter(|t| !t.is_empty())).collect();
                let numbers: Option<Vec<Option<f64>>> =
                    column.iter().map(|t| t.as_ref().map_or(Some(None), |t| t.parse().ok().map(Some))).collect();
                let cells = match numbers {
                    Some(_) if name == "percist_measurable" => Cells::Int(vec![Some(1)]),
                    Some(numbers) => Cells::Real(numbers),
                    None => Cells::Text(column),
                };
                table.push(Column::new(name, "", "", cells));
            }
            let mut sink = uptake::write::ParquetSink::open(at.join(format!("{name}.parquet"))).unwrap();
            sink.append(&uptake::table::arrow::batch(&table).unwrap()).unwrap();
            sink.finish().unwrap();
            fs::remove_file(path).unwrap();
        }
    }
    let o = compare(dir.path(), &[]);
    let row = rows(&o.stdout).remove(0);
    assert_eq!(row["response"], "PMR", "{}", err(&o));
    assert!((row["sul_peak_change_pct"].parse::<f64>().unwrap() + 30.0).abs() < 1e-12, "{row:?}");
}

#[test]
fn what_cannot_be_judged_is_ne_with_a_reason() {
    let (row, code) = patient(&[(2.4, 9.0)], &[(5.0, 9.0)]);
    assert_eq!((row["response"].as_str(), code), ("NE", Some(2)));
    assert_eq!(row["reason"], "the hottest lesion at baseline is not measurable: its sul_peak is 2.40");
    let (row, _) = patient(&[], &[(5.0, 9.0)]);
    assert_eq!((row["response"].as_str(), row["reason"].as_str()), ("NE", "no lesion at baseline"));
}

#[test]
fn changes_are_those_of_the_hottest_lesions_and_of_the_sums() {
    let before = [(9.0, 10.0), (8.0, 10.0), (7.0, 10.0), (6.0, 10.0), (5.0, 10.0), (4.0, 10.0)];
    let (row, _) = patient(&before, &[(8.0, 6.0), (6.0, 24.0)]);
    let expected = [
        ("sul_peak_baseline", "9.0"),
        ("sul_peak_followup", "8.0"),
        ("sul_peak_change", "-1.0"),
        ("sul_peak5_baseline", "35.0"),
        ("sul_peak5_followup", "14.0"),
        ("sul_peak5_change", "-21.0"),
        ("sul_peak5_change_pct", "-60.0"),
        ("suv_max_baseline", "18.0"),
        ("suv_max_followup", "16.0"),
        ("mtv_baseline_ml", "15.0"),
        ("mtv_followup_ml", "7.5"),
        ("mtv_change_ml", "-7.5"),
        ("mtv_change_pct", "-50.0"),
        ("tlg_baseline_g", "60.0"),
        ("tlg_followup_g", "30.0"),
        ("tlg_change_pct", "-50.0"),
        ("lesions_baseline", "6"),
        ("lesions_followup", "2"),
        ("new_lesions", ""),
        ("liver_sul_mean_baseline", "1.5"),
        ("uptake_baseline_min", "60.0"),
        ("dose_followup_mbq", "300.0"),
        ("comparable_liver", "1"),
        ("comparable_uptake_time", "1"),
        ("comparable_dose", "1"),
        ("notes", "new lesions not judged"),
    ];
    for (column, value) in expected {
        assert_eq!(row[column], value, "{column}");
    }
    let (gone, _) = patient(&[(5.0, 40.0)], &[]);
    let cells =
        ["sul_peak_followup", "sul_peak_change_pct", "mtv_followup_ml", "tlg_change_pct"].map(|c| gone[c].as_str());
    assert_eq!(cells, ["", "", "0.0", "-100.0"], "no lesion has no peak, but a volume of nothing");
}

#[test]
fn pairs_come_from_a_file_with_new_lesions() {
    let dir = tempfile::tempdir().unwrap();
    let hot: Lesions = &[(5.0, 40.0)];
    run(
        &dir.path().join("all"),
        &[("ann_1", hot), ("ann_2", hot), ("bob_1", hot), ("bob_2", &[(5.0, 40.0), (3.0, 9.0)]), ("odd", hot)],
    );
    let pairs = "\u{feff}patient,baseline,followup,new_lesions\nAnn,ann_1,ann_2,2\nBob, bob_1 ,bob_2,\nCy,cy_1,ann_2,0\nDi,,bob_2,\n";
    fs::write(dir.path().join("pairs.csv"), pairs).unwrap();
    let o = command(dir.path(), &["compare", "all", "all", "--pairs", "pairs.csv", "--out", "deep/r.csv"]);
    assert_eq!(o.status.code(), Some(1));
    assert!(o.stdout.is_empty());
    assert_eq!(err(&o), "done: 5 rows = 0 CMR + 0 PMR + 1 SMD + 1 PMD + 0 NE + 3 without partner + 0 skipped\n");
    let all = rows(&fs::read(dir.path().join("deep/r.csv")).unwrap());
    let short: Vec<[&str; 5]> =
        all.iter().map(|r| ["patient", "baseline", "followup", "response", "reason"].map(|c| r[c].as_str())).collect();
    assert_eq!(
        short,
        [
            ["Ann", "ann_1", "ann_2", "PMD", "new lesions: 2"],
            ["Bob", "bob_1", "bob_2", "SMD", "sul_peak changed by +0.0 % (+0.00 g/ml)"],
            ["Cy", "cy_1", "ann_2", "", "all has no image cy_1"],
            ["Di", "", "bob_2", "", "the pairs file names no baseline"],
            ["odd", "odd", "", "", "no image at follow-up; the pairs file does not name it"],
        ]
    );
    assert_eq!(all[1]["notes"], "new lesions not judged; 1 more lesions than at baseline");
    assert_eq!(all[4]["sul_peak_baseline"], "5.0", "what is known is there");
}

/// Mechanics: a pair is judged once, and an image is of one person.
#[test]
fn a_pair_on_two_lines_is_refused_with_both() {
    let dir = tempfile::tempdir().unwrap();
    let hot: Lesions = &[(5.0, 40.0)];
    run(&dir.path().join("all"), &[("a", hot), ("b", hot), ("c", hot)]);
    for (lines, words) in [
        ("P,a,b,0\nQ,a,b,2\n", "line 3: a and b are a pair in line 2 already"),
        ("P,a,b,0\nP,a,b,0\n", "line 3: a and b are a pair in line 2 already"),
        ("P,a,b,\nQ,a,c,\n", "line 3: the baseline a is of patient Q, in line 2 of P"),
        ("P,a,c,\nQ,b,c,\n", "line 3: the follow-up c is of patient Q, in line 2 of P"),
    ] {
        fs::write(dir.path().join("pairs.csv"), format!("patient,baseline,followup,new_lesions\n{lines}")).unwrap();
        let o = command(dir.path(), &["compare", "all", "all", "--pairs", "pairs.csv"]);
        assert!(o.status.code() == Some(2) && err(&o).contains(words), "{lines}: {}", err(&o));
    }
    // Two follow-ups of one baseline are two pairs, and a name in PatientID serves where the file says none.
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\nP,a,b\nP,a,c\n").unwrap();
    let o = command(dir.path(), &["compare", "all", "all", "--pairs", "pairs.csv"]);
    assert_eq!(rows(&o.stdout).len(), 2, "{}", err(&o));
    with_patients(&dir.path().join("all"), &[("a", "Ann", "2024-01-05T10:00:00"), ("b", "Ann", "2024-01-05T10:00:00")]);
    fs::write(dir.path().join("pairs.csv"), "patient,baseline,followup\n,a,b\n").unwrap();
    let o = command(dir.path(), &["compare", "all", "all", "--pairs", "pairs.csv"]);
    assert_eq!(rows(&o.stdout)[0]["patient"], "Ann");
}

#[test]
fn images_without_partner_are_rows() {
    let dir = tempfile::tempdir().unwrap();
    let hot: Lesions = &[(5.0, 40.0)];
    run(&dir.path().join("b"), &[("x", hot), ("y", hot)]);
    run(&dir.path().join("f"), &[("y", hot), ("z", hot)]);
    let o = compare(dir.path(), &[]);
    assert_eq!(o.status.code(), Some(1));
    let all = rows(&o.stdout);
    let short: Vec<[&str; 3]> = all.iter().map(|r| ["patient", "response", "reason"].map(|c| r[c].as_str())).collect();
    assert_eq!(
        short,
        [
            ["y", "SMD", "sul_peak changed by +0.0 % (+0.00 g/ml)"],
            ["x", "", "no image at follow-up; --pairs FILE can name it"],
            ["z", "", "no image at baseline; --pairs FILE can name it"],
        ]
    );
    run(&dir.path().join("b"), &[("x", hot)]);
    run(&dir.path().join("f"), &[("z", hot)]);
    let o = compare(dir.path(), &[]);
    assert_eq!(o.status.code(), Some(0), "one image each is a pair");
    assert_eq!(rows(&o.stdout)[0]["followup"], "z");
}

/// Regression: a file that both runs passed over was a patient whose response is not known.
#[test]
fn a_file_that_both_runs_passed_over_is_no_patient() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["b", "f"].map(|name| dir.path().join(name)) {
        run(&folder, &[("x", &[(5.0, 40.0)]), ("y", &[(5.0, 40.0)])]);
        let images = fs::read_to_string(folder.join("images.csv")).unwrap();
        fs::write(folder.join("images.csv"), images + "\nnotes.txt,skipped,no image,,,,").unwrap();
    }
    let o = compare(dir.path(), &[]);
    assert_eq!(o.status.code(), Some(0), "{}", err(&o));
    assert!(err(&o).contains("2 SMD + 0 PMD + 0 NE + 0 without partner + 2 skipped"), "{}", err(&o));
    let all = rows(&o.stdout);
    let last: Vec<[&str; 3]> =
        all[2..].iter().map(|r| ["patient", "response", "reason"].map(|c| r[c].as_str())).collect();
    assert_eq!(last, [["notes.txt", "", "skipped: no image"]; 2]);
}

#[test]
fn an_image_that_failed_has_no_response_although_it_has_no_lesions() {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("b"), &[("p", &[(5.0, 40.0)]), ("q", &[(5.0, 40.0)])]);
    run(&dir.path().join("f"), &[]);
    let images = format!("{IMAGES}\np,failed,format: no weight,,,,\nq,ok,,3,,,\nreadme,skipped,no image,,,,\n");
    fs::write(dir.path().join("f/images.csv"), images).unwrap();
    let o = compare(dir.path(), &[]);
    assert_eq!(o.status.code(), Some(2));
    let all = rows(&o.stdout);
    assert_eq!((all[0]["response"].as_str(), all[0]["reason"].as_str()), ("NE", "followup failed: format: no weight"));
    assert_eq!(all[1]["reason"], "followup images.csv counts 3 lesions, lesions.csv has none of them");
    assert_eq!((all[2]["response"].as_str(), all[2]["reason"].as_str()), ("", "skipped: no image"));
    assert!(err(&o).ends_with("2 NE + 0 without partner + 1 skipped\n"), "{}", err(&o));
}

#[test]
fn missing_columns_are_named_with_the_recipe_that_gives_them() {
    let dir = tempfile::tempdir().unwrap();
    for (folder, tlg) in [("b", 40.0), ("f", 90.0)] {
        let at = dir.path().join(folder);
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join("images.csv"), "image,status\np,ok\n").unwrap();
        fs::write(at.join("lesions.csv"), format!("image,label,suv_max,mtv_ml,tlg_g\np,1,8.0,{},{tlg}\n", tlg / 4.0))
            .unwrap();
    }
    let o = compare(dir.path(), &[]);
    assert_eq!(o.status.code(), Some(2));
    let row = &rows(&o.stdout)[0];
    assert_eq!(row["response"], "NE");
    assert_eq!(row["reason"], "baseline: lesions.csv has no column sul_peak; recipe pet-percist gives it");
    assert_eq!([&row["suv_max_change_pct"], &row["mtv_change_pct"], &row["tlg_change_pct"]], ["0.0", "125.0", "125.0"]);
    for words in [
        "followup: lesions.csv has no column percist_measurable; recipe pet-percist gives it",
        "baseline: there is no liver.csv; recipe pet-percist gives it",
        "baseline: images.csv has no column uptake_min; recipes pet and pet-percist give it",
    ] {
        assert!(row["notes"].contains(words), "{words}: {}", row["notes"]);
    }
    assert_eq!([&row["comparable_liver"], &row["comparable_uptake_time"], &row["comparable_dose"]], ["", "", ""]);
}

#[test]
fn empty_cells_are_missing_and_never_zero() {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("b"), &[("p", &[(5.0, 40.0)])]);
    run(&dir.path().join("f"), &[("p", &[(5.0, 40.0)])]);
    fs::write(dir.path().join("f/lesions.csv"), format!("{LESIONS}\np,1,,8.0,,,\np,2,3.0,4.0,1.0,3.0,1\n")).unwrap();
    let row = &rows(&compare(dir.path(), &[]).stdout)[0];
    assert_eq!(row["response"], "NE");
    assert!(
        row["reason"].starts_with("followup: sul_peak is empty for 1 of 2 lesions; it needs SUV"),
        "{}",
        row["reason"]
    );
    assert_eq!([&row["sul_peak_followup"], &row["mtv_followup_ml"], &row["tlg_change_pct"]], ["", "", ""]);
    assert_eq!(row["suv_max_followup"], "8.0");
}

#[test]
fn scans_that_are_not_comparable_are_judged_only_if_the_user_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("b"), &[("p", &[(5.0, 40.0)])]);
    run(&dir.path().join("f"), &[("p", &[(5.0, 40.0)])]);
    let change = |images: &str, liver: &str| {
        fs::write(dir.path().join("f/images.csv"), images).unwrap();
        fs::write(dir.path().join("f/liver.csv"), liver).unwrap();
        let strict = rows(&compare(dir.path(), &[]).stdout).remove(0);
        (strict, rows(&compare(dir.path(), &["--judge-anyway"]).stdout).remove(0))
    };
    let columns = "image,status,suv_uptake_min,dose_mbq,half_life_s\n";
    let (strict, row) = change(&format!("{columns}p,ok,80.0,200.0,6586.2\n"), "image,sul_mean\np,1.9\n");
    let cells = ["response", "comparable_liver", "comparable_uptake_time", "comparable_dose"].map(|c| row[c].as_str());
    assert_eq!(cells, ["SMD", "0", "0", "0"]);
    let against = "not comparable: mean SUL of the liver is 1.50, then 1.90; not comparable: uptake time is 60.0 min, then \
                   80.0 min";
    assert_eq!((strict["response"].as_str(), strict["reason"].as_str()), ("NE", against));
    let dose = "not comparable: dose is 300 MBq, then 200 MBq";
    assert_eq!(row["notes"], format!("new lesions not judged; {against}; {dose}"));
    let (row, _) = change(&format!("{columns}p,ok,60.0,300.0,4062.6\n"), "image,sul_mean\np,1.5\n");
    assert_eq!(row["response"], "NE");
    assert_eq!(row["reason"], "another radionuclide: its half-life is 6586 s, then 4063 s");
}

#[test]
fn what_cannot_be_read_exits_with_2_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    run(&dir.path().join("b"), &[("p", &[(5.0, 40.0)])]);
    run(&dir.path().join("f"), &[("p", &[(5.0, 40.0)])]);
    let fails = |args: &[&str], words: &str| {
        let o = command(dir.path(), args);
        assert_eq!(o.status.code(), Some(2));
        assert!(err(&o).contains(words), "{words}: {}", err(&o));
        assert!(o.stdout.is_empty());
    };
    fails(&["compare", "b", "b"], "error: b: baseline and follow-up are the same folder");
    fails(&["compare", "b", "./b"], "try: --pairs FILE, a CSV file with the columns patient, baseline, followup");
    fails(
        &["compare", "b", "gone"],
        "error: gone: there is no images.csv\n  needed for: uptake compare\n  try: uptake run ",
    );
    let pairs = |text: &str| fs::write(dir.path().join("pairs.csv"), text).unwrap();
    pairs("patient;baseline;followup\np;p;p\n");
    fails(&["compare", "b", "f", "--pairs", "pairs.csv"], "pairs.csv: all columns stand in one");
    pairs("patient,baseline,followup,new_lesion\np,p,p,1\n");
    fails(&["compare", "b", "f", "--pairs", "pairs.csv"], "pairs.csv: unknown column \"new_lesion\"");
    pairs("patient,baseline,followup,new_lesions\np,p,p,yes\n");
    fails(
        &["compare", "b", "f", "--pairs", "pairs.csv"],
        "pairs.csv: line 2: new_lesions is \"yes\"\n  try: a whole number",
    );
    let lesions = |text: &str| fs::write(dir.path().join("f/lesions.csv"), format!("{LESIONS}\n{text}\n")).unwrap();
    lesions("p,1,five,8.0,1.0,1.0,1");
    fails(&["compare", "b", "f"], "f/lesions.csv: line 2: sul_peak is \"five\", which is no number");
    lesions("p,1,NaN,8.0,1.0,1.0,1");
    fails(&["compare", "b", "f"], "which is no number");
    lesions("p,1,5.0,8.0,1.0,1.0");
    fails(&["compare", "b", "f"], "f/lesions.csv: line 2 has 6 fields, the header 7");
    lesions("other,1,5.0,8.0,1.0,1.0,1");
    fails(&["compare", "b", "f"], "line 2: images.csv has no such image");
    lesions("p,1,5.0,8.0,1.0,1.0,2");
    fails(&["compare", "b", "f"], "percist_measurable is \"2\", not 0 or 1");
    fs::write(dir.path().join("f/lesions.csv"), "").unwrap();
    fails(&["compare", "b", "f", "--out", "r.csv"], "f/lesions.csv: no column image");
    assert!(!dir.path().join("r.csv").exists());
}
