//! Files that objects are read from, flat fields and dark images: they are no images of their own, and no channels of others.

use super::item::Source;
use super::item_list::ItemList;
use super::search::absolute;
use crate::Result;
use crate::read::{self, FileSet};
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;

/// Leaves out what other images need. Of one file a channel, it is then known anew what is missing.
///
/// # Errors
/// None of its own.
pub fn leave_out(items: &mut ItemList) -> Result<()> {
    let mut needed: HashSet<PathBuf> = HashSet::new();
    for item in items.iter() {
        let masks = item.masks.iter().filter_map(|(_, found)| found.as_ref().ok());
        needed.extend(masks.chain(item.references.iter().map(|(_, path)| path)).map(|path| absolute(path)));
    }
    let is_needed = |path: &PathBuf| needed.contains(path);
    let has_needed = |set: &FileSet| set.files.iter().any(|(_, path)| is_needed(path));
    let any = items.iter().any(|item| matches!(&item.source, Source::Channels(set) if has_needed(set)));
    items.retain(|item| match &item.source {
        Source::Channels(set) => !set.files.iter().all(|(_, path)| is_needed(path)),
        _ => item.explicit || !matches!(item.files()[..], [file] if is_needed(file)),
    });
    if !any {
        return Ok(());
    }
    let mut channels = BTreeSet::new();
    items.change(|item| {
        if let Source::Channels(set) = &mut item.source {
            set.files.retain(|(_, path)| !is_needed(path));
            channels.extend(set.files.iter().map(|(channel, _)| channel.clone()));
        }
        Ok(())
    })?;
    items.change(|item| {
        if let Source::Channels(set) = &mut item.source {
            set.missing = read::missing(set, &channels);
        }
        Ok(())
    })
}
