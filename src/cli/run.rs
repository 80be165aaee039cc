//! `uptake run`

use super::last_words::{last_words, quiet_words};
use super::progress::Progress;
use super::{End, json_log, list, print, say};
use crate::batch::{
    self, Bytes, DeviceChoice, Existing, Observer, Plan, Reason, Recipes, Settings, Shard, Stop, Summary,
};
use crate::device::AdapterChoice;
use crate::profile;
use crate::write::csv;
use crate::{Error, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Images: files, folders (searched to their bottom) or globs
    #[arg(required_unless_present_any = ["sheet", "files_from"])]
    input: Vec<PathBuf>,
    /// A sample sheet: a CSV with the column path (file, folder or glob, from the folder of the sheet); further columns
    /// (patient, plate, ...) come back in every table, columns called set.KEY change the recipe as --set does
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// A list of inputs, one path a line; - for standard input
    #[arg(long, value_name = "FILE")]
    files_from: Option<PathBuf>,
    /// Say what would be done with each image, as far as headers tell, and write nothing: a CSV on standard output
    #[arg(long)]
    dry_run: bool,
    /// A preset (see `uptake recipes`) or a .toml file; `pet` for DICOM and NIfTI, `cells` for the rest if absent
    #[arg(short, long)]
    recipe: Option<String>,
    /// Folder for tables, labels and overlays; new, empty, or of an earlier run
    #[arg(short, long, default_value = "uptake-out")]
    out: PathBuf,
    /// auto, cpu, gpu, or part of an adapter's name; the tables are the same
    #[arg(short, long, default_value = "auto")]
    device: String,
    /// Several GPUs, each for a part of the images: their numbers in the list of `uptake devices`, like 0,1
    #[arg(long, value_name = "N,N", value_delimiter = ',', conflicts_with = "device")]
    gpus: Vec<usize>,
    /// Images in work at once
    #[arg(short, long)]
    jobs: Option<usize>,
    /// Threads in all
    #[arg(long)]
    threads: Option<usize>,
    /// Most memory that the program may take, like 8GiB; four fifths of what is free if absent
    #[arg(long)]
    memory: Option<String>,
    /// Go on where an earlier run stopped: finished images are not done again
    #[arg(long)]
    resume: bool,
    /// Do what failed in the earlier run, or was not reached, and keep the rest without a look at its files
    #[arg(long, conflicts_with_all = ["resume", "overwrite"])]
    only_failed: bool,
    /// Replace the results of other images in the output folder
    #[arg(long, conflicts_with = "resume")]
    overwrite: bool,
    /// Do a share of the images only: 3/8 is the third of eight; `uptake merge` puts the tables together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Stop at the first image that fails
    #[arg(long)]
    strict: bool,
    /// Change a line of the recipe: spacing_um=0.65, objects.nuclei.scale="8 px", labels.nuclei=FILE
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Leave files and folders alone that match the glob (in folders; `.uptakeignore` files do the same)
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Formats of the tables
    #[arg(long, value_delimiter = ',', default_value = "csv")]
    format: Vec<Format>,
    /// Write no label images
    #[arg(long)]
    no_labels: bool,
    /// Write no overlays
    #[arg(long)]
    no_overlays: bool,
    /// Longest side of an overlay in pixels: larger images are reduced, 4096 if absent
    #[arg(long, value_name = "PX", conflicts_with = "no_overlays")]
    overlay_size: Option<usize>,
    /// Print how long each stage took, the longest first
    #[arg(long)]
    profile: bool,
    /// Print errors only, and one line at the end if anything failed, was skipped or warned of
    #[arg(short, long)]
    quiet: bool,
    /// How to tell what happens: as text, or as JSON with one object a line
    #[arg(long, value_name = "HOW", default_value = "text")]
    log: Log,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Log {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

impl Args {
    pub fn run(self) -> Result<End> {
        if self.log == Log::Text {
            return self.measure();
        }
        // Whoever reads JSON gets nothing else.
        self.measure().or_else(|e| {
            json_log::error(&e);
            Ok(End::Nothing)
        })
    }

    fn measure(self) -> Result<End> {
        let log = self.log;
        let positive = |name: &str, n: Option<usize>| match n {
            Some(0) => Err(Error::usage(format!("--{name} 0")).remedy("1 or more, or leave it out")),
            n => Ok(n),
        };
        let recipes = super::recipes(self.recipe.as_deref(), &self.settings)?;
        let listed = self.files_from.as_deref().map(list::paths).transpose()?.unwrap_or_default();
        let stop = Stop::default();
        listen(stop.clone(), log);
        let progress = Progress::new(self.quiet || log == Log::Json);
        let settings = Settings {
            jobs: positive("jobs", self.jobs)?,
            threads: positive("threads", self.threads)?,
            memory: self.memory.map(|m| m.parse::<Bytes>()).transpose()?.map(|b| b.0),
            existing: match (self.resume, self.overwrite, self.only_failed) {
                (true, ..) => Existing::Resume,
                (_, true, _) => Existing::Overwrite,
                (.., true) => Existing::OnlyFailed,
                _ => Existing::Same,
            },
            stop,
            inputs: [self.input, listed].concat(),
            sheet: self.sheet,
            exclude: self.exclude,
            out: self.out,
            strict: self.strict,
            shard: self.shard,
            command: super::command_line(),
            observer: match log {
                Log::Text => Observer::new(move |event| progress.hear(event)),
                Log::Json => Observer::new(json_log::hear),
            },
            csv: self.format.contains(&Format::Csv),
            parquet: self.format.contains(&Format::Parquet),
            labels: !self.no_labels,
            overlays: !self.no_overlays,
            overlay_size: overlay_size(self.overlay_size)?,
        };
        if self.dry_run {
            return dry_run(&settings, &recipes);
        }
        if self.profile {
            profile::enable();
        }
        let summary = batch::run(&settings, &recipes, &device_choice(&self.device, &self.gpus))?;
        let tell = |text: &str| if log == Log::Json { json_log::note(text) } else { say(text) };
        if self.profile {
            tell(&profile::report());
            if let Some(c) = summary.gpu {
                let (up, down) = (c.bytes_up as f64 / 1e6, c.bytes_down as f64 / 1e6);
                tell(&format!(
                    "{} dispatches, {} uploads of {up:.1} MB, {} read-backs of {down:.1} MB\n",
                    c.dispatches, c.uploads, c.readbacks
                ));
            }
        }
        if log == Log::Text {
            let is_brief = self.quiet && summary.stopped.is_none();
            say(&match is_brief {
                true => quiet_words(&summary, &settings.out),
                false => last_words(&summary, &settings.out, settings.overlays),
            });
        }
        Ok(end(&summary, settings.shard))
    }
}

/// The GPUs of these numbers, or else the device of that name.
fn device_choice(name: &str, gpus: &[usize]) -> DeviceChoice {
    match name {
        _ if !gpus.is_empty() => DeviceChoice::Adapters(gpus.iter().copied().map(AdapterChoice::Number).collect()),
        "cpu" => DeviceChoice::Cpu,
        "auto" => DeviceChoice::Auto,
        "gpu" => DeviceChoice::Adapters(vec![AdapterChoice::Best]),
        name => DeviceChoice::Adapters(vec![AdapterChoice::Named(name.into())]),
    }
}

/// What the exit code says. A share in which nothing could be done does not stand for the whole.
fn end(summary: &Summary, shard: Option<Shard>) -> End {
    match (summary.stopped, summary.ok, summary.failed) {
        (Some(Reason::Interrupted), ..) => End::Interrupted,
        (None, 0, 0) if shard.is_some() => End::Done,
        (None, 0, _) if shard.is_some() => End::SomeFailed,
        (_, 0, _) => End::Nothing,
        (None, _, 0) => End::Done,
        _ => End::SomeFailed,
    }
}

fn dry_run(settings: &Settings, recipes: &Recipes) -> Result<End> {
    let Plan { table, summary } = batch::plan(settings, recipes)?;
    print(&csv::text(&table)?)?;
    let Summary { ok, failed, skipped, .. } = summary;
    say(&format!(
        "nothing was done: {} inputs = {ok} ok + {failed} failed + {skipped} skipped, as far as headers tell\n",
        ok + failed + skipped
    ));
    Ok(end(&summary, settings.shard))
}

/// Pictures that can be looked at, and that a viewer can open.
fn overlay_size(pixels: Option<usize>) -> Result<Option<usize>> {
    match pixels {
        Some(n) if !(256..=32768).contains(&n) => {
            Err(Error::usage(format!("--overlay-size {n}")).remedy("256 to 32768 pixels, or leave it out"))
        }
        n => Ok(n),
    }
}

/// The first signal to end (Ctrl-C, SIGTERM, SIGHUP) asks the run to stop, the second one ends it at once.
fn listen(stop: Stop, log: Log) {
    let heard = move || {
        if stop.reason() == Some(Reason::Interrupted) {
            std::process::exit(130);
        }
        stop.interrupt();
        let words = "stopping: the tables of what is done are written; once more ends at once";
        if log == Log::Json { json_log::note(words) } else { say(&format!("{words}\n")) }
    };
    // Where signals cannot be had, the run is as it would be without.
    let _ = ctrlc::set_handler(heard);
}
