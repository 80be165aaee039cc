//! `uptake compare`

use super::{End, own_output, print, say};
use crate::pet::percist::{Doubtful, Folder, Summary, UNPROVED, compare, pairs, table};
use crate::write::{CsvSink, csv};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

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
    /// of one patient (column patient of a sample sheet, or PatientID) make a pair, else images of the same name
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Judge scans that do not belong together or may not be compared (other patient, order, recipe, tracer, uptake time,
    /// liver); they are NE otherwise
    #[arg(long)]
    judge_anyway: bool,
}

impl Args {
    pub fn run(self) -> Result<End> {
        self.spares_what_it_reads()?;
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
        let unproved = rows.iter().filter(|row| row.is_unproved()).count();
        if unproved > 0 {
            say(&format!("note: of {unproved} pairs {UNPROVED}\n"));
        }
        let summary = Summary::of(&rows);
        say(&format!("{summary}\n"));
        Ok(match (summary.judged.iter().sum::<usize>(), summary.not_evaluable + summary.alone) {
            (0, _) => End::Nothing,
            (_, 0) => End::Done,
            _ => End::SomeFailed,
        })
    }

    /// An error if the table would take the place of one that is read, or of anything else that the runs left.
    fn spares_what_it_reads(&self) -> Result<()> {
        let Some(out) = &self.out else { return Ok(()) };
        let real = |path: &Path| path.canonicalize().ok();
        let (there, folder) = (real(out), out.parent().map(|p| if p == Path::new("") { Path::new(".") } else { p }));
        let runs: Vec<PathBuf> = [&self.baseline, &self.followup].into_iter().filter_map(|run| real(run)).collect();
        // A table that is not there yet would be read the next time.
        let is_read = out.file_stem().is_some_and(|stem| Folder::TABLES.iter().any(|table| stem == *table));
        let replaces = |run: &PathBuf| match &there {
            Some(file) => file.starts_with(run) && own_output::is_of_others(file, RESPONSE),
            None => is_read && folder.and_then(real).as_ref() == Some(run),
        };
        let what = if there.is_some() && self.pairs.as_deref().and_then(real) == there {
            "it is the pairs file"
        } else if runs.iter().any(replaces) {
            "it is a file of one of the runs that are compared"
        } else {
            return own_output::check(out, RESPONSE);
        };
        let e = Error::usage(format!("--out would overwrite it, and {what}")).at(out);
        Err(e.remedy("--out with another name, like response.csv"))
    }
}

/// A response that an earlier comparison wrote may be replaced.
const RESPONSE: &str = "patient,baseline,followup,response,";
