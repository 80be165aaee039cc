//! Many images: found, scheduled within a memory budget, resumed, counted, and put together into tables.
//!
//! One bad file never stops a batch and never disappears: `inputs = ok + failed + skipped`. Rows stand in the order of the
//! image names, whatever finished first, so the number of jobs changes no byte of a table.

pub mod budget;
mod choice;
pub mod discover;
mod one;
mod out;
mod parts;
mod progress;
mod recipes;
mod record;
mod tables;

pub use budget::Bytes;
pub use parts::Part;
pub use recipes::Recipes;
pub use tables::features;

use crate::device::Device;
use crate::{Error, Result};
use discover::Item;
use one::{Record, Status};
use progress::Progress;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What a run is to do, apart from the recipe and the device.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Files, folders and globs.
    pub inputs: Vec<PathBuf>,
    /// Globs of paths in folders that are left alone.
    pub exclude: Vec<String>,
    /// Where everything is written.
    pub out: PathBuf,
    /// Images in work at once; chosen by the number of threads and images if absent.
    pub jobs: Option<usize>,
    /// Threads in all; as many as the machine has if absent.
    pub threads: Option<usize>,
    /// Memory for all images in work, in bytes; four fifths of what is free if absent.
    pub memory: Option<u64>,
    /// Go on where an earlier run stopped.
    pub resume: bool,
    /// Stop at the first image that fails.
    pub strict: bool,
    /// Leave it to each image whether the device or the CPU does it.
    pub auto: bool,
    /// Print errors only.
    pub quiet: bool,
    /// Tables as CSV.
    pub csv: bool,
    /// Tables as Parquet.
    pub parquet: bool,
    /// Write label images.
    pub labels: bool,
    /// Write overlays.
    pub overlays: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Images whose rows are in the tables.
    pub ok: usize,
    /// Images that could not be done; their reasons are in `images.csv`.
    pub failed: usize,
    /// Files that are no images, and images that a strict run did not reach.
    pub skipped: usize,
    /// Of the good ones, those taken over from an earlier run.
    pub resumed: usize,
    /// Wall clock.
    pub seconds: f64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { ok, failed, skipped, resumed, seconds } = self;
        write!(f, "done: {} inputs = {ok} ok + {failed} failed + {skipped} skipped, ", ok + failed + skipped)?;
        if *resumed > 0 {
            write!(f, "{resumed} of them from the run before, ")?;
        }
        write!(f, "in {seconds:.1} s")
    }
}

/// Runs recipes over the inputs and writes everything below `settings.out`.
///
/// # Errors
/// Nothing is found, the output folder cannot be used, or the tables cannot be written. What goes wrong with one image
/// is no error here: it stands in `images.csv` and in the summary.
pub fn run(settings: &Settings, recipes: &Recipes, device: &Device) -> Result<Summary> {
    let start = Instant::now();
    let items = discover::discover(&settings.inputs, &settings.exclude, &recipes.all())?;
    let out = out::Out::open(&settings.out, settings.resume)?;
    let threads =
        settings.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)).max(1);
    // A GPU is one: a few images keep it busy while others are read and measured.
    let most = if matches!(device, Device::Gpu(_)) { threads.min(4) } else { threads };
    let jobs = settings.jobs.unwrap_or(most).clamp(1, items.len());
    let memory = settings.memory.unwrap_or_else(|| budget::free_memory() / 5 * 4);
    let shop = one::Shop {
        settings,
        recipes,
        device,
        choice: choice::Choice::new(device, settings.auto),
        out: &out,
        store: parts::Store::new(&settings.out),
        budget: budget::Budget::new(memory),
        memory,
        progress: Progress::new(items.len(), settings.quiet),
    };
    let records = work(&shop, &items, jobs, threads)?;
    shop.progress.finish();
    pool(threads)?.install(|| tables::write(&shop, &items, &records))?;
    let count = |s: Status| records.iter().filter(|r| r.status == s).count();
    let summary = Summary {
        ok: count(Status::Ok),
        failed: count(Status::Failed),
        skipped: count(Status::Skipped),
        resumed: records.iter().filter(|r| r.resumed).count(),
        seconds: start.elapsed().as_secs_f64(),
    };
    record::write(&shop, &items, &records, &summary)?;
    Ok(summary)
}

fn pool(threads: usize) -> Result<rayon::ThreadPool> {
    let fail = |e| Error::limit(format!("cannot start {threads} threads: {e}")).remedy("--threads 1");
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(fail)
}

/// Hands the items to `jobs` workers, each with its share of the threads.
fn work(shop: &one::Shop, items: &[Item], jobs: usize, threads: usize) -> Result<Vec<Record>> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let records: Mutex<Vec<Option<Record>>> = Mutex::new(vec![None; items.len()]);
    let pools = (0..jobs).map(|_| pool((threads / jobs).max(1))).collect::<Result<Vec<_>>>()?;
    std::thread::scope(|scope| {
        for pool in &pools {
            let (next, stop, records) = (&next, &stop, &records);
            scope.spawn(move || {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(i) else { break };
                    let record = if stop.load(Ordering::Relaxed) {
                        Record::skipped("not reached: an image before it failed, and the run is strict")
                    } else {
                        pool.install(|| shop.do_safely(item))
                    };
                    if record.status == Status::Failed && shop.settings.strict {
                        stop.store(true, Ordering::Relaxed);
                    }
                    shop.progress.tell(item, &record);
                    if let Some(slot) = records.lock().unwrap_or_else(PoisonError::into_inner).get_mut(i) {
                        *slot = Some(record);
                    }
                }
            });
        }
    });
    let records = records.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(records.into_iter().map(|r| r.unwrap_or_else(|| Record::skipped("not reached"))).collect())
}
