//! Sites of the baseline, from images to the response. Kind: oracle (scans of blocks, whose responses are known), mechanics (remedies).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::nifti::Nifti;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

type Row = BTreeMap<String, String>;

/// First voxel of a block of lesion, z, y, x, and its SUV. Blocks have 4 voxels of 4 mm along each axis.
type Block = ([usize; 3], f64);

const LIVER: &str = "objects.liver.sphere.at=[104, 40, 100]";
const FACTS: [&str; 3] = ["suv.weight_kg=70", "suv.height_m=1.75", "suv.sex=M"];
const SLICES: usize = 32;

/// A scan of SUV with a liver, from a slice on: what lies below was not imaged.
fn scan(path: &Path, blocks: &[Block], first: usize) {
    write(path, blocks, first, None);
}

/// The same, or with all slices, of which those below hold what they were filled up with.
fn write(path: &Path, blocks: &[Block], first: usize, filling: Option<f64>) {
    let mut numbers = vec![filling.unwrap_or_default(); if filling.is_some() { first * 20 * 32 } else { 0 }];
    let from = if filling.is_some() { 0 } else { first };
    for z in first..SLICES {
        for (y, x) in (0..20).flat_map(|y| (0..32).map(move |x| (y, x))) {
            let is_in = |at: &[usize; 3]| [z, y, x].iter().zip(at).all(|(v, from)| (*from..from + 4).contains(v));
            let block = blocks.iter().find(|(at, _)| is_in(at));
            let liver = (20..31).contains(&z) && (4..16).contains(&y) && x >= 20;
            numbers.push(block.map_or(if liver { 2.0 } else { 0.5 }, |(_, suv)| *suv) * 1000.0);
        }
    }
    let mut file = Nifti::new([32, 20, (SLICES - from) as i64], &numbers);
    file.code = if filling.is_some() { 16 } else { file.code };
    file.slope = [1e-3, 0.0];
    file.matrix = [[-4.0, 0.0, 0.0, 0.0], [0.0, -4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 4.0 * from as f64]];
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, file.bytes()).unwrap();
}

fn uptake(dir: &Path, args: &[&str]) -> (String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir).args(args).output().unwrap();
    (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
}

fn measured(dir: &Path, images: &str, out: &str, more: &[&str]) {
    let mut args = vec!["run", images, "--recipe", "pet-percist", "--device", "cpu", "--no-overlays", "--out", out];
    FACTS.iter().chain([&LIVER]).chain(more).for_each(|set| args.extend(["--set", set]));
    let (_, said) = uptake(dir, &args);
    assert!(said.contains("+ 0 failed"), "{said}");
}

fn compared(dir: &Path, before: &str, after: &str) -> Vec<Row> {
    let (table, said) = uptake(dir, &["compare", before, after]);
    let rows: Vec<Row> = csv::Reader::from_reader(table.as_bytes()).deserialize().map(|r| r.unwrap()).collect();
    assert!(!rows.is_empty(), "{said}");
    rows
}

#[track_caller]
fn judged(row: &Row, response: &str, words: &str) {
    assert_eq!(row["response"], response, "{}", row["reason"]);
    assert!(row["reason"].contains(words), "{}", row["reason"]);
}

const LOW: [usize; 3] = [6, 8, 6];
const HIGH: [usize; 3] = [24, 8, 6];

