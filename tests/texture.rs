//! Heterogeneity as a family of a recipe. Oracle: the IBSI digital phantom through a recipe (tests/ibsi.rs has all of its
//! values); weights and areas by hand. Invariant: a box cut out of an image is measured as in it; an object measured under two choices has the columns
//! of each. Mechanics: names, reasons, refusals whose remedies help.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use uptake::device::Device;
use uptake::image::{Channel, Modality, Regions, Scan, Volume};
use uptake::measure::texture::{
    Aggregation, Discretisation, Intensities, Levels, Region, Space, WeightNorm, Weighting, glcm, glrlm, ngtdm,
    volume_histogram,
};
use uptake::pipeline::{self, External, Outcome};
use uptake::read;
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::{Shape, Spacing};

fn recipe(texture: &str) -> String {
    format!(
        "output.lengths = \"mm\"\n[channels]\nct = 0\n[objects.roi]\nlabels = \"roi.nii\"\n[measure.roi]\nfeatures = \"texture\"\n\
         [measure.roi.texture]\n{texture}\n"
    )
}

fn run(scan: &Scan, voxels: Vec<u32>, text: &str) -> Outcome {
    let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
    let mut external = External::new();
    external.insert("roi".into(), Regions::of_voxels(scan.shape, &voxels).unwrap());
    pipeline::run(scan, &recipe, &Device::Cpu, &external).unwrap()
}

