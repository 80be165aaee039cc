//! What is in a folder, from headers alone.

use super::discover::discover;
use super::item::{Item, Task};
use super::reading;
use super::recipes::Recipes;
use super::settings::Settings;
use crate::read::{Extent, Options};
use crate::{Error, Result};
use rayon::prelude::*;
use std::borrow::Cow;
use std::path::Path;

/// An image of a folder: its name, and what its header says.
pub type Seen = (String, std::result::Result<Extent, NotRead>);

/// Why there is nothing to say of an image.
#[derive(Clone, Debug)]
pub enum NotRead {
    /// It is none, with the reason.
    Skipped(String),
    /// It fails.
    Failed(Error),
}

/// Looks at the images of a folder, as a run would find them, in the order of their names.
///
/// # Errors
/// There is none.
pub fn survey(folder: &Path) -> Result<Vec<Seen>> {
    let settings = Settings { inputs: vec![folder.to_path_buf()], ..Settings::default() };
    let items = discover(&settings, &Recipes::presets(&[])?)?.items;
    let look = |item: Cow<Item>| (item.name.clone(), look(&item));
    Ok((0..items.len()).into_par_iter().map(|i| look(items.get(i))).collect())
}

fn look(item: &Item) -> std::result::Result<Extent, NotRead> {
    match &item.task {
        Task::Skip(reason) => Err(NotRead::Skipped(reason.to_string())),
        Task::Fail(e) => Err(NotRead::Failed((**e).clone())),
        Task::Measure => {
            reading::examine(item, &Options::default()).map_err(|e| match reading::is_no_image(item, &e) {
                true => NotRead::Skipped(e.reason()),
                false => NotRead::Failed(e),
            })
        }
    }
}
