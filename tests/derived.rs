//! Images that a recipe makes of channels: objects are found in them, measured in them, and they are written.
//!
//! Oracle: the operation called by itself. Invariant: a set found in a derived image is the set found by the same steps; the
//! adapter gives what the CPU gives. Mechanics: files, columns, refusals.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::process::Command;
use uptake::device::Device;
use uptake::image::{Channel, Modality, Scale, Scan, Volume};
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::Recipe;
use uptake::table::Cells;
use uptake::units::{Shape, Spacing};

/// Two channels with a few bright squares on a slope.
fn scan() -> Scan {
    let shape = Shape::flat(64, 80);
    let channel = |name: &str, height: i32| {
        let bright = |y: usize, x: usize| (y % 20 >= 8 && y % 20 < 15 && x % 20 >= 6 && x % 20 < 14) as i32;
        let samples = (0..shape.len()).map(|i| {
            let (y, x) = (i / 80, i % 80);
            200 + 3 * x as i32 + bright(y, x) * height + (i as i32 * 7919) % 13
        });
        let mut volume = Volume::new(shape, samples.collect()).unwrap();
        volume.spacing = Spacing::um([1.0, 0.5, 0.5]);
        Channel { name: name.into(), unit: "au", volume, saturated: Some(0), saturation: Some(65_535) }
    };
    let mut scan = Scan::new(Modality::Fluorescence, shape, vec![channel("DAPI", 30_000), channel("EGFR", 20_000)]);
    scan.spacing = Spacing::um([1.0, 0.5, 0.5]);
    scan
}

const CHANNELS: &str = "channels = { nuclear = [\"DAPI\"], probe = [\"EGFR\"] }\n";
const IMAGES: &str = r#"
[images.smooth]
channel = "probe"
steps = [{ op = "gaussian", sigma = "2 px" }]
write = true
[images.flat]
channel = "smooth"
steps = [{ op = "background", radius = "30 px" }]
[objects.squares]
channel = "nuclear"
steps = [{ op = "threshold", method = "fixed", value = 10000 }, { op = "label" }]
[measure.squares]
features = ["intensity", "probe"]
channels = ["probe", "smooth", "flat"]
"#;

fn run(text: &str, device: &Device) -> Outcome {
    let recipe = Recipe::parse("r.toml", &format!("{CHANNELS}{text}"), &[]).unwrap();
    pipeline::run(&scan(), &recipe, device, &External::new()).unwrap()
}

fn reals(outcome: &Outcome, column: &str) -> Vec<f64> {
    let column = outcome.sets[0].table.column(column).unwrap_or_else(|| panic!("no column {column}"));
    let Cells::Real(cells) = &column.cells else { panic!("real numbers") };
    cells.iter().map(|c| c.unwrap()).collect()
}

#[test]
fn what_is_measured_in_a_derived_image_is_what_the_operation_gives() {
    let outcome = run(IMAGES, &Device::Cpu);
    let probe = &scan().channels[1].volume;
    let smooth = gaussian(&Device::Cpu, probe, &Gaussian::new([0.0, 2.0, 2.0])).unwrap();
    let (samples, labels) = (smooth.samples.host().unwrap(), outcome.sets[0].objects.labels.voxels().host().unwrap());
    let means = reals(&outcome, "intensity_mean_smooth");
    assert_eq!(means.len(), 12);
    for (label, mean) in means.iter().enumerate() {
        let inside: Vec<f64> =
            labels.iter().zip(samples).filter(|(l, _)| **l == label as u32 + 1).map(|(_, s)| f64::from(*s)).collect();
        let expected = inside.iter().sum::<f64>() / inside.len() as f64;
        // The recipe's filter rounds to half a step: samples are shifted up to fill 16 bits.
        assert!((mean - expected).abs() < 0.5, "{mean} {expected}");
    }
    assert!(reals(&outcome, "intensity_mean_flat").iter().zip(&means).all(|(flat, smooth)| *flat < smooth - 100.0));
    // The file has two channels, whatever was made of them.
    let Cells::Text(words) = &outcome.row.column("channels").unwrap().cells else { panic!("words") };
    assert_eq!(words[0].as_deref(), Some("DAPI; EGFR"));
    assert!(outcome.row.column("image_mean_smooth").is_none() && outcome.row.column("background_limit_flat").is_some());
    assert_eq!(outcome.images.len(), 1);
}

#[test]
fn columns_are_known_before_any_image() {
    let outcome = run(IMAGES, &Device::Cpu);
    let recipe = Recipe::parse("r.toml", &format!("{CHANNELS}{IMAGES}"), &[]).unwrap();
    let before = pipeline::columns(&recipe).unwrap();
    let names = |t: &uptake::table::Table| t.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&outcome.row), names(&before.row));
    assert_eq!(names(&outcome.sets[0].table), names(&before.sets[0].table));
}

