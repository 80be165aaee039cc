//! Files in the output folder that a run must not lose: what it reads itself, and what somebody has changed since a run wrote it, as a
//! label image that was edited by hand.
//!
//! A file was changed if it, or what the system knows of it, is newer than the end of the run that wrote it, and its SHA-256 is no longer that which the part of its image
//! says. In a folder that was copied hashes alone decide. What cannot be read any more was damaged, and is written anew.

use super::earlier::Existing;
use super::item::Item;
use super::item_list::ItemList;
use super::json_lines::lines;
use super::marker::MARKER;
use super::parts::{Store, Written};
use super::recipes::Recipes;
use super::settings::Settings;
use super::{closing, files, ledger};
use crate::{Error, Result, read};
use std::collections::{BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A file may be written so much later than it says.
const A_MOMENT: Duration = Duration::from_secs(10);

/// Before anything of an earlier run goes. What was changed is moved aside where the other results stay, with a note.
///
/// # Errors
/// The run reads what lies there, or somebody has changed what it would replace, or no image has the label images that it needs.
pub(super) fn check(settings: &Settings, recipes: &Recipes, items: &ItemList) -> Result<()> {
    let Some(out) = earlier(&settings.out) else { return Ok(()) };
    reads_nothing_there(settings, items)?;
    if !settings.existing.keeps() {
        some_have_labels(recipes, items)?;
        return none_is_changed(&settings.out);
    }
    for file in changed(&out) {
        let path = out.join(&file.below);
        // An image of the same size stays as it is where only failed ones are done again.
        let stays = settings.existing == Existing::OnlyFailed && file.is_there(&out);
        if stays {
            continue;
        }
        let aside = aside(&path);
        fs::rename(&path, &aside).map_err(|e| Error::from(e).at(&path))?;
        let name = aside.file_name().unwrap_or_default().to_string_lossy();
        settings.observer.note(&format!(
            "note: {} was changed since it was written; it is called {name} now, and the image is done again",
            file.below
        ));
    }
    Ok(())
}

/// No image is read from a file in the folder.
///
/// # Errors
/// One is.
pub(super) fn reads_nothing_there(settings: &Settings, items: &ItemList) -> Result<()> {
    let Some(path) = earlier(&settings.out).and_then(|out| read_there(&out, items)) else { return Ok(()) };
    let what = "the run reads this file, which lies in the output folder, where it may be replaced";
    Err(Error::usage(what).at(path).remedy("another --out"))
}

/// Nothing was changed in a folder whose results are to be replaced.
///
/// # Errors
/// Something was.
pub(super) fn none_is_changed(out: &Path) -> Result<()> {
    let Some(folder) = earlier(out) else { return Ok(()) };
    let changed = changed(&folder);
    let Some(first) = changed.first() else { return Ok(()) };
    let others = match changed.len() - 1 {
        0 => "and would be replaced".into(),
        n => format!("as were {n} others, which would all be replaced"),
    };
    Err(Error::usage(format!("was changed since uptake wrote it, {others}"))
        .at(out.join(&first.below))
        .remedy(match is_label_image(&first.below) {
            true => "another --out, which measures a label image that was edited with --set 'labels.SET=OUT/labels/{written}'; or move what was changed out of the folder",
            false => "another --out, or move what was changed out of the folder",
        }))
}

/// Whether objects can be read from it: no contours, overlay or derived image.
fn is_label_image(below: &str) -> bool {
    below.starts_with("labels/") && [".tif", ".nii.gz", ".dcm"].iter().any(|end| below.ends_with(end))
}

/// The folder, if a run has written there.
fn earlier(out: &Path) -> Option<PathBuf> {
    let out = fs::canonicalize(out).ok()?;
    out.join(MARKER).is_dir().then_some(out)
}

/// The first file below the folder that an image is read from.
fn read_there(out: &Path, items: &ItemList) -> Option<PathBuf> {
    let mut folders = HashMap::new();
    let mut real = |path: &PathBuf| {
        let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = folders.entry(parent.to_path_buf()).or_insert_with(|| fs::canonicalize(parent).ok());
        Some(folder.as_ref()?.join(path.file_name()?)).filter(|path| path.starts_with(out))
    };
    let mut of_item = |item: &Item| {
        let masks = item.masks.iter().filter_map(|(_, found)| found.as_ref().ok());
        let all = item.files().into_iter().chain(masks).chain(item.references.iter().map(|(_, path)| path));
        all.filter_map(&mut real).next()
    };
    items.measured().find_map(|item| of_item(&item))
}

/// An image at least has all label images that it cannot do without: else a word is wrong, and nothing would take the place of what is there.
fn some_have_labels(recipes: &Recipes, items: &ItemList) -> Result<()> {
    let mut first = None;
    for item in items.measured() {
        match recipes.of(&item).and_then(|recipe| files::labels(&item, &recipe)) {
            Ok(_) => return Ok(()),
            Err(e) => _ = first.get_or_insert(e),
        }
    }
    first.map_or(Ok(()), Err)
}

/// What was changed since it was written.
fn changed(out: &Path) -> Vec<Written> {
    let of = |below: &str| fs::symlink_metadata(out.join(below)).ok();
    let ends = ["closed.json", "images-done.jsonl"].iter().filter_map(|name| of(&format!("{MARKER}/{name}")));
    let end =
        ends.filter_map(|file| last_change(&file)).max().filter(|_| !is_copy(out)).unwrap_or(SystemTime::UNIX_EPOCH);
    let listed = lines::<String>(&out.join(MARKER).join("files.jsonl"));
    // Clocks of files tick some hundred times a second: what is as old as the end is looked at as well.
    let is_newer = |below: &String| of(below).and_then(|file| last_change(&file)).is_some_and(|time| time >= end);
    let newer: BTreeSet<String> = listed.filter(is_newer).collect();
    if newer.is_empty() {
        return vec![];
    }
    let store = Store::new(out);
    let parts = ledger::entries(out).into_iter().flatten().flatten().filter_map(|entry| store.look(&entry.part?));
    let is_changed =
        |file: &Written| newer.contains(&file.below) && !file.is_whole(out) && says(&out.join(&file.below));
    parts.flat_map(|part| part.files).filter(is_changed).collect()
}

/// Whether the folder was copied since its run ended: its files were written in another order then.
fn is_copy(out: &Path) -> bool {
    let ended = closing::closed(out).ok().flatten().and_then(|closed| closed.at).map(Duration::from_secs);
    let file = fs::symlink_metadata(out.join(MARKER).join("closed.json")).ok().and_then(|file| last_change(&file));
    ended.zip(file).is_some_and(|(ended, file)| file > SystemTime::UNIX_EPOCH + ended + A_MOMENT)
}

/// Whether something can be read in a file: what a power cut has emptied or cut off was changed by nobody.
fn says(path: &Path) -> bool {
    let name = path.to_string_lossy();
    match [".tif", ".png", ".nii.gz"].iter().any(|end| name.ends_with(end)) {
        true => read::open(path, &read::Options::default()).is_ok(),
        false => fs::metadata(path).is_ok_and(|file| file.len() > 0),
    }
}

/// When the content of a file was changed, or where the system says it, anything of it: a copy may have the time of what was copied.
fn last_change(file: &Metadata) -> Option<SystemTime> {
    #[cfg(unix)]
    let of_inode = {
        use std::os::unix::fs::MetadataExt;
        let seconds = u64::try_from(file.ctime()).ok().map(Duration::from_secs);
        seconds
            .zip(u32::try_from(file.ctime_nsec()).ok())
            .map(|(s, ns)| SystemTime::UNIX_EPOCH + s + Duration::new(0, ns))
    };
    #[cfg(not(unix))]
    let of_inode = None;
    file.modified().ok().max(of_inode)
}

/// A name beside the file that nothing has.
fn aside(path: &Path) -> PathBuf {
    let named = |n: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(if n == 1 { ".changed".into() } else { format!(".changed{n}") });
        PathBuf::from(name)
    };
    (1..).map(named).find(|path| fs::symlink_metadata(path).is_err()).unwrap_or_else(|| named(1))
}
