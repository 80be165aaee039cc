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
