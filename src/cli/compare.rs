//! `uptake compare`

use super::{End, print, say};
use crate::percist::{Folder, Summary, compare, pairs, table};
use crate::write::{CsvSink, csv};
use crate::{Error, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of a run of the baseline scans, with recipe pet-percist
    baseline: PathBuf,
    /// Folder of a run of the follow-up scans; the same folder again if one run has both, with --pairs
    followup: PathBuf,
    /// File for the table; standard output if absent
    #[arg(short, long)]
    out: Option<PathBuf>,
    /// CSV with the columns patient, baseline, followup (image names) and, if a reader looked, new_lesions; if absent,
    /// images of the same name make a pair
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let sink = self.out.as_ref().map(CsvSink::open).transpose()?;
        let (baseline, followup) = (Folder::open(&self.baseline)?, Folder::open(&self.followup)?);
        let pairs = match &self.pairs {
            Some(file) => pairs::from_file(file, &baseline, &followup)?,
            None => pairs::by_name(&baseline, &followup)?,
        };
        if pairs.is_empty() {
            return Err(Error::usage("there are no images to compare").at(&self.baseline));
        }
        let rows = compare(&baseline, &followup, &pairs);
        let table = table(&rows);
        match sink {
            Some(mut sink) => {
                sink.append(&table)?;
                sink.finish()?;
            }
            None => print(&csv::text(&table)?)?,
        }
        let summary = Summary::of(&rows);
        say(&format!("{summary}\n"));
        Ok(match (summary.judged.iter().sum::<usize>(), summary.not_evaluable + summary.alone) {
            (0, _) => End::Nothing,
            (_, 0) => End::Done,
            _ => End::SomeFailed,
        })
    }
}
