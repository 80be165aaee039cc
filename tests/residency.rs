//! Invariant: a whole recipe gives the same table and the same labels on the CPU and on the adapter, whole and in
//! windows, and moves no more over the bus than it says.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::gpu;
use std::path::PathBuf;
use uptake::device::{Buffer, Counters, Device, Gpu};
use uptake::image::{Channel, Modality, PatientGrid, Regions, SUV_UNIT, Scale, Scan, Volume};
use uptake::measure::{self, ChannelRef, Request};
use uptake::pipeline::{self, External, Outcome};
use uptake::read::{self, Options};
use uptake::recipe::{Recipe, preset};
use uptake::units::{Shape, Spacing};

/// Waits for something to come down in one image of the preset `cells` that needs no denoising: the basins of the scale with the
/// look that its threshold came from; the look that denoising and the threshold share, with the noise; the basins of the split;
/// the runs of what is refined; those of cells and cytoplasm. Where noise is smoothed, asked for over a lag, or hides two classes,
/// where a scale is looked for again, and where there is too much of something for the room that it has, there are more.
const READBACKS: u64 = 5;

fn sample(name: &str) -> Scan {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-images").join(name);
    read::open(&path, &Options::default()).unwrap()
}

/// The first rows and columns of an image.
fn corner(scan: &Scan, side: usize) -> Scan {
    let shape = Shape::flat(side, side);
    let cut = |channel: &Channel| {
        let samples = channel.volume.samples.host().unwrap().chunks(scan.shape.x).take(side);
        let samples = samples.flat_map(|row| &row[..side]).copied().collect();
        Channel {
            volume: Volume { scale: channel.volume.scale, ..Volume::new(shape, samples).unwrap() },
            ..channel.clone()
        }
    };
    Scan { shape, channels: scan.channels.iter().map(cut).collect(), ..scan.clone() }
}

/// The same for the recipe below on the body below, of nine sets: the runs of what is labelled or drawn, once for each round of a
/// contour; whether it goes as far as it may, and what it would be farther on if it does; what is left of lesions beside the reference; the boxes of those whose shells might meet, and the median around them; the number of edges of the
/// watershed, and these.
const READBACKS_PET: u64 = 25;

const PET: &str = r#"
modality = "pet"
[channels]
pet = [0]
[objects.bladder]
labels = "{stem}_bladder.nii.gz"
[objects.lesions]
channel = "pet"
steps = [
  { op = "threshold", method = "fixed", at_least = 4.0 },
  { op = "exclude", set = "bladder" },
  { op = "label" },
  { op = "keep", at_least = ["1 ml"] },
]
[objects.share]
start = "lesions"
channel = "pet"
steps = [{ op = "exclude", set = "bladder" }, { op = "contour", percent = 41, within = "20 mm" }]
[objects.adapted]
start = "lesions"
channel = "pet"
steps = [{ op = "contour", percent = 50, background = ["12 mm", "20 mm"], within = "20 mm" }]
[objects.grown]
start = "lesions"
channel = "pet"
steps = [{ op = "contour", deviations = 2.0, within = "20 mm" }]
[objects.low]
start = "lesions"
channel = "pet"
steps = [{ op = "exclude", set = "bladder" }, { op = "contour", at_least = 2.5, within = "20 mm" }]
[objects.steep]
start = "lesions"
channel = "pet"
steps = [{ op = "exclude", set = "bladder" }, { op = "watershed", within = "20 mm" }]
[objects.liver]
sphere = { diameter = "30 mm", at = [-60, 0, 0] }
[objects.percist]
channel = "pet"
steps = [
  { op = "threshold", method = "reference", set = "liver", factor = 1.5, deviations = 2.0 },
  { op = "exclude", set = "bladder", touching = 50 },
]
"#;

