//! Habitats. Oracle: lesions whose parts are known, counted by hand, and a phantom's own voxels. Invariant: the parts make up the whole, for any
//! limits, on any device; units of images, the order of files and threads do not matter. Mechanics: wrong recipes, wrong centres.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use std::process::Command;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing};

const RECIPE: &str = r#"
modality = "fluorescence"
[channels]
a = [0]
[objects.lesions]
channel = "a"
steps = [{ op = "threshold", method = "fixed", at_least = 10 }, { op = "label" }]
[objects.habitats]
channel = "a"
steps = [{ op = "habitats", set = "lesions", values = [20, 40] }]
parent = "lesions"
[measure.lesions]
features = ["shape"]
[measure.habitats]
features = ["shape", "habitat"]
habitat.of = "lesions"
"#;

/// Two lesions in one slice: one of three levels, whose hottest falls into two pieces, and one of a single level.
fn scan() -> Scan {
    #[rustfmt::skip]
    let rows: [[u16; 9]; 5] = [
        [0,  0,  0,  0,  0,  0, 0,  0,  0],
        [0, 10, 10, 20, 50, 20, 0, 12, 12],
        [0, 10, 10, 20, 20, 20, 0, 12, 12],
        [0, 10, 10, 20, 50, 20, 0,  0,  0],
        [0,  0,  0,  0,  0,  0, 0,  0,  0],
    ];
    let array = ndarray::Array3::from_shape_fn((1, 5, 9), |(_, y, x)| rows[y][x]);
    let channel = Channel::of_array("a", array.view()).unwrap();
    let mut scan = Scan::new(Modality::Fluorescence, channel.volume.shape, vec![channel]);
    scan.spacing = Spacing::um([1.0, 2.0, 0.5]);
    scan
}

fn run(scan: &Scan, recipe: &Recipe, device: &Device) -> Outcome {
    pipeline::run(scan, recipe, device, &External::new()).unwrap()
}

fn table<'a>(outcome: &'a Outcome, set: &str) -> &'a Table {
    &outcome.sets.iter().find(|s| s.name == set).unwrap().table
}

fn ints(table: &Table, column: &str) -> Vec<Option<i64>> {
    let Cells::Int(cells) = &table.column(column).unwrap().cells else { panic!("{column}") };
    cells.clone()
}

fn reals(table: &Table, column: &str) -> Vec<Option<f64>> {
    let Cells::Real(cells) = &table.column(column).unwrap().cells else { panic!("{column}") };
    cells.clone()
}

fn parse(change: impl Fn(&str) -> String) -> uptake::Result<Recipe> {
    Recipe::parse("r.toml", &change(RECIPE), &[])
}

#[test]
fn known_parts_are_found_and_measured() {
    let outcome = run(&scan(), &parse(str::to_string).unwrap(), &Device::Cpu);
    let t = table(&outcome, "habitats");
    assert_eq!(ints(t, "parent_lesions"), [Some(1), Some(1), Some(1), Some(2)]);
    assert_eq!(ints(t, "habitat_level"), [Some(1), Some(2), Some(3), Some(1)]);
    assert_eq!(ints(t, "habitat_count"), [Some(3), Some(3), Some(3), Some(1)]);
    assert_eq!(ints(t, "area_px"), [Some(6), Some(7), Some(2), Some(4)]);
    assert_eq!(ints(t, "habitat_pieces"), [Some(1), Some(1), Some(2), Some(1)]);
    assert_eq!(
        reals(t, "habitat_fraction"),
        [6.0, 7.0, 2.0, 15.0].map(|n| Some(n / 15.0)).map(|f| if f == Some(1.0) { Some(1.0) } else { f })
    );
    // Columns 1 and 2 against column 4, 0.5 um apart; the ring has its centre in column 4 as well, a little to the side of it.
    let apart = reals(t, "habitat_from_hottest_um");
    assert_eq!((apart[0], apart[2], apart[3]), (Some(1.25), Some(0.0), Some(0.0)));
    let ring = (3.0 * 3.0 + 4.0 + 3.0 * 5.0) / 7.0;
    assert!((apart[1].unwrap() - (4.0 - ring) * 0.5).abs() < 1e-12);
}

