//! Operations alone: time, and the share of what the memory of this machine would allow.
//!
//! `cargo bench --bench ops [-- NAME...]`; `UPTAKE_DEVICE` names an adapter, `UPTAKE_SIZES` the sizes (1024,4096,8192,256).
//! For each operation and size: the best of several runs in ms, ns a voxel, and the time that its input and output would
//! take at the bandwidth of a copy, measured in the same run with the same threads (on a GPU by a kernel that adds two images), as a
//! share of its own time. 100 % is a pass over memory and nothing else. On a GPU a run ends when its result can be read.

use rayon::prelude::*;
use std::time::{Duration, Instant};
use uptake::device::{AdapterChoice, Buffer, Device, Gpu, Word};
use uptake::image::{Labels, Mask, Volume};
use uptake::measure::{self, ChannelRef, Request, family};
use uptake::ops::background::{Background, background};
use uptake::ops::distance::distance;
use uptake::ops::fill::fill_holes;
use uptake::ops::gaussian::{Gaussian, gaussian};
use uptake::ops::grow::grow;
use uptake::ops::label::{Connectivity, label};
use uptake::ops::landscape::{Sizes, depth, landscape};
use uptake::ops::local::{Local, Statistic, local};
use uptake::ops::median::median;
use uptake::ops::morphology::{Element, top_hat};
use uptake::ops::pixelwise::add;
use uptake::ops::propagate::{Rule, propagate};
use uptake::ops::renumber::renumber;
use uptake::ops::scale::scale;
use uptake::ops::split::{Depth, split};
use uptake::ops::threshold::{BinChoice, Method, choose, threshold};
use uptake::units::Shape;
use uptake::{Result, ops};

/// As in the command.
#[global_allocator]
static MEMORY: uptake::memory::Recycler = uptake::memory::Recycler::new();

/// Bytes of a sample and of a label, of a voxel of a mask.
const WIDE: usize = 4;
const NARROW: usize = 1;

struct Inputs {
    image: Volume,
    mask: Mask,
    labels: Labels,
    land: Volume,
    /// The brightest of each cell, and what is brighter than the ground.
    seeds: Labels,
    wide: Mask,
}

struct Bench {
    name: &'static str,
    /// Bytes a voxel that must be read and written.
    bytes: usize,
    /// Also in depth.
    deep: bool,
    run: fn(&Device, &Inputs) -> Result<()>,
}

/// Waits until a result is there.
fn done<T: Word>(b: &Buffer<T>) -> Result<()> {
    match b {
        Buffer::Host(_) | Buffer::InFile(_) => Ok(()),
        Buffer::Gpu(b) => b.download_first(1).map(|_| ()),
    }
}

fn sigma(d: &Device, i: &Inputs, s: f64) -> Result<()> {
    done(&gaussian(d, &i.image, &Gaussian::new([s; 3]))?.samples)
}

fn sizes(diameter: f64) -> Sizes {
    Sizes::isotropic(diameter)
}