/// A liver of SUV 2, a hot bladder, a round lesion, and two that touch; in steps of SUV 2^-20, as readers make of floats.
fn body() -> Scan {
    let shape = Shape::new(40, 48, 56);
    let blobs: [([f64; 3], f64, f64); 6] = [
        ([20.0, 24.0, 13.0], 9.0, 2.0),
        ([5.0, 24.0, 28.0], 4.0, 30.0),
        ([30.0, 30.0, 40.0], 3.0, 12.0),
        ([20.0, 14.0, 38.0], 2.5, 6.0),
        ([20.0, 14.0, 43.0], 2.5, 9.0),
        ([10.0, 24.0, 33.0], 2.0, 8.0),
    ];
    let value = |i: usize| {
        let [z, y, x] = shape.position(i).map(|v| v as f64);
        let blob = |(c, r, suv): &([f64; 3], f64, f64)| {
            let d = ((z - c[0]).powi(2) + (y - c[1]).powi(2) + (x - c[2]).powi(2)).sqrt();
            suv * (1.5 - d / r).clamp(0.0, 1.0)
        };
        let ripple = ((i * 7919) % 101) as f64 / 1000.0;
        blobs.iter().map(blob).fold(0.5, f64::max) * (1.0 + ripple)
    };
    let samples = (0..shape.len()).map(|i| (value(i) * f64::from(1 << 20)) as i32).collect();
    let scale = Scale::new(1.0 / f64::from(1 << 20), 0.0).unwrap();
    let volume = Volume { scale, ..Volume::new(shape, samples).unwrap() };
    let channel = Channel { name: "pet".into(), unit: SUV_UNIT, volume, saturated: None, saturation: None };
    let mut scan = Scan::new(Modality::Pet, shape, vec![channel]);
    scan.spacing = Spacing::mm([4.0; 3]);
    scan.patient_grid = Some(PatientGrid { origin: [-112.0, -96.0, -80.0], ..PatientGrid::STRAIGHT });
    scan
}

fn bladder(scan: &Scan) -> External {
    let at = |i: usize| {
        let [z, y, x] = scan.shape.position(i);
        u32::from(z < 10 && y.abs_diff(24) < 7 && x.abs_diff(28) < 7)
    };
    let voxels: Vec<u32> = (0..scan.shape.len()).map(at).collect();
    let regions = Regions::of_voxels(scan.shape, &voxels).unwrap();
    External::from([("bladder".to_string(), regions)])
}

fn run_pet(scan: &Scan, device: &Device) -> Outcome {
    let recipe = Recipe::parse("pet.toml", PET, &[]).unwrap();
    pipeline::run(scan, &recipe, device, &bladder(scan)).unwrap()
}

fn run(scan: &Scan, device: &Device) -> Outcome {
    pipeline::run(scan, &preset("cells").unwrap().recipe().unwrap(), device, &External::new()).unwrap()
}

/// The steps of a usual comparison: smooth, top hat, Otsu, fill, split, drop what is small.
fn p1() -> Recipe {
    Recipe::parse("p1.toml", include_str!("../benches/recipes/p1.toml"), &[]).unwrap()
}

/// What differs between two outcomes, in words.
fn difference(a: &Outcome, b: &Outcome) -> Option<String> {
    if a.row != b.row {
        return Some("the image's row".into());
    }
    for (x, y) in a.sets.iter().zip(&b.sets) {
        if x.objects.labels.voxels().host().unwrap() != y.objects.labels.voxels().host().unwrap() {
            return Some(format!("the labels of {}", x.name));
        }
        if x.table != y.table {
            return Some(format!("the table of {}", x.name));
        }
    }
    (a.sets.len() != b.sets.len()).then(|| "the number of sets".into())
}

#[test]
fn a_changed_image_changes_the_outcome() {
    let mut scan = sample("tumour_field.ome.tif");
    let before = run(&scan, &Device::Cpu);
    assert!(difference(&before, &before).is_none());
    let inside = before.sets[0].objects.labels.voxels().host().unwrap().iter().position(|&l| l == 5).unwrap();
    let samples = scan.channels[0].volume.samples.host_mut().unwrap();
    samples[inside] += 1;
    assert!(difference(&before, &run(&scan, &Device::Cpu)).is_some());
}