#[test]
fn small_parts_join_and_limits_may_be_percent_or_classes() {
    let areas = |step: &str| {
        let recipe = parse(|r| r.replace("values = [20, 40]", step)).unwrap();
        ints(table(&run(&scan(), &recipe, &Device::Cpu), "habitats"), "area_px")
    };
    assert_eq!(areas("values = [20, 40], smallest = \"3 px\""), [Some(6), Some(9), Some(4)]);
    assert_eq!(areas("values = [20, 40], smallest = \"2.5 um2\""), [Some(6), Some(9), Some(4)]);
    assert_eq!(areas("values = [1000]"), [Some(15), Some(4)]);
    assert_eq!(areas("percent = [40, 100]"), [Some(6), Some(7), Some(2), Some(4)]);
    assert_eq!(areas("classes = 3"), [Some(6), Some(7), Some(2), Some(4)]);
    assert_eq!(areas("classes = 2"), [Some(13), Some(2), Some(4)]);
}

#[test]
fn without_lesions_there_are_no_habitats() {
    let recipe = parse(|r| r.replace("at_least = 10", "at_least = 1000")).unwrap();
    let outcome = run(&scan(), &recipe, &Device::Cpu);
    assert_eq!(table(&outcome, "habitats").rows(), 0);
    let told = pipeline::columns(&recipe).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        names(table(&outcome, "habitats")),
        names(&told.sets.iter().find(|s| s.name == "habitats").unwrap().table)
    );
}

#[test]
fn parts_make_up_the_whole_on_every_device() {
    let phantom = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom_dicom");
    let scan = read::open(&phantom, &Options::default()).unwrap();
    let text = preset("pet-habitats").unwrap().text;
    for ways in ["percent = [50, 70], smallest = \"0.5 ml\"", "classes = 4", "values = [5.0, 7.5, 10.0]"] {
        let text = text.replace("percent = [50, 70], smallest = \"0.5 ml\"", ways);
        let recipe = Recipe::parse("r.toml", &text, &[]).unwrap();
        let cpu = run(&scan, &recipe, &Device::Cpu);
        let (lesions, habitats) = (table(&cpu, "lesions"), table(&cpu, "habitats"));
        let (whole, parents) = (reals(lesions, "mtv_ml"), ints(habitats, "parent_lesions"));
        assert!(!whole.is_empty() && habitats.rows() > lesions.rows(), "{ways}");
        for (i, whole) in whole.iter().enumerate() {
            let of = |column: &str| -> f64 {
                let parts = reals(habitats, column);
                parts.iter().zip(&parents).filter(|(_, p)| **p == Some(i as i64 + 1)).map(|(v, _)| v.unwrap()).sum()
            };
            assert!(
                (of("mtv_ml") / whole.unwrap() - 1.0).abs() < 1e-12 && (of("habitat_fraction") - 1.0).abs() < 1e-12
            );
        }
        for device in [common::gpu(None), common::gpu(Some(1 << 18))] {
            let gpu = run(&scan, &recipe, &device);
            assert_eq!((lesions, habitats), (table(&gpu, "lesions"), table(&gpu, "habitats")), "{ways}");
        }
    }
}

#[test]
fn wrong_recipes_are_refused_with_a_remedy() {
    for (step, says) in [
        ("values = [20, 40], classes = 3", "exactly one way"),
        ("smallest = \"1 px\"", "exactly one way"),
        ("values = [40, 20]", "rise"),
        ("values = []", "rise"),
        ("percent = [0, 50]", "percentage"),
        ("percent = [50, 101]", "percentage"),
        ("classes = 1", "2 to 8"),
        ("classes = 9", "2 to 8"),
        ("values = [nan]", "not inf or nan"),
        ("value = [3]", "value"),
    ] {
        let e = parse(|r| r.replace("values = [20, 40]", step)).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(e.contains(says), "{step}: {e}");
    }
    let e = parse(|r| r.replace("set = \"lesions\"", "set = \"lesion\"")).unwrap_err().to_string();
    assert!(e.contains("lesions"), "{e}");
    let e = parse(|r| r.replace("habitat.of = \"lesions\"", "")).unwrap_err().to_string();
    assert!(e.contains("of = \"lesions\""), "{e}");
}

