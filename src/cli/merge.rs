//! `uptake merge`

use super::last_words::last_words;
use super::progress::Progress;
use super::{End, say};
use crate::Result;
use crate::batch::{self, Merge, Observer};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The folders that all shards of a run wrote to, in any order
    #[arg(required = true, value_name = "OUT")]
    shards: Vec<PathBuf>,
    /// Folder for the tables of the whole run; new, empty, or of an earlier merge
    #[arg(short, long)]
    out: PathBuf,
    /// Replace the results of other images in the output folder
    #[arg(long)]
    overwrite: bool,
    /// Leave label images and overlays where they are
    #[arg(long)]
    only_tables: bool,
    /// Print errors only
    #[arg(short, long)]
    quiet: bool,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let progress = Progress::new(self.quiet);
        let merge = Merge {
            shards: self.shards,
            out: self.out,
            overwrite: self.overwrite,
            only_tables: self.only_tables,
            command: super::command_line(),
            observer: Observer::new(move |event| progress.hear(event)),
        };
        let summary = batch::merge(&merge)?;
        if !self.quiet || summary.failed > 0 {
            // Shards may have been run without.
            let overlays = !self.only_tables && merge.out.join("overlays").is_dir();
            say(&last_words(&summary, &merge.out, overlays));
        }
        Ok(match (summary.ok, summary.failed) {
            (0, _) => End::Nothing,
            (_, 0) => End::Done,
            _ => End::SomeFailed,
        })
    }
}
