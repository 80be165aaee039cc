//! What commands that look at images one by one are told of them.

use super::{End, say};
use crate::batch::{Bytes, Settings};
use crate::device::Device;
use crate::recipe::Recipe;
use crate::{Error, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Looking {
    /// Images: files, folders (searched to their bottom) or globs
    #[arg(required_unless_present = "sheet")]
    input: Vec<PathBuf>,
    /// A sample sheet, as for uptake run
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// Change a line of the recipe
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Leave files and folders alone that match the glob
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// auto, cpu, gpu, or part of an adapter's name; what comes out is the same
    #[arg(short, long, default_value = "auto")]
    device: String,
    /// Threads in all
    #[arg(long)]
    threads: Option<usize>,
    /// Most memory that the program may take, like 8GiB; four fifths of what is free if absent
    #[arg(long)]
    memory: Option<String>,
}

impl Looking {
    /// The recipe of that name with its changes, how images are looked at, and on what.
    pub fn open(self, recipe: &str) -> Result<(Recipe, Settings, Device)> {
        if self.threads == Some(0) {
            return Err(Error::usage("--threads 0").remedy("1 or more, or leave it out"));
        }
        let recipe = super::recipe(recipe, &self.settings)?;
        let settings = Settings {
            inputs: self.input,
            sheet: self.sheet,
            exclude: self.exclude,
            threads: self.threads,
            memory: self.memory.map(|m| m.parse::<Bytes>()).transpose()?.map(|b| b.0),
            ..Settings::default()
        };
        Ok((recipe, settings, super::device(&self.device)?))
    }
}

/// Says which images were left out, and ends accordingly.
pub(super) fn end(failed: &[(String, Error)], summary: &str) -> End {
    for (image, e) in failed {
        say(&format!("left out: {image}: {}\n", e.reason()));
    }
    say(summary);
    if failed.is_empty() { End::Done } else { End::SomeFailed }
}
