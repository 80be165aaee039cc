//! Classes of objects and who lies near whom. Kinds of test: oracle (a synthetic tissue with values of numpy and scipy, and
//! fields worked out by hand), invariant (threads, a turned field), mechanics (rules, what is missing, wrong recipes).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::shared;
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use uptake::device::Device;
use uptake::image::{Channel, Modality, PointOrigin, Regions, Scan};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options, Pick};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing};

const CLASSES: [&str; 5] = ["tumour", "stroma", "T_cell", "macrophage", "vessel"];

/// A flat image without light, and points on it.
fn field(side: usize, spacing: Option<f64>, points: &Path, origin: PointOrigin) -> (Scan, Regions) {
    let voxels = ndarray::Array3::<u16>::zeros((1, side, side));
    let channel = Channel::of_array("c", voxels.view()).unwrap();
    let mut scan = Scan::new(Modality::Fluorescence, Shape::flat(side, side), vec![channel]);
    scan.spacing = spacing.and_then(|um| Spacing::um([um; 3]));
    let pick = Pick { origin, ..Pick::default() };
    let regions = read::regions(points, &scan, &pick, &Options::default()).unwrap();
    (scan, regions)
}

fn run(scan: &Scan, regions: Regions, recipe: &str) -> uptake::Result<Outcome> {
    let recipe = Recipe::parse("test", recipe, &[])?;
    pipeline::run(scan, &recipe, &Device::Cpu, &External::from([("cells".to_string(), regions)]))
}

/// A number of a row; whole numbers too.
fn cell(table: &Table, name: &str, row: usize) -> Option<f64> {
    match &table.column(name).unwrap_or_else(|| panic!("no column {name}")).cells {
        Cells::Int(v) => v[row].map(|v| v as f64),
        Cells::Real(v) => v[row],
        Cells::Text(_) => panic!("{name} is text"),
    }
}

fn rows(bytes: &[u8]) -> Vec<HashMap<String, String>> {
    csv::Reader::from_reader(bytes).deserialize().map(|row| row.unwrap()).collect()
}

/// Oracle: every cell and every row of the tissue, by numpy and scipy.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn a_tissue_has_the_neighbours_that_scipy_finds() {
    let folder = shared("neighbourhood");
    let (scan, regions) = field(2000, Some(1.0), &folder.join("cells.csv"), PointOrigin::Corner);
    let recipe = "
        [channels]
        c = [0]
        [objects.cells]
        labels = 'cells.csv'
        origin = 'corner'
        classes = ['tumour', 'stroma', 'T_cell', 'macrophage', 'vessel']
        [measure.cells]
        features = ['neighbours']
        neighbours.radii = ['20 um', '50 um']
        neighbours.curve = ['10 um', '20 um', '30 um', '40 um', '50 um', '60 um', '70 um', '80 um', '90 um', '100 um']
    ";
    let outcome = run(&scan, regions, recipe).unwrap();
    let (table, row) = (&outcome.sets[0].table, &outcome.row);
    let mut text = vec![];
    let file = std::fs::File::open(folder.join("expected_cells.csv.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_end(&mut text).unwrap();
    let expected = rows(&text);
    assert_eq!(table.rows(), expected.len());
    let Cells::Int(numbers) = &table.column("label_in_file").unwrap().cells else { panic!("numbers") };
    for (i, number) in numbers.iter().enumerate() {
        let want = &expected[number.unwrap() as usize - 1];
        let number = |column: &str| want[column].parse::<f64>().unwrap();
        for class in CLASSES {
            let (got, want) = (cell(table, &format!("nearest_{class}_um"), i), number(&format!("nearest_{class}_um")));
            assert!((got.unwrap() - want).abs() <= 1e-6, "{i} {class} {got:?} {want}");
            for r in [20, 50] {
                let got = cell(table, &format!("neighbours_{class}_within_{r}um"), i);
                assert_eq!(got, Some(number(&format!("n_{class}_{r}um"))), "{i} {class} {r}");
            }
        }
        assert_eq!(cell(table, "delaunay_degree", i), Some(number("delaunay_degree")));
    }
    let expected = rows(&std::fs::read(folder.join("expected_image.csv")).unwrap());
    assert_eq!(expected.len(), 180);
    for want in expected {
        let [measure, a, b, r] = ["measure", "from", "to", "radius_um"].map(|key| want[key].as_str());
        let of_pair = |name: &str| format!("{name}_{r}um_cells_{a}_to_{b}");
        let name = match measure {
            "n_cells" => format!("class_count_cells_{a}"),
            "mean_nearest_um" => format!("mean_nearest_cells_{a}_to_{b}_um"),
            "median_nearest_um" => format!("median_nearest_cells_{a}_to_{b}_um"),
            "pairs_reference_target" => of_pair("pairs_within"),
            "pairs_reference_reference" => format!("pairs_within_{r}um_cells_{a}_to_{a}"),
            "delaunay_edges" | "delaunay_mean_degree" => format!("{measure}_cells"),
            "delaunay_edges_between" => format!("delaunay_edges_cells_{a}_and_{b}"),
            _ => of_pair(measure),
        };
        let (got, want) = (cell(row, &name, 0).unwrap(), want["value"].parse::<f64>().unwrap());
        let tolerance = if name.ends_with("_um") { 1e-6 } else { 1e-12 * want.abs() };
        assert!((got - want).abs() <= tolerance, "{name} {got} {want}");
    }
}

/// Points of a small field, and what a recipe makes of them; `measure` is what `[measure.cells]` says beside its features.
fn small(points: &str, spacing: Option<f64>, measure: &str) -> uptake::Result<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.csv");
    std::fs::write(&path, points).unwrap();
    let (scan, regions) = field(40, spacing, &path, PointOrigin::Centre);
    let recipe = format!(
        "[channels]\nc = [0]\n[objects.cells]\nlabels = 'cells.csv'\nclasses = ['a', 'b cell']\n\
         [measure.cells]\nfeatures = ['neighbours']\n{measure}"
    );
    run(&scan, regions, &recipe)
}

