//! `uptake robustness`

use super::{End, print, say};
use crate::batch::{self, Bytes, Settings};
use crate::write::{CsvSink, csv};
use crate::{Error, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Images: files, folders (searched to their bottom) or globs
    #[arg(required_unless_present = "sheet")]
    input: Vec<PathBuf>,
    /// A sample sheet, as for uptake run
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// A preset (see `uptake recipes`) or a .toml file
    #[arg(short, long)]
    recipe: String,
    /// The object set whose columns are tried
    #[arg(long, value_name = "SET")]
    objects: String,
    /// File for the table; standard output if absent
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Change a line of the recipe
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Leave files and folders alone that match the glob
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// auto, cpu, gpu, or part of an adapter's name; the table is the same
    #[arg(short, long, default_value = "auto")]
    device: String,
    /// Threads in all
    #[arg(long)]
    threads: Option<usize>,
    /// Most memory that the program may take, like 8GiB; four fifths of what is free if absent
    #[arg(long)]
    memory: Option<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        if self.threads == Some(0) {
            return Err(Error::usage("--threads 0").remedy("1 or more, or leave it out"));
        }
        let recipe = super::recipe(&self.recipe, &self.settings)?;
        let sink = self.out.as_ref().map(CsvSink::open).transpose()?;
        let settings = Settings {
            inputs: self.input,
            sheet: self.sheet,
            exclude: self.exclude,
            threads: self.threads,
            memory: self.memory.map(|m| m.parse::<Bytes>()).transpose()?.map(|b| b.0),
            ..Settings::default()
        };
        let found = batch::robustness(&settings, &recipe, &self.objects, &super::device(&self.device)?)?;
        match sink {
            Some(mut sink) => {
                sink.append(&crate::table::arrow::batch(&found.table)?)?;
                sink.finish()?;
            }
            None => print(&csv::text(&found.table)?)?,
        }
        for (image, e) in &found.failed {
            say(&format!("left out: {image}: {}\n", e.reason()));
        }
        say(&format!("{} objects, {} images failed\n", found.objects, found.failed.len()));
        Ok(if found.failed.is_empty() { End::Done } else { End::SomeFailed })
    }
}
