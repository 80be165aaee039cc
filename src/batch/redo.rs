//! What failed in a run, and doing that again.

use super::closing;
use super::earlier::Identity;
use super::failures::{self, Failures};
use super::head::{Head, RecipeText};
use super::json_lines;
use super::ledger::{self, Entry};
use super::marker::MARKER;
use super::recipes::Recipes;
use super::record::{NOT_FINISHED, NOT_REACHED, Stage, Status};
use super::settings::Settings;
use crate::{Error, Result};
use std::path::Path;

/// What failed in a run.
#[derive(Clone, Debug)]
pub struct Failed {
    /// Images of the run.
    pub inputs: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that the run has not done: it did not end.
    pub undone: usize,
    /// The failures by kind, the most frequent first.
    pub kinds: Vec<Failures>,
    /// The command that does them again, where it is known.
    pub again: Option<String>,
}

/// What failed in the run of a folder. Of a run that did not end, what it has done is known.
///
/// # Errors
/// It is no folder of a run, or its list of images is damaged.
pub fn failed(out: &Path) -> Result<Failed> {
    let (mut done, mut failed, mut kinds) = (0, 0, failures::Counter::default());
    for entry in entries(out)? {
        let entry = entry?;
        let stopped = |reason: &String| [NOT_FINISHED, NOT_REACHED].iter().any(|stop| reason.starts_with(stop));
        done += usize::from(!entry.reason.as_ref().is_some_and(stopped));
        if entry.status == Status::Failed {
            failed += 1;
            kinds.add(entry.code.as_deref().unwrap_or(""), entry.stage.unwrap_or(Stage::Search), &entry.image);
        }
    }
    // All images of the run are set down before the first of them begins.
    let inputs = json_lines::lines::<Identity>(&out.join(MARKER).join("images.jsonl")).count().max(done);
    let undone = inputs - done;
    let how = if undone > 0 { "--resume" } else { "--only-failed" };
    let again = closing::begun(out)?.and_then(|head: Head| head.command_for(head.shard, out, how));
    Ok(Failed { inputs, failed, undone, kinds: kinds.all(), again })
}

/// Calls `each` with the name of every failed image of a run.
///
/// # Errors
/// As of [`failed`], and those of `each`.
pub fn failed_images(out: &Path, mut each: impl FnMut(&str) -> Result<()>) -> Result<()> {
    for entry in entries(out)? {
        let entry = entry?;
        if entry.status == Status::Failed {
            each(&entry.image)?;
        }
    }
    Ok(())
}

fn entries(out: &Path) -> Result<impl Iterator<Item = Result<Entry>> + use<>> {
    let remedy = "name the folder that `uptake run` wrote to";
    ledger::entries(out).map_err(|_| Error::usage("there is no list of a run's images").at(out).remedy(remedy))
}

/// The last run is one of which the failed images can be done again.
///
/// # Errors
/// There was none, or one of another recipe or build.
pub(super) fn check(settings: &Settings, recipes: &Recipes) -> Result<()> {
    let refuse =
        |what: &str| Err(Error::usage(what).at(&settings.out).remedy("--resume in the place of --only-failed"));
    let Some(before) = closing::begun(&settings.out)? else { return refuse("there is no run of which images failed") };
    if before.build != env!("UPTAKE_BUILD") {
        return refuse("the results there are of another build of uptake");
    }
    if before.recipes != RecipeText::all(recipes) {
        return refuse("the results there are of another recipe, or of other settings of it");
    }
    Ok(())
}
