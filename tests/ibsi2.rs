//! Filters of the Image Biomarker Standardisation Initiative, part 2, through recipes. Oracle: fifteen published response maps of phase
//! 1, and all published values of configuration A of phase 2, within the tolerance of the standard. Invariant: what turns with the
//! image, what answers nothing where nothing changes, threads and devices. Mechanics: refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Regions, Scan, Volume};
use uptake::pipeline::{self, External, Outcome};
use uptake::read;
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::{Shape, Spacing};

fn open(path: &Path) -> Scan {
    read::open(path, &read::Options::default()).unwrap()
}

fn values(channel: &Channel) -> Vec<f64> {
    let volume = &channel.volume;
    volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect()
}

/// The floats of a NIfTI file as they are. The reader takes what lies far above the rest for stray values, and here the rest is what a
/// transform left of nothing.
fn floats(path: &Path) -> Vec<f64> {
    let mut bytes = vec![];
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes[352..].chunks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()).collect()
}

fn recipe(images: &[(&str, &str)], rest: &str) -> Recipe {
    let image =
        |(name, steps): &(&str, &str)| format!("[images.{name}]\nchannel = \"ct\"\nsteps = [{steps}]\nwrite = true\n");
    let images: String = images.iter().map(image).collect();
    let text = format!("channels.ct = 0\n{images}[objects.roi]\nlabels = \"roi.nii\"\n{rest}");
    Recipe::parse("r.toml", &text, &[]).unwrap()
}

fn run(scan: &Scan, recipe: &Recipe, voxels: Vec<u32>, device: &Device) -> Outcome {
    let external = External::from([("roi".to_string(), Regions::of_voxels(scan.shape, &voxels).unwrap())]);
    pipeline::run(scan, recipe, device, &external).unwrap()
}

/// The response map of steps.
fn response(scan: &Scan, steps: &str, device: &Device) -> Vec<f64> {
    values(&run(scan, &recipe(&[("map", steps)], ""), vec![1; scan.shape.len()], device).images[0])
}

fn filter(settings: &str) -> String {
    format!("{{ op = \"filter\", {settings} }}")
}

