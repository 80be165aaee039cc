//! A run: the images are found, done, and put together into tables.

use super::budget::{Budget, for_images};
use super::chooser::DeviceChooser;
use super::closing::{self, Closed};
use super::context::BatchContext;
use super::discover::{Images, discover};
use super::events::Event;
use super::head::Head;
use super::item::Item;
use super::ledger::Ledger;
use super::out::Out;
use super::parts::Store;
use super::pools::{at_most, pool};
use super::recipes::Recipes;
use super::record::Record;
use super::search::absolute;
use super::settings::Settings;
use super::shard::List;
use super::summary::{Summary, summary};
use super::{groups, machine, queue, redo, run_json, tables};
use crate::device::Device;
use crate::{Error, Result};
use std::time::Instant;

/// Runs recipes over the inputs and writes everything below `settings.out`.
///
/// # Errors
/// Nothing is found, the output folder cannot be used, or the tables cannot be written. What goes wrong with one image
/// is no error here: it stands in `images.csv` and in the summary.
pub fn run(settings: &Settings, recipes: &Recipes, device: &Device) -> Result<Summary> {
    let start = Instant::now();
    let threads = at_most("threads", settings.threads.unwrap_or_else(machine::threads))?;
    at_most("jobs", settings.jobs.unwrap_or(1))?;
    let pool = pool(threads)?;
    let Images { items, root, metadata, .. } = pool.install(|| discover(settings, recipes))?;
    groups::check(&recipes.all(), &metadata)?;
    let mut head = settings.head(recipes);
    (head.list, head.metadata) = (List::of(&items), metadata.clone());
    let items = head.shard.of(items);
    let kept = redo::kept(settings, recipes)?;
    let (out, earlier) = {
        let identities: Vec<_> = items.iter().map(Item::identity).collect();
        let (out, earlier) = Out::open(&settings.out, settings.existing, &identities)?;
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
    let context = BatchContext {
        settings,
        recipes,
        device,
        pool: &pool,
        chooser: DeviceChooser::new(device, settings.auto),
        out: &out,
        store: Store::new(&settings.out),
        ledger: Ledger::create(out.folder(), items.len())?,
        kept,
        budget: Budget::new(memory),
        metadata,
        places: [root, absolute(&settings.out)],
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
    context: BatchContext,
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
    let BatchContext { out, ledger, .. } = context;
    let images = run_json::write(out, head, ledger, summary, None)?;
    if summary.stopped.is_none() {
        summary.removed = out.remove_stale()?;
        closing::close(out.folder(), &Closed::new(head, summary, images))?;
    }
    Ok(())
}

/// The tables could not be written, but no image is lost.
fn unfinished(e: Error, summary: &Summary) -> Error {
    let what = format!("{}; {} images are finished and kept, but are in no table yet", e.what, summary.ok);
    Error { what, ..e }.remedy("free some space, then run again with --resume")
}
