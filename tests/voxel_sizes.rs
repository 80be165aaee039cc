//! What a recipe says about the size of voxels beside what files say, from the file to the tables; each remedy is followed.
//!
//! Mechanics: files written tag by tag, whose sizes are known.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;
#[path = "common/raw_tiff.rs"]
mod raw;

use common::bench::{Bench, Row, rows, words};
use raw::{Page, Tag, longs, short, text};

const RECIPE: &str = "[channels]\nch = [0]\n\n[objects.cells]\nchannel = \"ch\"\n\
    steps = [{ op = \"threshold\", method = \"fixed\", value = 100 }, { op = \"label\" }]\n\n[measure.cells]\nfeatures = [\"shape\"]\n";
const SLICES: u32 = 6;
/// Voxels of the only object of a stack.
const VOXELS: f64 = (SLICES * 16) as f64;

/// Pages of 12 x 12 pixels with a square of 4 x 4.
fn pages(slices: u32, tags: &[Tag]) -> Vec<u8> {
    let bright = |i: u32| if (4..8).contains(&(i / 12)) && (4..8).contains(&(i % 12)) { 500 } else { 10 };
    let page = |k: u32| Page {
        height: 12,
        width: 12,
        samples: (0..144).map(bright).collect(),
        tags: if k == 0 { tags.to_vec() } else { vec![] },
    };
    raw::file(&(0..slices).map(page).collect::<Vec<_>>())
}

fn ome(slices: u32, sizes: &str) -> Vec<u8> {
    let xml = format!(
        "<OME xmlns=\"x\"><Image><Pixels DimensionOrder=\"XYZCT\" Type=\"uint16\" SizeX=\"12\" SizeY=\"12\" SizeC=\"1\" SizeZ=\"{slices}\" \
         SizeT=\"1\" {sizes}><Channel/><TiffData/></Pixels></Image></OME>"
    );
    pages(slices, &[text(270, &xml)])
}

fn pixel(um: f64) -> String {
    format!("PhysicalSizeX=\"{um}\" PhysicalSizeY=\"{um}\"")
}

/// Pixels of 0.5 um by the resolution tags.
fn tags() -> Vec<Tag> {
    let per_cm = |tag| longs(tag, 5, 1, &[20_000, 1]);
    vec![per_cm(282), per_cm(283), short(296, 3)]
}

/// A run of a file, with settings.
struct Ran {
    image: Row,
    cell: Row,
}

impl Ran {
    fn of(file: &[u8], settings: &[&str]) -> Self {
        let bench = Bench::with(RECIPE);
        bench.write("a.tif", file);
        let set: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
        Ran::with(&bench, &[&["a.tif"], set.as_slice()].concat())
    }

    fn with(bench: &Bench, args: &[&str]) -> Self {
        let usual =
            ["run", "-r", "recipe.toml", "-o", "out", "--device", "cpu", "--no-labels", "--no-overlays", "--overwrite"];
        let done = bench.uptake(&[&usual, args].concat());
        assert_eq!(done.status.code(), Some(0), "{}", words(&done));
        let first = |name: &str| rows(&bench.at(name)).remove(0);
        Ran { image: first("out/images.csv"), cell: first("out/cells.csv") }
    }

    /// 0 along z of a single slice.
    fn zyx(&self) -> [f64; 3] {
        ["z", "y", "x"].map(|axis| self.image[&format!("spacing_{axis}_um")].parse().unwrap_or(0.0))
    }

    fn is_in_px(&self) -> bool {
        self.image["spacing_x_um"].is_empty()
    }

    fn volume(&self) -> Option<f64> {
        self.cell["volume_um3"].parse().ok()
    }

    fn warnings(&self) -> &str {
        &self.image["warnings"]
    }

    fn notes(&self) -> &str {
        &self.image["notes"]
    }
}

/// Every stack whose file states pixels of 0.5 um and no distance of slices that counts.
fn without_distance() -> Vec<(&'static str, Vec<u8>)> {
    let z = |size: &str| ome(SLICES, &format!("{} PhysicalSizeZ=\"{size}\"", pixel(0.5)));
    let imagej = |more: &str| {
        let words = format!("ImageJ=1.53\nimages={SLICES}\nslices={SLICES}\nunit=um\n{more}");
        let per_um = |tag| longs(tag, 5, 1, &[2, 1]);
        pages(SLICES, &[text(270, &words), per_um(282), per_um(283)])
    };
    vec![
        ("OME", ome(SLICES, &pixel(0.5))),
        ("OME, 0", z("0")),
        ("OME, -2", z("-2")),
        ("ImageJ", imagej("")),
        ("ImageJ, unit", imagej("spacing=2\nzunit=ell\n")),
        ("plain", pages(SLICES, &tags())),
    ]
}

