//! Dyes that share channels, bleed-through and flat fields. Kinds of test: oracle (mixtures and fields of known numbers),
//! invariant (threads, devices, the scale of numbers), mechanics (files, controls of a sample sheet, refusals).

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::light::{Random, scan};
use std::path::Path;
use std::process::{Command, Output};
use tiff::encoder::{TiffEncoder, colortype};
use uptake::device::Device;
use uptake::image::{Scale, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::recipe::Recipe;
use uptake::table::{Cells, Table};
use uptake::units::Shape;

/// Four dyes in five channels, as filters for DAPI, FITC, Cy3, Texas Red and Cy5 share them.
const SPECTRA: [(&str, [f64; 5]); 4] = [
    ("atto", [0.0, 0.02, 0.35, 1.0, 0.15]),
    ("cy5", [0.0, 0.0, 0.02, 0.20, 1.0]),
    ("dapi", [1.0, 0.22, 0.03, 0.0, 0.0]),
    ("fitc", [0.04, 1.0, 0.30, 0.06, 0.0]),
];
const OFFSET: f64 = 100.0;
const SIDE: usize = 160;
const TILE: usize = 40;

/// Amounts of the dyes by tile: single dyes, pairs, all, and none.
fn amounts(tile: usize) -> [f64; 4] {
    match tile {
        0..=3 => std::array::from_fn(|k| if k == tile { 3000.0 } else { 0.0 }),
        4 => [1200.0, 1200.0, 1200.0, 1200.0],
        5 => [8000.0, 1100.0, 0.0, 0.0],
        6 => [0.0, 0.0, 1100.0, 9000.0],
        7 => [1500.0, 6000.0, 2000.0, 1000.0],
        _ => [0.0; 4],
    }
}

fn tile(i: usize) -> usize {
    let (y, x) = (i / SIDE, i % SIDE);
    (y / TILE) * (SIDE / TILE) + x / TILE
}

/// Five channels of mixtures with Poisson noise (normal for so many counts), and one that says where the tiles are.
fn mixtures(seed: u64) -> Scan {
    let shape = Shape::flat(SIDE, SIDE);
    let mut random = Random(seed);
    let mut channels: Vec<(&str, Volume)> = Vec::new();
    for (c, name) in ["A", "B", "C", "D", "E"].into_iter().enumerate() {
        let sample = |i| {
            let light: f64 = amounts(tile(i)).iter().zip(SPECTRA).map(|(a, (_, s))| a * s[c]).sum::<f64>() + OFFSET;
            (light + light.sqrt() * random.normal()).round() as i32
        };
        channels.push((name, Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap()));
    }
    // A border of a pixel keeps the tiles apart.
    let mark = |i: usize| {
        let inner = |v: usize| (1..TILE - 1).contains(&(v % TILE));
        i32::from(tile(i) < 8 && inner(i / SIDE) && inner(i % SIDE)) * 1000
    };
    channels.push(("mark", Volume::new(shape, (0..shape.len()).map(mark).collect()).unwrap()));
    scan(channels, None)
}

fn recipe(dyes: &str) -> String {
    let spectrum = |(name, s): (&str, [f64; 5])| format!("dyes.{name} = {s:?}\n");
    let dyes = if dyes.is_empty() { SPECTRA.map(spectrum).concat() } else { dyes.to_string() };
    format!(
        "[channels]\na = 'A'\nb = 'B'\nc = 'C'\nd = 'D'\ne = 'E'\nmark = 'mark'\n[unmix.panel]\n\
         channels = ['a', 'b', 'c', 'd', 'e']\nbackground = 100\n{dyes}\
         [objects.tiles]\nchannel = 'mark'\nsteps = [{{ op = 'threshold', method = 'fixed', value = 500 }}, {{ op = 'label' }}]\n\
         [measure.tiles]\nfeatures = ['intensity']\nchannels = ['dapi', 'fitc', 'atto', 'cy5']\n"
    )
}

fn run(scan: &Scan, text: &str, device: &Device) -> Outcome {
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    pipeline::run(scan, &recipe, device, &External::new()).unwrap()
}

fn reals(table: &Table, column: &str) -> Vec<f64> {
    let column = table.column(column).unwrap_or_else(|| panic!("no column {column}"));
    let Cells::Real(cells) = &column.cells else { panic!("real numbers") };
    cells.iter().map(|c| c.unwrap_or(f64::NAN)).collect()
}

#[test]
fn means_of_dyes_are_right_to_a_percent() {
    let outcome = run(&mixtures(3), &recipe(""), &Device::Cpu);
    assert_eq!(outcome.sets[0].objects.count(), 8);
    let mut worst = 0.0f64;
    for (k, (dye, _)) in SPECTRA.into_iter().enumerate() {
        for (tile, mean) in reals(&outcome.sets[0].table, &format!("intensity_mean_{dye}")).into_iter().enumerate() {
            let truth = amounts(tile)[k];
            if truth >= 1000.0 {
                worst = worst.max((mean / truth - 1.0).abs());
            } else {
                // What is not there is noise without its lower half: less than a hundredth of what is.
                assert!(mean < 0.02 * amounts(tile).iter().sum::<f64>(), "{dye} in tile {tile}: {mean}");
            }
        }
    }
    assert!(worst <= 0.01, "{worst}");
    let residual = reals(&outcome.row, "unmix_residual_panel")[0];
    assert!((0.001..0.05).contains(&residual), "{residual}");
    let before = pipeline::columns(&Recipe::parse("r.toml", &recipe(""), &[]).unwrap()).unwrap();
    let names = |t: &Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&outcome.row), names(&before.row));
}

