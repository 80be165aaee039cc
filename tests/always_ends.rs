//! Invariant: a run ends, and with the same rows, for any number of threads, jobs and devices, and when a device is lost.
//!
//! Each image is small, so that threads meet often; a watchdog says which run stood still.

#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/images.rs"]
mod images;

use common::gpu;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;
use uptake::Kind;
use uptake::batch::{self, Recipes, Settings};
use uptake::device::Device;
use uptake::image::Scan;
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};

/// Longer than any run here takes, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(120);
const THREADS: usize = 32;

/// Does some work again and again on a thread of its own. Threads that wait for ever cannot be ended, so they are left behind.
fn again(what: &str, runs: usize, work: impl Fn() + Send + 'static) {
    let (send, done) = channel();
    std::thread::spawn(move || {
        for _ in 0..runs {
            work();
            send.send(()).unwrap();
        }
    });
    for run in 1..=runs {
        match done.recv_timeout(PATIENCE) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => panic!("{what}: run {run} of {runs} stood still for {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("{what}: run {run} of {runs} failed, see above"),
        }
    }
}

fn pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn spots() -> Scan {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spots.png");
    images::spots(&path, 3, 15);
    uptake::read::open(&path, &Default::default()).unwrap()
}

fn phantom() -> Scan {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample-images/pet/phantom.nii.gz");
    uptake::read::open(&path, &Default::default()).unwrap()
}

/// A recipe many times with many threads; the first run says what all must give.
fn recipe_ends(name: &'static str, scan: Scan, device: Device, runs: usize) {
    let recipe = preset(name).unwrap().recipe().unwrap();
    let first = pool(1).install(|| pipeline::run(&scan, &recipe, &Device::Cpu, &External::new())).unwrap();
    assert!(first.sets.iter().any(|set| set.objects.labels.count > 0), "{name} finds something");
    let pool = pool(THREADS);
    again(&format!("{name} on {}", device.name()), runs, move || {
        let outcome = pool.install(|| pipeline::run(&scan, &recipe, &device, &External::new())).unwrap();
        assert!(outcome.row == first.row, "another row");
    });
}

#[test]
fn the_default_recipe_always_ends() {
    recipe_ends("cells", spots(), Device::Cpu, 200);
}

#[test]
fn pet_always_ends() {
    recipe_ends("pet", phantom(), Device::Cpu, 50);
}

#[test]
fn pet_41_always_ends() {
    recipe_ends("pet-41", phantom(), Device::Cpu, 50);
}

#[test]
fn recipes_always_end_on_a_gpu() {
    let device = gpu(None);
    recipe_ends("cells", spots(), device.clone(), 5);
    recipe_ends("pet-41", phantom(), device, 2);
}

fn settings(inputs: &Path, out: &Path) -> Settings {
    Settings {
        inputs: vec![inputs.to_path_buf()],
        out: out.to_path_buf(),
        jobs: Some(8),
        threads: Some(64),

        csv: true,
        labels: true,
        overlays: true,
        ..Settings::default()
    }
}

/// A folder with small images, each another one.
fn folder(images: u32) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    (0..images).for_each(|seed| images::spots(&dir.path().join(format!("in/{seed}.png")), seed, 10));
    dir
}

#[test]
fn many_jobs_at_once_always_end() {
    for (device, images, runs) in [(Device::Cpu, 16, 8), (gpu(None), 8, 1)] {
        let dir = folder(images);
        again(&format!("{images} images in 8 jobs on {}", device.name()), runs, move || {
            let settings = settings(&dir.path().join("in"), &dir.path().join("out"));
            let summary = batch::run(&settings, &Recipes::presets(&[]).unwrap(), &(&device).into()).unwrap();
            assert_eq!((summary.ok, summary.failed), (images as usize, 0));
        });
    }
}