#[test]
fn a_set_found_in_a_derived_image_is_that_of_the_same_steps() {
    let smooth = "{ op = \"gaussian\", sigma = \"1.5 px\" }";
    let rest = "{ op = \"threshold\", method = \"otsu\" }, { op = \"label\" }";
    let inline = run(&format!("[objects.a]\nchannel = \"probe\"\nsteps = [{smooth}, {rest}]\n"), &Device::Cpu);
    let derived = run(
        &format!(
            "[images.i]\nchannel = \"probe\"\nsteps = [{smooth}]\n[objects.a]\nchannel = \"i\"\nsteps = [{rest}]\n"
        ),
        &Device::Cpu,
    );
    let voxels = |o: &Outcome| o.sets[0].objects.labels.voxels().host().unwrap().to_vec();
    assert_eq!(voxels(&inline), voxels(&derived));
    assert_eq!(derived.sets[0].channel, 1, "shown over the channel that it comes from");
}

/// Oracle: Sternberg's ball by its definition, whose third semi-axis counts values. How fine the samples of a file are, as those of
/// floats with fractions, changes nothing but the rounding.
#[test]
fn a_rolling_ball_is_as_high_in_values_however_fine_the_samples_are() {
    let text = "[images.rolled]\nchannel = 'probe'\nsteps = [{ op = 'rolling_ball', radius = '9 px' }]\nwrite = true\n\
                [objects.a]\nchannel = 'rolled'\nsteps = [{ op = 'threshold', method = 'fixed', value = 500 }, { op = 'label' }]\n";
    let recipe = Recipe::parse("r.toml", &format!("{CHANNELS}{text}"), &[]).unwrap();
    let with = |factor: f64, values: f64, device: &Device| {
        let mut scan = scan();
        for channel in &mut scan.channels {
            channel.volume.samples.host_mut().unwrap().iter_mut().for_each(|s| *s = (f64::from(*s) / factor) as i32);
            channel.volume.scale = Scale::new(factor * values, 0.0).unwrap();
        }
        let outcome = pipeline::run(&scan, &recipe, device, &External::new()).unwrap();
        let volume = &outcome.images[0].volume;
        let samples = volume.samples.host().unwrap().iter();
        (samples.map(|s| volume.scale.value(f64::from(*s))).collect::<Vec<_>>(), outcome.row)
    };
    let probe = scan().channels[1].volume.clone();
    let (shape, samples) = (probe.shape, probe.samples.host().unwrap());
    let ball = |i: usize| {
        let [_, y, x] = shape.position(i).map(|p| p as i64);
        let near = (-9..=9i64).flat_map(|dy| (-9..=9i64).map(move |dx| (dy, dx)));
        let inside = near.filter(|(dy, dx)| {
            dy * dy + dx * dx <= 81
                && (0..shape.y as i64).contains(&(y + dy))
                && (0..shape.x as i64).contains(&(x + dx))
        });
        let apex = inside.map(|(dy, dx)| {
            let cap = 9.0 - ((81 - dy * dy - dx * dx) as f64).sqrt();
            f64::from(samples[shape.index(0, (y + dy) as usize, (x + dx) as usize)]) + cap
        });
        f64::from(samples[i]) - apex.fold(f64::INFINITY, f64::min)
    };
    for (factor, off) in [(1.0, 1.0), (1.0 / 16.0, 0.1), (libm::ldexp(1.0, -14), 1e-3)] {
        let (found, row) = with(factor, 1.0, &Device::Cpu);
        for (i, found) in found.iter().enumerate() {
            assert!((found - ball(i)).abs() <= off, "{factor}, pixel {i}: {found} for {}", ball(i));
        }
        assert!(matches!(&row.column("warnings").unwrap().cells, Cells::Text(words) if words[0].is_none()));
    }
    // Values of less than the cap beside the apex are all taken away, and that is said.
    for device in [Device::Cpu, common::gpu(None)] {
        let (found, row) = with(libm::ldexp(1.0, -14), 1e-6, &device);
        assert!(found.iter().all(|value| *value == 0.0));
        let Cells::Text(words) = &row.column("warnings").unwrap().cells else { panic!("words") };
        let warning = words[0].as_deref().unwrap_or_default();
        assert!(
            warning.contains("rolled: rolling_ball: a ball of 9.0000 px") && warning.contains("background"),
            "{warning}"
        );
    }
}

#[test]
fn an_adapter_gives_the_same() {
    let gpu = common::gpu(None);
    let (cpu, gpu) = (run(IMAGES, &Device::Cpu), run(IMAGES, &gpu));
    assert_eq!(cpu.row, gpu.row);
    assert_eq!(cpu.sets[0].table, gpu.sets[0].table);
    let samples = |o: &Outcome| o.images[0].volume.samples.host().unwrap().to_vec();
    assert_eq!(samples(&cpu), samples(&gpu));
}

