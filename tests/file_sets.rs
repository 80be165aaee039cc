//! Images that are stored as one file a channel, through the command line: the files have to lie in one place, be of one
//! patient, and be channels.
//!
//! Oracle: a lesion in the half of a body where a second scan is 2, worked out by hand. Mechanics: what is refused, and that
//! remedies work.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::nifti::Nifti;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

const RECIPE: &str = r#"
modality = "pet"
[suv]
assume = "suv"
[files]
pattern = "{name}_{channel}.nii"
[channels]
pet = ["fdg"]
two = ["ct"]
[objects.lesions]
channel = "pet"
steps = [{ op = "threshold", method = "fixed", at_least = 4.0 }, { op = "label" }]
[measure.lesions]
features = ["shape", "intensity", "lesion"]
channels = ["pet", "two"]
"#;

/// Sides in voxels of 2 x 3 x 4 mm.
const SIZES: [usize; 3] = [12, 8, 6];

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Bench(tempfile::tempdir().unwrap());
        std::fs::create_dir(bench.0.path().join("in")).unwrap();
        std::fs::write(bench.0.path().join("r.toml"), RECIPE).unwrap();
        bench.put("x_fdg.nii", &fdg());
        bench
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join("in").join(name)
    }

    fn put(&self, name: &str, file: &Nifti) {
        std::fs::write(self.at(name), file.bytes()).unwrap();
    }

    fn run(&self, more: &[&str]) -> Output {
        let args = ["run", "--device", "cpu", "--no-overlays", "--no-labels", "--overwrite", "--out", "out"];
        Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(self.0.path()).args(args).args(more).output().unwrap()
    }

    /// The first row of a table of `in` by the recipe.
    fn row(&self, table: &str) -> BTreeMap<String, String> {
        let output = self.run(&["in", "--recipe", "r.toml"]);
        assert!(output.status.success(), "{}", words(&output));
        self.first_row(table)
    }

    fn first_row(&self, table: &str) -> BTreeMap<String, String> {
        let mut rows = csv::Reader::from_path(self.0.path().join("out").join(table)).unwrap();
        let names = rows.headers().unwrap().clone();
        let row = rows.records().next().unwrap().unwrap();
        names.iter().zip(&row).map(|(name, cell)| (name.to_string(), cell.to_string())).collect()
    }

    /// Refused: what is said.
    fn refused(&self) -> String {
        let output = self.run(&["in", "--recipe", "r.toml"]);
        assert_eq!(output.status.code(), Some(2), "{}", words(&output));
        words(&output)
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn scan(value: impl Fn([usize; 3]) -> f64) -> Nifti {
    let [nx, ny, nz] = SIZES;
    let place = |i: usize| [i % nx, i / nx % ny, i / nx / ny];
    let numbers: Vec<f64> = (0..nx * ny * nz).map(|i| value(place(i))).collect();
    Nifti { code: 16, ..Nifti::new(SIZES.map(|n| n as i64), &numbers) }
}

/// A lesion of 3 x 3 x 3 voxels around [3, 4, 2] with 8 in it, on 1.25.
fn fdg() -> Nifti {
    let near = |[x, y, z]: [usize; 3]| x.abs_diff(3) <= 1 && y.abs_diff(4) <= 1 && z.abs_diff(2) <= 1;
    scan(|at| if near(at) { 8.0 } else { 1.25 })
}

/// 2.5 where x is below 6, 6.5 beyond.
fn ct() -> Nifti {
    scan(|[x, ..]| if x < 6 { 2.5 } else { 6.5 })
}

/// The same voxels in the same places, stored the other way along x.
fn mirrored() -> Nifti {
    let mut file = scan(|[x, ..]| if x < 6 { 6.5 } else { 2.5 });
    file.matrix[0] = [-2.0, 0.0, 0.0, 10.0 + 2.0 * 11.0];
    file
}

const SHOWN: [&str; 5] =
    ["intensity_mean_pet", "intensity_mean_two", "centroid_x_mm", "centroid_y_mm", "centroid_z_mm"];

#[test]
fn one_place_stored_in_another_order_is_reordered() {
    let bench = Bench::new();
    bench.put("x_ct.nii", &ct());
    let same = bench.row("lesions.csv");
    assert_eq!((&*same["intensity_mean_pet"], &*same["intensity_mean_two"]), ("8.0", "2.5"));
    bench.put("x_ct.nii", &mirrored());
    let turned = bench.row("lesions.csv");
    let first = bench.first_row("images.csv");
    assert!(first["notes"].contains("stored in another order (z, y, -x)"), "{}", first["notes"]);
    // The grid of the table is that of the first file, x_ct: its x counts the other way.
    for column in SHOWN.iter().filter(|c| **c != "centroid_x_mm") {
        assert_eq!(same[*column], turned[*column], "{column}");
    }
    let output = bench.run(&["in", "--recipe", "r.toml", "--memory", "256MiB"]);
    assert!(output.status.success() && bench.first_row("lesions.csv") == turned, "{}", words(&output));
}

#[test]
fn other_places_sizes_and_patients_are_refused_with_both_values() {
    let bench = Bench::new();
    let mut far = ct();
    far.matrix[2][3] += 400.0;
    bench.put("x_ct.nii", &far);
    assert!(
        bench.refused().contains("lies on another grid than the first file of image x: corners up to 400.00 mm apart")
    );
    let mut turned = ct();
    let (cos, sin) = (0.984_807_753, 0.173_648_178);
    turned.matrix = [[2.0 * cos, -3.0 * sin, 0.0, 10.0], [2.0 * sin, 3.0 * cos, 0.0, 20.0], [0.0, 0.0, 4.0, 30.0]];
    bench.put("x_ct.nii", &turned);
    assert!(bench.refused().contains("axes turned by 10.0 degrees"));
    let mut coarse = ct();
    coarse.matrix[0][0] = 2.25;
    bench.put("x_ct.nii", &coarse);
    let said = bench.refused();
    assert!(said.contains("channel fdg has 4 x 3 x 2 mm, the first file of image x has 4 x 3 x 2.25 mm"), "{said}");
    assert!(said.contains("a copy of one file on the grid of the other") && !said.contains("spacing_um"), "{said}");
    bench.put("x_ct.nii", &ct());
    let sidecar = |patient: &str| {
        format!(
            r#"{{"Modality": "PT", "TracerRadionuclide": "F18", "Units": "g/mL", "PatientID": "{patient}",
                "BodyWeight": 70, "PatientSex": "M", "BodyHeight": 1.7}}"#
        )
    };
    let of = |channel: &str, patient: &str| {
        std::fs::write(bench.at(&format!("x_{channel}.json")), sidecar(patient)).unwrap()
    };
    of("ct", "A");
    of("fdg", "B");
    assert!(bench.refused().contains("channel fdg is of patient B, the first file of image x of patient A"));
    of("fdg", "A");
    assert_eq!(bench.row("images.csv")["patient_id"], "A");
}