fn value(outcome: &Outcome, column: &str) -> Option<f64> {
    let table = &outcome.sets[0].table;
    let Some(column) = table.column(column) else {
        let names: Vec<_> = table.columns.iter().map(|c| c.name.as_str()).collect();
        panic!("{column} is not among {names:?}");
    };
    match &column.cells {
        Cells::Real(v) => v[0],
        _ => panic!(),
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_digital_phantom_goes_through_a_recipe() {
    let folder = common::shared("ibsi1");
    let open = |what: &str| {
        read::open(&folder.join(format!("digital_phantom_{what}.nii.gz")), &read::Options::default()).unwrap()
    };
    let (scan, mask) = (open("image"), open("mask"));
    let voxels: Vec<u32> = mask.channels[0].volume.samples.host().unwrap().iter().map(|v| u32::from(*v > 0)).collect();
    let text = recipe("bins = { size = 1, from = 1 }\naggregation = [\"2d_avg\", \"3d_mrg\"]");
    let outcome = run(&scan, voxels, &text);
    // The published benchmark values of the phantom.
    for (column, published) in [
        ("morph_volume_mm3_ct", 556.0),
        ("morph_volume_counted_mm3_ct", 592.0),
        ("stat_mean_ct", 2.15),
        ("ih_mean_fbs1from1_ct", 2.15),
        ("glcm_joint_average_3d_mrg_fbs1from1_ct", 2.15),
        ("glcm_joint_average_2d_avg_fbs1from1_ct", 2.14),
        ("glrlm_short_runs_emphasis_2d_avg_fbs1from1_ct", 0.641),
        ("glszm_small_zone_emphasis_3d_fbs1from1_ct", 0.255),
        ("ngtdm_coarseness_3d_fbs1from1_ct", 0.0296),
    ] {
        let found = value(&outcome, column).unwrap();
        assert!((found / published - 1.0).abs() < 0.005, "{column}: {found}, published {published}");
    }
    let column = outcome.sets[0].table.column("glcm_joint_average_3d_mrg_fbs1from1_ct").unwrap();
    assert!(column.definition.contains("aggregation IBSI:IAZD, bins Size { size: 1.0, from: Some(1.0) } (IBSI:Q3RU)"));
}

/// Bright speckles in a box of odd sizes.
fn speckles(shape: Shape, spacing: Option<Spacing>) -> Scan {
    let samples = (0..shape.len()).map(|i| ((i as u64 * 2_654_435_761) >> 7) as i32 % 97 + 3).collect();
    let volume = Volume { spacing, ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "ct".into(), unit: "au", volume, saturated: Some(0), saturation: Some(255) };
    Scan { spacing, ..Scan::new(Modality::Unknown, shape, vec![channel]) }
}

fn ball(shape: Shape, centre: [f64; 3], radius: f64) -> Vec<u32> {
    let far = |i: usize| {
        let at = shape.position(i);
        (0..3).map(|a| (at[a] as f64 - centre[a]).powi(2)).sum::<f64>()
    };
    (0..shape.len()).map(|i| u32::from(far(i) <= radius * radius)).collect()
}

#[test]
fn an_object_does_not_know_the_image_around_it() {
    let large = speckles(Shape::new(14, 30, 28), Spacing::mm([2.0, 1.0, 1.0]));
    let inside = ball(large.shape, [6.0, 14.0, 12.0], 4.6);
    // The same box, cut out.
    let (z, y, x) = (1..12, 9..20, 7..18);
    let shape = Shape::new(z.len(), y.len(), x.len());
    let index = |i: usize| {
        let [a, b, c] = shape.position(i);
        large.shape.index(a + z.start, b + y.start, c + x.start)
    };
    let samples = large.channels[0].volume.samples.host().unwrap();
    let mut small = speckles(shape, large.spacing);
    let volume = Volume::new(shape, (0..shape.len()).map(|i| samples[index(i)]).collect()).unwrap();
    small.channels[0].volume = Volume { spacing: large.spacing, ..volume };
    let cut = (0..shape.len()).map(|i| inside[index(i)]).collect();
    let families = "families = [\"morphology\", \"enclosing\", \"autocorrelation\", \"statistics\", \"histogram\", \
                    \"volume_histogram\", \"glcm\", \"glrlm\", \"glszm\", \"gldzm\", \"ngtdm\", \"ngldm\"]\nbins.number = 8\nrange = [5, 90]\n\
                    outliers = 2";
    let (whole, part) = (run(&large, inside, &recipe(families)), run(&small, cut, &recipe(families)));
    let textures = |o: &Outcome| {
        let columns = o.sets[0].table.columns.clone().into_iter();
        columns.filter(|c| c.name.ends_with("_rng5to90_out2_ct")).collect::<Vec<_>>()
    };
    assert!(textures(&whole).len() > 150, "{}", textures(&whole).len());
    assert_eq!(textures(&whole), textures(&part));
}

/// Invariant: on another grid, an object is what the chain makes of the whole image and a mask as large.
#[test]
fn another_grid_is_that_of_the_whole_image() {
    use uptake::measure::texture::{Chain, Intensities, Interpolation, chain, morphology, statistics};
    let scan = speckles(Shape::new(14, 30, 28), Spacing::mm([2.0, 1.0, 1.0]));
    let voxels = ball(scan.shape, [6.0, 14.0, 12.0], 4.6);
    let text = recipe(
        "families = [\"morphology\", \"statistics\"]\nresample = \"1.5 mm\"\ninterpolation = \"cubic\"\nrange = [10, 80]",
    );
    let outcome = run(&scan, voxels.clone(), &text);
    let volume = &scan.channels[0].volume;
    let intensities = Intensities::Samples(volume.samples.host().unwrap().to_vec().into(), volume.scale);
    let mask: Vec<bool> = voxels.iter().map(|v| *v > 0).collect();
    let regrid = chain::Regrid {
        spacing: [Some(1.5); 3],
        image: Interpolation::CubicSpline,
        mask: Interpolation::Linear,
        whole: false,
    };
    let chain = Chain { regrid: Some(regrid), range: Some([10.0, 80.0]), ..Chain::default() };
    let image = chain::Image { shape: scan.shape, spacing: [2.0, 1.0, 1.0], intensities: &intensities, mask: &mask };
    let region = chain.region(&image).unwrap();
    let expected = [morphology::values(&region), statistics::values(&region)].concat();
    let columns = outcome.sets[0].table.columns.iter().filter(|c| c.name.ends_with("_cub1p5mm_rng10to80_ct"));
    let found: Vec<Option<f64>> = columns.map(|c| value(&outcome, &c.name)).collect();
    assert_eq!((found.len(), found), (expected.len(), expected));
}

#[test]
fn lengths_need_a_calibration_and_shares_do_not() {
    let scan = speckles(Shape::flat(20, 22), None);
    let outcome = run(
        &scan,
        ball(scan.shape, [0.0, 10.0, 11.0], 6.0),
        &recipe("families = [\"morphology\", \"enclosing\", \"local_intensity\"]"),
    );
    assert_eq!(value(&outcome, "morph_volume_mm3_ct"), None);
    for shares in ["morph_sphericity_ct", "morph_volume_density_ombb_ct", "morph_area_density_mvee_ct"] {
        assert!(value(&outcome, shares).is_some_and(|v| v > 0.0), "{shares}");
    }
    assert_eq!(value(&outcome, "local_intensity_peak_ct"), None);
}

#[test]
fn one_voxel_and_one_level_have_reasons() {
    let mut scan = speckles(Shape::new(5, 9, 9), Spacing::mm([1.0; 3]));
    scan.channels[0].volume = Volume::new(scan.shape, vec![7; scan.shape.len()]).unwrap();
    for voxels in [ball(scan.shape, [2.0, 4.0, 4.0], 0.1), ball(scan.shape, [2.0, 4.0, 4.0], 2.1)] {
        let outcome =
            run(&scan, voxels, &recipe("bins.number = 16\naggregation = [\"2d_avg\", \"25d_vmrg\", \"3d_avg\"]"));
        for c in outcome.sets[0].table.columns.iter().filter(|c| c.name.ends_with("_ct")) {
            assert!(c.cells.empty() == 0 || !c.empty.is_empty(), "{} is empty without a reason", c.name);
        }
    }
}

#[test]
fn every_remedy_helps() {
    let mended = |wrong: &str, right: &str, says: &str| {
        let e = Recipe::parse("r.toml", &recipe(wrong), &[]).unwrap_err();
        assert!(e.remedy.as_ref().is_some_and(|r| r.contains(says)), "{e}");
        Recipe::parse("r.toml", &recipe(right), &[]).unwrap();
    };
    mended("", "bins = { number = 32 }", "bins = { number = 32 }");
    mended("", "bins = { size = 0.25, from = 0 }", "{ size = 0.25, from = 0 }");
    mended("bins.number = 0", "bins = { number = 32 }", "bins = { number = 32 }");
    mended("bins.size = -1", "bins = { size = 0.25, from = 0 }", "bins = { size = 0.25, from = 0 }");
    mended("bins.width = 3", "bins = { number = 32 }", "bins = { number = 32 }");
    mended("bins.number = 8\ndistance = 0", "bins.number = 8\ndistance = 1", "distance = 1");
    mended("bins.number = 8\nrange = [3, 3]", "bins.number = 8\nrange = [3, 4]", "range = [LOWEST, HIGHEST]");
    mended("bins.number = 8\noutliers = 0", "bins.number = 8\noutliers = 3", "outliers = 3");
    mended("bins.number = 8\nresample = \"0 mm\"", "bins.number = 8\nresample = \"2 mm\"", "resample = \"2 mm\"");
    mended("bins.number = 8\nfamilies = []", "bins.number = 8", "leave families out");
    mended("bins.number = 8\nfamilies = \"glmc\"", "bins.number = 8\nfamilies = \"glcm\"", "glcm");
    mended("bins.number = 8\naggregation = \"3d\"", "bins.number = 8\naggregation = \"3d_mrg\"", "3d_avg");
    mended("bins.number = 8\ndistances = 2", "bins.number = 8\ndistance = 2", "distance");
}

/// Mechanics: nearly all objects have more grey levels than there may be, in both channels. The error is that of the first one in its first channel.
#[test]
fn bins_that_are_too_many_are_told_of_the_first_object_however_many_threads() {
    let shape = Shape::flat(40, 400);
    let voxels: Vec<u32> = (0..shape.len()).map(|i| (i % 400 / 10 + 1) as u32).collect();
    // The first three objects are even.
    let sample = |i: usize| if i % 400 < 30 { 7 } else { (i * 7919 % 1_000_003) as i32 };
    let channel = |name: &str, times: i32| Channel {
        name: name.into(),
        unit: uptake::image::NO_UNIT,
        volume: Volume::new(shape, (0..shape.len()).map(|i| times * sample(i)).collect()).unwrap(),
        saturated: None,
        saturation: None,
    };
    let scan = Scan::new(Modality::Unknown, shape, vec![channel("a", 1), channel("b", 2)]);
    let text =
        |size: f64| recipe(&format!("bins.size = {size}\nfamilies = \"glcm\"")).replace("ct = 0", "a = 0\nb = 1");
    let told = |threads: usize, size: f64| {
        let recipe = Recipe::parse("r.toml", &text(size), &[]).unwrap();
        let mut external = External::new();
        external.insert("roi".into(), Regions::of_voxels(shape, &voxels).unwrap());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| pipeline::run(&scan, &recipe, &Device::Cpu, &external).map(|_| ()))
    };
    let first = told(1, 1.0).unwrap_err().reason();
    for words in ["label 4 in the channel \"a\"", "object set \"roi\"", "65535 grey levels", "in the key bins"] {
        assert!(first.contains(words), "{first}");
    }
    for _ in 0..12 {
        assert_eq!(told(8, 1.0).unwrap_err().reason(), first);
    }
    assert!(told(8, 4000.0).is_ok());
}

/// Mechanics: columns follow from the recipe alone, in whatever units its lengths are and whatever is not known of an image.
/// Bins that begin above values put these into the lowest level: the objects are counted, and both remedies silence it.
#[test]
fn values_below_the_first_bin_are_told() {
    let shape = Shape::flat(6, 8);
    let values = (0..48).map(|i| 300 + 10 * (i % 8)).collect();
    let volume = Volume::new(shape, values).unwrap();
    let channel = Channel { name: "ct".into(), unit: "HU", volume, saturated: None, saturation: None };
    let scan = Scan::new(Modality::Fluorescence, shape, vec![channel]);
    // One object from 300 on, one from 340 on.
    let halves: Vec<u32> = (0..48).map(|i| if i % 8 < 4 { 1 } else { 2 }).collect();
    let told = |texture: &str| {
        let outcome = run(&scan, halves.clone(), &recipe(texture));
        let Cells::Text(warnings) = &outcome.row.column("warnings").unwrap().cells else { panic!("words") };
        warnings[0].clone().filter(|w| w.contains("where the bins of texture begin"))
    };
    let said = told("bins = { size = 25, from = 340 }").unwrap();
    assert!(said.contains("1 of 2 objects hold values below 340"), "{said}");
    assert_eq!(told("bins = { size = 25, from = 300 }"), None);
    assert_eq!(told("bins = { size = 25, from = 340 }\nrange = [340, inf]"), None);
    assert_eq!(told("bins = { number = 8 }"), None);
}

#[test]
fn columns_need_no_calibration() {
    let text = recipe("bins.number = 8\nresample = \"3 mm\"")
        .replace("features = \"texture\"", "features = [\"texture\", \"probe\"]\nprobe.ring = [\"1 r\", \"20 um\"]");
    let told = pipeline::columns(&Recipe::parse("r.toml", &text, &[]).unwrap()).unwrap();
    assert!(told.sets[0].table.column("stat_mean_lin3mm_ct").is_some());
    assert!(told.sets[0].table.column("ring_mean_ct").is_some());
    // An image without calibration is refused where there is something to measure.
    let scan = speckles(Shape::flat(20, 22), None);
    let recipe = Recipe::parse("r.toml", &text, &[]).unwrap();
    let mut external = External::new();
    external.insert("roi".into(), Regions::of_voxels(scan.shape, &ball(scan.shape, [0.0, 9.0, 9.0], 4.0)).unwrap());
    let e = pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap_err().to_string();
    assert!(e.contains("no calibration"), "{e}");
}

fn region(shape: Shape, values: &[f64]) -> Region<'static> {
    let intensities = Intensities::Real(values.to_vec().into());
    Region::new(shape, [1.0; 3], intensities, &vec![true; values.len()]).unwrap()
}