#[test]
fn recipes_give_the_same_on_every_device() {
    let (whole, windows) = (gpu(None), gpu(Some(1 << 18)));
    for name in ["tumour_field.ome.tif", "spheroid_3d.ome.tif", "spots.png"] {
        let scan = sample(name);
        let cpu = run(&scan, &Device::Cpu);
        assert!(cpu.sets[0].objects.labels.count > 10, "{name}");
        assert_eq!(difference(&cpu, &run(&scan, &whole)), None, "{name} on the adapter");
        if name != "spheroid_3d.ome.tif" {
            assert_eq!(difference(&cpu, &run(&scan, &windows)), None, "{name} in windows of 256 KiB");
        }
    }
}

/// What a GPU is asked for meanwhile.
fn counted<T>(gpu: &Gpu, work: impl FnOnce() -> T) -> (T, Counters) {
    let before = gpu.counters();
    let out = work();
    let after = gpu.counters();
    let moved = Counters {
        dispatches: after.dispatches - before.dispatches,
        submissions: after.submissions - before.submissions,
        uploads: after.uploads - before.uploads,
        bytes_up: after.bytes_up - before.bytes_up,
        readbacks: after.readbacks - before.readbacks,
        bytes_down: after.bytes_down - before.bytes_down,
        compiled_late: after.compiled_late - before.compiled_late,
        memory_refused: 0,
    };
    (out, moved)
}

/// Waits of one image of 512 x 512 pixels by other recipes: `nuclei` as `cells` without the last one; of `p1` the look of Otsu's threshold
/// and the basins of the split, from which the rest follows.
#[test]
fn an_image_of_nuclei_waits_a_few_times() {
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let scan = sample("tumour_field.ome.tif");
    for (name, recipe, most) in [("nuclei", preset("nuclei").unwrap().recipe().unwrap(), 4), ("p1", p1(), 2)] {
        let (_, moved) = counted(gpu, || pipeline::run(&scan, &recipe, &device, &External::new()).unwrap());
        println!("{name}: {moved:?}");
        assert!(moved.readbacks <= most, "{name}: {moved:?}");
    }
}

/// Mechanics: what was asked for comes down with the next wait, as it was when it was asked for, and is itself no wait.
#[test]
fn answers_come_with_the_wait_of_somebody_else() {
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let (first, second) = (gpu.upload(&[1u32, 2, 3]).unwrap(), gpu.upload(&[9u32]).unwrap());
    let (words, moved) = counted(gpu, || {
        let asked = gpu.ask(&[first, second.clone()]).unwrap();
        assert_eq!(second.download().unwrap(), [9]);
        asked.answer().unwrap()
    });
    assert_eq!((words, moved.readbacks), (vec![vec![1, 2, 3], vec![9]], 1));
    let (words, moved) = counted(gpu, || gpu.ask(&[second]).unwrap().answer().unwrap());
    assert_eq!((words, moved.readbacks), (vec![vec![9]], 1), "nobody else has waited");
}

/// Mechanics: memory for the way up and down is used again, and what went through it before does not show. Three arrays go up while
/// none is known to be through, and more once they are; one of them ends within a word.
#[test]
fn what_goes_through_the_same_memory_stays_apart() {
    let device = gpu(None);
    let ramp = |from: i32, len: i32| Buffer::on_host((0..len).map(|k| from + k % 50_000).collect::<Vec<i32>>());
    for round in 0..3 {
        let sent = [ramp(round, 100_000), ramp(-70_000 - round, 99_999), ramp(1000 * round, 100_000)];
        let there = sent.each_ref().map(|host| device.place(host).unwrap());
        for (host, there) in sent.iter().zip(&there).rev() {
            assert!(device.fetch(there).unwrap() == host.host().unwrap(), "round {round}");
        }
    }
}