/// Oracle: three points in a right angle, worked out by hand.
#[test]
fn a_small_field_is_what_can_be_worked_out_by_hand() {
    let points = "x_px,y_px,class\n10,10,a\n13,14,b cell\n10,22,a\n30,30,c\n";
    let measure = "neighbours = { nearest = 2, radii = ['5 px', '12 px'], curve = ['11 px'] }";
    let outcome = small(points, None, measure).unwrap();
    let (table, row) = (&outcome.sets[0].table, &outcome.row);
    let of = |name: &str| (0..4).map(|i| cell(table, name, i)).collect::<Vec<_>>();
    let root = |v: f64| Some(v.sqrt());
    assert_eq!(of("nearest_neighbour_1_px"), [Some(5.0), Some(5.0), root(73.0), root(464.0)]);
    assert_eq!(of("nearest_neighbour_2_px")[..3], [Some(12.0), root(73.0), Some(12.0)]);
    assert_eq!(of("nearest_a_px"), [Some(12.0), Some(5.0), Some(12.0), root(464.0)]);
    assert_eq!(of("nearest_b_cell_px"), [Some(5.0), None, root(73.0), root(545.0)]);
    assert_eq!(of("neighbours_within_5px"), [1.0, 1.0, 0.0, 0.0].map(Some));
    assert_eq!(of("neighbours_a_within_12px"), [1.0, 2.0, 1.0, 0.0].map(Some));
    assert_eq!(of("nearest_a_um"), [None; 4], "no calibration");
    assert_eq!(of("touching_count"), [None; 4], "points");
    let Cells::Text(classes) = &table.column("class").unwrap().cells else { panic!("words") };
    assert_eq!(classes.iter().map(Option::as_deref).collect::<Vec<_>>(), [Some("a"), Some("b cell"), Some("a"), None]);
    let of = |name: &str| cell(row, name, 0);
    assert_eq!(of("mean_nearest_cells_a_to_b_cell_px"), Some((5.0 + 73.0f64.sqrt()) / 2.0));
    assert_eq!(of("fraction_within_5px_cells_a_to_b_cell"), Some(0.5));
    assert_eq!(of("pairs_within_12px_cells_a_to_b_cell"), Some(2.0));
    assert_eq!(of("pairs_within_12px_cells_a_to_a"), Some(1.0));
    assert_eq!(of("mixing_score_12px_cells_a_to_b_cell"), Some(2.0));
    assert_eq!(of("normalised_mixing_score_12px_cells_a_to_b_cell"), Some(1.0));
    assert_eq!(of("mixing_score_5px_cells_a_to_b_cell"), None, "no two a are as near");
    // Both a have a b within 11 px; the first lies 10.5 px from the border, too near for a circle of 11.
    assert_eq!(of("cross_g_raw_11px_cells_a_to_b_cell"), Some(1.0));
    assert_eq!(of("cross_g_border_11px_cells_a_to_b_cell"), None);
    assert_eq!(of("cross_k_border_11px_cells_b_cell_to_a_px2"), Some(2.0 * 1600.0 / 2.0));
    assert_eq!(of("cross_k_border_11px_cells_b_cell_to_a_um2"), None);
    assert_eq!((of("class_count_cells_a"), of("class_fraction_cells_a")), (Some(2.0), Some(0.5)));
    assert_eq!((of("unclassified_cells"), of("delaunay_edges_cells")), (Some(1.0), Some(6.0)));
    assert_eq!(of("delaunay_edges_cells_a_and_b_cell"), Some(2.0));
    let warnings = pipeline::warnings(row).unwrap();
    assert!(warnings.contains("1 objects are of the class \"c\", which the recipe does not name"), "{warnings}");
}