/// The facts of SUV are those of the file that has them, whichever comes first by name.
#[test]
fn the_row_of_suv_is_that_of_the_scan_that_has_one() {
    let bench = Bench::new();
    bench.put("x_ct.nii", &ct());
    let sidecar = r#"{"Modality": "PT", "TracerRadionuclide": "F18", "Units": "Bq/mL", "BodyWeight": 70, "PatientSex": "M",
        "BodyHeight": 1.7, "InjectedRadioactivity": 70, "InjectedRadioactivityUnits": "MBq", "TimeZero": "10:00:00",
        "InjectionStart": 0, "ScanStart": 3600, "FrameTimesStart": [3600], "FrameDuration": [600],
        "ImageDecayCorrected": true, "ImageDecayCorrectionTime": 0}"#;
    std::fs::write(bench.at("x_fdg.json"), sidecar).unwrap();
    let mut becquerels = fdg();
    becquerels.numbers.iter_mut().for_each(|v| *v *= 1000.0);
    bench.put("x_fdg.nii", &becquerels);
    let row = bench.row("images.csv");
    assert_eq!((&*row["dose_mbq"], &*row["weight_kg"]), ("70.0", "70.0"), "{row:?}");
    assert!(row["notes"].contains("fdg: the columns of SUV are those of this file"), "{}", row["notes"]);
    // 70 MBq in 70 kg are 1000 Bq/g.
    let lesion = bench.first_row("lesions.csv");
    assert!((lesion["intensity_mean_pet"].parse::<f64>().unwrap() - 8.0).abs() < 1e-5, "{lesion:?}");
    assert!(!lesion["sul_max"].is_empty());
}

#[test]
fn masks_of_the_recipe_are_no_channels() {
    let bench = Bench::new();
    bench.put("x_ct.nii", &ct());
    let excluded = format!("{RECIPE}[objects.excluded]\nlabels = \"{{stem}}_exclude.nii\"\noptional = true\n");
    std::fs::write(bench.0.path().join("r.toml"), excluded).unwrap();
    let mask = |x: usize| Nifti { code: 2, ..scan(|at| f64::from(at[0] == x)) };
    bench.put("x_exclude.nii", &mask(9));
    bench.put("y_fdg.nii", &fdg());
    bench.put("y_ct.nii", &ct());
    let row = bench.row("images.csv");
    assert_eq!(
        (&*row["image"], &*row["status"], &*row["channels"], &*row["count_excluded"]),
        ("x", "ok", "ct; fdg", "1")
    );
    let said = words(&bench.run(&["in", "--recipe", "r.toml"]));
    assert!(said.contains("2 inputs = 2 ok + 0 failed + 0 skipped"), "{said}");
    // Nor is one whose name makes it an image of its own.
    std::fs::rename(bench.at("x_exclude.nii"), bench.at("x_fdg_cp_exclude.nii")).unwrap();
    let text = RECIPE.to_owned() + "[objects.excluded]\nlabels = \"{stem}_fdg_cp_exclude.nii\"\noptional = true\n";
    std::fs::write(bench.0.path().join("r.toml"), text).unwrap();
    let said = words(&bench.run(&["in", "--recipe", "r.toml"]));
    assert!(said.contains("2 inputs = 2 ok + 0 failed + 0 skipped"), "{said}");
    // What no set needs is a channel as before.
    std::fs::write(bench.0.path().join("r.toml"), RECIPE).unwrap();
    assert_eq!(bench.run(&["in", "--recipe", "r.toml"]).status.code(), Some(2));
}

#[test]
fn a_file_that_was_not_named_is_asked_for() {
    let bench = Bench::new();
    bench.put("x_ct.nii", &ct());
    let said = words(&bench.run(&["in/x_fdg.nii", "--recipe", "r.toml"]));
    assert!(said.contains("no channel for \"two\""), "{said}");
    assert!(
        said.contains("try: the file of that channel as an input too: the folder that holds it, or a glob"),
        "{said}"
    );
    assert!(bench.run(&["in/x_*.nii", "--recipe", "r.toml"]).status.success());
}