/// Steps of the tests of phase 1: identifier, phantom, settings.
const PHASE_1: &[(&str, &str, &str)] = &[
    ("1_a_1", "checkerboard", "kind = 'mean', support = 15, padding = 'zero'"),
    ("1_a_2", "checkerboard", "kind = 'mean', support = 15, padding = 'nearest'"),
    ("1_a_3", "checkerboard", "kind = 'mean', support = 15, padding = 'periodic'"),
    ("1_a_4", "checkerboard", "kind = 'mean', support = 15, padding = 'mirror'"),
    ("1_b_1", "impulse", "kind = 'mean', support = 15, dimensions = 2, padding = 'zero'"),
    ("2_a", "impulse", "kind = 'laplacian_of_gaussian', sigma = '3 mm', padding = 'zero'"),
    ("2_b", "checkerboard", "kind = 'laplacian_of_gaussian', sigma = '5 mm', cutoff = 4"),
    ("2_c", "checkerboard", "kind = 'laplacian_of_gaussian', sigma = '5 mm', dimensions = 2"),
    ("3_a_1", "impulse", "kind = 'laws', kernels = ['E5', 'L5', 'S5'], padding = 'zero'"),
    ("3_a_2", "impulse", "kind = 'laws', kernels = ['E5', 'L5', 'S5'], pooling = 'max', padding = 'zero'"),
    ("3_a_3", "impulse", "kind = 'laws', kernels = ['E5', 'L5', 'S5'], pooling = 'max', energy = 7, padding = 'zero'"),
    ("3_b_1", "checkerboard", "kind = 'laws', kernels = ['E3', 'W5', 'R5']"),
    ("3_b_2", "checkerboard", "kind = 'laws', kernels = ['E3', 'W5', 'R5'], pooling = 'max'"),
    ("3_b_3", "checkerboard", "kind = 'laws', kernels = ['E3', 'W5', 'R5'], pooling = 'max', energy = 7"),
    ("3_c_1", "checkerboard", "kind = 'laws', kernels = ['L5', 'S5']"),
    ("3_c_2", "checkerboard", "kind = 'laws', kernels = ['L5', 'S5'], pooling = 'max'"),
    ("3_c_3", "checkerboard", "kind = 'laws', kernels = ['L5', 'S5'], pooling = 'max', energy = 7"),
    (
        "4_a_1",
        "impulse",
        "kind = 'gabor', sigma = '10 mm', wavelength = '4 mm', ratio = 0.5, angles = 60, padding = 'zero'",
    ),
    (
        "4_a_2",
        "impulse",
        "kind = 'gabor', sigma = '10 mm', wavelength = '4 mm', ratio = 0.5, angle_step = 45, planes = 'orthogonal', \
         padding = 'zero'",
    ),
    ("4_b_1", "sphere", "kind = 'gabor', sigma = '20 mm', wavelength = '8 mm', ratio = 2.5, angles = 225"),
    (
        "4_b_2",
        "sphere",
        "kind = 'gabor', sigma = '20 mm', wavelength = '8 mm', ratio = 2.5, angle_step = 22.5, planes = 'orthogonal'",
    ),
    ("5_a_1", "impulse", "kind = 'wavelet', wavelet = 'db2', bands = 'LHL', padding = 'zero'"),
    ("5_a_2", "impulse", "kind = 'wavelet', wavelet = 'db2', bands = 'LHL', pooling = 'mean', padding = 'zero'"),
    ("6_a_1", "sphere", "kind = 'wavelet', wavelet = 'coif1', bands = 'HHL', padding = 'periodic'"),
    ("6_a_2", "sphere", "kind = 'wavelet', wavelet = 'coif1', bands = 'HHL', pooling = 'mean', padding = 'periodic'"),
    ("7_a_1", "checkerboard", "kind = 'wavelet', wavelet = 'haar', bands = 'LLL', level = 2, pooling = 'mean'"),
    ("7_a_2", "checkerboard", "kind = 'wavelet', wavelet = 'haar', bands = 'HHH', level = 2, pooling = 'mean'"),
    ("8_a_1", "checkerboard", "kind = 'simoncelli', level = 1"),
    ("8_a_2", "checkerboard", "kind = 'simoncelli', level = 2"),
    ("8_a_3", "checkerboard", "kind = 'simoncelli', level = 3"),
    (
        "9_a",
        "impulse",
        "kind = 'laplacian_of_gaussian', sigma = '3 mm', padding = 'zero'; kind = 'riesz', order = [1, 0, 0]",
    ),
    (
        "9_b_1",
        "sphere",
        "kind = 'laplacian_of_gaussian', sigma = '3 mm', padding = 'zero'; kind = 'riesz', order = [0, 2, 0]",
    ),
    ("10_a", "impulse", "kind = 'simoncelli'; kind = 'riesz', order = [1, 0, 0]"),
    ("10_b_1", "pattern_1", "kind = 'simoncelli'; kind = 'riesz', order = [0, 2, 0]"),
];

fn steps(settings: &str) -> String {
    settings.split("; ").map(filter).collect::<Vec<_>>().join(", ")
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn response_maps_are_the_published_ones() {
    let folder = common::shared("ibsi2");
    let mut held = 0;
    for (id, phantom, settings) in PHASE_1 {
        let map = folder.join(format!("map_{id}.nii.gz"));
        if !map.exists() {
            continue;
        }
        let scan = open(&folder.join(format!("phantom_{phantom}.nii.gz")));
        let found = response(&scan, &steps(settings), &Device::Cpu);
        let published = floats(&map);
        let ends = published.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[a, b], v| [a.min(*v), b.max(*v)]);
        let worst = found.iter().zip(&published).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let percent = 100.0 * worst / (ends[1] - ends[0]);
        assert!(percent < 1.0, "{id}: {percent} % of the range");
        held += 1;
    }
    assert_eq!(held, 15);
}

/// Filters of phase 2, configuration A, in their order.
const PHASE_2: [(&str, &str); 8] = [
    ("f2", "kind = 'mean', support = 5, dimensions = 2"),
    ("f3", "kind = 'laplacian_of_gaussian', sigma = '1.5 mm', dimensions = 2"),
    ("f4", "kind = 'laws', kernels = ['L5', 'E5'], pooling = 'max', energy = 7"),
    ("f5", "kind = 'gabor', sigma = '5 mm', wavelength = '2 mm', ratio = 1.5, angle_step = 22.5"),
    ("f6", "kind = 'wavelet', wavelet = 'db3', bands = 'LH', pooling = 'mean'"),
    ("f7", "kind = 'wavelet', wavelet = 'db3', bands = 'HH', level = 2, pooling = 'mean'"),
    ("f8", "kind = 'simoncelli', level = 1, dimensions = 2"),
    ("f9", "kind = 'simoncelli', level = 2, dimensions = 2"),
];

