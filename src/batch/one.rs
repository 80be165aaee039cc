//! One image of a batch: read, run, set down; whatever happens, a record comes back.

use super::Settings;
use super::budget::{Budget, guess, need};
use super::discover::{Item, companion};
use super::out::Out;
use super::parts::{Part, Store, hash_file, key};
use super::progress::Progress;
use crate::device::Device;
use crate::pipeline::{self, External, Outcome};
use crate::recipe::{Pages, Recipe};
use crate::scan::Scan;
use crate::units::Spacing;
use crate::{Error, Kind, Result, read, write};
use std::panic::{AssertUnwindSafe, catch_unwind};
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
    pub recipe: &'a Recipe,
    pub device: &'a Device,
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

    /// A file found in a folder that neither its name nor its content calls an image is passed over.
    fn is_no_image(&self, item: &Item, e: &Error) -> bool {
        let [path] = item.files.as_slice() else { return false };
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
        let known = read::FORMATS.iter().any(|f| f.extensions.contains(&extension.as_str()));
        let head = read::Source::open(path).and_then(|s| s.head(512)).unwrap_or_default();
        let seen = read::FORMATS.iter().any(|f| (f.detect)(&head));
        !item.explicit && e.kind == Kind::Unsupported && !known && !seen
    }

    fn do_item(&self, item: &Item, record: &mut Record) -> Result<()> {
        let mut bytes = 0;
        for (i, path) in item.files.iter().enumerate() {
            bytes += std::fs::metadata(path).map_err(|e| Error::from(e).at(path))?.len();
            let channel = item.set.as_ref().and_then(|s| s.files.get(i)).map(|(c, _)| c.clone());
            record.hashes.push((channel.unwrap_or_default(), hash_file(path)?));
        }
        let label_files = self.label_files(item)?;
        for (set, path) in &label_files {
            record.hashes.push((format!("labels.{set}"), hash_file(path)?));
        }
        let key = key(&record.hashes, self.recipe);
        record.key = Some(key.clone());
        if self.settings.resume
            && self.is_complete(item)
            && let Some(part) = self.store.load(&key)
        {
            record.resumed = true;
            record.counts = counts(&part);
            return Ok(());
        }
        let mut share = self.budget.take(guess(bytes));
        let scan = self.open(item)?;
        share.correct(need(scan.shape.len(), scan.channels.len()))?;
        let mut external = External::new();
        for (set, path) in label_files {
            external.insert(set, read::regions(&path, &scan, &read::Pick::default(), &self.options())?);
        }
        let outcome = self.run(item, &scan, &external)?;
        self.set_down(item, &scan, &outcome)?;
        let sets = outcome.sets.into_iter().map(|s| (s.name, s.table)).collect();
        let part = Part { row: outcome.row, sets };
        record.counts = counts(&part);
        self.store.save(&key, &part)
    }

    fn label_files(&self, item: &Item) -> Result<Vec<(String, std::path::PathBuf)>> {
        let Some(first) = item.files.first() else { return Ok(vec![]) };
        // With one file a channel, labels go by the name of the image.
        let image = item.set.as_ref().map_or_else(|| first.clone(), |s| first.with_file_name(&s.name));
        let mut files = Vec::new();
        for (set, objects) in &self.recipe.body.objects {
            let Some(pattern) = &objects.labels else { continue };
            let path = companion(pattern, &image);
            if !path.is_file() {
                return Err(Error::io(format!("there is no label image {}", path.display()))
                    .needed_for(format!("the object set \"{set}\""))
                    .remedy(format!("--set labels.{set}=FILE, or a pattern like \"{{stem}}_mask.tif\"")));
            }
            files.push((set.clone(), path));
        }
        Ok(files)
    }

    fn options(&self) -> read::Options {
        let body = &self.recipe.body;
        read::Options {
            pages: match body.files.pages {
                Some(Pages::C) => read::Pages::Channels,
                _ => read::Pages::Slices,
            },
            spacing: body.spacing_um.and_then(|s| Spacing::um(s.zyx())),
            max_bytes: self.memory,
            ..Default::default()
        }
    }

    fn open(&self, item: &Item) -> Result<Scan> {
        match (&item.set, item.files.as_slice()) {
            (Some(set), _) => read::open_set(set, &self.options()),
            (None, [path]) => read::open(path, &self.options()),
            _ => Err(Error::new(Kind::Internal, "an image without files")),
        }
    }

    /// Runs the recipe; if a GPU cannot, the same image is done on the CPU, and one line says so.
    fn run(&self, item: &Item, scan: &Scan, external: &External) -> Result<Outcome> {
        match pipeline::run(scan, self.recipe, self.device, external) {
            Err(e) if e.kind == Kind::Device && matches!(self.device, Device::Gpu(_)) => {
                self.progress
                    .say(&format!("note: {}: done on the CPU instead, with the same result: {}", item.name, e.what));
                pipeline::run(scan, self.recipe, &Device::Cpu, external)
            }
            done => done,
        }
    }

    fn outputs(&self, item: &Item, set: &str) -> [Option<String>; 2] {
        let stem = &item.stem;
        [
            self.settings.labels.then(|| format!("labels/{stem}_{set}.ome.tif")),
            self.settings.overlays.then(|| format!("overlays/{stem}_{set}.png")),
        ]
    }

    /// Every file that the image should have is there.
    fn is_complete(&self, item: &Item) -> bool {
        let sets = self.recipe.body.objects.keys();
        sets.flat_map(|set| self.outputs(item, set)).flatten().all(|below| self.out.folder().join(below).is_file())
    }

    fn set_down(&self, item: &Item, scan: &Scan, outcome: &Outcome) -> Result<()> {
        for set in &outcome.sets {
            let [labels, overlay] = self.outputs(item, &set.name);
            if let Some(below) = labels {
                write::labels(self.out.path(&below)?, &set.name, &set.labels, scan.spacing)?;
            }
            if let (Some(below), Some(channel)) = (overlay, scan.channels.get(set.channel)) {
                let sets = [(set.name.as_str(), &set.labels)];
                write::overlay(self.out.path(&below)?, &write::Picture::of(scan, channel, &sets))?;
            }
        }
        Ok(())
    }
}

fn counts(part: &Part) -> Vec<(String, usize)> {
    part.sets.iter().map(|(name, table)| (name.clone(), table.rows())).collect()
}