/// Regression: the warning asked for `spacing_um`, and who gave the distance had it along all axes, without a word.
#[test]
fn the_distance_of_slices_that_is_missing_is_given_by_the_form_that_is_told() {
    for (name, file) in without_distance() {
        let asked = Ran::of(&file, &[]);
        let form = "spacing_um = [DISTANCE, 0.5, 0.5]";
        assert!(asked.is_in_px() && asked.warnings().contains(form), "{name}: {}", asked.warnings());
        let followed = Ran::of(&file, &[&form.replace("DISTANCE", "2")]);
        assert_eq!(followed.zyx(), [2.0, 0.5, 0.5], "{name}");
        assert_eq!(followed.volume(), Some(VOXELS * 0.5), "{name}");
        let told = [followed.warnings(), followed.notes()].join(";");
        assert!(!told.contains("lengths are in px") && !told.contains("the file has none;"), "{name}: {told}");
        assert!(
            !followed.warnings().contains("calibration by") && followed.notes().contains("2 x 0.5 x 0.5 um"),
            "{told}"
        );
        for key in ["spacing_um", "spacing_um_replace"] {
            let along_all = Ran::of(&file, &[&format!("{key}=2")]);
            assert_eq!(along_all.zyx(), [2.0; 3], "{name}");
            let (told, form) = (along_all.warnings(), form.replace("spacing_um", key));
            for words in ["2 x 2 x 2 um", "0.5 x 0.5 um", form.as_str()] {
                assert!(told.contains(words), "{name}: {told}");
            }
            assert!(!along_all.notes().contains("the file has none"), "{name}: {}", along_all.notes());
            let followed = Ran::of(&file, &[&form.replace("DISTANCE", "2")]);
            assert_eq!(followed.volume(), Some(VOXELS * 0.5), "{name}");
            assert!(!followed.warnings().contains("calibration by"), "{name}: {}", followed.warnings());
        }
    }
}

/// Regression: the doubt stayed, and said that the file's size "was taken", after its remedy was followed.
#[test]
fn a_doubt_about_the_size_in_a_file_goes_once_a_recipe_replaces_it() {
    let far = ome(SLICES, &format!("{} PhysicalSizeZ=\"200\"", pixel(0.5)));
    for (file, setting, meant) in [
        (ome(1, &pixel(300.0)), "0.3", [0.3; 3]),
        (ome(1, &pixel(0.001)), "[1, 0.65, 0.65]", [1.0, 0.65, 0.65]),
        (far, "[2, 0.5, 0.5]", [2.0, 0.5, 0.5]),
    ] {
        let doubted = Ran::of(&file, &[]);
        assert!(doubted.warnings().contains("doubtful: the file says"), "{}", doubted.warnings());
        assert!(doubted.warnings().contains("spacing_um_replace"), "{}", doubted.warnings());
        let settled = |ran: &Ran| {
            assert_eq!(ran.zyx()[1..], meant[1..]);
            let told = ran.warnings();
            assert!(!told.contains("doubtful") && !told.contains("taken"), "{told}");
            assert!(
                told.contains("calibration by spacing_um_replace") && told.contains("where the file says"),
                "{told}"
            );
        };
        settled(&Ran::of(&file, &[&format!("spacing_um_replace={setting}")]));
        // In a sample sheet for this image alone.
        let bench = Bench::with(RECIPE);
        bench.write("a.tif", &file);
        bench.write("sheet.csv", format!("path,set.spacing_um_replace\na.tif,\"{setting}\"\n"));
        settled(&Ran::with(&bench, &["--sheet", "sheet.csv"]));
        // The other key leaves the size of the file, and the doubt of it.
        let kept = Ran::of(&file, &[&format!("spacing_um={setting}")]);
        assert_eq!(kept.zyx(), doubted.zyx());
        assert!(
            kept.warnings().contains("doubtful") && kept.warnings().contains("which was taken"),
            "{}",
            kept.warnings()
        );
    }
    let meant = Ran::of(&ome(1, &pixel(300.0)), &["spacing_um_replace=300"]);
    assert_eq!((meant.zyx()[2], meant.warnings()), (300.0, ""), "it says what the file says");
}