/// Features as the reference values call them, and as columns.
const STATISTICS: [(&str, &str); 18] = [
    ("stat_mean", "mean"),
    ("stat_var", "variance"),
    ("stat_skew", "skewness"),
    ("stat_kurt", "excess_kurtosis"),
    ("stat_median", "median"),
    ("stat_min", "minimum"),
    ("stat_p10", "percentile_10"),
    ("stat_p90", "percentile_90"),
    ("stat_max", "maximum"),
    ("stat_iqr", "interquartile_range"),
    ("stat_range", "range"),
    ("stat_mad", "mean_absolute_deviation"),
    ("stat_rmad", "robust_mean_absolute_deviation"),
    ("stat_medad", "median_absolute_deviation"),
    ("stat_cov", "coefficient_of_variation"),
    ("stat_qcod", "quartile_coefficient_of_dispersion"),
    ("stat_energy", "energy"),
    ("stat_rms", "root_mean_square"),
];

/// The standard's rule: three significant digits, then the tolerance.
fn agrees(found: f64, published: f64, tolerance: f64) -> bool {
    let rounded: f64 = format!("{found:.2e}").parse().unwrap();
    (rounded - published).abs() <= tolerance + 1e-9 * published.abs()
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn statistics_of_filtered_ct_are_the_published_ones() {
    let folder = common::shared("ibsi1");
    let (scan, mask) = (open(&folder.join("ct_phantom_image.nii.gz")), open(&folder.join("ct_phantom_mask.nii.gz")));
    let voxels = mask.channels[0].volume.samples.host().unwrap().iter().map(|v| u32::from(*v > 0)).collect();
    let images: Vec<(&str, String)> = PHASE_2.iter().map(|(name, settings)| (*name, filter(settings))).collect();
    let images: Vec<(&str, &str)> = images.iter().map(|(name, steps)| (*name, steps.as_str())).collect();
    let measure = "[measure.roi]\nfeatures = 'texture'\n\
                   channels = ['ct', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9']\n\
                   [measure.roi.texture]\nfamilies = 'statistics'\nrange = [-1000, 400]\nrange_of = 'ct'\n";
    let outcome = run(&scan, &recipe(&images, measure), voxels, &Device::Cpu);
    let value = |c: &uptake::table::Column| match &c.cells {
        Cells::Real(v) => v[0].map(|v| (c.name.clone(), v)),
        _ => None,
    };
    let columns: BTreeMap<String, f64> = outcome.sets[0].table.columns.iter().filter_map(value).collect();
    let reference = std::fs::read_to_string(common::shared("ibsi2").join("reference_values_A.csv")).unwrap();
    let (mut held, mut missed) = (0, vec![]);
    for row in reference.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        let channel = if cells[0] == "1.A" { "ct".to_string() } else { format!("f{}", &cells[0][..1]) };
        let name = STATISTICS.iter().find(|(tag, _)| *tag == cells[1]).unwrap().1;
        let found = columns[&format!("stat_{name}_rngm1000to400_ofct_{channel}")];
        let number = |k: usize| cells[k].parse::<f64>().unwrap();
        if agrees(found, number(cells.len() - 2), number(cells.len() - 1)) {
            held += 1;
        } else {
            missed.push(format!("{row}: {found}"));
        }
    }
    assert_eq!((held, missed), (162, vec![]));
}

/// Configuration B of phase 2: in space, on voxels of 1 mm.
const PHASE_2_IN_SPACE: [(&str, &str); 8] = [
    ("f2", "kind = 'mean', support = 5, dimensions = 3"),
    ("f3", "kind = 'laplacian_of_gaussian', sigma = '1.5 mm', dimensions = 3"),
    ("f4", "kind = 'laws', kernels = ['L5', 'E5', 'E5'], pooling = 'max', energy = 7"),
    (
        "f5",
        "kind = 'gabor', sigma = '5 mm', wavelength = '2 mm', ratio = 1.5, angle_step = 22.5, planes = 'orthogonal'",
    ),
    ("f6", "kind = 'wavelet', wavelet = 'db3', bands = 'LLH', pooling = 'mean'"),
    ("f7", "kind = 'wavelet', wavelet = 'db3', bands = 'HHH', level = 2, pooling = 'mean'"),
    ("f8", "kind = 'simoncelli', level = 1, dimensions = 3"),
    ("f9", "kind = 'simoncelli', level = 2, dimensions = 3"),
];

