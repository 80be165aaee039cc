//! A run: the images are found, done, and put together into tables.

use super::budget::{Budget, for_images};
use super::chooser::DeviceChooser;
use super::closing::{self, Closed, LeftTables};
use super::context::BatchContext;
use super::device::DeviceChoice;
use super::discover::{Images, discover};
use super::earlier::Existing;
use super::events::Event;
use super::head::Head;
use super::item_list::ItemList;
use super::kept::Kept;
use super::ledger::{Ended, Ledger};
use super::out::Out;
use super::parts::Store;
use super::pools::{at_most, pool};
use super::recipes::Recipes;
use super::search::absolute;
use super::settings::Settings;
use super::shard::List;
use super::summary::{Summary, summary};
use super::waiting::Waiting;
use super::{
    centres, controls, cutoffs, globs, groups, left_tables, machine, own_files, plates, queue, redo, run_json, written,
};
use crate::device::Device;
use crate::{Error, Kind, Result};
use std::time::Instant;

/// Runs recipes over the inputs and writes everything below `settings.out`.
///
/// # Errors
/// Nothing is found, the output folder cannot be used, or the tables cannot be written. What goes wrong with one image
/// is no error here: it stands in `images.csv` and in the summary.
pub fn run(settings: &Settings, recipes: &Recipes, device: &DeviceChoice) -> Result<Summary> {
    let start = Instant::now();
    let threads = at_most("threads", settings.threads.unwrap_or_else(machine::threads))?;
    at_most("jobs", settings.jobs.unwrap_or(1))?;
    let mut gpus = device.open(recipes, threads)?;
    let pool = pool(threads)?;
    let mut images = pool.install(|| discover(settings, recipes))?;
    check(settings, recipes, &images)?;
    if settings.memory.is_some() {
        // What their drivers take is part of the memory that the program may take.
        gpus.iter().try_for_each(|gpu| gpu.device().map(|_| ()))?;
    }
    let memory = for_images(settings.memory)?;
    let recipes = pool.install(|| controls::resolve(recipes, &images, memory, &|note| settings.observer.note(note)))?;
    let recipes = centres::resolve(&recipes)?;
    cutoffs::resolve(settings, &recipes, &mut images, (memory, &pool))?;
    let (recipes, Images { items, root, metadata, .. }) = (&*recipes, images);
    let mut head = settings.head(recipes);
    (head.list, head.metadata) = (List::of(&items), metadata.clone());
    let items = items.share(head.shard);
    gpus.extend(device.open_for(&items, recipes, threads));
    head.auto = matches!(device, DeviceChoice::Auto);
    head.device = match head.auto && !gpus.is_empty() {
        true => "auto".into(),
        false => name_of(&gpus.iter().map(|gpu| Ok(gpu.adapter()?.name.clone())).collect::<Result<Vec<_>>>()?),
    };
    let (out, kept) = open_folder(settings, recipes, &items)?;
    let waiting = Waiting::create(out.folder(), &items)?;
    drop(items);
    let jobs = settings.jobs.unwrap_or(threads).clamp(1, waiting.len().max(1));
    (head.threads, head.jobs, head.memory) = (threads, jobs, memory);
    head.root = root.to_string_lossy().into_owned();
    // One that is damaged or of an older version leaves nothing.
    let left = closing::closed(out.folder()).ok().flatten().filter(|_| settings.existing.keeps()).map(|c| c.tables);
    closing::begin(out.folder(), &head)?;
    let context = BatchContext {
        settings,
        recipes,
        pool: &pool,
        chooser: match head.auto {
            true => DeviceChooser::auto(gpus.pop(), learned_by(&head)),
            false => DeviceChooser::new(gpus),
        },
        out: &out,
        store: Store::new(&settings.out),
        kept,
        budget: Budget::new(memory),
        metadata,
        places: [root, absolute(&settings.out)],
    };
    do_images(&context, &waiting, head, left, start)
}