/// Regression: "lengths are in px" and "the file has none" beside a size that was given because the file's cannot be.
#[test]
fn a_size_that_fills_in_is_told_with_what_the_file_says() {
    let odd = |unit: &str| {
        let per_um = |tag| longs(tag, 5, 1, &[2, 1]);
        pages(1, &[text(270, &format!("ImageJ=1.53\nimages=1\nunit={unit}\n")), per_um(282), per_um(283)])
    };
    for (file, why) in [
        (ome(1, &pixel(6000.0)), "6000 um, which cannot be"),
        (ome(1, &pixel(-0.5)), "-0.5 um, which cannot be"),
        (ome(1, "PhysicalSizeX=\"0.5\" PhysicalSizeY=\"30\""), "0.5 um along x and 30 um along y"),
        (odd("ell"), "\"ell\" is not understood"),
    ] {
        let asked = Ran::of(&file, &[]);
        assert!(asked.is_in_px() && asked.warnings().contains("unless spacing_um is given"), "{}", asked.warnings());
        for key in ["spacing_um", "spacing_um_replace"] {
            let given = Ran::of(&file, &[&format!("{key}=0.6")]);
            assert_eq!((given.zyx()[2], given.warnings()), (0.6, ""));
            assert!(given.notes().contains(why) && given.notes().contains("0.6 x 0.6 um"), "{}", given.notes());
        }
    }
    let half = Ran::of(&ome(1, "PhysicalSizeX=\"0.5\""), &["spacing_um=0.7"]);
    assert!(half.warnings().contains("0.5 um along x, none along y"), "{}", half.warnings());
    let same = Ran::of(&ome(1, "PhysicalSizeX=\"0.5\""), &["spacing_um=0.5"]);
    assert!(same.warnings().is_empty() && same.notes().contains("none along y"), "{}", same.notes());
    assert!(Ran::of(&pages(1, &[]), &["spacing_um=0.5"]).notes().contains("the file has none"));
}

/// Regression: of stacks the remedies named one number, which is the distance of slices as well.
#[test]
fn remedies_of_stacks_name_all_three_sizes() {
    let out = ["-o", "out", "--device", "cpu", "--no-labels", "--no-overlays", "--overwrite"];
    for (slices, size, quote) in [(1, "0.65", ""), (SLICES, "[2,0.65,0.65]", "\"")] {
        let z = |um: f64| ome(slices, &format!("{} PhysicalSizeZ=\"{um}\"", pixel(um / 4.0)));
        let bench = Bench::with(
            &format!("files.pattern = \"{{name}}_{{channel}}.tif\"\n{RECIPE}").replace("ch = [0]", "ch = [\"a\"]"),
        );
        bench.write("in/x_a.tif", z(2.0));
        bench.write("in/x_b.tif", z(3.0));
        let run = |more: &[&str]| bench.uptake(&[&["run", "in", "-r", "recipe.toml"], &out[..], more].concat());
        let refused = run(&[]);
        let remedy = format!("--set {quote}spacing_um_replace={size}{quote} (");
        assert!(!refused.status.success() && words(&refused).contains(&remedy), "{}", words(&refused));
        let followed = run(&["--set", &format!("spacing_um_replace={size}")]);
        assert_eq!(followed.status.code(), Some(0), "{}", words(&followed));

        let bench = Bench::with(&RECIPE.replace("steps = [", "steps = [{ op = \"gaussian\", sigma = \"1 um\" }, "));
        bench.write("a.tif", pages(slices, &[]));
        let run = |more: &[&str]| bench.uptake(&[&["run", "a.tif", "-r", "recipe.toml"], &out[..], more].concat());
        let refused = run(&[]);
        assert!(
            !refused.status.success() && words(&refused).contains(&format!("{quote}spacing_um={size}{quote}")),
            "{}",
            words(&refused)
        );
        let followed = run(&["--set", &format!("spacing_um={size}")]);
        assert_eq!(followed.status.code(), Some(0), "{}", words(&followed));
    }
}