/// No values of the standard are at hand for it. Invariant: what is added to all voxels moves the mean, and the filters that answer to changes not at all.
#[test]
fn filters_in_space_run_on_another_grid() {
    let shape = Shape::new(4, 7, 6);
    let images: Vec<(&str, String)> = PHASE_2_IN_SPACE.iter().map(|(name, s)| (*name, filter(s))).collect();
    let images: Vec<(&str, &str)> = images.iter().map(|(name, steps)| (*name, steps.as_str())).collect();
    let rest = "[measure.roi]\nfeatures = 'texture'\n\
                channels = ['ct', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9']\n\
                [measure.roi.texture]\nfamilies = 'statistics'\nrange = [-1000, 4000]\nrange_of = 'ct'\n\
                [grid]\nvoxel = '1 mm'\ninterpolation = 'cubic'\nround = true\n";
    let measured = |more: i32| -> BTreeMap<String, f64> {
        let samples = noise(shape).channels[0].volume.samples.host().unwrap().iter().map(|v| v + more).collect();
        let outcome = run(&scan(shape, samples), &recipe(&images, rest), vec![1; shape.len()], &Device::Cpu);
        assert_eq!(outcome.images[0].volume.shape, Shape::new(8, 14, 12));
        let value = |c: &uptake::table::Column| match &c.cells {
            Cells::Real(v) => v[0].map(|v| (c.name.clone(), v)),
            _ => None,
        };
        outcome.sets[0].table.columns.iter().filter_map(value).collect()
    };
    let (plain, more) = (measured(0), measured(500));
    for channel in ["ct", "f2", "f3", "f4", "f5", "f6", "f7", "f8", "f9"] {
        for (_, name) in STATISTICS {
            let column = format!("stat_{name}_rngm1000to4000_ofct_{channel}");
            assert!(plain[&column].is_finite(), "{column}");
        }
        let mean = |columns: &BTreeMap<String, f64>| columns[&format!("stat_mean_rngm1000to4000_ofct_{channel}")];
        let spread = plain[&format!("stat_variance_rngm1000to4000_ofct_{channel}")].sqrt();
        let moved = mean(&more) - mean(&plain);
        match channel {
            "ct" | "f2" => assert!((moved - 500.0).abs() < 1e-6, "{channel}: {moved}"),
            // Their kernels, cut off, add up to a little more than nothing.
            "f3" | "f5" => {}
            _ => assert!(moved.abs() < 1e-6 * spread, "{channel}: {moved} of {spread}"),
        }
    }
}

/// Uneven noise in a box of odd sizes, and the same turned by a right angle around z.
fn noise(shape: Shape) -> Scan {
    let samples = (0..shape.len()).map(|i| ((i as u64 * 2_654_435_761) >> 9) as i32 % 1009).collect();
    scan(shape, samples)
}

fn scan(shape: Shape, samples: Vec<i32>) -> Scan {
    let spacing = Spacing::mm([2.0; 3]);
    let volume = Volume { spacing, ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "ct".into(), unit: "au", volume, saturated: None, saturation: None };
    Scan { spacing, ..Scan::new(Modality::Unknown, shape, vec![channel]) }
}

fn turned<T: Copy>(shape: Shape, values: &[T]) -> Vec<T> {
    let from = |i: usize| {
        let [z, y, x] = shape.position(i);
        values[shape.index(z, shape.x - 1 - x, y)]
    };
    (0..shape.len()).map(from).collect()
}

#[test]
fn pooled_and_isotropic_responses_turn_with_the_image() {
    let shape = Shape::new(5, 11, 11);
    let image = noise(shape);
    let other = scan(shape, turned(shape, image.channels[0].volume.samples.host().unwrap()));
    for (id, _, settings) in PHASE_1 {
        // Not zero, so that edges are seen as well.
        let settings = settings.replace("padding = 'zero'", "padding = 'nearest'");
        let is_isotropic = ["mean", "lapl", "simo"].iter().any(|k| settings.starts_with(&format!("kind = '{k}")));
        let is_pooled = settings.contains("pooling") || settings.contains("angle_step");
        if !(is_isotropic || is_pooled) || settings.contains("riesz") {
            continue;
        }
        let response = |scan: &Scan| response(scan, &steps(&settings), &Device::Cpu);
        let (a, b) = (turned(shape, &response(&image)), response(&other));
        let size = a.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let far = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(size > 0.0 && far <= 1e-7 * size, "{id}: {far} of {size}");
    }
}

