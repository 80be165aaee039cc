//! The family `texture` with `compat = "pyradiomics"`. Oracle: the baselines of PyRadiomics for two images and six settings, to 10^-6 of
//! each value; distance weighting of co-occurrence and of runs against values that it gives. Mechanics: names, refusals, what regions of one value and of one voxel have.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::fields;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Regions, Scan, Volume};
use uptake::pipeline::{self, External};
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::{Shape, Spacing};

/// Sizes, spacing and numbers of an NRRD file of 16 bits, gzipped.
fn nrrd(path: &Path) -> (Shape, Spacing, Vec<i32>) {
    let bytes = std::fs::read(path).unwrap();
    let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap() + 2;
    let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let field = |name: &str| header.lines().find_map(|l| l.strip_prefix(&format!("{name}: "))).unwrap().to_string();
    let sizes: Vec<usize> = field("sizes").split(' ').map(|v| v.parse().unwrap()).collect();
    let number = |v: &str| v.trim_matches(['(', ')']).parse::<f64>().unwrap().abs();
    let directions: Vec<Vec<f64>> =
        field("space directions").split(' ').map(|d| d.split(',').map(number).collect()).collect();
    let length = |d: &Vec<f64>| d.iter().map(|v| v * v).sum::<f64>().sqrt();
    let mut raw = vec![];
    flate2::read::GzDecoder::new(&bytes[end..]).read_to_end(&mut raw).unwrap();
    let numbers = match field("type").as_str() {
        "int" => raw.chunks(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
        "short" | "int16" => raw.chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]]).into()).collect(),
        "unsigned char" | "uint8" | "uchar" => raw.iter().map(|b| i32::from(*b)).collect(),
        "unsigned short" | "ushort" => raw.chunks(2).map(|b| u16::from_le_bytes([b[0], b[1]]).into()).collect(),
        other => panic!("{other}"),
    };
    let spacing = Spacing::mm([length(&directions[2]), length(&directions[1]), length(&directions[0])]).unwrap();
    (Shape::new(sizes[2], sizes[1], sizes[0]), spacing, numbers)
}

/// What a recipe measures in a case.
fn measured(case: &str, settings: &str) -> BTreeMap<String, Option<f64>> {
    let open = |what: &str| nrrd(&common::shared("pyradiomics").join(format!("{case}_{what}.nrrd")));
    let ((shape, spacing, image), (_, _, label)) = (open("image"), open("label"));
    let volume = Volume { spacing: Some(spacing), ..Volume::new(shape, image).unwrap() };
    let channel = Channel { name: "mr".into(), unit: "au", volume, saturated: None, saturation: None };
    let scan = Scan { spacing: Some(spacing), ..Scan::new(Modality::Unknown, shape, vec![channel]) };
    table(&scan, label.iter().map(|v| u32::from(*v == 1)).collect(), settings)
}

fn table(scan: &Scan, voxels: Vec<u32>, settings: &str) -> BTreeMap<String, Option<f64>> {
    let text = format!(
        "output.lengths = \"mm\"\nchannels.mr = 0\n[objects.roi]\nlabels = \"roi.nii\"\n[measure.roi]\nfeatures = \"texture\"\n\
         [measure.roi.texture]\n{settings}\n"
    );
    let recipe = Recipe::parse("r.toml", &text, &[]).unwrap();
    let external = External::from([("roi".to_string(), Regions::of_voxels(scan.shape, &voxels).unwrap())]);
    let outcome = pipeline::run(scan, &recipe, &Device::Cpu, &external).unwrap();
    let value = |c: &uptake::table::Column| match &c.cells {
        Cells::Real(v) => Some((c.name.strip_suffix("_mr")?.to_string(), v[0])),
        _ => None,
    };
    outcome.sets[0].table.columns.iter().filter_map(value).collect()
}

const THEIRS: &str = "compat = \"pyradiomics\"\n";

fn theirs(scan: &Scan, voxels: Vec<u32>, settings: &str) -> BTreeMap<String, Option<f64>> {
    table(scan, voxels, &format!("{THEIRS}{settings}"))
}

/// Co-occurrence of PyRadiomics 3.0.1 with `binWidth=25` and `weightingNorm`: contrast, joint entropy, correlation, cluster shade.
const WEIGHTED: &[(&str, &str, [f64; 4])] = &[
    ("brain1", "manhattan", [11.723237845850457, 8.222570579700072, 0.8501508626938523, 354.0660250598171]),
    ("brain1", "euclidean", [13.317514136668159, 8.305355373392116, 0.8297726578138782, 334.72327383314496]),
    ("brain1", "chebyshev", [14.435570381998954, 8.356471853997625, 0.8154766720294365, 321.4957577126413]),
    ("breast1", "manhattan", [0.4436740849216064, 2.6975778257636334, 0.5440474453299649, 0.42647441972660893]),
    ("breast1", "euclidean", [0.47159571944630774, 2.7283243375229103, 0.519495794028247, 0.38976977688718595]),
    ("breast1", "chebyshev", [0.4886321331949758, 2.745754263390646, 0.5046914526968929, 0.36843988416412576]),
];

