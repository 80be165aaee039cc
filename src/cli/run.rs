//! `uptake run`

use super::End;
use crate::batch::{self, Bytes, Settings};
use crate::device::Device;
use crate::profile;
use crate::{Error, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Images: files, folders (searched to their bottom) or globs
    #[arg(required = true)]
    input: Vec<PathBuf>,
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
    /// Memory for all images in work, like 8GiB
    #[arg(long)]
    memory: Option<String>,
    /// Go on where an earlier run stopped: finished images are not done again
    #[arg(long)]
    resume: bool,
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
    /// Print how long each stage took, the longest first
    #[arg(long)]
    profile: bool,
    /// Print errors only
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
        let settings = Settings {
            jobs: positive("jobs", self.jobs)?,
            threads: positive("threads", self.threads)?,
            memory: self.memory.map(|m| m.parse::<Bytes>()).transpose()?.map(|b| b.0),
            inputs: self.input,
            exclude: self.exclude,
            out: self.out,
            resume: self.resume,
            strict: self.strict,
            auto: self.device == "auto",
            quiet: self.quiet,
            csv: self.format.contains(&Format::Csv),
            parquet: self.format.contains(&Format::Parquet),
            labels: !self.no_labels,
            overlays: !self.no_overlays,
        };
        if self.profile {
            profile::enable();
        }
        let device = profile::stage("device", "", || super::device(&self.device))?;
        let summary = batch::run(&settings, &recipes, &device)?;
        if self.profile {
            eprint!("{}", profile::report());
            if let Device::Gpu(gpu) = &device {
                let c = gpu.counters();
                let (up, down) = (c.bytes_up as f64 / 1e6, c.bytes_down as f64 / 1e6);
                eprintln!(
                    "{} dispatches, {} uploads of {up:.1} MB, {} read-backs of {down:.1} MB",
                    c.dispatches, c.uploads, c.readbacks
                );
            }
        }
        if !self.quiet || summary.failed > 0 {
            eprintln!("{summary}");
        }
        Ok(match (summary.ok, summary.failed) {
            (0, _) => End::Nothing,
            (_, 0) => End::Done,
            _ => End::SomeFailed,
        })
    }
}