#[test]
fn nothing_answers_where_nothing_changes() {
    let flat = scan(Shape::new(6, 9, 10), vec![1000; 540]);
    for (id, _, settings) in PHASE_1 {
        let settings = settings.replace("padding = 'zero'", "padding = 'mirror'");
        let found = response(&flat, &steps(&settings), &Device::Cpu);
        let most = found.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let expected = match id.split('_').next().unwrap() {
            // The Gaussian is cut off, so a little is left: a thousandth over sigma squared, for each axis.
            "2" => 1000.0 * 3.0 * 1.1e-3 / 2.25,
            "1" | "4" => f64::INFINITY,
            _ if *id == "7_a_1" => f64::INFINITY,
            _ => 1e-6,
        };
        assert!(most <= expected, "{id}: {most}");
    }
    let mean = response(&flat, &filter("kind = 'mean', support = 7"), &Device::Cpu);
    assert!(mean.iter().all(|v| (v - 1000.0).abs() < 1e-6));
}

#[test]
fn threads_and_devices_change_no_byte() {
    let image = noise(Shape::new(7, 20, 33));
    let gpu = common::gpu(None);
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for (id, _, settings) in PHASE_1 {
        let all = |device: &Device| response(&image, &steps(settings), device);
        let one = pool(1).install(|| all(&Device::Cpu));
        assert!(one == pool(7).install(|| all(&Device::Cpu)) && one == all(&gpu), "{id}");
    }
}

#[test]
fn odd_images_have_responses_too() {
    for shape in [Shape::flat(1, 1), Shape::flat(1, 7), Shape::flat(5, 2), Shape::new(2, 1, 3)] {
        for (id, _, settings) in PHASE_1 {
            let recipe = recipe(&[("map", &steps(settings))], "");
            let external =
                External::from([("roi".to_string(), Regions::of_voxels(shape, &vec![1; shape.len()]).unwrap())]);
            match pipeline::run(&noise(shape), &recipe, &Device::Cpu, &external) {
                Ok(outcome) => assert!(values(&outcome.images[0]).iter().all(|v| v.is_finite()), "{id} {shape}"),
                Err(e) => assert!(shape.is_flat() && e.to_string().contains("single slice"), "{id} {shape}: {e}"),
            }
        }
    }
}

#[test]
fn recipes_that_cannot_be_are_refused_with_a_remedy() {
    let refused = |settings: &str, what: &str, remedy: &str| {
        let text = format!(
            "channels.ct = 0\n[images.map]\nchannel = \"ct\"\nsteps = [{}]\n[objects.roi]\nlabels = \"roi.nii\"\n",
            filter(settings)
        );
        let e = Recipe::parse("r.toml", &text, &[]).unwrap_err().to_string();
        assert!(e.contains(what) && e.contains(remedy) && e.contains("line 4"), "{e}");
    };
    refused("kind = 'mean', support = 4", "no voxel in its middle", "support = 5");
    refused("kind = 'mean', suport = 5", "suport", "support");
    refused("kind = 'mean', support = 5, dimensions = 4", "2 or 3 dimensions", "");
    refused("kind = 'men', support = 5", "men", "mean");
    refused("kind = 'laplacian_of_gaussian', sigma = '0 mm'", "a width of 0 mm", "1.5 mm");
    refused("kind = 'laplacian_of_gaussian', sigma = '1 mm', cutoff = 0", "from 0 to 20", "cutoff = 4");
    refused("kind = 'laws', kernels = ['L5']", "1 kernels", "L5");
    refused("kind = 'laws', kernels = ['L7', 'L5']", "L7", "L5");
    refused("kind = 'laws', kernels = ['L5', 'L5'], energy = 0", "up to a distance", "energy = 7");
    refused("kind = 'gabor', sigma = '5 mm', wavelength = '2 mm', ratio = 1", "exactly one way", "angle_step");
    refused("kind = 'gabor', sigma = '5 mm', wavelength = '2 mm', ratio = 0, angles = 3", "ratio", "ratio = 0.5");
    refused("kind = 'wavelet', wavelet = 'db2', bands = 'LX'", "says no bands", "LLH");
    refused("kind = 'wavelet', wavelet = 'db2', bands = 'L'", "1 bands", "LH");
    refused("kind = 'wavelet', wavelet = 'db99', bands = 'LH'", "db99", "");
    refused("kind = 'wavelet', wavelet = 'db2', bands = 'LH', level = 0", "no level 0", "from 1");
    refused("kind = 'riesz', order = [0, 0]", "without an order", "[1, 0, 0]");
    let inside = "channels.ct = 0\n[objects.a]\nchannel = \"ct\"\nsteps = [{ op = \"filter\", kind = \"simoncelli\" }, \
                  { op = \"threshold\", method = \"otsu\" }]\n";
    let e = Recipe::parse("r.toml", inside, &[]).unwrap_err().to_string();
    assert!(e.contains("makes an image of its own") && e.contains("[images.NAME]"), "{e}");
}