#[test]
fn little_goes_over_the_bus() {
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let scan = sample("tumour_field.ome.tif");
    let (outcome, moved) = counted(gpu, || run(&scan, &device));
    println!("{moved:?}");
    let image = scan.shape.len() as u64 * 4;
    assert!(moved.readbacks <= READBACKS, "{moved:?}");
    // Work is handed over where it is waited for, or when much has gathered.
    assert!(moved.submissions <= moved.readbacks + moved.dispatches / 64, "{moved:?}");
    // One channel up, of 16 bits and so two samples in a word, and tables by the object or the bin.
    assert!(moved.bytes_up < image * 3 / 4, "{moved:?}");
    // The runs of three sets and of what a split parts, lists by the object or the pair of basins: no image comes down. And six times
    // the counts of all values, which take as much for an image of any size.
    assert_eq!(outcome.sets.len(), 3);
    assert!(moved.bytes_down < image * 3 / 4 + 6 * (4 << 16), "{moved:?}");
}

/// No image waits for a kernel: what a recipe dispatches was compiled before.
#[test]
fn kernels_are_compiled_before_they_are_wanted() {
    let (field, body) = (corner(&sample("tumour_field.ome.tif"), 96), body());
    let preset = |name: &str| preset(name).unwrap().recipe().unwrap();
    for (scan, recipe) in
        [(&field, preset("cells")), (&field, p1()), (&body, Recipe::parse("pet.toml", PET, &[]).unwrap())]
    {
        let device = gpu(None);
        let Device::Gpu(gpu) = &device else { unreachable!() };
        gpu.prepare(&pipeline::kernels(&recipe), 2).unwrap();
        pipeline::run(scan, &recipe, &device, &bladder(scan)).unwrap();
        assert_eq!(gpu.counters().compiled_late, 0, "{}", recipe.name);
    }
}

#[test]
fn lesions_are_the_same_on_every_device() {
    let scan = body();
    let cpu = run_pet(&scan, &Device::Cpu);
    let sets: Vec<(&str, u32, usize)> = cpu
        .sets
        .iter()
        .map(|s| {
            (
                s.name.as_str(),
                s.objects.labels.count,
                s.objects.labels.voxels().host().unwrap().iter().filter(|v| **v > 0).count(),
            )
        })
        .collect();
    println!("{sets:?}");
    let of = |name: &str| sets.iter().find(|s| s.0 == name).map(|s| (s.1, s.2)).unwrap();
    // The lesion beside the bladder, the two that touch as one, the round one.
    assert_eq!(of("lesions").0, 3);
    // Contours and watershed keep one object a seed; 41 % of 13 is more than SUV 4, and SUV 2.5 is less.
    for name in ["share", "adapted", "grown", "low", "steep"] {
        assert_eq!(of(name).0, 3, "{name}");
    }
    assert!(of("share").1 < of("lesions").1 && of("lesions").1 < of("low").1);
    // Of the liver: mean 2.1 with its ripple, deviation 0.06; 1.5 means and 2 deviations.
    let column = cpu.row.column("threshold_percist").unwrap();
    let uptake::table::Cells::Real(cells) = &column.cells else { panic!("a number") };
    assert!(cells[0].is_some_and(|t| (3.2..3.4).contains(&t)), "{cells:?}");
    // The lesion beside the bladder is one with it at that threshold, and goes with it.
    assert_eq!(of("percist").0, 2);
    let whole = gpu(None);
    assert_eq!(difference(&cpu, &run_pet(&scan, &whole)), None, "on the adapter");
    assert_eq!(difference(&cpu, &run_pet(&scan, &gpu(Some(1 << 18)))), None, "in windows of 256 KiB");
    let Device::Gpu(gpu) = &whole else { unreachable!() };
    let before = gpu.counters();
    run_pet(&scan, &whole);
    let after = gpu.counters();
    let image = scan.shape.len() as u64 * 4;
    let (reads, down) = (after.readbacks - before.readbacks, after.bytes_down - before.bytes_down);
    let up = after.bytes_up - before.bytes_up;
    println!("{reads} readbacks, {:.1} images down, {:.2} up", down as f64 / image as f64, up as f64 / image as f64);
    assert!(reads <= READBACKS_PET, "{reads}");
    // The channel once for all seven sets that are found in it, the labels of the bladder and of the liver's sphere.
    assert!(up < image * 3, "{up}");
    // The runs of each set, and the passes between basins of the watershed.
    assert!(sets.len() >= 9);
    assert!(down < image * 3, "{down}");
}

