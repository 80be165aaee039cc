//! `uptake completions`

use super::{Cli, End};
use crate::Result;
use clap::CommandFactory;
use clap_complete::Shell;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "uptake", &mut text);
        super::print(&String::from_utf8_lossy(&text))?;
        Ok(End::Done)
    }
}
