//! What a run is to do.

use super::earlier::Existing;
use super::events::Observer;
use super::head::{Head, Outputs, RecipeText};
use super::metadata::Metadata;
use super::recipes::Recipes;
use super::shard::{List, Shard};
use super::stop::Stop;
use super::{clock, machine};
use std::path::PathBuf;

/// What a run is to do, apart from the recipe and the device.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Files, folders and globs.
    pub inputs: Vec<PathBuf>,
    /// A sample sheet: what images are of, and changes of the recipe for single ones.
    pub sheet: Option<PathBuf>,
    /// Globs of paths in folders that are left alone.
    pub exclude: Vec<String>,
    /// Where everything is written.
    pub out: PathBuf,
    /// What becomes of results that are there already.
    pub existing: Existing,
    /// Images in work at once; chosen by the number of threads and images if absent.
    pub jobs: Option<usize>,
    /// Threads in all; as many as the machine has if absent.
    pub threads: Option<usize>,
    /// Memory for the whole program, in bytes; four fifths of what is free if absent.
    pub memory: Option<u64>,
    /// Stop at the first image that fails.
    pub strict: bool,
    /// The share of the images to do; all of them if absent.
    pub shard: Option<Shard>,
    /// The command line, for the record.
    pub command: Vec<String>,
    /// Who is told what happens.
    pub observer: Observer,
    /// Tables as CSV.
    pub csv: bool,
    /// Tables as Parquet.
    pub parquet: bool,
    /// Write label images.
    pub labels: bool,
    /// Write overlays.
    pub overlays: bool,
    /// Longest side of an overlay in pixels; [`LONGEST`](crate::write::LONGEST) if absent.
    pub overlay_size: Option<usize>,
    /// Asks the run to end early.
    pub stop: Stop,
}

impl Settings {
    /// What follows from them and from the machine for the record of the run; the rest is filled in by the caller.
    pub(super) fn head(&self, recipes: &Recipes) -> Head {
        Head {
            uptake: env!("CARGO_PKG_VERSION").into(),
            build: env!("UPTAKE_BUILD").into(),
            recipes: RecipeText::all(recipes),
            device: String::new(),
            auto: false,
            command: self.command.clone(),
            folder: std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned(),
            root: String::new(),
            start: clock::now(),
            host: machine::host(),
            process: std::process::id(),
            threads: 0,
            jobs: 0,
            memory: 0,
            shard: self.shard.unwrap_or(Shard::WHOLE),
            list: List::default(),
            metadata: Metadata::default(),
            outputs: self.outputs(),
        }
    }

    /// What is written.
    pub(super) fn outputs(&self) -> Outputs {
        let Settings { csv, parquet, labels, overlays, overlay_size, .. } = *self;
        Outputs { csv, parquet, labels, overlays, overlay_size }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use std::path::Path;

    #[test]
    fn commands_are_turned_to_another_share() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let recipes = Recipes::presets(&[]).unwrap();
        let settings = |command| Settings { command, ..Default::default() };
        let head = settings(words("uptake run my*.tif --shard 1/2 -o a --resume")).head(&recipes);
        let shard = "2/2".parse().unwrap();
        let command = head.command_for(shard, Path::new("it's b"), "--overwrite");
        assert_eq!(command.as_deref(), Some("uptake run 'my*.tif' --shard 2/2 --out 'it'\\''s b' --overwrite"));
        let head = settings(words("uptake run a.tif --shard=1/2 --out=a -ob")).head(&recipes);
        assert_eq!(
            head.command_for(shard, Path::new("b"), "").as_deref(),
            Some("uptake run a.tif --shard 2/2 --out b")
        );
        assert_eq!(settings(vec![]).head(&recipes).command_for(shard, Path::new("b"), ""), None);
    }
}