/// Mechanics: what is not there is empty, and what cannot be is an error of the image.
#[test]
fn what_is_missing_is_empty() {
    let measure = "neighbours = { radii = '5 px', curve = '5 px' }";
    for points in ["x_px,y_px,class\n", "x_px,y_px,class\n3,4,a\n", "x_px,y_px,class\n3,4,\n9,9,\n"] {
        let outcome = small(points, None, measure).unwrap();
        let columns = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        let recipe = "[channels]\nc = [0]\n[objects.cells]\nlabels = 'cells.csv'\nclasses = ['a', 'b cell']\n\
             [measure.cells]\nfeatures = ['neighbours']\nneighbours = { radii = '5 px', curve = '5 px' }";
        let dictionary = pipeline::columns(&Recipe::parse("test", recipe, &[]).unwrap()).unwrap();
        assert_eq!(columns(&outcome.sets[0].table), columns(&dictionary.sets[0].table));
        assert_eq!(columns(&outcome.row), columns(&dictionary.row));
        for name in ["mean_nearest_cells_a_to_b_cell_px", "mixing_score_5px_cells_a_to_b_cell"] {
            assert_eq!(cell(&outcome.row, name, 0), None, "{name}");
        }
        assert_eq!(cell(&outcome.row, "cross_g_border_5px_cells_a_to_b_cell", 0), None);
    }
    let one = small("x_px,y_px,class\n3,4,a\n", Some(0.5), measure).unwrap();
    assert_eq!(cell(&one.sets[0].table, "nearest_neighbour_1_um", 0), None);
    assert_eq!(cell(&one.sets[0].table, "neighbours_a_within_5px", 0), Some(0.0));
    assert_eq!(cell(&one.sets[0].table, "delaunay_degree", 0), Some(0.0));
    let e = small("x_px,y_px,class\n3,4,a\n", None, "neighbours.radii = '5 um'").unwrap_err();
    assert!(e.what.contains("no calibration"), "{e}");
    let e = small("x_px,y_px\n3,4\n", None, measure).unwrap_err();
    assert!(e.what.contains("no column class"), "{e}");
}

