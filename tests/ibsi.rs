//! Heterogeneity against the reference values of the Image Biomarker Standardisation Initiative, part 1 (oracle): the digital
//! phantom and configurations A, C and D of the CT phantom, all of them, and 320 of those of B and E (`oracle/`: values of the reference
//! manual as kept by oncoray/mirp), within the tolerance of the standard. Invariant: a recipe gives what the rooms give.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::fields;
use std::collections::BTreeMap;
use std::path::Path;
use uptake::device::Device;
use uptake::measure::Feature;
use uptake::measure::texture::chain::{Image, Regrid};
use uptake::measure::texture::volume_histogram::{self, Steps};
use uptake::measure::texture::{
    Aggregation, Chain, Discretisation, Intensities, Interpolation, Levels, Region, Space, autocorrelation, glcm,
    gldzm, glrlm, glszm, histogram, local, morphology, ngldm, ngtdm, statistics,
};
use uptake::pipeline::{self, External};
use uptake::read;
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::{Shape, Unit};

/// An image, and the voxels of its region.
struct Phantom {
    shape: Shape,
    spacing: [f64; 3],
    intensities: Intensities<'static>,
    mask: Vec<bool>,
}

impl Phantom {
    fn open(folder: &Path, name: &str) -> Self {
        let scan = |what: &str| {
            let path = folder.join(format!("{name}_{what}.nii.gz"));
            read::open(&path, &read::Options::default()).unwrap()
        };
        let (image, mask) = (scan("image"), scan("mask"));
        let volume = &image.channels[0].volume;
        let samples = volume.samples.host().unwrap().to_vec();
        let inside = mask.channels[0].volume.samples.host().unwrap();
        Phantom {
            shape: image.shape,
            spacing: image.spacing.unwrap().to(Unit::Mm).zyx,
            intensities: Intensities::Samples(samples.into(), volume.scale),
            mask: inside.iter().map(|m| *m > 0).collect(),
        }
    }

    fn image(&self) -> Image<'_> {
        Image { shape: self.shape, spacing: self.spacing, intensities: &self.intensities, mask: &self.mask }
    }
}

/// What is found, by family and by code (or, where a code stands for several, by the end of the tag).
type Found = BTreeMap<(String, String), Option<f64>>;

fn put<F>(found: &mut Found, family: &str, features: &[Feature<F>], values: &[Option<f64>]) {
    assert_eq!(features.len(), values.len());
    for (feature, value) in features.iter().zip(values) {
        let key = match feature.name {
            "ivh_volume_at_intensity_fraction_10" => "ivh_v10",
            "ivh_volume_at_intensity_fraction_90" => "ivh_v90",
            "ivh_intensity_at_volume_fraction_10" => "ivh_i10",
            "ivh_intensity_at_volume_fraction_90" => "ivh_i90",
            _ => feature.standard.strip_prefix("IBSI:").unwrap(),
        };
        let before = found.insert((family.to_string(), key.to_string()), *value);
        assert!(before.is_none(), "{family} {key} twice");
    }
}

fn of_aggregation(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::Averaged2d => "2D, averaged",
        Aggregation::SliceMerged2d => "2D, slice-merged",
        Aggregation::DirectionMerged25d => "2.5D, direction-merged",
        Aggregation::Merged25d => "2.5D, merged",
        Aggregation::Averaged3d => "3D, averaged",
        Aggregation::Merged3d => "3D, merged",
    }
}

fn of_space(space: Space) -> &'static str {
    match space {
        Space::Slices2d => "2D",
        Space::Merged25d => "2.5D",
        Space::Volume3d => "3D",
    }
}

