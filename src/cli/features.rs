//! `uptake features`

use super::{End, print};
use crate::write::csv;
use crate::{Result, batch};

#[derive(clap::Args)]
pub(super) struct Args {
    /// Columns of the tables that this recipe gives: a preset or a .toml file; of `cells` and `pet` if absent
    #[arg(short, long)]
    recipe: Option<String>,
    /// Change a line of the recipe, as in `uptake run`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let recipes = super::recipes(self.recipe.as_deref(), &self.settings)?;
        print(&csv::text(&batch::features(&recipes)?)?)?;
        Ok(End::Done)
    }
}