#[test]
fn a_lost_device_ends_the_runs_of_all_threads_with_an_error() {
    for wait_ms in [0, 50, 300] {
        again(&format!("a device that is lost after {wait_ms} ms"), 1, move || {
            let device = gpu(None);
            let Device::Gpu(opened) = &device else { unreachable!() };
            assert_eq!(opened.failure(), None);
            let (scan, recipe) = (spots(), preset("cells").unwrap().recipe().unwrap());
            let run = || pipeline::run(&scan, &recipe, &device, &External::new());
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        let pool = pool(8);
                        let error = loop {
                            if let Err(error) = pool.install(run) {
                                break error;
                            }
                        };
                        assert_eq!(error.kind, Kind::Device, "{error}");
                    });
                }
                std::thread::sleep(Duration::from_millis(wait_ms));
                opened.lose();
            });
            let why = opened.failure().expect("a failure stays");
            assert!(why.contains("the device is lost") || why.contains("the device failed"), "{why}");
            assert_eq!(run().unwrap_err().kind, Kind::Device);
        });
    }
}

#[test]
fn a_batch_goes_on_without_its_lost_device() {
    again("a batch on a lost device", 1, || {
        let (device, dir) = (gpu(None), folder(8));
        let Device::Gpu(opened) = &device else { unreachable!() };
        opened.lose();
        let settings = settings(&dir.path().join("in"), &dir.path().join("out"));
        let summary = batch::run(&settings, &Recipes::presets(&[]).unwrap(), &(&device).into()).unwrap();
        assert_eq!((summary.ok, summary.failed), (8, 0));
    });
}

const HEAD: &str = "[channels]\nnuclear = [0]\n";
const STEPS: &str = "channel = \"nuclear\"\nsteps = [{ op = \"threshold\", method = \"otsu\" }]\n";

/// What a recipe's reader says to these; it ends, and says it in words of a length that can be read.
fn read(what: &'static str, text: String, settings: Vec<String>) -> Result<Recipe, String> {
    let (send, read) = channel();
    again(what, 1, move || {
        let recipe = Recipe::parse("huge.toml", &text, &settings).map_err(|e| e.to_string());
        send.send(recipe).unwrap();
    });
    let recipe = read.recv().unwrap();
    if let Err(message) = &recipe {
        assert!(message.len() < 4000, "{what}: a message of {} bytes", message.len());
    }
    recipe
}

#[test]
fn recipes_with_thousands_of_sets_steps_and_channels_are_read() {
    let name = |i: usize| format!("s{i:04}");
    let grown = |i: usize| format!("[objects.{}]\ngrow = {{ from = \"{}\", by = \"1 px\" }}\n", name(i), name(i + 1));
    let sets: String = (0..2999).map(grown).collect();
    let text = format!("{HEAD}{sets}[objects.s2999]\n{STEPS}");
    let recipe = read("3,000 sets", text.clone(), vec![]).unwrap();
    assert!((0..3000).rev().map(name).eq(recipe.order.iter().cloned()), "each after the one that it needs");
    let circle =
        read("3,000 sets in a circle", format!("{HEAD}{sets}{}", grown(2999).replace("s3000", "s0000")), vec![]);
    let circle = circle.unwrap_err();
    assert!(circle.contains("need each other: s0000, s0001") && circle.contains("more in line 3:"), "{circle}");
    let unknown = read("an unknown set among 3,000", text.replace("from = \"s2999\"", "from = \"cytoplasm\""), vec![]);
    assert!(unknown.unwrap_err().contains("there is no object set \"cytoplasm\" in line"));
    let sensitivity = format!(
        "[measure.s2999]\nfeatures = [\"sensitivity\"]\nsensitivity.sets = [{}]\n",
        "\"s0001\",".repeat(100_000)
    );
    assert!(read("a set named 100,000 times", format!("{text}{sensitivity}"), vec![]).unwrap_err().contains("twice"));

    let step = "{ op = \"median\", radius = \"1 px\" },\n";
    let many =
        |last: &str| format!("{HEAD}[objects.a]\nchannel = \"nuclear\"\nsteps = [\n{}{last}]\n", step.repeat(100_000));
    let threshold = "{ op = \"threshold\", method = \"otsu\" }";
    assert!(read("100,000 steps", many(threshold), vec![]).is_ok());
    let wrong =
        read("a wrong one after 100,000 steps", many("{ op = \"threshold\", method = \"otsu\", of = \"x\" }"), vec![]);
    assert!(wrong.unwrap_err().contains("no earlier step is called \"x\" in line 100006"));
    let picks = format!("[channels]\nnuclear = [{}]\n[objects.a]\n{STEPS}", "\"DAPI\", ".repeat(100_000));
    assert!(read("100,000 channels to pick from", picks, vec![]).is_ok());
}

