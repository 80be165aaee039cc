//! `uptake man`

use super::{Cli, End};
use crate::{Error, Result};
use clap::CommandFactory;

#[derive(clap::Args)]
pub(super) struct Args {
    /// The page of this command; of the program if absent
    command: Option<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let mut all = Cli::command();
        // Names of commands as they are typed: "uptake run".
        all.build();
        let page = match &self.command {
            None => all,
            Some(name) => all.find_subcommand(name).cloned().ok_or_else(|| {
                let names: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
                Error::usage(format!("there is no command {name}")).remedy(format!("one of: {}", names.join(", ")))
            })?,
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(page).render(&mut text)?;
        super::print(&String::from_utf8_lossy(&text))?;
        Ok(End::Done)
    }
}
