//! Points from a table as objects. Oracle: discs drawn by the definition. Mechanics: columns, units, refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;
use uptake::Result;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Regions, Scan, Volume};
use uptake::pipeline::{self, External};
use uptake::read::{self, Options, Pick};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::{Shape, Spacing};

fn scan(shape: Shape, um: Option<[f64; 3]>) -> Scan {
    let spacing = um.and_then(Spacing::um);
    let samples = (0..shape.len()).map(|i| (i % 251) as i32).collect();
    let volume = Volume { spacing, ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "fish".into(), unit: "au", volume, saturated: Some(0), saturation: Some(255) };
    Scan { spacing, ..Scan::new(Modality::Fluorescence, shape, vec![channel]) }
}

fn points(scan: &Scan, text: &str) -> Result<Regions> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a_spots.csv");
    std::fs::write(&path, text).unwrap();
    read::regions(&path, scan, &Pick::default(), &Options::default())
}

#[test]
fn points_are_discs_and_balls_of_true_size() {
    // Slices 3 times as far apart as pixels: a ball of 4 px reaches over one slice on each side.
    for (shape, um, text) in [
        (Shape::flat(40, 50), None, "x_px,y_px,radius_px\n10.25,12.5,3.5\n15,14,4\n49.4,0,2\n30,30,0\n"),
        (Shape::new(7, 40, 50), Some([1.5, 0.5, 0.5]), "z_um,y_um,x_um,radius_um\n4.5,6.25,5.125,2\n4.6,7,7.5,2\n"),
    ] {
        let scan = scan(shape, um);
        let regions = points(&scan, text).unwrap();
        let step = um.map_or([1.0; 3], |s| s.map(|v| v / 0.5));
        let rows: Vec<Vec<f64>> =
            text.lines().skip(1).map(|l| l.split(',').map(|v| v.parse().unwrap()).collect()).collect();
        let list: Vec<([f64; 3], f64)> = match um {
            None => rows.iter().map(|r| ([0.0, r[1], r[0]], r[2])).collect(),
            Some(s) => rows.iter().map(|r| ([r[0] / s[0], r[1] / s[1], r[2] / s[2]], r[3] / 0.5)).collect(),
        };
        for (i, found) in regions.voxels().unwrap().iter().enumerate() {
            let at = shape.position(i);
            let d2 = |p: &[f64; 3]| (0..3).map(|a| ((at[a] as f64 - p[a]) * step[a]).powi(2)).sum::<f64>();
            let in_reach = list
                .iter()
                .enumerate()
                .filter(|(_, (p, r))| d2(p) <= r * r || (0..3).all(|a| at[a] as f64 == p[a].round()));
            let nearest = in_reach.min_by(|a, b| d2(&a.1.0).total_cmp(&d2(&b.1.0)));
            assert_eq!(*found, nearest.map_or(0, |(k, _)| k as u32 + 1), "{at:?}");
        }
        for (p, (want, _)) in regions.points.iter().zip(&list) {
            assert!((0..3).all(|a| (p[a] - want[a]).abs() < 1e-12));
        }
    }
}

fn cells(table: &Table, name: &str) -> Vec<Option<f64>> {
    match &table.column(name).unwrap_or_else(|| panic!("{name}")).cells {
        Cells::Real(v) => v.clone(),
        Cells::Int(v) => v.iter().map(|v| v.map(|v| v as f64)).collect(),
        Cells::Text(_) => panic!("{name}"),
    }
}

/// Points go through a recipe like other objects: rows with their own places, names, and parents that count them.
#[test]
fn points_have_rows_and_parents() {
    let scan = scan(Shape::flat(40, 50), Some([1.0, 0.5, 0.5]));
    let text = "name,x_px,y_px\nb,30.25,9.5\na,12,11\nb,14.5,12.75\n";
    let mut external = External::new();
    external.insert("spots".into(), points(&scan, text).unwrap());
    let recipe = "[channels]\nfish = 0\n[objects.spots]\nlabels = \"{stem}_spots.csv\"\nparent = \"halves\"\n\
                  [objects.halves]\nsphere = { diameter = \"15 um\", at = [0.006, 0.006, 0] }\n\
                  [measure.spots]\nfeatures = \"intensity\"\n[relate.spots]\nmean = \"intensity_mean_fish\"\n";
    let recipe = Recipe::parse("r.toml", recipe, &[]).unwrap();
    let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap();
    let of = |name: &str| &outcome.sets.iter().find(|s| s.name == name).unwrap().table;
    let spots = of("spots");
    let by_number = cells(spots, "label_in_file");
    let order: Vec<usize> = (1..=3).map(|n| by_number.iter().position(|v| *v == Some(f64::from(n))).unwrap()).collect();
    let sorted = |name: &str| order.iter().map(|&i| cells(spots, name)[i].unwrap()).collect::<Vec<_>>();
    assert_eq!(sorted("point_x_px"), [30.25, 12.0, 14.5]);
    assert_eq!(sorted("point_y_um"), [4.75, 5.5, 6.375]);
    assert_eq!(sorted("area_px"), [4.0, 5.0, 4.0]);
    let Cells::Text(names) = &spots.column("region").unwrap().cells else { panic!() };
    assert_eq!(names[order[1]].as_deref(), Some("a"));
    assert_eq!(cells(of("halves"), "children_spots_count"), [Some(2.0)]);
    // The recipe alone knows the columns.
    let told = pipeline::columns(&recipe).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&told.sets.iter().find(|s| s.name == "spots").unwrap().table), names(spots));
}