/// Invariant: a dye whose numbers are so many times as large has that many times less of it, however dim it is, and the others stay
/// as they are. Numbers may be counts, as a control shows them.
#[test]
fn numbers_of_dyes_may_be_on_any_scale() {
    let whole = mixtures(3);
    let mut eighths = whole.clone();
    for channel in &mut eighths.channels[..5] {
        channel.volume.samples.host_mut().unwrap().iter_mut().for_each(|s| *s /= 8);
    }
    for (scan, ground) in [(&whole, 100), (&eighths, 12)] {
        let means = |factors: [f64; 4]| {
            let times = |((name, s), f): ((&str, [f64; 5]), f64)| format!("dyes.{name} = {:?}\n", s.map(|v| v * f));
            let dyes: String = SPECTRA.into_iter().zip(factors).map(times).collect();
            let text = recipe(&dyes).replace("background = 100", &format!("background = {ground}"));
            let table = run(scan, &text, &Device::Cpu).sets[0].table.clone();
            SPECTRA
                .iter()
                .zip(factors)
                .map(|((dye, _), f)| {
                    reals(&table, &format!("intensity_mean_{dye}")).iter().map(|mean| mean * f).collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        let once = means([1.0; 4]);
        for factors in [[1800.0; 4], [20_000.0; 4], [1e-3; 4], [1.0, 5000.0, 1e-6, 1e300]] {
            for (scaled, once) in means(factors).iter().flatten().zip(once.iter().flatten()) {
                assert!((scaled - once).abs() <= 1e-9 * once, "{factors:?}: {scaled} for {once}");
            }
        }
    }
}

#[test]
fn threads_and_devices_change_nothing() {
    let (scan, text) = (
        mixtures(5),
        format!(
            "{}[images.smooth]\nchannel = 'fitc'\nsteps = [{{ op = 'gaussian', sigma = '2 px' }}]\nwrite = true\n",
            recipe("").replace("background = 100", "background = '10 %'\nwrite = true")
        ),
    );
    let told = |o: &Outcome| {
        let samples = |c: &uptake::image::Channel| (c.name.clone(), c.volume.samples.host().unwrap().to_vec());
        (o.row.clone(), o.sets[0].table.clone(), o.images.iter().map(samples).collect::<Vec<_>>())
    };
    let cpu = told(&run(&scan, &text, &Device::Cpu));
    assert_eq!(cpu.2.len(), 5);
    for threads in [1, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(cpu == pool.install(|| told(&run(&scan, &text, &Device::Cpu))), "{threads} threads");
    }
    assert!(cpu == told(&run(&scan, &text, &common::gpu(None))), "the adapter");
}

#[test]
fn saturated_pixels_are_told_and_explained_by_the_other_channels() {
    // A camera that ends at 2000, and one of 11 bits in a file of 16, in the channel that is brightest in tile 2, which is of
    // one dye alone.
    for (top, of_file) in [(2000, 2000), (2047, 65_535)] {
        let mut scan = mixtures(9);
        let channel = &mut scan.channels[0];
        channel.saturation = Some(of_file);
        let samples = channel.volume.samples.host_mut().unwrap();
        samples.iter_mut().for_each(|s| *s = (*s).min(top));
        let outcome = run(&scan, &recipe(""), &Device::Cpu);
        let saturated = match &outcome.row.column("unmix_saturated_panel_px").unwrap().cells {
            Cells::Int(n) => n[0].unwrap(),
            _ => panic!("whole numbers"),
        };
        assert!((1600..4000).contains(&saturated), "{saturated}");
        assert!(outcome.warnings > 0);
        let means = ["dapi", "fitc", "atto", "cy5"]
            .map(|dye| reals(&outcome.sets[0].table, &format!("intensity_mean_{dye}"))[2]);
        // Found by a fifth of its light, beside noise that others may explain; the channel itself would give 1900.
        assert!((means[0] / 3000.0 - 1.0).abs() < 0.06, "{means:?}");
        assert!(means[1..].iter().all(|m| *m < 60.0), "{means:?}");
    }
}

/// What is said of saturated voxels and of dyes that look nearly alike is true: dyes may be too high as well as too low, and the remedies end the warnings.
#[test]
fn dyes_that_noise_decides_are_told() {
    let text = |outcome: &Outcome| match &outcome.row.column("warnings").unwrap().cells {
        Cells::Text(v) => v[0].clone().unwrap_or_default(),
        _ => panic!("warnings"),
    };
    let mut scan = mixtures(9);
    let whole = text(&run(&scan, &recipe(""), &Device::Cpu));
    assert!(!whole.contains("saturated channel") && !whole.contains("degrees"), "a shorter exposure: {whole}");
    for channel in &mut scan.channels {
        channel.saturation = Some(900);
        channel.volume.samples.host_mut().unwrap().iter_mut().for_each(|s| *s = (*s).min(900));
    }
    let told = text(&run(&scan, &recipe(""), &Device::Cpu));
    assert!(told.contains("far too high as well as too low") && !told.contains("at least what is given"), "{told}");
    let one = |second: &str| {
        let text = format!(
            "modality = \"fluorescence\"\n[channels]\na = 0\nb = 1\n[unmix.pair]\nchannels = [\"a\", \"b\"]\ndyes.x = [1.0, 0.5]\ndyes.y = {second}\n\
             [objects.cells]\nchannel = \"x\"\nsteps = [{{ op = \"threshold\", method = \"otsu\" }}, {{ op = \"label\" }}]\n"
        );
        run(&mixtures(9), &text, &Device::Cpu)
    };
    let close = text(&one("[1.0, 0.51]"));
    assert!(close.contains("degrees from what the others can look like"), "{close}");
    let apart = text(&one("[0.0, 1.0]"));
    assert!(!apart.contains("degrees"), "a channel of its own: {apart}");
}

#[test]
fn flat_and_empty_images_end() {
    let empty = |value: i32| {
        let shape = Shape::flat(1, 1);
        let names = ["A", "B", "C", "D", "E", "mark"];
        scan(names.map(|n| (n, Volume::new(shape, vec![value]).unwrap())).into(), None)
    };
    for value in [0, 100, 65_535] {
        let outcome = run(&empty(value), &recipe(""), &Device::Cpu);
        let residual = reals(&outcome.row, "unmix_residual_panel")[0];
        assert_eq!(residual.is_nan(), value != 0, "{value}: {residual}");
    }
    assert_eq!(
        reals(&run(&empty(0), &recipe(""), &Device::Cpu).row, "unmix_residual_panel"),
        [1.0],
        "below the background"
    );
    // What passes the numbers is no share, and no end of a batch.
    let far = recipe("").replace("background = 100", "background = [1e300, -1e300, 0, 0, 0]");
    assert!(reals(&run(&empty(100), &far, &Device::Cpu).row, "unmix_residual_panel")[0].is_nan());
}

/// Oracle: a lamp of known light. A flat field of the stored pixels is brought onto the grid that everything is done on, with its dark
/// image; one of the grid is taken as it is.
#[test]
fn a_flat_field_lies_on_the_grid() {
    let (side, half) = (40usize, 20usize);
    let plane = |side: usize, value: &dyn Fn(f64, f64) -> f64| {
        let [middle, step] = [(side as f64 - 1.0) / 2.0, side as f64];
        let at = |i: usize| value(((i / side) as f64 - middle) / step, ((i % side) as f64 - middle) / step);
        let samples = (0..side * side).map(|i| (1e4 * at(i)).round() as i32).collect();
        let mut volume = Volume::new(Shape::flat(side, side), samples).unwrap();
        volume.scale = Scale::new(1e-4, 0.0).unwrap();
        volume
    };
    let lamp = |y: f64, x: f64| 1.0 + 0.6 * x - 0.3 * y;
    let named = |name: &str, volume| scan(vec![(name, volume)], None).channels;
    let bright = |y: f64, x: f64| y.abs() < 0.4 && x.abs() < 0.4;
    let lit = plane(side, &|y, x| 7.0 + lamp(y, x) * if bright(y, x) { 30.0 } else { 10.0 });
    let mut image = scan(vec![("A", lit)], Some([1.0, 0.5, 0.5]));
    let text = "[channels]\na = 'A'\n[grid]\nvoxel = '1 um'\n[images.even]\nchannel = 'a'\nflat_field = 'f.tif'\ndark = 'd.tif'\n\
                [objects.o]\nchannel = 'even'\nsteps = [{ op = 'threshold', method = 'fixed', value = 28 }, { op = 'label' }]\n\
                [measure.o]\nfeatures = ['intensity']\nchannels = ['a', 'even']\n";
    for size in [side, half] {
        image.references.insert("f.tif".into(), named("A", plane(size, &|y, x| 7.0 + lamp(y, x))));
        image.references.insert("d.tif".into(), named("A", plane(size, &|_, _| 7.0)));
        let table = run(&image, text, &Device::Cpu).sets[0].table.clone();
        let [mean, spread] = ["intensity_mean_even", "intensity_std_even"].map(|c| reals(&table, c)[0]);
        assert!((mean - 30.0).abs() < 0.05 && spread < 0.1, "{size}: {mean} {spread}");
        assert!(reals(&table, "intensity_std_a")[0] > 2.0);
    }
}

/// Invariant: an even flat field and a dye of one channel give the channel again, and its full scale: measures that count in parts of it
/// are those of the channel. What is no light any more has none.
#[test]
fn images_made_of_a_channel_have_its_full_scale() {
    let mut image = mixtures(3);
    image.channels.iter_mut().for_each(|channel| channel.saturation = Some(65_535));
    let even = Volume::new(Shape::flat(SIDE, SIDE), vec![1000; SIDE * SIDE]).unwrap();
    image.references.insert("f.tif".into(), scan(vec![("A", even)], None).channels);
    let text = "channels = { a = 'A', mark = 'mark' }\n[images.even]\nchannel = 'a'\nflat_field = 'f.tif'\n\
                [images.again]\nchannel = 'even'\nflat_field = 'f.tif'\n\
                [images.edges]\nchannel = 'a'\nsteps = [{ op = 'filter', kind = 'laplacian_of_gaussian', sigma = '2 px' }]\n\
                [unmix.one]\nchannels = ['a']\ndyes.dye = [2.0]\n\
                [objects.tiles]\nchannel = 'mark'\nsteps = [{ op = 'threshold', method = 'fixed', value = 500 }, { op = 'label' }]\n\
                [measure.tiles]\nfeatures = ['haralick', 'radial_zernike']\nchannels = ['a', 'even', 'again', 'dye', 'edges']\n";
    let table = run(&image, text, &Device::Cpu).sets[0].table.clone();
    for column in ["haralick_contrast", "haralick_sum_average", "radial_zernike_magnitude"] {
        let names = table.columns.iter().map(|c| c.name.as_str()).filter(|name| name.starts_with(column));
        let of_a: Vec<&str> = names.filter(|name| name.split('_').any(|word| word == "a")).collect();
        assert!(!of_a.is_empty(), "{column}");
        for name in of_a {
            let of = |other: &str| {
                reals(&table, &name.split('_').map(|w| if w == "a" { other } else { w }).collect::<Vec<_>>().join("_"))
            };
            for other in ["even", "again", "dye"] {
                let pairs = of("a").into_iter().zip(of(other));
                // Objects whose levels are all 0 have none.
                let alike = |(a, b): (f64, f64)| (a - b).abs() <= 1e-4 * a.abs() || a.is_nan() && b.is_nan();
                assert!(pairs.into_iter().all(alike) && of("a").iter().any(|a| *a > 0.0), "{name} of {other}");
            }
            assert!(of("edges").iter().zip(of("a")).any(|(edges, a)| (edges - a).abs() > 1e-3 * a.abs()));
        }
    }
}

#[test]
fn bleed_through_is_a_share_of_another_channel() {
    let text = "channels = { a = 'A', b = 'B', mark = 'mark' }\n[images.clean]\nchannel = 'b'\nbleed_through = { a = 0.22 }\n\
                [objects.tiles]\nchannel = 'mark'\nsteps = [{ op = 'threshold', method = 'fixed', value = 500 }, { op = 'label' }]\n\
                [measure.tiles]\nfeatures = ['intensity']\nchannels = ['a', 'b', 'clean']\n";
    let table = &run(&mixtures(7), text, &Device::Cpu).sets[0].table;
    let means = ["a", "b", "clean"].map(|c| reals(table, &format!("intensity_mean_{c}")));
    for ((a, b), clean) in means[0].iter().zip(&means[1]).zip(&means[2]) {
        let expected = b - 0.22 * a;
        assert!((clean - expected).abs() < 0.05, "{clean} for {expected}");
    }
    assert!((means[2][2] - 0.78 * OFFSET).abs() < 4.0, "the dye of the other channel is gone: {}", means[2][2]);
}

#[test]
fn what_cannot_be_unmixed_is_refused_with_line_and_remedy() {
    let refused = |dyes: &str, line: &str, what: &str, remedy: &str| {
        let e = Recipe::parse("r.toml", &recipe(dyes), &[]).unwrap_err().to_string();
        assert!(e.contains(what) && e.contains(line) && e.contains("try: ") && e.contains(remedy), "{e}");
    };
    let fine = "dyes.dapi = [1, 0.2, 0, 0, 0]\ndyes.atto = [0, 0, 0.3, 1, 0]\ndyes.cy5 = [0, 0, 0, 0.1, 1]\n";
    refused(&format!("{fine}dyes.fitc = [1, 0.2]\n"), "line 14", "2 numbers for 5 channels", "a, b, c, d, e");
    refused(&format!("{fine}dyes.fitc = [0, 1, -0.1, 0, 0]\n"), "line 14", "-0.1 is no light of a dye", "from 0 on");
    refused(&format!("{fine}dyes.fitc = [0, 0, 0, 0, 0]\n"), "line 14", "without light", "above 0");
    refused(&format!("{fine}dyes.fitc = [2, 0.4, 0, 0, 0]\n"), "line 11", "look alike", "differ");
    refused(&format!("{fine}dyes.fitc = 'green'\n"), "line 14", "\"green\" is no spectrum", "control");
    refused(&format!("{fine}dyes.fitc = 'control'\n"), "line 14", "which images are controls", "controls = ");
    refused(&format!("{fine}dyes.mark = [0, 1, 0, 0, 0]\n"), "line 14", "something else as well", "mark_image");
    let change = |from: &str, to: &str, what: &str, remedy: &str| {
        let text = recipe("");
        assert!(text.contains(from));
        let e = Recipe::parse("r.toml", &text.replace(from, to), &[]).unwrap_err().to_string();
        assert!(e.contains(what) && e.contains("line ") && e.contains(remedy), "{e}");
    };
    change("'d', 'e'", "'d', 'f'", "there is no channel \"f\"", "try: a");
    change("'d', 'e'", "'d', 'd'", "\"d\" stands there twice", "each channel once");
    change("background = 100", "background = [100, 90]", "2 backgrounds for 5 channels", "one each");
    change("background = 100", "background = '101 %'", "is no background", "percentile");
    change("'a', 'b', 'c', 'd', 'e'", "'a', 'b', 'c'", "4 dyes in 3 channels", "at least as many channels");
    let image = |image: &str, what: &str| {
        let e = Recipe::parse("r.toml", &format!("{}[images.x]\nchannel = 'a'\n{image}", recipe("")), &[]).unwrap_err();
        assert!(e.to_string().contains(what) && e.remedy.is_some(), "{e}");
    };
    image("bleed_through = { b = -0.1 }", "-0.1 of \"b\" does not bleed into \"a\"");
    image("bleed_through = { a = 0.1 }", "0.1 of \"a\" does not bleed into \"a\"");
    image("bleed_through = { z = 0.1 }", "there is no channel \"z\"");
    image("dark = 'd.tif'", "only with a flat field");
    // A channel that one image lacks: that image fails, and says which ones it has.
    let mut scan = mixtures(1);
    scan.channels.remove(4);
    let recipe = Recipe::parse("r.toml", &recipe(""), &[]).unwrap();
    let e = pipeline::run(&scan, &recipe, &Device::Cpu, &External::new()).unwrap_err();
    assert!(e.to_string().contains("no channel for \"e\"") && e.to_string().contains("\"D\""), "{e}");
}

/// A TIFF with a page a channel.
fn write(path: &Path, pages: &[Vec<u16>], width: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = TiffEncoder::new(std::fs::File::create(path).unwrap()).unwrap();
    for page in pages {
        let size = (width as u32, (page.len() / width) as u32);
        encoder.new_image::<colortype::Gray16>(size.0, size.1).unwrap().write_data(page).unwrap();
    }
}

fn uptake(folder: &Path, args: &[&str]) -> Output {
    let mut run = Command::new(env!("CARGO_BIN_EXE_uptake"));
    run.args(args).args(["--device", "cpu", "--no-overlays", "--no-labels"]).current_dir(folder).output().unwrap()
}

/// Cells squares of which show some dyes, in two channels.
fn stained(seed: u64, dyes: [f64; 2]) -> Vec<Vec<u16>> {
    let mut random = Random(seed);
    let spectra = [[1.0, 0.3], [0.1, 1.0]];
    let page = |c: usize| {
        let sample = |i: usize| {
            let inside = (i / 64) % 16 >= 6 && (i % 64) % 16 >= 6;
            let light = OFFSET + if inside { dyes[0] * spectra[0][c] + dyes[1] * spectra[1][c] } else { 0.0 };
            (light + light.sqrt() * random.normal()).round() as u16
        };
        (0..64 * 64).map(sample).collect()
    };
    let pages = [0, 1].map(page);
    pages.into()
}

const CONTROLS: &str = "files.pages = 'c'
channels = { a = 0, b = 1 }
[unmix.pair]
channels = ['a', 'b']
background = '20 %'
controls = 'stain'
write = true
[unmix.pair.dyes]
green = 'control'
red = 'control'
[objects.squares]
channel = 'green'
steps = [{ op = 'threshold', method = 'fixed', value = 500 }, { op = 'label' }]
[measure.squares]
features = ['intensity']
channels = ['green', 'red']
";

#[test]
fn controls_of_the_sheet_say_what_dyes_look_like() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (name, dyes) in [("g1", [2000.0, 0.0]), ("g2", [4000.0, 0.0]), ("r1", [0.0, 3000.0]), ("x", [1500.0, 2500.0])] {
        write(&at(&format!("in/{name}.tif")), &stained(name.len() as u64 + dyes[0] as u64, dyes), 64);
    }
    std::fs::write(at("in/s.csv"), "path,stain\ng1.tif,green\ng2.tif,green\nr1.tif,red\nx.tif,\n").unwrap();
    std::fs::write(at("r.toml"), CONTROLS).unwrap();
    let args = ["run", "--sheet", "in/s.csv", "--recipe", "r.toml", "-o"];
    let done = uptake(dir.path(), &[&args[..], &["o"]].concat());
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{words}");
    assert!(words.contains("green of pair, from 2 controls: [1.0, 0."), "{words}");
    let json = std::fs::read_to_string(at("o/run.json")).unwrap();
    assert!(json.contains("green = [1.0, 0.3") || json.contains("1.0,\\n"), "the recipe of the run has the numbers");
    // Rows of the squares of each image, by their means.
    let mut reader = csv::Reader::from_path(at("o/squares.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let place = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (image, green, red) = (place("image"), place("intensity_mean_green"), place("intensity_mean_red"));
    let mut found = 0;
    for row in reader.records().map(|r| r.unwrap()) {
        let value = |i: usize| row[i].parse::<f64>().unwrap();
        // The unit of a dye is a count in the channel that it is brightest in.
        let expected = match &row[image] {
            "g2.tif" => [4000.0, 0.0],
            "x.tif" => [1500.0, 2500.0],
            _ => continue,
        };
        found += 1;
        for (value, expected) in [value(green), value(red)].into_iter().zip(expected) {
            assert!((value - expected).abs() < 0.01 * 4000.0, "{} {value} for {expected}", &row[image]);
        }
    }
    assert_eq!(found, 32);
    // Shards take the same numbers, whichever controls are theirs.
    for shard in ["1/2", "2/2"] {
        let done = uptake(dir.path(), &[&args[..], &[&format!("s{}", &shard[..1]), "--shard", shard]].concat());
        assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    }
    let merged = Command::new(env!("CARGO_BIN_EXE_uptake"));
    let mut merged = merged;
    let done = merged.args(["merge", "s1", "s2", "-o", "m"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(std::fs::read(at("m/squares.csv")).unwrap(), std::fs::read(at("o/squares.csv")).unwrap());
}

/// Oracle: what a dye leaves in the other channel, whatever else a control shows.
#[test]
fn hot_pixels_specks_and_margins_of_controls_are_no_dye() {
    type Spoil = fn(&mut [Vec<u16>]);
    let spoils: [(&str, Spoil); 5] = [
        ("nothing", |_| ()),
        ("a hot pixel", |pages| pages[0][70] = 60_000),
        ("a speck", |pages| [70, 71, 134, 135].into_iter().for_each(|i| pages[0][i] = 30_000)),
        ("a hot pixel of the other channel", |pages| pages[1][70] = 60_000),
        ("a margin", |pages| pages.iter_mut().for_each(|page| page[..64 * 12].fill(0))),
    ];
    for (what, spoil) in spoils {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for (name, dyes) in [("g", [1000.0, 0.0]), ("r", [0.0, 1000.0]), ("x", [1500.0, 2500.0])] {
            let mut pages = stained(3 + dyes[0] as u64, dyes);
            if name == "g" {
                spoil(&mut pages);
            }
            write(&at(&format!("in/{name}.tif")), &pages, 64);
        }
        std::fs::write(at("in/s.csv"), "path,stain\ng.tif,green\nr.tif,red\nx.tif,\n").unwrap();
        std::fs::write(at("r.toml"), CONTROLS).unwrap();
        let done = uptake(dir.path(), &["run", "--sheet", "in/s.csv", "--recipe", "r.toml", "-o", "o"]);
        let words = String::from_utf8_lossy(&done.stderr).into_owned();
        let share = words.split("green of pair, from 1 controls: [1.0, ").nth(1).and_then(|w| w.split(']').next());
        let share: f64 = share.unwrap_or_else(|| panic!("{what}: {words}")).parse().unwrap();
        // One pixel of 60,000 among 1,600 of 300 adds an eighth to their light.
        let allowed = if what.contains("other") { 0.05 } else { 0.01 };
        assert!((share - 0.3).abs() < allowed, "{what}: {share}");
    }
}

/// Oracle: three cells of a large image are the dye, though light falls off on the ground, and cells without it shine a little.
#[test]
fn a_control_of_few_cells_shows_its_dye() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let (n, spectra) = (512usize, [[1.0, 0.3], [0.1, 1.0]]);
    let near = |i: usize, cells: &[(usize, usize)]| {
        cells.iter().any(|(y, x)| (i / n).abs_diff(*y).pow(2) + (i % n).abs_diff(*x).pow(2) <= 25)
    };
    let dim: Vec<(usize, usize)> = (0..40).map(|k| (20 + 60 * (k / 8), 20 + 60 * (k % 8))).collect();
    for (dye, name) in ["g", "r"].into_iter().enumerate() {
        let mut random = Random(7 + dye as u64);
        let page = |c: usize| {
            let sample = |i: usize| {
                let far = ((i / n) as f64 / 256.0 - 1.0).powi(2) + ((i % n) as f64 / 256.0 - 1.0).powi(2);
                let lit = if near(i, &[(100, 130), (300, 401), (450, 222)]) { 1200.0 * spectra[dye][c] } else { 0.0 };
                let shines = if near(i, &dim) { 30.0 } else { 0.0 };
                let light = 60.0 * (1.0 - 0.25 * far) + lit + shines;
                (100.0 + light + light.max(1.0).sqrt() * random.normal()).round().max(0.0) as u16
            };
            (0..n * n).map(sample).collect::<Vec<u16>>()
        };
        write(&at(&format!("in/{name}.tif")), &[0, 1].map(page), n);
    }
    std::fs::write(at("in/s.csv"), "path,stain\ng.tif,green\nr.tif,red\n").unwrap();
    std::fs::write(at("r.toml"), CONTROLS.replace("'20 %'", "160")).unwrap();
    let done = uptake(dir.path(), &["run", "--sheet", "in/s.csv", "--recipe", "r.toml", "-o", "o"]);
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    let share = words.split("green of pair, from 1 controls: [1.0, ").nth(1).and_then(|w| w.split(']').next());
    let share: f64 = share.unwrap_or_else(|| panic!("{words}")).parse().unwrap();
    assert!((share - 0.3).abs() < 0.03, "{share}");
}

#[test]
fn controls_that_are_missing_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    write(&at("in/g.tif"), &stained(1, [2000.0, 0.0]), 64);
    write(&at("in/e.tif"), &stained(1, [0.0, 0.0]), 64);
    std::fs::write(at("r.toml"), CONTROLS).unwrap();
    let run = ["run", "--sheet", "in/s.csv", "--recipe", "r.toml", "-o", "o"];
    let says_of = |sheet: &str, words: &[&str], args: &[&str]| {
        std::fs::write(at("in/s.csv"), sheet).unwrap();
        let done = uptake(dir.path(), args);
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(2), "{args:?}: {text}");
        assert!(words.iter().all(|w| text.contains(w)), "{args:?}: {text}");
    };
    // A dry run says it as well, as far as the sheet tells.
    let dry = [&run[..], &["--dry-run"]].concat();
    let says = |sheet: &str, words: &[&str]| [&run[..], &dry].iter().for_each(|args| says_of(sheet, words, args));
    says("path,stain\ng.tif,green\ne.tif,rod\n", &["no image has \"red\" in the column \"stain\"", "green, rod"]);
    says("path,dye\ng.tif,green\n", &["a column \"stain\"", "controls = one of: dye"]);
    says("path,stain\ng.tif,green\ng.tif,green\n", &["no image has \"red\""]);
    std::fs::write(at("in/flat.tif"), "").unwrap();
    write(&at("in/flat.tif"), &[vec![100; 4096], vec![100; 4096]], 64);
    says_of("path,stain\ng.tif,green\nflat.tif,red\n", &["flat.tif", "no voxel is brighter than the background"], &run);
    // Noise alone has no spectrum; beside an image that has, it adds nothing.
    let dark = ["e.tif", "nothing is stained: the light is ", "the noise ", "images that show the dye"];
    says_of("path,stain\ng.tif,green\ne.tif,red\n", &dark, &run);
    write(&at("in/r.tif"), &stained(2, [0.0, 3000.0]), 64);
    let spectrum = |sheet: &str, out: &str| {
        std::fs::write(at("in/s.csv"), sheet).unwrap();
        let done = uptake(dir.path(), &[&run[..5], &["-o", out]].concat());
        let text = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(0), "{text}");
        text.lines().find(|line| line.contains("red of pair")).unwrap().to_owned()
    };
    let alone = spectrum("path,stain\ng.tif,green\nr.tif,red\n", "o1");
    let with = spectrum("path,stain\ng.tif,green\nr.tif,red\ne.tif,red\n", "o2");
    assert!(with.contains("from 1 controls, without 1 that show nothing but noise"), "{with}");
    assert_eq!(alone.rsplit(": ").next(), with.rsplit(": ").next());
}

#[test]
fn a_flat_field_of_the_recipe_makes_light_even() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    // Squares of 4000 under light that falls to a half, over an offset of 100.
    let light = |i: usize| 1.0 - 0.5 * (i % 64) as f64 / 63.0;
    let square = |i: usize| (i / 64) % 16 >= 6 && (i % 64) % 16 >= 6;
    let page = |f: &dyn Fn(usize) -> f64| vec![(0..64 * 64).map(|i| f(i).round() as u16).collect::<Vec<u16>>()];
    write(&at("in/a.tif"), &page(&|i| 100.0 + light(i) * if square(i) { 4000.0 } else { 40.0 }), 64);
    write(&at("in/flat.tif"), &page(&|i| 100.0 + 20_000.0 * light(i)), 64);
    write(&at("dark.tif"), &page(&|_| 100.0), 64);
    let recipe = "channels = { s = 0 }\n[images.even]\nchannel = 's'\nflat_field = 'in/flat.tif'\ndark = 'dark.tif'\nwrite = true\n\
                  [objects.squares]\nchannel = 'even'\nsteps = [{ op = 'threshold', method = 'otsu' }, { op = 'label' }]\n\
                  [measure.squares]\nfeatures = ['intensity']\nchannels = ['s', 'even']\n";
    std::fs::write(at("r.toml"), recipe).unwrap();
    let done = uptake(dir.path(), &["run", "in", "--recipe", "r.toml", "-o", "o"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let mut reader = csv::Reader::from_path(at("o/squares.csv")).unwrap();
    let header = reader.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let (raw, even) = (column("intensity_mean_s"), column("intensity_mean_even"));
    let rows: Vec<[f64; 2]> =
        reader.records().map(|r| r.unwrap()).map(|r| [raw, even].map(|i| r[i].parse().unwrap())).collect();
    assert_eq!(rows.len(), 16);
    // The mean light is 0.75.
    assert!(rows.iter().all(|r| (r[1] / 3000.0 - 1.0).abs() < 0.001), "{rows:?}");
    assert!(rows.iter().any(|r| r[0] > 3600.0) && rows.iter().any(|r| r[0] < 2500.0));
    let images = std::fs::read_to_string(at("o/images.csv")).unwrap();
    assert_eq!(images.lines().count(), 2, "the flat field is no image of its own: {images}");
    std::fs::remove_file(at("dark.tif")).unwrap();
    let done = uptake(dir.path(), &["run", "in", "--recipe", "r.toml", "-o", "p"]);
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.code() != Some(0) && words.contains("there is no file \"dark.tif\""), "{words}");
    write(&at("dark.tif"), &[vec![100; 64 * 32]], 64);
    let done = uptake(dir.path(), &["run", "in", "--recipe", "r.toml", "-o", "q"]);
    let words = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(words.contains("\"dark.tif\" is 32 x 64") || words.contains("of the size of the images"), "{words}");
}
