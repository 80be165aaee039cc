//! One image of a batch: read, run, set down; whatever happens, a record comes back.

use super::budget::{Budget, guess, need};
use super::choice::{Choice, Side};
use super::discover::{Item, Source, companion};
use super::out::Out;
use super::parts::{Part, Store, hash_file, key};
use super::progress::Progress;
use super::{Recipes, Settings};
use crate::device::Device;
use crate::pipeline::{self, External, Outcome};
use crate::profile::stage;
use crate::recipe::{LESIONS, Modality, Pages, Recipe};
use crate::scan::Scan;
use crate::units::Spacing;
use crate::{Error, Kind, Result, read, write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::Instant;

/// What became of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    Failed,
    Skipped,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
        }
    }
}

/// What is known of an image after its turn.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub status: Status,
    /// Why it is not in the tables.
    pub reason: Option<String>,
    /// The error as the user sees it.
    pub error: Option<Error>,
    /// Its part.
    pub key: Option<String>,
    /// Channel or set, and the hash of the file.
    pub hashes: Vec<(String, String)>,
    /// Taken over from an earlier run.
    pub resumed: bool,
    pub seconds: f64,
    /// Objects by set, for the progress line.
    pub counts: Vec<(String, usize)>,
}

impl Record {
    pub fn skipped(reason: &str) -> Self {
        Record { status: Status::Skipped, reason: Some(reason.into()), ..Self::blank() }
    }
    fn blank() -> Self {
        Record {
            status: Status::Ok,
            reason: None,
            error: None,
            key: None,
            hashes: vec![],
            resumed: false,
            seconds: 0.0,
            counts: vec![],
        }
    }
}

/// What all images of a run share.
pub(super) struct Shop<'a> {
    pub settings: &'a Settings,
    pub recipes: &'a Recipes,
    pub device: &'a Device,
    pub choice: Choice,
    pub out: &'a Out,
    pub store: Store,
    pub budget: Budget,
    pub memory: u64,
    pub progress: Progress,
}

impl Shop<'_> {
    /// Does an image. A panic, the last resort of a mistake in this program, costs this image alone.
    pub fn do_safely(&self, item: &Item) -> Record {
        let start = Instant::now();
        if let Some(reason) = &item.skip {
            return Record::skipped(reason);
        }
        let mut record = Record::blank();
        let done = catch_unwind(AssertUnwindSafe(|| self.do_item(item, &mut record))).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            Err(Error::new(Kind::Internal, words.unwrap_or("a panic")).remedy("report this, with the image if you can"))
        });
        if let Err(e) = done {
            record.status = if self.is_no_image(item, &e) { Status::Skipped } else { Status::Failed };
            record.reason = Some(e.reason());
            record.error = Some(e.at(&item.name));
        }
        record.seconds = start.elapsed().as_secs_f64();
        record
    }

    /// A file found in a folder that neither its name nor its content calls an image is passed over, and so is what holds no
    /// scan.
    fn is_no_image(&self, item: &Item, e: &Error) -> bool {
        if e.kind == Kind::NotAScan && !item.explicit {
            return true;
        }
        let [path] = item.files.as_slice() else { return false };
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        let known = read::FORMATS.iter().any(|f| f.extensions.contains(&extension.as_str()));
        let head = read::Source::open(path).and_then(|s| s.head(512)).unwrap_or_default();
        let seen = read::FORMATS.iter().any(|f| (f.detect)(&head));
        !item.explicit && e.kind == Kind::Unsupported && !known && !seen
    }

    fn do_item(&self, item: &Item, record: &mut Record) -> Result<()> {
        let recipe = self.recipes.of(item);
        let label_files = label_files(item, recipe)?;
        let options = self.options(recipe);
        let mut share = self.budget.take(guess(bytes(item)?));
        let hash = || stage("hash", "", || hashes(item, &label_files));
        let read = || stage("read", "", || open(item, &options));
        // Reading waits for the hashes only where they may show that there is nothing to do.
        let (hashes, ahead) = if self.settings.resume {
            (hash()?, None)
        } else {
            let (hashes, scan) = rayon::join(hash, read);
            (hashes?, Some(scan))
        };
        let key = key(&hashes, recipe);
        record.hashes = hashes;
        record.key = Some(key.clone());
        if self.settings.resume
            && self.is_complete(item)
            && let Some(part) = self.store.load(&key)
        {
            record.resumed = true;
            record.counts = counts(&part);
            return Ok(());
        }
        let scan = ahead.unwrap_or_else(read)?;
        share.correct(need(scan.shape.len(), scan.channels.len()))?;
        let mut external = External::new();
        for (set, path) in label_files {
            let objects = recipe.body.objects.get(&set);
            let pick = objects
                .map_or_else(read::Pick::default, |o| read::Pick { names: o.regions.clone(), resample: o.resample });
            external.insert(set, read::regions(&path, &scan, &pick, &options)?);
        }
        let outcome = stage("recipe", "", || self.run(item, &scan, &external))?;
        stage("write", "", || self.set_down(item, &scan, &outcome))?;
        let sets = outcome.sets.into_iter().map(|s| (s.name, s.table)).collect();
        let part = Part { row: outcome.row, sets };
        record.counts = counts(&part);
        self.store.save(&key, part)
    }

    fn options(&self, recipe: &Recipe) -> read::Options {
        let body = &recipe.body;
        read::Options {
            pages: match body.files.pages {
                Some(Pages::C) => read::Pages::Channels,
                _ => read::Pages::Slices,
            },
            time: body.files.time,
            incomplete: body.files.incomplete,
            spacing: body.spacing_um.and_then(|s| Spacing::um(s.zyx())),
            max_bytes: self.memory,
            suv: body.suv.clone(),
            ..Default::default()
        }
    }

    /// Runs the recipe; if a GPU cannot, the same image is done on the CPU, and one line says so.
    fn run(&self, item: &Item, scan: &Scan, external: &External) -> Result<Outcome> {
        let (recipe, samples) = (self.recipes.of(item), scan.shape.len() * scan.channels.len());
        let (side, start) = (self.choice.side(samples), Instant::now());
        let done = pipeline::run(scan, recipe, self.choice.device(side), external);
        if done.is_ok() {
            self.choice.tell(samples, side, start.elapsed());
        }
        match done {
            Err(e) if e.kind == Kind::Device && side == Side::Gpu => {
                self.progress
                    .say(&format!("note: {}: done on the CPU instead, with the same result: {}", item.name, e.what));
                pipeline::run(scan, recipe, &Device::Cpu, external)
            }
            done => done,
        }
    }

    fn outputs(&self, item: &Item, set: &str) -> [Option<String>; 2] {
        let stem = &item.stem;
        let recipe = self.recipes.of(item);
        let extension = if is_pet(recipe) { "nii.gz" } else { "ome.tif" };
        [
            self.settings.labels.then(|| format!("labels/{stem}_{set}.{extension}")),
            (self.settings.overlays && is_drawn(recipe, set)).then(|| format!("overlays/{stem}_{set}.png")),
        ]
    }

    /// Every file that the image should have is there.
    fn is_complete(&self, item: &Item) -> bool {
        let sets = self.recipes.of(item).body.objects.iter().filter(|(_, o)| o.write).map(|(name, _)| name);
        sets.flat_map(|set| self.outputs(item, set)).flatten().all(|below| self.out.folder().join(below).is_file())
    }

    fn set_down(&self, item: &Item, scan: &Scan, outcome: &Outcome) -> Result<()> {
        for set in &outcome.sets {
            let [labels, overlay] = self.outputs(item, &set.name);
            if let Some(below) = labels {
                let path = self.out.path(&below)?;
                if is_pet(self.recipes.of(item)) {
                    write::nifti_labels(path, &set.name, &set.labels, scan.spacing, scan.placement.as_ref())?;
                } else {
                    write::labels(path, &set.name, &set.labels, scan.spacing)?;
                }
            }
            if let (Some(below), Some(channel)) = (overlay, scan.channels.get(set.channel)) {
                let sets = [(set.name.as_str(), &set.labels)];
                write::overlay(self.out.path(&below)?, &write::Picture::of(scan, channel, &sets))?;
            }
        }
        Ok(())
    }
}