/// The same of its runs: short and long run emphasis, run length nonuniformity, normalised grey level
/// nonuniformity, run percentage, variance and entropy. It weighs runs by the distances themselves, against what its manual says of weights;
/// here `exp(-d^2)` stood in their place.
const WEIGHTED_RUNS: &[(&str, &str, [f64; 7])] = &[
    (
        "brain1",
        "manhattan",
        [
            0.8907510073478907,
            1.633686951530299,
            3335.5343122052977,
            0.045042803823992554,
            0.8501152295182886,
            0.24997909430591436,
            5.300622492024749,
        ],
    ),
    (
        "brain1",
        "euclidean",
        [
            0.8970367088942375,
            1.5849110804209743,
            4554.422499347076,
            0.045015898238237206,
            0.8586967645599958,
            0.22872167633736565,
            5.2722272094151394,
        ],
    ),
    (
        "brain1",
        "chebyshev",
        [
            0.9013141007374685,
            1.551719317864132,
            6009.471039790842,
            0.044999282528257877,
            0.8646362098138748,
            0.21409806181808436,
            5.251656950539996,
        ],
    ),
    (
        "breast1",
        "manhattan",
        [
            0.6167586237892921,
            5.784295707024282,
            43.09022173680307,
            0.39927961186004696,
            0.5071057514451554,
            1.8956092502792425,
            3.1985772094100797,
        ],
    ),
    (
        "breast1",
        "euclidean",
        [
            0.6377319169544096,
            5.296756099817552,
            63.169439671908634,
            0.39788786109027807,
            0.5292432216372571,
            1.7265820320782124,
            3.1571230036336586,
        ],
    ),
    (
        "breast1",
        "chebyshev",
        [
            0.649044362654646,
            5.0341184239497165,
            82.24262184178586,
            0.39717341519396476,
            0.5419888032357167,
            1.629884692949004,
            3.126493398221045,
        ],
    ),
];