/// Regression: CMR where the lesion lay outside of the follow-up's image, and PMR where the hottest one did.
#[test]
fn what_was_not_imaged_is_not_gone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    scan(&dir.join("b/p.nii.gz"), &[(LOW, 8.0), (HIGH, 6.0)], 0);
    measured(dir, "b", "base", &[]);
    let sites = ["labels.sites=base/labels/p_lesions.nii.gz"];
    let response = |name: &str, blocks: &[Block], first: usize| {
        scan(&dir.join(name).join("p.nii.gz"), blocks, first);
        measured(dir, name, &format!("o_{name}"), &sites);
        compared(dir, "base", &format!("o_{name}")).remove(0)
    };
    judged(&response("whole", &[], 0), "CMR", "below the mean of the liver");
    judged(&response("edge", &[], 6), "CMR", "below the mean of the liver");
    judged(&response("cut", &[], 8), "NE", "only 50 % of the site of the lesion at x 30, y 38, z 30 mm was measured");
    judged(&response("one_left", &[(HIGH, 6.0)], 8), "NE", "only 50 % of the site");
    judged(&response("gone", &[(HIGH, 6.0)], 12), "NE", "no site at follow-up is the lesion at x 30, y 38, z 30 mm");
    judged(&response("grows", &[(HIGH, 16.0)], 8), "PMD", "sul_peak changed by");
    judged(&response("left", &[(HIGH, 6.0)], 0), "SMD", "sul_peak changed by");
    // Regression: where nothing of the only site was imaged the follow-up failed, and no response could be.
    scan(&dir.join("b1/p.nii.gz"), &[(LOW, 8.0)], 0);
    measured(dir, "b1", "base1", &[]);
    let sites = ["labels.sites=base1/labels/p_lesions.nii.gz"];
    let response = |name: &str, blocks: &[Block]| {
        scan(&dir.join(name).join("p.nii.gz"), blocks, 12);
        measured(dir, name, &format!("o_{name}"), &sites);
        compared(dir, "base1", &format!("o_{name}")).remove(0)
    };
    judged(&response("elsewhere", &[(HIGH, 16.0)]), "PMD", "sul_peak changed by");
    judged(&response("unseen", &[]), "NE", "none of the sites of the baseline lies in what was imaged");
}

/// Regression: what a scan on the grid of the baseline was filled up with counted as measured, and was a complete response.
#[test]
fn what_was_filled_up_was_not_imaged() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    scan(&dir.join("b/p.nii.gz"), &[(LOW, 8.0), (HIGH, 6.0)], 0);
    measured(dir, "b", "base", &[]);
    let sites = ["labels.sites=base/labels/p_lesions.nii.gz"];
    let response = |name: &str, blocks: &[Block], first: usize, filling: f64| {
        write(&dir.join(name).join("p.nii.gz"), blocks, first, Some(filling));
        measured(dir, name, &format!("o_{name}"), &sites);
        compared(dir, "base", &format!("o_{name}")).remove(0)
    };
    let low = "the lesion at x 30, y 38, z 30 mm";
    judged(&response("nan", &[], 12, f64::NAN), "NE", &format!("no site at follow-up is {low}"));
    judged(&response("nan_half", &[], 8, f64::NAN), "NE", &format!("only 50 % of the site of {low} was measured"));
    judged(&response("nan_left", &[(HIGH, 6.0)], 12, f64::NAN), "NE", &format!("no site at follow-up is {low}"));
    judged(&response("nan_apart", &[], 5, f64::NAN), "CMR", "below the mean of the liver");
    // A site without a voxel has no row; another lesion does not stand for it.
    scan(&dir.join("one/p.nii.gz"), &[(LOW, 8.0)], 0);
    measured(dir, "one", "one_base", &[]);
    write(&dir.join("other/p.nii.gz"), &[(HIGH, 5.0)], 12, Some(f64::NAN));
    measured(dir, "other", "o_other", &["labels.sites=one_base/labels/p_lesions.nii.gz"]);
    judged(&compared(dir, "one_base", "o_other")[0], "NE", "none of the sites of the baseline lies in what was imaged");
    for (name, first) in [("zero", 12), ("zero_most", 9)] {
        judged(&response(name, &[], first, 0.0), "NE", &format!("half and more of the site of {low} holds exactly 0"));
    }
    let part = response("zero_part", &[], 7, 0.0);
    judged(&part, "CMR", "below the mean of the liver");
    assert!(
        part["notes"].contains("voxels of the site at x 30, y 38, z 30 mm at follow-up hold exactly 0"),
        "{part:?}"
    );
}

