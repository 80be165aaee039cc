//! Many images: found, scheduled within a memory budget, resumed, counted, and put together into tables.
//!
//! One bad file never stops a batch and never disappears: `inputs = ok + failed + skipped`. Rows stand in the order of the
//! image names, whatever finished first, so the number of jobs changes no byte of a table.

mod belong;
pub mod budget;
mod chooser;
mod claims;
mod clock;
mod closing;
pub mod discover;
mod earlier;
mod estimate;
mod events;
mod failures;
mod files;
mod head;
mod ledger;
mod listing;
mod machine;
mod masks;
mod merge;
mod metadata;
mod names;
mod one;
mod out;
mod parts;
mod plan;
mod queue;
mod reading;
mod recipes;
mod record;
mod redo;
mod run_json;
mod search;
mod shard;
mod sheet;
mod stop;
mod survey;
mod tables;

pub use budget::Bytes;
pub use clock::now as utc_now;
pub use events::{Event, ImageEnded, Observer};
pub use failures::Failures;
pub use head::{Head, Outputs, RecipeText};
pub use merge::{Merge, merge};
pub use out::Existing;
pub use plan::{Plan, plan};
pub use recipes::Recipes;
pub use record::{Stage, Status};
pub use redo::{Failed, failed, failed_images};
pub use search::NOT_IMAGES;
pub use shard::{List, Shard};
pub use stop::{Reason, Stop};
pub use survey::{NotRead, Seen, survey};
pub use tables::features;

use crate::device::Device;
use crate::{Error, Result};
use closing::Closed;
use discover::{Images, Item};
use ledger::Ledger;
use one::Context;
use record::Record;
use std::path::PathBuf;
use std::time::Instant;

/// What a run is to do, apart from the recipe and the device.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files, folders and globs.
    pub inputs: Vec<PathBuf>,
    /// A sample sheet: what images are of, and changes of the recipe for single ones.
    pub sheet: Option<PathBuf>,
    /// Globs of paths in folders that are left alone.
    pub exclude: Vec<String>,
    /// Where everything is written.
    pub out: PathBuf,
    /// What becomes of results that are there already.
    pub existing: Existing,
    /// Images in work at once; chosen by the number of threads and images if absent.
    pub jobs: Option<usize>,
    /// Threads in all; as many as the machine has if absent.
    pub threads: Option<usize>,
    /// Memory for the whole program, in bytes; four fifths of what is free if absent.
    pub memory: Option<u64>,
    /// Stop at the first image that fails.
    pub strict: bool,
    /// Leave it to each image whether the device or the CPU does it.
    pub auto: bool,
    /// The share of the images to do; all of them if absent.
    pub shard: Option<Shard>,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// Who is told what happens.
    pub observer: Observer,
    /// Tables as CSV.
    pub csv: bool,
    /// Tables as Parquet.
    pub parquet: bool,
    /// Write label images.
    pub labels: bool,
    /// Write overlays.
    pub overlays: bool,
    /// Longest side of an overlay in pixels; [`LONGEST`](crate::write::LONGEST) if absent.
    pub overlay_size: Option<usize>,
    /// Asks the run to end early.
    pub stop: Stop,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Images whose rows are in the tables.
    pub ok: usize,
    /// Images that could not be done; their reasons are in `images.csv`.
    pub failed: usize,
    /// Files that are no images, and images that the run did not reach.
    pub skipped: usize,
    /// Of the good ones, those taken over from an earlier run.
    pub resumed: usize,
    /// Things that the user should look at, in all images together.
    pub warnings: usize,
    /// Files of an earlier run that went because nothing of this one stands for them.
    pub removed: usize,
    /// Why it ended early, if it did.
    pub stopped: Option<Reason>,
    /// The failed ones by kind, the most frequent first.
    pub failures: Vec<Failures>,
    /// The images that took longest, with their seconds.
    pub slowest: Vec<(String, f64)>,
    /// Wall clock.
    pub seconds: f64,
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Summary { ok, failed, skipped, resumed, seconds, .. } = self;
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
    let threads = at_most("threads", settings.threads.unwrap_or_else(machine::threads))?;
    at_most("jobs", settings.jobs.unwrap_or(1))?;
    let pool = queue::pool(threads)?;
    let Images { items, root, metadata, .. } = pool.install(|| discover::discover(settings, recipes))?;
    let mut head = Head::new(settings, recipes);
    (head.list, head.metadata) = (List::of(&items), metadata.clone());
    let items = head.shard.of(items);
    let kept = redo::kept(settings, recipes)?;
    let (out, earlier) = {
        let identities: Vec<_> = items.iter().map(Item::identity).collect();
        let (out, earlier) = out::Out::open(&settings.out, settings.existing, &identities)?;
        (out, earlier.is_some())
    };
    // A GPU is one: a few images keep it busy while others are read and measured.
    let most = if matches!(device, Device::Gpu(_)) { threads.min(4) } else { threads };
    let jobs = settings.jobs.unwrap_or(most).clamp(1, items.len().max(1));
    let memory = for_images(settings.memory)?;
    (head.threads, head.jobs, head.memory) = (threads, jobs, memory);
    (head.device, head.root) = (device.name(), root.to_string_lossy().into_owned());
    closing::begin(out.folder(), &head)?;
    if earlier && !settings.existing.keeps() {
        let folder = settings.out.display();
        settings.observer.note(&format!("note: the results of an earlier run in {folder} are replaced"));
    }
    let context = Context {
        settings,
        recipes,
        device,
        pool: &pool,
        chooser: chooser::DeviceChooser::new(device, settings.auto),
        out: &out,
        store: parts::Store::new(&settings.out),
        ledger: Ledger::create(out.folder(), items.len())?,
        kept,
        budget: budget::Budget::new(memory),
        metadata,
        places: [root, search::absolute(&settings.out)],
    };
    settings.observer.tell(Event::Begun { head: &head, images: items.len(), out: &settings.out });
    let records = queue::work(&context, &items, jobs)?;
    let mut summary = summary(&items, &records);
    summary.stopped = settings.stop.reason();
    finish(context, &items, &records, &head, &mut summary, start).map_err(|e| unfinished(e, &summary))?;
    settings.observer.tell(Event::Ended(&summary));
    Ok(summary)
}

