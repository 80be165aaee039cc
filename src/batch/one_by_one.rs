//! Images that are read and looked at one after the other, where what is wanted is no table of them.

use super::budget::{Budget, for_images};
use super::discover::discover;
use super::item::{Item, Task};
use super::pools::{at_most, pool};
use super::recipes::Recipes;
use super::settings::Settings;
use super::{estimate, files, machine, reading, references};
use crate::image::Scan;
use crate::pipeline::{self, External};
use crate::recipe::Recipe;
use crate::{Error, Result};

/// What came of all images, in the order of their names.
pub(super) struct Looked<T> {
    pub done: Vec<(String, T)>,
    /// What could not be read or done, with the reason.
    pub failed: Vec<(String, Error)>,
}

/// Finds the images of the inputs, reads each onto the grid of the recipe and gives it to `look`, which takes `copies` times the memory of a
/// run.
///
/// # Errors
/// Nothing is found. What goes wrong with one image stands in what is returned.
pub(super) fn one_by_one<T: Send>(
    settings: &Settings,
    recipe: &Recipe,
    copies: u64,
    look: &(dyn Fn(&Recipe, &Scan, &External) -> Result<T> + Sync),
) -> Result<Looked<T>> {
    let recipes = Recipes::One(Box::new(recipe.clone()));
    let pool = pool(at_most("threads", settings.threads.unwrap_or_else(machine::threads))?)?;
    let images = pool.install(|| discover(settings, &recipes))?;
    let budget = Budget::new(for_images(settings.memory)?);
    let mut looked = Looked { done: vec![], failed: vec![] };
    for item in images.items.iter() {
        let item = &*item;
        settings.stop.check()?;
        let work = || {
            let recipe = &*recipes.of(item)?;
            let (scan, external) = open(item, recipe, copies, &budget)?;
            look(recipe, &scan, &external)
        };
        let done = match &item.task {
            Task::Skip(_) => continue,
            Task::Fail(e) => Err((**e).clone()),
            Task::Measure => pool.install(work),
        };
        match done {
            Ok(made) => looked.done.push((item.name.clone(), made)),
            Err(e) if reading::is_no_image(item, &e) => {}
            Err(e) => looked.failed.push((item.name.clone(), e)),
        }
    }
    Ok(looked)
}

/// The memory that an image takes.
///
/// # Errors
/// Its header cannot be read.
pub(super) fn need(item: &Item, recipe: &Recipe, budget: &Budget) -> Result<u64> {
    let extent = reading::examine(item, &reading::options(recipe, budget.bytes()))?;
    Ok(estimate::image(&extent, recipe))
}

/// The image and the regions that were drawn on it.
pub(super) fn open(item: &Item, recipe: &Recipe, copies: u64, budget: &Budget) -> Result<(Scan, External)> {
    references::check(item)?;
    let label_files = files::labels(item, recipe)?;
    let options = reading::options(recipe, budget.bytes());
    let extent = reading::examine(item, &options)?;
    budget.check(estimate::image(&extent, recipe).saturating_mul(copies))?;
    let mut scan = reading::open(item, &options, None)?;
    references::read(item, &mut scan, &options)?;
    let external = files::regions(item, recipe, &label_files, &scan, &options)?;
    pipeline::on_grid(scan, external, recipe)
}
