//! Habitats as nested regions (dose painting by contours): of each object a region for each level, with all that is hotter.

use crate::Result;
use crate::image::{Labels, ObjectRun, ObjectRuns, ObjectSet};
use crate::recipe::Habitats;
use std::collections::BTreeMap;

/// Regions that lie in each other, with their names.
pub struct Nested {
    /// A region a label. They share voxels, so only their runs can be asked for.
    pub labels: Labels,
    /// By label.
    pub names: Vec<String>,
}

/// Makes them of the habitats that a step has divided the objects of `wholes` into; `unit` is that of the image.
///
/// # Errors
/// The labels are on a device.
pub fn nested(habitats: &ObjectSet, wholes: &Labels, p: &Habitats, unit: &str) -> Result<Nested> {
    let (runs, width) = (habitats.labels.runs()?, wholes.shape.x);
    let objects = wholes.voxels().host()?;
    // Of each object the runs of each level.
    let mut levels: BTreeMap<(u32, u32), Vec<ObjectRun>> = BTreeMap::new();
    for label in 1..=habitats.count() {
        let own = runs.of(label);
        let whole = own.first().and_then(|run| objects.get(run.index(width))).copied().unwrap_or(0);
        let numbers = habitats.origin.as_ref().map_or(&[][..], |o| &o.numbers);
        let level = numbers.get(label as usize - 1).copied().flatten().and_then(|level| u32::try_from(level).ok());
        let level = level.unwrap_or(label);
        levels.entry((whole, level)).or_default().extend_from_slice(own);
    }
    let inner = |whole: u32, level: u32| {
        let mut all: Vec<ObjectRun> =
            levels.range((whole, level)..=(whole, u32::MAX)).flat_map(|(_, r)| r).copied().collect();
        all.sort_unstable_by_key(|run| (run.row, run.start));
        joined(all)
    };
    let regions: Vec<Vec<ObjectRun>> = levels.keys().map(|(whole, level)| inner(*whole, *level)).collect();
    Ok(Nested {
        labels: Labels::of_runs(wholes.shape, ObjectRuns::of_objects(regions.iter().map(Vec::as_slice))),
        // The lowest level holds all of the object: also what is colder, if that was small and joined it.
        names: levels
            .keys()
            .map(|&(whole, level)| {
                let is_whole = levels.range((whole, 0)..(whole, level)).next().is_none();
                let holds_colder = is_whole && (level == 1 || p.smallest.is_some());
                name(p, whole, (!holds_colder).then_some(level), unit)
            })
            .collect(),
    })
}

/// Sorted runs, those that touch as one.
fn joined(runs: Vec<ObjectRun>) -> Vec<ObjectRun> {
    let mut all: Vec<ObjectRun> = Vec::new();
    for run in runs {
        match all.last_mut() {
            Some(last) if last.row == run.row && last.end == run.start => last.end = run.end,
            _ => all.push(run),
        }
    }
    all
}

/// The object, and from where on if not all of it.
fn name(p: &Habitats, whole: u32, level: Option<u32>, unit: &str) -> String {
    let Some(level) = level else { return format!("{} {whole}", p.set) };
    let limit = |limits: &Option<Vec<f64>>| limits.as_ref()?.get((level as usize).checked_sub(2)?).copied();
    let from = match (level, limit(&p.values), limit(&p.percent)) {
        (_, Some(value), _) => format!(" from {value} {unit}"),
        (_, _, Some(percent)) => format!(" from {percent} %"),
        _ => format!(" level {level}"),
    };
    format!("{} {whole}{from}", p.set)
}