/// Invariant: any number of threads gives the same table, and a field that is turned by a quarter has the same neighbours.
#[test]
fn threads_and_quarter_turns_change_nothing() {
    let place = |i: u32| [i.wrapping_mul(7919) % 3900, i.wrapping_mul(104_729) % 3889].map(|v| f64::from(v) / 100.0);
    let class = |i: u32| ["a", "b cell", ""][i as usize % 3];
    let text = |turn: bool| {
        let line = |i: u32| {
            let [y, x] = place(i);
            let [y, x] = if turn { [39.0 - x, y] } else { [y, x] };
            format!("{x},{y},0,{i},{}\n", class(i))
        };
        format!("x_px,y_px,radius_px,name,class\n{}", (0..80).map(line).collect::<String>())
    };
    let measure = "neighbours = { nearest = 4, radii = ['3 px', '9 px'], curve = ['2 px', '7 px'] }";
    let on = |threads: usize, turn: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| small(&text(turn), Some(0.5), measure).unwrap())
    };
    let (one, seven, turned) = (on(1, false), on(7, false), on(1, true));
    assert!(one.sets[0].table == seven.sets[0].table && one.row == seven.row);
    let by_name = |t: &Table, column: &str| {
        let Cells::Text(names) = &t.column("region").unwrap().cells else { panic!("words") };
        let value = |(i, name): (usize, &Option<String>)| (name.clone(), cell(t, column, i));
        names.iter().enumerate().map(value).collect::<HashMap<_, _>>()
    };
    let columns = one.sets[0].table.columns.iter().map(|c| c.name.as_str());
    for column in
        columns.filter(|c| c.starts_with("nearest_") || c.starts_with("neighbours_") || *c == "delaunay_degree")
    {
        let (before, after) = (by_name(&one.sets[0].table, column), by_name(&turned.sets[0].table, column));
        for (name, value) in before {
            let other = after[&name];
            let same = value.zip(other).map_or(value == other, |(a, b)| (a - b).abs() <= 1e-12 * a);
            assert!(same, "{column} {name:?} {value:?} {other:?}");
        }
    }
}

/// Four cells of 2 x 2 pixels in two channels, the first two side by side, in a region that holds three of them.
fn four_cells(recipe: &str) -> uptake::Result<Outcome> {
    let shape = Shape::flat(8, 8);
    let mut labels = vec![0; 64];
    let mut channels = [vec![10u16; 64], vec![10u16; 64]];
    let values = [[900, 20], [900, 800], [20, 700], [20, 20]];
    for (i, [y, x]) in [[1, 1], [1, 3], [5, 1], [5, 5]].into_iter().enumerate() {
        for at in [[0, 0], [0, 1], [1, 0], [1, 1]].map(|[dy, dx]| shape.index(0, y + dy, x + dx)) {
            labels[at] = i as u32 + 1;
            channels.iter_mut().zip(values[i]).for_each(|(c, v)| c[at] = v);
        }
    }
    let region = (0..64).map(|i| u32::from(i % 8 < 4 || i < 32)).collect();
    let channel = |(name, v): (&str, &Vec<u16>)| {
        Channel::of_array(name, ndarray::ArrayView3::from_shape((1, 8, 8), v).unwrap()).unwrap()
    };
    let mut scan =
        Scan::new(Modality::Fluorescence, shape, ["CD3", "CD8"].into_iter().zip(&channels).map(channel).collect());
    scan.spacing = Spacing::um([1.0, 0.5, 0.5]);
    let regions = |voxels: Vec<u32>| Regions::of_voxels(shape, &voxels).unwrap();
    let external = External::from([("cells".to_string(), regions(labels)), ("tumour".to_string(), regions(region))]);
    let recipe = format!(
        "quality = false\n[channels]\nCD3 = ['CD3']\nCD8 = ['CD8']\n[objects]\ncells.labels = 'a.tif'\ntumour.labels = 'b.tif'\n\
         [measure.cells]\nfeatures = ['intensity', 'neighbours']\nneighbours = {{ inside = 'tumour', radii = '1 um' }}\n{recipe}"
    );
    pipeline::run(&scan, &Recipe::parse("test", &recipe, &[])?, &Device::Cpu, &external)
}

