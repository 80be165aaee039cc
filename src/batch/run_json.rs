//! `run.json`: what was done with what. Times are here and nowhere else, so the tables stay the same from run to run.

use super::failures::Failures;
use super::head::Head;
use super::ledger::Ended;
use super::out::Out;
use super::summary::Summary;
use crate::write::Draft;
use crate::{Error, Kind, Result};
use serde::Serialize;
use std::io::Write;

/// All but the images. The version of the program comes first: the search for images looks for it.
#[derive(Serialize)]
struct Run<'a> {
    #[serde(flatten)]
    head: &'a Head,
    inputs: usize,
    ok: usize,
    failed: usize,
    skipped: usize,
    resumed: usize,
    warnings: usize,
    failures: &'a [Failures],
    stopped: Option<&'static str>,
    seconds: f64,
    /// How shards were put together, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged: Option<&'a Merged>,
}

/// How shards were put together.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Merged {
    pub command: Vec<String>,
    pub shards: Vec<ShardRun>,
}

/// A shard that went into a merged run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ShardRun {
    pub shard: super::Shard,
    pub folder: String,
    pub host: Option<String>,
    pub device: String,
    pub start: String,
    pub seconds: f64,
}

/// Writes the record of a run and puts the list of its images in order; returns the hash of that list.
pub(super) fn write(
    out: &Out,
    head: &Head,
    ended: Ended,
    summary: &Summary,
    merged: Option<&Merged>,
) -> Result<String> {
    let run = Run {
        head,
        inputs: summary.ok + summary.failed + summary.skipped,
        ok: summary.ok,
        failed: summary.failed,
        skipped: summary.skipped,
        resumed: summary.resumed,
        warnings: summary.warnings,
        failures: &summary.failures,
        stopped: summary.stopped.map(|r| r.words()),
        seconds: summary.seconds,
        merged,
    };
    let path = out.path("run.json")?;
    let internal = |e: serde_json::Error| Error::new(Kind::Internal, e.to_string()).at(&path);
    let head = serde_json::to_string_pretty(&run).map_err(internal)?;
    let mut draft = Draft::create(&path)?;
    // The images are added one by one: a hundred thousand of them are never in memory together.
    let head = head.trim_end_matches("\n}");
    write!(draft, "{head},\n  \"images\": [").map_err(|e| draft.error(&e))?;
    let mut comma = "";
    let hash = ended.sort(|line| {
        let written = write!(draft, "{comma}\n    ").and_then(|()| draft.write_all(line));
        written.map_err(|e| draft.error(&e))?;
        comma = ",";
        Ok(())
    })?;
    draft.write_all(b"\n  ]\n}\n").map_err(|e| draft.error(&e))?;
    draft.commit()?;
    Ok(hash)
}