#[test]
fn recipes_with_huge_words_are_refused_in_short_ones() {
    let long = "x".repeat(3_000_000);
    let set = format!("{HEAD}[objects.a]\n{STEPS}");
    for (what, text) in [
        ("a key of 3 MB", format!("{long} = 1\n{set}")),
        ("a key of 3 MB in a set", format!("{HEAD}[objects.a]\n{long} = 1\n{STEPS}")),
        ("a key of 3 MB in a step", set.replace("method =", &format!("{long} = 1, method ="))),
        ("an operation of 3 MB", set.replace("\"threshold\"", &format!("\"{long}\""))),
        ("a method of 3 MB", set.replace("\"otsu\"", &format!("\"{long}\""))),
        ("a length of 3 MB", set.replace("op = ", &format!("op = \"median\", radius = \"{long}\" }}, {{ op = "))),
        ("a scale of 3 MB", format!("{set}scale = \"{long}\"\n")),
        ("a name of 3 MB", format!("{HEAD}[objects.{long}]\n{STEPS}")),
        ("a channel of 3 MB", set.replace("channel = \"nuclear\"", &format!("channel = \"{long}\""))),
        ("a pattern of 3 MB", format!("{set}[files]\npattern = \"{long}\"\n")),
        ("a family of 3 MB", format!("{set}[measure.a]\nfeatures = [\"{long}\"]\n")),
        ("a word of 3 MB", long.clone()),
        ("a number of 3 MB", format!("spacing_um = {}\n{set}", "1".repeat(3_000_000))),
        ("3 MB of brackets", format!("a = {}", "[".repeat(3_000_000))),
        ("3 MB of braces", format!("a = {}", "{a=".repeat(1_000_000))),
        ("a path of 3 MB", format!("a{} = 1\n", ".a".repeat(1_500_000))),
        ("a table of 3 MB", format!("[a{}]\nb = 1\n", ".a".repeat(1_500_000))),
        ("a list of tables of 3 MB", format!("[[a{}]]\nb = 1\n", ".a".repeat(1_500_000))),
    ] {
        assert!(read(what, text, vec![]).is_err(), "{what}");
    }
    let comment = format!("# {long}\ndescription = \"{long}\"\n{set}");
    assert!(read("a description of 3 MB", comment, vec![]).is_ok());
}

#[test]
fn thousands_of_settings_are_applied() {
    let set = format!("{HEAD}[objects.a]\n{STEPS}");
    let settings: Vec<String> = (1..=10_000).map(|i| format!("spacing_um={i}")).collect();
    let recipe = read("10,000 settings", set.clone(), settings.clone()).unwrap();
    assert_eq!(recipe.body.spacing_um.map(|s| s.zyx()), Some([10_000.0; 3]));
    let wrong = [settings.clone(), vec!["objects.a.chanel=nuclear".into()]].concat();
    assert!(read("10,000 settings and a wrong one", set.clone(), wrong).unwrap_err().contains("try: channel"));
    let (long, deep) = ("x".repeat(100_000), format!("objects{}=1", ".a".repeat(50_000)));
    for setting in [
        long.clone(),
        format!("{long}=1"),
        format!("spacing_um={long}"),
        format!("spacing_um={}", "[".repeat(100_000)),
        deep,
    ] {
        assert!(read("a long setting", set.clone(), vec![setting]).is_err());
    }
    again("2,000 settings of the presets", 1, move || {
        Recipes::presets(&settings[..2000]).unwrap();
    });
}