/// Oracle: phenotypes of four cells, seen by eye.
#[test]
fn phenotypes_follow_from_rules() {
    let rules = "[positive.cells]\nCD3 = 'otsu'\nCD8 = '50 %'\nbig = { above = 3, column = 'area_px' }\n\
         [phenotypes.cells]\n'CD8 T' = 'CD3+ CD8+ big+'\n'CD4 T' = 'CD3+ CD8-'\nother = 'CD3- CD8+'\n";
    let outcome = four_cells(rules).unwrap();
    let set = outcome.sets.iter().find(|s| s.name == "cells").unwrap();
    let Cells::Text(found) = &set.table.column("phenotype").unwrap().cells else { panic!("words") };
    let found: Vec<_> = found.iter().map(Option::as_deref).collect();
    assert_eq!(found, [Some("CD4 T"), Some("CD8 T"), Some("other"), None]);
    let of = |name: &str| (0..4).map(|i| cell(&set.table, name, i)).collect::<Vec<_>>();
    assert_eq!(of("positive_CD8"), [0.0, 1.0, 1.0, 0.0].map(Some));
    assert_eq!(of("touching_count"), [1.0, 1.0, 0.0, 0.0].map(Some));
    assert_eq!(of("shared_border_um"), [1.0, 1.0, 0.0, 0.0].map(Some));
    assert_eq!(of("touching_fraction"), [0.25, 0.25, 0.0, 0.0].map(Some));
    assert_eq!(of("inside_tumour"), [1.0, 1.0, 1.0, 0.0].map(Some));
    assert_eq!(of("nearest_CD8_T_um")[..2], [Some(1.0), None]);
    let row = |name: &str| cell(&outcome.row, name, 0);
    assert_eq!((row("positive_threshold_cells_CD3"), row("positive_threshold_cells_CD8")), (Some(460.0), Some(360.0)));
    assert_eq!((row("positive_fraction_cells_big"), row("class_fraction_cells_CD4_T")), (Some(1.0), Some(0.25)));
    assert_eq!((row("unclassified_cells"), row("fraction_inside_tumour_cells")), (Some(1.0), Some(0.75)));
    assert_eq!(row("fraction_within_1um_cells_CD4_T_to_CD8_T"), Some(1.0));

    let e =
        four_cells("[positive.cells]\nCD3 = 400\nCD8 = 400\n[phenotypes.cells]\nT = 'CD3+'\n'CD8 T' = 'CD3+ CD8+'\n");
    let e = e.unwrap_err().to_string();
    assert!(
        e.contains("1 of 4 objects of cells satisfy the rules of several phenotypes: \"CD8 T\" and \"T\" (1)"),
        "{e}"
    );
    assert!(e.contains("[phenotypes.cells]"), "{e}");
    let alike = four_cells("[positive.cells]\nCD3 = { above = 'otsu', column = 'area_px' }\n").unwrap();
    assert!(pipeline::warnings(&alike.row).unwrap().contains("no cutoff of CD3 can be found"));
    assert_eq!(cell(&alike.row, "positive_threshold_cells_CD3", 0), None);
}

/// Mechanics: wrong recipes are errors that say what to write.
#[test]
fn wrong_classes_are_named() {
    for (recipe, words) in [
        ("[positive.cells]\nCD33 = 4\n", "try: CD3"),
        ("[positive.cells]\nCD3 = 'high'\n", "\"high\" is no cutoff"),
        ("[positive.cells]\nCD3 = '101 %'\n", "a percentile like"),
        ("[positive.cells]\nbig = { above = 3, column = 'area_pxx' }\n", "try: area_px"),
        ("[positive.cells]\nCD3 = { above = 3, column = 'nearest_neighbour_1_px' }\n", "has no column"),
        ("[positive.tumour]\nCD3 = 3\n", "[measure.tumour] with features = [\"intensity\"]"),
        ("[positive]\nCD3 = 3\n", "\"CD3\" stands in no table of an object set"),
        ("[phenotypes]\n'CD8 T' = 'CD3+ CD8+'\n", "[phenotypes.SET]"),
        ("[positive.cell]\nCD3 = 3\n", "there is no object set \"cell\""),
        ("[phenotypes.cells]\nT = 'CD3+'\n", "CD3 = \"otsu\", or a value, in [positive.cells]"),
        ("[positive.cells]\nCD3 = 3\n[phenotypes.cells]\nT = 'CD3'\n", "neither positive nor negative"),
        ("[positive.cells]\nCD3 = 3\n[phenotypes.cells]\nT = 'CD3+ CD3-'\n", "no object is both CD3+ and CD3-"),
        ("[positive.cells]\nCD3 = 3\n[phenotypes.cells]\nT = 'CD8+'\n", "positive for \"CD8\""),
        ("[positive.cells]\nCD3 = 3\n[phenotypes.cells]\n'a b' = 'CD3+'\na_b = 'CD3-'\n", "no columns of its own"),
        ("[objects.more]\nlabels = 'a.tif'\nclasses = ['a']\n", "the column class of a table of points"),
        (
            "[objects.more]\nlabels = 'a.csv'\nclasses = ['a']\n[measure.more]\nfeatures = 'neighbours'\nneighbours.pairs = [['a', 'b']]\n",
            "\"b\" is no class of \"more\"",
        ),
        (
            "[measure.tumour]\nfeatures = 'neighbours'\nneighbours.pairs = [['a', 'b']]\n",
            "classes = [...] in [objects.tumour]",
        ),
        ("[measure.tumour]\nfeatures = 'neighbours'\nneighbours.radii = '0 um'\n", "there is nothing"),
        ("[measure.tumour]\nfeatures = 'neighbours'\nneighbours.radii = ['2 um', '2um']\n", "stands there twice"),
        ("[measure.tumour]\nfeatures = 'neighbours'\nneighbours.inside = 'tumor'\n", "try: tumour"),
        ("[measure.tumour]\nfeatures = 'neighbours'\nneighbours.radius = '2 um'\n", "try: radii"),
    ] {
        let e = four_cells(recipe).unwrap_err().to_string();
        assert!(e.contains(words), "{recipe}: {e}");
    }
}

