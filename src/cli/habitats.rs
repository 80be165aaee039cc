//! `uptake habitats`

use super::{End, say};
use crate::batch::{self, Bytes, Settings};
use crate::write::Draft;
use crate::{Error, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Learn centres of clusters from the objects of many images; later runs take them by centres = "FILE"
    Learn(Box<Learn>),
}

#[derive(clap::Args)]
struct Learn {
    /// Images: files, folders (searched to their bottom) or globs
    #[arg(required_unless_present = "sheet")]
    input: Vec<PathBuf>,
    /// A sample sheet, as for uptake run
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// A recipe with the step habitats and clusters in it
    #[arg(short, long)]
    recipe: String,
    /// File for the centres
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// The object set whose clusters are meant, if the recipe has several
    #[arg(long, value_name = "SET")]
    objects: Option<String>,
    /// Change a line of the recipe
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Leave files and folders alone that match the glob
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// auto, cpu, gpu, or part of an adapter's name; the centres are the same
    #[arg(short, long, default_value = "auto")]
    device: String,
    /// Threads in all
    #[arg(long)]
    threads: Option<usize>,
    /// Most memory that the program may take, like 8GiB; four fifths of what is free if absent
    #[arg(long)]
    memory: Option<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let What::Learn(args) = self.what;
        if args.threads == Some(0) {
            return Err(Error::usage("--threads 0").remedy("1 or more, or leave it out"));
        }
        let recipe = super::recipe(&args.recipe, &args.settings)?;
        let out = Draft::create(&args.out)?;
        let settings = Settings {
            inputs: args.input,
            sheet: args.sheet,
            exclude: args.exclude,
            threads: args.threads,
            memory: args.memory.map(|m| m.parse::<Bytes>()).transpose()?.map(|b| b.0),
            ..Settings::default()
        };
        let learned = batch::learn(&settings, &recipe, args.objects.as_deref(), &super::device(&args.device)?)?;
        drop(out);
        Draft::write(&args.out, learned.text.as_bytes())?;
        for (image, e) in &learned.failed {
            say(&format!("left out: {image}: {}\n", e.reason()));
        }
        say(&format!(
            "{} images with objects, {} failed: {}\n",
            learned.images,
            learned.failed.len(),
            args.out.display()
        ));
        Ok(if learned.failed.is_empty() { End::Done } else { End::SomeFailed })
    }
}