/// The values of some features of a family with weights, and those that are published.
fn weighted_values_are_met(family: &str, names: &[&str], (case, norm): (&str, &str), published: &[f64]) {
    // Bins begin at a multiple of their size there.
    let settings = format!(
        "families = \"{family}\"\nbins = {{ size = 25, from = 0 }}\nweights = {{ norm = \"{norm}\", length = \"1 mm\" }}"
    );
    let found = measured(case, &settings);
    let mark = format!("3d_mrg_w{}1mm_fbs25from0", &norm[..3]);
    assert_eq!(names.len(), published.len());
    for (name, published) in names.iter().zip(published) {
        let value = found[&format!("{family}_{name}_{mark}")].unwrap();
        let off = (value - published).abs() / published.abs();
        assert!(off < 1e-6, "{case} {norm} {name}: {value}, published {published}");
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn distance_weighting_is_that_of_pyradiomics() {
    for &(case, norm, ref published) in WEIGHTED {
        let names = ["contrast", "joint_entropy", "correlation", "cluster_shade"];
        weighted_values_are_met("glcm", &names, (case, norm), published);
    }
    for &(case, norm, ref published) in WEIGHTED_RUNS {
        let names = [
            "short_runs_emphasis",
            "long_runs_emphasis",
            "run_length_nonuniformity",
            "normalised_grey_level_nonuniformity",
            "run_percentage",
            "run_length_variance",
            "run_entropy",
        ];
        weighted_values_are_met("glrlm", &names, (case, norm), published);
    }
}

#[test]
#[cfg_attr(no_shared, ignore = "needs ../shared")]
fn baselines_are_met() {
    let (mut held, mut missed) = (0, vec![]);
    let settings = [
        ("", "bins = { size = 25 }"),
        ("_2d", "bins = { size = 25 }\naggregation = \"25d_dmrg\""),
        ("_FBN", "bins = { number = 64 }"),
        ("_combined", "bins = { size = 25 }\naggregation = \"3d_mrg\""),
        ("_flatRegion", "bins = { size = 5000 }"),
        ("_resegmentation", "bins = { size = 25 }\noutliers = 3"),
    ];
    for case in ["brain1", "breast1"] {
        for (suffix, settings) in settings {
            let found = measured(case, &format!("{THEIRS}{settings}"));
            for class in ["firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm", "shape"] {
                let path = common::shared("pyradiomics").join(format!("baseline_{class}.csv"));
                let text = std::fs::read_to_string(path).unwrap();
                let header = fields(text.lines().next().unwrap());
                let Some(column) = header.iter().position(|h| *h == format!("{case}{suffix}")) else { continue };
                for row in text.lines().skip(1).map(fields).filter(|r| r[0].starts_with("original_")) {
                    let Ok(published) = row[column].parse::<f64>() else { continue };
                    let mut value = found[&row[0]].unwrap_or(f64::NAN);
                    // The plain baselines add 2000 to every intensity where it is squared.
                    if suffix.is_empty() && class == "firstorder" {
                        let [mean, energy, root] = ["Mean", "Energy", "RootMeanSquared"]
                            .map(|n| found[&format!("original_firstorder_{n}")].unwrap());
                        let voxels = energy / (root * root);
                        let shifted = energy + voxels * (4000.0 * mean + 4e6);
                        match row[0].trim_start_matches("original_firstorder_") {
                            "Energy" => value = shifted,
                            "TotalEnergy" => value *= shifted / energy,
                            "RootMeanSquared" => value = (shifted / voxels).sqrt(),
                            _ => {}
                        }
                    }
                    // Its table of cubes parts some corners that touch across a face, where the mesh here joins them.
                    let mesh = ["MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity"];
                    let is_mesh = class == "shape" && mesh.iter().any(|name| row[0].ends_with(name));
                    let tolerance = if is_mesh { 1e-3 } else { 1e-6 };
                    if (value - published).abs() <= tolerance * published.abs().max(1e-9) {
                        held += 1;
                    } else {
                        missed.push(format!("{case}{suffix} {}: {value}, published {published}", row[0]));
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "{held} held, {} missed:\n{}", missed.len(), missed.join("\n"));
    assert_eq!(held, 930);
}

fn flat(samples: Vec<i32>, spacing: Option<Spacing>) -> Scan {
    let shape = Shape::new(1, 2, samples.len() / 2);
    let volume = Volume { spacing, ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "mr".into(), unit: "au", volume, saturated: None, saturation: None };
    Scan { spacing, ..Scan::new(Modality::Unknown, shape, vec![channel]) }
}

#[test]
fn regions_of_one_value_and_of_one_voxel_have_numbers() {
    let scan = flat(vec![7; 8], Spacing::mm([1.0; 3]));
    let all = theirs(&scan, vec![1; 8], "bins = { size = 25 }");
    assert_eq!(all.len(), 107);
    for (name, value) in [
        ("glcm_Correlation", 1.0),
        ("glcm_MCC", 1.0),
        ("glcm_Imc1", 0.0),
        ("firstorder_Skewness", 0.0),
        ("firstorder_Kurtosis", 0.0),
        ("firstorder_Entropy", 0.0),
        ("ngtdm_Coarseness", 1e6),
        ("ngtdm_Strength", 0.0),
    ] {
        assert_eq!(all[&format!("original_{name}")], Some(value), "{name}");
    }
    let one = theirs(&scan, vec![0, 0, 1, 0, 0, 0, 0, 0], "bins = { number = 4 }");
    assert_eq!(one["original_firstorder_Mean"], Some(7.0));
    // No pair of voxels, so nothing co-occurs.
    assert_eq!(one["original_glcm_Contrast"], None);
    let bare = theirs(&flat(vec![1, 2, 3, 4, 5, 6], None), vec![1; 6], "bins = { size = 1 }");
    assert_eq!((bare["original_shape_MeshVolume"], bare["original_firstorder_TotalEnergy"]), (None, None));
    assert_eq!(bare["original_firstorder_Energy"], Some(91.0));
    assert!(bare["original_shape_Sphericity"].is_some());
}

/// What is asked of small regions.
const OF_SMALL: [&str; 14] = [
    "glcm_Correlation",
    "glcm_Imc1",
    "glcm_Imc2",
    "glcm_MCC",
    "glcm_Contrast",
    "glrlm_LongRunEmphasis",
    "glrlm_RunVariance",
    "glrlm_RunLengthNonUniformity",
    "glrlm_RunPercentage",
    "ngtdm_Busyness",
    "ngtdm_Coarseness",
    "ngtdm_Complexity",
    "ngtdm_Contrast",
    "ngtdm_Strength",
];

/// Places z, y, x, and values.
type Voxels = &'static [(usize, usize, usize, i32)];

/// Voxels (z, y, x, value) of small regions, and the same of PyRadiomics 3.0.1 with `binWidth=25`: lines without a second voxel, directions of
/// one level, voxels without a neighbour.
const SMALL: [(&str, Voxels, [f64; 14]); 3] = [
    (
        "a bend",
        &[(1, 1, 1, 168), (1, 1, 2, 279), (1, 1, 3, 87), (1, 2, 1, 228), (2, 1, 1, 165)],
        [
            -0.6506238859180036,
            -0.7777777777777777,
            0.7748945791934947,
            0.8333333333333329,
            15.25,
            1.125,
            0.03125,
            4.583333333333333,
            0.9666666666666667,
            0.5,
            0.2,
            57.24444444444445,
            4.982222222222223,
            6.854237288135593,
        ],
    ),
    (
        "apart",
        &[(0, 0, 0, 0), (1, 1, 1, 168), (1, 1, 2, 279), (1, 2, 2, 36), (2, 2, 2, 33), (3, 4, 5, 180), (3, 4, 0, 231)],
        [
            -0.6639566395663956,
            -0.7777777777777777,
            0.7748945791934947,
            0.8333333333333329,
            46.75,
            1.0714285714285714,
            0.019841269841269844,
            6.619047619047619,
            0.979591836734694,
            0.2505630630630631,
            0.18876404494382024,
            127.32936507936508,
            4.200680272108843,
            14.452747252747253,
        ],
    ),
    (
        "levels in rows",
        &[(1, 1, 1, 10), (1, 1, 2, 10), (1, 1, 3, 10), (1, 2, 1, 60), (1, 2, 2, 60), (1, 2, 3, 60), (1, 3, 2, 110)],
        [
            0.1848739495798319,
            -0.7705207854294023,
            0.9298734950321935,
            0.9999999999999992,
            3.0,
            2.333333333333333,
            0.2222222222222222,
            5.666666666666667,
            0.8571428571428571,
            0.7750000000000001,
            0.3763440860215054,
            6.466666666666668,
            0.7028182701652089,
            3.944374209860935,
        ],
    ),
];

/// Oracle. Small lesions are where rules for what is missing in a direction make most of a value.
#[test]
fn small_and_ragged_regions_are_pyradiomics() {
    let shape = Shape::new(4, 5, 6);
    for (region, voxels, expected) in SMALL {
        let (mut image, mut label) = (vec![0; shape.len()], vec![0; shape.len()]);
        for &(z, y, x, value) in voxels {
            (image[shape.index(z, y, x)], label[shape.index(z, y, x)]) = (value, 1);
        }
        let spacing = Spacing::mm([1.0; 3]);
        let volume = Volume { spacing, ..Volume::new(shape, image).unwrap() };
        let channel = Channel { name: "mr".into(), unit: "au", volume, saturated: None, saturation: None };
        let scan = Scan { spacing, ..Scan::new(Modality::Unknown, shape, vec![channel]) };
        let all = theirs(&scan, label, "bins = { size = 25 }");
        for (name, want) in OF_SMALL.iter().zip(expected) {
            let got = all[&format!("original_{name}")].unwrap();
            assert!((got - want).abs() <= 1e-6 * want.abs().max(1.0), "{region}, {name}: {got} for {want}");
        }
    }
}

#[test]
fn what_it_does_not_know_is_refused() {
    let refused = |settings: &str, what: &str| {
        let text = format!(
            "channels.mr = 0\n[objects.roi]\nlabels = \"roi.nii\"\n[measure.roi]\nfeatures = \"texture\"\n\
             [measure.roi.texture]\n{settings}\n"
        );
        let e = Recipe::parse("r.toml", &text, &[]).unwrap_err().to_string();
        assert!(e.contains(what), "{e}");
    };
    refused("compat = \"pyradiomic\"\nbins = { size = 25 }", "pyradiomics");
    refused("compat = \"pyradiomics\"", "grey levels");
    refused("compat = \"pyradiomics\"\nfamilies = \"gldzm\"\nbins = { size = 25 }", "leave families out");
    let weights = |more: &str| format!("bins.number = 8\nweights = {{ norm = \"euclidean\" }}\n{more}");
    refused(&weights("compat = \"pyradiomics\""), "weights are those of the standard");
    refused(&weights("families = \"glszm\""), "no family has weights");
    refused(&weights("families = [\"glrlm\", \"ngtdm\"]\naggregation = \"25d_dmrg\""), "one direction has one weight");
    refused(&weights("aggregation = \"3d_avg\""), "aggregation = \"3d_mrg\"");
    refused("bins.number = 8\nweights = { norm = \"euclidean\", length = \"0 mm\" }", "no length that distances");
    refused("bins.number = 8\nweights = { norm = \"infinity\" }", "chebyshev");
    refused("compat = \"pyradiomics\"\nbins.number = 8\naggregation = [\"3d_avg\", \"3d_mrg\"]", "one way at a time");
}
