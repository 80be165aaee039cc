//! Maps of textures. Oracle: the feature of a window that is measured as a region of its own, and statistics counted by hand. Invariant:
//! threads, devices. Mechanics: refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use uptake::device::Device;
use uptake::image::{Channel, Modality, Scan, Volume};
use uptake::measure::texture::{Aggregation, Discretisation, Intensities, Levels, Region, glcm};
use uptake::pipeline::{self, External};
use uptake::recipe::Recipe;
use uptake::units::Shape;

const SHAPE: [usize; 3] = [4, 9, 8];

fn value(i: usize) -> i32 {
    ((i * 2_654_435_761) >> 9 & 0xff) as i32 % 13
}

fn map(step: &str, device: &Device) -> uptake::Result<Vec<f64>> {
    map_of(SHAPE, step, device)
}

fn map_of([z, y, x]: [usize; 3], step: &str, device: &Device) -> uptake::Result<Vec<f64>> {
    let shape = Shape::new(z, y, x);
    let volume = Volume::new(shape, (0..shape.len()).map(value).collect()).unwrap();
    let channel = Channel { name: "a".into(), unit: "au", volume, saturated: None, saturation: None };
    let scan = Scan::new(Modality::Unknown, shape, vec![channel]);
    let text = format!(
        "channels = {{ a = [0] }}\n[images.map]\nchannel = \"a\"\nwrite = true\nsteps = [{{ op = \"texture\", {step} }}]\n\
         [objects.all]\nchannel = \"map\"\nsteps = [{{ op = \"threshold\", method = \"fixed\", value = 0 }}]\n"
    );
    let recipe = Recipe::parse("r.toml", &text, &[])?;
    let outcome = pipeline::run(&scan, &recipe, device, &External::new())?;
    let volume = &outcome.images[0].volume;
    Ok(volume.samples.host().unwrap().iter().map(|s| volume.scale.value(f64::from(*s))).collect())
}

/// The values of the window around a voxel, and its size.
fn window([z, y, x]: [usize; 3], reach: [usize; 3]) -> (Shape, Vec<f64>) {
    let shape = Shape::new(SHAPE[0], SHAPE[1], SHAPE[2]);
    let along = |at: usize, far: usize, n: usize| at.saturating_sub(far)..(at + far + 1).min(n);
    let [zs, ys, xs] = [along(z, reach[0], SHAPE[0]), along(y, reach[1], SHAPE[1]), along(x, reach[2], SHAPE[2])];
    let size = Shape::new(zs.len(), ys.len(), xs.len());
    let mut values = vec![];
    for z in zs {
        for y in ys.clone() {
            values.extend(xs.clone().map(|x| f64::from(value(shape.index(z, y, x)))));
        }
    }
    (size, values)
}

#[test]
fn a_map_has_the_feature_of_each_window() {
    let shape = Shape::new(SHAPE[0], SHAPE[1], SHAPE[2]);
    let step = "feature = \"glcm_joint_entropy\", window = 3, bins = { size = 2, from = 0 }";
    let entropies = map(step, &Device::Cpu).unwrap();
    let place = glcm::FEATURES.iter().position(|f| f.name == "glcm_joint_entropy").unwrap();
    let means = map("feature = \"stat_mean\", window = 5, dimensions = 2", &Device::Cpu).unwrap();
    for i in 0..shape.len() {
        let (size, values) = window(shape.position(i), [1; 3]);
        let region = Region::new(size, [1.0; 3], Intensities::Real(values.into()), &vec![true; size.len()]).unwrap();
        let levels = Levels::of(&region, Discretisation::BinSize { width: 2.0, from: Some(0.0) }).unwrap();
        let entropy = glcm::values(&levels, glcm::Choice::default(), Aggregation::Merged3d)[place].unwrap();
        assert!((entropies[i] - entropy).abs() < 1e-8, "{i}");
        let (_, values) = window(shape.position(i), [0, 2, 2]);
        assert!((means[i] - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-7, "{i}");
    }
    let part = map(&format!("{step}, at_least = 6"), &Device::Cpu).unwrap();
    assert!((0..shape.len()).all(|i| part[i] == if value(i) < 6 { 0.0 } else { entropies[i] }));
    assert_eq!(map(step, &common::gpu(None)).unwrap(), entropies);
}

/// Invariant; there are more voxels than a thread takes at a time.
#[test]
fn maps_are_the_same_with_any_number_of_threads() {
    let sized = ", bins = { size = 2, from = 0 }";
    for (feature, rest) in [
        ("stat_skewness", ""),
        ("ih_mode", sized),
        ("ih_entropy", ", bins = { number = 8 }"),
        ("glcm_correlation", sized),
        ("glrlm_run_entropy", sized),
        ("glszm_zone_percentage", ", bins = { size = 5, from = 0 }, at_least = 3"),
        ("ngtdm_complexity", sized),
        ("ngldm_dependence_count_entropy", sized),
    ] {
        let step = format!("feature = \"{feature}\", window = 5{rest}");
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| map_of([3, 14, 37], &step, &Device::Cpu).unwrap())
        };
        let alone = with(1);
        assert!(alone.iter().any(|v| *v != 0.0), "{feature}");
        assert!(with(7) == alone && with(32) == alone, "{feature}");
    }
}

#[test]
fn wrong_maps_are_refused_with_a_remedy() {
    let bins = "bins = { size = 2, from = 0 }";
    for (step, says) in [
        (format!("feature = \"glcm_joint_entropi\", window = 3, {bins}"), "glcm_joint_entropy"),
        (format!("feature = \"glcm_contrast\", window = 4, {bins}"), "odd number"),
        (format!("feature = \"glcm_contrast\", window = 1, {bins}"), "odd number"),
        ("feature = \"glcm_contrast\", window = 3".into(), "bins = {"),
        ("feature = \"glcm_contrast\", window = 3, bins = { size = 2 }".into(), "the same in all windows"),
        ("feature = \"glcm_contrast\", window = 3, bins = { number = 0 }".into(), "no bins"),
        (format!("feature = \"stat_mean\", window = 3, {bins}"), "leave them out"),
        (format!("feature = \"glcm_contrast\", window = 3, at_least = nan, {bins}"), "no number"),
    ] {
        let e = map(&step, &Device::Cpu).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(e.contains(says) && e.contains("try:"), "{step}: {e}");
    }
    let text = "channels = { a = [0] }\n[objects.all]\nchannel = \"a\"\nsteps = [{ op = \"texture\", feature = \"stat_mean\", window = 3 }]";
    assert!(Recipe::parse("r.toml", text, &[]).unwrap_err().to_string().contains("[images.NAME]"));
}
