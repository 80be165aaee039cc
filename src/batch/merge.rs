//! The shards of a run, put together into the folder that one run over all images would have made.
//!
//! What was kept of each image goes over as it is, so the tables are written by the same code from the same parts in the
//! same order. Files are linked where the file system can (they take no second place on the disk), else copied. A merged
//! folder is the folder of a finished run: it can be resumed.

use super::belong::{self, Finished};
use super::closing::{self, Closed};
use super::context::BatchContext;
use super::earlier::Existing;
use super::events::Observer;
use super::head::{Head, RecipeText};
use super::ledger::{self, Entry, Ledger};
use super::marker::MARKER;
use super::out::Out;
use super::parts::Store;
use super::pools::pool;
use super::record::Status;
use super::run_json::{Merged, ShardRun};
use super::settings::Settings;
use super::shard::Shard;
use super::stop::Stop;
use super::summary::{self, Summary};
use super::{budget, chooser, left_tables, machine, own_files, run_json, search};
use crate::{Error, Result};
use rayon::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Images that are gone over at a time, by all threads: no more of the lists is in memory.
const BLOCK: usize = 4096;

/// What is to be put together.
#[derive(Clone, Debug, Default)]
pub struct Merge {
    /// The folders of all shards, in any order.
    pub shards: Vec<PathBuf>,
    /// Where everything goes.
    pub out: PathBuf,
    /// Replace results of other images there.
    pub overwrite: bool,
    /// Leave label images and overlays in the folders of the shards.
    pub only_tables: bool,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// Who is told what happens.
    pub observer: Observer,
}

/// Puts the shards of a run together.
///
/// # Errors
/// They do not belong together, are missing, not finished or damaged, or the results cannot be written.
pub fn merge(merge: &Merge) -> Result<Summary> {
    let start = Instant::now();
    let shards = belong::shards(&merge.shards)?;
    let Some(first) = shards.first().map(|s| &s.closed.head) else { return Ok(Summary::default()) };
    let out = search::absolute(&merge.out);
    if let Some(shard) = shards.iter().find(|s| search::absolute(&s.folder) == out) {
        return Err(Error::usage("is one of the shards").at(&shard.folder).remedy("another --out"));
    }
    let names = entries(&shards)?.map(|e| e.map(|e| (e.image, e.place))).collect::<Result<Vec<_>>>()?;
    let identities = names.iter().cloned();
    let existing = if merge.overwrite { Existing::Overwrite } else { Existing::Same };
    let settings = settings(merge, first, existing);
    let recipes = RecipeText::parse(&first.recipes)?;
    own_files::none_is_changed(&merge.out)?;
    let (out, _) = Out::open(&merge.out, existing, identities)?;
    let head = head(first, &settings);
    closing::begin(out.folder(), &head)?;
    let pool = pool(head.threads)?;
    shards.iter().try_for_each(|s| copy_all(&parts(&s.folder), &parts(out.folder())))?;
    let store = Store::new(&merge.out);
    let stores: Vec<Store> = shards.iter().map(|s| Store::new(&s.folder)).collect();
    let ledger = Ledger::create(out.folder(), names.len())?;
    let mut entries = entries(&shards)?;
    for begin in (0..names.len()).step_by(BLOCK) {
        let block = entries.by_ref().take(BLOCK).collect::<Result<Vec<_>>>()?;
        let one = |(i, entry): (usize, &Entry)| {
            let shard = (begin + i) % shards.len();
            gather((&shards[shard], &stores[shard]), entry, (&out, &store), merge.only_tables).err()
        };
        if let Some(e) = pool.install(|| block.par_iter().enumerate().find_map_first(one)) {
            return Err(e);
        }
        block.iter().enumerate().for_each(|(i, entry)| ledger.add(begin + i, entry));
    }
    let ended = ledger.close()?;
    let context = BatchContext {
        settings: &settings,
        recipes: &recipes,
        pool: &pool,
        chooser: chooser::DeviceChooser::new(vec![]),
        out: &out,
        store,
        kept: super::kept::Kept::default(),
        metadata: first.metadata.clone(),
        budget: budget::Budget::new(0),
        places: [PathBuf::from(&first.root), search::absolute(&merge.out)],
    };
    let tables = pool.install(|| left_tables::write(&context, &head, &ended, None))?;
    context.store.remove_all_but(ended.parts()?)?;
    let mut summary = summary::summary(ended.entries()?)?;
    summary.warnings += tables.alike;
    summary.seconds = start.elapsed().as_secs_f64();
    let merged = Merged { command: merge.command.clone(), shards: shards.iter().map(shard_run).collect() };
    let images = run_json::write(&out, &head, ended, &summary, Some(&merged))?;
    summary.removed = out.remove_stale()?;
    closing::close(out.folder(), &Closed::new(&head, &summary, images, tables))?;
    Ok(summary)
}

