//! What the host does for a GPU: everything but the shaders and the waiting for them.
//!
//! `cargo bench --bench gpu_host`; `UPTAKE_DEVICE` names an adapter (the best one if absent), `UPTAKE_SIDE` the side of the images (512).
//! It needs no real card: the host's side of a software adapter is the same code. Times are those of the processor in the thread that records, so waits do not
//! count; the recipes run with one thread.

use std::time::{Duration, Instant};
use uptake::Result;
use uptake::device::{AdapterChoice, Buffer, Counters, Device, Gpu, Opening};
use uptake::image::{Channel, Modality, Scan, Volume};
use uptake::ops::pixelwise::add;
use uptake::pipeline::{self, External};
use uptake::recipe::{Recipe, preset};
use uptake::units::{Shape, Spacing};

/// As in the command.
#[global_allocator]
static MEMORY: uptake::memory::Recycler = uptake::memory::Recycler::new();

const DISPATCHES: u32 = 20_000;
const IMAGES: u32 = 10;

fn main() {
    if let Err(e) = run() {
        eprintln!("{e}");
        std::process::exit(1);
    }
}

fn run() -> Result<()> {
    let name = std::env::var("UPTAKE_DEVICE").ok().filter(|n| !n.is_empty());
    let choice = name.map_or(AdapterChoice::Best, AdapterChoice::Named);
    // Twice, for what drivers keep on disk.
    for what in ["once", "again"] {
        let [first, all] = opening(&choice)?;
        println!(
            "opened {what}: first dispatch after {:.1} ms, all kernels of nuclei after {:.1} ms",
            ms(first),
            ms(all)
        );
    }
    let gpu = Gpu::open(&choice)?;
    println!("{}", gpu.adapter().name);
    let device = Device::Gpu(gpu.clone());
    let each = dispatch(&device)?;
    println!("a dispatch: {:.2} us of the host", each.as_secs_f64() * 1e6);
    let side = std::env::var("UPTAKE_SIDE").ok().and_then(|side| side.parse().ok()).unwrap_or(512);
    println!(
        "\n| recipe, {side} x {side} | host ms, first image | host ms an image | dispatches | waits | MB up | MB down |"
    );
    println!("|---|---|---|---|---|---|---|");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    for name in ["nuclei", "p1", "cells", "pet-41"] {
        println!("{}", pool.install(|| recipe(name, side, &gpu, &device))?);
    }
    Ok(())
}

/// From nothing to the first dispatch that is recorded, and until every kernel of a recipe is compiled, as a run does it.
fn opening(choice: &AdapterChoice) -> Result<[Duration; 2]> {
    let kernels = pipeline::kernels(&preset("nuclei")?.recipe()?);
    let start = Instant::now();
    let opening = Opening::begin(choice, kernels, std::thread::available_parallelism().map_or(1, |n| n.get()))?;
    let device = opening.device()?;
    let small = Volume::new(Shape::new(1, 8, 8), vec![1; 64])?;
    let small = Volume { samples: device.place(&small.samples)?, ..small };
    add(device, &small, &small)?;
    let first = start.elapsed();
    while !opening.is_ready() && start.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_micros(100));
    }
    Ok([first, start.elapsed()])
}

/// The host's time for a kernel of three small arrays, one of them new.
fn dispatch(device: &Device) -> Result<Duration> {
    let small = Volume::new(Shape::new(1, 8, 8), vec![1; 64])?;
    let small = Volume { samples: device.place(&small.samples)?, ..small };
    let work = |n: u32| -> Result<()> {
        let mut last = small.clone();
        for _ in 0..n {
            last = add(device, &small, &small)?;
        }
        match last.samples {
            Buffer::Gpu(b) => b.download_first(1).map(|_| ()),
            Buffer::Host(_) | Buffer::InFile(_) => Ok(()),
        }
    };
    work(100)?;
    let start = thread_time();
    work(DISPATCHES)?;
    Ok((thread_time() - start) / DISPATCHES)
}

/// A line of the table.
fn recipe(name: &str, side: usize, gpu: &Gpu, device: &Device) -> Result<String> {
    let recipe = match name {
        "p1" => Recipe::parse("p1.toml", include_str!("recipes/p1.toml"), &[])?,
        preset_name => preset(preset_name)?.recipe()?,
    };
    let scan = scan(side, if name.starts_with("pet") { Modality::Pet } else { Modality::Fluorescence })?;
    let run = || pipeline::run(&scan, &recipe, device, &External::new());
    let start = thread_time();
    run()?;
    let first = thread_time() - start;
    let (start, before) = (thread_time(), gpu.counters());
    for _ in 0..IMAGES {
        run()?;
    }
    let each = (thread_time() - start) / IMAGES;
    let after = gpu.counters();
    let mean = |of: fn(&Counters) -> u64| (of(&after) - of(&before)) as f64 / f64::from(IMAGES);
    Ok(format!(
        "| {name} | {:.1} | {:.1} | {:.0} | {:.0} | {:.2} | {:.2} |",
        ms(first),
        ms(each),
        mean(|c| c.dispatches),
        mean(|c| c.readbacks),
        mean(|c| c.bytes_up) / 1e6,
        mean(|c| c.bytes_down) / 1e6,
    ))
}

/// Blobs on a noisy ground.
fn scan(side: usize, modality: Modality) -> Result<Scan> {
    let shape = Shape::new(1, side, side);
    let sample = |i: usize| {
        let (y, x) = (i / side, i % side);
        let (dy, dx) = (y as i32 % 48 - 24, x as i32 % 48 - 24);
        let noise = (i as u32).wrapping_mul(2_654_435_761) >> 24;
        300 + noise as i32 + if dy * dy + dx * dx < 169 { 4000 } else { 0 }
    };
    let volume = Volume::new(shape, (0..shape.len()).map(sample).collect())?;
    let channel =
        |name: &str| Channel { name: name.into(), unit: "", volume: volume.clone(), saturated: None, saturation: None };
    let channels = if modality == Modality::Pet { vec![channel("pet")] } else { vec![channel("a"), channel("b")] };
    let mut scan = Scan::new(modality, shape, channels);
    scan.spacing = if modality == Modality::Pet { Spacing::mm([4.0; 3]) } else { Spacing::um([1.0, 0.65, 0.65]) };
    Ok(scan)
}

fn ms(t: Duration) -> f64 {
    t.as_secs_f64() * 1e3
}

/// Time that this thread has had of a processor; on other systems than Linux the time on the wall.
fn thread_time() -> Duration {
    let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    match spent.as_deref().and_then(|s| s.split(' ').next()).and_then(|s| s.parse().ok()) {
        Some(ns) => Duration::from_nanos(ns),
        None => START.elapsed(),
    }
}

static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