/// All families of a region.
fn all(region: &Region, how: Discretisation, steps: Steps) -> Found {
    let mut found = Found::new();
    let levels = Levels::of(region, how).unwrap();
    put(&mut found, "Morphology", morphology::FEATURES, &morphology::values(region));
    put(&mut found, "Morphology", autocorrelation::FEATURES, &autocorrelation::values(region));
    put(&mut found, "Local intensity", local::FEATURES, &local::values(region, 1000.0));
    put(&mut found, "Statistics", statistics::FEATURES, &statistics::values(region));
    put(&mut found, "Intensity histogram", histogram::FEATURES, &histogram::values(&levels));
    let volumes = volume_histogram::values(region, steps).unwrap();
    put(&mut found, "Intensity volume histogram", volume_histogram::FEATURES, &volumes);
    for aggregation in Aggregation::ALL {
        let name = of_aggregation(aggregation);
        let pairs = glcm::values(&levels, glcm::Choice::default(), aggregation);
        put(&mut found, &format!("Co-occurrence matrix ({name})"), glcm::FEATURES, &pairs);
        let runs = glrlm::values(&levels, glrlm::Choice::default(), aggregation);
        put(&mut found, &format!("Run length matrix ({name})"), glrlm::FEATURES, &runs);
    }
    for space in Space::ALL {
        let name = of_space(space);
        let sizes = glszm::values(&levels, space);
        put(&mut found, &format!("Size zone matrix ({name})"), glszm::FEATURES, &sizes);
        let distances = gldzm::values(region, &levels, space);
        put(&mut found, &format!("Distance zone matrix ({name})"), gldzm::FEATURES, &distances);
        let tones = ngtdm::values(&levels, ngtdm::Choice::default(), space);
        put(&mut found, &format!("Neighbourhood grey tone difference matrix ({name})"), ngtdm::FEATURES, &tones);
        let dependence = ngldm::values(&levels, ngldm::Choice::default(), space);
        let family = format!("Neighbouring grey level dependence matrix ({name})");
        put(&mut found, &family, ngldm::FEATURES, &dependence);
    }
    found
}

/// Family and key of each tag, from the reference values.
fn keys(folder: &Path) -> BTreeMap<String, (String, String)> {
    let text = std::fs::read_to_string(folder.join("reference.csv")).unwrap();
    let rows = text.lines().skip(1).map(fields);
    rows.map(|row| (row[3].clone(), (row[1].clone(), key(&row[3], &row[4]).to_string()))).collect()
}

/// What a row is found by: its code, but where that stands for several or is none, its tag.
fn key<'a>(tag: &'a str, code: &'a str) -> &'a str {
    match code {
        "GBPN" | "BC2M" | "" => tag,
        _ => code,
    }
}

fn rounded(v: f64) -> f64 {
    format!("{v:.2e}").parse().unwrap()
}

