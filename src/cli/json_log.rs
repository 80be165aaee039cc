//! `--log json`: what happens in a run as JSON, one object a line on standard error, for programs that start this one.

use super::say;
use crate::Error;
use crate::batch::{Event, Head, ImageEnded, Summary, utc_now};
use serde_json::{Value, json};
use std::path::Path;

/// Prints an event.
pub(super) fn hear(event: Event) {
    match event {
        Event::Begun { head, images, out } => print("run_begun", begun(head, images, out)),
        Event::ImageBegun { image } => print("item_begun", json!({ "image": image })),
        Event::ImageEnded(image) => print("item_ended", ended(&image)),
        Event::Note(text) => note(text),
        Event::Ended(summary) => print("run_ended", run_ended(summary)),
    }
}

/// Something that the user should know.
pub(super) fn note(text: &str) {
    print("note", json!({ "text": text }));
}

/// The command cannot go on.
pub(super) fn error(e: &Error) {
    print("error", of_error(e));
}

fn of_error(e: &Error) -> Value {
    json!({
        "code": e.kind.name(),
        "path": e.path.as_ref().map(|p| p.to_string_lossy()),
        "what": e.what,
        "needed_for": e.needed_for,
        "try": e.remedy,
    })
}

fn begun(head: &Head, images: usize, out: &Path) -> Value {
    let recipes = head.recipes.iter().map(|r| json!({ "name": r.name, "sha256": r.sha256 }));
    json!({
        "uptake": head.uptake,
        "build": head.build,
        "command": head.command,
        "folder": head.folder,
        "start": head.start,
        "recipes": recipes.collect::<Value>(),
        "device": head.device,
        "host": head.host,
        "process": head.process,
        "threads": head.threads,
        "jobs": head.jobs,
        "memory": head.memory,
        "inputs": head.root,
        "out": out.to_string_lossy(),
        "shard": head.shard,
        "images": images,
        "images_of_all_shards": head.list.images,
    })
}

fn ended(image: &ImageEnded) -> Value {
    let objects: serde_json::Map<String, Value> = image.objects.iter().map(|(s, n)| (s.clone(), (*n).into())).collect();
    let roles: serde_json::Map<String, Value> =
        image.roles.iter().map(|(r, c)| (r.clone(), c.as_str().into())).collect();
    json!({
        "image": image.image,
        "status": image.status,
        "code": image.error.map(|e| e.kind.name()),
        "stage": image.error.map(|_| image.stage.name()),
        "reason": image.reason,
        "error": image.error.map(of_error),
        "seconds": image.seconds,
        "resumed": image.resumed,
        "objects": objects,
        "roles": roles,
        "warnings": image.warnings,
        "warning": image.warning,
    })
}

fn run_ended(summary: &Summary) -> Value {
    let slowest = summary.slowest.iter().map(|(image, seconds)| json!({ "image": image, "seconds": seconds }));
    json!({
        "inputs": summary.ok + summary.failed + summary.skipped,
        "ok": summary.ok,
        "failed": summary.failed,
        "skipped": summary.skipped,
        "resumed": summary.resumed,
        "warnings": summary.warnings,
        "removed": summary.removed,
        "stopped": summary.stopped.map(|r| r.words()),
        "seconds": summary.seconds,
        "failures": summary.failures,
        "slowest": slowest.collect::<Value>(),
    })
}

/// Kind and time come first, for whoever reads along.
fn print(event: &str, facts: Value) {
    let facts = facts.to_string();
    let rest = facts.strip_prefix('{').unwrap_or(&facts);
    say(&format!("{{\"event\":\"{event}\",\"time\":\"{}\",{rest}\n", utc_now()));
}