#[rustfmt::skip]
const BENCHES: &[Bench] = &[
    Bench { name: "add", bytes: 3 * WIDE, deep: true, run: |d, i| done(&add(d, &i.image, &i.image)?.samples) },
    Bench { name: "threshold", bytes: WIDE + NARROW, deep: true, run: |d, i| done(&threshold(d, &i.image, 9000.0)?.voxels) },
    Bench { name: "gaussian 2", bytes: 2 * WIDE, deep: true, run: |d, i| sigma(d, i, 2.0) },
    Bench { name: "gaussian 10", bytes: 2 * WIDE, deep: true, run: |d, i| sigma(d, i, 10.0) },
    Bench { name: "median 3x3", bytes: 2 * WIDE, deep: false, run: |d, i| done(&median(d, &i.image, [0, 1, 1])?.samples) },
    Bench { name: "median 5x5", bytes: 2 * WIDE, deep: false, run: |d, i| done(&median(d, &i.image, [0, 2, 2])?.samples) },
    Bench { name: "top-hat box 51", bytes: 2 * WIDE, deep: false, run: |d, i| done(&top_hat(d, &i.image, &Element::Box([0, 25, 25]))?.samples) },
    Bench { name: "top-hat disk 25", bytes: 2 * WIDE, deep: false, run: |d, i| done(&top_hat(d, &i.image, &Element::Ball([0.0, 25.0, 25.0]))?.samples) },
    Bench { name: "background", bytes: 2 * WIDE, deep: false, run: |d, i| done(&background(d, &i.image, &Background::of_diameter(20.0))?.samples) },
    Bench { name: "otsu", bytes: WIDE, deep: true, run: |d, i| choose(d, &i.image, &Method::Otsu, BinChoice::Unit).map(|_| ()) },
    Bench { name: "local mean 31", bytes: WIDE + NARROW, deep: false, run: |d, i| done(&local(d, &i.image, &Local { statistic: Statistic::Mean { offset: 0.0 }, window: [1, 31, 31] })?.voxels) },
    Bench { name: "fill holes", bytes: 2 * NARROW, deep: true, run: |d, i| done(&fill_holes(d, &i.mask)?.voxels) },
    Bench { name: "label", bytes: NARROW + WIDE, deep: true, run: |d, i| done(label(d, &i.mask, Connectivity::Full)?.voxels()) },
    Bench { name: "renumber", bytes: 2 * WIDE, deep: true, run: |d, i| done(renumber(d, &i.labels)?.voxels()) },
    Bench { name: "distance", bytes: NARROW + WIDE, deep: true, run: |d, i| done(&distance(d, &i.mask, [1; 3])?.samples) },
    Bench { name: "grow 8", bytes: 2 * WIDE, deep: true, run: |d, i| done(grow(d, &i.labels, 8.0, [1; 3])?.voxels()) },
    Bench { name: "propagate", bytes: 3 * WIDE + NARROW, deep: true, run: |d, i| done(propagate(d, &i.image, &i.seeds, &i.wide, Rule::Propagation { regularisation: 900.0 }, [1; 3])?.voxels()) },
    Bench { name: "watershed from markers", bytes: 3 * WIDE + NARROW, deep: true, run: |d, i| done(propagate(d, &i.image, &i.seeds, &i.wide, Rule::Watershed, [1; 3])?.voxels()) },
    Bench { name: "split", bytes: WIDE + NARROW + WIDE, deep: true, run: |d, i| done(split(d, &i.land, &i.mask, Depth::Relative { fraction: 0.1, typical_size: None })?.voxels()) },
    Bench { name: "landscape", bytes: WIDE + NARROW + WIDE, deep: false, run: |d, i| done(&landscape(d, &i.image, &i.mask, &sizes(20.0))?.samples) },
    Bench { name: "scale", bytes: WIDE, deep: false, run: |d, i| scale(d, &i.image, 1.0, [1; 3]).map(|_| ()) },
    Bench { name: "sums", bytes: 2 * WIDE, deep: true, run: |d, i| ops::sums::sums(d, &i.image, &i.labels).map(|_| ()) },
];

