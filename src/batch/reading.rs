//! How the files of an item are looked at and read, and what an error says in a table.

use super::estimate::{self, Rows};
use super::files;
use super::item::{Item, Source};
use crate::image::Scan;
use crate::pet::suv;
use crate::pipeline::{self, InMemory};
use crate::read::{self, Extent};
use crate::recipe::{Pages, Recipe};
use crate::table::{Cells, Column};
use crate::units::Spacing;
use crate::{Error, Kind, Result};
use std::path::{Path, PathBuf};

/// What a recipe says about reading; `most` bytes may be taken for one image.
pub fn options(recipe: &Recipe, most: u64) -> read::Options {
    let body = &recipe.body;
    read::Options {
        pages: match body.files.pages {
            Some(Pages::C) => read::Pages::Channels,
            Some(Pages::Z) => read::Pages::Slices,
            Some(Pages::T) => read::Pages::Times,
            None => read::Pages::Unsaid,
        },
        time: body.files.time,
        incomplete: body.files.incomplete,
        spacing: body.spacing_um.and_then(|s| Spacing::um(s.zyx())),
        spacing_replace: body.spacing_um_replace.and_then(|s| Spacing::um(s.zyx())),
        max_bytes: most,
        suv: body.suv.clone(),
        ..Default::default()
    }
}

/// Looks at the headers.
pub fn examine(item: &Item, options: &read::Options) -> Result<Extent> {
    match &item.source {
        Source::Channels(set) => read::examine_set(set, options),
        Source::Series(series) => read::examine_series(series, options),
        Source::File(path) => read::examine(path, options),
    }
}

/// The channels that have to be in memory, if the others are read in turn; nothing where they cannot be.
pub fn in_turn(extent: &Extent, recipe: &Recipe) -> Option<InMemory> {
    // What is wrong with roles is said when they are looked for.
    extent.in_turn.then(|| pipeline::in_memory(&extent.names, recipe).ok().flatten()).flatten()
}

/// The same, if the others are to be read in turn: where not all fit, or where none of the others is wanted again.
pub fn in_memory(extent: &Extent, recipe: &Recipe, most: u64) -> Option<InMemory> {
    in_turn(extent, recipe).filter(|m| m.measured == 0 || estimate::image(extent, recipe) > most)
}

/// Bytes that the image takes at its peak with these rows, and how many channels that are read in turn are measured at once: as many
/// as fit into `most`.
pub fn need(extent: &Extent, recipe: &Recipe, in_memory: Option<&InMemory>, rows: &Rows, most: u64) -> (u64, usize) {
    let Some(channels) = in_memory else {
        return (estimate::image(extent, recipe).saturating_add(rows.bytes()), extent.channels);
    };
    let need = |at_once| (estimate::in_turn(extent, recipe, channels, at_once, rows), at_once);
    (1..=channels.measured).rev().map(need).find(|(bytes, _)| *bytes <= most).unwrap_or_else(|| need(1))
}

/// Reads the image; if channels are read in turn, those that stay in memory.
pub fn open(item: &Item, options: &read::Options, in_memory: Option<&InMemory>) -> Result<Scan> {
    match (&item.source, in_memory) {
        (Source::Channels(set), None) => read::open_set(set, options),
        (Source::Channels(set), Some(m)) => read::open_set_in_turn(set, options, &m.kept),
        (Source::Series(series), _) => read::read_series(series, options),
        (Source::File(path), None) => read::open(path, options),
        (Source::File(path), Some(m)) => read::open_in_turn(path, options, &m.kept),
    }
}

/// Patient, study and series of a scan, as its row in `images` says them: for one that failed.
pub fn identity(item: &Item) -> Vec<(String, String)> {
    let path = item.files().into_iter().next().filter(|_| item.is_scan);
    let identity = path.and_then(|path| read::identity::of(path)).unwrap_or_default();
    let word = |column: Column| match column.cells {
        Cells::Text(words) => Some((column.name, words.into_iter().next().flatten()?)),
        _ => None,
    };
    suv::identity(&identity).columns.into_iter().filter_map(word).collect()
}

/// A file found in a folder that neither its name nor its content calls an image is passed over, and so is what holds no scan.
pub fn is_no_image(item: &Item, e: &Error) -> bool {
    if e.kind == Kind::NotAScan && !item.explicit {
        return true;
    }
    let [path] = item.files()[..] else { return false };
    !item.explicit && e.kind == Kind::Unsupported && !files::is_image(path)
}

/// The words of a table: the same wherever the images and the results lie.
pub fn without_places(words: &str, places: &[PathBuf]) -> String {
    let short = |words: String, folder: &Path| match folder.to_str() {
        Some(folder) if folder.len() > 1 => words.replace(&format!("{folder}/"), ""),
        _ => words,
    };
    places.iter().fold(words.to_string(), |words, folder| short(words, folder))
}
