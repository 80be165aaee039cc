//! `uptake features`

use super::{End, print};
use crate::table::{Cells, Table};
use crate::{Error, Result, batch};

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
        print(&as_csv(&batch::features(&recipes)?)?);
        Ok(End::Done)
    }
}

fn as_csv(table: &Table) -> Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new());
    let fail = |e: csv::Error| Error::io(e.to_string());
    writer.write_record(table.columns.iter().map(|c| c.name.as_str())).map_err(fail)?;
    for row in 0..table.rows() {
        let words = |cells: &Cells| match cells {
            Cells::Text(v) => v.get(row).cloned().flatten().unwrap_or_default(),
            _ => String::new(),
        };
        writer.write_record(table.columns.iter().map(|c| words(&c.cells))).map_err(fail)?;
    }
    let bytes = writer.into_inner().map_err(|e| Error::io(e.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
