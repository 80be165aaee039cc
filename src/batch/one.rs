//! One image of a batch: looked at, read, run, set down; whatever happens, a record comes back.
//!
//! What costs time runs in the pool of all threads. What waits (for memory) does so outside of it, holding nothing: a thread
//! of the pool that waited could be the one that the others wait for.

use super::budget::{More, Share};
use super::context::BatchContext;
use super::estimate::Rows;
use super::files::{self, LabelFiles};
use super::guard::guarded;
use super::hash::Hashed;
use super::item::{Item, Task};
use super::late::KnownOfScan;
use super::outputs::GeoJsonFiles;
use super::parts::{Ending, IMAGES, PartWriter, Written, key};
use super::pools::Pools;
use super::record::{NOT_FINISHED, Record, Stage, Status};
use super::stop::Reason;
use super::{reading, references};
use crate::device::Device;
use crate::image::Scan;
use crate::pipeline::{self, External, InMemory, Outcome};
use crate::profile::stage;
use crate::read::{self, Extent};
use crate::recipe::Recipe;
use crate::table::arrow;
use crate::{Error, Kind, Result};
use std::path::Path;
use std::time::Instant;

/// What was asked for, or what it needs and cannot have now: once more, with that.
type OrAgain<T> = std::result::Result<T, Again>;

/// How to begin an image again.
struct Again {
    /// With so many bytes.
    bytes: u64,
    /// With these channels in memory alone: with its rows they do not all fit.
    in_turn: Option<InMemory>,
}

/// An image that was read, and what is to be done with it.
struct Given<'a> {
    item: &'a Item,
    recipe: &'a Recipe,
    scan: &'a Scan,
    external: &'a External,
    extent: &'a Extent,
    in_memory: Option<&'a InMemory>,
    key: &'a str,
}

/// What was found and measured; the rows of the objects are in the part already.
struct Measured<'a> {
    outcome: Outcome,
    part: PartWriter<'a>,
    geojson: GeoJsonFiles,
}

/// What is known of an image before it is read.
struct Looked {
    options: read::Options,
    extent: Extent,
    /// The channels that are in memory, if not all of them fit.
    in_memory: Option<InMemory>,
    label_files: LabelFiles,
    /// Its files as they were then.
    before: Vec<files::State>,
    /// The hashes of its files, once they are made.
    hashes: Option<Vec<Hashed>>,
}

impl Looked {
    fn hash(&self, item: &Item, root: &Path) -> Result<Vec<Hashed>> {
        stage("hash", "", || files::hashes(item, &self.extent, &self.label_files, root))
    }

    /// The files are as they were.
    fn unchanged(&self) -> Result<()> {
        if files::state(&self.extent.files) == self.before {
            return Ok(());
        }
        Err(Error::io("the file changed while it was read").remedy("run again with --resume once it is whole"))
    }
}