#[test]
fn a_derived_image_is_written_and_is_no_input() {
    let dir = tempfile::tempdir().unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let sample = format!("{root}/sample-images/tumour_field.ome.tif");
    std::fs::write(
        dir.path().join("r.toml"),
        format!("{CHANNELS}{}", IMAGES.replace("method = \"fixed\", value = 10000", "method = \"otsu\"")),
    )
    .unwrap();
    let uptake = |input: &str, out: &str| {
        let mut run = Command::new(env!("CARGO_BIN_EXE_uptake"));
        run.args(["run", input, "--recipe", "r.toml", "--device", "cpu", "--no-overlays", "--out", out]);
        run.current_dir(dir.path()).output().unwrap()
    };
    let done = uptake(&sample, "o");
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let path = dir.path().join("o/images/tumour_field.ome_smooth.ome.tif");
    let written = read::open(&path, &Options::default()).unwrap();
    let source = read::open(sample.as_ref(), &Options::default()).unwrap();
    assert_eq!((written.shape, written.spacing), (source.shape, source.spacing));
    assert_eq!(read::written_by_us(&path), Some("a derived image"));
    let again = uptake("o", "p");
    assert_eq!(again.status.code(), Some(2), "{}", String::from_utf8_lossy(&again.stderr));
}

#[test]
fn recipes_that_make_no_image_are_refused() {
    let refused = |images: &str, what: &str, remedy: &str| {
        let text = format!(
            "{CHANNELS}{images}\n[objects.a]\nchannel = \"probe\"\nsteps = [{{ op = \"threshold\", method = \"otsu\" }}]\n"
        );
        let e = Recipe::parse("r.toml", &text, &[]).unwrap_err().to_string();
        assert!(e.contains(what) && e.contains(remedy), "{e}");
    };
    let step = "steps = [{ op = \"mean\", radius = \"2 px\" }]";
    refused(&format!("[images.x]\nchannel = \"prob\"\n{step}"), "there is no channel \"prob\"", "try: probe");
    refused("[images.x]\nchannel = \"probe\"", "nothing is done to make the image", "gaussian");
    refused(
        &format!("[images.probe]\nchannel = \"nuclear\"\n{step}"),
        "something else as well",
        "the name probe_image",
    );
    refused(
        &format!("[images.x]\nchannel = \"y\"\n{step}\n[images.y]\nchannel = \"x\"\n{step}"),
        "images need each other: x, y",
        "made of a channel",
    );
    let threshold = "steps = [{ op = \"threshold\", method = \"otsu\" }]";
    refused(
        &format!("[images.x]\nchannel = \"probe\"\n{threshold}"),
        "\"threshold\" makes no image",
        "channel = the name",
    );
    let of = "steps = [{ op = \"mean\", radius = \"2 px\", of = \"z\" }]";
    refused(&format!("[images.x]\nchannel = \"probe\"\n{of}"), "no earlier step is called \"z\"", "original");
}

/// Mechanics: what tables and files are like is the recipe's to say, whatever made the image.
#[test]
fn the_recipe_says_what_its_output_is_like() {
    use uptake::recipe::ImageFiles;
    use uptake::units::Unit;
    let plain = Recipe::parse("r.toml", &format!("{CHANNELS}{IMAGES}"), &[]).unwrap().body;
    assert_eq!((plain.lengths(), plain.image_files(), plain.volumes()), (Unit::Um, ImageFiles::Tiff, false));
    let says = "output = { lengths = \"mm\", images = \"nifti\", volumes = true }\n";
    let recipe = Recipe::parse("r.toml", &format!("{CHANNELS}{says}{IMAGES}"), &[]).unwrap();
    assert_eq!(
        (recipe.body.lengths(), recipe.body.image_files(), recipe.body.volumes()),
        (Unit::Mm, ImageFiles::Nifti, true)
    );
    let (um, mm) = (run(IMAGES, &Device::Cpu), run(&format!("{says}{IMAGES}"), &Device::Cpu));
    let first = |o: &Outcome, column: &str| match &o.sets[0].table.column(column).unwrap().cells {
        Cells::Real(v) => v[0].unwrap(),
        _ => panic!("{column}"),
    };
    assert!((first(&um, "centroid_x_um") / 1000.0 - first(&mm, "centroid_x_mm")).abs() < 1e-12);
    assert!(um.sets[0].table.column("area_um2").is_some() && mm.sets[0].table.column("area_mm2").is_none());
    assert!(mm.row.column("spacing_x_mm").is_some() && mm.row.column("image_focus_score_nuclear").is_some());
    let e = Recipe::parse("r.toml", &format!("{CHANNELS}output.lengths = \"cm\"\n{IMAGES}"), &[]).unwrap_err();
    assert!(e.to_string().contains("um"), "{e}");
}
