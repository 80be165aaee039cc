//! `run.json`: what was done with what. Times are here and nowhere else, so the tables stay the same from run to run.

use super::Summary;
use super::discover::Item;
use super::one::{Context, Record};
use crate::write::Draft;
use crate::{Error, Kind, Result};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// Its key that says who wrote it, as the first one: the search for images looks for it.
#[derive(Serialize)]
struct Run<'a> {
    uptake: &'static str,
    build: &'static str,
    recipes: Value,
    device: String,
    auto: bool,
    inputs: usize,
    ok: usize,
    failed: usize,
    skipped: usize,
    resumed: usize,
    warnings: usize,
    stopped: Option<&'static str>,
    seconds: f64,
    #[serde(serialize_with = "one_by_one")]
    images: (&'a [Item], &'a [Record]),
}

pub(super) fn write(context: &Context, items: &[Item], records: &[Record], summary: &Summary) -> Result<()> {
    let recipes = context.recipes.all();
    let run = Run {
        uptake: env!("CARGO_PKG_VERSION"),
        build: env!("UPTAKE_BUILD"),
        recipes: recipes.iter().map(|r| json!({ "name": r.name, "text": r.text })).collect(),
        device: context.device.name(),
        auto: context.settings.auto,
        inputs: items.len(),
        ok: summary.ok,
        failed: summary.failed,
        skipped: summary.skipped,
        resumed: summary.resumed,
        warnings: summary.warnings,
        stopped: summary.stopped.map(|r| r.words()),
        seconds: summary.seconds,
        images: (items, records),
    };
    let path = context.out.path("run.json")?;
    let mut draft = Draft::create(&path)?;
    serde_json::to_writer_pretty(&mut draft, &run).map_err(|e| match e.io_error_kind() {
        Some(kind) => draft.error(&kind.into()),
        None => Error::new(Kind::Internal, e.to_string()).at(&path),
    })?;
    draft.commit()
}

/// Thousands of images are not all turned into JSON at once.
fn one_by_one<S: Serializer>((items, records): &(&[Item], &[Record]), s: S) -> std::result::Result<S::Ok, S::Error> {
    s.collect_seq(items.iter().zip(*records).map(|(item, record)| image(item, record)))
}

fn image(item: &Item, record: &Record) -> Value {
    json!({
        "image": item.name,
        "status": record.status.name(),
        "reason": record.reason,
        "resumed": record.resumed,
        "seconds": record.seconds,
        "set": *item.settings,
        "files": record.hashes,
    })
}