const CLUSTERS: &str = r#"
modality = "fluorescence"
channels = { a = [0], b = [1] }
[objects.lesions]
channel = "a"
steps = [{ op = "threshold", method = "fixed", at_least = 10 }, { op = "label" }]
[objects.habitats]
channel = "a"
steps = [{ op = "habitats", set = "lesions", images = ["a", "b"], clusters = 3 }]
parent = "lesions"
[measure.habitats]
features = ["shape", "habitat"]
habitat = { of = "lesions", distances = true }
"#;

/// A lesion of three parts that no single channel tells apart, one of two different voxels, and one of a single voxel.
fn two_channels(gain: u16) -> Scan {
    #[rustfmt::skip]
    let (a, b): ([[u16; 10]; 3], [[u16; 10]; 3]) = (
        [[0, 20, 21, 40, 41, 40, 0, 30, 0, 12],
         [0, 21, 20, 41, 40, 41, 0, 50, 0,  0],
         [0, 20, 21, 41, 40, 41, 0,  0, 0,  0]],
        [[0, 90, 91, 90, 91, 10, 0,  5, 0,  7],
         [0, 91, 90, 91, 90, 11, 0,  9, 0,  0],
         [0, 90, 91, 90, 10, 11, 0,  0, 0,  0]],
    );
    let channel = |name: &str, rows: [[u16; 10]; 3], gain: u16| {
        let array = ndarray::Array3::from_shape_fn((1, 3, 10), |(_, y, x)| rows[y][x] * gain);
        Channel::of_array(name, array.view()).unwrap()
    };
    let (a, b) = (channel("a", a, 1), channel("b", b, gain));
    let mut scan = Scan::new(Modality::Fluorescence, a.volume.shape, vec![a, b]);
    scan.spacing = Spacing::um([1.0, 1.0, 1.0]);
    scan
}

fn clusters(change: &str) -> uptake::Result<Recipe> {
    Recipe::parse("r.toml", &CLUSTERS.replace("clusters = 3", change), &[])
}

#[test]
fn clusters_of_two_images_are_found_and_numbered_from_the_coldest() {
    let outcome = run(&two_channels(1), &clusters("clusters = 3").unwrap(), &Device::Cpu);
    let t = table(&outcome, "habitats");
    // a 20, b 90; then a 40 with b 10 (4 voxels, mean 40.5) and with b 90 (5 voxels, mean 40.6).
    assert_eq!(ints(t, "area_px"), [6, 4, 5, 1, 1, 1].map(Some));
    assert_eq!(ints(t, "habitat_cluster"), [1, 2, 3, 1, 2, 1].map(Some));
    assert_eq!(ints(t, "parent_lesions"), [1, 1, 1, 2, 2, 3].map(Some));
    let distances = ["habitat_nearest_um", "habitat_farthest_um"].map(|column| reals(t, column));
    assert_eq!(
        distances.each_ref().map(|d| d[3..].to_vec()),
        [[Some(1.0), Some(1.0), None], [Some(1.0), Some(1.0), None]]
    );
    assert!(distances[0][0] < distances[1][0], "{distances:?}");
    let Cells::Text(words) = &outcome.row.column("warnings").unwrap().cells else { panic!() };
    assert!(words[0].as_ref().unwrap().contains("2 objects have voxels of fewer different values than 3 clusters"));
    // The unit of an image does not matter, and neither does a channel that says nothing.
    let scaled = run(&two_channels(100), &clusters("clusters = 3").unwrap(), &Device::Cpu);
    assert_eq!(table(&scaled, "habitats"), t);
    let flat = run(&two_channels(0), &clusters("clusters = 2").unwrap(), &Device::Cpu);
    assert_eq!(ints(table(&flat, "habitats"), "area_px"), [6, 9, 1, 1, 1].map(Some));
    // A small one joins the next colder one, and counts as that.
    let joined = run(&two_channels(1), &clusters("clusters = 3, smallest = \"5 px\"").unwrap(), &Device::Cpu);
    let t = table(&joined, "habitats");
    assert_eq!(
        (ints(t, "area_px"), ints(t, "habitat_cluster")),
        ([10, 5, 2, 1].map(Some).to_vec(), [1, 3, 2, 1].map(Some).to_vec())
    );
    let gpu = run(&two_channels(1), &clusters("clusters = 3").unwrap(), &common::gpu(None));
    assert_eq!(table(&gpu, "habitats"), table(&outcome, "habitats"));
}