/// Invariant: where all directions are as long, weights change nothing.
#[test]
fn equal_weights_change_nothing() {
    let values: Vec<f64> = (0..5 * 6 * 7u16).map(|i| f64::from(1 + (i.wrapping_mul(40503) >> 13))).collect();
    let levels = Levels::of(&region(Shape::new(5, 6, 7), &values), Discretisation::None).unwrap();
    let weighting = Some((Weighting { norm: WeightNorm::Chebyshev, length: 0.01, voxels: true }, [1.0; 3]));
    let same = |plain: Vec<Option<f64>>, weighed: Vec<Option<f64>>| {
        for (a, b) in plain.iter().zip(&weighed).map(|(a, b)| (a.unwrap(), b.unwrap())) {
            assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{a} {b}");
        }
    };
    let pairs = |choice| glcm::values(&levels, choice, Aggregation::Merged3d);
    same(pairs(glcm::Choice::default()), pairs(glcm::Choice { weighting, ..glcm::Choice::default() }));
    let runs = |choice| glrlm::values(&levels, choice, Aggregation::Merged3d);
    same(runs(glrlm::Choice::default()), {
        // A weight of exp(-1) each: two features are no means, and have it.
        let weighting = Some((Weighting { norm: WeightNorm::Chebyshev, length: 1.0, voxels: true }, [1.0; 3]));
        let mut values = runs(glrlm::Choice { weighting });
        for name in ["glrlm_grey_level_nonuniformity", "glrlm_run_length_nonuniformity"] {
            let place = glrlm::FEATURES.iter().position(|f| f.name == name).unwrap();
            values[place] = values[place].map(|v| v * 1f64.exp());
        }
        values
    });
    let tones = |choice| ngtdm::values(&levels, choice, Space::Volume3d);
    same(tones(ngtdm::Choice::default()), tones(ngtdm::Choice { weighting, ..ngtdm::Choice::default() }));
}

