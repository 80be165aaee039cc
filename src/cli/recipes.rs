//! `uptake recipes`

use super::End;
use crate::Result;
use crate::recipe::{PRESETS, preset};

#[derive(clap::Args)]
pub(super) struct Args {
    /// The recipe to print
    name: Option<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        if let Some(name) = self.name {
            super::print(preset(&name)?.text)?;
            return Ok(End::Done);
        }
        for p in PRESETS {
            super::print(&format!("{:13} {}\n", p.name, p.recipe()?.body.description))?;
        }
        Ok(End::Done)
    }
}
