//! `run.json`: what was done with what. Times are here and nowhere else, so the tables stay the same from run to run.

use super::Summary;
use super::discover::Item;
use super::one::{Record, Shop};
use crate::write::Draft;
use crate::{Error, Result};
use serde_json::{Value, json};

pub(super) fn write(shop: &Shop, items: &[Item], records: &[Record], summary: &Summary) -> Result<()> {
    let images: Vec<Value> = items.iter().zip(records).map(|(i, r)| image(i, r)).collect();
    let run = json!({
        "uptake": env!("CARGO_PKG_VERSION"),
        "recipes": shop.recipes.all().iter().map(|r| json!({ "name": r.name, "text": r.text })).collect::<Vec<_>>(),
        "device": shop.device.name(),
        "auto": shop.settings.auto,
        "inputs": items.len(),
        "ok": summary.ok,
        "failed": summary.failed,
        "skipped": summary.skipped,
        "resumed": summary.resumed,
        "seconds": summary.seconds,
        "images": images,
    });
    let path = shop.out.path("run.json")?;
    let text = serde_json::to_vec_pretty(&run).map_err(|e| Error::io(e.to_string()).at(&path))?;
    Draft::write(path, &text)
}

fn image(item: &Item, record: &Record) -> Value {
    let file = |(i, (role, hash)): (usize, &(String, String))| {
        let path = item.files.get(i).and_then(|p| p.file_name()).map(|n| n.to_string_lossy());
        json!({ "file": path, "role": role, "sha256": hash })
    };
    json!({
        "image": item.name,
        "status": record.status.name(),
        "reason": record.reason,
        "resumed": record.resumed,
        "seconds": record.seconds,
        "files": record.hashes.iter().enumerate().map(file).collect::<Vec<_>>(),
    })
}