/// What one run over all images would have been asked for.
fn settings(merge: &Merge, first: &Head, existing: Existing) -> Settings {
    let outputs = &first.outputs;
    Settings {
        out: merge.out.clone(),
        existing,
        csv: outputs.csv,
        parquet: outputs.parquet,
        // What stays elsewhere is not missed when the run is resumed.
        labels: outputs.labels && !merge.only_tables,
        overlays: outputs.overlays && !merge.only_tables,
        overlay_size: outputs.overlay_size,
        stop: Stop::default(),
        observer: merge.observer.clone(),
        ..Settings::default()
    }
}

/// The run that the shards are of: its command line is that of the first one.
fn head(first: &Head, settings: &Settings) -> Head {
    let mut head = first.clone();
    let threads = machine::threads();
    (head.shard, head.threads, head.jobs, head.memory) = (Shard::WHOLE, threads, threads, 0);
    (head.start, head.host) = (super::clock::now(), machine::host());
    (head.process, head.outputs) = (std::process::id(), settings.outputs());
    head.folder = std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned();
    head
}

/// What became of all images, in the order of one run: the shards take turns.
fn entries(shards: &[Finished]) -> Result<impl Iterator<Item = Result<Entry>>> {
    let all = shards.first().map_or(0, |s| s.closed.head.list.images);
    let mut lists = shards.iter().map(|s| ledger::entries(&s.folder)).collect::<Result<Vec<_>>>()?;
    Ok((0..all).map(move |i| {
        let shard = i % shards.len();
        lists[shard].next().unwrap_or_else(|| Err(shards[shard].damaged("its list of images is too short".into())))
    }))
}

/// Sees that what is kept of an image is whole, in the shard and where it was taken to, and takes its files over.
fn gather(
    (shard, from): (&Finished, &Store),
    entry: &Entry,
    (out, to): (&Out, &Store),
    only_tables: bool,
) -> Result<()> {
    let (Status::Ok, Some(key)) = (entry.status, &entry.part) else { return Ok(()) };
    let image = &entry.image;
    let part = from.look(key).filter(|_| to.look(key).is_some());
    let part = part.ok_or_else(|| shard.damaged(format!("what was kept of {image} is damaged or gone")))?;
    for file in part.files.iter().filter(|_| !only_tables) {
        if !file.is_whole(&shard.folder) {
            return Err(shard.damaged(format!("{}, of {image}, is not as it was written", file.below)));
        }
        take_over(&shard.folder.join(&file.below), &out.path(&file.below)?)?;
    }
    Ok(())
}

fn parts(out: &Path) -> PathBuf {
    out.join(MARKER).join("parts")
}

/// All files of a folder, which has no others inside; it need not be there.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        take_over(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Links a file, or copies it where links cannot be. Files of one name hold the same.
fn take_over(from: &Path, to: &Path) -> Result<()> {
    let refused = |e: std::io::Error| crate::write::Draft::refused("write", &e, to);
    if to.exists() {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(refused)?;
    }
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let mut file = fs::File::open(from).map_err(|e| Error::from(e).at(from))?;
    let mut draft = crate::write::Draft::create(to)?;
    std::io::copy(&mut file, &mut draft).map_err(|e| draft.error(&e))?;
    draft.commit()
}

fn shard_run(shard: &Finished) -> ShardRun {
    let Closed { head, seconds, .. } = &shard.closed;
    ShardRun {
        shard: head.shard,
        folder: shard.folder.to_string_lossy().into_owned(),
        host: head.host.clone(),
        device: head.device.clone(),
        start: head.start.clone(),
        seconds: *seconds,
    }
}