#[test]
fn wrong_clusters_are_refused_with_a_remedy() {
    let centres = |images: &str, centres: &str| {
        format!(
            "centres = {{ images = {images}, units = [\"\", \"\"], means = [0.0, 0.0], deviations = [1.0, 1.0], centres = {centres} }}"
        )
    };
    for (step, says) in [
        ("clusters = 9", "2 to 8"),
        ("clusters = 3, percent = [50]", "exactly one way"),
        ("percent = [50]", "images are of use only with clusters"),
        ("clusters = 3, of = \"original\"", "of says nothing to clusters"),
        (&centres("[\"b\", \"a\"]", "[[1, 1], [2, 2]]"), "images b, a, the step reads a, b"),
        (&centres("[\"a\", \"b\"]", "[[1, 1]]"), "1 centres"),
        (&centres("[\"a\", \"b\"]", "[[1, 1], [2]]"), "a centre has 1 entries for 2 images"),
        (&centres("[\"a\", \"b\"]", "[[3, 1], [2, 2]]"), "begin with the coldest"),
        (&centres("[\"a\", \"b\"]", "[[1, 1], [nan, 2]]"), "not finite"),
        (
            &format!("clusters = 3, {}", centres("[\"a\", \"b\"]", "[[1, 1], [2, 2]]")),
            "3 clusters, and the centres are 2",
        ),
        ("centres = 3", "uptake habitats learn"),
    ] {
        let e = clusters(step).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(e.contains(says), "{step}: {e}");
    }
    for (from, to, says) in [
        ("images = [\"a\", \"b\"], ", "", "by which images"),
        ("images = [\"a\", \"b\"]", "images = [\"a\", \"c\"]", "c"),
        ("images = [\"a\", \"b\"]", "images = [\"a\", \"a\"]", "stands there twice"),
    ] {
        let e = Recipe::parse("r.toml", &CLUSTERS.replace(from, to), &[]).unwrap_err().to_string();
        assert!(e.contains(says), "{to}: {e}");
    }
    let unit = centres("[\"a\", \"b\"]", "[[1, 1], [2, 2]]").replace("[\"\", \"\"]", "[\"SUV\", \"\"]");
    let scan = two_channels(1);
    let e = pipeline::run(&scan, &clusters(&unit).unwrap(), &Device::Cpu, &External::new()).unwrap_err().to_string();
    assert!(e.contains("\"a\" in \"SUV\""), "{e}");
    let e = clusters("centres = \"c.toml\"").unwrap();
    let e = pipeline::run(&scan, &e, &Device::Cpu, &External::new()).unwrap_err().to_string();
    assert!(e.contains("were not read"), "{e}");
}

/// Three images of one channel, each with a lesion; in the third one the lesion is all of one kind.
fn cohort(folder: &Path) {
    for (k, name) in ["p1", "p2", "p3"].iter().enumerate() {
        let value = |i: usize| match (i / 20, i % 20) {
            (2..=7, 2..=7) => 100 + 10 * k as i32 + (i % 3) as i32,
            (2..=7, 8..=13) if k < 2 => 300 + 10 * k as i32 + (i % 3) as i32,
            _ => 0,
        };
        let volume = Volume::new(Shape::flat(10, 20), (0..200).map(value).collect()).unwrap();
        uptake::write::image(folder.join(format!("{name}.ome.tif")), "a", &volume).unwrap();
    }
}

