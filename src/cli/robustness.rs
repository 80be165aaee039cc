//! `uptake robustness`

use super::looking::{self, Looking};
use super::{End, own_output, print};
use crate::Result;
use crate::batch;
use crate::write::{CsvSink, csv};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    images: Looking,
    /// A preset (see `uptake recipes`) or a .toml file
    #[arg(short, long)]
    recipe: String,
    /// The object set whose columns are tried
    #[arg(long, value_name = "SET")]
    objects: String,
    /// File for the table; standard output if absent
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        self.out.iter().try_for_each(|out| own_output::check(out, "column,unit,objects,icc,"))?;
        let (recipe, settings, device) = self.images.open(&self.recipe)?;
        let sink = self.out.as_ref().map(CsvSink::open).transpose()?;
        let found = batch::robustness(&settings, &recipe, &self.objects, &device)?;
        match sink {
            Some(mut sink) => {
                sink.append(&crate::table::arrow::batch(&found.table)?)?;
                sink.finish()?;
            }
            None => print(&csv::text(&found.table)?)?,
        }
        let summary = format!("{} objects, {} images failed\n", found.objects, found.failed.len());
        Ok(looking::end(&found.failed, &summary))
    }
}
