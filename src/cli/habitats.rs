//! `uptake habitats`

use super::looking::{self, Looking};
use super::{End, own_output};
use crate::Result;
use crate::batch;
use crate::write::Draft;
use std::io::Write;
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
    #[command(flatten)]
    images: Looking,
    /// A recipe with the step habitats and clusters in it
    #[arg(short, long)]
    recipe: String,
    /// File for the centres
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
    /// The object set whose clusters are meant, if the recipe has several
    #[arg(long, value_name = "SET")]
    objects: Option<String>,
}

impl Args {
    pub fn run(self) -> Result<End> {
        let What::Learn(args) = self.what;
        own_output::check(&args.out, "# Centres of habitats, written by uptake")?;
        let (recipe, settings, device) = args.images.open(&args.recipe)?;
        let mut out = Draft::create(&args.out)?;
        let learned = batch::learn(&settings, &recipe, args.objects.as_deref(), &device)?;
        out.write_all(learned.text.as_bytes()).map_err(|e| out.error(&e))?;
        out.commit()?;
        let (images, failed) = (learned.images, learned.failed.len());
        let summary = format!("{images} images with objects, {failed} failed: {}\n", args.out.display());
        Ok(looking::end(&learned.failed, &summary))
    }
}
