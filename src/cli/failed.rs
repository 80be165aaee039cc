//! `uptake failed`

use super::last_words::failures;
use super::{End, print};
use crate::batch::{self, Failed};
use crate::{Result, printable};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    /// Folder of a run
    out: PathBuf,
    /// Print the names of all failed images, one a line, and nothing else
    #[arg(long)]
    names: bool,
}

impl Args {
    pub fn run(self) -> Result<End> {
        if self.names {
            batch::failed_images(&self.out, |image| print(&format!("{}\n", printable(image))))?;
            return Ok(End::Done);
        }
        let Failed { inputs, failed, undone, kinds, again } = batch::failed(&self.out)?;
        let mut lines = vec![format!("{failed} of {inputs} inputs failed")];
        lines.extend(kinds.iter().map(failures));
        if undone > 0 {
            lines.push(format!("{undone} are not done: the run has not ended"));
        }
        if let Some(again) = again.filter(|_| failed + undone > 0) {
            let what = if undone > 0 { "to go on" } else { "to do them again" };
            lines.push(format!("{what}: {again}"));
        }
        print(&lines.iter().map(|line| format!("{}\n", printable(line))).collect::<String>())?;
        Ok(End::Done)
    }
}
