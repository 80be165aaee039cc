//! What a run would do, from headers alone.

use super::budget::{Budget, for_images};
use super::discover::{Images, discover};
use super::estimate::Rows;
use super::item::{Item, Source, Task};
use super::pools::{at_most, pool};
use super::recipes::Recipes;
use super::settings::Settings;
use super::summary::Summary;
use super::{centres, controls, cutoffs, files, machine, own_files, reading, search};
use crate::recipe::Recipe;
use crate::table::{Cells, Column, Table};
use crate::write::names;
use crate::{Result, pipeline};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// What would be done.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// One row an image, in the order of the tables.
    pub table: Table,
    /// How the run would end, as far as headers tell.
    pub summary: Summary,
}

/// An image, as far as its header tells.
#[derive(Default)]
struct Line {
    status: &'static str,
    reason: String,
    recipe: String,
    roles: String,
    size: String,
    spacing: String,
    unit: String,
    regions: String,
}

/// Finds the images of a run, looks at their headers, and says what would be done with each. Nothing is written.
///
/// # Errors
/// As [`run`](super::run) before it begins with the first image.
pub fn plan(settings: &Settings, recipes: &Recipes) -> Result<Plan> {
    let pool = pool(at_most("threads", settings.threads.unwrap_or_else(machine::threads))?)?;
    let recipes = &*centres::resolve(recipes)?;
    let images = pool.install(|| discover(settings, recipes))?;
    controls::check(recipes, &images)?;
    cutoffs::check(recipes, &images)?;
    match settings.existing.keeps() {
        true => own_files::reads_nothing_there(settings, &images.items)?,
        false => own_files::check(settings, recipes, &images.items)?,
    }
    let places = [images.root.clone(), search::absolute(&settings.out)];
    let budget = Budget::new(for_images(settings.memory)?);
    let line = |item: &Item| line(item, recipes, &budget, &places);
    let lines: Vec<Line> =
        pool.install(|| (0..images.items.len()).into_par_iter().map(|i| line(&images.items.get(i))).collect());
    let count = |status: &str| lines.iter().filter(|l| l.status == status).count();
    let summary = Summary { ok: count("ok"), failed: count("failed"), skipped: count("skipped"), ..Summary::default() };
    Ok(Plan { table: table(&images, &lines), summary })
}

fn line(item: &Item, recipes: &Recipes, budget: &Budget, places: &[PathBuf]) -> Line {
    let mut line = Line::default();
    let done = match &item.task {
        Task::Skip(reason) => return Line { status: "skipped", reason: reason.to_string(), ..line },
        Task::Fail(e) => Err((**e).clone()),
        Task::Measure => look(item, recipes, budget, &mut line),
    };
    line.status = match &done {
        Ok(()) => "ok",
        Err(e) if reading::is_no_image(item, e) => "skipped",
        Err(_) => "failed",
    };
    line.reason = done.err().map(|e| reading::without_places(&e.reason(), places)).unwrap_or_default();
    line
}

fn look(item: &Item, recipes: &Recipes, budget: &Budget, line: &mut Line) -> Result<()> {
    let recipe: &Recipe = &*recipes.of(item)?;
    line.recipe.clone_from(&recipe.name);
    let regions = files::labels(item, recipe)?;
    let region = |(set, path): &(String, PathBuf)| format!("{set} = {}", path.display());
    line.regions = regions.iter().map(region).collect::<Vec<_>>().join("; ");
    let extent = reading::examine(item, &reading::options(recipe, budget.bytes()))?;
    line.size = extent.shape.to_string();
    if let Some(spacing) = extent.spacing {
        let [z, y, x] = spacing.zyx;
        line.spacing = if extent.shape.is_flat() { format!("{y} x {x}") } else { format!("{z} x {y} x {x}") };
        line.unit = spacing.unit.name().into();
    }
    let roles = pipeline::by_names(&extent.names, recipe)?;
    line.roles = roles.iter().map(|(role, name)| format!("{role} = {name}")).collect::<Vec<_>>().join("; ");
    let in_memory = reading::in_memory(&extent, recipe, budget.bytes());
    let (need, _) = reading::need(&extent, recipe, in_memory.as_ref(), &Rows::default(), budget.bytes());
    budget.check(need)
}

fn table(images: &Images, lines: &[Line]) -> Table {
    let text = |name: &str, definition: &str, cells: Vec<String>| {
        let cells = cells.into_iter().map(|c| Some(c).filter(|c| !c.is_empty())).collect();
        Column::new(name, "", definition, Cells::Text(cells))
    };
    let of_items = |f: &dyn Fn(&Item) -> String| images.items.iter().map(|item| f(&item)).collect();
    let of_lines = |f: fn(&Line) -> &str| lines.iter().map(|l| f(l).to_string()).collect();
    let mut table = Table::default();
    table.push(text(
        "image",
        "Path of the image below the folder that holds all inputs.",
        of_items(&|i| i.name.clone()),
    ));
    for (k, name) in images.metadata.names().iter().enumerate() {
        let cell = |i: &Item| i.metadata.get(k).cloned().flatten().unwrap_or_default();
        table.push(text(name, "What the image is of.", of_items(&cell)));
    }
    table.push(text("status", "How it would end, as far as headers tell.", of_lines(|l| l.status)));
    table.push(text("reason", "Why it would fail or be skipped.", of_lines(|l| &l.reason)));
    table.push(text("recipe", "Name of the recipe.", of_lines(|l| &l.recipe)));
    table.push(text("set", "Changes of the recipe for this image.", of_items(&|i| i.settings.join("; "))));
    table.push(text("roles", "Roles and their channels.", of_lines(|l| &l.roles)));
    table.push(text("size", "Size in voxels.", of_lines(|l| &l.size)));
    table.push(text("spacing", "Size of a voxel.", of_lines(|l| &l.spacing)));
    table.push(text("unit", "Unit of that size.", of_lines(|l| &l.unit)));
    table.push(text("regions", "Files that objects are read from.", of_lines(|l| &l.regions)));
    table.push(text("files", "Files of the image.", of_items(&|i| file_names(i, &images.root))));
    table
}

/// The files below the folder of the inputs; of a series of several its folder and their number.
fn file_names(item: &Item, root: &Path) -> String {
    match &item.source {
        Source::Series(series) if series.files.len() > 1 => {
            format!("{} ({} files)", names::image(&series.folder, root), series.files.len())
        }
        _ => item.files().iter().map(|f| names::image(f, root)).collect::<Vec<_>>().join("; "),
    }
}