#[test]
fn centres_of_a_cohort_are_learned_and_used() {
    let dir = tempfile::tempdir().unwrap();
    cohort(dir.path());
    let text = CLUSTERS
        .replace("clusters = 3", "clusters = 2")
        .replace(", b = [1]", "")
        .replace("images = [\"a\", \"b\"]", "images = [\"a\", \"smooth\"]");
    let smooth = "[images.smooth]\nchannel = \"a\"\nsteps = [{ op = \"mean\", radius = \"1 px\" }]\n";
    std::fs::write(dir.path().join("r.toml"), text.replace("[objects.lesions]", &format!("{smooth}[objects.lesions]")))
        .unwrap();
    let uptake = |args: &[&str]| {
        let done = Command::new(env!("CARGO_BIN_EXE_uptake")).current_dir(dir.path()).args(args).output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let learn = |out: &str, inputs: [&str; 3], threads: &str| {
        let base = ["habitats", "learn", "--recipe", "r.toml", "--device", "cpu", "--threads", threads, "--out", out];
        let (code, words) = uptake(&[&base[..], &inputs].concat());
        assert_eq!(code, Some(0), "{words}");
        std::fs::read_to_string(dir.path().join(out)).unwrap()
    };
    let centres = learn("c.toml", ["p1.ome.tif", "p2.ome.tif", "p3.ome.tif"], "1");
    assert_eq!(learn("d.toml", ["p3.ome.tif", "p1.ome.tif", "p2.ome.tif"], "3"), centres);
    assert!(centres.contains("voxels = [108, 72]") && centres.contains("[\"p3.ome.tif\", 1, 36, 36],"), "{centres}");
    // The lesion of one kind has one habitat, of the cold cluster; the others have both.
    let base =
        ["run", "p1.ome.tif", "p2.ome.tif", "p3.ome.tif", "--recipe", "r.toml", "--device", "cpu", "--no-overlays"];
    let with = ["--set", "objects.habitats.steps.0.centres=c.toml"];
    let (code, words) = uptake(&[&base[..], &with, &["--out", "out"]].concat());
    assert_eq!(code, Some(0), "{words}");
    let table = std::fs::read_to_string(dir.path().join("out/habitats.csv")).unwrap();
    let column = |name: &str| -> Vec<String> {
        let mut lines = table.lines();
        let at = lines.next().unwrap().split(',').position(|c| c == name).unwrap();
        lines.map(|line| line.split(',').nth(at).unwrap().to_string()).collect()
    };
    assert_eq!(column("habitat_cluster"), ["1", "2", "1", "2", "1"]);
    assert_eq!(column("area_px"), ["36", "36", "36", "36", "36"]);
    let head = std::fs::read_to_string(dir.path().join("out/run.json")).unwrap();
    assert!(head.contains("deviations = ["), "the recipe of the run has the centres");
    for (args, says) in [
        (
            &[&base[..], &["--set", "objects.habitats.steps.0.centres=gone.toml", "--out", "x"]].concat()[..],
            "gone.toml",
        ),
        (
            &[&base[..], &["--set", "objects.habitats.steps.0.centres=r.toml", "--out", "x"]].concat()[..],
            "uptake habitats learn",
        ),
        (&["habitats", "learn", "p1.ome.tif", "--recipe", "r.toml", "--out", "r.toml"], "--out would overwrite it"),
        (&["habitats", "learn", "p1.ome.tif", "--recipe", "nuclei", "--out", "x.toml"], "divided by clusters"),
        (
            &[&["habitats", "learn", "p1.ome.tif", "--recipe", "r.toml", "--out", "x.toml"][..], &with].concat()[..],
            "nothing to learn",
        ),
        (
            &[
                "habitats",
                "learn",
                "p1.ome.tif",
                "--recipe",
                "r.toml",
                "--out",
                "x.toml",
                "--set",
                "objects.lesions.steps.0.at_least=9999",
            ],
            "no image has a voxel",
        ),
    ] {
        let (code, words) = uptake(args);
        assert!(code == Some(2) && words.contains(says), "{args:?}: {words}");
    }
    assert!(!dir.path().join("x.toml").exists());
}