#[test]
fn wrong_tables_are_refused_with_their_line() {
    let flat = scan(Shape::flat(40, 50), None);
    let deep = scan(Shape::new(3, 40, 50), None);
    let even = scan(Shape::flat(40, 50), Some([1.0, 0.5, 0.5]));
    for (scan, text, says) in [
        (&flat, "a,b\n1,2\n", "there are a, b"),
        (&flat, "x_px;y_px\n1,5;2\n", "commas between the columns, where it has semicolons"),
        (&flat, "x_px,y_px\n1,2\n3,x\n", "line 3: \"x\" is no number"),
        (&flat, "x_px,y_px\n1,2\n3,\"20,5\"\n", "try: a number with a point, as 20.5"),
        (&flat, "x_px,y_px\n1,inf\n", "line 2: \"inf\" is no number"),
        (&flat, "x_px,y_px\n50,1\n", "line 2: the point lies outside of the image: x is 50 px, of 50"),
        (&flat, "x_px,y_px\n-0.6,1\n", "outside of the image"),
        (&flat, "x_px,y_px,radius_px\n1,1,-2\n", "a radius of -2 px"),
        (&flat, "x_px,y_px,radius_px\n1,1,1e30\n", "a radius of"),
        (&flat, "x_um,y_um\n1,1\n", "the points are given in um or mm, but the image has no calibration"),
        (&flat, "x_px,y_px,class\n1,1,a\n2,2,\"b\n3,3,c\n", "begins in line 3 ends in line 5, with the file"),
        (&flat, "x_px,y_px,class\n1,1,\"a\n2,2,b\n3,3,\"c\"\n", "begins in line 2 ends in line 4, and holds"),
        (&flat, "x_px,y_px\n1\n", "line"),
        (&deep, "x_px,y_px\n1,1\n", "z_px, z_um or z_mm"),
        (&flat, "x_px,x_px,y_px\n3,9,4\n", "two columns are called \"x_px\""),
        (&flat, "x_px,y_px,class,Class\n3,9,a,b\n", "two columns are called \"class\""),
        (&flat, "x_px,y_px,z_px\n5,5,7\n", "line 2: the point lies outside of the image: z is 7 px, of 1"),
        (
            &even,
            "x_px,y_px,x_um,y_um\n3,4,1.5,2\n3,4,9,2\n",
            "line 3: x_px is 3, but x_um is 9, which is 18.00 px to 3.00 px",
        ),
        (
            &even,
            "x_px,y_px,radius_px,radius_mm\n3,4,2,0.002\n",
            "radius_px is 2, but radius_mm is 0.002, which is 4.00 px",
        ),
    ] {
        let e = points(scan, text).unwrap_err().to_string();
        assert!(e.contains(says) && e.contains("a_spots.csv"), "{text}: {e}");
    }
    // Rounded, from a corner, without a word, of other columns, or without a calibration to hold it against: no contradiction.
    for (scan, text) in [
        (&even, "x_px,y_px,x_um,z_px\n3.2,4,1.9,0\n3.2,4,,\n3,4,-,0.4\n"),
        (&even, "x_px,y_px,mean,mean\n3,4,1,2\n"),
        (&flat, "x_px,y_px,x_um,z_um\n3,4,9,7\n"),
    ] {
        points(scan, text).unwrap_or_else(|e| panic!("{text}: {e}"));
    }
    assert!(points(&flat, "x_px,y_px\n").unwrap().notes[0].contains("empty"));
    let twice = points(&flat, "x_px,y_px,radius_px\n3,3,0\n3,3,0\n").unwrap();
    assert!(twice.notes[0].starts_with("1 points have no voxel of their own"), "{:?}", twice.notes);
    assert!(read::is_points(Path::new("a/b.CSV")) && !read::is_points("a/b.tif"));
}