/// What is known of the images fits what the recipes want of them.
fn check(settings: &Settings, recipes: &Recipes, images: &Images) -> Result<()> {
    groups::check(&recipes.all(), &images.metadata)?;
    groups::check_volumes(&recipes.all(), &images.metadata, &images.items)?;
    globs::check(recipes, images)?;
    let mut notes = plates::check(&recipes.all(), &images.metadata, &images.items)?;
    notes.extend(written::notes(&recipes.all(), &images.metadata, &images.items));
    notes.iter().for_each(|note| settings.observer.note(note));
    Ok(())
}

/// The folder of the results, and the images that are kept there without a look at their files.
fn open_folder(settings: &Settings, recipes: &Recipes, items: &ItemList) -> Result<(Out, Kept)> {
    let only_failed = settings.existing == Existing::OnlyFailed;
    if only_failed {
        redo::check(settings, recipes)?;
    }
    own_files::check(settings, recipes, items)?;
    let (out, earlier) = Out::open(&settings.out, settings.existing, items.iter().map(|item| item.identity()))?;
    let kept = if only_failed { Kept::take(out.folder())? } else { Kept::default() };
    if !only_failed {
        Kept::forget(out.folder());
    }
    if earlier && !settings.existing.keeps() {
        let folder = settings.out.display();
        settings.observer.note(&format!("note: the results of an earlier run in {folder} are replaced"));
    }
    Ok((out, kept))
}

/// Does the images, puts the tables together, and closes the run.
fn do_images(
    context: &BatchContext,
    waiting: &Waiting,
    mut head: Head,
    left: Option<LeftTables>,
    start: Instant,
) -> Result<Summary> {
    let (observer, out) = (&context.settings.observer, &context.settings.out);
    observer.tell(Event::Begun { head: &head, images: waiting.len(), out });
    let ledger = Ledger::create(context.out.folder(), waiting.len())?;
    let finished = queue::work(context, waiting, head.jobs, &ledger)?;
    if head.auto {
        head.device = name_of(&context.chooser.names());
        context.chooser.save();
    }
    let closed = ledger.close().and_then(|ended| close(context, ended, &head, left, start));
    let summary = closed.map_err(|e| unfinished(e, finished))?;
    observer.tell(Event::Ended(&summary));
    Ok(summary)
}

/// The GPUs, or else the CPU.
fn name_of(gpus: &[String]) -> String {
    if gpus.is_empty() { Device::Cpu.name() } else { gpus.join(", ") }
}

/// All that the time of an image depends on, beside its size and the GPU.
fn learned_by(head: &Head) -> Vec<String> {
    let recipes = head.recipes.iter().map(|recipe| recipe.sha256.clone());
    recipes.chain([head.build.clone(), head.threads.to_string(), head.jobs.to_string()]).collect()
}

/// Writes the tables and the record of the run, and closes it if it reached all images.
fn close(
    context: &BatchContext,
    ended: Ended,
    head: &Head,
    left: Option<LeftTables>,
    start: Instant,
) -> Result<Summary> {
    let mut summary = summary(ended.entries()?)?;
    summary.stopped = context.stop().reason();
    summary.gpu = context.chooser.counters();
    let tables = context.pool.install(|| left_tables::write(context, head, &ended, left))?;
    summary.warnings += tables.alike;
    // A run that kept nothing has none but its own.
    if summary.stopped.is_none() && context.settings.existing.keeps() {
        context.store.remove_all_but(ended.parts()?)?;
    }
    summary.seconds = start.elapsed().as_secs_f64();
    let images = run_json::write(context.out, head, ended, &summary, None)?;
    if summary.stopped.is_none() {
        summary.removed = context.out.remove_stale()?;
        Kept::forget(context.out.folder());
        closing::close(context.out.folder(), &Closed::new(head, &summary, images, tables))?;
    }
    Ok(summary)
}

/// The tables could not be written, but no image is lost.
fn unfinished(e: Error, finished: usize) -> Error {
    let what = format!("{}; {finished} images are finished and kept, but are in no table yet", e.what);
    let e = Error { what, ..e };
    match (e.kind, &e.remedy) {
        (Kind::Io | Kind::Full, _) => e.remedy("free some space, then run again with --resume"),
        (_, None) => e.remedy("run again with --resume once that is changed"),
        (_, Some(_)) => e,
    }
}