/// Objects of 2^20 voxels together: two halves of a block of stripes and grains, beside a small one that stays on the host.
fn block() -> (Scan, External) {
    let shape = Shape::new(33, 184, 184);
    let sample = |i: usize| {
        let [z, y, x] = shape.position(i);
        ((x / 7 + y / 11 + z) % 5 * 40 + ((i * 7919) >> 4) % 90) as i32
    };
    let label = |i: usize| match shape.position(i) {
        [_, _, x] if x < 119 => 1,
        [_, _, x] if x > 122 => 2,
        [z, y, 120..=121] if z < 9 && y < 9 => 3,
        _ => 0,
    };
    let volume = Volume::new(shape, (0..shape.len()).map(sample).collect()).unwrap();
    let channel = Channel { name: "ct".into(), unit: "HU", volume, saturated: None, saturation: None };
    let voxels: Vec<u32> = (0..shape.len()).map(label).collect();
    let parts = Regions::of_voxels(shape, &voxels).unwrap();
    (Scan::new(Modality::Other, shape, vec![channel]), External::from([("parts".to_string(), parts)]))
}

/// Matrices of textures are counted on the device where there is much to count: each in one dispatch for all objects, and all of them
/// with one wait more than without. Tables are those of the host.
#[test]
fn textures_of_large_objects_are_counted_on_the_device() {
    let (scan, parts) = block();
    let recipe = |families: &str| {
        let text = format!(
            "channels.ct = 0\n[objects.parts]\nlabels = \"parts.nii.gz\"\n[measure.parts]\nfeatures = \"texture\"\n\
             [measure.parts.texture]\nbins.number = 8\naggregation = [\"3d_avg\", \"2d_smrg\"]\nfamilies = {families}\n"
        );
        Recipe::parse("texture.toml", &text, &[]).unwrap()
    };
    let run = |recipe: &Recipe, device: &Device| pipeline::run(&scan, recipe, device, &parts).unwrap();
    let matrices = recipe("[\"glcm\", \"glrlm\", \"ngtdm\", \"ngldm\"]");
    let cpu = run(&matrices, &Device::Cpu);
    assert_eq!(cpu.sets[0].objects.labels.count, 3);
    assert_eq!(difference(&cpu, &run(&matrices, &gpu(Some(1 << 18)))), None, "in windows of 256 KiB");
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let (_, plain) = counted(gpu, || run(&recipe("[\"histogram\"]"), &device));
    let (outcome, moved) = counted(gpu, || run(&matrices, &device));
    println!("{plain:?}\n{moved:?}");
    assert_eq!(difference(&cpu, &outcome), None);
    // Four families, two ways each.
    assert_eq!((moved.dispatches - plain.dispatches, moved.readbacks - plain.readbacks), (8, 1));
    // Two bytes a voxel of the two large ones, and what is said of them.
    assert!(moved.bytes_up - plain.bytes_up < 2 * scan.shape.len() as u64 + (1 << 14), "{moved:?}");
    // No matrix is larger than its object.
    assert!(moved.bytes_down - plain.bytes_down < 4 * scan.shape.len() as u64, "{moved:?}");
}

/// What a lost device was asked to count the host counts.
#[test]
fn textures_do_without_a_device_that_is_lost() {
    let (scan, parts) = block();
    let device = gpu(None);
    let Device::Gpu(gpu) = &device else { unreachable!() };
    let families = [measure::family("texture", "families = \"glrlm\"\nbins.number = 8").unwrap()];
    let (unit, volume) = ("HU", &scan.channels[0].volume);
    let channels = [ChannelRef::new("ct", unit, volume)];
    let request =
        Request { channels: &channels, families: &families, gpu: Some(gpu), ..Request::new(&parts["parts"].labels) };
    let (counted_there, moved) = counted(gpu, || measure::objects(&request).unwrap());
    assert_eq!(moved.readbacks, 1);
    gpu.lose();
    assert!(measure::objects(&request).unwrap() == counted_there);
}
