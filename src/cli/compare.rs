//! `uptake compare`

use super::{End, print, say};
use crate::pet::percist::{Doubtful, Folder, Summary, compare, pairs, table};
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
    /// CSV with the columns patient, baseline, followup (image names) and, if a reader looked, new_lesions; if absent, scans
    /// of one patient (PatientID) make a pair, else images of the same name
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Judge scans that do not belong together or may not be compared (other patient, order, recipe, tracer, uptake time,
    /// liver); they are NE otherwise
    #[arg(long)]
    judge_anyway: bool,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let sink = self.out.as_ref().map(CsvSink::open).transpose()?;
        let (baseline, followup) = (Folder::open(&self.baseline)?, Folder::open(&self.followup)?);
        let pairs = match &self.pairs {
            Some(file) => pairs::from_file(file, &baseline, &followup)?,
            None => pairs::by_itself(&baseline, &followup)?,
        };
        if pairs.is_empty() {
            return Err(Error::usage("there are no images to compare").at(&self.baseline));
        }
        let doubtful = if self.judge_anyway { Doubtful::Judged } else { Doubtful::NotEvaluable };
        let rows = compare(&baseline, &followup, &pairs, doubtful);
        let table = table(&rows);
        match sink {
            Some(mut sink) => {
                sink.append(&crate::table::arrow::batch(&table)?)?;
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