/// Regression: the sites of one patient made a complete response of another's.
#[test]
fn sites_of_another_patient_do_not_count() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let other = [14, 2, 14];
    scan(&dir.join("b/a.nii.gz"), &[(LOW, 8.0)], 0);
    scan(&dir.join("b/c.nii.gz"), &[(other, 8.0)], 0);
    // A place so near to the other's that it tells nothing.
    scan(&dir.join("b/d.nii.gz"), &[([7, 9, 7], 8.0)], 0);
    scan(&dir.join("f/a.nii.gz"), &[], 0);
    scan(&dir.join("f/c.nii.gz"), &[(other, 2.6)], 0);
    scan(&dir.join("f/d.nii.gz"), &[([7, 9, 7], 2.6)], 0);
    measured(dir, "b", "base", &[]);
    measured(dir, "f", "all", &["labels.sites=base/labels/a_lesions.nii.gz"]);
    let rows = compared(dir, "base", "all");
    judged(&rows[0], "CMR", "below the mean of the liver");
    for row in &rows[1..] {
        judged(row, "NE", "the sites at follow-up are the lesions of the image a.nii.gz");
    }
    // Copied, whose they are is told by their places alone.
    fs::copy(dir.join("base/labels/a_lesions.nii.gz"), dir.join("sites.nii.gz")).unwrap();
    measured(dir, "f/c.nii.gz", "copied", &["labels.sites=sites.nii.gz"]);
    let rows = compared(dir, "base", "copied");
    let row = rows.iter().find(|r| r["baseline"] == "c.nii.gz").unwrap();
    judged(
        row,
        "NE",
        "no site at follow-up is the lesion at x 62, y 14, z 62 mm of the baseline, the nearest lies 51 mm away",
    );
    // The remedy, and the sheet that the docs show.
    let sheet =
        "path,set.labels.sites\nf/c.nii.gz,base/labels/c_lesions.nii.gz\nf/d.nii.gz,base/labels/d_lesions.nii.gz\n";
    fs::write(dir.join("followup.csv"), sheet).unwrap();
    let mut args = vec!["run", "--sheet", "followup.csv", "--recipe", "pet-percist", "--device", "cpu", "--out", "own"];
    FACTS.iter().chain([&LIVER]).for_each(|set| args.extend(["--set", set]));
    uptake(dir, &args);
    fs::write(dir.join("pairs.csv"), "patient,baseline,followup\nc,c.nii.gz,f/c.nii.gz\nd,d.nii.gz,f/d.nii.gz\n")
        .unwrap();
    let (table, said) = uptake(dir, &["compare", "base", "own", "--pairs", "pairs.csv"]);
    let rows: Vec<Row> = csv::Reader::from_reader(table.as_bytes()).deserialize().map(|r| r.unwrap()).collect();
    assert!(rows.len() >= 2, "{said}");
    rows.iter().take(2).for_each(|row| judged(row, "PMR", "sul_peak changed by"));
}

/// A bladder over the site hides it, and is not its uptake.
#[test]
fn a_site_below_what_is_excluded_was_not_measured() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    scan(&dir.join("b/p.nii.gz"), &[(LOW, 8.0)], 0);
    measured(dir, "b", "base", &[]);
    let sites = "labels.sites=base/labels/p_lesions.nii.gz";
    let response = |name: &str, bladder: [usize; 3]| {
        scan(&dir.join(name).join("p.nii.gz"), &[(bladder, 30.0)], 0);
        let mut mask = vec![0.0; SLICES * 20 * 32];
        for (z, y, x) in (0..64).map(|i| (i / 16, i / 4 % 4, i % 4)) {
            mask[((bladder[0] + z) * 20 + bladder[1] + y) * 32 + bladder[2] + x] = 1.0;
        }
        let mut file = Nifti::new([32, 20, SLICES as i64], &mask);
        file.matrix = [[-4.0, 0.0, 0.0, 0.0], [0.0, -4.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]];
        fs::write(dir.join(name).join("p_exclude.nii.gz"), file.bytes()).unwrap();
        measured(dir, name, &format!("o_{name}"), &[sites]);
        compared(dir, "base", &format!("o_{name}")).remove(0)
    };
    judged(&response("beside", [6, 8, 10]), "CMR", "below the mean of the liver");
    judged(&response("over", [6, 8, 8]), "NE", "only 50 % of the site of the lesion");
}

