//! `uptake run`

use super::{End, list, print, say};
use crate::batch::{self, Bytes, Existing, Plan, Reason, Recipes, Settings, Stop, Summary};
use crate::device::Device;
use crate::profile;
use crate::write::csv;
use crate::{Error, Result, printable};
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
    /// Replace the results of other images in the output folder
    #[arg(long, conflicts_with = "resume")]
    overwrite: bool,
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
}

#[derive(Clone, Copy, PartialEq, clap::ValueEnum)]
enum Format {
    Csv,
    Parquet,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let positive = |name: &str, n: Option<usize>| match n {
            Some(0) => Err(Error::usage(format!("--{name} 0")).remedy("1 or more, or leave it out")),
            n => Ok(n),
        };
        let recipes = super::recipes(self.recipe.as_deref(), &self.settings)?;
        let listed = self.files_from.as_deref().map(list::paths).transpose()?.unwrap_or_default();
        let stop = Stop::default();
        listen(stop.clone());
        let settings = Settings {
            jobs: positive("jobs", self.jobs)?,
            threads: positive("threads", self.threads)?,
            memory: self.memory.map(|m| m.parse::<Bytes>()).transpose()?.map(|b| b.0),
            existing: match (self.resume, self.overwrite) {
                (true, _) => Existing::Resume,
                (_, true) => Existing::Overwrite,
                _ => Existing::Same,
            },
            stop,
            inputs: [self.input, listed].concat(),
            sheet: self.sheet,
            exclude: self.exclude,
            out: self.out,
            strict: self.strict,
            auto: self.device == "auto",
            quiet: self.quiet,
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
        let device = profile::stage("device", "", || super::device(&self.device))?;
        let summary = batch::run(&settings, &recipes, &device)?;
        if self.profile {
            say(&profile::report());
            if let Device::Gpu(gpu) = &device {
                let c = gpu.counters();
                let (up, down) = (c.bytes_up as f64 / 1e6, c.bytes_down as f64 / 1e6);
                say(&format!(
                    "{} dispatches, {} uploads of {up:.1} MB, {} read-backs of {down:.1} MB\n",
                    c.dispatches, c.uploads, c.readbacks
                ));
            }
        }
        if !self.quiet || summary.stopped.is_some() {
            say(&last_words(&summary, &settings));
        } else {
            say(&quiet_words(&summary, &settings));
        }
        Ok(end(&summary))
    }
}

fn end(summary: &Summary) -> End {
    match (summary.stopped, summary.ok, summary.failed) {
        (Some(Reason::Interrupted), ..) => End::Interrupted,
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
    Ok(end(&summary))
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

/// What is said of a run that should be quiet: one line if there is something to look at.
fn quiet_words(summary: &Summary, settings: &Settings) -> String {
    let Summary { failed, skipped, warnings, .. } = summary;
    if failed + skipped + warnings == 0 {
        return String::new();
    }
    let images = settings.out.join("images.csv").display().to_string();
    format!("{summary}, {warnings} warnings: see {}\n", printable(&images))
}

/// What the user reads last: where the results are, what to look at, how to go on.
fn last_words(summary: &Summary, settings: &Settings) -> String {
    let mut lines = Vec::new();
    let out = settings.out.display().to_string();
    if let Some(reason) = summary.stopped {
        lines.push(format!("stopped early: {}", reason.words()));
    }
    if summary.removed > 0 {
        lines.push(format!(
            "{} files of the run before were removed: nothing of this run stands for them",
            summary.removed
        ));
    }
    if summary.warnings > 0 {
        let n = summary.warnings;
        lines.push(format!(
            "{n} {}: see the column warnings of images.csv",
            if n == 1 { "warning" } else { "warnings" }
        ));
    }
    if summary.failed > 0 {
        lines.push(format!("{} failed: see the column reason of images.csv", summary.failed));
    }
    let look = if settings.overlays && summary.ok > 0 { "; look at overlays/ before you trust a table" } else { "" };
    lines.push(format!("results: {out}{look}"));
    if matches!(summary.stopped, Some(Reason::Interrupted | Reason::DiskFull)) {
        lines.push("to go on: the same command with --resume".into());
    }
    lines.push(summary.to_string());
    lines.iter().map(|line| format!("{}\n", printable(line))).collect()
}

/// The first signal to end (Ctrl-C, SIGTERM, SIGHUP) asks the run to stop, the second one ends it at once.
fn listen(stop: Stop) {
    let heard = move || {
        if stop.reason() == Some(Reason::Interrupted) {
            std::process::exit(130);
        }
        stop.interrupt();
        say("stopping: the tables of what is done are written; once more ends at once\n");
    };
    // Where signals cannot be had, the run is as it would be without.
    let _ = ctrlc::set_handler(heard);
}