impl BatchContext<'_> {
    /// Does an image.
    pub fn do_safely(&self, item: &Item, pools: &Pools) -> Record {
        let start = Instant::now();
        let mut record = Record::blank();
        let done = match &item.task {
            Task::Skip(reason) => return Record::skipped(reason),
            Task::Fail(e) => Err((**e).clone()),
            Task::Measure => guarded(|| self.do_item(item, pools, &mut record)),
        };
        if let Err(mut e) = done {
            if e.kind == Kind::Full {
                self.stop().ask(Reason::DiskFull);
            }
            record = match e.kind {
                Kind::Stopped => Record::skipped(&format!("{NOT_FINISHED}: {}", e.what)),
                _ if reading::is_no_image(item, &e) => Record::skipped(&self.reason(&e)),
                _ => self.failed(item, &mut e, record),
            };
            record.error = Some(Box::new(e.at(&item.name)));
        }
        record.seconds = start.elapsed().as_secs_f64();
        record
    }

    /// The record of an image that failed, with all that was known of it, and whose scan it is, where the recipe has columns for that.
    /// What made the program panic is not read again.
    fn failed(&self, item: &Item, e: &mut Error, mut record: Record) -> Record {
        let mut read = std::mem::take(&mut record.read);
        *e = read.told_in(e.clone());
        if e.kind != Kind::Internal && self.recipes.of(item).is_ok_and(|r| r.body.has_suv()) {
            read.add(reading::identity(item));
        }
        let warning = Some(read.warnings.join("; ")).filter(|words| !words.is_empty());
        let (status, reason, warnings) = (Status::Failed, Some(self.reason(e)), read.warnings.len());
        Record { status, reason, known: read.cells, warning, warnings, ..record }
    }

    /// The words of a table.
    fn reason(&self, e: &Error) -> String {
        reading::without_places(&e.reason(), &self.places)
    }

    fn do_item(&self, item: &Item, pools: &Pools, record: &mut Record) -> Result<()> {
        record.stage = Stage::Examine;
        let recipe = &*self.recipes.of(item)?;
        if self.is_kept(item, recipe, record) {
            return Ok(());
        }
        let label_files = files::labels(item, recipe)?;
        references::check(item)?;
        let options = reading::options(recipe, self.budget.bytes());
        let extent = pools.of(0).install(|| reading::examine(item, &options))?;
        let pool = pools.of(extent.shape.len());
        let in_memory = reading::in_memory(&extent, recipe, self.budget.bytes());
        // Groups of channels may be as small as need be, as long as nothing is known of rows.
        let least = Rows::default();
        let (mut need, _) = reading::need(&extent, recipe, in_memory.as_ref(), &least, 0);
        record.stage = Stage::Memory;
        self.budget.check(need).map_err(|e| e.remedy(self.enough(need)))?;
        let mut looked = Looked { options, extent, in_memory, label_files, before: vec![], hashes: None };
        looked.before = files::state(&looked.extent.files);
        // Reading waits for the hashes only where they may show that there is nothing to do.
        if self.settings.existing.keeps() && pool.install(|| self.is_done(item, recipe, &mut looked, record))? {
            return Ok(());
        }
        loop {
            self.stop().check()?;
            record.stage = Stage::Memory;
            let share = self.budget.take(need, self.stop())?;
            match pool.install(|| self.attempt(item, recipe, &mut looked, share, record))? {
                Ok(()) => return Ok(()),
                Err(again) => {
                    need = again.bytes;
                    looked.in_memory = again.in_turn.or(looked.in_memory);
                }
            }
        }
    }

    /// A budget that an image fits into: the remedy. Rows of its objects come on top of what a header tells.
    fn enough(&self, need: u64) -> String {
        let need = need + need / 16;
        let overhead = self.settings.memory.unwrap_or(0).saturating_sub(self.budget.bytes());
        let whole = (need + overhead).next_multiple_of(if need > 1 << 30 { 1 << 30 } else { 64 << 20 });
        format!("--memory {}", super::budget::Bytes(whole))
    }

    /// The image was finished by the run of which only the failed ones are done again, with the same changes of its recipe, and its
    /// results are there.
    fn is_kept(&self, item: &Item, recipe: &Recipe, record: &mut Record) -> bool {
        let Some(entry) = self.kept.get(&item.name).filter(|entry| entry.set[..] == *item.settings) else {
            return false;
        };
        let Some(key) = &entry.part else { return false };
        let Some(part) = self.store.look(key) else { return false };
        let wanted = self.all_outputs(item, recipe, &part.counts());
        let is_there = |f: &Written, below: &String| f.below == *below && f.is_there(self.out.folder());
        if !wanted.iter().all(|below| part.files.iter().any(|f| is_there(f, below))) {
            return false;
        }
        self.take_over(&wanted, key.clone(), part, entry.files, record);
        true
    }

    /// What was done of the image before stays as it is.
    fn take_over(&self, files: &[String], key: String, part: Ending, hashes: Vec<Hashed>, record: &mut Record) {
        files.iter().for_each(|below| self.out.keep(below));
        record.has(part);
        (record.key, record.hashes, record.resumed) = (Some(key), hashes, true);
    }

    /// The image is finished already: its part and all its files are there and whole.
    fn is_done(&self, item: &Item, recipe: &Recipe, looked: &mut Looked, record: &mut Record) -> Result<bool> {
        let hashes = looked.hash(item, self.root())?;
        let key = self.key(item, recipe, &hashes);
        let whole = |f: &Written, below: &String| f.below == *below && f.is_whole(self.out.folder());
        let part = self.store.look(&key).map(|part| (self.all_outputs(item, recipe, &part.counts()), part));
        let part = part.filter(|(wanted, part)| wanted.iter().all(|below| part.files.iter().any(|f| whole(f, below))));
        let Some((wanted, ending)) = part else {
            looked.hashes = Some(hashes);
            return Ok(false);
        };
        self.take_over(&wanted, key, ending, hashes, record);
        Ok(true)
    }

    fn key(&self, item: &Item, recipe: &Recipe, hashes: &[Hashed]) -> String {
        key(&item.name, hashes, recipe, self.overlay_size())
    }

    /// Reads, runs and sets down, within a share of the memory.
    fn attempt(
        &self,
        item: &Item,
        recipe: &Recipe,
        looked: &mut Looked,
        mut share: Share,
        record: &mut Record,
    ) -> Result<OrAgain<()>> {
        record.stage = Stage::Read;
        let known = looked.hashes.take();
        let hash = || known.map_or_else(|| looked.hash(item, self.root()), Ok);
        let read = || reading::open(item, &looked.options, looked.in_memory.as_ref());
        let (hashes, scan) = rayon::join(hash, || stage("read", "", read));
        let (hashes, mut scan) = (hashes?, scan?);
        looked.unchanged()?;
        let Looked { options, extent, label_files, in_memory, .. } = &*looked;
        references::read(item, &mut scan, options)?;
        scan.warnings.extend(item.warnings.iter().cloned());
        record.read = KnownOfScan::of(&scan);
        record.stage = Stage::Regions;
        let external = files::regions(item, recipe, label_files, &scan, options)?;
        let (scan, external) = pipeline::on_grid(scan, external, recipe)?;
        let key = self.key(item, recipe, &hashes);
        let in_memory = in_memory.as_ref();
        let given = Given { item, recipe, scan: &scan, external: &external, extent, in_memory, key: &key };
        let Measured { outcome, mut part, geojson } =
            match self.on_either_side(&given, &mut share, &mut record.stage)? {
                Ok(measured) => measured,
                Err(again) => {
                    looked.hashes = Some(hashes);
                    return Ok(Err(again));
                }
            };
        self.stop().check()?;
        record.stage = Stage::Write;
        let mut files = stage("write", "", || self.set_down(item, recipe, &scan, &outcome))?;
        files.extend(self.finish_geojson(geojson)?);
        if looked.in_memory.is_some() {
            // Channels were read in the meantime, too.
            looked.unchanged()?;
        }
        part.append(IMAGES, &arrow::batch(&outcome.row)?)?;
        let (warnings, roles) = (outcome.warnings, pipeline::roles(&outcome.row));
        record.warning = pipeline::warnings(&outcome.row);
        record.has(part.finish(Ending { warnings, roles, files, ..Ending::default() })?);
        (record.key, record.hashes) = (Some(key), hashes);
        Ok(Ok(()))
    }

    /// Runs the recipe; if a GPU cannot, the same image is done on the CPU, and one line for all images says so.
    fn on_either_side(&self, given: &Given, share: &mut Share, now: &mut Stage) -> Result<OrAgain<Measured<'_>>> {
        let samples = given.scan.shape.len() * given.scan.channels.len();
        let (turn, start) = (self.chooser.turn(samples), Instant::now());
        match turn.device().and_then(|device| self.measure(given, device, share, now)) {
            Err(e) if e.kind == Kind::Device && turn.is_gpu() => {
                if let Some(which) = turn.give_up() {
                    let name = &given.item.name;
                    let why = format!("note: {name}: {which} done on the CPU, with the same result: {}", e.what);
                    self.settings.observer.note(&why);
                }
                drop(turn);
                self.measure(given, &Device::Cpu, share, now)
            }
            done => {
                if done.is_ok() {
                    turn.tell(start.elapsed());
                }
                done
            }
        }
    }

    /// Finds the object sets, sees that there is memory for a block of their rows, and measures them into a part.
    fn measure(
        &self,
        given: &Given,
        device: &Device,
        share: &mut Share,
        now: &mut Stage,
    ) -> Result<OrAgain<Measured<'_>>> {
        *now = Stage::Objects;
        let Given { recipe, scan, external, extent, in_memory, .. } = *given;
        let go_on = || self.stop().check();
        let mut found = stage("recipe", "", || pipeline::find(scan, recipe, device, external, &go_on))?;
        go_on()?;
        *now = Stage::Measure;
        let (rows, most) = (Rows::of(&found), self.budget.bytes());
        let (need, at_once) = reading::need(extent, recipe, in_memory, &rows, most);
        if need > most
            && in_memory.is_none()
            && let Some(in_turn) = reading::in_turn(extent, recipe)
            && let (bytes, _) = reading::need(extent, recipe, Some(&in_turn), &rows, most)
            && bytes <= most
        {
            return Ok(Err(Again { bytes, in_turn: Some(in_turn) }));
        }
        found.read_at_once(at_once);
        let more = share.grow(need).map_err(|e| {
            let cells = format!("{} cells in a block of rows of its objects", found.cells());
            let grids = match rows.regridded {
                0 => String::new(),
                n => format!(", and {n} voxels of grids that textures have by resample"),
            };
            let what = format!("{}: {cells}{grids}", e.what);
            Error { what, ..e }.remedy(self.enough(need))
        })?;
        match more {
            More::Later(bytes) => Ok(Err(Again { bytes, in_turn: None })),
            More::Granted => {
                let mut part = self.store.begin(given.key)?;
                let mut geojson = self.begin_geojson(given.item, recipe, &found)?;
                let mut take = |set: &str, rows| {
                    geojson.get_mut(set).map_or(Ok(()), |(_, file)| file.append(&rows))?;
                    part.append(set, &arrow::batch(&rows)?)
                };
                let outcome = stage("recipe", "", || found.measure_into(&mut take))?;
                Ok(Ok(Measured { outcome, part, geojson }))
            }
        }
    }
}