/// Regression: the remedy for sites named the empty ones that the baseline's run had written, and the response was NE, as if nothing of the
/// baseline had been imaged. Remedies are done as they are printed.
#[test]
fn the_remedy_for_sites_gives_the_lesions_of_the_baseline() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (name, before, after) in [("P1/p", 8.0, 4.0), ("P2/p", 8.0, 7.0), ("q", 8.0, 1.0)] {
        scan(&dir.join(format!("b/{name}.nii.gz")), &[(LOW, before)], 0);
        scan(&dir.join(format!("f/{name}.nii.gz")), &[(LOW, after)], 0);
    }
    measured(dir, "b", "base", &[]);
    let failed = |sites: &str, words: &str| {
        // A run that cannot find what it is to read does not replace another one.
        let out = tempfile::tempdir_in(dir).unwrap().keep().join("out");
        let args = ["run", "f", "--recipe", "pet-percist", "--device", "cpu", "--set", sites, "--out"];
        let (_, said) = uptake(dir, &args.iter().copied().chain([out.to_string_lossy().as_ref()]).collect::<Vec<_>>());
        assert!(said.contains("3 failed"), "{said}");
        let table = fs::read_to_string(out.join("images.csv")).unwrap();
        let rows: Vec<Row> = csv::Reader::from_reader(table.as_bytes()).deserialize().map(|r| r.unwrap()).collect();
        assert!(rows.iter().any(|row| row["reason"].contains(words)), "{rows:?}");
        rows[0]["reason"].split_once("; try ").unwrap().1.to_string()
    };
    let remedy = failed(
        "labels.sites=none/{stem}.nii.gz",
        "there is no label image: none/q.nii.gz, from the folder of the image",
    );
    let (_, path) = remedy.split_once("BASELINE/").unwrap();
    let path = path.split_once(' ').unwrap().0;
    assert_eq!(path, "labels/{written:lesions}");
    measured(dir, "f", "sites", &[&format!("labels.sites=base/{path}")]);
    let rows = compared(dir, "base", "sites");
    judged(&rows[0], "PMR", "sul_peak changed by -50");
    judged(&rows[1], "SMD", "sul_peak changed by");
    judged(&rows[2], "CMR", "below the mean of the liver");
    // A path that would be right from the working directory.
    let there = "it is there from the working directory; needed for the object set \"sites\"; try --set labels.sites=PATH with the whole path";
    failed("labels.sites=base/labels/{stem}_lesions.nii.gz", there);
    measured(
        dir,
        "f/q.nii.gz",
        "whole",
        &[&format!("labels.sites={}/base/labels/{{stem}}_lesions.nii.gz", dir.display())],
    );
    failed("labels.sites=base/none.nii.gz", "there is no label image: base/none.nii.gz, from the working directory");
    // Those that the baseline's run has written are none: as without sites, and said.
    measured(dir, "f", "none", &["labels.sites=base/labels/{written}"]);
    let rows = compared(dir, "base", "none");
    judged(&rows[0], "PMR", "sul_peak changed by -50");
    judged(&rows[1], "SMD", "sul_peak changed by");
    let words = "the file of the sites at follow-up, base/labels/P1/p_sites.nii.gz, has no region: they were not measured there; \
                 run the follow-up with --set labels.sites=base/labels/P1/p_lesions.nii.gz";
    assert!(rows[0]["notes"].contains(words), "{}", rows[0]["notes"]);
    judged(
        &rows[2],
        "NE",
        "as the file of the sites at follow-up, base/labels/q_sites.nii.gz, has no region: run the follow-up with",
    );
}