/// Bytes of the files of an image.
fn bytes(item: &Item) -> Result<u64> {
    let size = |path: &PathBuf| std::fs::metadata(path).map(|m| m.len()).map_err(|e| Error::from(e).at(path));
    item.files.iter().map(size).sum()
}

/// Channel, companion or set, and the hash of its file.
fn hashes(item: &Item, label_files: &[(String, PathBuf)]) -> Result<Vec<(String, String)>> {
    let mut hashes = Vec::new();
    for (i, path) in item.files.iter().enumerate() {
        let role = match &item.source {
            Source::Channels(set) => set.files.get(i).map(|(c, _)| c.clone()).unwrap_or_default(),
            _ => String::new(),
        };
        hashes.push((role, hash_file(path)?));
    }
    for path in item.files.iter().flat_map(|f| read::companions(f)) {
        hashes.push(("sidecar".into(), hash_file(&path)?));
    }
    for (set, path) in label_files {
        hashes.push((format!("labels.{set}"), hash_file(path)?));
    }
    Ok(hashes)
}

/// The files with the regions of the recipe's object sets. One that is missing is an error, unless the recipe can do without.
fn label_files(item: &Item, recipe: &Recipe) -> Result<Vec<(String, PathBuf)>> {
    let mut files = Vec::new();
    for (set, objects) in &recipe.body.objects {
        let Some(pattern) = &objects.labels else { continue };
        let path = companion(pattern, &item.place);
        if path.is_file() {
            files.push((set.clone(), path));
        } else if !objects.optional {
            return Err(Error::io(format!("there is no label image {}", path.display()))
                .needed_for(format!("the object set \"{set}\""))
                .remedy(format!("--set labels.{set}=FILE, or a pattern like \"{{stem}}_mask.tif\"")));
        }
    }
    Ok(files)
}

fn open(item: &Item, options: &read::Options) -> Result<Scan> {
    match (&item.source, item.files.as_slice()) {
        (Source::Channels(set), _) => read::open_set(set, options),
        (Source::Series(series), _) => read::read_series(series, options),
        (Source::File, [path]) => read::open(path, options),
        _ => Err(Error::new(Kind::Internal, "an image without files")),
    }
}

/// Its labels are written with their place in the patient.
fn is_pet(recipe: &Recipe) -> bool {
    recipe.body.modality == Some(Modality::Pet)
}

/// Of PET one picture is drawn, that of the lesions: the other sets are the same at other thresholds.
fn is_drawn(recipe: &Recipe, set: &str) -> bool {
    !is_pet(recipe) || set == LESIONS || !recipe.body.objects.contains_key(LESIONS)
}

fn counts(part: &Part) -> Vec<(String, usize)> {
    part.sets.iter().map(|(name, table)| (name.clone(), table.rows())).collect()
}