/// Two discs in two channels and what a recipe of phenotypes makes of them; the probe may be missing.
fn two_cells(channels: &[&str]) -> Outcome {
    let side = 40;
    let disc = |y: usize, x: usize| {
        usize::from(y.abs_diff(20).pow(2) + x.abs_diff(10).pow(2) <= 16)
            + 2 * usize::from(y.abs_diff(20).pow(2) + x.abs_diff(24).pow(2) <= 16)
    };
    let labels: Vec<u32> = (0..side * side).map(|i| disc(i / side, i % side) as u32).collect();
    let light = ndarray::Array3::from_shape_fn((1, side, side), |(_, y, x)| [100u16, 900, 500][disc(y, x)]);
    let channels = channels.iter().map(|name| Channel::of_array(name, light.view()).unwrap()).collect();
    let mut scan = Scan::new(Modality::Fluorescence, Shape::flat(side, side), channels);
    scan.spacing = Spacing::um([0.1; 3]);
    let regions = Regions::of_voxels(scan.shape, &labels).unwrap();
    let recipe = "
        [channels]
        nuclear = ['DAPI']
        probe = ['probe', 1]
        [objects.cells]
        labels = 'cells.tif'
        [measure.cells]
        features = ['intensity', 'neighbours']
        neighbours.radii = ['1.4 um']
        [positive.cells]
        probe = 700
        [phenotypes.cells]
        A = 'probe+'
        B = 'probe-'
    ";
    run(&scan, regions, recipe).unwrap()
}

/// Mechanics: what cannot be said of any object is no number around it either. Without the probe nobody knows who is A.
#[test]
fn a_marker_without_its_channel_gives_no_neighbours() {
    let known = two_cells(&["DAPI", "probe"]);
    let columns = ["neighbours_A_within_1.4um", "nearest_A_px"];
    let of = |outcome: &Outcome, name: &str| [0, 1].map(|i| cell(&outcome.sets[0].table, name, i));
    // The end of a radius belongs to it, also where 1.4 um over 0.1 um are no round number.
    assert_eq!(columns.map(|name| of(&known, name)), [[Some(0.0), Some(1.0)], [None, Some(14.0)]]);
    let totals = [
        "delaunay_edges_cells_A_and_B",
        "pairs_within_1.4um_cells_A_to_B",
        "pairs_within_1.4um_cells_A_to_A",
        "mean_nearest_cells_A_to_B_px",
        "unclassified_cells",
    ];
    assert_eq!(totals.map(|name| cell(&known.row, name, 0)), [1.0, 1.0, 0.0, 14.0, 0.0].map(Some));
    let unknown = two_cells(&["DAPI"]);
    assert_eq!(columns.map(|name| of(&unknown, name)), [[None; 2]; 2]);
    assert_eq!(totals.map(|name| cell(&unknown.row, name, 0)), [None; 5]);
    assert_eq!(of(&unknown, "neighbours_within_1.4um"), [Some(1.0); 2]);
    assert_eq!(cell(&unknown.row, "delaunay_edges_cells", 0), Some(1.0));
}