/// Oracle: in two rows 1 2 and 3 1 the steps along the axes weigh exp(-1), the diagonals exp(-2).
#[test]
fn weights_of_a_small_grid() {
    let levels = Levels::of(&region(Shape::new(1, 2, 2), &[1.0, 2.0, 3.0, 1.0]), Discretisation::None).unwrap();
    let weighting = Some((Weighting { norm: WeightNorm::Euclidean, length: 1.0, voxels: true }, [1.0; 3]));
    let w = (-1.0f64).exp();
    let choice = glcm::Choice { weighting, ..glcm::Choice::default() };
    let pairs = glcm::values(&levels, choice, Aggregation::Merged25d);
    // Pairs 1 2, 3 1, 1 3, 2 1 of weight 1, and 1 1, 2 3 of weight w.
    let contrast = (2.0 * 1.0 + 2.0 * 4.0 + w) / (4.0 + 2.0 * w);
    let place = glcm::FEATURES.iter().position(|f| f.name == "glcm_contrast").unwrap();
    assert!((pairs[place].unwrap() - contrast).abs() < 1e-9, "{:?}", pairs[place]);
    // Of the diagonals one has a run of two voxels; all other runs are single voxels.
    let runs = glrlm::values(&levels, glrlm::Choice { weighting }, Aggregation::Merged25d);
    let run = |name: &str| runs[glrlm::FEATURES.iter().position(|f| f.name == name).unwrap()].unwrap();
    // 4 runs along x, 4 along y, 3 and 4 across.
    let (n, far) = (8.0 + 7.0 * w, w);
    assert!((run("glrlm_long_runs_emphasis") - (n + 3.0 * far) / n).abs() < 1e-9);
    assert!((run("glrlm_run_percentage") - n / (n + far)).abs() < 1e-9);
    let nonuniformity = ((n - far).powi(2) + far * far) / n;
    assert!((run("glrlm_run_length_nonuniformity") - w * nonuniformity).abs() < 1e-9);
    // Each voxel has three neighbours: two beside it, one across.
    let tones = ngtdm::values(&levels, ngtdm::Choice { weighting, ..ngtdm::Choice::default() }, Space::Merged25d);
    let off = |own: f64, beside: f64, across: f64| (own - (beside + w * across) / (2.0 + w)).abs();
    let [one, two, three] = [2.0 * off(1.0, 5.0, 1.0), off(2.0, 2.0, 3.0), off(3.0, 2.0, 2.0)];
    let coarseness = 1.0 / (0.5 * one + 0.25 * two + 0.25 * three);
    assert!((tones[0].unwrap() - coarseness).abs() < 1e-12, "{tones:?}");
    // A pair that is far has a matrix all the same: of one voxel and the one across, 100 pixels wide.
    let far = Some((Weighting { norm: WeightNorm::Euclidean, length: 0.01, voxels: true }, [1.0; 3]));
    let mask = [true, false, false, true];
    let two = Region::new(Shape::new(1, 2, 2), [1.0; 3], Intensities::Real(vec![1.0, 2.0, 3.0, 4.0].into()), &mask);
    let levels = Levels::of(&two.unwrap(), Discretisation::None).unwrap();
    let choice = glcm::Choice { weighting: far, ..glcm::Choice::default() };
    assert_eq!(glcm::values(&levels, choice, Aggregation::Merged25d)[place], Some(9.0));
}

/// Oracle: trapezoids by hand.
#[test]
fn areas_under_the_intensity_volume_histogram() {
    use volume_histogram::Steps;
    let area = |values: &[f64], range: Option<[f64; 2]>, steps| {
        let mut region = region(Shape::new(1, 1, values.len()), values);
        region.range = range;
        volume_histogram::area(&region, steps).unwrap()[0].unwrap()
    };
    let stored = Steps::AsStored(1.0);
    // Shares 1, 0.5: one trapezoid.
    assert_eq!(area(&[1.0, 2.0], None, stored), 0.75);
    // Shares 1, 0.75, 0.5, 0.5, 0.25 at 0, 0.25, ... 1.
    assert_eq!(area(&[0.0, 1.0, 3.0, 4.0], None, stored), 0.25 * (0.875 + 0.625 + 0.5 + 0.375));
    // The range goes from 0 to 8: shares 1, 1, 0.5, 0, ...
    assert_eq!(area(&[1.0, 2.0], Some([0.0, 8.0]), stored), (1.0 + 0.75 + 0.25) / 8.0);
    assert_eq!(area(&[1.0, 2.0], None, Steps::BinNumber(2)), 0.75);
    assert_eq!(area(&[7.0; 4], None, stored), 0.0);
}
