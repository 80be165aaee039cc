//! `uptake features`

use super::{End, print};
use crate::write::csv;
use crate::{Result, batch};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Columns of the tables that this recipe gives: a preset or a .toml file
    #[arg(short, long, default_value = "cells")]
    recipe: String,
    /// Change a line of the recipe, as in `uptake run`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let recipe = super::recipe(&self.recipe, &self.settings)?;
        print(&csv::text(&batch::features(&recipe)?)?);
        Ok(End::Done)
    }
}