/// Cells 32 voxels apart, of two sizes, on a background that rises, with noise; always the same.
fn image(shape: Shape) -> Vec<i32> {
    let middle = |v: usize| (v % 32) as i32 - 16;
    let sample = |i: usize| {
        let [z, y, x] = shape.position(i);
        let noise = ((i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as i32 / 8;
        let cell = (x / 32 + 3 * (y / 32)) as i32;
        let r2 = middle(x).pow(2) + middle(y).pow(2) + if shape.is_flat() { 0 } else { middle(z).pow(2) };
        let radius = 8 + cell % 5;
        let bright = (radius * radius - r2).max(0) * 20_000 / (radius * radius);
        2000 + (3000 * x / shape.x) as i32 + bright + noise
    };
    (0..shape.len()).into_par_iter().map(sample).collect()
}

fn inputs(device: &Device, shape: Shape) -> Result<Inputs> {
    let image = Volume::new(shape, image(shape))?.to(device)?;
    let mask = threshold(device, &image, 9000.0)?;
    let labels = label(device, &mask, Connectivity::Full)?;
    let land = depth(device, &mask, &sizes(20.0))?;
    let seeds = label(device, &threshold(device, &image, 16_000.0)?, Connectivity::Full)?;
    let wide = threshold(device, &image, 4000.0)?;
    Ok(Inputs { image, mask, labels, land, seeds, wide })
}

/// The best of several runs.
fn best(mut run: impl FnMut() -> Result<()>) -> Result<Duration> {
    run()?;
    let (start, mut least, mut n) = (Instant::now(), Duration::MAX, 0);
    while n < 3 || (n < 15 && start.elapsed() < Duration::from_secs(1)) {
        let one = Instant::now();
        run()?;
        least = least.min(one.elapsed());
        n += 1;
    }
    Ok(least)
}

/// Bytes a second that a copy moves, read and written, with all threads.
fn bandwidth() -> Result<f64> {
    let (from, mut to) = (vec![1u32; 1 << 26], vec![2u32; 1 << 26]);
    let time = best(|| {
        to.par_chunks_mut(1 << 18).zip(from.par_chunks(1 << 18)).for_each(|(to, from)| to.copy_from_slice(from));
        Ok(())
    })?;
    Ok(std::hint::black_box(&to).len() as f64 * 8.0 / time.as_secs_f64())
}

/// The same of a card, by a kernel that reads two words and writes one.
fn bandwidth_of_card(device: &Device) -> Result<f64> {
    const TIMES: usize = 16;
    let shape = Shape::flat(4096, 4096);
    let image = Volume::new(shape, vec![1; shape.len()])?.to(device)?;
    let time = best(|| {
        let mut sum = add(device, &image, &image)?;
        for _ in 1..TIMES {
            sum = add(device, &image, &image)?;
        }
        done(&sum.samples)
    })?;
    Ok((TIMES * shape.len() * 3 * WIDE) as f64 / time.as_secs_f64())
}

/// Features of all objects: always on the host.
fn measures(i: &Inputs) -> Result<Duration> {
    let (image, labels) = (i.image.to_host()?, i.labels.to_host()?);
    let channel = ChannelRef::new("c", "au", &image);
    let (channels, families) = ([channel], [family("shape", "")?, family("intensity", "")?]);
    let request = Request { channels: &channels, families: &families, ..Request::new(&labels) };
    best(|| measure::objects(&request).map(|_| ()))
}

fn main() -> Result<()> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let device = match std::env::var("UPTAKE_DEVICE").as_deref() {
        Err(_) | Ok("cpu") => Device::Cpu,
        Ok("gpu") => Device::Gpu(Gpu::open(&AdapterChoice::Best)?),
        Ok(name) => Device::Gpu(Gpu::open(&AdapterChoice::Named(name.into()))?),
    };
    let copy = if matches!(device, Device::Cpu) { bandwidth()? } else { bandwidth_of_card(&device)? };
    println!("uptake {}, {}, {} threads", env!("CARGO_PKG_VERSION"), device.name(), rayon::current_num_threads());
    println!("copy, read and written: {:.1} GB/s\n", copy / 1e9);
    println!("| operation | size | ms | ns a voxel | share of the copy |");
    println!("|---|---|---|---|---|");
    let sizes = std::env::var("UPTAKE_SIZES").unwrap_or_else(|_| "1024,4096,8192,256".into());
    for size in sizes.split(',').filter_map(|s| s.parse::<usize>().ok()) {
        let deep = size < 1000;
        let shape = if deep { Shape::new(size, size, size) } else { Shape::flat(size, size) };
        let name = if deep { format!("{size}^3") } else { format!("{size}^2") };
        let inputs = inputs(&device, shape)?;
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
        let row = |what: &str, time: Duration, bytes: usize| {
            let (ms, n) = (time.as_secs_f64() * 1e3, shape.len() as f64);
            let share = 100.0 * n * bytes as f64 / copy / time.as_secs_f64();
            println!("| {what} | {name} | {ms:.2} | {:.2} | {share:.0} % |", ms * 1e6 / n);
        };
        for bench in BENCHES.iter().filter(|b| (b.deep || !deep) && is_wanted(b.name)) {
            row(bench.name, best(|| (bench.run)(&device, &inputs))?, bench.bytes);
        }
        if is_wanted("features") && !deep {
            row("features (shape, intensity)", measures(&inputs)?, 2 * WIDE);
        }
    }
    Ok(())
}