/// Compares with the reference values of a data set; how many there are.
fn compare(folder: &Path, data_set: &str, found: &Found) -> usize {
    let text = std::fs::read_to_string(folder.join("reference.csv")).unwrap();
    let (mut n, mut wrong) = (0, Vec::new());
    for line in text.lines().skip(1) {
        let row = fields(line);
        let [set, family, name, tag, code, value, tolerance, ..] = &row[..] else { panic!("{line}") };
        if set != data_set {
            continue;
        }
        n += 1;
        let (want, tolerance): (f64, f64) = (value.parse().unwrap(), tolerance.parse().unwrap());
        let got = found.get(&(family.clone(), key(tag, code).to_string())).copied().flatten();
        // Counts are given with all their digits. A hair more for decimal fractions.
        let is_rounded = rounded(want) == want;
        let near = |v: f64| (if is_rounded { rounded(v) } else { v } - want).abs() <= tolerance + want.abs() * 1e-9;
        if !got.is_some_and(near) {
            wrong.push(format!("{family}, {name}: {got:?}, not {value} within {tolerance} ({})", row[8]));
        }
    }
    assert!(wrong.is_empty(), "{data_set}: {} of {n} differ\n{}", wrong.len(), wrong.join("\n"));
    n
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn the_digital_phantom_has_its_values() {
    let folder = common::shared("ibsi1");
    let phantom = Phantom::open(&folder, "digital_phantom");
    let region = Chain::default().region(&phantom.image()).unwrap();
    let found = all(&region, Discretisation::None, Steps::AsStored(1.0));
    assert_eq!(compare(&folder, "digital phantom", &found), 482);
}

/// The rows on the image and the masks, before, on the new grid and after intensities were left out.
fn diagnostics(found: &mut Found, phantom: &Phantom, chain: Chain) {
    let whole = Chain { margin: 1e6, range: None, outliers: None, ..chain };
    let same = Chain { regrid: None, ..whole };
    let kept = Chain { margin: 1e6, ..chain };
    for (chain, image, roi) in [(same, Some("init"), "init"), (whole, Some("interp"), "interp"), (kept, None, "reseg")]
    {
        let region = chain.region(&phantom.image()).unwrap();
        let mut put = |family: &str, name: String, v: f64| found.insert((family.into(), name), Some(v));
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        let axes = ["z", "y", "x"];
        if let Some(stage) = image {
            let family = if stage == "init" { "Diagnostics-initial image" } else { "Diagnostics-interpolated image" };
            for (a, axis) in axes.iter().enumerate() {
                put(family, format!("img_dim_{axis}_{stage}_img"), region.shape.zyx()[a] as f64);
                put(family, format!("vox_dim_{axis}_{stage}_img"), region.spacing[a]);
            }
            let values: Vec<f64> = (0..region.shape.len()).map(|i| region.intensities.at(i)).collect();
            put(family, format!("max_int_{stage}_img"), values.iter().copied().fold(f64::MIN, f64::max));
            put(family, format!("min_int_{stage}_img"), values.iter().copied().fold(f64::MAX, f64::min));
            put(family, format!("mean_int_{stage}_img"), mean(values));
        }
        let family = match roi {
            "init" => "Diagnostics-initial ROI",
            "interp" => "Diagnostics-interpolated ROI",
            _ => "Diagnostics-resegmented ROI",
        };
        let measured: Vec<[usize; 3]> = region.measured().map(|i| region.shape.position(i)).collect();
        for (a, axis) in axes.iter().enumerate() {
            let (low, high) = (measured.iter().map(|p| p[a]).min(), measured.iter().map(|p| p[a]).max());
            put(family, format!("int_mask_dim_{axis}_{roi}_roi"), region.shape.zyx()[a] as f64);
            put(family, format!("int_mask_bb_dim_{axis}_{roi}_roi"), (high.unwrap() - low.unwrap() + 1) as f64);
            put(family, format!("morph_mask_bb_dim_{axis}_{roi}_roi"), region.bounds().unwrap()[a].len() as f64);
        }
        let [low, high] = region.extremes().unwrap();
        put(family, format!("int_mask_min_int_{roi}_roi"), low);
        put(family, format!("int_mask_max_int_{roi}_roi"), high);
        put(family, format!("int_mask_mean_int_{roi}_roi"), mean(region.values().collect()));
        put(family, format!("int_mask_vox_count_{roi}_roi"), measured.len() as f64);
        let voxels = (0..region.shape.len()).filter(|&i| region.is_shape(i)).count();
        put(family, format!("morph_mask_vox_count_{roi}_roi"), voxels as f64);
    }
}

/// The CT phantom through a chain.
fn configuration(name: &str, chain: Chain, how: Discretisation, steps: Steps) -> usize {
    let folder = common::shared("ibsi1");
    let phantom = Phantom::open(&folder, "ct_phantom");
    let chain = Chain { margin: 7.0, ..chain };
    let mut found = all(&chain.region(&phantom.image()).unwrap(), how, steps);
    diagnostics(&mut found, &phantom, chain);
    compare(&folder, name, &found)
}

const BINS: Discretisation = Discretisation::BinSize { width: 25.0, from: None };

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn configuration_a_has_its_values() {
    let chain = Chain { range: Some([-500.0, 400.0]), ..Chain::default() };
    let n = configuration("config A", chain, BINS, Steps::AsStored(1.0));
    assert_eq!(n, 406);
}

/// Voxels of 2 mm.
const REGRID: Option<Regrid> =
    Some(Regrid { spacing: [Some(2.0); 3], image: Interpolation::Linear, mask: Interpolation::Linear, whole: true });

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn configuration_c_has_its_values() {
    let chain = Chain { regrid: REGRID, range: Some([-1000.0, 400.0]), ..Chain::default() };
    let n = configuration("config C", chain, BINS, Steps::BinSize(2.5));
    assert_eq!(n, 270);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn configuration_d_has_its_values() {
    let chain = Chain { regrid: REGRID, outliers: Some(3.0), ..Chain::default() };
    let steps = Steps::AsStored(1.0);
    let n = configuration("config D", chain, Discretisation::BinNumber(32), steps);
    assert_eq!(n, 270);
}

/// The values of a configuration that the data folder does not have.
fn other_configuration(name: &str, chain: Chain, steps: Steps) -> usize {
    let folder = common::shared("ibsi1");
    let (phantom, keys) = (Phantom::open(&folder, "ct_phantom"), keys(&folder));
    let region = Chain { margin: 7.0, ..chain }.region(&phantom.image()).unwrap();
    let found = all(&region, Discretisation::BinNumber(32), steps);
    let values = include_str!("oracle/ibsi_1_configurations.csv").lines().map(|l| l.split(',').collect::<Vec<_>>());
    let (mut n, mut wrong) = (0, vec![]);
    for row in values.filter(|row| row[0] == name) {
        let (want, tolerance): (f64, f64) = (row[2].parse().unwrap(), row[3].parse().unwrap());
        let got = keys.get(row[1]).and_then(|key| found.get(key)).copied().flatten();
        n += 1;
        if !got.is_some_and(|v| (rounded(v) - want).abs() <= tolerance + want.abs() * 1e-9) {
            wrong.push(format!("{}: {got:?}, not {want} within {tolerance}", row[1]));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} of {n} differ\n{}", wrong.len(), wrong.join("\n"));
    n
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn configuration_b_has_its_values() {
    let regrid = Regrid { spacing: [None, Some(2.0), Some(2.0)], ..REGRID.unwrap() };
    let chain = Chain { regrid: Some(regrid), range: Some([-500.0, 400.0]), ..Chain::default() };
    assert_eq!(other_configuration("B", chain, Steps::AsStored(1.0)), 180);
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn configuration_e_has_its_values() {
    let regrid = Regrid { image: Interpolation::CubicSpline, ..REGRID.unwrap() };
    let (range, outliers) = (Some([-1000.0, 400.0]), Some(3.0));
    let chain = Chain { regrid: Some(regrid), range, outliers, ..Chain::default() };
    assert_eq!(other_configuration("E", chain, Steps::BinNumber(1000)), 140);
}

/// The recipes of docs/texture.md, from files to tables.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn recipes_give_configurations_b_and_e() {
    let folder = common::shared("ibsi1");
    let recipe = |grid: &str, texture: &str| {
        format!(
            "channels.ct = 0\noutput.lengths = \"mm\"\ngrid = {{ voxel = \"2 mm\", round = true, {grid} }}\n\
             [objects.gtv]\nlabels = \"mask.nii.gz\"\n[measure.gtv]\nfeatures = \"texture\"\n\
             [measure.gtv.texture]\nbins.number = 32\n{texture}\n"
        )
    };
    let b = recipe("keep_slices = true", "range = [-500, 400]\naggregation = [\"2d_avg\", \"25d_vmrg\"]");
    let e = recipe(
        "interpolation = \"cubic\"",
        "range = [-1000, 400]\noutliers = 3\naggregation = \"3d_mrg\"\nvolume_histogram.number = 1000",
    );
    type Value = (&'static str, f64, f64);
    let expected: [(&str, &[Value]); 2] = [
        (
            &b,
            &[
                ("morph_volume_mm3_rngm500to400_ct", 358_000.0, 5000.0),
                ("stat_mean_rngm500to400_ct", 11.5, 1.1),
                ("ivh_intensity_at_volume_fraction_10_rngm500to400_ct", 92.0, 0.0),
                ("glcm_contrast_2d_avg_fbn32_rngm500to400_ct", 11.9, 0.1),
                ("glcm_contrast_25d_vmrg_fbn32_rngm500to400_ct", 8.65, 0.09),
                ("glszm_zone_percentage_25d_fbn32_rngm500to400_ct", 0.26, 0.002),
            ],
        ),
        (
            &e,
            &[
                ("morph_volume_mm3_rngm1000to400_out3_ct", 367_000.0, 6000.0),
                ("stat_mean_rngm1000to400_out3_ct", -22.6, 4.1),
                ("ivh_intensity_at_volume_fraction_10_fbn1000_rngm1000to400_out3_ct", 770.0, 5.0),
                ("glcm_contrast_3d_mrg_fbn32_rngm1000to400_out3_ct", 11.1, 0.1),
                ("ngtdm_complexity_3d_fbn32_rngm1000to400_out3_ct", 574.0, 1.0),
            ],
        ),
    ];
    let scan = read::open(&folder.join("ct_phantom_image.nii.gz"), &read::Options::default()).unwrap();
    let (pick, options) = (read::Pick::default(), read::Options::default());
    let regions = read::regions(&folder.join("ct_phantom_mask.nii.gz"), &scan, &pick, &options).unwrap();
    let external = External::from([("gtv".to_string(), regions)]);
    for (text, values) in expected {
        let recipe = Recipe::parse("r.toml", text, &[]).unwrap();
        let outcome = pipeline::run(&scan, &recipe, &Device::Cpu, &external).unwrap();
        for (name, want, tolerance) in values {
            let Some(Cells::Real(cells)) = outcome.sets[0].table.column(name).map(|c| &c.cells) else {
                panic!("{name}")
            };
            let got = cells[0].unwrap();
            assert!((rounded(got) - want).abs() <= tolerance + want.abs() * 1e-9, "{name}: {got}, not {want}");
        }
    }
}

/// Three tumours in FDG-PET: 3 mm, cubic spline, bins of 0.25 SUV from 0. What at least five of up to nine teams agree on
/// within 1 % of their median.
#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn tumours_in_pet_have_the_values_of_other_tools() {
    let (ibsi, folder) = (common::shared("ibsi1"), common::shared("sts_pet"));
    let keys = keys(&ibsi);
    let regrid = Regrid {
        spacing: [Some(3.0); 3],
        image: Interpolation::CubicSpline,
        mask: Interpolation::Linear,
        whole: false,
    };
    let range = Some([0.0, f64::INFINITY]);
    let chain = Chain { regrid: Some(regrid), range, margin: 7.0, ..Chain::default() };
    let bins = Discretisation::BinSize { width: 0.25, from: Some(0.0) };
    let text = std::fs::read_to_string(folder.join("reference.csv")).unwrap();
    let (mut n, mut wrong) = (0, Vec::new());
    for patient in ["STS_001", "STS_002", "STS_003"] {
        let phantom = Phantom::open(&folder, &format!("{patient}_PET"));
        let mut found = all(&chain.region(&phantom.image()).unwrap(), bins, Steps::BinSize(0.25));
        diagnostics(&mut found, &phantom, chain);
        for row in text.lines().skip(1).map(fields).filter(|row| row[1] == patient) {
            let (agree, median): (u32, f64) = (row[4].parse().unwrap(), row[3].parse().unwrap());
            let Some(got) = keys.get(&row[0]).and_then(|key| found.get(key)).filter(|_| agree >= 5) else { continue };
            n += 1;
            if !got.is_some_and(|v| (v - median).abs() <= 0.01 * median.abs()) {
                wrong.push(format!("{patient} {}: {got:?}, not {median} ({agree} teams)", row[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {n} differ\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(n, 440);
}