/// Writes the tables and the record of the run, and closes it if it reached all images.
fn finish(
    context: Context,
    items: &[Item],
    records: &[Record],
    head: &Head,
    summary: &mut Summary,
    start: Instant,
) -> Result<()> {
    context.pool.install(|| tables::write(&context, items, records))?;
    if summary.stopped.is_none() {
        context.store.remove_all_but(&records.iter().filter_map(|r| r.key.as_deref()).collect());
    }
    summary.seconds = start.elapsed().as_secs_f64();
    let Context { out, ledger, .. } = context;
    let images = run_json::write(out, head, ledger, summary, None)?;
    if summary.stopped.is_none() {
        summary.removed = out.remove_stale()?;
        closing::close(out.folder(), &Closed::new(head, summary, images))?;
    }
    Ok(())
}

/// So many of the slowest images are named.
const SLOWEST: usize = 5;

fn summary(items: &[Item], records: &[Record]) -> Summary {
    let count = |s: Status| records.iter().filter(|r| r.status == s).count();
    let mut failures = failures::Counter::default();
    let mut slowest: Vec<(&str, f64)> = Vec::new();
    for (item, record) in items.iter().zip(records) {
        if let (Status::Failed, Some(reason)) = (record.status, &record.reason) {
            failures.add(failures::code(reason), record.stage, &item.name);
        }
        if record.seconds > 0.0 && !record.resumed {
            let at = slowest.partition_point(|(_, seconds)| *seconds >= record.seconds);
            slowest.insert(at, (&item.name, record.seconds));
            slowest.truncate(SLOWEST);
        }
    }
    Summary {
        ok: count(Status::Ok),
        failed: count(Status::Failed),
        skipped: count(Status::Skipped),
        resumed: records.iter().filter(|r| r.resumed).count(),
        warnings: records.iter().map(|r| r.warnings).sum(),
        failures: failures.all(),
        slowest: slowest.into_iter().map(|(image, seconds)| (image.to_owned(), seconds)).collect(),
        ..Summary::default()
    }
}

/// The tables could not be written, but no image is lost.
fn unfinished(e: Error, summary: &Summary) -> Error {
    let what = format!("{}; {} images are finished and kept, but are in no table yet", e.what, summary.ok);
    Error { what, ..e }.remedy("free some space, then run again with --resume")
}

fn at_most(what: &str, n: usize) -> Result<usize> {
    if n <= machine::MOST_THREADS {
        return Ok(n.max(1));
    }
    let (most, have) = (machine::MOST_THREADS, machine::threads());
    Err(Error::usage(format!("--{what} {n}: at most {most}")).remedy(format!("--{what} {have}, as this machine has")))
}

/// What of the memory that the whole program may take is left for images.
fn for_images(memory: Option<u64>) -> Result<u64> {
    let itself = machine::resident_memory();
    let Some(all) = memory else { return Ok(machine::free_memory() / 5 * 4) };
    // Below this nothing of use can be done.
    let least = itself + (16 << 20);
    if all >= least {
        return Ok(all - itself);
    }
    let what = format!("--memory {}: the program alone takes {}", Bytes(all), Bytes(itself));
    // Twice: it may take a little more next time.
    Err(Error::usage(what).remedy(format!("--memory {}", Bytes((2 * least).next_multiple_of(64 << 20)))))
}
